"""How each thing looks, in one table. Loaded when the first of them is shown.

What has no line here shows its text. Graphviz and the widgets are loaded by what needs them, when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from xsfn_helpers.aws.attempt import Attempt
from xsfn_helpers.aws.consent import Question
from xsfn_helpers.aws.target_choice import TargetChoice
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.report import Check, Report, ReportDetails
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.chain.what_if import WhatIf
from xsfn_helpers.common.renderable import Renderable, live, mimebundle, picture
from xsfn_helpers.deployment.checks.trust_trial import TrialAnswer
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
from xsfn_helpers.deployment.export.comparison import Comparison
from xsfn_helpers.deployment.export.grants import Grants
from xsfn_helpers.deployment.fan_out import Hub, HubRun
from xsfn_helpers.deployment.leftovers import Leftovers
from xsfn_helpers.deployment.practice.exercise import Solution
from xsfn_helpers.deployment.practice.hints import Hint
from xsfn_helpers.deployment.practice.scene import Scene
from xsfn_helpers.deployment.practice.score import ScoreCard
from xsfn_helpers.deployment.practice.symptoms import Symptom
from xsfn_helpers.deployment.preflight import Preflight
from xsfn_helpers.deployment.reach import Reach, Removals
from xsfn_helpers.deployment.reach_runs import ReachRun
from xsfn_helpers.deployment.runs import Run, RunSummary, Timeline
from xsfn_helpers.deployment.second_opinion import SecondOpinion
from xsfn_helpers.deployment.status import Status
from xsfn_helpers.display.annotated import Annotated, document_html
from xsfn_helpers.display.attempt import attempt_html
from xsfn_helpers.display.diagnosis import diagnosis_html
from xsfn_helpers.display.leftovers import leftovers_html
from xsfn_helpers.display.pictures.diagram import Diagram
from xsfn_helpers.display.pictures.hub_diagram import HubDiagram, spoke_picture
from xsfn_helpers.display.pictures.picture import dot_source
from xsfn_helpers.display.pictures.workflow import Workflow
from xsfn_helpers.display.plan import plan_html
from xsfn_helpers.display.practice import hint_html, scene_html, score_card_html, solution_html, symptom_html
from xsfn_helpers.display.preflight import preflight_html
from xsfn_helpers.display.reach import hub_run_html, removals_html
from xsfn_helpers.display.reach import run_html as reach_run_html
from xsfn_helpers.display.reports import check_html, details_html, report_html
from xsfn_helpers.display.routes import comparison_html, grants_html
from xsfn_helpers.display.run import run_html, summary_html
from xsfn_helpers.display.second_opinion import second_opinion_html
from xsfn_helpers.display.timeline import timeline_html
from xsfn_helpers.display.trust_answer import answer_html
from xsfn_helpers.display.verdict import verdict_html
from xsfn_helpers.display.what_if_report import what_if_diagram, what_if_html
from xsfn_helpers.sandbox.assumptions import NotEstablished, as_markdown

if TYPE_CHECKING:
    from xsfn_helpers.display.live.run import LiveRun

Thing = TypeVar("Thing", bound=Renderable)


def _in_html(kind: type[Thing], html: Callable[[Thing], str], text: Callable[[Thing], str] = str) -> None:
    """A thing of this kind is shown as HTML, and as text where there is no page."""

    def both(thing: Thing) -> dict[str, Any]:
        return {"text/html": html(thing), "text/plain": text(thing)}

    mimebundle.register(kind, both)


_in_html(Annotated, document_html)
_in_html(TrialAnswer, answer_html)
_in_html(Attempt, attempt_html)
_in_html(Check, check_html)
_in_html(Comparison, comparison_html)
_in_html(Diagnosis, diagnosis_html)
_in_html(Diagram, Diagram.figure_html)
_in_html(Grants, grants_html)
_in_html(Hint, hint_html)
_in_html(HubDiagram, HubDiagram.figure_html)
_in_html(HubRun, hub_run_html)
_in_html(Leftovers, lambda left: leftovers_html(left.plan, str(left).splitlines()))
_in_html(Plan, plan_html)
_in_html(Preflight, lambda looked: preflight_html(looked.report, looked.plans, looked.below))
_in_html(ReachRun, reach_run_html)
_in_html(Removals, removals_html)
_in_html(Report, report_html)
_in_html(ReportDetails, details_html)
_in_html(Run, lambda run: run_html(run, run.timeline), lambda run: f"{run}\n{run.timeline}")
_in_html(RunSummary, lambda summary: summary_html(summary.run))
_in_html(Scene, scene_html)
_in_html(ScoreCard, score_card_html)
_in_html(SecondOpinion, lambda both: second_opinion_html(both.report, both.notes, both.to_send, both.remarks))
_in_html(Solution, solution_html)
_in_html(Symptom, symptom_html)
_in_html(Timeline, timeline_html)
_in_html(Verdict, verdict_html)
_in_html(WhatIf, what_if_html)
_in_html(Workflow, Workflow.figure_html)


@mimebundle.register
def _(told: NotEstablished) -> dict[str, Any]:
    return {"text/markdown": f"{told.title}\n\n{as_markdown(told.choices)}", "text/plain": str(told)}


@mimebundle.register
def _(question: Question) -> dict[str, Any]:
    if question.said or question.agreement.given:
        return {"text/plain": str(question)}
    from xsfn_helpers.display.live.agree_form import agree_form

    return agree_form(question.agreement, str(question))


@mimebundle.register
def _(choice: TargetChoice) -> dict[str, Any]:
    from xsfn_helpers.display.live.target_form import target_form

    return target_form(choice, str(choice))


@mimebundle.register
def _(status: Status) -> dict[str, Any]:
    return status.live(status) if status.live else {"text/plain": str(status)}


@live.register(Run)
def _(run: Run) -> LiveRun:
    from xsfn_helpers.display.live.run import LiveRun

    return LiveRun(run).watch()


@picture.register
def _(report: WhatIf) -> Diagram:
    return what_if_diagram(report)


@picture.register
def _(reach: Reach, report: Report | None = None) -> HubDiagram:
    return HubDiagram(reach.scenario, (spoke_picture(reach.scenario, reach.targets, reach.verdicts(), report),))


@picture.register
def _(hub: Hub, run: HubRun | None = None) -> HubDiagram:
    notes = {end.account_id: end.words for end in run or () if not end.succeeded}
    pictures = [
        spoke_picture(spoke.scenario, (spoke.target,), spoke.verdicts(), note=notes.get(spoke.id, ""))
        for spoke in hub.spokes
    ]
    return HubDiagram(hub.environment.scenario, tuple(pictures))


@dot_source.register
def _(diagram: Diagram) -> str:
    from xsfn_helpers.display.pictures.dot import diagram_dot

    return diagram_dot(diagram)


@dot_source.register
def _(diagram: HubDiagram) -> str:
    from xsfn_helpers.display.pictures.hub_dot import hub_dot

    return hub_dot(diagram)


@dot_source.register
def _(workflow: Workflow) -> str:
    from xsfn_helpers.display.pictures.workflow_dot import workflow_dot

    return workflow_dot(workflow)
