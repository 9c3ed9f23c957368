"""The option "IAM role for cross-account access" in a definition's text: only that changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asl.definitions import EVERY_STATE, EXECUTE_ROLE, machine, passes, task, text
from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task, tasks, with_choice
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import JsonFault

NONE = CredentialsChoice(Option.NONE)
ROLE = CredentialsChoice(Option.ARN, EXECUTE_ROLE)
OTHER = CredentialsChoice(Option.ARN, "arn:aws:iam::222222222222:role/another")
PATH = CredentialsChoice(Option.RUN_TIME, "$.role")


def first(definition: str) -> Task:
    return tasks(definition)[0]


def chosen(definition: str, choice: CredentialsChoice) -> str:
    return with_choice(definition, first(definition), choice)


def test_the_tasks_are_found_wherever_they_are() -> None:
    found = tasks(text(EVERY_STATE))

    assert [(one.name, one.choice) for one in found] == [("Ask", ROLE), ("Item", PATH)]
    assert found[0].resource == "arn:aws:states:::states:startExecution.sync:2"


def test_what_a_task_starts_is_told_where_it_is_written() -> None:
    arn = "arn:aws:states:us-east-1:222222222222:stateMachine:s"
    definition = machine(
        A=task(Parameters={"StateMachineArn": arn}, Next="B"),
        B=task(Parameters={"StateMachineArn.$": "$.arn"}, Next="C"),
        C=task(),
    )

    assert [one.starts for one in tasks(text(definition))] == [arn, "", ""]


def test_choosing_a_role_writes_credentials_after_the_resource() -> None:
    before = text(machine(Ask=task()))

    after = chosen(before, ROLE)

    assert after == text(
        machine(
            Ask={
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Credentials": {"RoleArn": EXECUTE_ROLE},
                "End": True,
            }
        )
    )


def test_choosing_none_takes_them_away_again() -> None:
    before = text(machine(Ask=task()))

    assert chosen(chosen(before, ROLE), NONE) == before


def test_another_role_changes_the_value_and_nothing_else() -> None:
    before = (
        '{ "StartAt":"A" ,"States":{"A":{"Type" : "Task","Resource":"r",'
        '"Credentials" : { "RoleArn" :"x"} ,"End":true}}}'
    )

    after = chosen(before, OTHER)

    assert after == before.replace('"x"', json.dumps(OTHER.value))


@pytest.mark.parametrize("choices", [(ROLE, PATH, ROLE), (PATH, NONE, PATH), (NONE, ROLE, NONE), (OTHER, ROLE, PATH)])
def test_going_from_one_to_the_other_always_ends_where_it_should(choices: tuple[CredentialsChoice, ...]) -> None:
    definition = text(machine(Ask=task()))
    for choice in choices:
        definition = chosen(definition, choice)

        assert first(definition).choice == choice


def test_a_definition_on_one_line_stays_on_one_line() -> None:
    after = chosen(json.dumps(machine(Ask=task())), ROLE)

    assert "\n" not in after
    assert json.loads(after)["States"]["Ask"]["Credentials"] == {"RoleArn": EXECUTE_ROLE}


def test_credentials_at_the_beginning_and_in_the_middle_go_with_one_comma() -> None:
    for members in (
        {"Credentials": {"RoleArn": "x"}, "Type": "Task", "Resource": "r", "End": True},
        {"Type": "Task", "Credentials": {"RoleArn": "x"}, "Resource": "r", "End": True},
        {"Type": "Task", "Resource": "r", "End": True, "Credentials": {"RoleArn": "x"}},
    ):
        for indent in (None, 2):
            after = chosen(json.dumps(machine(Ask=members), indent=indent), NONE)

            assert json.loads(after) == machine(Ask={k: v for k, v in members.items() if k != "Credentials"})


def test_a_task_inside_a_map_is_changed_and_none_besides() -> None:
    definition = text(EVERY_STATE)
    item = tasks(definition)[1]

    after = json.loads(with_choice(definition, item, ROLE))

    wanted = json.loads(definition)
    wanted["States"]["Each"]["ItemProcessor"]["States"]["Item"]["Credentials"] = {"RoleArn": EXECUTE_ROLE}
    assert after == wanted


def test_jsonata_writes_its_expression_as_the_arn() -> None:
    definition = text({"QueryLanguage": "JSONata", **machine(Ask=task())})
    expression = CredentialsChoice(Option.RUN_TIME, "{% $states.input.role %}")

    after = chosen(definition, expression)

    assert json.loads(after)["States"]["Ask"]["Credentials"] == {"RoleArn": expression.value}
    assert first(after).choice == expression


@pytest.mark.parametrize(
    ("language", "choice", "fix"),
    [
        ("JSONPath", CredentialsChoice(Option.ARN, " "), "Give the role's ARN"),
        ("JSONPath", CredentialsChoice(Option.RUN_TIME, "role"), r"\$\.roleArn"),
        ("JSONata", CredentialsChoice(Option.RUN_TIME, "$.role"), "{% … %}"),
    ],
)
def test_what_step_functions_would_refuse_there_is_not_written(
    language: str, choice: CredentialsChoice, fix: str
) -> None:
    definition = text({"QueryLanguage": language, **machine(Ask=task())})

    with pytest.raises(ConfigError, match=fix):
        chosen(definition, choice)


def test_what_is_no_json_has_no_tasks_to_give() -> None:
    with pytest.raises(JsonFault):
        tasks("{")
    assert tasks("[]") == ()


MEMBERS = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key not in ("Type", "Resource", "Credentials")),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(
    members=MEMBERS,
    before=st.sampled_from([None, {"RoleArn": "old"}, {"RoleArn.$": "$.x"}, {}, "odd"]),
    at=st.integers(0, 6),
    indent=st.sampled_from([None, 0, 2, "\t"]),
    choice=st.sampled_from([NONE, ROLE, OTHER, PATH]),
)
def test_the_rest_of_any_task_stays_as_it_was(
    members: dict[str, Any], before: Any, at: int, indent: int | str | None, choice: CredentialsChoice
) -> None:
    """Whatever the text looks like: the value of everything else is the same, and the option is what was chosen."""
    state = [("Type", "Task"), ("Resource", "r"), *members.items()]
    if before is not None:
        state.insert(min(at, len(state)), ("Credentials", before))
    definition = json.dumps(machine(Ask=dict(state), Next=passes()), indent=indent)

    after = json.loads(chosen(definition, choice))

    rest = after["States"]["Ask"]
    credentials = rest.pop("Credentials", None)
    assert rest == {key: value for key, value in dict(state).items() if key != "Credentials"}
    assert list(rest) == [key for key, _ in state if key != "Credentials"]
    assert after["States"]["Next"] == passes()
    untouched = first(definition).choice == choice
    wanted = {NONE: None, PATH: {"RoleArn.$": "$.role"}}.get(choice, {"RoleArn": choice.value})
    assert credentials == (before if untouched else wanted)
