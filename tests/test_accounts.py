"""Sandbox accounts: one session and one set of clients per side, apart from the reader's own AWS set-up."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from xsfn_helpers import Side, open_lab
from xsfn_helpers.accounts import SandboxAccounts
from xsfn_helpers.sandbox.server import Sandbox
from xsfn_helpers.sandbox.state import SandboxAccount


@pytest.fixture
def sandbox() -> Sandbox:
    open_lab()
    found = Sandbox.find()
    assert found is not None
    return found


@pytest.mark.parametrize("side", Side)
def test_each_side_acts_in_its_own_account(sandbox: Sandbox, side: Side) -> None:
    identity = SandboxAccounts(sandbox).client(side, "sts").get_caller_identity()

    assert identity["Account"] == sandbox.accounts[side].account_id


def test_a_client_is_made_once(sandbox: Sandbox) -> None:
    accounts = SandboxAccounts(sandbox)

    assert accounts.client(Side.SUBJECT, "iam") is accounts.client(Side.SUBJECT, "iam")
    assert accounts.client(Side.SUBJECT, "iam") is not accounts.client(Side.OPERATOR, "iam")


def test_a_client_made_from_the_session_goes_to_the_sandbox_too(sandbox: Sandbox) -> None:
    client = SandboxAccounts(sandbox).session(Side.OPERATOR).client("iam")

    assert client.meta.endpoint_url == sandbox.endpoint_url


def test_no_key_is_shown(sandbox: Sandbox) -> None:
    accounts = SandboxAccounts(sandbox)
    shown = repr(accounts) + repr(accounts.session(Side.OPERATOR)) + repr(open_lab()) + repr(open_lab().operator)

    for account in sandbox.accounts.values():
        assert account.access_key_id not in shown
        assert account.secret_access_key not in shown


def test_the_readers_own_aws_settings_take_no_part(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale profile would be an error, a proxy or an endpoint would send the call elsewhere."""
    monkeypatch.setenv("AWS_PROFILE", "left-over")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")

    identity = SandboxAccounts(sandbox).client(Side.OPERATOR, "sts").get_caller_identity()

    assert identity["Account"] == sandbox.accounts[Side.OPERATOR].account_id


class _NobodyThere:
    """What SandboxAccounts needs of a sandbox, at an address where nobody listens."""

    def __init__(self) -> None:
        self.endpoint_url = "http://127.0.0.1:9"
        self.region = "ap-northeast-1"
        self.accounts = {side: SandboxAccount("1" * 12, "AKIAIOSFODNN7EXAMPLE", "secret") for side in Side}


def test_a_sandbox_that_is_gone_is_told_soon() -> None:
    client = SandboxAccounts(_NobodyThere()).client(Side.OPERATOR, "iam")  # type: ignore[arg-type]

    with pytest.raises(EndpointConnectionError):
        client.list_roles()
