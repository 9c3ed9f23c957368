"""What people see of a fault: a real run, a stopped run, a denied deployment or a stranger let in; in AWS's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from xsfn_helpers.aws.errors import translated
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
    from xsfn_helpers.deployment.deployment import Deployment

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


def observe(deployment: Deployment, fault: Fault, title: str) -> Symptom:
    """Do what makes the fault show, and tell what came of it. Raises `StepError` where it can't be done."""
    run, lines = _WAYS[fault.shows](deployment, fault)
    return Symptom(title, (*_ending(run), *lines), run)


Seen = tuple[Run, list[str]]


def _in_a_run(deployment: Deployment, fault: Fault) -> Seen:
    return run_machine(deployment, fault.started), []


def _when_stopped(deployment: Deployment, _: Fault) -> Seen:
    run = trials.stopped_run(
        deployment.environment, deployment.stages.subject_machine, allowed=deployment.evaluate(5).allowed
    )
    return run, [tr("The Operator execution was stopped while it waited.")]


def _when_saved(deployment: Deployment, _: Fault) -> Seen:
    run = deployment.run()
    try:
        save_subject_machine(deployment)
    except StepError as error:
        return run, [tr("Saving the Subject state machine, unchanged: {answer}", answer=stable(error.what))]
    return run, [tr("Saving the Subject state machine, unchanged: done")]


def _to_a_stranger(deployment: Deployment, _: Fault) -> Seen:
    run = deployment.run()
    answer = trials.no_external_id(deployment.stages.operator_machine)
    if answer.refused:
        return run, [tr("The auditor requested the execute role as the Operator role, without an external ID: denied")]
    return run, [
        tr(
            "The auditor requested the execute role as the Operator role, without an external ID: {answer}",
            answer=answer.words,
        )
    ]


def _to_a_second_machine(deployment: Deployment, _: Fault) -> Seen:
    run = deployment.run()
    answer = trials.second_machine(deployment.environment)
    return run, [
        tr(
            "A second state machine with the Operator role called sts:AssumeRole with the right external ID: {answer}",
            answer=answer.words,
        )
    ]


def _for_a_moment(deployment: Deployment, _: Fault) -> Seen:
    """The permission is taken away and saved again while IAM is slow, and a run is started at once."""
    permission = deployment.stages.operator_role.resources[0]
    try:
        with slow_iam(deployment.environment.accounts, 0):
            permission.undo()
        with slow_iam(deployment.environment.accounts, _LAG):
            permission.apply()
            run = start(deployment.environment).wait()
    finally:
        surely(permission.apply)
    lines = [tr("The permission had been saved a moment before.")]
    if run.succeeded:
        lines.append(
            tr("This time IAM was quicker than the run. In the sandbox, where IAM can be slowed down, it shows.")
        )
    return run, lines


_WAYS: Final[Mapping[Shows, Callable[[Deployment, Fault], Seen]]] = {
    Shows.IN_A_RUN: _in_a_run,
    Shows.WHEN_STOPPED: _when_stopped,
    Shows.WHEN_SAVED: _when_saved,
    Shows.TO_A_STRANGER: _to_a_stranger,
    Shows.TO_A_SECOND_MACHINE: _to_a_second_machine,
    Shows.FOR_A_MOMENT: _for_a_moment,
}


def run_machine(deployment: Deployment, name: str | None) -> Run:
    """Run the Operator state machine of this name, the scenario's own when it is None."""
    if name is None:
        return deployment.run()
    scenario = deployment.scenario
    arn = renamed(scenario.operator_machine_arn, scenario.operator_machine_name, name)
    with translated(scenario.operator):
        execution = deployment.environment.states(Side.OPERATOR).start_execution(stateMachineArn=arn)["executionArn"]
    return follow(deployment.environment, execution)


def save_subject_machine(deployment: Deployment) -> None:
    """Deploy the Subject state machine again as it is. Raises `StepError` when AWS denies."""
    states, scenario = deployment.environment.states(Side.SUBJECT), deployment.scenario
    with translated(scenario.subject):
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
