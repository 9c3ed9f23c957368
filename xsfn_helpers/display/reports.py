"""A `Report`, or one `Check` of it, as an HTML table; their text forms are their `str`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xsfn_helpers.chain.report import Check, Report, ReportDetails
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.display.markup import CELL, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, REFUSED_VERMILION

PASSED: Final = mark("✓ passed")
FAILED: Final = mark("✗ failed")


def check_html(check: Check) -> str:
    """One row: mark and word, title, evidence, and what to do if it fails."""
    return f'<table style="{TABLE}"><tbody>{_row(check)}</tbody></table>'


def report_html(report: Report) -> str:
    """How many passed; a table of those that failed, with what to do; and, folded, a table of those that passed."""
    failed = [check for check in report if not check.passed]
    passed = [check for check in report if check.passed]
    count = tr("{passed} of {count} passed", passed=len(passed), count=len(report))
    shown = _table(failed) if failed else ""
    summary = escape(tr("Show the checks that passed"))
    folded = f"<details><summary>{summary}</summary>{_table(passed)}</details>" if passed else ""
    return f"<p><b>{escape(report.title)}</b>: {escape(count)}</p>{shown}{folded}"


def details_html(details: ReportDetails) -> str:
    """A table with one row per check, in order."""
    report = details.report
    count = tr("{passed} of {count} passed", passed=report.passed, count=len(report))
    return f"<p><b>{escape(report.title)}</b>: {escape(count)}</p>{_table(report)}"


def _table(checks: Iterable[Check]) -> str:
    headings = (tr("Result"), tr("Check"), tr("Evidence"))
    head = "".join(f'<th scope="col" style="{CELL}">{heading}</th>' for heading in headings)
    rows = "".join(_row(check) for check in checks)
    return f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _row(check: Check) -> str:
    result = pill(tr(PASSED), ALLOWED_BLUE) if check.passed else pill(tr(FAILED), REFUSED_VERMILION)
    # Below the evidence rather than beside it: a fourth column leaves none of them room on a narrow page.
    label = escape(tr("Note:"))
    hint = f"<br><b>{label}</b> {escape(check.hint)}" if check.hint and not check.passed else ""
    cells = [result, escape(check.title), f"{escape(check.evidence)}{hint}"]
    # Evidence may be an error of several lines. A column is as wide as its longest word, so that no word is broken.
    style = f"{CELL};white-space:pre-line;overflow-wrap:break-word"
    widths = (' width="8%"', ' width="30%"', "")
    return (
        "<tr>"
        + "".join(f'<td{width} style="{style}">{cell}</td>' for width, cell in zip(widths, cells, strict=True))
        + "</tr>"
    )
