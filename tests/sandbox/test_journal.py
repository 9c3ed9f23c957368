"""What was acknowledged outlives the sandbox's process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import World
from xsfn_helpers import documents
from xsfn_helpers.errors import SandboxError
from xsfn_helpers.sandbox.journal import ArchivedExecution, Journal, NameTaken
from xsfn_helpers.sandbox.server import Sandbox
from xsfn_helpers.sandbox.state import StateFolder
from xsfn_helpers.scenario import Side


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    """A state folder of the test's own, so that its sandbox can be killed."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    return StateFolder.default()


@pytest.fixture
def mortal(own_folder: StateFolder) -> Any:
    yield Sandbox.start()
    if sandbox := Sandbox.find():
        sandbox.stop()


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
                found[execution_arn] = {"description": description, "history": history}
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
    waits = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}}
    world = World.fresh(mortal)
    world.create_role(Side.SUBJECT, world.scenario.subject_role_name)
    world.subject_states.create_state_machine(
        name=world.scenario.subject_machine_name,
        definition=json.dumps(waits),
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


def test_reset_gives_empty_accounts_at_the_same_address(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()

    again = mortal.reset()

    assert (again.endpoint_url, again.accounts) == (mortal.endpoint_url, mortal.accounts)
    assert _everything(world) == {}


def test_an_unreadable_journal_is_set_aside_and_told(mortal: Sandbox, own_folder: StateFolder) -> None:
    World.fresh(mortal).build()
    mortal.stop()
    own_folder.journal.write_bytes(b"this is not a database, " * 400)

    again = Sandbox.start()

    kept = list(own_folder.path.glob("journal.db.unreadable-*"))
    assert [path.read_bytes()[:22] for path in kept] == [b"this is not a database"]
    assert again.notice.startswith("The sandbox's journal couldn't be read")
    assert kept[0].name in again.notice


def test_two_starts_at_once_give_one_sandbox(own_folder: StateFolder) -> None:
    found: list[Sandbox] = []
    threads = [threading.Thread(target=lambda: found.append(Sandbox.start())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({sandbox.pid for sandbox in found}) == 1
    assert len(found) == 4
    found[0].stop()


def test_a_full_disk_refuses_the_change_and_takes_it_back(mortal: Sandbox, own_folder: StateFolder) -> None:
    """Another process holds SQLite's write lock: to the sandbox it looks like any disk that can't be written."""
    world = World.fresh(mortal)
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    blocker = sqlite3.connect(own_folder.journal, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(ClientError) as error:
            world.operator_iam.put_role_policy(
                RoleName=world.scenario.operator_role_name,
                PolicyName="one",
                PolicyDocument=json.dumps(documents.operator_role_permissions(world.scenario)),
            )
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()

    assert error.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert "nothing was changed" in error.value.response["Error"]["Message"]
    names = world.operator_iam.list_role_policies(RoleName=world.scenario.operator_role_name)["PolicyNames"]
    assert names == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))

    with pytest.raises(SandboxError, match="can't be used"):
        Sandbox.start()


def test_a_state_folder_that_is_a_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("")
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))

    with pytest.raises(SandboxError, match="can't be used"):
        Sandbox.start()


def test_keys_and_journal_are_the_owners_alone(mortal: Sandbox, own_folder: StateFolder) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in own_folder.path.iterdir()}

    assert own_folder.path.stat().st_mode & 0o777 == 0o700
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert "journal.db" in modes


def test_one_name_is_one_execution(tmp_path: Path) -> None:
    journal, notice = Journal.open(tmp_path / "journal.db")
    execution = ArchivedExecution("arn:1", "arn:m", "RUNNING", {"name": "one"})
    journal.begin_execution(execution, 1)

    with pytest.raises(NameTaken):
        journal.begin_execution(execution, 2)

    assert notice == ""
    assert journal.running() == [execution]
    journal.close()
