"""A report as a table says the same as the report as text, and nothing in it is taken for markup."""

from __future__ import annotations

import pytest

from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.display.reports import check_html, details_html, report_html

HELD = Check("a", "The trust policy names the Operator role", True, "statement OperatorStateMachine")
FAILED = Check("b", "Link 2 is allowed", False, "User: arn:aws:sts::1 is not authorized", "Add sts:AssumeRole.")


def test_each_check_is_a_row_with_mark_word_title_evidence_and_hint() -> None:
    html = report_html(Report("Stage 1", (HELD, FAILED)))

    assert "<b>Stage 1</b>: 1 of 2 passed" in html
    assert html.count("<tr>") == 4, "what failed, and folded what passed: each with its head"
    for words in ("✓ passed", HELD.title, HELD.evidence, "✗ failed", FAILED.title, FAILED.evidence):
        assert f">{words}<" in html
    assert f"<b>Note:</b> {FAILED.hint}<" in html


def test_what_passed_is_folded_and_the_details_are_in_order() -> None:
    report = Report("Stage 1", (HELD, FAILED))
    shown, _, folded = report_html(report).partition("<details>")

    assert FAILED.title in shown
    assert HELD.title not in shown
    assert HELD.title in folded
    assert details_html(report.details).index(HELD.title) < details_html(report.details).index(FAILED.title)
    assert "<details>" not in report_html(Report("Stage 1", (FAILED,)))


def test_what_to_do_is_there_only_where_something_failed() -> None:
    assert "Note" in report_html(Report("r", (HELD, FAILED)))
    assert "Note" not in report_html(Report("r", (HELD,)))


def test_every_text_is_escaped() -> None:
    bad = "<script>alert('x')</script>\x1b"
    html = report_html(Report(bad, (Check("c", bad, False, bad, bad),)))

    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;\ufffd") == 4


def test_a_notebook_gets_the_table_and_the_whole_text() -> None:
    report = Report("Stage 1", (HELD, FAILED))

    assert report._repr_mimebundle_() == {"text/html": report_html(report), "text/plain": str(report)}


@pytest.mark.parametrize("check", [HELD, FAILED], ids=["held", "failed"])
def test_one_check_is_a_row_of_its_report(check: Check) -> None:
    html = check_html(check)

    [row] = html.split("<tbody>")[1].split("</tbody>")[:1]
    assert row in report_html(Report("Stage 1", (check,)))
    assert check._repr_mimebundle_() == {"text/html": html, "text/plain": str(check)}


def test_borders_follow_jupyterlabs_theme_and_have_a_fallback() -> None:
    assert "var(--jp-border-color2, #8a94a0)" in report_html(Report("r", (HELD,)))
