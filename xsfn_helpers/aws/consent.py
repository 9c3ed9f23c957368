"""The reader's yes: nothing in AWS accounts is changed before it was given, whichever way the change is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from xsfn_helpers.aws.ledger import Entry, Ledger
from xsfn_helpers.chain.scenario import Account, Scenario
from xsfn_helpers.common.errors import AgreementNeeded, ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable

AGREED: Final = "agreed"
WITHDRAWN: Final = "withdrawn"
YES: Final = "yes"
# Long enough for a day's work with several notebooks and kernels; a yes of last week was to something else.
HOLDS: Final = timedelta(hours=12)


class Agreement(Protocol):
    """Whether changes have been agreed to."""

    @property
    def given(self) -> bool: ...

    @property
    def record(self) -> str:
        """Where yes and changes are noted; empty where they aren't."""
        ...

    def changes(self) -> Iterable[Entry]:
        """The ledger of what was changed; the sandbox has none."""
        ...

    def give(self, answer: str) -> str:
        """Take the answer and say what follows. Raises `ConfigError` for anything but a yes."""
        ...

    def give_once(self) -> None:
        """A yes for this process alone, as `--yes` on the command line is."""
        ...

    def withdraw(self) -> str: ...

    def check(self, operation: str, where: str) -> None:
        """Raise `AgreementNeeded` where this operation may not be sent."""
        ...


@dataclass(frozen=True, slots=True)
class NoneNeeded:
    """The sandbox's: it costs nothing, belongs to nobody, and can be emptied."""

    @property
    def given(self) -> bool:
        return True

    @property
    def record(self) -> str:
        return ""

    def changes(self) -> Iterable[Entry]:
        return ()

    def give(self, answer: str) -> str:
        return tr(
            "No confirmation is needed here: the lab uses the sandbox, where nothing costs money and "
            "everything is yours."
        )

    def give_once(self) -> None:
        """None is needed."""

    def withdraw(self) -> str:
        return tr("There is nothing to revoke: the sandbox needs no confirmation.")

    def check(self, operation: str, where: str) -> None:
        """Every operation may be sent."""


@dataclass(frozen=True, slots=True)
class Question(Renderable):
    """Whether changes may be made, and what was said of it; in a notebook, a box for the answer where there is none."""

    agreement: Agreement
    operator: Account
    subject: Account
    said: str = ""

    def __str__(self) -> str:
        if self.said:
            return self.said
        if self.agreement.given:
            return tr("Confirmed already: lab.revoke_confirmation() revokes it.")
        return tr(
            "May this lab create, change and remove its own resources in {operator} and {subject}? "
            "lab.preflight() shows which. To confirm, type lab.confirm_changes('yes').",
            operator=self.operator,
            subject=self.subject,
        )


@dataclass(frozen=True, slots=True)
class _Memory:
    """A yes outlasts its hours within the process that had it: what was begun may be completed, and cleaned up."""

    given: list[bool] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The yes to one lab in two AWS accounts, kept in the ledger: for these accounts, this region and these names."""

    scenario: Scenario
    lab_id: str
    ledger: Ledger
    _memory: _Memory = field(default_factory=_Memory, repr=False, compare=False)

    @property
    def given(self) -> bool:
        return bool(self._memory.given) or self._in_ledger()

    @property
    def record(self) -> str:
        return str(self.ledger.path)

    def changes(self) -> Iterable[Entry]:
        return self.ledger

    def give(self, answer: str) -> str:
        if answer.strip().lower() != YES:
            raise ConfigError(
                tr("{answer!r} confirms nothing.", answer=answer),
                where="agree",
                fix=tr("Type {yes} to confirm.", yes=YES),
            )
        if not self.given:
            self._write(AGREED)
        self._memory.given.append(True)
        hours = int(HOLDS.total_seconds() // 3600)
        return tr(
            "Confirmed: lab {lab_id!r} may create, change and remove its own resources in {operator} and "
            "{subject}. This applies for {hours} hours, to these names only; lab.revoke_confirmation() "
            "revokes it.",
            lab_id=self.lab_id,
            operator=self.scenario.operator,
            subject=self.scenario.subject,
            hours=hours,
        )

    def give_once(self) -> None:
        self._memory.given.append(True)

    def withdraw(self) -> str:
        self._memory.given.clear()
        self._write(WITHDRAWN)
        return tr(
            "Revoked: from now on nothing is changed in {operator} and {subject}.",
            operator=self.scenario.operator,
            subject=self.scenario.subject,
        )

    def check(self, operation: str, where: str) -> None:
        if not self.given:
            raise AgreementNeeded(
                tr(
                    "{operation} would change an AWS account, and you haven't confirmed that. Nothing was sent.",
                    operation=operation,
                ),
                where=where,
                fix=tr(
                    "lab.preflight() (`xsfn preflight`) shows what would be created, and what it costs. Then confirm "
                    "with lab.confirm_changes('yes'), or --yes on the command line."
                ),
            )

    @property
    def _scope(self) -> str:
        """What the yes was to, in short: another account, region or name needs another yes."""
        names = {one: getattr(self.scenario, one) for one in Scenario.__dataclass_fields__}
        return hashlib.sha256(json.dumps([self.lab_id, names], sort_keys=True).encode()).hexdigest()[:16]

    def _in_ledger(self) -> bool:
        last = None
        for entry in self.ledger:
            if entry.what in (AGREED, WITHDRAWN) and entry.names.get("name") == self._scope:
                last = entry
        if last is None or last.what != AGREED:
            return False
        return datetime.now(UTC) - datetime.fromisoformat(last.at) < HOLDS

    def _write(self, what: str) -> None:
        accounts = f"{self.scenario.operator_account_id} {self.scenario.subject_account_id}"
        self.ledger.note(
            lab=self.lab_id, account=accounts, region=self.scenario.region, what=what, names={"name": self._scope}
        )
