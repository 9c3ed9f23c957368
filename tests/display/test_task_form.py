"""The task form's kernel side: the option and the definition say the same, whichever of them is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.asl.definitions import EVERY_STATE, text
from xsfn_helpers import Lab
from xsfn_helpers.asl.credentials import Option
from xsfn_helpers.chain.what_if import Turn
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.display.live.frontend import VIEW
from xsfn_helpers.display.live.task_form import TaskForm

pytestmark = pytest.mark.usefixtures("no_http")


def state(form: TaskForm) -> dict[str, Any]:
    """What the front end is told."""
    found = form._frontend.state
    json.dumps(found)
    return dict(found)


def ask(form: TaskForm, wish: str, **content: Any) -> None:
    """As the front end asks."""
    form._frontend._handle_custom_msg({"do": wish, "text": form.document, **content}, [])


def credentials(form: TaskForm) -> list[Any]:
    """Of each task at the top of the definition."""
    states = json.loads(form.document)["States"].values()
    return [state.get("Credentials") for state in states if state["Type"] == "Task"]


@pytest.fixture
def form(standing_lab: Lab) -> TaskForm:
    return standing_lab.task_form()


class TestRoundTrip:
    def test_it_opens_on_what_is_stored(self, standing_lab: Lab, form: TaskForm) -> None:
        found = state(form)

        assert (found["option"], found["value"]) == ("ARN", standing_lab.scenario.execute_role_arn)
        assert standing_lab.scenario.execute_role_arn in [one["arn"] for one in found["roles"]]
        assert found["verdict"] == "✓ This is what is stored."

    def test_choosing_writes_and_writing_chooses(self, standing_lab: Lab, form: TaskForm) -> None:
        at_first = form.document

        form.choose(None)
        assert credentials(form) == [None]
        assert state(form)["option"] == "NONE"
        form.choose(standing_lab.scenario.subject_role_arn)
        assert credentials(form) == [{"RoleArn": standing_lab.scenario.subject_role_arn}]
        form.choose("$.role")
        assert credentials(form) == [{"RoleArn.$": "$.role"}]
        assert (state(form)["option"], state(form)["value"]) == ("RUN_TIME", "$.role")
        form.choose(standing_lab.scenario.execute_role_arn)
        assert form.document == at_first

        form.edit(at_first.replace(standing_lab.scenario.execute_role_arn, "arn:aws:iam::222222222222:role/nobody"))
        assert state(form)["value"] == "arn:aws:iam::222222222222:role/nobody"

    def test_the_pages_choice_is_the_same(self, form: TaskForm) -> None:
        ask(form, "choose", option="NONE", value="", turn="1")

        assert credentials(form) == [None]
        assert state(form)["answers"] == "1"

    def test_one_of_several_tasks_is_chosen_for(self, form: TaskForm) -> None:
        definition = json.loads(text(EVERY_STATE))
        form.edit(json.dumps(definition))

        form.choose(None, task="Item")

        assert [one["name"] for one in state(form)["tasks"]] == ["Ask", "Item"]
        assert state(form)["task"] == 1
        item = json.loads(form.document)["States"]["Each"]["ItemProcessor"]["States"]["Item"]
        assert "Credentials" not in item
        assert credentials(form) == [definition["States"]["Ask"]["Credentials"]]

    def test_a_task_that_is_not_there_is_told_with_those_there_are(self, form: TaskForm) -> None:
        with pytest.raises(ConfigError, match=r"There is no task state 'Ask'.*There are: 'Start the Subject"):
            form.choose(None, task="Ask")

    @pytest.mark.parametrize(("option", "value"), [("RUN_TIME", "role"), ("ARN", " ")])
    def test_what_step_functions_would_refuse_is_not_written_and_told(
        self, form: TaskForm, option: str, value: str
    ) -> None:
        before = form.document

        ask(form, "choose", option=option, value=value)

        assert form.document == before
        assert state(form)["trouble"]


class TestFaults:
    def test_each_is_told_with_its_place_and_nothing_can_be_applied(self, form: TaskForm) -> None:
        form.edit(form.document.replace('"Type": "Task"', '"Type": "Tusk"'))

        found = state(form)
        assert (found["remarks"][0]["line"], found["remarks"][0]["column"]) == (6, 15)
        assert not found["can_apply"]
        assert form.report.headline == "AWS would reject this, so nothing would change."
        assert "✗ Step Functions would reject it" in form.text

    def test_broken_json_leaves_the_form_waiting(self, form: TaskForm) -> None:
        form.edit(form.document[:-1])

        assert state(form)["task"] == -1
        with pytest.raises(ConfigError, match="Correct the definition first"):
            form.choose(None)

    @pytest.mark.parametrize("typed", ["", "{", "[]", "null", "{" * 3000, '{"States": 3}', '{"States": {"A": 3}}'])
    def test_whatever_is_typed_is_judged(self, form: TaskForm, typed: str) -> None:
        ask(form, "edit", text=typed, turn="1")

        assert state(form)["remarks"][0]["kind"] == "fault"
        assert form.text


class TestApplying:
    def test_the_state_machine_gets_its_definition(self, standing_lab: Lab, form: TaskForm) -> None:
        form.choose(standing_lab.scenario.subject_role_arn)

        said = form.apply()

        states = standing_lab.operator.client("stepfunctions")
        found = states.describe_state_machine(stateMachineArn=standing_lab.scenario.operator_machine_arn)
        assert found["definition"] == form.document
        assert said.startswith("Saved in the Operator account 111111111111: the definition of ")
        assert form.report.effects[1].turn is Turn.STAYS_ALLOWED or not form.report.effects[1].turn.is_open

    def test_what_aws_refuses_raises_in_a_cell_and_is_told_on_the_page(self, form: TaskForm) -> None:
        form.choose(None)
        assert "AWS would reject this when it is saved" in form.text

        with pytest.raises(StepError, match="is not authorized to create managed-rule"):
            form.apply()
        ask(form, "apply")

        assert "managed-rule" in state(form)["trouble"]
        assert credentials(form) == [None]

    def test_the_subjects_can_be_changed_too(self, standing_lab: Lab) -> None:
        form = standing_lab.task_form("subject")
        form.edit(form.document.replace('"Type": "Pass"', '"Comment": "Changed", "Type": "Pass"'))

        form.apply()

        states = standing_lab.subject.client("stepfunctions")
        found = states.describe_state_machine(stateMachineArn=standing_lab.scenario.subject_machine_arn)
        assert '"Changed"' in found["definition"]
        assert standing_lab.run().succeeded

    def test_a_machine_that_is_not_made_yet_is_made_by_its_stage(self, lab: Lab) -> None:
        lab.set_stage(2)
        form = lab.task_form()
        assert not state(form)["can_reset"]

        form.apply()

        assert lab.stage(3).is_applied


class TestForms:
    def test_text_page_and_view_tell_the_same(self, standing_lab: Lab, form: TaskForm) -> None:
        shown = form._repr_mimebundle_()

        assert shown[VIEW]["model_id"] == form._frontend.model_id
        assert shown["text/plain"] == form.text == str(form)
        assert f"  IAM role for cross-account access: {standing_lab.scenario.execute_role_arn}" in form.text
        assert form.report.headline in form.text
        assert "IAM role for cross-account access" in shown["text/html"]
        assert "<figure" in shown["text/html"]

    def test_without_a_role_the_text_says_what_that_means(self, form: TaskForm) -> None:
        form.choose(None)

        assert f"  IAM role for cross-account access: {Option.NONE}" in form.text
        assert form.report.text in form.text

    def test_the_graph_is_that_of_the_text(self, form: TaskForm) -> None:
        assert "cross-account access" in form.workflow.text

        form.choose(None)

        assert "cross-account access" not in form.workflow.text

    def test_another_side_is_told_which_there_are(self, lab: Lab) -> None:
        with pytest.raises(ConfigError, match="There are: operator, subject"):
            lab.task_form("both")
