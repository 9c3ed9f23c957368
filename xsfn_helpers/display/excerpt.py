"""The line of a text where a fault is, with a mark under the column."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.common.plain_text import plain

_WIDTH: Final = 100


def excerpt(text: str, line: int, column: int) -> tuple[str, str]:
    """Two lines: what is written there, cut where it is long, and a caret under it; numbers count from 1."""
    lines = text.splitlines() or [""]
    there = plain(lines[min(line, len(lines)) - 1]).replace("\t", " ")
    start = max(0, column - 1 - _WIDTH // 2)
    cut = there[start : start + _WIDTH]
    before, after = "…" if start else "", "…" if start + _WIDTH < len(there) else ""
    gutter = f"{line} | "
    return f"{gutter}{before}{cut}{after}", f"{' ' * (len(gutter) - 2)}| {' ' * (len(before) + column - 1 - start)}^"
