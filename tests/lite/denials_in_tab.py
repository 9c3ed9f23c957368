"""The `conftest.py` of the sandbox's own tests of denials where they run in a browser tab: boto3 alone, no socket."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from tests.sandbox import test_denials
from tests.sandbox.world import World
from xsfn_helpers.sandbox.process.here import sandbox_here
from xsfn_helpers.sandbox.process.server import Sandbox


def client_with(sandbox: Sandbox, service: str, key_id: str, secret: str, token: str | None = None) -> Any:
    """A client of boto3's whose signed requests are handed over to the tab's own sandbox."""
    core = botocore.session.Session()
    core.get_component("event_emitter").register_first("before-send", sandbox.transport)
    return boto3.session.Session(botocore_session=core).client(
        service,
        endpoint_url=sandbox.endpoint_url,
        region_name=sandbox.region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
    )


def post(sandbox: Sandbox, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """A request as it stands, signed or not, through the same door."""
    assert sandbox.transport is not None
    answer = sandbox.transport(AWSPreparedRequest("POST", f"{sandbox.endpoint_url}/", headers, body, False))
    return answer.status_code, answer.text


@pytest.fixture
def no_http() -> None:
    """What the tests ask for elsewhere; a tab has no HTTP to spare."""


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    return sandbox_here().start()


@pytest.fixture
def served(sandbox: Sandbox) -> Sandbox:
    """The one that is asked as it stands: here the same."""
    return sandbox


@pytest.fixture
def any_world(sandbox: Sandbox) -> World:
    return World.fresh(sandbox, client_with)


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_denials, "_post", post)
