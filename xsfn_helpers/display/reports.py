"""A `Report`, or one `Check` of it, as an HTML table; their text forms are their `str`."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.checks import Check, Report
from xsfn_helpers.display.markup import CELL, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, REFUSED_VERMILION

HOLDS: Final = "✓ holds"
FAILS: Final = "✗ fails"


def check_html(check: Check) -> str:
    """One row: mark and word, title, evidence, and what to do if it fails."""
    with_hint = bool(check.hint) and not check.passed
    return f'<table style="{TABLE}"><tbody>{_row(check, with_hints=with_hint)}</tbody></table>'


def report_html(report: Report) -> str:
    """A table with one row per check: mark and word, title, evidence, and what to do where one fails."""
    with_hints = any(check.hint and not check.passed for check in report)
    headings = ["Result", "Check", "Evidence", *(["What to do"] if with_hints else [])]
    head = "".join(f'<th scope="col" style="{CELL}">{heading}</th>' for heading in headings)
    rows = "".join(_row(check, with_hints=with_hints) for check in report)
    passed = sum(check.passed for check in report)
    return (
        f"<p><b>{escape(report.title)}</b>: {passed} of {len(report)} hold</p>"
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _row(check: Check, *, with_hints: bool) -> str:
    result = pill(HOLDS, ALLOWED_BLUE) if check.passed else pill(FAILS, REFUSED_VERMILION)
    cells = [result, escape(check.title), escape(check.evidence)]
    if with_hints:
        cells.append("" if check.passed else escape(check.hint))
    # Evidence may be an error of several lines, and ARNs have no blanks to break at.
    style = f"{CELL};white-space:pre-line;overflow-wrap:anywhere"
    # Without widths of their own, what may break anywhere would leave mark and title no room, or too much.
    widths = [' width="8%"', ' width="26%"', "", ""]
    return (
        "<tr>"
        + "".join(f'<td{width} style="{style}">{cell}</td>' for width, cell in zip(widths, cells, strict=False))
        + "</tr>"
    )
