"""The ground a lab stands on: its names, its accounts, and how it tells its own things from others'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from xsfn_helpers.aws.account_roles import AccountPage, read_page
from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.reading import read_machine, read_role, read_tags
from xsfn_helpers.aws.settings import Choice
from xsfn_helpers.aws.settings import lab_id as checked_lab_id
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.scenario import Account, Scenario, Side
from xsfn_helpers.chain.stored import StoredMachine, StoredRole
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.adopted import Adopted, Keeper

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_stepfunctions import SFNClient


T = TypeVar("T")

LAB_TAG: Final = "xsfn:lab"
_TAGS: Final = "tags"


@dataclass(frozen=True, slots=True)
class Environment:
    """Names, accounts, and the id that marks what this lab made."""

    scenario: Scenario
    accounts: Accounts
    lab_id: str
    adopted: Adopted = field(default_factory=Adopted)
    # By kind, side and name: what one look at the accounts has found so far. None: each question looks anew.
    _seen: dict[tuple[str, Side, str], Any] | None = field(default=None, repr=False, compare=False)

    # Whether a look reads all roles of an account at once; and the sides where that can't be: it may not be read so,
    # or it has too many. What is found out of an account holds for every look at it.
    _at_once: bool = field(default=True, repr=False, compare=False)
    _one_by_one: set[Side] = field(default_factory=set, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_lab_id(Choice(self.lab_id, ""))  # files are named after it

    def at_one_look(self) -> Environment:
        """The same ground, for reading: each role and machine is read once, and stays as it was found then.

        Several questions about the accounts then have answers that fit together. Not for what changes them. A look
        within a look is the same look.
        """
        return self if self._seen is not None else replace(self, _seen={})

    def for_changes(self) -> Environment:
        """The same ground, for a step that is brought about: what is read counts until the next change, and no longer.

        What is planned is then done from one reading, and nothing is done from one that is older than a change.
        """
        return replace(self, _seen={}, _at_once=False)

    def changed(self, made: StoredRole | None = None, *, side: Side | None = None) -> None:
        """Something was changed: what was read before no longer counts. `made` is a role that was made just now."""
        if self._seen is None:
            return
        # Whose a machine is doesn't change with what it does.
        whose = {key: found for key, found in self._seen.items() if key[0] == _TAGS}
        self._seen.clear()
        self._seen.update(whose)
        if made is not None and side is not None:
            self._seen["role", side, made.name] = made

    def role(self, side: Side, name: str) -> StoredRole | None:
        """A role as it is stored; None where there is none. Raises `StepError` when it may not be read."""
        return self._look("role", side, name, lambda: self._role(side, name))

    def _role(self, side: Side, name: str) -> StoredRole | None:
        page = self._page(side) if self._seen is not None and self._at_once else None
        return read_role(self.iam(side), name) if page is None else page.role(self.iam(side), name)

    def _page(self, side: Side) -> AccountPage | None:
        if ("page", side, "") not in (self._seen or {}) and side in self._one_by_one:
            return None
        page = self._look("page", side, "", lambda: read_page(self.iam(side)))
        if page is None or not page.whole:
            self._one_by_one.add(side)
        return page

    def machine(self, side: Side, arn: str) -> StoredMachine | None:
        """A state machine as it is stored; None where there is none. Raises `StepError` when it may not be read."""
        return self._look("machine", side, arn, lambda: self._machine(side, arn))

    def _machine(self, side: Side, arn: str) -> StoredMachine | None:
        return read_machine(self.states(side), arn, lambda: self.machine_tags(side, arn))

    def machine_tags(self, side: Side, arn: str) -> Mapping[str, str]:
        """The tags of a machine that is there. Raises `StepError` when they may not be read."""
        return self._look(_TAGS, side, arn, lambda: read_tags(self.states(side), arn))

    def _look(self, kind: str, side: Side, name: str, read: Callable[[], T]) -> T:
        if self._seen is not None and (kind, side, name) in self._seen:
            found: T = self._seen[kind, side, name]
            return found
        with translated(self.scenario.account(side)):
            found = read()
        if self._seen is not None:
            self._seen[kind, side, name] = found
        return found

    def iam(self, side: Side) -> IAMClient:
        return self.accounts.client(side, "iam")

    def states(self, side: Side) -> SFNClient:
        return self.accounts.client(side, "stepfunctions")

    def owns(self, tags: Mapping[str, str]) -> bool:
        return tags.get(LAB_TAG) == self.lab_id

    def not_ours(self, account: Account, thing: str, tags: Mapping[str, str]) -> Change:
        """The change for a thing that carries one of the lab's names but isn't the lab's: none, and why."""
        if LAB_TAG in tags:
            why = tr(
                "it belongs to another lab: its tag {lab_tag} is {tag!r}, ours is {lab_id!r}",
                lab_tag=LAB_TAG,
                tag=tags[LAB_TAG],
                lab_id=self.lab_id,
            )
        else:
            why = tr("it wasn't made by this lab: it has no tag {lab_tag}", lab_tag=LAB_TAG)
        return Change(Action.NOT_OURS, account, thing, (why,))

    @property
    def keeper(self) -> Keeper:
        """How adopted things were before they were changed."""
        return Keeper.of(self.lab_id)
