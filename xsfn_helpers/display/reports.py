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
    return f'<table style="{TABLE}"><tbody>{_row(check)}</tbody></table>'


def report_html(report: Report) -> str:
    """A table with one row per check: mark and word, title, evidence, and what to do where one fails."""
    head = "".join(f'<th scope="col" style="{CELL}">{heading}</th>' for heading in ("Result", "Check", "Evidence"))
    rows = "".join(_row(check) for check in report)
    passed = sum(check.passed for check in report)
    return (
        f"<p><b>{escape(report.title)}</b>: {passed} of {len(report)} hold</p>"
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _row(check: Check) -> str:
    result = pill(HOLDS, ALLOWED_BLUE) if check.passed else pill(FAILS, REFUSED_VERMILION)
    # Below the evidence rather than beside it: a fourth column leaves none of them room on a narrow page.
    hint = f"<br><b>What to do:</b> {escape(check.hint)}" if check.hint and not check.passed else ""
    cells = [result, escape(check.title), f"{escape(check.evidence)}{hint}"]
    # Evidence may be an error of several lines, and ARNs have no blanks to break at.
    style = f"{CELL};white-space:pre-line;overflow-wrap:anywhere"
    # Without widths of their own, what may break anywhere would leave mark and title no room, or too much.
    widths = (' width="8%"', ' width="26%"', "")
    return (
        "<tr>"
        + "".join(f'<td{width} style="{style}">{cell}</td>' for width, cell in zip(widths, cells, strict=True))
        + "</tr>"
    )
