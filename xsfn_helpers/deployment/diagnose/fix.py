"""What puts one broken link right: the changes, in words and as calls. Pure data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xsfn_helpers.deployment.diagnose.changes import ApiCall, Correction
from xsfn_helpers.deployment.diagnose.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Fix:
    """The smallest change for one link. `changes` is empty where only a person can do it: then `summary` says what.

    `mends`: deciding again with the changes made no longer denies the link (else something else is wrong with it, too,
    and the next fix is about that). `continues_as` is the ARN of the state machine that takes the place of the one
    asked about.
    """

    link: int
    task: str
    summary: str
    changes: tuple[Correction, ...] = ()
    notes: tuple[str, ...] = ()
    mends: bool = False
    continues_as: str = ""

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(change.account for change in self.changes))

    @property
    def calls(self) -> Iterator[ApiCall]:
        for change in self.changes:
            yield from change.calls

    def applied(self, evidence: Evidence) -> Evidence:
        """The evidence as it would be after all changes."""
        for change in self.changes:
            evidence = change.applied(evidence)
        return evidence
