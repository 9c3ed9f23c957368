"""The engine's answers beside AWS's as HTML; the text form is their `str`."""

from __future__ import annotations

from collections.abc import Iterable

from xsfn_helpers.checks import Report
from xsfn_helpers.display.markup import CODE, escape
from xsfn_helpers.display.reports import report_html


def second_opinion_html(report: Report, notes: Iterable[str], to_send: Iterable[str]) -> str:
    """The comparison as a table, what AWS wasn't asked as sentences, and the texts to send in as code."""
    not_asked = "".join(f"<p><b>Not asked:</b> {escape(note)}</p>" for note in notes)
    texts = "".join(f'<p><b>To send in:</b></p><pre style="{CODE}">{escape(text)}</pre>' for text in to_send)
    return report_html(report) + not_asked + texts
