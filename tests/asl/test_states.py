"""A definition as states and transitions, and the role of a task."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asl.definitions import EVERY_STATE, EXECUTE_ROLE, machine, passes, task
from xsfn_helpers.asl.states import State, TaskRole, Way, condition, read_states


def state(definition: dict[str, Any], name: str) -> State:
    return next(one for one in read_states(definition).everything() if one.name == name)


def test_every_state_is_there_those_inside_others_included() -> None:
    names = [one.name for one in read_states(EVERY_STATE).everything()]

    assert names == ["Ask", "Which", "Later", "Both", "One", "Two", "Other", "Each", "Item", "Broken", "Done"]


def test_each_way_on_is_there_with_its_reason() -> None:
    assert [(way.way, way.target, way.label) for way in state(EVERY_STATE, "Which").transitions] == [
        (Way.CHOICE, "Both", "$.n > 2 and $.name is present"),
        (Way.CHOICE, "Each", '$.name matches "a*"'),
        (Way.DEFAULT, "Later", "otherwise"),
    ]
    assert [(way.way, way.target, way.label) for way in state(EVERY_STATE, "Ask").transitions] == [
        (Way.NEXT, "Which", ""),
        (Way.CATCH, "Broken", "States.TaskFailed, States.Timeout"),
    ]
    assert state(EVERY_STATE, "Ask").retries == ("States.Timeout",)


def test_what_ends_is_known() -> None:
    ending = {one.name for one in read_states(EVERY_STATE).everything() if one.ends}

    assert ending == {"Two", "Other", "Item", "Broken", "Done"}


def test_branches_and_items_are_scopes_of_their_own() -> None:
    assert [scope.title for scope in state(EVERY_STATE, "Both").inside] == ["branch 1", "branch 2"]
    assert [scope.title for scope in state(EVERY_STATE, "Each").inside] == ["for each item, as an execution of its own"]
    older = machine(Each={"Type": "Map", "Iterator": machine(Item=passes()), "End": True})
    assert [scope.title for scope in state(older, "Each").inside] == ["for each item"]


def test_the_path_leads_to_the_state() -> None:
    place: Any = EVERY_STATE
    for step in state(EVERY_STATE, "Item").path:
        place = place[step]

    assert place["Credentials"] == {"RoleArn.$": "$.role"}


@pytest.mark.parametrize(
    ("credentials", "language", "role"),
    [
        ({"RoleArn": EXECUTE_ROLE}, "JSONPath", TaskRole(EXECUTE_ROLE, at_run_time=False)),
        ({"RoleArn.$": "$.role"}, "JSONPath", TaskRole("$.role", at_run_time=True)),
        ({"RoleArn.$": "States.Format('{}', $.r)"}, "JSONPath", TaskRole("States.Format('{}', $.r)", at_run_time=True)),
        ({"RoleArn": "{% $r %}"}, "JSONata", TaskRole("{% $r %}", at_run_time=True)),
        ({"RoleArn": EXECUTE_ROLE}, "JSONata", TaskRole(EXECUTE_ROLE, at_run_time=False)),
    ],
)
def test_each_form_of_credentials(credentials: dict[str, str], language: str, role: TaskRole) -> None:
    definition = {"QueryLanguage": language, **machine(Ask=task(Credentials=credentials))}

    assert state(definition, "Ask").role == role


def test_a_role_is_told_by_account_and_name_where_they_are_known() -> None:
    with_path = TaskRole("arn:aws:iam::222222222222:role/teams/a/runner", at_run_time=False)

    assert str(with_path) == "account 222222222222, role runner"
    assert str(TaskRole("$.role", at_run_time=True)) == "role known at run time, from $.role"
    assert (str(TaskRole("nonsense", at_run_time=False)), TaskRole("nonsense", at_run_time=False).account) == (
        "role nonsense",
        "",
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, '$.a = "x"'),
        ({"Variable": "$.a", "NumericLessThanEqualsPath": "$.b"}, "$.a ≤ $.b"),
        ({"Variable": "$.a", "BooleanEquals": False}, "$.a = false"),
        ({"Variable": "$.a", "TimestampGreaterThanEquals": "2026-01-01T00:00:00Z"}, '$.a ≥ "2026-01-01T00:00:00Z"'),
        ({"Variable": "$.a", "IsNull": False}, "$.a is not null"),
        ({"Not": {"Variable": "$.a", "IsString": True}}, "not ($.a is string)"),
        (
            {"Or": [{"Variable": "$.a", "IsNull": True}, {"And": [{"Variable": "$.b", "NumericEquals": 1}]}]},
            "$.a is null or $.b = 1",
        ),
        ({"Condition": "{% $states.input.n > 2 %}"}, "$states.input.n > 2"),
        ({}, ""),
    ],
)
def test_a_condition_reads_like_one(rule: dict[str, Any], words: str) -> None:
    assert condition(rule) == words


def test_values_of_wrong_types_are_left_out_rather_than_guessed() -> None:
    odd = {"StartAt": 1, "States": {"A": {"Type": "Task", "Resource": [], "Catch": "x", "Retry": [1], "Choices": {}}}}

    scope = read_states(odd)

    assert (scope.start_at, scope.states[0].doing, scope.states[0].transitions) == ("", "", ())
