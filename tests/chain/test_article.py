"""The article's samples have the slips that the notebooks teach, and nothing else is wrong with them."""

from __future__ import annotations

import json

import pytest

from xsfn_helpers import Scenario
from xsfn_helpers.chain.article import Article
from xsfn_helpers.iam import Policy, PolicyError, PolicyKind

SCENARIO = Scenario()
ARTICLE = Article(SCENARIO)


def test_the_execute_role_may_start_and_nothing_else() -> None:
    [statement] = json.loads(ARTICLE.execute_role_permissions)["Statement"]

    assert statement["Action"] == "states:StartExecution"
    assert statement["Resource"] == [SCENARIO.subject_machine_arn]


def test_the_operator_policy_is_refused_where_its_list_should_be_closed() -> None:
    with pytest.raises(PolicyError) as refused:
        Policy.parse(ARTICLE.operator_role_permissions, kind=PolicyKind.IDENTITY)

    assert (refused.value.line, refused.value.column) == (14, 1)


def test_with_its_list_closed_it_names_a_role_that_the_task_does_not() -> None:
    start, assume = json.loads(ARTICLE.operator_role_permissions.replace("},\n}", "}]}"))["Statement"]

    assert start["Resource"] == SCENARIO.subject_machine_arn
    assert assume["Resource"] == "arn:aws:iam::222222222222:role/execute-subject-statemachine-role"
    assert assume["Resource"] != SCENARIO.execute_role_arn


def test_names_that_contain_the_placeholders_are_left_alone() -> None:
    scenario = Scenario(subject_machine_name="EXECUTE_ROLE", execute_role_name="SUBJECT_MACHINE")

    assert scenario.subject_machine_arn in Article(scenario).operator_role_permissions
