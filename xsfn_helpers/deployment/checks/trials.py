"""The chain tried live: a run, a run that is stopped, and the calls that must be denied."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import ROLE_NOT_ASSUMABLE, code_of, message_of, translated
from xsfn_helpers.aws.propagation import IAM_SPREADS, Waiting
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.interrupts import surely
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.checks import probes
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.state_machine import StateMachine
from xsfn_helpers.deployment.runs import RUNNING, SUCCEEDED, Begun, Run, begin, follow, how_far, look, stop

_DENIED: Final = ("AccessDenied", "AccessDeniedException")
_NOT_AUTHORIZED: Final = "is not authorized to "
_STOP_CAUSE: Final = "xsfn tries link 5: a stopped parent stops its child"
# Long enough to be stopped in time, short enough to end by itself if the check is killed.
_WAITING: Final = {
    "Comment": "Here for a moment, while xsfn tries link 5; applying the prerequisites puts the lesson's back",
    "StartAt": "Wait to be stopped",
    "States": {"Wait to be stopped": {"Type": "Wait", "Seconds": 60, "End": True}},
}


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What a call that should be denied came to: denied, in AWS's words, or not."""

    refused: bool
    words: str


def direct_assume_role(environment: Environment) -> CallAnswer:
    """The Operator account's administrator asks for the execute role, with the right external ID."""
    scenario = environment.scenario
    try:
        # The answer, should there be one, holds credentials: it is not kept, and they may do nothing.
        environment.accounts.client(Side.OPERATOR, "sts").assume_role(
            RoleArn=scenario.execute_role_arn,
            RoleSessionName="xsfn-probe",
            ExternalId=scenario.external_id,
            DurationSeconds=probes.SHORTEST_SESSION,
            Policy=probes.POWERLESS,
        )
    except ClientError as error:
        return _refusal(environment, error)
    return CallAnswer(False, tr("the administrator was given the execute role"))


def direct_start_execution(environment: Environment) -> CallAnswer:
    """The Operator account's administrator starts the Subject machine, without any role of the Subject account."""
    scenario = environment.scenario
    try:
        started = environment.states(Side.OPERATOR).start_execution(stateMachineArn=scenario.subject_machine_arn)
    except ClientError as error:
        return _refusal(environment, error)
    with translated(scenario.subject):
        environment.states(Side.SUBJECT).stop_execution(executionArn=started["executionArn"])
    return CallAnswer(False, tr("the Subject state machine was started from outside its account"))


def no_external_id(machine: StateMachine) -> CallAnswer:
    """The Operator role, in the Operator state machine, requests the execute role without an external ID."""
    without = probes.by_hand(machine.environment.scenario, external_id=None)
    return _ended(probes.try_in_operator_machine(machine, without))


def external_ids(machine: StateMachine) -> tuple[CallAnswer, CallAnswer]:
    """The same with the external ID of another state machine, and with none, in one execution."""
    scenario = machine.environment.scenario
    other = probes.by_hand(scenario, external_id=f"{scenario.external_id}-another")
    none = probes.by_hand(scenario, external_id=None)
    wrong, missing = probes.try_both_in_operator_machine(machine, other, none)
    return _ended(wrong), _ended(missing)


def second_machine(environment: Environment) -> CallAnswer:
    """Another state machine asks for the Operator role, to request the execute role with the right external ID itself.

    AWS denies it the role when it is created; where that is allowed, the run shows how far it gets (confused deputy).
    """
    scenario = environment.scenario
    task = probes.by_hand(scenario, external_id=scenario.external_id)
    try:
        return _ended(probes.try_as_second_machine(environment, task))
    except StepError as error:
        if ROLE_NOT_ASSUMABLE not in error.what:
            raise
        return CallAnswer(True, stable(error.what))


def other_role(environment: Environment) -> CallAnswer:
    """Another role of the Operator account asks, permitted by its own account and with the right external ID."""
    task = probes.by_hand(environment.scenario, external_id=environment.scenario.external_id)
    return _ended(probes.try_as_other_role(environment, task))


@contextmanager
def machine_in_place(machine: StateMachine) -> Iterator[None]:
    """The Operator machine for as long as it is needed: one that stands is used, a missing one is made and removed.

    The trust policy names this machine's ARN as external ID, so no other name would do.
    """
    if machine.plan().action is not Action.CREATE:
        yield
        return
    try:
        machine.apply()
        yield
    finally:
        surely(machine.undo)


def subject_alone(environment: Environment) -> str:
    """Start the Subject machine from its own account and give the status it ends with."""
    subject = environment.scenario.subject
    states = environment.states(Side.SUBJECT)
    with translated(subject):
        execution = states.start_execution(stateMachineArn=environment.scenario.subject_machine_arn)["executionArn"]
        return environment.accounts.pace.wait_until(
            lambda status: status != RUNNING,
            lambda: states.describe_execution(executionArn=execution)["status"],
            timeout=60,
            pause_first=True,
        )[0]


def run(environment: Environment, *, allowed: bool) -> Run:
    """One real run: the trial of links 1, 2, 3, 4 and 6.

    `allowed` says what the policies as stored make of these links. A run that goes otherwise is repeated for a while,
    because a fresh IAM change takes time to be seen by STS and Step Functions.
    """
    return until_seen(environment, lambda: follow(environment, begin(environment)), allowed=allowed)


def until_seen(environment: Environment, attempt: Callable[[], Run], *, allowed: bool) -> Run:
    """The first run that goes as the policies say, or the last one within the time that a change may take to be seen.

    `attempt` makes one; `allowed` says whether the policies let it through.
    """
    patience = environment.accounts.pace.propagation
    began = time.monotonic()
    pause = 0.25
    while True:
        tried = attempt()
        not_seen_yet = was_refused(tried) if allowed else tried.succeeded
        waited = time.monotonic() - began
        if not not_seen_yet or waited > patience:
            return tried
        what = (
            tr("a run was denied, though the policies allow it")
            if allowed
            else tr("a run was allowed, though the policies deny it")
        )
        environment.accounts.tell_waiting(
            Waiting(environment.scenario.operator, what, tr(IAM_SPREADS), waited, patience)
        )
        time.sleep(pause)
        pause = min(pause * 2, 5.0)


def stopped_run(environment: Environment, subject_machine: StateMachine, *, allowed: bool = True) -> Run:
    """Stop a run while its Subject execution waits: the trial of link 5.

    The Subject machine ends at once, so for the moment its definition is one that waits; the one that stood is put
    back whatever happens. `allowed` says what the policies make of link 5; a stop that they deny isn't waited for.
    """
    # Whose it is counts as it was seen; what stands there is looked at anew, now and before it is put back.
    before = replace(subject_machine.as_stored(), environment=environment)
    waiting = replace(before, definition=json_text(_WAITING))
    try:
        waiting.save()
        execution, goes_on = _begun(environment)
        patience = (2 if allowed else 0) + 20 * environment.accounts.pace.poll
        ended = (
            stop(environment, execution, cause=_STOP_CAUSE, timeout=patience)
            if goes_on
            else look(environment, execution)
        )
        if ended.subject_execution_arn and ended.subject_status == RUNNING:
            with translated(environment.scenario.subject):
                environment.states(Side.SUBJECT).stop_execution(
                    executionArn=ended.subject_execution_arn, cause=tr("its parent couldn't stop it")
                )
    except BaseException:
        # It may stand as it was, and may not be saved at all: looked at first.
        surely(before.apply)
        raise
    surely(before.save)
    return ended


def _begun(environment: Environment) -> tuple[str, bool]:
    """A run whose Subject execution has started, or that has failed; and whether it goes on.

    One that succeeds has met the definition of a moment ago: UpdateStateMachine takes a while to be seen by every new
    execution (docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html). It is tried again.
    """
    execution, tried = begin(environment, name=probes.new_name()), None

    def look() -> Begun:
        nonlocal execution, tried
        if tried is not None and tried.status == SUCCEEDED:
            execution = begin(environment, name=probes.new_name())
        tried = how_far(environment, execution)
        return tried

    def as_wanted(tried: Begun) -> bool:
        return tried.status != SUCCEEDED and (tried.status != RUNNING or tried.submitted)

    pace = environment.accounts.pace
    seen, _ = pace.wait_until(as_wanted, look, timeout=pace.propagation, pause_first=True)
    return execution, seen.status == RUNNING


def was_refused(tried: Run) -> bool:
    """Whether a policy stopped the run; a Subject machine that isn't there is another matter."""
    return tried.broken_link is not None and not (tried.error or "").endswith("DoesNotExistException")


def _refusal(environment: Environment, error: ClientError) -> CallAnswer:
    if code_of(error) not in _DENIED:
        with translated(environment.scenario.operator):
            raise error
    return CallAnswer(True, stable(message_of(error)))


def _ended(ending: probes.Ending) -> CallAnswer:
    """A probe's end. Failing for any other reason than a denial proves nothing, and doesn't count as denied."""
    words = stable(ending.cause)
    if ending.status == "SUCCEEDED":
        return CallAnswer(False, tr("the execute role was given"))
    if ending.status == "FAILED" and _NOT_AUTHORIZED in words:
        return CallAnswer(True, words)
    return CallAnswer(
        False,
        tr(
            "the probe ended {status} for another reason: {error} {words}",
            status=ending.status,
            error=ending.error,
            words=words,
        ).rstrip(),
    )
