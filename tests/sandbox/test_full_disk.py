"""A disk that takes nothing more: what can't be kept isn't accepted, and says so; with room again, all goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import World
from tests.support import forks
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.server import Sandbox

resource = pytest.importorskip("resource")
needs_prlimit = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit another process")
SHORT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}


@contextmanager
def nothing_can_be_written(sandbox: Sandbox) -> Iterator[None]:
    """As on a full disk, every write of the sandbox fails."""
    soft, hard = resource.prlimit(sandbox.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(sandbox.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(sandbox.pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder on a disk of its own, of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root can mount a small disk")
    monkeypatch.setenv("XSFN_STATE_DIR", str(disk / "state"))
    try:
        yield disk
        if sandbox := Sandbox.find():
            sandbox.stop()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as stream, pytest.raises(OSError, match="No space left"):
        _write_for_ever(stream)


def _write_for_ever(stream: RawIOBase) -> None:
    while True:
        stream.write(bytes(4096))


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**params)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


@needs_prlimit
def test_a_change_that_cannot_be_kept_is_refused_and_taken_back(mortal: Sandbox) -> None:
    world = World.fresh(mortal)
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    permissions = json.dumps(documents.operator_role_permissions(world.scenario))
    change = {"RoleName": world.scenario.operator_role_name, "PolicyName": "one", "PolicyDocument": permissions}

    with nothing_can_be_written(mortal):
        code, message = refused(world.operator_iam.put_role_policy, **change)
        names = world.operator_iam.list_role_policies(RoleName=world.scenario.operator_role_name)["PolicyNames"]

    assert (code, names) == ("ServiceUnavailable", [])
    assert "nothing was changed. Free some disk space and try again." in message
    world.operator_iam.put_role_policy(**change)
    names = world.operator_iam.list_role_policies(RoleName=world.scenario.operator_role_name)["PolicyNames"]
    assert names == ["one"]


@needs_prlimit
def test_a_machine_that_cannot_be_deleted_keeps_its_executions(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()
    states, arn = world.subject_states, world.scenario.subject_machine_arn
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    before = world.outcome(Side.SUBJECT, execution)

    with nothing_can_be_written(mortal):
        code, _ = refused(states.delete_state_machine, stateMachineArn=arn)

    assert code == "ServiceUnavailableException"
    assert states.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"
    assert world.outcome(Side.SUBJECT, execution) == before


@needs_prlimit
def test_no_execution_starts_unseen_and_none_ends_unkept(mortal: Sandbox) -> None:
    """One that ends while the disk is full goes on running, for everybody who asks, until its end is kept."""
    world = World.fresh(mortal).build(subject_definition=SHORT)
    states, arn = world.subject_states, world.scenario.subject_machine_arn
    running = states.start_execution(stateMachineArn=arn, name="begun")["executionArn"]

    with nothing_can_be_written(mortal):
        code, _ = refused(states.start_execution, stateMachineArn=arn, name="refused")
        time.sleep(1.5)
        meanwhile = states.describe_execution(executionArn=running)["status"]

    assert (code, meanwhile) == ("ServiceUnavailableException", "RUNNING")
    assert world.outcome(Side.SUBJECT, running).status == "SUCCEEDED"
    names = [execution["name"] for execution in states.list_executions(stateMachineArn=arn)["executions"]]
    assert names == ["begun"]


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    """Denied while it is full, also over a kill; nothing lost; and a new start says why it can't."""
    sandbox = Sandbox.start()
    world = World.fresh(sandbox).build()
    assert world.run().status == "SUCCEEDED"
    fill(small_disk)

    code, message = "", ""
    for number in range(100):  # what the journal's file has room for still goes in
        try:
            world.operator_iam.create_role(
                RoleName=f"one-more-{number}",
                AssumeRolePolicyDocument=json.dumps(documents.service_trust(world.scenario, world.scenario.operator)),
            )
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            break
    kept = [role["RoleName"] for role in world.operator_iam.list_roles()["Roles"]]
    sandbox.stop()
    fill(small_disk)  # ending may have left room, by tidying up the journal
    with pytest.raises(SandboxError, match=r"(No space left on device|disk is full).*disk"):
        Sandbox.start()
    (small_disk / "filler").unlink()
    Sandbox.start()

    assert (code, "database or disk is full" in message) == ("ServiceUnavailable", True)
    assert kept == [role["RoleName"] for role in world.operator_iam.list_roles()["Roles"]]
    assert world.run().status == "SUCCEEDED"


def test_the_command_line_tells_a_full_disk_in_one_sentence(small_disk: Path) -> None:
    fill(small_disk)

    told = forks.run([sys.executable, "-m", "xsfn_helpers", "sandbox", "start"], capture_output=True, text=True)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"xsfn: {small_disk}/state")
    assert "No space left on device. Free some disk space." in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_start_that_fails_leaves_no_half_written_file(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(SandboxError, match="No space left on device"):
        Sandbox.start()

    assert [path.name for path in (small_disk / "state").glob("process.*")] == []
