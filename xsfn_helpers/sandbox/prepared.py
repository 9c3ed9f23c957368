"""A request that botocore has signed and was about to send, answered by the gateway instead: no socket takes part."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.http.wire import HttpRequest

# What botocore's event `before-send` asks of a handler: the answer to a prepared request.
Transport = Callable[..., AWSResponse]


def straight_to(gateway: Gateway, *, via: str = "") -> Transport:
    """A handler of botocore's `before-send` that takes the request through the one door there is.

    `via` is the AWS service that makes it in the name of whoever signed it.
    """

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        headers.setdefault("host", parts.netloc)
        answer = gateway.handle(
            HttpRequest(
                method=request.method,
                path=parts.path or "/",
                query=parts.query,
                headers=headers,
                body=_content(request.body),
            ),
            via=via,
        )
        received = HTTPHeaders()
        for name, value in answer.headers.items():
            received[name] = value
        received["content-length"] = str(len(answer.body))
        return AWSResponse(request.url, answer.status, received, _Body(answer.body))

    return send


class _Body(io.BytesIO):
    """A response body with the streaming method botocore reads it by."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _content(body: Any) -> bytes:
    """A request's body, which may be text, or a stream as for an object in S3."""
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read()) if hasattr(body, "read") else bytes(body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
