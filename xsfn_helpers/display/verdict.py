"""A link's decision as a table: the lines of its text, each in a row that begins with what it says of the request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.display.markup import CELL, PLAIN_ROW, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION
from xsfn_helpers.iam.explain import INFERRED, INFERRED_WITHIN

if TYPE_CHECKING:
    from xsfn_helpers.chain.verdicts import Verdict

_PILLS: Final = {
    "✓": (mark("✓ allows"), ALLOWED_BLUE),
    "✗": (mark("✗ denies"), REFUSED_VERMILION),
    "·": (mark("· silent"), PENDING_GREY),
}
# The engine's lines that begin with a label of their own (`iam.explain`).
_CHANGE: Final = mark("Smallest change that would allow it: {edit}")
# A head is as wide as a few words, so that what stands beside it has room.
_HEAD: Final = "min-width:6em;max-width:13em;white-space:normal"
# What the kit infers looks unlike what AWS has answered.
_LOOK_OF_INFERRED: Final = "border-left:3px dotted currentColor;padding-left:8px"
# Its text opens with two lines, which these are put before.
_OPENING: Final = (mark("Request"), mark("Rule"))


@dataclass(slots=True)
class _Row:
    """What stands in the first column, as HTML, and the lines beside it, each with its depth."""

    head: str
    lines: list[tuple[int, str]] = field(default_factory=list)
    inferred: bool = False


def verdict_html(verdict: Verdict) -> str:
    """The link with its state, then the explanation; every word is the text's."""
    title, *lines = str(verdict).splitlines()
    head = f"<p>{state_pill(allowed=verdict.allowed)} <b>{escape(title)}</b></p>"
    if verdict.decision is None:
        return f"{head}<p>{escape(' '.join(lines))}</p>"
    return f'{head}<table style="{TABLE}"><tbody>{explanation_rows(lines)}</tbody></table>'


def state_pill(*, allowed: bool) -> str:
    """The decision in a mark and a word."""
    return pill(tr("✓ allowed"), ALLOWED_BLUE) if allowed else pill(tr("✗ denied"), REFUSED_VERMILION)


def explanation_rows(lines: list[str]) -> str:
    """The lines of an explanation (`iam.explain`) as rows of a table."""
    return "".join(_row_html(row) for row in _rows(lines))


def _rows(lines: list[str]) -> Iterator[_Row]:
    """The lines grouped: one that opens with a mark or a label begins a row, one that is set in belongs to the last."""
    row = None
    for position, line in enumerate(lines):
        begun = _beginning(position, line)
        if begun is None and row is not None:
            row.lines.append((len(line) - len(line.lstrip()), line.strip()))
            continue
        if row is not None:
            yield row
        row = begun or _Row("", [(0, line.strip())])
    if row is not None:
        yield row


def _beginning(position: int, line: str) -> _Row | None:
    if position < len(_OPENING):
        return _Row(escape(tr(_OPENING[position])), [(0, line)])
    text = line.strip()
    if text[:2].strip() in _PILLS:
        word, colour = _PILLS[text[0]]
        return _Row(pill(tr(word), colour), [(0, text[2:])])
    change, colon, _ = tr(_CHANGE).partition(": ")
    for label, mark_between, inferred in (
        (tr(INFERRED_WITHIN), ": ", True),
        (tr(INFERRED), ": ", True),
        (change, colon, False),
    ):
        if line.startswith(label + mark_between):
            return _Row(escape(label), [(0, line.removeprefix(label + mark_between))], inferred=inferred)
    return None


def _row_html(row: _Row) -> str:
    # Four blanks in the text are one step to the right here.
    beside = "".join(
        f'<div style="padding-left:{depth * 0.3:g}em">{escape(line)}</div>' if depth else f"<div>{escape(line)}</div>"
        for depth, line in row.lines
    )
    if row.inferred:
        beside = f'<div style="{_LOOK_OF_INFERRED}">{beside}</div>'
    return (
        f'<tr style="{PLAIN_ROW}"><th scope="row" style="{CELL};{_HEAD}">{row.head}</th>'
        f'<td style="{CELL};overflow-wrap:break-word">{beside}</td></tr>'
    )
