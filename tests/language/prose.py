"""What is left of English in a text that should be another language's, and whether it is Japanese at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_ENGLISH: Final = re.compile(r"(?<![\w-])[A-Za-z][a-z']+(?: [a-z][a-z']+){3,}(?![\w-])")
_JAPANESE: Final = re.compile(r"[぀-ヿ一-鿿]")


def english_in(text: str, *, spared: Iterable[str] = ()) -> list[str]:
    """Four English words in a row, or more; `spared` is what AWS says, a command, or a name that somebody gave."""
    for one in sorted(spared, key=len, reverse=True):
        text = text.replace(one, "…")
    return _ENGLISH.findall(text)


def is_japanese(text: str) -> bool:
    return _JAPANESE.search(text) is not None
