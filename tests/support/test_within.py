"""The sandbox in the test's own process: the same lab and the same words, and no way out of the process is taken."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.support.within import empty
from xsfn_helpers import Lab
from xsfn_helpers.sandbox.process.here import sandbox_here
from xsfn_helpers.sandbox.process.in_process import InProcessSandbox
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")


def test_a_lab_is_built_and_run_without_a_connection(standing_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)

    assert standing_lab.run().succeeded
    assert standing_lab.check().ok
    assert isinstance(sandbox_here().find(), InProcessSandbox)


@pytest.mark.usefixtures("over_http")
def test_one_test_of_such_a_file_can_have_the_other(standing_lab: Lab) -> None:
    (served,) = [found for found in (Sandbox.find(),) if found]

    assert standing_lab.run().succeeded
    assert standing_lab.operator.client("sts").meta.endpoint_url == served.endpoint_url
    assert sandbox_here() is Sandbox


def test_the_accounts_can_be_emptied_of_everything_but_their_administrators(standing_lab: Lab) -> None:
    sandbox = sandbox_here().find()
    assert sandbox is not None
    iam, states = standing_lab.operator.client("iam"), standing_lab.operator.client("stepfunctions")
    arn = standing_lab.operator.client("sts").get_caller_identity()["Arn"]
    assert iam.list_roles()["Roles"]

    empty(sandbox)

    assert (iam.list_roles()["Roles"], states.list_state_machines()["stateMachines"]) == ([], [])
    assert standing_lab.operator.client("sts").get_caller_identity()["Arn"] == arn
