"""The policy editor's kernel side: it judges each text, applies when asked to, and follows what others change."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.display.live.editor import PolicyEditor
from xsfn_helpers.display.live.frontend import VIEW
from xsfn_helpers.iam import PolicyError

pytestmark = pytest.mark.usefixtures("no_http")


def state(editor: PolicyEditor) -> dict[str, Any]:
    """What the front end is told."""
    found = editor._frontend.state
    json.dumps(found)
    return dict(found)


def ask(editor: PolicyEditor, wish: str, **content: Any) -> None:
    """As the front end asks."""
    editor._frontend._handle_custom_msg({"do": wish, "text": editor.document, **content}, [])


def eventually(found: Callable[[], object], expected: object) -> None:
    deadline = time.monotonic() + 60
    while found() != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found() == expected


def stored(lab: Lab) -> Any:
    role = lab.subject.client("iam").get_role(RoleName=lab.scenario.execute_role_name)["Role"]
    return role["AssumeRolePolicyDocument"]


@pytest.fixture
def editor(standing_lab: Lab) -> PolicyEditor:
    return standing_lab.edit("execute-role trust")  # type: ignore[return-value]


@pytest.fixture
def wrong(standing_lab: Lab) -> str:
    """The trust policy with the wrong external ID."""
    lab = standing_lab
    return lab.blueprint.execute_role_trust.replace(lab.scenario.external_id, lab.scenario.subject_machine_arn)


class TestJudging:
    def test_it_opens_on_what_is_stored(self, standing_lab: Lab, editor: PolicyEditor) -> None:
        assert json.loads(editor.document) == stored(standing_lab)
        assert editor.report.headline == "No link would change."

    def test_where_nothing_is_stored_it_opens_on_the_labs_own_document(self, lab: Lab) -> None:
        own = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "states:*", "Resource": "*"}}
        editor = lab.using(execute_role_permissions=own).edit("execute-role permissions")

        assert json.loads(editor.document) == own
        assert not state(editor)["can_reset"]  # type: ignore[arg-type]

    def test_each_edit_is_judged_and_nothing_is_written(
        self, standing_lab: Lab, editor: PolicyEditor, wrong: str
    ) -> None:
        before = stored(standing_lab)

        editor.edit(wrong)

        second = state(editor)["links"][1]
        assert editor.report.broken == (2,)
        assert (second["state"], second["word"]) == ("refused", "✗ would break")
        assert second["now"].startswith("Now allowed by Operator role's inline policy")
        assert stored(standing_lab) == before

    def test_what_is_typed_is_answered_with_its_turn(self, editor: PolicyEditor, wrong: str) -> None:
        ask(editor, "edit", text=wrong, turn="a-1")

        assert state(editor)["answers"] == "a-1"
        assert state(editor)["text"] == wrong
        assert state(editor)["headline"] == "Link 2 would break."

    @pytest.mark.parametrize("text", ["", "{", "[]", "\x00", "{" * 2000, "null"])
    def test_whatever_is_typed_is_judged(self, editor: PolicyEditor, text: str) -> None:
        ask(editor, "edit", text=text, turn="1")

        assert state(editor)["remarks"][0]["kind"] == "fault"
        assert not state(editor)["can_apply"]

    def test_a_principal_is_looked_up_once_and_again_after_a_change(
        self, standing_lab: Lab, editor: PolicyEditor
    ) -> None:
        arn = "arn:aws:iam::111111111111:role/test-new-role"
        text = editor.document.replace(standing_lab.scenario.operator_role_arn, arn)
        editor.edit(text)
        assert not editor.report.accepted

        iam = standing_lab.operator.client("iam")
        iam.create_role(RoleName="test-new-role", AssumeRolePolicyDocument=standing_lab.blueprint.operator_role_trust)
        try:
            eventually(lambda: editor.report.accepted, True)
        finally:
            iam.delete_role(RoleName="test-new-role")
        eventually(lambda: editor.report.accepted, False)


class TestApplying:
    def test_it_is_for_real_and_says_so(self, standing_lab: Lab, editor: PolicyEditor, wrong: str) -> None:
        editor.edit(wrong)

        said = editor.apply()

        assert said == "Saved in the Subject account 222222222222: the execute role's trust policy."
        assert stored(standing_lab) == json.loads(wrong)
        assert state(editor)["said"] == said
        assert not state(editor)["can_apply"]

    def test_the_live_diagram_follows(self, standing_lab: Lab, editor: PolicyEditor, wrong: str) -> None:
        diagram = standing_lab.live_diagram()
        editor.edit(wrong)
        editor.apply()

        eventually(lambda: diagram._frontend.state["links"][1]["state"], "refused")

    def test_what_aws_refuses_raises_in_a_cell_and_is_told_on_the_page(
        self, standing_lab: Lab, editor: PolicyEditor
    ) -> None:
        before = stored(standing_lab)
        editor.edit("{")

        with pytest.raises((PolicyError, StepError)):
            editor.apply()
        ask(editor, "apply")

        assert "line 1, column 2" in state(editor)["trouble"]
        assert editor.document == "{"
        assert stored(standing_lab) == before

    def test_a_role_that_is_not_made_is_made_with_it(self, lab: Lab) -> None:
        lab.set_stage(0)
        editor = lab.edit("execute-role trust")
        assert "The execute role doesn't exist yet" in editor.text

        editor.apply()

        assert stored(lab) == json.loads(lab.blueprint.execute_role_trust)


class TestButtons:
    def test_reset_puts_back_what_is_stored(self, standing_lab: Lab, editor: PolicyEditor, wrong: str) -> None:
        original = editor.document
        editor.edit(wrong)
        assert state(editor)["can_reset"]

        editor.reset()

        assert editor.document == original
        assert not state(editor)["can_reset"]

    def test_the_readers_text_can_be_had_back(self, editor: PolicyEditor, wrong: str) -> None:
        ask(editor, "edit", text=wrong)
        ask(editor, "reset")
        assert state(editor)["can_go_back"]
        assert editor.report.broken == ()

        ask(editor, "back")

        assert editor.document == wrong
        assert not state(editor)["can_go_back"]

    def test_the_recommended_one_is_at_hand(self, standing_lab: Lab, editor: PolicyEditor, wrong: str) -> None:
        editor.edit(wrong)
        editor.apply()

        ask(editor, "recommended")

        assert editor.report.opened == (2,)
        assert json.loads(editor.document) == json.loads(standing_lab.blueprint.execute_role_trust)

    def test_wishes_that_there_are_none_of_do_nothing(self, editor: PolicyEditor) -> None:
        before = state(editor)

        ask(editor, "__init__")
        editor._frontend._handle_custom_msg("apply", [])

        assert state(editor) == before


class TestOthers:
    def test_an_untouched_text_follows_what_is_stored(
        self, standing_lab: Lab, editor: PolicyEditor, wrong: str
    ) -> None:
        standing_lab.using(execute_role_trust=wrong).stage(1).apply()

        eventually(lambda: json.loads(editor.document), json.loads(wrong))

    def test_a_touched_text_stays_and_is_judged_anew(self, standing_lab: Lab, editor: PolicyEditor, wrong: str) -> None:
        editor.edit(wrong)
        standing_lab.stage(2).undo()

        eventually(lambda: state(editor)["links"][1]["word"], "✗ stays denied")
        assert editor.document == wrong

    def test_once_closed_it_listens_no_more(self, standing_lab: Lab, editor: PolicyEditor, wrong: str) -> None:
        before = editor.document
        editor.close()
        standing_lab.using(execute_role_trust=wrong).stage(1).apply()
        time.sleep(0.3)

        assert editor.document == before


class TestForms:
    def test_there_is_one_for_each_document_and_blueprint(self, standing_lab: Lab, editor: PolicyEditor) -> None:
        own = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "states:*", "Resource": "*"}}

        assert standing_lab.edit("execute_role_trust") is editor
        assert standing_lab.edit("operator-role permissions") is not editor
        assert standing_lab.using(execute_role_permissions=own).edit("execute-role trust") is not editor

    def test_the_definitions_open_as_the_task_form_does(self, standing_lab: Lab) -> None:
        assert standing_lab.edit("operator definition") is standing_lab.task_form("operator")

    def test_a_name_there_is_no_document_of_is_told_with_those_there_are(self, lab: Lab) -> None:
        with pytest.raises(ConfigError, match=r"There is no document 'trust'.*There are: .*execute role trust"):
            lab.edit("trust")

    def test_text_page_and_view_tell_the_same(self, editor: PolicyEditor, wrong: str) -> None:
        editor.edit(wrong)

        shown = editor._repr_mimebundle_()

        assert shown[VIEW]["model_id"] == editor._frontend.model_id
        assert shown["text/plain"] == editor.text == str(editor)
        assert editor.text.startswith('Edit: execute role\'s trust policy\n    {\n      "Version": "2012-10-17",')
        assert editor.report.text in editor.text
        assert "✗ would break" in shown["text/html"]
        assert "stateMachine:" in shown["text/html"]

    def test_no_markup_of_the_text_survives(self, editor: PolicyEditor) -> None:
        editor.edit('{"Version": "<img src=x onerror=alert(1)>"}')

        assert "<img src=x" not in editor._repr_mimebundle_()["text/html"]
