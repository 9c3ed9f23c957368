"""Whose resources may have a policy of their own: no service that writes such policies is forgotten."""

from __future__ import annotations

import re
from typing import Final

import pytest

from xsfn_helpers.iam import actions, resource_policies
from xsfn_helpers.iam.resource_policies import may_be_let_in_by_the_resource

WRITES_ONE: Final = re.compile(
    r"(Put|Set)(Resource|Bucket|Key|Repository|Registry|FileSystem|Vault|VaultAccess|Container|DomainPermissions|Table)+"
    r"Polic(y|ies)|AddPermission"
)


def test_every_service_that_writes_resource_policies_is_in_the_table() -> None:
    writing = {
        prefix for prefix in actions.prefixes() for one in actions.actions_of(prefix) if WRITES_ONE.fullmatch(one.name)
    }

    assert writing - resource_policies.WITH.keys() - resource_policies.WITHOUT == set()


def test_the_table_names_services_and_types_that_iam_has() -> None:
    for prefix, types in resource_policies.WITH.items():
        found = {kind.name for one in actions.actions_of(prefix) for kind in one.types}
        assert actions.actions_of(prefix), prefix
        assert types <= found, prefix
    assert not resource_policies.WITH.keys() & resource_policies.WITHOUT


@pytest.mark.parametrize(
    "name", ["s3:GetObject", "sqs:SendMessage", "lambda:InvokeFunction", "glue:GetTable", "sts:AssumeRole", "new:Thing"]
)
def test_a_resource_may_let_somebody_in(name: str) -> None:
    assert may_be_let_in_by_the_resource(name)


@pytest.mark.parametrize(
    "name",
    [
        "states:StartExecution",
        "glue:StartJobRun",
        "organizations:MoveAccount",
        "ecs:RunTask",
        "athena:StartQueryExecution",
    ],
)
def test_these_resources_let_nobody_in(name: str) -> None:
    assert not may_be_let_in_by_the_resource(name)


@pytest.mark.parametrize(
    ("name", "resource", "may"),
    [
        ("sagemaker:AddTags", "arn:aws:sagemaker:eu-west-1:222222222222:transform-job/t", False),
        ("sagemaker:AddTags", "arn:aws:sagemaker:eu-west-1:222222222222:feature-group/f", True),
        ("sagemaker:AddTags", "arn:aws:sagemaker:eu-west-1:222222222222:*", True),
        ("sagemaker:AddTags", "", True),
        ("glue:TagResource", "arn:aws:glue:eu-west-1:222222222222:job/load", False),
        ("glue:GetTable", "arn:aws:glue:eu-west-1:222222222222:catalog", True),
        ("glue:GetTable", "arn:aws:glue:eu-west-1:222222222222:something-new/x", True),
    ],
)
def test_an_action_for_many_kinds_of_things_is_asked_by_what_it_acts_on(name: str, resource: str, may: bool) -> None:
    assert may_be_let_in_by_the_resource(name, resource) is may
