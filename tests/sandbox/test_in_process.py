"""The sandbox in the program's own process, as a browser tab has it: the same lab, without a process and a socket.

In processes of the tests' own, for there is one such sandbox in each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# As in a browser tab: no listener is to be had, nor anybody to connect to.
FIRST = """
import json, socket
from xsfn_helpers.common import browser

def refused(*_, **__):
    raise AssertionError("a socket was opened")

socket.socket.connect = socket.socket.bind = refused
browser.in_browser = lambda: True

from xsfn_helpers.lab.map import telling

telling.tell_the_page = lambda: None  # there is no page

from xsfn_helpers import attempt, open_lab
from xsfn_helpers.aws.settings import load_settings
from xsfn_helpers.common.errors import SandboxError, XsfnError
from xsfn_helpers.lab.opening import own_sandbox
from xsfn_helpers.sandbox.process.here import sandbox_here

lab = open_lab()
lab.prepare()
for stage in (1, 2, 3):
    lab.stage(stage).apply()
run = lab.run()
report = lab.check()
said = {"status": run.status, "checks": [check.passed for check in report.checks], "arn": run.operator_execution_arn}
try:
    lab.subject.client("iam").get_role(RoleName="nobody")
except Exception as error:
    said["refusal"] = str(error)
try:
    own_sandbox(load_settings({"operator_account_id": "333333333333"}))
except XsfnError as error:
    said["other accounts"] = error.what
try:
    sandbox_here().start(port=4566)
except SandboxError as error:
    said["port"] = error.what
place = sandbox_here().find()
said["further"] = [*place.add_accounts(["444444444444"])]
said["url"] = place.endpoint_url
print(json.dumps(said))
"""
AGAIN = """
import json
from xsfn_helpers.common import browser

browser.in_browser = lambda: True

from xsfn_helpers.lab.map import telling

telling.tell_the_page = lambda: None  # there is no page

from xsfn_helpers import open_lab
from xsfn_helpers.sandbox.process.here import sandbox_here

lab = open_lab()
states = lab.operator.client("stepfunctions")
iam = lab.operator.client("iam")
said = {
    "executions": [one["executionArn"] for one in states.list_executions(
        stateMachineArn=lab.scenario.operator_machine_arn)["executions"]],
    "further": [*sandbox_here().find().further],
    "checks": [check.passed for check in lab.check().checks],
}
key = lab.operator.client("sts").get_caller_identity()["UserId"]
sandbox_here().find().reset()
said["roles"] = iam.list_roles()["Roles"]
said["machines"] = states.list_state_machines()["stateMachines"]
said["same administrator"] = lab.operator.client("sts").get_caller_identity()["UserId"] == key
print(json.dumps(said))
"""


def told(program: str, folder: Path) -> dict[str, Any]:
    environment = {**os.environ, "XSFN_STATE_DIR": str(folder), "XSFN_LANG": "ja"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("in-process") / "state"


@pytest.fixture(scope="module")
def first(folder: Path) -> dict[str, Any]:
    return told(FIRST, folder)


@pytest.fixture(scope="module")
def again(folder: Path, first: dict[str, Any]) -> dict[str, Any]:
    return told(AGAIN, folder)


def test_the_walkthrough_succeeds_and_every_check_holds(first: dict[str, Any]) -> None:
    assert first["status"] == "SUCCEEDED"
    assert first["checks"] == [True] * 25


def test_aws_answers_in_english_there_too(first: dict[str, Any]) -> None:
    assert "The role with name nobody cannot be found." in first["refusal"]


def test_what_it_cannot_be_asked_for_is_told(first: dict[str, Any]) -> None:
    assert "333333333333" in first["other accounts"]
    assert first["port"]


def test_its_address_is_a_name_that_leads_nowhere(first: dict[str, Any]) -> None:
    assert first["url"] == "http://sandbox.internal"


def test_the_next_process_stands_where_this_one_stood(first: dict[str, Any], again: dict[str, Any]) -> None:
    assert first["arn"] in again["executions"]
    assert again["further"] == first["further"] == ["444444444444"]
    assert again["checks"] == [True] * 25


def test_a_reset_empties_the_accounts_and_keeps_their_keys(again: dict[str, Any]) -> None:
    assert (again["roles"], again["machines"]) == ([], [])
    assert again["same administrator"]
