"""The ground a lab stands on: its names, its accounts, and how it tells its own things from others'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from xsfn_helpers.accounts import Accounts
from xsfn_helpers.changes import Action, Change
from xsfn_helpers.errors import StepError
from xsfn_helpers.scenario import Account, Scenario, Side

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_stepfunctions import SFNClient

LAB_TAG: Final = "xsfn:lab"


@dataclass(frozen=True, slots=True)
class Ground:
    """Names, accounts, and the id that marks what this lab made."""

    scenario: Scenario
    accounts: Accounts
    lab_id: str

    def iam(self, side: Side) -> IAMClient:
        return self.accounts.client(side, "iam")

    def states(self, side: Side) -> SFNClient:
        return self.accounts.client(side, "stepfunctions")

    def owns(self, tags: Mapping[str, str]) -> bool:
        return tags.get(LAB_TAG) == self.lab_id

    def not_ours(self, account: Account, thing: str, tags: Mapping[str, str]) -> Change:
        """The change for a thing that carries one of the lab's names but isn't the lab's: none, and why."""
        if LAB_TAG in tags:
            why = f"it belongs to another lab: its tag {LAB_TAG} is {tags[LAB_TAG]!r}, ours is {self.lab_id!r}"
        else:
            why = f"it wasn't made by this lab: it has no tag {LAB_TAG}"
        return Change(Action.NOT_OURS, account, thing, (why,))


class Resource(Protocol):
    """One thing that a stage makes in one account. `plan` and `plan_undo` only read; the others can be repeated.

    What is made carries the tag `xsfn:lab`; making and tagging are one call, so that an interruption leaves nothing
    without an owner, and a thing of the same name without the tag is never touched.
    """

    def plan(self) -> Change: ...

    def apply(self) -> Change:
        """Bring it about. Raises `StepError` when AWS refuses, or when a thing of this name isn't the lab's."""
        ...

    def plan_undo(self) -> Change | None: ...

    def undo(self) -> Change | None:
        """Take it away if it is the lab's; None when there is nothing of this name."""
        ...


def refuse_foreign(change: Change) -> None:
    """Raise `StepError` when the change is about a thing that isn't the lab's."""
    if change.action is Action.NOT_OURS:
        raise StepError(
            f"There is already a {change.thing}, and {'; '.join(change.details)}.",
            where=str(change.account),
            fix="It was left as it is. Remove or rename it yourself, or choose another name for the lab's.",
        )
