"""Decisions, answers, plans and runs as HTML say the same as their texts, and nothing in them is taken for markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.aws.attempt import Attempt
from xsfn_helpers.chain.plan import Action, Change, Plan
from xsfn_helpers.chain.scenario import Account, Side
from xsfn_helpers.display.attempt import attempt_html
from xsfn_helpers.display.plan import plan_html
from xsfn_helpers.display.run import run_html, summary_html
from xsfn_helpers.display.trust_answer import answer_html
from xsfn_helpers.display.verdict import verdict_html

pytestmark = pytest.mark.usefixtures("no_http")

BAD = "<script>alert('x')</script>"
SUBJECT = Account(Side.SUBJECT, "222222222222")


class _Rows(HTMLParser):
    """The words of each table row, one text for each cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag in ("div", "p") and self.rows and self.rows[-1]:
            self.rows[-1][-1] += "\n"

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def words_of(text: str) -> list[str]:
    """Every word of a text; a mark stands in the HTML beside what it says, so marks are left out."""
    return sorted(word for word in text.split() if word not in "✓✗·")


def test_a_refused_link_is_a_row_for_each_part_of_its_explanation(standing_lab: Lab) -> None:
    standing_lab.stage(2).undo()
    verdict = standing_lab.evaluate(2)
    html = verdict_html(verdict)

    heads = [row[0] for row in _Rows(html).rows]
    inferred = "Evaluated by the kit; AWS would say"
    assert heads == ["Request", "Rule", "✗ denies", "✓ allows", inferred, "Smallest change that would allow it"]
    assert html.startswith("<p>")
    assert "✗ denied" in html.split("</p>")[0]
    assert str(verdict.link) in html.replace("&gt;", ">")


def test_every_word_of_a_decision_is_in_its_table(standing_lab: Lab) -> None:
    for link in standing_lab.links:
        verdict = standing_lab.evaluate(link.number)

        shown = "\n".join(cell for row in _Rows(verdict_html(verdict)).rows for cell in row)
        told = str(verdict).partition("\n")[2]
        assert set(words_of(told)) - {"say:", "Smallest", "change:"} <= set(words_of(shown))


def test_several_changes_stay_together(lab: Lab) -> None:
    lab.set_stage(1)
    lab.operator.client("iam").delete_role(RoleName=lab.scenario.operator_role_name)
    lab.prepare()

    [change] = [
        row for row in _Rows(verdict_html(lab.evaluate(2))).rows if row[0] == "Smallest change that would allow it"
    ]
    assert [line[:2] for line in change[1].strip().splitlines()[1:]] == ["1.", "2."]


def test_a_link_whose_role_is_missing_says_which(lab: Lab) -> None:
    html = verdict_html(lab.evaluate(3))

    assert "denied: the execute role doesn&#x27;t exist" in html
    assert "<table" not in html


def test_a_notebook_gets_the_table_and_the_whole_text(standing_lab: Lab) -> None:
    verdict, run = standing_lab.evaluate(2), standing_lab.run()
    plan, answer = standing_lab.stage(2).plan(), Attempt(True)

    assert verdict._repr_mimebundle_() == {"text/html": verdict_html(verdict), "text/plain": str(verdict)}
    assert plan._repr_mimebundle_() == {"text/html": plan_html(plan), "text/plain": str(plan)}
    assert answer._repr_mimebundle_() == {"text/html": attempt_html(answer), "text/plain": str(answer)}
    assert run._repr_mimebundle_()["text/html"] == run_html(run, run.timeline)
    assert run.summary._repr_mimebundle_() == {"text/html": summary_html(run), "text/plain": str(run)}


def test_a_refusal_shows_its_code_and_its_message() -> None:
    html = attempt_html(Attempt(False, "AccessDenied", BAD))

    assert "✗ AWS denied it" in html
    assert "<b>AccessDenied</b>" in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("done", [True, False], ids=["done", "planned"])
def test_a_change_shows_sign_verb_thing_account_and_details(action: Action, done: bool) -> None:
    change = Change(action, SUBJECT, f"role {BAD}", ("why", BAD))
    html = plan_html(Plan("Stage 1", (change,), done=done))

    # The details have a row of their own, for they are as wide as code.
    [[verb, thing, account], details] = _Rows(html).rows
    assert f"{verb} role" in str(change.told(done=done)).replace(":", "")
    assert (thing, account) == (f"role {BAD}", str(SUBJECT))
    assert details == [f"why\n{BAD}"]
    assert "<script" not in html


def test_a_plan_of_nothing_says_so() -> None:
    assert plan_html(Plan("Stage 1", ())) == "<p>Stage 1: nothing there</p>"


def test_a_run_has_a_row_for_each_execution_with_its_status(standing_lab: Lab) -> None:
    run = standing_lab.run()
    rows = _Rows(run_html(run, run.timeline).partition("</table>")[0]).rows

    assert rows == [
        ["Operator execution", "✓ SUCCEEDED", ""],
        ["Subject execution, in the Subject account", "✓ SUCCEEDED", ""],
    ]


def test_a_refused_run_says_in_its_row_what_refused_it(standing_lab: Lab) -> None:
    standing_lab.stage(2).undo()
    run = standing_lab.run()
    rows = _Rows(run_html(run, run.timeline).partition("</table>")[0]).rows

    assert [row[:2] for row in rows] == [
        ["Operator execution", "✗ FAILED"],
        ["Subject execution", "· never started"],
    ]
    assert "is not authorized to assume the task state's role" in rows[0][2]
    assert rows[0][2].endswith("denied at link 2 of the access chain")


@pytest.mark.parametrize("permission", [True, False])
def test_a_trust_policy_tried_is_a_row_for_each_part_and_says_no_less_than_its_text(lab: Lab, permission: bool) -> None:
    trial = lab.trust_trial()
    answer = trial.try_policy(trial.caller_role_arn, permission=permission)
    html = answer_html(answer)

    heads = [row[0] for row in _Rows(html).rows]
    assert heads[:3] == ["The trust policy", "Request", "Rule"]
    assert heads[-1] == "The real call"
    assert ("✗ denied" in html.split("</p>")[0]) is not permission
    told = {word.strip(":") for row in _Rows(html).rows for word in words_of(" ".join(row))}
    # The policy itself is there as JSON in lines, the engine's word in front of the table.
    asked = "\n".join(str(answer).splitlines()[1:])
    assert {word.strip(":") for word in words_of(asked)} - told <= {"Evaluated", "from", "policies"}


def test_nothing_in_a_tried_trust_policy_is_taken_for_markup(lab: Lab) -> None:
    trial = lab.trust_trial()
    answer = trial.try_policy(trial.caller_role_arn, condition={"StringEquals": {"sts:ExternalId": BAD}})

    assert BAD not in answer_html(answer)
