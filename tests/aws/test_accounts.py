"""Sandbox accounts: one session and one set of clients per side, apart from the reader's own AWS setup."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from xsfn_helpers import Lab, Side, open_lab
from xsfn_helpers.aws.propagation import Pace
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.server import Sandbox


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


class TestASandboxThatEnded:
    """Killed, or the machine was restarted: the next call finds it again, with everything it had acknowledged."""

    @pytest.fixture
    def lab(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
        monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path))
        lab = open_lab()
        lab.set_stage(3)
        yield lab
        if sandbox := Sandbox.find():
            sandbox.stop()

    @pytest.mark.parametrize("end", ["kill -9", "stop"])
    def test_comes_back_at_the_next_call(self, lab: Lab, end: str) -> None:
        sandbox = Sandbox.find()
        assert sandbox is not None
        if end == "stop":
            sandbox.stop()
        else:
            os.kill(sandbox.pid, signal.SIGKILL)
        again = str(lab.status())
        found = Sandbox.find()

        assert found is not None
        assert found.pid != sandbox.pid
        assert "not applied" not in again
        assert lab.run().succeeded

    def test_at_another_address_it_says_what_to_do(self, lab: Lab) -> None:
        sandbox = Sandbox.find()
        assert sandbox is not None
        sandbox.stop()
        with socket.socket() as other_program:
            other_program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other_program.bind(("127.0.0.1", int(sandbox.endpoint_url.rpartition(":")[2])))
            # Bound over the old connections' remains; from now on nobody else may bind here.
            other_program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            with pytest.raises(SandboxError, match=r"Call open_lab\(\) again"):
                lab.status()


def test_looks_are_frequent_at_first_and_never_too_far_apart() -> None:
    pauses = list(islice(Pace(poll=0.02, propagation=30.0).pauses(), 8))

    assert pauses == pytest.approx([0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.2, 0.2])
    assert list(islice(Pace(poll=1.0, propagation=120.0).pauses(), 5)) == [0.25, 0.5, 1.0, 1.0, 1.0]
