"""The diagnosis: every link of every task, the first broken one, its fix, and the risks of what works. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.diagnose.evidence import Evidence, ExecutionSeen, NotSeen
from xsfn_helpers.diagnose.fix import Fix
from xsfn_helpers.diagnose.judge import Answer
from xsfn_helpers.diagnose.least import needs
from xsfn_helpers.diagnose.links import TaskLink, links_of
from xsfn_helpers.diagnose.repair import fix_for
from xsfn_helpers.diagnose.risks import LeastPrivilege, Risk, least_privilege, risks_of
from xsfn_helpers.diagnose.symptom import Symptom, symptom_of
from xsfn_helpers.diagnose.tasks import TaskCall, read_tasks
from xsfn_helpers.language import mark, tr

# Each fix is decided again before the next, so this many different things would have to be wrong at once.
_MOST_FIXES: Final = 25


class Verdict(StrEnum):
    FINE = mark("fine")
    BROKEN = mark("a link is broken")
    UNKNOWN = mark("can't tell")

    def __str__(self) -> str:
        """The verdict in the reader's language."""
        return tr(self.value)


@dataclass(frozen=True, slots=True)
class TaskDiagnosis:
    """One task and its links."""

    task: TaskCall
    links: tuple[TaskLink, ...]

    @property
    def broken(self) -> TaskLink | None:
        return next((link for link in self.links if link.broken), None)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. `fixes` puts right one link after the other, the first broken one first; see `Fix`.

    `risks` and `least` (the smallest policies) are told of the set-up as it is with all fixes made.

    `str()` is the report as text; in a notebook it shows as the same report in HTML.
    """

    evidence: Evidence
    tasks: tuple[TaskDiagnosis, ...]
    fixes: tuple[Fix, ...]
    risks: tuple[Risk, ...]
    least: tuple[LeastPrivilege, ...]
    symptom: Symptom | None

    @property
    def first_broken(self) -> TaskLink | None:
        """The first broken link of the first task that has one; None where none is known to be broken."""
        return next((task.broken for task in self.tasks if task.broken is not None), None)

    @property
    def links(self) -> Iterator[TaskLink]:
        for task in self.tasks:
            yield from task.links

    @property
    def verdict(self) -> Verdict:
        if self.first_broken is not None:
            return Verdict.BROKEN
        return Verdict.UNKNOWN if any(link.answer is Answer.UNKNOWN for link in self.links) else Verdict.FINE

    @property
    def ok(self) -> bool:
        """Whether no link is known to be broken."""
        return self.first_broken is None

    @property
    def headline(self) -> str:
        """The answer in a sentence or two."""
        from xsfn_helpers.diagnose.words import headline

        return headline(self)

    @property
    def fix(self) -> Fix | None:
        """The fix of the first broken link; None where nothing is broken, or no change of what was seen helps."""
        first = self.first_broken
        if first is None or not self.fixes:
            return None
        fix = self.fixes[0]
        return fix if (fix.link, fix.task) == (first.number, first.task) else None

    @property
    def execution(self) -> ExecutionSeen | None:
        return self.evidence.execution

    @property
    def not_seen(self) -> tuple[NotSeen, ...]:
        return self.evidence.not_seen

    def __str__(self) -> str:
        from xsfn_helpers.diagnose.words import report

        return report(self)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values; the schema is told in `xsfn_helpers.diagnose.as_json`."""
        from xsfn_helpers.diagnose.as_json import diagnosis_json

        return diagnosis_json(self)

    def html(self) -> str:
        """The report as a page of its own: no script, nothing loaded from elsewhere."""
        from xsfn_helpers.display.diagnosis import diagnosis_page

        return diagnosis_page(self)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from xsfn_helpers.display.diagnosis import diagnosis_html

        return {"text/html": diagnosis_html(self), "text/plain": str(self)}


def analyse(evidence: Evidence, now: str) -> Diagnosis:
    """The diagnosis of this evidence at the time `now` (ISO 8601, UTC), which conditions may look at.

    Raises `ConfigError` for a definition that isn't JSON.
    """
    fixes = tuple(_fixes(evidence, now))
    mended = evidence
    for fix in fixes:
        mended = fix.applied(mended)
    # Of what is broken, no risk can be told: it is about to change.
    tasks = read_tasks(mended.machine.definition, mended.execution)
    needed = needs(mended, tasks)
    return Diagnosis(
        evidence=evidence,
        tasks=_decided(read_tasks(evidence.machine.definition, evidence.execution), evidence, now),
        fixes=fixes,
        risks=risks_of(mended, tasks, needed),
        least=least_privilege(needed),
        symptom=symptom_of(evidence.execution) if evidence.execution else None,
    )


def _decided(tasks: tuple[TaskCall, ...], evidence: Evidence, now: str) -> tuple[TaskDiagnosis, ...]:
    return tuple(TaskDiagnosis(task, links_of(task, evidence, now)) for task in tasks)


def _fixes(evidence: Evidence, now: str) -> Iterator[Fix]:
    """Fix after fix, each decided on what the ones before it leave behind."""
    done: set[str] = set()
    for _ in range(_MOST_FIXES):
        tasks = _decided(read_tasks(evidence.machine.definition, evidence.execution), evidence, now)
        broken = next((task for task in tasks if task.broken is not None), None)
        if broken is None or broken.broken is None:
            return
        fix = fix_for(broken.broken, broken.task, evidence, now)
        if fix is None or fix.summary in done:
            return
        yield fix
        if not fix.changes:
            return
        done.add(fix.summary)
        evidence = fix.applied(evidence)
