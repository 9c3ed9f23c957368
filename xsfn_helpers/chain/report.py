"""What was checked, whether it passed, the evidence, and what to do if not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable


@dataclass(frozen=True, slots=True)
class Check(Renderable):
    """One verified fact.

    `id` is stable and machine-readable (`link-2.decided`, `stage-1.trust-policy`); `title` is the claim;
    `evidence` says what was seen; `hint` what to do about a failure (empty when passed).
    """

    id: str
    title: str
    passed: bool
    evidence: str
    hint: str = ""

    def __str__(self) -> str:
        line = f"{'✓' if self.passed else '✗'} {self.title}: {self.evidence}"
        return line if self.passed or not self.hint else f"{line}\n    → {self.hint}"


@dataclass(frozen=True, slots=True)
class Report(Renderable):
    """An ordered set of checks; true when every one passed. Its text shows what failed; `details` shows them all."""

    title: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> Report:
        """The checks that failed."""
        return Report(
            tr("{title}, what failed", title=self.title),
            tuple(check for check in self.checks if not check.passed),
        )

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    def __getitem__(self, check_id: str) -> Check:
        """The check with this id. Raises `KeyError` naming the ids there are."""
        for check in self.checks:
            if check.id == check_id:
                return check
        known = ", ".join(check.id for check in self.checks)
        raise KeyError(f"no check {check_id!r} in this report; there are: {known}")

    def __add__(self, other: Report) -> Report:
        return Report(self.title, self.checks + other.checks)

    @property
    def passed(self) -> int:
        """How many checks passed."""
        return sum(check.passed for check in self.checks)

    @property
    def headline(self) -> str:
        """How many of them passed, in one line."""
        return tr("{title}: {passed} of {count} passed", title=self.title, passed=self.passed, count=len(self.checks))

    @property
    def details(self) -> ReportDetails:
        """The same with every check, passed or failed."""
        return ReportDetails(self)

    def __str__(self) -> str:
        return "\n".join([self.headline, *(f"  {check}" for check in self.checks if not check.passed)])


@dataclass(frozen=True, slots=True)
class ReportDetails(Renderable):
    """A report with every check, passed or failed."""

    report: Report

    def __str__(self) -> str:
        return "\n".join([self.report.headline, *(f"  {check}" for check in self.report)])
