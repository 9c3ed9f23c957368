"""Executions that several facts are read from, each run once: as the recordings of AWS are."""

from __future__ import annotations

import json
import time
from functools import cached_property
from typing import Any

from tests.sandbox.world import Outcome, World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

REQUEST_RESPONSE = "arn:aws:states:::states:startExecution"
SYNC = f"{REQUEST_RESPONSE}.sync"
SYNC_2 = f"{REQUEST_RESPONSE}.sync:2"
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
FAILS = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "SomeFailure", "Cause": "Some cause."}}}
PASSES = {"StartAt": "State", "States": {"State": {"Type": "Pass", "Result": {"Arg1": "argument1"}, "End": True}}}
_SOON = {
    "StartAt": "Pause",
    "States": {
        "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Boom"},
        "Boom": {"Type": "Fail", "Error": "Boom", "Cause": "sibling failed"},
    },
}


class Stage:
    """A world, and Operator machines in it that run its Subject in one way or another."""

    def __init__(self, sandbox: Sandbox, subject: dict[str, Any], **broken: Any) -> None:
        self.world = World.fresh(sandbox).build(subject_definition=subject, **broken)

    def task(self, resource: str = SYNC_2, **fields: Any) -> dict[str, Any]:
        """A task state that runs the Subject as the execute role."""
        state: dict[str, Any] = {
            "Type": "Task",
            "Resource": resource,
            "Credentials": {"RoleArn": self.world.scenario.execute_role_arn},
            "Parameters": {"StateMachineArn": self.world.scenario.subject_machine_arn},
        }
        state.update(fields)
        return state if "Next" in fields else {**state, "End": True}

    def machine(self, definition: dict[str, Any]) -> None:
        """Make the Operator machine this one."""
        self.world.operator_states.update_state_machine(
            stateMachineArn=self.world.scenario.operator_machine_arn, definition=json.dumps(definition)
        )

    def run(self, definition: dict[str, Any], *, given: Any = None) -> Outcome:
        self.machine(definition)
        return self.world.run(input=given)

    def run_task(self, resource: str = SYNC_2, *, given: Any = None, **fields: Any) -> Outcome:
        return self.run(alone(self.task(resource, **fields)), given=given)

    def start(self, definition: dict[str, Any]) -> str:
        self.machine(definition)
        started = self.world.operator_states.start_execution(stateMachineArn=self.world.scenario.operator_machine_arn)
        return str(started["executionArn"])

    def child(self, *, seconds: float = 60) -> str:
        """The one Subject execution, as soon as there is one."""
        end = time.monotonic() + seconds
        while not (found := self.world.subject_executions()):
            assert time.monotonic() < end, "no Subject execution was started"
            time.sleep(0.01)
        assert len(found) == 1
        return str(found[0]["executionArn"])

    def child_outcome(self) -> Outcome:
        return self.world.outcome(Side.SUBJECT, self.child())


def alone(task: dict[str, Any], name: str = "StartExecution") -> dict[str, Any]:
    return {"StartAt": name, "States": {name: task}}


class Recordings:
    """The runs by what happens in them. Nothing is run before it is asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def stage(self, subject: dict[str, Any] = PASSES, **broken: Any) -> Stage:
        return Stage(self._sandbox, subject, **broken)

    @cached_property
    def passing(self) -> Stage:
        return self.stage()

    @cached_property
    def sync_2(self) -> Outcome:
        scenario = self.passing.world.scenario
        return self.passing.run_task(Parameters={"StateMachineArn": scenario.subject_machine_arn, "Input": {"a": 1}})

    @cached_property
    def sync(self) -> Outcome:
        """As recorded: everything by JSONPath, the input a JSON string."""
        scenario = self.passing.world.scenario
        return self.passing.run_task(
            SYNC,
            given={
                "StateMachineArn": scenario.subject_machine_arn,
                "Input": '"InputFromTrustedAccount"',
                "Name": "TestTaskTargetWithCredentials",
                "CredentialsRoleArn": scenario.execute_role_arn,
            },
            Parameters={"StateMachineArn.$": "$.StateMachineArn", "Input.$": "$.Input", "Name.$": "$.Name"},
            Credentials={"RoleArn.$": "$.CredentialsRoleArn"},
        )

    @cached_property
    def request_response(self) -> Outcome:
        return self.passing.run_task(REQUEST_RESPONSE)

    @cached_property
    def failing(self) -> Stage:
        return self.stage(FAILS)

    @cached_property
    def child_failed(self) -> Outcome:
        return self.failing.run_task(SYNC)

    @cached_property
    def child_failed_2(self) -> Outcome:
        return self.failing.run_task(SYNC_2)

    @cached_property
    def child_timed_out_inside(self) -> Outcome:
        fail = {"Type": "Fail", "Error": "States.Timeout"}
        return self.stage({"StartAt": "Fail", "States": {"Fail": fail}}).run_task(SYNC)

    @cached_property
    def child_timed_out(self) -> Outcome:
        return self.stage({**WAITS, "TimeoutSeconds": 1}).run_task()

    @cached_property
    def child_aborted(self) -> Outcome:
        stage = self.stage(WAITS)
        parent = stage.start(alone(stage.task()))
        stage.world.subject_states.stop_execution(executionArn=stage.child(), error="Stopped", cause="by hand")
        return stage.world.outcome(Side.OPERATOR, parent)

    @cached_property
    def refusing(self) -> Stage:
        """The execute role is there, but nobody may assume it."""
        return self.stage(operator_permissions=_nothing())

    @cached_property
    def assume_refused(self) -> Outcome:
        return self.refusing.run_task()

    @cached_property
    def retried_and_caught(self) -> Outcome:
        task = self.refusing.task(
            Retry=[{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}],
        )
        caught = {"Type": "Pass", "End": True}
        return self.refusing.run({"StartAt": "Task", "States": {"Task": task, "Caught": caught}})

    @cached_property
    def waiting_task(self) -> tuple[Stage, Outcome]:
        stage = self.stage(WAITS)
        return stage, stage.run_task(TimeoutSeconds=1)

    @cached_property
    def waiting_machine(self) -> tuple[Stage, Outcome]:
        stage = self.stage(WAITS)
        return stage, stage.run({**alone(stage.task()), "TimeoutSeconds": 1})

    @cached_property
    def cut_parallel(self) -> tuple[Stage, Outcome]:
        """One branch waits for its child, one just waits, one is done, and one fails after a second."""
        stage = self.stage(WAITS)
        wait = {"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 20, "End": True}}}
        branches = [_SOON, alone(stage.task(), "Nest"), wait, PASSES]
        return stage, stage.run(
            {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
        )

    @cached_property
    def cut_map(self) -> tuple[Stage, Outcome]:
        """The first item waits for its child, the second fails after a second, the third is done."""
        stage = self.stage(WAITS)
        route = {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$", "StringEquals": "fail", "Next": "Pause"},
                {"Variable": "$", "StringEquals": "done", "Next": "Done"},
            ],
            "Default": "Nest",
        }
        inner = {"Route": route, "Nest": stage.task(), "Done": {"Type": "Pass", "End": True}, **_SOON["States"]}
        processor = {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Route", "States": inner}
        state = {"Type": "Map", "ItemProcessor": processor, "End": True}
        return stage, stage.run({"StartAt": "P", "States": {"P": state}}, given=["nest", "fail", "done"])

    def plain(self, definition: dict[str, Any], *, given: Any = None) -> Outcome:
        """An execution of a machine that starts nothing."""
        return self.passing.run(definition, given=given)


def _nothing() -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "states:ListStateMachines", "Resource": "*"}
    return {"Version": documents.POLICY_VERSION, "Statement": [statement]}


def until(condition: Any, *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
