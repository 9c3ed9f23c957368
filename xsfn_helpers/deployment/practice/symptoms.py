"""What people see of a fault: a real run, a stopped run, a refused deployment or a stranger let in; in AWS's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from xsfn_helpers.aws.errors import told
from xsfn_helpers.aws.sandbox_accounts import slow_iam
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.interrupts import surely
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.stable_text import stable, stable_cause
from xsfn_helpers.deployment.checks import trials
from xsfn_helpers.deployment.practice.fault import Fault, Shows
from xsfn_helpers.deployment.practice.names import renamed
from xsfn_helpers.deployment.runs import Run, Timeline, TimelineEvent, follow, start

if TYPE_CHECKING:
    from xsfn_helpers.lab.lab import Lab

# Longer than a run that is started at once needs to get to the assume step.
_LAG: Final = 2.0


@dataclass(frozen=True, slots=True)
class Symptom(Renderable):
    """What was seen. The links of the timeline's events aren't told: finding the link is the exercise."""

    title: str
    lines: tuple[str, ...]
    run: Run

    @property
    def timeline(self) -> Timeline:
        return Timeline(tuple(_untold(event) for event in self.run.events))

    def __str__(self) -> str:
        return "\n".join([self.title, *(f"  {line}" for line in self.lines), str(self.timeline)])


def _untold(event: TimelineEvent) -> TimelineEvent:
    """The event without its link, and without the cause that was given for stopping, which names one."""
    return replace(event, link=None, summary="" if event.type == "ExecutionAborted" else event.summary)


def observe(lab: Lab, fault: Fault, title: str) -> Symptom:
    """Do what makes the fault show, and tell what came of it. Raises `StepError` where it can't be done."""
    run, lines = _WAYS[fault.shows](lab, fault)
    return Symptom(title, (*_ending(run), *lines), run)


Seen = tuple[Run, list[str]]


def _in_a_run(lab: Lab, fault: Fault) -> Seen:
    return run_machine(lab, fault.started), []


def _when_stopped(lab: Lab, _: Fault) -> Seen:
    run = trials.stopped_run(lab.ground, lab.steps.subject_machine, allowed=lab.decide(5).allowed)
    return run, [tr("The Operator execution was stopped while it waited.")]


def _when_saved(lab: Lab, _: Fault) -> Seen:
    run = lab.run()
    try:
        save_subject_machine(lab)
    except StepError as error:
        return run, [tr("Saving the Subject state machine, unchanged: {answer}", answer=stable(error.what))]
    return run, [tr("Saving the Subject state machine, unchanged: done")]


def _to_a_stranger(lab: Lab, _: Fault) -> Seen:
    run = lab.run()
    answer = trials.no_external_id(lab.ground)
    if answer.refused:
        return run, [tr("The auditor asked for the execute role as the Operator role, without an external id: refused")]
    return run, [
        tr(
            "The auditor asked for the execute role as the Operator role, without an external id: {answer}",
            answer=answer.words,
        )
    ]


def _for_a_moment(lab: Lab, _: Fault) -> Seen:
    """The permission is taken away and saved again while IAM is slow, and a run is started at once."""
    permission = lab.steps.operator_role.resources[0]
    try:
        with slow_iam(lab.ground.accounts, 0):
            permission.undo()
        with slow_iam(lab.ground.accounts, _LAG):
            permission.apply()
            run = start(lab.ground).follow()
    finally:
        surely(permission.apply)
    lines = [tr("The permission had been saved a moment before.")]
    if run.succeeded:
        lines.append(
            tr("This time IAM was quicker than the run. In the sandbox, where IAM can be slowed down, it shows.")
        )
    return run, lines


_WAYS: Final[Mapping[Shows, Callable[[Lab, Fault], Seen]]] = {
    Shows.IN_A_RUN: _in_a_run,
    Shows.WHEN_STOPPED: _when_stopped,
    Shows.WHEN_SAVED: _when_saved,
    Shows.TO_A_STRANGER: _to_a_stranger,
    Shows.FOR_A_MOMENT: _for_a_moment,
}


def run_machine(lab: Lab, name: str | None) -> Run:
    """Run the Operator state machine of this name, the scenario's own when it is None."""
    if name is None:
        return lab.run()
    scenario = lab.scenario
    arn = renamed(scenario.operator_machine_arn, scenario.operator_machine_name, name)
    with told(scenario.operator):
        execution = lab.ground.states(Side.OPERATOR).start_execution(stateMachineArn=arn)["executionArn"]
    return follow(lab.ground, execution)


def save_subject_machine(lab: Lab) -> None:
    """Deploy the Subject state machine again as it is. Raises `StepError` when AWS refuses."""
    states, scenario = lab.ground.states(Side.SUBJECT), lab.scenario
    with told(scenario.subject):
        definition = states.describe_state_machine(stateMachineArn=scenario.subject_machine_arn)["definition"]
        states.update_state_machine(
            stateMachineArn=scenario.subject_machine_arn, definition=definition, roleArn=scenario.subject_role_arn
        )


def _ending(run: Run) -> Iterator[str]:
    yield tr("The Operator execution: {status}", status=run.status)
    if run.status != "ABORTED" and (run.error or run.cause):
        yield "  " + ": ".join(stable_cause(text) for text in (run.error, run.cause) if text)
    subject = run.subject_status or tr("never started")
    yield tr("The Subject execution, in the Subject account: {status}", status=subject)
