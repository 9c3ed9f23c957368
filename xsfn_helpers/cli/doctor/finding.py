"""What was found out about the machine, how bad it is, and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from xsfn_helpers.common.language import tr, tr_n


class Level(Enum):
    """How bad a finding is: fine, worth knowing, or in the way of the lab."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


_MARKS: Final = {Level.OK: "✓", Level.WARN: "!", Level.BAD: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `id` is stable and machine-readable (`package.moto`, `state-folder`); `what` is a full sentence;
    `remedy` what to do about it (empty when all is well).
    """

    id: str
    level: Level
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{_MARKS[self.level]} {self.what}"
        return f"{line}\n    → {self.remedy}" if self.remedy else line


@dataclass(frozen=True, slots=True)
class MachineDiagnosis:
    """All findings, in the order in which things build on each other; true when nothing is in the way of the lab."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self._with(Level.BAD)

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        return "\n".join([*lines, "", self._conclusion()])

    def to_json(self) -> dict[str, Any]:
        """What `xsfn doctor --json` prints."""
        return {
            "ok": self.ok,
            "findings": [
                {"id": one.id, "level": one.level.value, "what": one.what, "remedy": one.remedy}
                for one in self.findings
            ],
        }

    def _with(self, level: Level) -> int:
        return sum(finding.level is level for finding in self.findings)

    def _conclusion(self) -> str:
        bad, warned, total = self._with(Level.BAD), self._with(Level.WARN), len(self.findings)
        if bad:
            return tr_n(
                "{count} of {total} findings is in the way of the lab (✗).",
                "{count} of {total} findings are in the way of the lab (✗).",
                bad,
                total=total,
            )
        if warned:
            return tr(
                "This machine is ready for the lab; {count} of {total} findings are worth knowing (!).",
                count=warned,
                total=total,
            )
        return tr("This machine is ready for the lab; nothing else to know.")
