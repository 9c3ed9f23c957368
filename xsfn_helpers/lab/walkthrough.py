"""The whole article in one go: every stage applied, every check made, one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.chain.plan import Action
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.deployment import Deployment
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.deployment.stages import STAGE_NUMBERS

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Walkthrough:
    """What came of it. `run` is None when a stage couldn't be applied."""

    report: Report
    run: Run | None

    @property
    def ok(self) -> bool:
        return self.report.ok and self.run is not None and self.run.succeeded

    def to_json(self) -> dict[str, Any]:
        """What `xsfn walkthrough --json` prints."""
        return {
            "ok": self.ok,
            "checks": checks_json(self.report),
            "run": None
            if self.run is None
            else {
                "operator_execution_arn": self.run.operator_execution_arn,
                "subject_execution_arn": self.run.subject_execution_arn,
                "status": self.run.status,
                "output": self.run.output,
            },
        }


def checks_json(report: Report) -> list[dict[str, Any]]:
    """Each check as `xsfn check --json` prints it."""
    return [
        {"id": check.id, "passed": check.passed, "evidence": check.evidence, "hint": check.hint} for check in report
    ]


def walk(deployment: Deployment, say: Say) -> Walkthrough:
    """Apply everything, check everything, run once; what stands already is used, drift is fixed.

    `say` is given each piece of text as it comes. What must be denied before a stage is tried where that stage isn't
    there yet. A stage that can't be applied ends the walk, as a failed check.
    """
    with deployment.lock():
        return _walk(deployment, say)


def _walk(deployment: Deployment, say: Say) -> Walkthrough:
    checks: list[Check] = []

    def note(report: Report) -> None:
        checks.extend(report)
        say(str(report.details))

    try:
        say(str(deployment.prepare()))
        for number in STAGE_NUMBERS:
            stage = deployment.stage(number)
            if all(change.action is Action.CREATE for change in stage.plan()):
                note(stage.check_denied())
            say(str(stage.apply()))
        run = deployment.validation.trial()
    except StepError as error:
        note(
            Report(
                tr("Stopped"),
                (Check("walkthrough.completed", tr("Every step can be carried out"), False, *_told(error)),),
            )
        )
        return Walkthrough(Report(tr("Walkthrough"), tuple(checks)), None)
    say(str(run))
    note(deployment.check(run=run))
    return Walkthrough(Report(tr("Walkthrough"), tuple(checks)), run)


def _told(error: StepError) -> tuple[str, str]:
    where = f"{error.where}: " if error.where else ""
    return f"{where}{error.what}", error.fix or tr("Fix what AWS reports, then run xsfn walkthrough again.")
