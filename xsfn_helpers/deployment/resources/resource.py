"""What every resource of the setup has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.scenario import Account, Side
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import LAB_TAG, Environment

# What is read of a thing that stands.
Stored = TypeVar("Stored")


@dataclass(frozen=True, slots=True)
class Removable(ABC, Generic[Stored]):
    """One thing in one account that the lab may have made. `plan_undo` only reads; `undo` can be repeated.

    What is made carries the tag `xsfn:lab`; making and tagging are one call, so that an interruption leaves nothing
    without an owner, and a thing of the same name without the tag is never touched.
    """

    environment: Environment
    side: Side

    @property
    def account(self) -> Account:
        return self.environment.scenario.account(self.side)

    @property
    @abstractmethod
    def thing(self) -> str:
        """What it is and what it is called, as a plan says it."""

    def plan_undo(self) -> Change | None:
        """What `undo` would take away, or put back; None when there is nothing of this name. Reads only."""
        stored = self._stored()
        return None if stored is None or not self._holds(stored) else self._compare_undo(stored)

    def undo(self) -> Change | None:
        """Take it away if it is the lab's; None when there is nothing of this name."""
        stored = self._stored()
        if stored is None or not self._holds(stored):
            return None
        change = self._compare_undo(stored)
        if change.action is Action.PUT_BACK:
            self._put_back()
        if change.action is Action.REMOVE:
            with translated(self.account):
                self._remove(stored)
        return change

    @abstractmethod
    def _stored(self) -> Stored | None:
        """What stands under its name."""

    @abstractmethod
    def _tags(self, stored: Stored) -> Mapping[str, str]: ...

    @abstractmethod
    def _remove(self, stored: Stored) -> None: ...

    @property
    @abstractmethod
    def _known_as(self) -> str:
        """The name under which the ledger knows that the lab made it."""

    def _holds(self, stored: Stored) -> bool:
        """Whether it is there itself, where what was read is what holds it."""
        return True

    def _goes_with(self, stored: Stored) -> tuple[str, ...]:
        """What is removed with it, line by line."""
        return ()

    def _compare_undo(self, stored: Stored) -> Change:
        if not self._owned(stored):
            return self._putting_back(stored) if self._adopted else self._not_ours(stored)
        if self.environment.accounts.made(self.environment.lab_id, self.account.id, self._known_as):
            return Change(Action.REMOVE, self.account, self.thing, self._goes_with(stored))
        # Anybody may have chosen the same lab id, or put the tag on a thing of theirs.
        why = tr(
            "it carries the tag {lab_tag} {lab_id!r}, but the ledger on this computer doesn't know that the lab made "
            "it, so it isn't removed",
            lab_tag=LAB_TAG,
            lab_id=self.environment.lab_id,
        )
        return Change(Action.NOT_OURS, self.account, self.thing, (why,))

    def _owned(self, stored: Stored) -> bool:
        return self.environment.owns(self._tags(stored))

    def _not_ours(self, stored: Stored) -> Change:
        return self.environment.not_ours(self.account, self.thing, self._tags(stored))

    # Some things can be adopted: they were there before the lab, and are put back as they were.

    @property
    def _adopted(self) -> str | None:
        """The entry of the list `adopt` that names it; None for what isn't adopted, or can't be."""
        return None

    @property
    def _kept_as(self) -> str:
        """The name under which an adopted thing is kept as it was."""
        raise NotImplementedError

    def _now(self, stored: Stored) -> Any:
        """What of it is kept, and compared before it is put back."""
        raise NotImplementedError

    def _restore(self, before: Any) -> None:
        """Save what was kept."""
        raise NotImplementedError

    def _putting_back(self, stored: Stored) -> Change:
        keeper = self.environment.keeper
        kept = keeper.kept(self._kept_as)
        if kept is None:
            action, why = Action.NOT_OURS, tr("it is adopted: it was there before the lab")
        elif self._now(stored) != kept.after:
            action = Action.NOT_OURS
            why = tr("it is adopted, and somebody has changed it since; how it was is in {path}", path=keeper.path)
        else:
            action, why = Action.PUT_BACK, tr("it is adopted: as it was before the lab changed it")
        return Change(action, self.account, self.thing, (why,))

    def _put_back(self) -> None:
        kept = self.environment.keeper.kept(self._kept_as)
        assert kept is not None  # the change was made of it
        with translated(self.account):
            self._restore(kept.before)
        self.environment.keeper.forget(self._kept_as)


@dataclass(frozen=True, slots=True)
class Resource(Removable[Stored]):
    """One thing that a stage makes. `plan` only reads; `apply` can be repeated."""

    def plan(self) -> Change:
        """What `apply` would do. Reads only."""
        return self._compare(self._stored())

    def apply(self) -> Change:
        """Bring it about. Raises `StepError` when AWS denies, or when a thing of this name isn't the lab's."""
        stored = self._stored()
        change = self._compare(stored)
        refuse_foreign(change)
        if not change.action.alters:
            return change
        if stored is None:
            return self._make(change)
        if not self._owned(stored):
            self.environment.keeper.keep(self._kept_as, self._now(stored), self._wanted())
        self._alter(stored)
        return change

    def _difference(self, stored: Stored, *, owned: bool) -> tuple[str, ...]:
        """In what it differs from what is wanted, line by line; `owned` says whether it is the lab's."""
        return ()

    @abstractmethod
    def _make(self, change: Change) -> Change:
        """Make it where there is none, and give what was done."""

    def _alter(self, stored: Stored) -> None:
        """Make what stands as it is wanted."""
        raise NotImplementedError

    def _wanted(self) -> Any:
        """As `_now`, of what is wanted."""
        raise NotImplementedError

    def _compare(self, stored: Stored | None) -> Change:
        adopted = self._adopted
        if stored is None:
            return Change(Action.MISSING if adopted else Action.CREATE, self.account, self.thing)
        owned = self._owned(stored)
        if not owned and adopted is None:
            return self._not_ours(stored)
        if owned and not self._holds(stored):
            return Change(Action.CREATE, self.account, self.thing)
        difference = self._difference(stored, owned=owned)
        if owned or adopted is None:
            return Change(Action.CHANGE if difference else Action.LEAVE, self.account, self.thing, difference)
        if not difference:
            return Change(Action.ADOPT, self.account, self.thing)
        given = self.environment.adopted
        action = Action.CHANGE if adopted in given.may_change else Action.ADOPT
        return Change(action, self.account, self.thing, (*given.why(adopted), *difference))


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
