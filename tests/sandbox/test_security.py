"""Nobody gets in: each way tried, each denied."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.raw_http import CALLER_IDENTITY, FORM, Answer, request_bytes, send, signed
from tests.sandbox.world import World, client_with
from tests.support.forks import starting_afresh
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder


def _changed(headers: list[tuple[str, str]], **changes: str) -> list[tuple[str, str]]:
    """The headers with some replaced (by lower-case name, `_` for `-`)."""
    return [(name, changes.get(name.lower().replace("-", "_"), value)) for name, value in headers]


def _post(sandbox: Sandbox, headers: list[tuple[str, str]], body: bytes = CALLER_IDENTITY, **options: str) -> Answer:
    return send(sandbox, request_bytes(headers, body, **options))


def test_the_untouched_request_is_answered(sandbox: Sandbox) -> None:
    """What the others are compared with."""
    answer = _post(sandbox, signed(sandbox))

    assert answer.status == 200
    assert "<Arn>arn:aws:iam::111111111111:user/administrator</Arn>" in answer.text


def test_it_listens_on_loopback_alone(sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.endpoint_url).port
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    hosts = {fields[1].split(":")[0] for fields in listening if int(fields[1].split(":")[1], 16) == port}

    assert hosts == {"0100007F"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", "[::1]", ""])
def test_a_strange_host_is_refused(sandbox: Sandbox, host: str) -> None:
    """DNS rebinding: a name of somebody else's that leads here."""
    answer = _post(sandbox, _changed(signed(sandbox), host=host))

    assert (answer.status, "administrator" in answer.text) == (403, False)


@pytest.mark.parametrize(
    "header", [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")]
)
def test_a_page_in_the_browser_is_refused(sandbox: Sandbox, header: tuple[str, str]) -> None:
    answer = _post(sandbox, [*signed(sandbox), header])

    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_no_answer_lets_other_origins_in(sandbox: Sandbox) -> None:
    host = ("Host", urlsplit(sandbox.endpoint_url).netloc)
    preflight = send(sandbox, request_bytes([host], b"", line="OPTIONS / HTTP/1.1"))
    answer = _post(sandbox, signed(sandbox))

    assert preflight.status == 405
    for headers in (preflight.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/moto-api/data.json", "//moto-api/reset", "/%2e/"])
def test_motos_own_doors_are_closed(sandbox: Sandbox, path: str) -> None:
    answers = [
        send(sandbox, request_bytes(signed(sandbox, path=path), CALLER_IDENTITY, line=f"{method} {path} HTTP/1.1"))
        for method in ("GET", "POST")
    ]

    assert {answer.status for answer in answers} == {404}


def test_an_account_named_in_a_header_counts_for_nothing(sandbox: Sandbox) -> None:
    answer = _post(sandbox, [*signed(sandbox), ("x-moto-account-id", "222222222222")])

    assert "<Account>111111111111</Account>" in answer.text


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_request_of_another_time_is_refused(sandbox: Sandbox, minutes: int) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=then):
        headers = signed(sandbox)

    answer = _post(sandbox, headers)

    assert answer.status == 403
    assert ("Signature expired" if minutes < 0 else "Signature not yet current") in answer.text


@pytest.mark.parametrize(
    ("what", "line", "body"),
    [
        ("body", "POST / HTTP/1.1", b"Action=GetCallerIdentity&Version=2011-06-15&X=1"),
        ("method", "GET / HTTP/1.1", CALLER_IDENTITY),
        ("query", "POST /?Action=ListRoles HTTP/1.1", CALLER_IDENTITY),
    ],
)
def test_a_signature_is_good_for_one_request_only(sandbox: Sandbox, what: str, line: str, body: bytes) -> None:
    headers = _changed(signed(sandbox), content_length=str(len(body)))

    answer = _post(sandbox, headers, body, line=line)

    assert (answer.status, "SignatureDoesNotMatch" in answer.text) == (403, True), what


def test_a_header_that_names_another_operation_must_be_signed(sandbox: Sandbox) -> None:
    headers = [*signed(sandbox, b"{}", service="states"), ("X-Amz-Target", "AWSStepFunctions.ListStateMachines")]

    answer = _post(sandbox, headers, b"{}")

    assert (answer.status, "must be a 'SignedHeader'" in answer.text) == (403, True)


@pytest.mark.parametrize("double", ["Authorization", "Host", "X-Amz-Date"])
def test_a_header_sent_twice_gets_nowhere(sandbox: Sandbox, double: str) -> None:
    headers = signed(sandbox)
    value = next(value for name, value in headers if name == double)

    answer = _post(sandbox, [(double, value), *headers])

    assert answer.status in (400, 403)


def test_a_name_with_underscores_is_no_second_way_to_say_it(sandbox: Sandbox) -> None:
    """WSGI folds `-` and `_` together; a smuggled X_Amz_Date must not stand for the signed one."""
    headers = [("X_Amz_Date" if name == "X-Amz-Date" else name, value) for name, value in signed(sandbox)]

    assert _post(sandbox, headers).status == 403


@pytest.mark.parametrize(
    "authorization",
    ["AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", "Basic YWRtaW46YWRtaW4=", "Bearer x", "AWS4-HMAC-SHA256"],
)
def test_other_kinds_of_authorization_are_refused(sandbox: Sandbox, authorization: str) -> None:
    assert _post(sandbox, _changed(signed(sandbox), authorization=authorization)).status == 403


def test_a_presigned_address_is_refused(sandbox: Sandbox) -> None:
    account = sandbox.accounts[Side.OPERATOR]
    sts = client_with(sandbox, "sts", account.access_key_id, account.secret_access_key)
    address = urlsplit(sts.generate_presigned_url("get_caller_identity"))

    answer = send(sandbox, request_bytes([("Host", address.netloc)], b"", line=f"GET /?{address.query} HTTP/1.1"))

    assert (answer.status, "MissingAuthenticationToken" in answer.text) == (403, True)


def _assumed(world: World, name: str) -> dict[str, Any]:
    """A session of a role of the Operator account that its administrator may assume."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:user/administrator"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    world.operator_iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    sts = world.client(Side.OPERATOR, "sts")
    answer = sts.assume_role(RoleArn=f"arn:aws:iam::111111111111:role/{name}", RoleSessionName="session")
    return dict(answer["Credentials"])


def _who(world: World, credentials: dict[str, Any], token: str | None = None) -> str:
    sts = world.client_with(
        "sts", credentials["AccessKeyId"], credentials["SecretAccessKey"], token or credentials["SessionToken"]
    )
    return str(sts.get_caller_identity()["Arn"])


def test_another_sessions_token_is_refused(world: World) -> None:
    name = world.scenario.operator_role_name
    one, other = _assumed(world, f"{name}-a"), _assumed(world, f"{name}-b")
    assert "assumed-role" in _who(world, one)

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        _who(world, one, token=other["SessionToken"])


def test_a_session_dies_with_its_role_and_a_namesake_doesnt_revive_it(world: World) -> None:
    name = f"{world.scenario.operator_role_name}-mortal"
    credentials = _assumed(world, name)
    world.operator_iam.delete_role(RoleName=name)
    world.create_role(Side.OPERATOR, name)

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        _who(world, credentials)


@pytest.mark.parametrize("end", ["deactivated", "deleted"])
def test_a_key_that_is_no_longer_good_is_refused(world: World, end: str) -> None:
    user = f"{world.scenario.operator_role_name}-{end}"
    iam = world.operator_iam
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sts = world.client_with("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"].endswith(user)

    if end == "deactivated":
        iam.update_access_key(UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    else:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def test_too_much_is_cut_off(sandbox: Sandbox) -> None:
    huge_header = _post(sandbox, [*signed(sandbox), ("X-Filler", "x" * 200_000)])
    huge_body = send(
        sandbox,
        request_bytes([("Host", urlsplit(sandbox.endpoint_url).netloc), ("Content-Length", str(10**9))], b"x" * 1000),
    )

    assert (huge_header.status, huge_body.status) == (431, 413)


def test_slow_clients_dont_keep_others_waiting(sandbox: Sandbox) -> None:
    """A hundred connections that send one byte and then nothing: others are answered before these are cut off."""
    port = urlsplit(sandbox.endpoint_url).port
    for _ in range(3):  # on a machine so busy that they were cut off before anybody was answered, nothing is shown
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port or 0))) for _ in range(100)]
            for connection in slow:
                connection.sendall(b"P")
            answer = _post(sandbox, signed(sandbox))
            waiting = [connection for connection in slow if _is_open(connection)]
        assert answer.status == 200
        if waiting:
            break

    assert waiting


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_nothing_secret_is_in_the_log_the_process_list_or_a_repr(own_folder: SandboxFolder) -> None:
    with starting_afresh():
        sandbox = Sandbox.start()
    _post(sandbox, _changed(signed(sandbox), authorization="nonsense"))
    secrets = [account.secret_access_key for account in sandbox.accounts.values()]
    processes = subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True, check=True).stdout
    log = SandboxFolder.default().log.read_text()

    for place in (processes, log, repr(sandbox), repr(sandbox.accounts), str(sandbox.config)):
        assert not [secret for secret in secrets if secret in place]


def test_motos_and_the_users_settings_dont_reach_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MOTO_ACCOUNT_ID would make every caller one account's; AWS_* would be the user's own credentials."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    with starting_afresh():
        sandbox = Sandbox.start()
    try:
        inherited = Path(f"/proc/{sandbox.pid}/environ").read_bytes()
        answer = _post(sandbox, signed(sandbox))
    finally:
        sandbox.stop()

    assert b"MOTO_ACCOUNT_ID" not in inherited
    assert b"the user's own" not in inherited
    assert "<Account>111111111111</Account>" in answer.text


def test_a_form_that_isnt_one_is_told(sandbox: Sandbox) -> None:
    body = b"\xff\xfe not a form"

    answer = _post(sandbox, signed(sandbox, body, extra={"Content-Type": FORM}), body)

    assert (answer.status, b"Traceback" in answer.body) == (400, False)


def test_the_state_folder_is_the_owners(sandbox: Sandbox) -> None:
    folder = SandboxFolder.default().path

    assert folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077] == []
    assert folder.stat().st_uid == os.geteuid()
