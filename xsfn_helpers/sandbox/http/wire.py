"""One HTTP exchange as plain data, so that a request from the network and one from a task look the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`headers` have lower-case names; `query` is the raw text after `?`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def headers_of(environ: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a WSGI request, by lower-case name.

    Several of one name come joined by commas; waitress has dropped names with `_` in them.
    """
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            headers[name] = environ[key]
    return headers
