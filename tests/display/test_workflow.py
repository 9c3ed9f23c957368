"""The workflow graph: every state and way in words and in the picture, coloured by what a real run did."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.asl.definitions import EVERY_STATE, EXECUTE_ROLE, machine, passes, task, text
from tests.display.pictures import description, needs_graphviz, parts, shape
from xsfn_helpers import Lab
from xsfn_helpers.common.errors import ConfigError, XsfnError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.display.pictures.workflow import PROGRESS_LOOKS, Workflow

pytestmark = pytest.mark.usefixtures("no_http")

# One that a sandbox can run through: a choice, branches, items, an error that is caught, and a failure at the end.
FULL: Final = machine(
    Which={
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Both"}],
        "Default": "Later",
    },
    Later={"Type": "Wait", "Seconds": 0, "Next": "Done"},
    Both={
        "Type": "Parallel",
        "Branches": [machine(One=passes(Next="Two"), Two=passes()), machine(Other=passes())],
        "Next": "Each",
    },
    Each={"Type": "Map", "ItemProcessor": machine(Item=passes()), "Next": "Ask"},
    Ask=task(
        Credentials={"RoleArn": EXECUTE_ROLE.replace("execute-role", "no-role")},
        Parameters={"StateMachineArn": "arn:aws:states:ap-northeast-1:222222222222:stateMachine:any"},
        Catch=[{"ErrorEquals": ["States.TaskFailed"], "Next": "Broken"}],
        Next="Done",
    ),
    Broken={"Type": "Fail", "Error": "Broken"},
    Done={"Type": "Succeed"},
)


@pytest.fixture(scope="module")
def every() -> Workflow:
    return Workflow(EVERY_STATE, title="Every kind", account_id="111111111111")


@pytest.fixture
def ran(standing_lab: Lab) -> Workflow:
    """The full machine after a run that fails at its end."""
    standing_lab.using(operator_definition=FULL).stage(3).apply()
    return standing_lab.workflow("operator", standing_lab.run({"n": 3}))


def boxes(svg: str) -> dict[str, str]:
    """The words of each state's box, by its name."""
    states = {part_id: part for part_id, part in parts(svg).items() if re.fullmatch(r"state-\d+", part_id)}
    return {re.sub(r"^(\w+) state (\w+).*", r"\2", part.words): part.words for part in states.values()}


class TestWords:
    def test_every_state_way_and_role_is_told(self, every: Workflow) -> None:
        assert (
            every.text
            == """\
Every kind
  Start → "Ask"
  "Ask": Task arn:aws:states:::states:startExecution.sync:2
    cross-account access: account 222222222222, role subject-statemachine-execute-role
    retried on States.Timeout
    → "Which"
    on error States.TaskFailed, States.Timeout → "Broken"
  "Which": Choice
    if $.n > 2 and $.name is present → "Both"
    if $.name matches "a*" → "Each"
    otherwise → "Later"
  "Later": Wait Seconds 5
    → "Ask"
  "Both": Parallel
    branch 1:
      Start → "One"
      "One": Pass
        → "Two"
      "Two": Pass
        → End
    branch 2:
      Start → "Other"
      "Other": Pass
        → End
    → "Done"
  "Each": Map
    for each item, as an execution of its own:
      Start → "Item"
      "Item": Task arn:aws:states:::states:startExecution.sync:2
        role for the call: role known at run time, from $.role
        → End
    → "Done"
  "Broken": Fail "Broken"
    → End
  "Done": Succeed
    → End"""
        )

    def test_a_role_of_the_machines_own_account_is_not_called_cross_account(self) -> None:
        own = Workflow(machine(Ask=task(Credentials={"RoleArn": EXECUTE_ROLE})), account_id="222222222222")

        assert "role of its own account: account 222222222222" in own.text

    def test_the_alternative_text_says_the_same_as_running_text(self, every: Workflow) -> None:
        assert "\n" not in every.alt
        assert every.alt.startswith('Every kind. Start → "Ask". "Ask": Task arn:aws:states')
        assert 'on error States.TaskFailed, States.Timeout → "Broken".' in every.alt

    def test_a_run_is_told_state_by_state(self, ran: Workflow) -> None:
        told = dict(re.findall(r'"(\w+)": [^|\n]+ \| (.+)', ran.text))

        assert told == {
            "Which": "✓ succeeded",
            "Later": "… not reached",
            "Both": "✓ succeeded",
            "One": "✓ succeeded",
            "Two": "✓ succeeded",
            "Other": "✓ succeeded",
            "Each": "✓ succeeded",
            "Item": "✓ succeeded (2 of 2)",
            "Ask": "↷ error caught: States.TaskFailed",
            "Broken": "✗ failed: Broken",
            "Done": "… not reached",
        }
        assert "  Run: failed" in ran.text

    def test_a_run_that_has_not_reached_the_other_account_says_so(self, standing_lab: Lab) -> None:
        standing_lab.stage(2).undo()
        run = standing_lab.run()

        assert "| ✗ failed: States.TaskFailed" in standing_lab.workflow("operator", run).text
        assert "Run: never started" in standing_lab.workflow("subject", run).text
        assert "| … not reached" in standing_lab.workflow("subject", run).text

    def test_control_characters_and_markup_in_names_do_no_harm(self) -> None:
        evil = Workflow(machine(**{"<b>\x1b[31m\n& co": passes()}), title="<script>")

        assert "\x1b" not in evil.text
        assert "<script>" not in evil.dot
        assert "&lt;b&gt;" in evil.dot


class TestWhichMachine:
    def test_one_that_is_not_made_yet_is_shown_as_its_stage_would_make_it(self, lab: Lab) -> None:
        shown = lab.workflow()

        assert shown.text.splitlines()[0].endswith("doesn't exist yet")
        assert "cross-account access" in shown.text

    def test_a_run_keeps_the_definition_that_it_ran_with(self, standing_lab: Lab) -> None:
        run = standing_lab.run()
        standing_lab.using(operator_definition=FULL).stage(3).apply()

        assert '"Which"' in standing_lab.workflow("operator").text
        assert '"Which"' not in standing_lab.workflow("operator", run).text

    def test_the_subjects_shows_the_subjects_execution(self, standing_lab: Lab) -> None:
        run = standing_lab.run()

        assert "Run: succeeded" in standing_lab.workflow("subject", run).text

    def test_another_side_is_told_which_there_are(self, lab: Lab) -> None:
        with pytest.raises(ConfigError, match="There are: operator, subject"):
            lab.workflow("both")


class TestPicture:
    @needs_graphviz
    def test_each_state_is_a_box_with_type_name_and_badge(self, every: Workflow) -> None:
        found = boxes(every.svg())

        assert set(found) == {
            "Ask", "Which", "Later", "Both", "One", "Two", "Other", "Each", "Item", "Broken", "Done"
        }  # fmt: skip
        assert found["Ask"] == (
            "Task state Ask states:startExecution.sync:2 "
            "cross-account access account 222222222222 subject-statemachine-execute-role"
        )
        assert found["Both"] == "Parallel state Both 2 branches"
        assert found["Each"] == "Map state Each for each item, as an execution of its own"

    @needs_graphviz
    def test_each_way_is_an_edge_and_a_caught_error_a_dashed_one(self, every: Workflow) -> None:
        found = [part for part in parts(every.svg()).values() if part.kind.startswith("edge")]

        (catch,) = [part for part in found if part.kind == "edge catch"]
        assert catch.words == "on error: States.TaskFailed, States.Timeout"
        assert {"otherwise", '$.name matches "a*"'} <= {part.words for part in found}

    @needs_graphviz
    def test_progress_shows_by_word_and_line_as_well_as_by_colour(self, ran: Workflow) -> None:
        svg = ran.svg()
        found = {
            re.sub(r"^\w+ state (\w+).*", r"\1", part.words): (one, part)
            for one, part in parts(svg).items()
            if re.fullmatch(r"state-\d+", one)
        }

        which, broken, done = (found[name] for name in ("Which", "Broken", "Done"))
        assert "✓ succeeded" in which[1].words
        assert "✗ failed" in broken[1].words
        assert "… not reached" in done[1].words
        dashes = {name: {dash for _, dash in shape(svg, found[name][0])} for name in ("Which", "Broken", "Done")}
        assert len({frozenset(one) for one in dashes.values()}) == 3
        assert "state failed" in broken[1].kind

    @needs_graphviz
    def test_the_ways_that_were_taken_stand_out(self, ran: Workflow) -> None:
        kinds = [part.kind for part in parts(ran.svg()).values() if part.kind.startswith("edge")]

        assert kinds.count("edge taken") > 8
        assert "edge way" in kinds

    def test_the_source_is_the_same_each_time(self, every: Workflow) -> None:
        assert every.dot == Workflow(text(EVERY_STATE), title="Every kind", account_id="111111111111").dot

    @needs_graphviz
    def test_it_carries_its_words_and_both_themes(self, every: Workflow) -> None:
        svg = every.svg()

        assert description(svg) == ("Every kind", every.alt)
        assert "@media (prefers-color-scheme: dark)" in svg

    @needs_graphviz
    def test_it_is_written_as_a_file(self, every: Workflow, tmp_path: Path) -> None:
        every.write(tmp_path / "every.svg")

        assert (tmp_path / "every.svg").read_text(encoding="utf-8") == every.svg()

    @needs_graphviz
    def test_a_notebook_gets_a_figure_and_the_legend_of_what_is_there(self, ran: Workflow) -> None:
        shown = ran._repr_mimebundle_()
        source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', shown["text/html"])

        assert source is not None
        assert b"<svg" in base64.b64decode(source[1])
        assert ran.legend == (
            "✓ succeeded: solid line; ↷ error caught: dotted line; ✗ failed: thick dashed line; "
            "… not reached: thin dotted line."
        )
        assert ran.legend in shown["text/html"]
        assert shown["text/plain"] == ran.text

    def test_progress_never_differs_by_colour_alone(self) -> None:
        looks = [(look.mark, look.line, look.width) for look in PROGRESS_LOOKS.values()]

        assert len({mark for mark, *_ in looks}) == len(looks)


class TestFaults:
    BROKEN: Final[dict[str, Any]] = machine(Ask=task(Next="Nowhere"))

    def test_where_and_why_is_told_instead_of_a_picture(self) -> None:
        broken = Workflow(self.BROKEN, title="Broken")

        assert broken.text.startswith("Broken: Step Functions would reject this definition\n  line 7, column 15: ")
        assert "Nowhere" in broken.text
        assert "✗ denied" in broken.figure_html()
        assert broken.alt.startswith("Broken can't be drawn. line 7")

    def test_there_is_no_source_to_draw(self) -> None:
        with pytest.raises(XsfnError, match="Correct the definition first"):
            _ = Workflow(json_text(self.BROKEN) + "}", title="Broken").dot
