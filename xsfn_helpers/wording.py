"""AWS's messages without what changes from call to call: session names, request ids, execution ids."""

from __future__ import annotations

import re
from typing import Final

_VOLATILE: Final = (
    (re.compile(r"(assumed-role/[\w+=,.@-]+)/[\w+=,.@-]+"), r"\1/…"),
    (re.compile(r" \(Service: [^()]*\)( \(SDK Attempt Count: \d+\))?"), ""),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "…"),
    (re.compile(r"xsfn-probe-[0-9a-f]{8}"), "xsfn-probe-…"),
)


def stable(message: str) -> str:
    """The message as evidence: the same each time the same thing happens.

    The suffix `(Service: …, Request ID: …)` goes too; AWS has changed its form several times.
    """
    for pattern, replacement in _VOLATILE:
        message = pattern.sub(replacement, message)
    return message
