"""A check shows what was seen and what to do; a report is true when every check holds."""

from __future__ import annotations

import pytest

from xsfn_helpers.chain.report import Check, Report

GOOD = Check("stage-1.trust-policy", "The execute role trusts the Operator role", True, "its trust policy names it")
BAD = Check("link-2.decided", "Link 2 is allowed", False, "implicitly denied", "Attach the stage 2 policy.")


def test_a_check_that_holds_is_one_line() -> None:
    assert str(GOOD) == "✓ The execute role trusts the Operator role: its trust policy names it"


def test_a_check_that_fails_says_what_to_do() -> None:
    assert str(BAD) == "✗ Link 2 is allowed: implicitly denied\n    → Attach the stage 2 policy."


def test_no_hint_leaves_no_arrow() -> None:
    assert str(Check("x", "It holds", False, "no")) == "✗ It holds: no"


def test_a_hint_on_a_check_that_holds_is_not_shown() -> None:
    assert str(Check("x", "It holds", True, "yes", "Mend it.")) == "✓ It holds: yes"


@pytest.mark.parametrize(
    ("checks", "ok"), [((), True), ((GOOD,), True), ((BAD,), False), ((GOOD, BAD), False), ((BAD, GOOD), False)]
)
def test_a_report_holds_when_every_check_does(checks: tuple[Check, ...], ok: bool) -> None:
    report = Report("Stage 1", checks)

    assert report.ok is ok
    assert bool(report) is ok


def test_a_report_lists_its_checks_in_order() -> None:
    report = Report("Stage 1", (GOOD, BAD))

    assert list(report) == [GOOD, BAD]
    assert len(report) == 2
    assert str(report.details) == (
        "Stage 1: 1 of 2 passed\n"
        "  ✓ The execute role trusts the Operator role: its trust policy names it\n"
        "  ✗ Link 2 is allowed: implicitly denied\n"
        "    → Attach the stage 2 policy."
    )


def test_what_passed_is_folded_and_what_failed_is_whole() -> None:
    assert str(Report("Stage 1", (GOOD, GOOD))) == "Stage 1: 2 of 2 passed"
    assert str(Report("Stage 1", (GOOD, BAD))) == (
        "Stage 1: 1 of 2 passed\n  ✗ Link 2 is allowed: implicitly denied\n    → Attach the stage 2 policy."
    )


def test_a_check_is_found_by_its_id() -> None:
    assert Report("Stage 1", (GOOD, BAD))["link-2.decided"] is BAD


def test_an_unknown_id_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no check 'link-9' .*stage-1\.trust-policy, link-2\.decided"):
        Report("Stage 1", (GOOD, BAD))["link-9"]


def test_reports_add_up_under_the_first_title() -> None:
    both = Report("Stage 1", (GOOD,)) + Report("Stage 2", (BAD,))

    assert both == Report("Stage 1", (GOOD, BAD))
