"""What break-and-fix shows as HTML says what its text says, and nothing in it is taken for markup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from xsfn_helpers.chain.scenario import Account, Side
from xsfn_helpers.deployment.practice.exercise import Solution
from xsfn_helpers.deployment.practice.hints import Hint
from xsfn_helpers.deployment.practice.scene import Exhibit, Scene
from xsfn_helpers.deployment.practice.symptoms import Symptom
from xsfn_helpers.deployment.runs import Run, TimelineEvent
from xsfn_helpers.display.practice import hint_html, scene_html, solution_html, symptom_html

BAD = "<script>alert('x')</script>\x1b"
SAFE = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;\ufffd"
ANSWER = Hint(3, "The exact change:", (f"- {BAD}", "+ b"), f"fault.repair(x={BAD})")


def run(environment: Any = None) -> Run:
    event = TimelineEvent(
        Side.OPERATOR, "arn", 1, "TaskFailed", datetime(2026, 11, 24, tzinfo=UTC), 2, BAD, failed=True
    )
    return Run(
        operator_execution_arn="arn",
        subject_execution_arn=None,
        status="FAILED",
        subject_status=None,
        input={},
        output=None,
        subject_input=None,
        error="States.TaskFailed",
        cause=BAD,
        broken_link=2,
        events=(event,),
        environment=environment,
    )


def test_a_symptom_has_its_lines_and_a_timeline_without_links() -> None:
    symptom = Symptom("Fault 1", (f"AWS says {BAD}",), run())
    html = symptom_html(symptom)

    assert f"AWS says {SAFE}" in html
    assert "<b>TaskFailed</b>" in html
    assert "link 2" not in html + str(symptom)
    assert "<script" not in html
    assert symptom._repr_mimebundle_() == {"text/html": html, "text/plain": str(symptom)}


def test_a_scene_has_a_fold_for_each_document() -> None:
    account = Account(Side.SUBJECT, "222222222222")
    scene = Scene(
        (Exhibit(account, "Role r: trust policy", "execute_role_trust", BAD), Exhibit(account, BAD, "", "{}"))
    )
    html = scene_html(scene)
    words = html.replace("<wbr>", "")

    assert html.count("<details><summary>") == 2
    assert "Role r: trust policy, in Subject account 222222222222 · execute_role_trust</summary>" in html
    assert words.count(SAFE) == 2
    assert scene._repr_mimebundle_() == {"text/html": html, "text/plain": str(scene)}


def test_an_answer_has_the_difference_and_the_code_and_a_nudge_has_neither() -> None:
    html = hint_html(ANSWER).replace("<wbr>", "")

    assert "<b>Hint 3 of 3</b>: The exact change:" in html
    assert f"- {SAFE}\n+ b</pre>" in html
    assert f"fault.repair(x={SAFE})</pre>" in html
    assert "<pre" not in hint_html(Hint(1, "Look again."))
    assert str(ANSWER).splitlines()[-2:] == ["In a cell:", f"  fault.repair(x={BAD})"]


def test_a_solution_has_rule_source_and_answer() -> None:
    solution = Solution("Fault 1", "A rule.", "docs.aws.amazon.com/x", ANSWER)
    html = solution_html(solution)

    assert "<b>Fault 1: repaired.</b> A rule. [docs.aws.amazon.com/x]" in html
    assert html.endswith(hint_html(ANSWER))
    assert solution._repr_mimebundle_() == {"text/html": html, "text/plain": str(solution)}
