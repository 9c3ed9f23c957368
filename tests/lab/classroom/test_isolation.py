"""Two participants are strangers: one's keys are denied on the other's things, in every service, in IAM's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from xsfn_helpers.chain import targets
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.lab.classroom.participant_lab import lab_of
from xsfn_helpers.lab.classroom.people import Participant, ParticipantProgress
from xsfn_helpers.lab.lab import Lab
from xsfn_helpers.sandbox.process.server import Sandbox

# What AWS answers a stranger who asks for a thing by its name: what it is called, not that it is there.
_REFUSALS = ("AccessDenied", "AccessDeniedException")


def _lab(number: int) -> Lab:
    return lab_of(Sandbox.start(), Participant(number, f"person {number}", 0.0, 0.0, ParticipantProgress()))


@pytest.fixture(scope="module")
def theirs() -> Iterator[Lab]:
    """Somebody who has built everything, and something in each service."""
    lab = _lab(90_001)
    lab.set_stage(3)
    reach = lab.calls_to(*_targets(lab))
    reach.apply()
    yield lab
    reach.clean()
    lab.clean()


@pytest.fixture(scope="module")
def mine() -> Lab:
    return _lab(90_002)


def _targets(lab: Lab) -> tuple[targets.Target, ...]:
    scenario = lab.scenario
    return (
        targets.function(scenario),
        targets.table(scenario),
        targets.bucket(scenario),
        targets.queue(scenario),
    )


def _calls(lab: Lab, other: Lab, side: Side) -> dict[str, Callable[[], Any]]:
    """What `lab`'s administrator on this side asks of what is `other`'s, by service."""
    client = partial(lab.environment.accounts.client, side)
    their, region = other.scenario, other.scenario.region
    account = their.subject_account_id
    states, table = client("stepfunctions"), f"arn:aws:dynamodb:{region}:{account}:table/subject-table"
    bucket = targets.bucket_name(their)
    queue = f"{client('sqs').meta.endpoint_url}/{account}/subject-queue"
    function = f"arn:aws:lambda:{region}:{account}:function:subject-function"
    stack = f"arn:aws:cloudformation:{region}:{account}:stack/theirs/11111111-1111-4111-8111-111111111111"
    return {
        "sts.assume_role": lambda: client("sts").assume_role(
            RoleArn=their.execute_role_arn, RoleSessionName="stranger", ExternalId=their.external_id
        ),
        "iam.get_policy": lambda: client("iam").get_policy(PolicyArn=f"arn:aws:iam::{account}:policy/theirs"),
        "states.start_execution": lambda: states.start_execution(stateMachineArn=their.subject_machine_arn),
        "states.describe_state_machine": lambda: states.describe_state_machine(
            stateMachineArn=their.subject_machine_arn
        ),
        "states.update_state_machine": lambda: states.update_state_machine(
            stateMachineArn=their.subject_machine_arn,
            definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
        ),
        "states.delete_state_machine": lambda: states.delete_state_machine(stateMachineArn=their.operator_machine_arn),
        "lambda.invoke": lambda: client("lambda").invoke(FunctionName=function, Payload=b"{}"),
        "dynamodb.put_item": lambda: client("dynamodb").put_item(TableName=table, Item={"id": {"S": "x"}}),
        "dynamodb.get_item": lambda: client("dynamodb").get_item(TableName=table, Key={"id": {"S": "x"}}),
        "s3.put_object": lambda: client("s3").put_object(Bucket=bucket, Key="x", Body=b"x"),
        "s3.get_object": lambda: client("s3").get_object(Bucket=bucket, Key="x"),
        "sqs.send_message": lambda: client("sqs").send_message(QueueUrl=queue, MessageBody="x"),
        "sqs.receive_message": lambda: client("sqs").receive_message(QueueUrl=queue),
        "cloudformation.describe_stacks": lambda: client("cloudformation").describe_stacks(StackName=stack),
        "cloudformation.delete_stack": lambda: client("cloudformation").delete_stack(StackName=stack),
    }


_NAMES = (
    "sts.assume_role",
    "iam.get_policy",
    "states.start_execution",
    "states.describe_state_machine",
    "states.update_state_machine",
    "states.delete_state_machine",
    "lambda.invoke",
    "dynamodb.put_item",
    "dynamodb.get_item",
    "s3.put_object",
    "s3.get_object",
    "sqs.send_message",
    "sqs.receive_message",
    "cloudformation.describe_stacks",
    "cloudformation.delete_stack",
)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", _NAMES)
def test_a_neighbours_keys_are_refused(theirs: Lab, mine: Lab, name: str, side: Side) -> None:
    calls = _calls(mine, theirs, side)
    assert set(calls) == set(_NAMES)
    with pytest.raises(ClientError) as refusal:
        calls[name]()

    assert refusal.value.response["Error"]["Code"] in _REFUSALS, refusal.value


def test_the_owner_is_let_in_where_the_neighbour_isnt(theirs: Lab) -> None:
    """What is denied above isn't denied because it isn't there."""
    calls = _calls(theirs, theirs, Side.SUBJECT)
    for name in (
        "states.describe_state_machine",
        "lambda.invoke",
        "dynamodb.put_item",
        "s3.put_object",
        "sqs.send_message",
    ):
        calls[name]()


def test_nobody_sees_the_neighbours_things_in_a_list(theirs: Lab, mine: Lab) -> None:
    their_ids = {theirs.scenario.operator_account_id, theirs.scenario.subject_account_id}
    for side in Side:
        client = partial(mine.environment.accounts.client, side)
        listed = [
            client("iam").list_roles()["Roles"],
            client("stepfunctions").list_state_machines()["stateMachines"],
        ]
        text = json.dumps(listed, default=str)
        assert not any(one in text for one in their_ids)


def test_keys_are_of_no_use_with_anothers_id(theirs: Lab, mine: Lab) -> None:
    """One's own administrator in somebody else's name: the signature is checked against the key that it names."""
    keys = {side: mine.environment.accounts.session(side).get_credentials() for side in Side}
    theirs_key = theirs.environment.accounts.session(Side.SUBJECT).get_credentials()
    forged = mine.environment.accounts.session(Side.SUBJECT).client(
        "sts", aws_access_key_id=theirs_key.access_key, aws_secret_access_key=keys[Side.SUBJECT].secret_key
    )
    with pytest.raises(ClientError) as refusal:
        forged.get_caller_identity()

    assert refusal.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
