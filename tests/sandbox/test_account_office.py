"""Accounts opened and emptied while the sandbox runs."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.pairs import PairWorld, pair, trusting
from tests.sandbox.world import client_with
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.journal import AS_RUN, Journal
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
IDS = ("700000010001", "700000010002")


def _killed(sandbox: Sandbox) -> Sandbox:
    os.kill(sandbox.pid, signal.SIGKILL)
    folder = SandboxFolder.default()
    while folder.is_held():
        time.sleep(0.01)
    return Sandbox.start()


def _refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


class TestAdding:
    def test_an_execution_that_runs_goes_on(self, mortal: Sandbox) -> None:
        first = pair(mortal, 1).build(subject_definition=WAIT)
        arn = first.subject_states.start_execution(stateMachineArn=first.scenario.subject_machine_arn)["executionArn"]

        second = pair(mortal, 2).build()

        assert second.run().status == "SUCCEEDED"
        assert first.subject_states.describe_execution(executionArn=arn)["status"] == "RUNNING"
        assert Sandbox.start().pid == mortal.pid

    def test_a_start_that_wants_more_opens_them(self, mortal: Sandbox) -> None:
        found = Sandbox.start(SandboxConfig(further_account_ids=IDS))

        assert (found.pid, tuple(found.further)) == (mortal.pid, IDS)

    def test_they_are_there_after_a_kill_with_what_they_have(self, mortal: Sandbox) -> None:
        world = pair(mortal, 1).build()
        keys = dict(mortal.further)

        again = _killed(mortal)

        assert dict(again.further) == keys
        assert world.run().status == "SUCCEEDED"

    def test_one_that_has_ended_is_started_again(self, mortal: Sandbox) -> None:
        mortal.stop()

        assert tuple(mortal.add_accounts(IDS)) == IDS
        assert tuple(Sandbox.start().further) == IDS

    def test_those_that_are_there_are_given_too(self, mortal: Sandbox) -> None:
        before = mortal.add_accounts(IDS[:1])
        own = mortal.accounts[Side.OPERATOR]

        assert mortal.add_accounts([own.account_id, *IDS])[IDS[0]] == before[IDS[0]]
        assert tuple(mortal.further) == IDS

    def test_a_key_that_was_kept_but_not_noted_in_the_folder_is_the_accounts_key(self, mortal: Sandbox) -> None:
        """Killed between the journal and the state folder."""
        before = mortal.add_accounts(IDS)
        mortal.stop()
        folder = SandboxFolder.default()
        noted = json.loads(folder.file.read_text())
        folder.file.write_text(json.dumps({**noted, "further": []}))

        assert Sandbox.start().add_accounts(IDS) == before

    def test_strangers_cant_reach_each_other(self, mortal: Sandbox) -> None:
        mine, theirs = pair(mortal, 1).build(), pair(mortal, 2).build()
        sts, iam = mine.client(Side.OPERATOR, "sts"), mine.client(Side.OPERATOR, "iam")
        states = mine.operator_states
        machine = theirs.scenario.subject_machine_arn

        assert (
            _refused(
                sts.assume_role,
                RoleArn=theirs.scenario.execute_role_arn,
                RoleSessionName="stranger",
                ExternalId=machine,
            )
            == "AccessDenied"
        )
        assert _refused(states.start_execution, stateMachineArn=machine) == "AccessDeniedException"
        assert _refused(states.describe_state_machine, stateMachineArn=machine) == "AccessDeniedException"
        names = {role["Arn"] for role in iam.list_roles()["Roles"]}
        assert not [name for name in names if theirs.scenario.operator_account_id in name]


class TestEmptying:
    def test_nothing_is_left_but_the_administrator(self, mortal: Sandbox) -> None:
        world = _full(pair(mortal, 1))
        assert all(_had(world).values())

        mortal.empty_accounts(world.ids)

        assert not any(_had(world).values()), _had(world)
        for side in Side:
            [user] = world.client(side, "iam").list_users()["Users"]
            assert user["UserName"] == "administrator"
        assert world.build().run().status == "SUCCEEDED"

    def test_another_account_keeps_everything(self, mortal: Sandbox) -> None:
        one, other = _full(pair(mortal, 1)), _full(pair(mortal, 2))
        before = _had(other)
        arn = other.subject_states.start_execution(stateMachineArn=other.scenario.subject_machine_arn)["executionArn"]

        mortal.empty_accounts(one.ids)

        assert _had(other) == before
        assert other.outcome(Side.SUBJECT, arn).status == "SUCCEEDED"
        assert other.run().status == "SUCCEEDED"

    def test_what_runs_is_stopped_and_forgotten(self, mortal: Sandbox) -> None:
        world = pair(mortal, 1).build(subject_definition=WAIT)
        child = world.subject_states.start_execution(stateMachineArn=world.scenario.subject_machine_arn)["executionArn"]
        world.operator_states.start_execution(stateMachineArn=world.scenario.operator_machine_arn)

        mortal.empty_accounts(world.ids)
        world.build()

        assert _refused(world.subject_states.describe_execution, executionArn=child) == "ExecutionDoesNotExist"
        assert world.subject_executions() == []
        assert _killed(mortal).find() is not None
        assert world.subject_executions() == []

    def test_what_is_being_started_meanwhile_is_gone_too(self, mortal: Sandbox) -> None:
        world = pair(mortal, 1).build(subject_definition=WAIT)
        machine = world.scenario.subject_machine_arn
        refusals: list[str] = []

        def start_until_refused() -> None:
            while not refusals:
                try:
                    world.subject_states.start_execution(stateMachineArn=machine)
                except ClientError as error:
                    refusals.append(error.response["Error"]["Code"])

        starters = [threading.Thread(target=start_until_refused) for _ in range(4)]
        for starter in starters:
            starter.start()
        time.sleep(0.5)
        mortal.empty_accounts(world.ids)
        for starter in starters:
            starter.join(120)

        assert set(refusals) == {"StateMachineDoesNotExist"}
        mortal.stop()
        journal, _ = Journal.open(SandboxFolder.default().journal)
        assert journal.executions(machine) == []
        assert journal.keys(AS_RUN, machine) == []
        journal.close()

    @pytest.mark.parametrize("when", ["at once", "after a kill"])
    def test_a_session_that_was_issued_is_nobody_any_more(self, mortal: Sandbox, when: str) -> None:
        world = pair(mortal, 1)
        trusted = f"arn:aws:iam::{world.ids[0]}:root"
        keys = world.assume(Side.OPERATOR, "lent", principal=trusted)
        session = client_with(mortal, "sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        assert session.get_caller_identity()["Account"] == world.ids[0]

        mortal.empty_accounts(world.ids)
        if when == "after a kill":
            _killed(mortal)
        world.client(Side.OPERATOR, "iam").create_role(RoleName="lent", AssumeRolePolicyDocument=trusting(trusted))

        assert _refused(session.get_caller_identity) == "InvalidClientTokenId"

    def test_at_once_even_where_changes_take_a_while_to_count(self, mortal: Sandbox) -> None:
        world = pair(mortal, 1)
        keys = world.assume(Side.OPERATOR, "lent", principal=f"arn:aws:iam::{world.ids[0]}:root")
        mortal.delay_propagation(60)
        world.client(Side.OPERATOR, "iam").update_role(RoleName="lent", Description="noted")

        mortal.empty_accounts(world.ids)

        session = client_with(mortal, "sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        assert _refused(session.get_caller_identity) == "InvalidClientTokenId"

    def test_who_was_trusted_by_name_isnt_trusted_when_made_again(self, mortal: Sandbox) -> None:
        """As with every role that is deleted."""
        world = pair(mortal, 1)
        world.create_role(Side.OPERATOR, "friend")
        friend = f"arn:aws:iam::{world.ids[0]}:role/friend"
        subject = world.client(Side.SUBJECT, "iam")
        subject.create_role(RoleName="host", AssumeRolePolicyDocument=trusting(friend))

        mortal.empty_accounts(world.ids[:1])

        trust = subject.get_role(RoleName="host")["Role"]["AssumeRolePolicyDocument"]
        assert trust["Statement"][0]["Principal"]["AWS"].startswith("AROA")

    def test_an_administrator_who_gave_up_their_own_rights_has_them_back(self, mortal: Sandbox) -> None:
        world = pair(mortal, 1)
        iam = world.client(Side.OPERATOR, "iam")
        before = iam.get_user(UserName="administrator")["User"]["UserId"]
        iam.put_user_policy(
            UserName="administrator",
            PolicyName="locked-out",
            PolicyDocument=_ALLOWED.replace("Allow", "Deny").replace("s3:*", "*"),
        )
        assert _refused(iam.list_roles) == "AccessDenied"

        mortal.empty_accounts(world.ids)

        assert iam.list_roles()["Roles"] == []
        assert iam.get_user(UserName="administrator")["User"]["UserId"] == before

    def test_it_survives_a_kill(self, mortal: Sandbox) -> None:
        world = _full(pair(mortal, 1))
        keys = dict(mortal.further)
        mortal.empty_accounts(world.ids)

        again = _killed(mortal)

        assert dict(again.further) == keys
        assert not any(_had(world).values()), _had(world)

    def test_one_that_was_cut_off_is_brought_to_its_end(self, mortal: Sandbox) -> None:
        """The journal as a kill leaves it after the note and before anything else."""
        world, other = _full(pair(mortal, 1)), _full(pair(mortal, 2))
        before = _had(other)
        mortal.stop()
        _note_emptying(SandboxFolder.default(), world.ids)

        Sandbox.start()

        assert not any(_had(world).values()), _had(world)
        assert _had(other) == before

    def test_a_stack_that_is_being_made_makes_no_more(self, mortal: Sandbox) -> None:
        world = pair(mortal, 1)
        mortal.delay_propagation(2)  # a machine waits for its role to be seen
        stacks = world.client(Side.OPERATOR, "cloudformation")
        stacks.create_stack(StackName="slow", TemplateBody=json.dumps(_TEMPLATE), Capabilities=["CAPABILITY_NAMED_IAM"])

        mortal.empty_accounts(world.ids)
        time.sleep(2.5)

        assert stacks.list_stacks()["StackSummaries"] == []
        assert world.operator_iam.list_roles()["Roles"] == []
        assert world.operator_states.list_state_machines()["stateMachines"] == []


_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    },
}
_TEMPLATE = {
    "Resources": {
        "Role": _ROLE,
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "DefinitionString": json.dumps({"StartAt": "End", "States": {"End": {"Type": "Pass", "End": True}}}),
            },
        },
    }
}


def _full(world: PairWorld) -> PairWorld:
    """Something of everything in the Operator account, and the article's setup in both."""
    world.build()
    assert world.run().status == "SUCCEEDED"
    name = f"thing-{world.ids[0]}"
    world.operator_iam.create_policy(PolicyName=name, PolicyDocument=_ALLOWED)
    world.operator_iam.create_group(GroupName=name)
    world.operator_iam.create_user(UserName=name)
    world.operator_iam.create_access_key(UserName=name)
    world.operator_states.create_activity(name=name)
    client = {service: world.client(Side.OPERATOR, service) for service in ("cloudformation", "dynamodb", "s3", "sqs")}
    client["cloudformation"].create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": {"Role": _ROLE}}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    client["dynamodb"].create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client["dynamodb"].put_item(TableName=name, Item={"k": {"S": "1"}})
    client["s3"].create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": world.sandbox.region})
    client["s3"].put_object(Bucket=name, Key="a/b", Body=b"text")
    client["sqs"].create_queue(QueueName=name)
    return world


_ALLOWED = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def _had(world: PairWorld) -> dict[str, list[str]]:
    """Names of what is in the pair's accounts, by kind; of the administrator only what isn't theirs from the start."""
    iam, states = world.operator_iam, world.operator_states
    table = f"thing-{world.ids[0]}"
    sqs, dynamodb, s3 = (world.client(Side.OPERATOR, one) for one in ("sqs", "dynamodb", "s3"))
    machine = world.scenario.operator_machine_arn
    return {
        "roles": [one["RoleName"] for side in Side for one in world.client(side, "iam").list_roles()["Roles"]],
        "policies": [one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]],
        "groups": [one["GroupName"] for one in iam.list_groups()["Groups"]],
        "users": [one["UserName"] for one in iam.list_users()["Users"] if one["UserName"] != "administrator"],
        "machines": [
            one["name"]
            for side in Side
            for one in world.client(side, "stepfunctions").list_state_machines()["stateMachines"]
        ],
        "activities": [one["name"] for one in states.list_activities()["activities"]],
        "executions": _or_none(lambda: states.list_executions(stateMachineArn=machine)["executions"], "name"),
        "stacks": [
            one["StackName"] for one in world.client(Side.OPERATOR, "cloudformation").list_stacks()["StackSummaries"]
        ],
        "tables": list(dynamodb.list_tables()["TableNames"]),
        "items": _or_none(lambda: [dynamodb.get_item(TableName=table, Key={"k": {"S": "1"}})["Item"]["k"]], "S"),
        "buckets": [one["Name"] for one in s3.list_buckets()["Buckets"]],
        "objects": _or_none(lambda: s3.list_objects_v2(Bucket=table)["Contents"], "Key"),
        "queues": _or_none(lambda: [sqs.get_queue_url(QueueName=table)], "QueueUrl"),
    }


def _or_none(found: Callable[[], list[dict[str, Any]]], name: str) -> list[str]:
    try:
        return [one[name] for one in found()]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return []


_MISSING = {
    "StateMachineDoesNotExist",
    "ResourceNotFoundException",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}


def _note_emptying(folder: SandboxFolder, account_ids: tuple[str, ...]) -> None:
    journal, _ = Journal.open(folder.journal)
    journal.put("emptying", "", list(account_ids))
    journal.close()
