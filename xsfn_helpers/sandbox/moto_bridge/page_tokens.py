"""Tokens of pages that are counted: opaque, as AWS's are, so that nobody takes one for a number."""

from __future__ import annotations

import base64
import json
from typing import Final

_KIND: Final = "page from"
_MOST: Final = 1_000_000_000


def page_token(start: int) -> str:
    """The token of the page that begins with this entry."""
    return base64.urlsafe_b64encode(json.dumps([_KIND, start]).encode()).decode("ascii")


def page_start(token: object) -> int:
    """Where a page begins; without a token, at the beginning. Raises `ValueError` for one that we haven't given."""
    if token is None:
        return 0
    try:
        kind, start = json.loads(base64.urlsafe_b64decode(str(token).encode("ascii")))
    except (ValueError, TypeError, RecursionError):
        raise ValueError(token) from None
    if kind != _KIND or type(start) is not int or not 0 <= start < _MOST:
        raise ValueError(token)
    return start
