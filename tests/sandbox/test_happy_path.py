"""The article's scenario, right: the Operator's execution starts the Subject's, in the Subject's account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.targets import STARTED_BY_KEY
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")


def test_the_operator_runs_the_subject_across_accounts(any_world: World) -> None:
    world = any_world.build()

    outcome = world.run()

    assert outcome.status == "SUCCEEDED"
    (child,) = world.subject_executions()
    assert child["executionArn"].split(":")[4] == "222222222222"
    described = world.subject_states.describe_execution(executionArn=child["executionArn"])
    assert json.loads(described["input"]) == {
        "StatePayload": "Hello from Step Functions!",
        STARTED_BY_KEY: outcome.arn,
    }
    assert outcome.output["ExecutionArn"] == child["executionArn"]
    assert outcome.output["Status"] == "SUCCEEDED"
    assert outcome.output["Output"]["Received"][STARTED_BY_KEY] == outcome.arn


def test_sync_2_parses_the_output_and_sync_leaves_it_text(world: World) -> None:
    definition = documents.operator_definition(world.scenario)
    task = definition["States"][documents.TASK_STATE_NAME]
    world.build()

    parsed = world.run().output
    task["Resource"] = "arn:aws:states:::states:startExecution.sync"
    world.operator_states.update_state_machine(
        stateMachineArn=world.scenario.operator_machine_arn, definition=json.dumps(definition)
    )
    text = world.run().output

    assert isinstance(parsed["Output"], dict)
    assert isinstance(text["Output"], str)
    assert json.loads(text["Output"])["Message"] == parsed["Output"]["Message"]
    assert list(parsed) == sorted(parsed)


def test_two_runs_without_a_name_are_two_executions(world: World) -> None:
    world.build()

    first, second = world.run(), world.run()

    assert first.arn != second.arn
    assert len(world.subject_executions()) == 2


def _waiting() -> dict[str, Any]:
    return {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


def test_stopping_the_parent_stops_the_child(world: World) -> None:
    world.build(subject_definition=_waiting())
    parent, child = _started(world)

    world.operator_states.stop_execution(executionArn=parent)

    outcome = world.outcome(Side.OPERATOR, parent)
    assert (outcome.status, outcome.types[-1]) == ("ABORTED", "ExecutionAborted")
    assert outcome.events[-1]["previousEventId"] == 0
    stopped = world.outcome(Side.SUBJECT, child)
    assert (stopped.status, stopped.error) == ("ABORTED", None)
    assert stopped.cause == (
        f"The Task state in AWS Step Functions execution [{parent}] which was managing this resource was aborted"
    )


def test_a_role_that_may_not_stop_leaves_the_child_running(world: World) -> None:
    permissions = documents.execute_role_permissions(world.scenario)
    permissions["Statement"][1]["Action"] = "states:DescribeExecution"
    world.build(subject_definition=_waiting(), execute_permissions=permissions)
    parent, child = _started(world)

    world.operator_states.stop_execution(executionArn=parent)

    assert world.outcome(Side.OPERATOR, parent).status == "ABORTED"
    assert world.subject_states.describe_execution(executionArn=child)["status"] == "RUNNING"
    world.subject_states.stop_execution(executionArn=child)


def _started(world: World) -> tuple[str, str]:
    parent = world.operator_states.start_execution(stateMachineArn=world.scenario.operator_machine_arn)["executionArn"]
    for _ in range(500):
        events = world.operator_states.get_execution_history(executionArn=parent)["events"]
        for event in events:
            if event["type"] == "TaskSubmitted":
                return parent, json.loads(event["taskSubmittedEventDetails"]["output"])["ExecutionArn"]
    raise AssertionError("the child was never started")


def test_the_aws_command_itself_works_with_the_printed_keys(served: Sandbox) -> None:
    account = served.accounts[Side.SUBJECT]
    # Called by its Python: a script's first line can't name an interpreter in a folder with a space.
    program = [sys.executable, Path(sys.executable).with_name("aws")]
    command = [*program, "sts", "get-caller-identity", "--output", "json"]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": served.endpoint_url,
        "AWS_DEFAULT_REGION": served.region,
        "AWS_ACCESS_KEY_ID": account.access_key_id,
        "AWS_SECRET_ACCESS_KEY": account.secret_access_key,
    }

    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert json.loads(told.stdout)["Arn"] == f"arn:aws:iam::{account.account_id}:user/administrator"
