"""Requests byte by byte: signed as a client would sign them, sent as no client would."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

CALLER_IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where the connection was closed without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def signed(
    sandbox: Sandbox,
    body: bytes = CALLER_IDENTITY,
    *,
    service: str = "sts",
    side: Side = Side.OPERATOR,
    extra: dict[str, str] | None = None,
    path: str = "/",
) -> list[tuple[str, str]]:
    """The headers of a correctly signed POST of `body`, in the order to send them."""
    account = sandbox.accounts[side]
    request = AWSRequest(
        "POST", f"{sandbox.endpoint_url}{path}", data=body, headers={"Content-Type": FORM, **(extra or {})}
    )
    SigV4Auth(Credentials(account.access_key_id, account.secret_access_key), service, sandbox.region).add_auth(request)
    host = urlsplit(sandbox.endpoint_url).netloc
    return [("Host", host), *request.headers.items(), ("Content-Length", str(len(body)))]


def request_bytes(headers: list[tuple[str, str]], body: bytes, *, line: str = "POST / HTTP/1.1") -> bytes:
    """One HTTP request that asks for the connection to be closed after it."""
    lines = [line, *(f"{name}: {value}" for name, value in headers), "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def send(sandbox: Sandbox, data: bytes, *, seconds: float = 5.0) -> Answer:
    """Send the bytes, read until the other end closes."""
    port = urlsplit(sandbox.endpoint_url).port
    assert port is not None
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        # Who is cut off in the middle of sending may have been told why.
        with suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    return parsed(received)


def parsed(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(status, headers, body)
