"""Probes: state machines made for a moment to try a call that must be denied, and removed again.

Only Step Functions can assume the Operator role, and for the Operator state machine only. So a wrong call in its name
is made by that state machine itself, which has another definition for the moment. What else a probe creates carries the
lab's tag and a name of its own; `sweep` finds what a killed process left behind.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from xsfn_helpers.aws.errors import ROLE_NOT_ASSUMABLE, cause_code, translated
from xsfn_helpers.chain.documents import POLICY_VERSION, operator_role_permissions, service_trust
from xsfn_helpers.chain.plan import Change, Plan
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import RunError, StepError
from xsfn_helpers.common.interrupts import surely
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.iam import InlinePolicy, Role
from xsfn_helpers.deployment.resources.state_machine import StateMachine
from xsfn_helpers.deployment.runs import ENDS, RUNNING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import HistoryEventTypeDef

T = TypeVar("T")

PREFIX: Final = "xsfn-probe-"
_POLICY_NAME: Final = "assume-subject-execute-role"
# A probe that is let through, against expectation, gets a session that may do nothing at all, and its keys stay in
# the history of a state machine that is deleted at once.
POWERLESS: Final = json.dumps(
    {"Version": POLICY_VERSION, "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
)
SHORTEST_SESSION: Final = 900
_TRY: Final = "Try"
_LAST: Final = "Try the other"
# Stays in the Operator state machine only where a check is killed.
_COMMENT: Final = (
    "Here for a moment, while xsfn tries calls that must be denied; applying stage 3 restores the lesson's"
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a probe's execution ended."""

    status: str
    error: str
    cause: str


def with_credentials(scenario: Scenario) -> dict[str, Any]:
    """A task that Step Functions runs as the execute role, passing the ARN of whatever machine it is in."""
    return {
        "Type": "Task",
        "Resource": f"arn:{scenario.partition}:states:::aws-sdk:sts:getCallerIdentity",
        "Credentials": {"RoleArn": scenario.execute_role_arn},
        "ResultPath": None,
        "End": True,
    }


def by_hand(scenario: Scenario, *, external_id: str | None) -> dict[str, Any]:
    """A task that calls AssumeRole itself, so that the external ID can be chosen, or left out.

    `Credentials` always sends the machine's own ARN; this is the only way to send another one, or none.
    """
    parameters: dict[str, Any] = {
        "RoleArn": scenario.execute_role_arn,
        "RoleSessionName": "xsfn-probe",
        "DurationSeconds": SHORTEST_SESSION,
        "Policy": POWERLESS,
    }
    if external_id is not None:
        parameters["ExternalId"] = external_id
    return {
        "Type": "Task",
        "Resource": f"arn:{scenario.partition}:states:::aws-sdk:sts:assumeRole",
        "Parameters": parameters,
        "ResultPath": None,
        "End": True,
    }


def try_as_second_machine(environment: Environment, task: dict[str, Any]) -> Ending:
    """Run the task in another state machine of the Operator account that has the Operator role.

    Raises `StepError` where AWS denies it the role.
    """
    return _try(environment, task, environment.scenario.operator_role_arn)


def try_in_operator_machine(machine: StateMachine, task: dict[str, Any]) -> Ending:
    """Run the task as the Operator state machine, whose definition is another one for the moment."""
    return _ending(_history_of(machine, {"StartAt": _TRY, "States": {_TRY: task}})[-1])


def try_both_in_operator_machine(
    machine: StateMachine, first: dict[str, Any], second: dict[str, Any]
) -> tuple[Ending, Ending]:
    """Run two tasks one after the other like that. The second is tried however the first ends.

    What came of the first is in the history alone: the execution ends as the second does.
    """
    go_on = {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": _LAST}], "Next": _LAST}
    before = {name: value for name, value in first.items() if name != "End"} | go_on
    history = _history_of(machine, {"StartAt": _TRY, "States": {_TRY: before, _LAST: second}})
    return _ending_of_first(history), _ending(history[-1])


def try_as_other_role(environment: Environment, task: dict[str, Any]) -> Ending:
    """Run the task under a role of the Operator account that may assume the execute role but isn't trusted by it."""
    with _other_role(environment) as role_arn:
        return _try(environment, task, role_arn)


def sweep(environment: Environment) -> Plan:
    """Remove what probes left behind in either account, found by name and tag."""
    with translated(environment.scenario.operator):
        machines = [
            machine["name"]
            for page in environment.states(Side.OPERATOR).get_paginator("list_state_machines").paginate()
            for machine in page["stateMachines"]
            if machine["name"].startswith(PREFIX)
        ]
    changes: list[Change | None] = [_machine(environment, name, "", {}).undo() for name in machines]
    for side in Side:
        changes += [_role(environment, name, side).undo() for name in _role_names(environment, side)]
    return Plan(tr("Probes left behind"), tuple(change for change in changes if change), done=True)


def _role_names(environment: Environment, side: Side) -> list[str]:
    with translated(environment.scenario.account(side)):
        return [
            role["RoleName"]
            for page in environment.iam(side).get_paginator("list_roles").paginate()
            for role in page["Roles"]
            if role["RoleName"].startswith(PREFIX)
        ]


def _history_of(machine: StateMachine, states: dict[str, Any]) -> list[HistoryEventTypeDef]:
    """The history of one execution of these states as the Operator state machine.

    An execution that meets the definition of a moment ago is started again, for a while: UpdateStateMachine is
    eventually consistent (docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html).
    """
    environment = machine.environment
    deadline = time.monotonic() + environment.accounts.pace.propagation
    with _with_definition(machine, json_text({"Comment": _COMMENT, **states})):
        while True:
            with translated(environment.scenario.operator):
                # By its name, whoever shows the state machine's runs knows that it is none of the reader's.
                answer = environment.states(Side.OPERATOR).start_execution(
                    stateMachineArn=machine.arn, name=_new_name()
                )
            history = _wait_for_history(environment, answer["executionArn"])
            if _tried(history) or time.monotonic() > deadline:
                return history


def _tried(history: list[HistoryEventTypeDef]) -> bool:
    """Whether the probe's own states were run: entered, or not reached because the role couldn't be assumed."""
    entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    return not entered or _TRY in entered


@contextmanager
def _with_definition(machine: StateMachine, definition: str) -> Iterator[None]:
    """The state machine with this definition for a moment; a missing one is created, and removed again."""
    before = _standing(machine)
    if before is None:
        probe = replace(machine, definition=definition)
        with _for_a_moment(probe):
            probe.create()
            yield
        return
    try:
        replace(before, definition=definition).save()
        yield
    except BaseException:
        # It may have been saved or not: looked at first.
        surely(before.apply)
        raise
    surely(before.save)


def _standing(machine: StateMachine) -> StateMachine | None:
    """The state machine as it is stored; None where there is none. Raises `StepError` for one that isn't the lab's."""
    try:
        return machine.as_stored()
    except StepError as error:
        if cause_code(error) != "StateMachineDoesNotExist":
            raise
        return None


def _try(environment: Environment, task: dict[str, Any], role_arn: str) -> Ending:
    machine = _machine(environment, _new_name(), role_arn, task)
    try:
        machine.create()
    except BaseException as error:
        # Only where AWS refused it is it sure that there is nothing.
        if not (isinstance(error, StepError) and ROLE_NOT_ASSUMABLE in error.what):
            surely(machine.undo)
        raise
    with _for_a_moment(machine):
        with translated(environment.scenario.operator):
            answer = environment.states(Side.OPERATOR).start_execution(stateMachineArn=machine.arn)
        return _wait(environment, answer["executionArn"])


def _wait(environment: Environment, execution_arn: str) -> Ending:
    def look() -> Ending:
        described = environment.states(Side.OPERATOR).describe_execution(executionArn=execution_arn)
        return Ending(described["status"], described.get("error", ""), described.get("cause", ""))

    return _in_time(environment, lambda ending: ending.status != RUNNING, look)


def _wait_for_history(environment: Environment, execution_arn: str) -> list[HistoryEventTypeDef]:
    def look() -> list[HistoryEventTypeDef]:
        pages = environment.states(Side.OPERATOR).get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]

    return _in_time(environment, lambda history: bool(history) and history[-1]["type"] in ENDS, look)


def _in_time(environment: Environment, ended: Callable[[T], bool], look: Callable[[], T]) -> T:
    operator, timeout = environment.scenario.operator, 60.0
    with translated(operator):
        seen, done = environment.accounts.pace.wait_until(ended, look, timeout=timeout, pause_first=True)
    if not done:
        raise RunError(tr("A probe hasn't ended after {timeout:g} s.", timeout=timeout), where=str(operator))
    return seen


def _ending_of_first(history: list[HistoryEventTypeDef]) -> Ending:
    """What came of the first of two tasks: what its state met before the second was entered."""
    for event in history:
        if event["type"] == "TaskSucceeded":
            return Ending("SUCCEEDED", "", "")
        if event["type"] in ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed"):
            return _ending(event)
        if event["type"] == "TaskStateExited":
            break
    return _ending(history[-1])


def _ending(event: HistoryEventTypeDef) -> Ending:
    details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    told_of: Mapping[str, Any] = details if isinstance(details, Mapping) else {}
    status = ENDS.get(event["type"], "FAILED")
    return Ending(status, told_of.get("error", ""), told_of.get("cause", ""))


@contextmanager
def _other_role(environment: Environment) -> Iterator[str]:
    scenario = environment.scenario
    role = _role(environment, _new_name())
    policy = InlinePolicy(
        environment, Side.OPERATOR, role.name, _POLICY_NAME, json_text(operator_role_permissions(scenario))
    )
    with _for_a_moment(role):
        role.create()
        policy.save()
        yield f"arn:{scenario.partition}:iam::{scenario.operator_account_id}:role/{role.name}"


@contextmanager
def _for_a_moment(thing: Role | StateMachine) -> Iterator[None]:
    """Take the thing away afterwards. Its name is new, so it needs no look at whose it is, unless something fails."""
    try:
        yield
    except BaseException:
        surely(thing.undo)
        raise
    surely(thing.delete)


def _role(environment: Environment, name: str, side: Side = Side.OPERATOR) -> Role:
    trust = json_text(service_trust(environment.scenario, environment.scenario.operator))
    return Role(environment, side, name, trust, policies=frozenset({_POLICY_NAME}))


def _machine(environment: Environment, name: str, role_arn: str, task: dict[str, Any]) -> StateMachine:
    definition = {"Comment": "A probe: it tries one call and is removed", "StartAt": _TRY, "States": {_TRY: task}}
    return StateMachine(environment, Side.OPERATOR, name, role_arn, json_text(definition))


def _new_name() -> str:
    """Another one each time, so that two checks at once don't get in each other's way."""
    return PREFIX + secrets.token_hex(4)
