"""What an HTTP request must be before it is read as an AWS request: for this host, from no web page, to `/`.

Only services that are asked by path (Lambda, S3) have other paths and methods, and only for requests signed for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.http.addresses import EVERY, is_ipv4
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse, headers_of
from xsfn_helpers.sandbox.process.control import CONTROL_PATH, PROOF_HEADER, Control
from xsfn_helpers.sandbox.process.state import HEALTH_PATH, LOOPBACK, Running
from xsfn_helpers.sandbox.services.offered import REST

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_SERVICE: Final = re.compile(r"/([a-z0-9-]{1,40})/aws4_request")
_CHALLENGE: Final = re.compile(r"[0-9a-f]{32}")
_METHODS: Final = ("GET", "POST")
_REST_METHODS: Final = (*_METHODS, "PUT", "PATCH", "DELETE", "HEAD")
_ASKED_AT_ROOT: Final = frozenset(("iam", "sts", "states", "cloudformation", "dynamodb", "sqs"))
# Clients put this before the host for StartSyncExecution and TestState.
_HOST_PREFIX: Final = "sync-"
# Nobody can have such a name but this machine: RFC 6761, section 6.3.
_OURS: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.localhost", re.ASCII)


@dataclass(frozen=True, slots=True)
class Front:
    """The WSGI application of the sandbox."""

    gateway: Gateway
    running: Running
    control: Control

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        sent = [*answer.headers.items(), ("content-length", str(len(answer.body)))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", sent)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _answer(self, environ: Mapping[str, Any]) -> HttpResponse:
        headers = headers_of(environ)
        if not self._is_for_us(headers):
            return _said(403, "This sandbox answers AWS clients only, and by its address only.")
        method = environ["REQUEST_METHOD"]
        # What is meant for a service that isn't here is denied in that service's way, so the gateway has to see it.
        signed_for = _signed_for(headers)
        rest = signed_for in REST or (signed_for != "" and signed_for not in _ASKED_AT_ROOT)
        if method not in (_REST_METHODS if rest else _METHODS):
            return HttpResponse(405, b"", {"allow": ", ".join(_METHODS)})
        # As it was sent, nothing decoded or left out: what is verified must be what is acted on.
        path, _, query = environ["REQUEST_URI"].partition("?")
        if "#" in query:
            return _said(400, "A request has no fragment.")
        if environ["REMOTE_ADDR"] == LOOPBACK:
            if path == HEALTH_PATH:
                if not _CHALLENGE.fullmatch(query):
                    return _said(400, "Ask with 32 hexadecimal digits.")
                return _said(200, self.running.proof(query))
            if path == CONTROL_PATH:
                if method == "GET":
                    return _said(200, self.control.challenge())
                return self.control.answer(environ["wsgi.input"].read(), headers.get(PROOF_HEADER, ""))
        if path != "/" and not (rest and path.startswith("/")):
            return _said(404, "There is nothing here. AWS clients of IAM, STS and Step Functions send to /.")
        return self.gateway.handle(HttpRequest(method, path, query, headers, environ["wsgi.input"].read()))

    def _is_for_us(self, headers: Mapping[str, str]) -> bool:
        """A page in the reader's browser can send requests here too; it can't forge Host, nor hide where it is from."""
        host, _, port = headers.get("host", "").removeprefix(_HOST_PREFIX).partition(":")
        # A name could be anybody's, and lead here; an address that is written out couldn't.
        known = (
            host in (LOOPBACK, "localhost", self.running.address)
            or _OURS.fullmatch(host) is not None
            or (self.running.address == EVERY and is_ipv4(host))
        )
        return (
            known
            and port == str(self.running.port)
            and not any(name == "origin" or name.startswith("sec-fetch-") for name in headers)
        )


def _signed_for(headers: Mapping[str, str]) -> str:
    """The service that a request's signature names; the gateway verifies it."""
    found = _SERVICE.search(headers.get("authorization", ""))
    return found[1] if found else ""


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(status, f"{sentence}\n".encode(), {"content-type": "text/plain"})
