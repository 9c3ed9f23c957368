"""What argparse complains about, in the reader's language. Its English words stay as argparse says them."""

from __future__ import annotations

import re
from typing import Final

from xsfn_helpers.common.language import mark, tr

# As in CPython's argparse.py; a complaint that isn't here is told in English.
_COMPLAINTS: Final = (
    mark("the following arguments are required: {names}"),
    mark("argument {name}: invalid choice: {value} (choose from {choices})"),
    mark("argument {name}: invalid {kind} value: {value}"),
    mark("argument {name}: expected one argument"),
    mark("argument {name}: ignored explicit argument {value}"),
)
_VALUE: Final = re.compile(r"\\{(\w+)\\}")


def complaint(message: str) -> str:
    """The complaint as a reader of this language would say it."""
    for known in _COMPLAINTS:
        found = re.fullmatch(_VALUE.sub(r"(?P<\1>.+?)", re.escape(known)), message, re.DOTALL)
        if found is not None:
            return tr(known, **found.groupdict())
    return message
