"""AWS's messages without what changes from call to call: session names, request ids, execution ids, times."""

from __future__ import annotations

import json
import re
from typing import Final

from xsfn_helpers.common.language import mark, tr

_VOLATILE: Final = (
    (re.compile(r"(assumed-role/[\w+=,.@-]+)/[\w+=,.@-]+"), r"\1/…"),
    (re.compile(r" \(Service: [^()]*\)( \(SDK Attempt Count: \d+\))?"), ""),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "…"),
    (re.compile(r"xsfn-probe-[0-9a-f]{8}"), "xsfn-probe-…"),
)
_SUBJECT_BY_ITSELF: Final = mark("the Subject execution ended {child} by itself")


def stable(message: str) -> str:
    """The message as evidence: the same each time the same thing happens.

    The suffix `(Service: …, Request ID: …)` goes too; AWS has changed its form several times.
    """
    for pattern, replacement in _VOLATILE:
        message = pattern.sub(replacement, message)
    return message


def stable_cause(cause: str, by_itself: str = _SUBJECT_BY_ITSELF) -> str:
    """An execution's cause, told in the same words each time.

    When a child execution has failed, AWS gives its whole description as JSON text; what matters in it is how it ended,
    its error and its cause. `by_itself` says the first, as a marked message with {child}.
    """
    try:
        child = json.loads(cause)
    except ValueError:
        return stable(cause)
    if not isinstance(child, dict) or "Status" not in child:
        return stable(cause)
    reasons = [str(child[key]) for key in ("Error", "Cause") if child.get(key)]
    return stable(": ".join([tr(by_itself, child=child["Status"]), *reasons]))
