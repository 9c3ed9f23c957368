"""A second state machine with the right external ID: denied the Operator role on every way that AWS offers to it.

The external ID binds tasks that use `Credentials`. A task that calls `aws-sdk:sts:assumeRole` itself sends any value,
so `aws:SourceArn` in the Operator role's trust policy has to keep other state machines from the role.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import fresh_names
from xsfn_helpers import Lab, open_lab
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.checks import probes, trials
from xsfn_helpers.deployment.resources import state_machine

pytestmark = pytest.mark.usefixtures("no_http")

NOT_ASSUMABLE = "nor the regional one is authorized to assume the provided role"
HARMLESS = json.dumps({"StartAt": "Nothing", "States": {"Nothing": {"Type": "Pass", "End": True}}})


@pytest.fixture(scope="module")
def complete() -> Iterator[Lab]:
    lab = open_lab(**fresh_names())
    lab.set_stage(3)
    yield lab
    lab.clean()


@pytest.fixture
def states(complete: Lab) -> Any:
    return complete.operator.client("stepfunctions")


def asks_itself(lab: Lab) -> dict[str, Any]:
    return probes.by_hand(lab.scenario, external_id=lab.scenario.external_id)


def definition(lab: Lab) -> str:
    return json.dumps({"StartAt": "Ask", "States": {"Ask": asks_itself(lab)}})


@pytest.fixture
def own_role(complete: Lab) -> Iterator[str]:
    """A role of the Operator account for state machines of any name. The execute role doesn't trust it."""
    iam = complete.operator.client("iam")
    trust = json.dumps(documents.service_trust(complete.scenario, complete.scenario.operator))
    name = f"{complete.scenario.operator_role_name[:58]}-own"
    yield iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.delete_role(RoleName=name)


@pytest.fixture
def second(complete: Lab, states: Any, own_role: str) -> Iterator[str]:
    """A second state machine that is there already, with a role of its own."""
    name = f"{complete.scenario.operator_machine_name[:70]}-second"
    arn: str = states.create_state_machine(name=name, definition=HARMLESS, roleArn=own_role)["stateMachineArn"]
    yield arn
    states.delete_state_machine(stateMachineArn=arn)


def test_it_is_denied_the_role_when_it_is_created(complete: Lab, states: Any) -> None:
    for kind in ("STANDARD", "EXPRESS"):
        with pytest.raises(ClientError, match=NOT_ASSUMABLE):
            states.create_state_machine(
                name="second", definition=definition(complete), roleArn=complete.scenario.operator_role_arn, type=kind
            )


def test_it_is_denied_the_role_when_it_is_updated(complete: Lab, states: Any, second: str) -> None:
    with pytest.raises(ClientError, match=NOT_ASSUMABLE):
        states.update_state_machine(
            stateMachineArn=second, definition=definition(complete), roleArn=complete.scenario.operator_role_arn
        )
    assert states.describe_state_machine(stateMachineArn=second)["roleArn"] != complete.scenario.operator_role_arn


def test_it_is_denied_the_role_in_teststate(complete: Lab, states: Any) -> None:
    """TestState runs a state with a role given in the call, and no state machine at all."""
    for task in (asks_itself(complete), probes.with_credentials(complete.scenario)):
        answer = states.test_state(
            definition=json.dumps(task), roleArn=complete.scenario.operator_role_arn, inspectionLevel="INFO"
        )

        assert answer["status"] == "FAILED"
        assert "output" not in answer
        assert NOT_ASSUMABLE in answer["cause"]


def test_a_role_of_its_own_is_denied_the_execute_role(complete: Lab, states: Any, second: str, own_role: str) -> None:
    """The SDK integration, with the right external ID, as a role that its own account permits but nobody trusts."""
    iam = complete.operator.client("iam")
    permission = json.dumps(documents.operator_role_permissions(complete.scenario))
    iam.put_role_policy(RoleName=own_role.rpartition("/")[2], PolicyName="p", PolicyDocument=permission)
    try:
        states.update_state_machine(stateMachineArn=second, definition=definition(complete))
        described = ended(states, second)
    finally:
        iam.delete_role_policy(RoleName=own_role.rpartition("/")[2], PolicyName="p")

    assert described["status"] == "FAILED"
    assert "is not authorized to perform: sts:AssumeRole" in described["cause"]


def test_an_alias_or_version_is_no_way_around(complete: Lab, states: Any, second: str, own_role: str) -> None:
    """Both have the role of their own state machine, and no ARN of theirs meets the condition."""
    version = states.publish_state_machine_version(stateMachineArn=second)["stateMachineVersionArn"]
    alias = states.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )["stateMachineAliasArn"]
    try:
        roles = {states.describe_state_machine(stateMachineArn=arn)["roleArn"] for arn in (version, alias)}
    finally:
        states.delete_state_machine_alias(stateMachineAliasArn=alias)

    assert roles == {own_role}
    assert not any(step_functions_may_assume(complete, arn) for arn in (version, alias))


def test_an_activity_of_the_name_is_no_state_machine(complete: Lab) -> None:
    """The condition names a state machine's ARN in full: no other resource type, region, account or name matches it."""
    arn = complete.scenario.operator_machine_arn
    others = [
        arn.replace(":stateMachine:", ":activity:"),
        arn.replace(":stateMachine:", ":express:"),
        f"{arn}:1",
        f"{arn}-2",
        arn.upper(),
        arn.replace(complete.scenario.region, "eu-west-1"),
    ]
    trust = documents.operator_role_trust(complete.scenario)
    condition = trust["Statement"][0]["Condition"]["ArnLike"]

    assert condition == {"aws:SourceArn": arn}
    assert not any(step_functions_may_assume(complete, other) for other in others)
    assert step_functions_may_assume(complete, arn)


def test_the_check_says_so_and_leaves_nothing_behind(complete: Lab, states: Any) -> None:
    answer = trials.second_machine(complete.environment)

    assert answer.refused
    assert NOT_ASSUMABLE in answer.words
    names = [machine["name"] for machine in states.list_state_machines()["stateMachines"]]
    assert not [name for name in names if name.startswith(probes.PREFIX)]


def test_whoever_may_edit_the_operator_state_machine_remains_trusted(complete: Lab) -> None:
    """The limit of the protection, as the lesson states it."""
    ending = probes.try_in_operator_machine(complete.steps.operator_machine, asks_itself(complete))

    assert ending.status == "SUCCEEDED"
    assert complete.stage(3).is_applied, "the lesson's definition is back"


def step_functions_may_assume(lab: Lab, machine_arn: str) -> bool:
    name = lab.scenario.operator_role_name
    return state_machine.step_functions_may_assume(lab.environment, Side.OPERATOR, name, machine_arn)


def ended(states: Any, machine_arn: str) -> Any:
    execution = states.start_execution(stateMachineArn=machine_arn)["executionArn"]
    for _ in range(200):
        described = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.05)
    raise AssertionError("the execution didn't end")
