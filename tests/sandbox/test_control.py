"""The control channel: nobody gets in without the state folder's secret."""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from xsfn_helpers.common.errors import InvalidScenario, SandboxError
from xsfn_helpers.sandbox.process.control import CONTROL_PATH, LARGEST_BODY, PROOF_HEADER, Control, tell
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import Running, SandboxFolder

CALL = json.dumps({"do": "empty", "account_ids": ["111111111111"]}).encode()


def _running() -> Running:
    found = SandboxFolder.default().read()
    assert found is not None
    return found


def _proof(running: Running, challenge: str, body: bytes) -> str:
    return running.proof(f"call {challenge} {hashlib.sha256(body).hexdigest()}")


class TestTheSandboxsEnd:
    running = Running(port=1, region="us-east-1", pid=1, instance="the secret", accounts={})

    @pytest.fixture
    def told(self) -> list[tuple[str, ...]]:
        return []

    @pytest.fixture
    def control(self, told: list[tuple[str, ...]]) -> Control:
        def refuse(_: tuple[str, ...]) -> None:
            raise SandboxError("No.", where="here", fix="Ask for something else.")

        return Control(self.running, {"note": told.append, "refuse": refuse})

    def body(self, operation: str = "note") -> bytes:
        return json.dumps({"do": operation, "account_ids": ["111111111111"]}).encode()

    def test_a_proved_call_is_carried_out_and_the_answer_is_proved(
        self, control: Control, told: list[tuple[str, ...]]
    ) -> None:
        challenge = control.challenge()
        answer = control.answer(self.body(), _proof(self.running, challenge, self.body()))

        assert (answer.status, answer.body, told) == (200, b"{}", [("111111111111",)])
        expected = self.running.proof(f"answer {challenge} {hashlib.sha256(b'{}').hexdigest()}")
        assert answer.headers[PROOF_HEADER] == expected

    def test_a_call_is_good_once(self, control: Control, told: list[tuple[str, ...]]) -> None:
        proof = _proof(self.running, control.challenge(), self.body())
        control.answer(self.body(), proof)

        assert control.answer(self.body(), proof).status == 409
        assert len(told) == 1

    def test_without_the_secret_nothing_is_done(self, control: Control, told: list[tuple[str, ...]]) -> None:
        other = Running(port=1, region="us-east-1", pid=1, instance="another secret", accounts={})
        challenge = control.challenge()
        proofs = [
            "",
            "é",
            challenge,
            _proof(other, challenge, self.body()),
            _proof(self.running, challenge, self.body("refuse")),
            self.running.proof(challenge),  # what the health page gives to anybody
            _proof(self.running, "0" * 32, self.body()),
        ]

        assert [control.answer(self.body(), proof).status for proof in proofs] == [403] * len(proofs)
        assert told == []
        assert control.challenge() == challenge

    def test_a_failure_says_what_was_wrong(self, control: Control) -> None:
        body = self.body("refuse")
        answer = control.answer(body, _proof(self.running, control.challenge(), body))

        assert json.loads(answer.body) == {"what": "No.", "where": "here", "fix": "Ask for something else."}

    def test_an_endless_body_is_refused_unread(self, control: Control) -> None:
        body = b" " * (LARGEST_BODY + 1)

        assert control.answer(body, _proof(self.running, control.challenge(), body)).status == 413


class TestOverTheWire:
    @pytest.fixture
    def connection(self, sandbox: Sandbox) -> Iterator[http.client.HTTPConnection]:
        found = http.client.HTTPConnection(urlsplit(sandbox.endpoint_url).netloc, timeout=60)
        yield found
        found.close()

    def test_a_call_without_proof_changes_nothing(
        self, sandbox: Sandbox, connection: http.client.HTTPConnection
    ) -> None:
        statuses = []
        for headers in ({}, {PROOF_HEADER: "0" * 64}):
            connection.request("POST", CONTROL_PATH, CALL, headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)

        assert statuses == [403, 403]

    @pytest.mark.parametrize("header", [("Origin", "https://evil.example"), ("Host", "evil.example")])
    def test_a_page_in_the_browser_gets_no_challenge(
        self, connection: http.client.HTTPConnection, header: tuple[str, str]
    ) -> None:
        connection.request("GET", CONTROL_PATH, headers=dict([header]))

        assert connection.getresponse().status == 403

    def test_somebody_else_on_the_port_is_found_out(self, sandbox: Sandbox) -> None:
        """The real sandbox, but not of the secret that we know."""
        running = _running()
        stranger = Running(
            port=running.port, region=running.region, pid=running.pid, instance="0", accounts=running.accounts
        )

        with pytest.raises(SandboxError, match=r"isn't this sandbox \(status 403\)"):
            tell(stranger, "empty", ["111111111111"])

    def test_an_account_that_it_doesnt_have_is_told(self, sandbox: Sandbox) -> None:
        with pytest.raises(SandboxError, match="doesn't have these accounts: 999999999998 and 999999999999"):
            sandbox.empty_accounts(["999999999998", "999999999999"])

    def test_ids_are_checked(self, sandbox: Sandbox) -> None:
        with pytest.raises(InvalidScenario, match="is not an AWS account ID"):
            sandbox.add_accounts(["12"])
