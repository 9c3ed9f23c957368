"""The sandbox answers in AWS's English, and what keeps it from starting is told in its reader's language."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.language.prose import english_in
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import speaking
from xsfn_helpers.sandbox.assumptions import NotEstablished
from xsfn_helpers.sandbox.process.server import Sandbox


@pytest.fixture
def japanese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A state folder of the test's own, of somebody who reads Japanese."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XSFN_LANG", "ja")
    yield
    if sandbox := Sandbox.find():
        sandbox.stop()


def test_its_answers_are_those_of_aws(japanese: None) -> None:
    sandbox = Sandbox.start()
    account = sandbox.accounts[Side.OPERATOR]
    iam = boto3.client(
        "iam",
        endpoint_url=sandbox.endpoint_url,
        region_name=sandbox.region,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
    )
    with pytest.raises(ClientError) as told:
        iam.create_role(RoleName="role", AssumeRolePolicyDocument='{"Statement": [,]}')
    assert told.value.response["Error"]["Message"].isascii()
    with pytest.raises(ClientError) as told:
        iam.simulate_custom_policy(PolicyInputList=["{}"], ActionNames=["s3:GetObject"])
    assert told.value.response["Error"]["Message"].isascii()


def test_what_keeps_it_from_starting_is_told_in_japanese(japanese: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(SandboxError) as told:
        Sandbox.start(port=listener.getsockname()[1])
    assert told.value.what.endswith("は別のプログラムが使っています。")
    assert not english_in(str(told.value))


def test_the_points_that_are_not_established() -> None:
    told = NotEstablished.everything()
    with speaking("ja"):
        assert not english_in(str(told))
        assert "| 確認できていない点 | サンドボックスの動作 |" in told._repr_mimebundle_()["text/markdown"]
