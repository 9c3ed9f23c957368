"""A preflight as HTML: its checks, its plans, and what else is to be known; its text form is its `str`."""

from __future__ import annotations

from collections.abc import Iterable

from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.report import Report
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.markup import escape
from xsfn_helpers.display.plan import plan_html
from xsfn_helpers.display.reports import report_html


def preflight_html(report: Report, plans: Iterable[Plan], below: Iterable[tuple[str, str]]) -> str:
    """`below` are headings with a sentence or two each."""
    tables = "".join(map(plan_html, plans))
    told = "".join(f"<p><b>{escape(heading)}:</b> {escape(text)}</p>" for heading, text in below)
    heading = escape(tr("What would be created and changed"))
    return f"{report_html(report)}<p><b>{heading}</b></p>{tables}{told}"
