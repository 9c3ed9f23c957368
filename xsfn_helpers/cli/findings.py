"""Problems of a diagnosis for a build: a line each, GitHub's annotations, SARIF.

Sources: docs.github.com/actions/reference/workflow-commands-for-github-actions,
docs.oasis-open.org/sarif/sarif/v2.1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.common.language import tr

if TYPE_CHECKING:
    from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
    from xsfn_helpers.deployment.diagnose.links import TaskLink

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class BuildProblem:
    """One denied or undecided link: where the document is that decides it, and what to do."""

    file: str
    line: int
    denied: bool
    rule: str
    message: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.file else self.rule


def problems_of(diagnoses: Iterable[Diagnosis]) -> list[BuildProblem]:
    """The problems of all diagnoses, denied ones first, each once."""
    found = {problem: None for diagnosis in diagnoses for problem in _problems(diagnosis)}
    return sorted(found, key=lambda one: (not one.denied, one.file, one.line))


def _problems(diagnosis: Diagnosis) -> Iterator[BuildProblem]:
    from xsfn_helpers.deployment.diagnose.judge import Answer

    for link in diagnosis.links:
        if link.answer in (Answer.REFUSED, Answer.UNKNOWN):
            yield _problem(link, diagnosis)
    if not diagnosis.tasks and diagnosis.verdict.name == "UNKNOWN":
        yield BuildProblem("", 0, False, "xsfn/definition", diagnosis.headline)


def _problem(link: TaskLink, diagnosis: Diagnosis) -> BuildProblem:
    from xsfn_helpers.deployment.diagnose.asking.short import deciding_document
    from xsfn_helpers.deployment.diagnose.evidence import DEFINITION

    evidence = diagnosis.evidence
    document = deciding_document(link, diagnosis) if link.broken else None
    spot = document.spot if document is not None else None
    line = document.line if document is not None else 0
    if spot is None:
        spot = evidence.spots.get((evidence.machine.arn, DEFINITION))
        line = spot.line if spot is not None else 0
    asked = tr("{action} on {resource}", action=link.action, resource=link.resource) if link.resource else link.action
    what = tr("link {link} of task {task}: {asked}. {why}", link=link.number, task=link.task, asked=asked, why=link.why)
    fix = next((one for one in diagnosis.fixes if (one.link, one.task) == (link.number, link.task)), None)
    change = " " + tr("Smallest change that would allow it: {change}", change=fix.summary) if fix is not None else ""
    word = tr("denied") if link.broken else tr("can't tell")
    rule = f"xsfn/link-{link.number}"
    return BuildProblem(spot.file if spot else "", line, link.broken, rule, f"{word}: {what}{change}")


def problem_lines(problems: Iterable[BuildProblem]) -> Iterator[str]:
    """As compilers tell them."""
    for one in problems:
        yield f"{one.place}: {one.message}"


def github_annotations(problems: Iterable[BuildProblem]) -> Iterator[str]:
    """As GitHub shows them beside the lines of a pull request."""
    for one in problems:
        command = "error" if one.denied else "warning"
        where = f"file={_property(one.file)},line={max(one.line, 1)}," if one.file else ""
        yield f"::{command} {where}title={_property(one.rule)}::{_data(one.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def sarif(problems: Iterable[BuildProblem], version: str) -> dict[str, Any]:
    """As code scanning takes them."""
    found = list(problems)
    rules = [
        {"id": rule, "shortDescription": {"text": tr("A link of the access chain isn't allowed")}}
        for rule in sorted({one.rule for one in found})
    ]
    results = [
        {
            "ruleId": one.rule,
            "level": "error" if one.denied else "warning",
            "message": {"text": one.message},
            "locations": [_location(one)] if one.file else [],
        }
        for one in found
    ]
    driver = {"name": "xsfn diagnose", "version": version, "rules": rules}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _location(problem: BuildProblem) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": problem.file.replace("\\", "/")},
            "region": {"startLine": max(problem.line, 1)},
        }
    }
