"""In a room, functions run only if its instructor says so; on a sandbox of one's own, they do."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import client_with
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.settings import SandboxSettings
from xsfn_helpers.sandbox.process.state import SandboxFolder


def _made(sandbox: Sandbox) -> Any:
    """A client of Lambda, and a function `f` that gives "ran"."""
    account = sandbox.accounts[OPERATOR]
    keys = (account.access_key_id, account.secret_access_key)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("index.py", "def handler(event, context): return 'ran'")
    functions = client_with(sandbox, "lambda", *keys)
    role = client_with(sandbox, "iam", *keys).create_role(
        RoleName="r", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    functions.create_function(
        FunctionName="f", Runtime="python3.12", Handler="index.handler", Code={"ZipFile": archive.getvalue()}, Role=role
    )
    return functions


def test_functions_run_only_where_they_may(mortal: Sandbox, own_folder: SandboxFolder) -> None:
    settings = SandboxSettings(own_folder)
    functions = _made(mortal)
    settings.delay(3, [mortal.accounts[SUBJECT].account_id])
    settings.let_functions_run(False)
    with pytest.raises(ClientError, match="xsfn room serve --functions"):
        functions.invoke(FunctionName="f")
    assert settings.delays.of(mortal.accounts[SUBJECT].account_id) == 3, "the delay is another matter"

    settings.let_functions_run(True)

    assert functions.invoke(FunctionName="f")["Payload"].read() == b'"ran"'


def test_a_start_keeps_a_rooms_choice_and_ones_own_has_none(own_folder: SandboxFolder) -> None:
    own_folder.make()
    settings = SandboxSettings(own_folder)
    settings.let_functions_run(False)
    with own_folder.holding(own_folder.room_lock, seconds=5, otherwise=SandboxError("It is held.")):
        Sandbox.start().stop()
        assert not settings.runs_functions

    Sandbox.start()

    assert settings.runs_functions
