"""The engine's answers beside AWS's as HTML; the text form is their `str`."""

from __future__ import annotations

from collections.abc import Iterable

from xsfn_helpers.chain.report import Report
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.markup import CODE, escape
from xsfn_helpers.display.reports import report_html


def second_opinion_html(
    report: Report, notes: Iterable[str], to_send: Iterable[str], remarks: Iterable[str] = ()
) -> str:
    """The comparison as a table, what AWS adds and wasn't asked as sentences, and the texts to send in as code."""
    unasked, sent = escape(tr("Not compared:")), escape(tr("To send in:"))
    added = "".join(f"<p>{escape(tr('Note: {remark}', remark=remark))}</p>" for remark in remarks)
    not_asked = "".join(f"<p><b>{unasked}</b> {escape(note)}</p>" for note in notes)
    texts = "".join(f'<p><b>{sent}</b></p><pre style="{CODE}">{escape(text)}</pre>' for text in to_send)
    return report_html(report) + added + not_asked + texts
