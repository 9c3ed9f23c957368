"""What every resource of the setup has in common."""

from __future__ import annotations

from typing import Protocol

from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr


class Resource(Protocol):
    """One thing that a stage makes in one account. `plan` and `plan_undo` only read; the others can be repeated.

    What is made carries the tag `xsfn:lab`; making and tagging are one call, so that an interruption leaves nothing
    without an owner, and a thing of the same name without the tag is never touched.
    """

    def plan(self) -> Change: ...

    def apply(self) -> Change:
        """Bring it about. Raises `StepError` when AWS denies, or when a thing of this name isn't the lab's."""
        ...

    def plan_undo(self) -> Change | None: ...

    def undo(self) -> Change | None:
        """Take it away if it is the lab's; None when there is nothing of this name."""
        ...


def refuse_foreign(change: Change) -> None:
    """Raise `StepError` when the change is about a thing that isn't the lab's."""
    if change.action is Action.NOT_OURS:
        raise StepError(
            tr("There is already a {thing}, and {reasons}.", thing=change.thing, reasons="; ".join(change.details)),
            where=str(change.account),
            fix=tr("It was left as it is. Remove or rename it yourself, or choose another name for the lab's."),
        )
    if change.action is Action.MISSING:
        raise StepError(
            tr("There is no {thing}, and the list adopt names it.", thing=change.thing),
            where=str(change.account),
            fix=tr("Correct its name, or take it off the list adopt: then the lab creates one."),
        )
