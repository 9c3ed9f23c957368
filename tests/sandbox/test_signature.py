"""Signatures and sessions, verified without a server: what AWS's own signer makes passes, all else doesn't."""

from __future__ import annotations

import base64
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from xsfn_helpers.sandbox.gateway import callers, signature
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.sessions import RoleSession, SessionOffice
from xsfn_helpers.sandbox.gateway.stored import StoredKey, StoredRole, StoredUser
from xsfn_helpers.sandbox.http.wire import HttpRequest

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:1234"
LONG_AGO = "20200101/eu-west-1/states/aws4_request"


def signed(
    *,
    method: str = "POST",
    query: str = "",
    body: bytes = b"{}",
    extra: dict[str, str] | None = None,
    at: datetime | None = None,
) -> HttpRequest:
    """A request as botocore's signer makes it."""
    url = f"http://{HOST}/" + (f"?{query}" if query else "")
    request = AWSRequest(method, url, data=body, headers=extra or {})
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=at or datetime.now(UTC)):
        SigV4Auth(Credentials(KEY, SECRET, "token"), "states", "eu-west-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()} | {"host": HOST}
    return HttpRequest(method, "/", query, headers, body)


def check(request: HttpRequest, secret: str = SECRET) -> None:
    signature.verify(request, signature.read_scope(request, service_hint="states"), secret=secret)


def refusal(request: HttpRequest, secret: str = SECRET) -> str:
    with pytest.raises(Refusal) as told:
        check(request, secret)
    assert told.value.status == 403
    return told.value.message


texts = st.text(string.ascii_letters + string.digits + " -_./~", max_size=20)
names = st.text(string.ascii_lowercase, min_size=1, max_size=10).map(lambda name: f"x-amz-meta-{name}")
queries = st.lists(
    st.tuples(st.text(string.ascii_letters, min_size=1, max_size=5), st.text(string.ascii_letters + "%2", max_size=5)),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


@given(body=st.binary(max_size=100), query=queries, extra=st.dictionaries(names, texts, max_size=3))
def test_what_aws_signer_signs_is_verified(body: bytes, query: str, extra: dict[str, str]) -> None:
    check(signed(body=body, query=query, extra=extra))


@given(body=st.binary(max_size=30), other=st.binary(max_size=30))
def test_another_body_is_not(body: bytes, other: bytes) -> None:
    if body != other:
        assert "does not match the signature you provided" in refusal(replace(signed(body=body), body=other))


@pytest.mark.parametrize("change", [{"method": "GET"}, {"path": "/x"}, {"query": "Action=DeleteRole"}])
def test_another_method_path_or_query_is_not(change: dict[str, str]) -> None:
    assert "does not match the signature you provided" in refusal(replace(signed(), **change))


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-security-token", "x-amz-target", "content-type"])
def test_another_value_of_a_signed_header_is_not(name: str) -> None:
    request = signed(
        extra={"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}
    )
    value = request.headers[name]
    changed = value[:-2] + ("1Z" if value[-2:] != "1Z" else "2Z")

    assert refusal(replace(request, headers={**request.headers, name: changed}))


def test_another_secret_is_not() -> None:
    assert "does not match the signature you provided" in refusal(signed(), secret=SECRET[:-1] + "x")


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-security-token", "x-amz-anything"])
def test_an_amz_header_that_isnt_signed_is_refused(name: str) -> None:
    request = signed()
    headers = {
        **request.headers,
        "authorization": request.headers["authorization"].replace(";x-amz-security-token", ""),
    }

    assert "must be a 'SignedHeader' in the AWS Authorization" in refusal(
        replace(request, headers={**headers, name: "x"})
    )


@pytest.mark.parametrize("seconds", [-295, 295])
def test_a_clock_may_be_off_by_five_minutes(seconds: int) -> None:
    check(signed(at=datetime.now(UTC) + timedelta(seconds=seconds)))


@pytest.mark.parametrize(("seconds", "words"), [(-305, "Signature expired"), (305, "Signature not yet current")])
def test_and_by_no_more(seconds: int, words: str) -> None:
    assert words in refusal(signed(at=datetime.now(UTC) + timedelta(seconds=seconds)))


def test_a_body_that_nobody_vouches_for_is_refused() -> None:
    """What S3 allows, the others don't."""
    assert refusal(signed(extra={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        f"AWS4-ECDSA-P256-SHA256 Credential={KEY}/20260101/states/aws4_request, SignedHeaders=host, Signature=0",
        f"AWS4-HMAC-SHA256 Credential={KEY}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        f"AWS4-HMAC-SHA256 Credential={KEY}/{LONG_AGO}, SignedHeaders=host, Signature={'0' * 64}",
        f"AWS4-HMAC-SHA256 Credential={KEY}/{LONG_AGO}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
    ],
)
def test_other_claims_are_refused(authorization: str) -> None:
    request = signed()

    assert refusal(replace(request, headers={**request.headers, "authorization": authorization}))


class Directory:
    """IAM with one user and one role."""

    def key(self, access_key_id: str) -> StoredKey | None:
        return StoredKey("111111111111", "user", SECRET, True) if access_key_id == KEY else None

    def user(self, account_id: str, name: str) -> StoredUser | None:
        return None

    def role(self, account_id: str, name: str) -> StoredRole | None:
        return None


def session(store: SessionOffice, seconds: int) -> RoleSession:
    return store.issue(
        account_id="111111111111",
        role_name="role",
        role_arn="arn:aws:iam::111111111111:role/role",
        role_id="AROAEXAMPLE",
        name="session",
        partition="aws",
        seconds=seconds,
    )


@pytest.mark.parametrize(
    ("seconds", "token", "code"),
    [(-1, None, "ExpiredToken"), (900, "another's", "InvalidClientTokenId"), (900, "", "InvalidClientTokenId")],
)
def test_a_session_needs_its_token_and_its_time(seconds: int, token: str | None, code: str) -> None:
    store = SessionOffice("a secret")
    one = session(store, seconds)

    with pytest.raises(Refusal) as told:
        callers.secret_of(
            one.access_key_id,
            directory=Directory(),
            sessions=store,
            token=one.session_token if token is None else token,
            service="sts",
        )

    assert told.value.code == code


def test_a_users_key_comes_without_a_token() -> None:
    with pytest.raises(Refusal, match="InvalidClientTokenId"):
        callers.secret_of(KEY, directory=Directory(), sessions=SessionOffice("a secret"), token="some", service="sts")


def test_a_key_without_its_user_is_nobodys() -> None:
    with pytest.raises(Refusal, match="InvalidClientTokenId"):
        callers.resolve(KEY, directory=Directory(), sessions=SessionOffice("a secret"), token="", service="sts")


def test_a_session_is_known_again_by_its_token_alone() -> None:
    one = session(SessionOffice("a secret"), 900)

    again = SessionOffice("a secret").session(one.access_key_id, one.session_token)

    assert again == one
    assert (len(one.secret_access_key), one.access_key_id[:4]) == (40, "ASIA")


def test_a_session_of_another_sandbox_isnt_ours() -> None:
    one = session(SessionOffice("a secret"), 900)

    assert SessionOffice("another").session(one.access_key_id, one.session_token) is None


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_token_is_none(at: int, bit: int) -> None:
    """Whoever makes their session last longer, or lets it be another role's."""
    office = SessionOffice("a secret")
    one = session(office, 900)
    sealed = bytearray(base64.b64decode(one.session_token))
    sealed[at % len(sealed)] ^= 1 << bit

    assert office.session(one.access_key_id, base64.b64encode(sealed).decode()) is None


@pytest.mark.parametrize("token", ["", "=", "x", "\ud800", "é" * 100, "A" * 4096])
def test_what_was_never_a_token_is_none(token: str) -> None:
    office = SessionOffice("a secret")

    assert office.session(session(office, 900).access_key_id, token) is None


def test_another_sessions_token_isnt_ones_own() -> None:
    office = SessionOffice("a secret")

    assert office.session(session(office, 900).access_key_id, session(office, 900).session_token) is None
