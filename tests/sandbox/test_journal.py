"""What was acknowledged outlives the sandbox's process."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.journal import ArchivedExecution, Journal
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}}


def _kill(sandbox: Sandbox) -> None:
    os.kill(sandbox.pid, signal.SIGKILL)


def _everything(world: World) -> dict[str, Any]:
    """All that the two accounts say of themselves."""
    found: dict[str, Any] = {}
    for side in Side:
        iam, states = world.client(side, "iam"), world.client(side, "stepfunctions")
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            found[role["Arn"]] = {
                "id": role["RoleId"],
                "created": role["CreateDate"],
                "trust": role["AssumeRolePolicyDocument"],
                "tags": iam.list_role_tags(RoleName=name)["Tags"],
                "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
                "inline": {
                    policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                },
            }
        for machine in states.list_state_machines()["stateMachines"]:
            arn = machine["stateMachineArn"]
            described = states.describe_state_machine(stateMachineArn=arn)
            described.pop("ResponseMetadata")
            found[arn] = {"machine": described, "tags": states.list_tags_for_resource(resourceArn=arn)["tags"]}
            for execution in states.list_executions(stateMachineArn=arn)["executions"]:
                execution_arn = execution["executionArn"]
                description = states.describe_execution(executionArn=execution_arn)
                description.pop("ResponseMetadata")
                history = states.get_execution_history(executionArn=execution_arn)["events"]
                as_run = states.describe_state_machine_for_execution(executionArn=execution_arn)
                as_run.pop("ResponseMetadata")
                found[execution_arn] = {"description": description, "history": history, "machine": as_run}
    return found


def test_a_killed_sandbox_comes_back_with_everything(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()
    world.operator_iam.tag_role(RoleName=world.scenario.operator_role_name, Tags=[{"Key": "lab", "Value": "one"}])
    policy = world.operator_iam.create_policy(
        PolicyName="shared", PolicyDocument=json.dumps(documents.operator_role_permissions(world.scenario))
    )["Policy"]["Arn"]
    world.operator_iam.attach_role_policy(RoleName=world.scenario.operator_role_name, PolicyArn=policy)
    assert world.run().status == "SUCCEEDED"
    before = _everything(world)

    _kill(mortal)
    again = Sandbox.start()

    assert again.pid != mortal.pid
    assert again.endpoint_url == mortal.endpoint_url
    assert again.accounts == mortal.accounts
    assert _everything(world) == before
    assert world.run().status == "SUCCEEDED"


def test_a_running_execution_is_told_as_aborted(mortal: Sandbox) -> None:
    world = World.fresh(mortal)
    world.create_role(Side.SUBJECT, world.scenario.subject_role_name)
    world.subject_states.create_state_machine(
        name=world.scenario.subject_machine_name,
        definition=json.dumps(WAITS),
        roleArn=world.scenario.subject_role_arn,
    )
    arn = world.subject_states.start_execution(stateMachineArn=world.scenario.subject_machine_arn)["executionArn"]

    _kill(mortal)
    Sandbox.start()

    outcome = world.outcome(Side.SUBJECT, arn)
    assert (outcome.status, outcome.cause) == ("ABORTED", "The sandbox ended while this execution was running.")
    assert outcome.types == ["ExecutionStarted", "ExecutionAborted"]


def test_a_deleted_role_stays_distrusted_over_a_restart(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()
    scenario = world.scenario
    world.operator_iam.delete_role_policy(
        RoleName=scenario.operator_role_name, PolicyName=documents.OPERATOR_POLICY_NAME
    )
    world.operator_iam.delete_role(RoleName=scenario.operator_role_name)

    _kill(mortal)
    Sandbox.start()

    trust = world.subject_iam.get_role(RoleName=scenario.execute_role_name)["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"]["AWS"].startswith("AROA")


def test_temporary_credentials_outlive_a_kill(mortal: Sandbox) -> None:
    """But not a reset, with which their role is gone."""
    world = World.fresh(mortal)
    name, administrator = world.scenario.operator_role_name, "arn:aws:iam::111111111111:user/administrator"
    trust = {"Effect": "Allow", "Principal": {"AWS": administrator}, "Action": "sts:AssumeRole"}
    world.operator_iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    assume = world.client(Side.OPERATOR, "sts").assume_role
    issued = assume(RoleArn=world.scenario.operator_role_arn, RoleSessionName="me")["Credentials"]
    sts = world.client_with("sts", issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])

    _kill(mortal)
    again = Sandbox.start()

    assert sts.get_caller_identity()["Arn"].endswith(f"assumed-role/{name}/me")
    again.reset()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def test_reset_gives_empty_accounts_at_the_same_address(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()

    again = mortal.reset()

    assert (again.endpoint_url, again.accounts) == (mortal.endpoint_url, mortal.accounts)
    assert _everything(world) == {}


def test_two_starts_at_once_give_one_sandbox(own_folder: SandboxFolder) -> None:
    found: list[Sandbox] = []
    threads = [threading.Thread(target=lambda: found.append(Sandbox.start())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({sandbox.pid for sandbox in found}) == 1
    assert len(found) == 4
    found[0].stop()


def test_a_deleted_machine_takes_its_executions_and_tags_along(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()
    states, arn = world.subject_states, world.scenario.subject_machine_arn
    definition = states.describe_state_machine(stateMachineArn=arn)["definition"]
    states.tag_resource(resourceArn=arn, tags=[{"key": "of", "value": "the first"}])
    states.start_execution(stateMachineArn=arn, name="one")
    states.delete_state_machine(stateMachineArn=arn)

    states.create_state_machine(
        name=world.scenario.subject_machine_name, definition=definition, roleArn=world.scenario.subject_role_arn
    )

    assert states.list_executions(stateMachineArn=arn)["executions"] == []
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == []
    _kill(mortal)
    Sandbox.start()
    assert states.list_executions(stateMachineArn=arn)["executions"] == []
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_a_running_execution_of_a_deleted_machine_leaves_nothing(world: World) -> None:
    """Its late end must not be written into a namesake's place."""
    world.build(subject_definition=WAITS)
    states, arn = world.subject_states, world.scenario.subject_machine_arn
    states.start_execution(stateMachineArn=arn, name="one")
    states.delete_state_machine(stateMachineArn=arn)
    states.create_state_machine(
        name=world.scenario.subject_machine_name,
        definition=json.dumps(documents.subject_definition(world.scenario)),
        roleArn=world.scenario.subject_role_arn,
    )

    again = states.start_execution(stateMachineArn=arn, name="one")["executionArn"]

    assert world.outcome(Side.SUBJECT, again).status == "SUCCEEDED"


def test_the_administrator_comes_back_with_its_key(mortal: Sandbox) -> None:
    """Who deletes the key that they work with can go on after a restart; nothing else is touched."""
    world = World.fresh(mortal)
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    key = mortal.accounts[Side.OPERATOR].access_key_id
    world.operator_iam.delete_access_key(UserName="administrator", AccessKeyId=key)
    world.subject_iam.update_access_key(
        UserName="administrator", AccessKeyId=mortal.accounts[Side.SUBJECT].access_key_id, Status="Inactive"
    )
    mortal.stop()

    again = Sandbox.start()

    assert again.accounts == mortal.accounts
    assert world.operator_iam.get_role(RoleName=world.scenario.operator_role_name)
    assert world.subject_iam.list_roles()["Roles"] == []


def test_a_key_of_a_deleted_user_isnt_the_next_ones(world: World) -> None:
    world.operator_iam.create_user(UserName="short-lived")
    key = world.operator_iam.create_access_key(UserName="short-lived")["AccessKey"]
    _delete_user(world, key["AccessKeyId"])
    world.operator_iam.create_user(UserName="short-lived")

    sts = world.client_with("sts", key["AccessKeyId"], key["SecretAccessKey"])

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def _delete_user(world: World, key_id: str) -> None:
    try:
        world.operator_iam.delete_user(UserName="short-lived")
    except world.operator_iam.exceptions.DeleteConflictException:
        world.operator_iam.delete_access_key(UserName="short-lived", AccessKeyId=key_id)
        world.operator_iam.delete_user(UserName="short-lived")


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 1000, 1234])
def test_any_page_of_a_history_is_that_part_of_it(tmp_path: Path, count: int) -> None:
    journal, _ = Journal.open(tmp_path / "journal.db")
    running = ArchivedExecution("arn:e", "arn:machine", "RUNNING", {"startDate": 1})
    journal.begin_execution(running, 1)
    events = [{"id": number, "text": "x" * (number % 50)} for number in range(1, count + 1)]
    journal.end_execution(replace(running, status="SUCCEEDED"), events)

    assert journal.history("arn:e") == events
    for start in (0, 1, 150, 199, 200, 350, 1100, 5000):
        for limit in (1, 100, 200, 450, 1000):
            page, told = journal.history_page("arn:e", start, limit, reverse=False)
            back, _ = journal.history_page("arn:e", start, limit, reverse=True)
            assert (page, told) == (events[start : start + limit], count)
            assert back == events[::-1][start : start + limit]
    journal.close()


def test_pages_of_executions_repeat_none_and_leave_none_out(tmp_path: Path) -> None:
    """Others begin meanwhile, some in the same millisecond."""
    journal, _ = Journal.open(tmp_path / "journal.db")

    def begin(name: str, started: int) -> None:
        journal.begin_execution(
            ArchivedExecution(f"arn:{name}", "arn:machine", "RUNNING", {"startDate": started}), started
        )

    for number in range(40):
        begin(f"e{number:02}", number // 3)
    seen: list[str] = []
    after: tuple[int, str] | None = None
    while page := journal.executions("arn:machine", after=after, limit=7):
        seen += [one.arn for one in page]
        after = (page[-1].description["startDate"], page[-1].arn)
        for number in range(5):
            begin(f"x{len(seen)}-{number}", 100 + len(seen))
    journal.close()

    assert len(seen) == len(set(seen))
    assert {f"arn:e{number:02}" for number in range(40)} <= set(seen)
