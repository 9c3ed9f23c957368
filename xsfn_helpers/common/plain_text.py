"""Text from anywhere, made fit to be shown: what would steer a terminal or break a page is taken out."""

from __future__ import annotations

import re
from typing import Final

# What XML 1.0 doesn't allow, plus C1 controls: they would break an SVG or steer a terminal.
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text without control characters; line breaks and tabs stay."""
    return _CONTROL.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text on one line: control characters out, every run of white space one blank."""
    return " ".join(plain(text).split())
