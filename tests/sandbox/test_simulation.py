"""iam:SimulatePrincipalPolicy and iam:SimulateCustomPolicy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.test_recorded_api import refused
from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

RECORDED = "localstack iam/test_iam::test_simulate_principle_policy, 2025-04-21"
EXAMPLES = "the AWS CLI's examples of simulate-custom-policy"
BUCKET = "arn:aws:s3:::bucket"
# Just the recorded text: the positions below count in it.
PUT_OBJECT = (
    '{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}'
)
AFTER = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)


@pytest.fixture
def role_arn(world: World) -> str:
    """A role that the recorded policy is attached to."""
    name = world.scenario.operator_role_name
    world.create_role(Side.OPERATOR, name)
    policy = world.operator_iam.create_policy(PolicyName=f"{name}-policy", PolicyDocument=PUT_OBJECT)["Policy"]
    world.operator_iam.attach_role_policy(RoleName=name, PolicyArn=policy["Arn"])
    return str(world.scenario.operator_role_arn)


def custom(world: World, policy: str | dict[str, Any], action: str = "s3:GetObject", **params: Any) -> dict[str, Any]:
    """The one result of simulating one action against one policy."""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    (result,) = world.operator_iam.simulate_custom_policy(PolicyInputList=[text], ActionNames=[action], **params)[
        "EvaluationResults"
    ]
    return dict(result)


def statement(effect: str, action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": documents.POLICY_VERSION, "Statement": list(statements)}


@fact("M1", RECORDED)
def test_the_recorded_answer(world: World, role_arn: str) -> None:
    """Decision, matched statement with source, type and position, for each action and again for each resource."""
    answer = world.operator_iam.simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=["s3:PutObject", "s3:GetObjectVersion"], ResourceArns=[BUCKET]
    )

    matched = {
        "SourcePolicyId": f"{world.scenario.operator_role_name}-policy",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 1, "Column": 41},
        "EndPosition": {"Line": 1, "Column": 113},
    }
    assert answer["IsTruncated"] is False
    assert answer["EvaluationResults"] == [
        {
            "EvalActionName": action,
            "EvalDecision": decision,
            "EvalDecisionDetails": {},
            "EvalResourceName": BUCKET,
            "MatchedStatements": statements,
            "MissingContextValues": [],
            "ResourceSpecificResults": [
                {
                    "EvalResourceDecision": decision,
                    "EvalResourceName": BUCKET,
                    "MatchedStatements": statements,
                    "MissingContextValues": [],
                }
            ],
        }
        for action, decision, statements in (
            ("s3:PutObject", "allowed", [matched]),
            ("s3:GetObjectVersion", "implicitDeny", []),
        )
    ]


@fact("M2", EXAMPLES, Tag.DOC)
def test_the_documented_example(world: World) -> None:
    """A condition that holds: allowed, with the documented position; nothing of the resource where none is given."""
    entry = {
        "ContextKeyName": "aws:CurrentTime",
        "ContextKeyValues": ["2019-04-25T11:00:00Z"],
        "ContextKeyType": "date",
    }

    assert custom(world, AFTER, "dynamodb:CreateBackup", ContextEntries=[entry]) == {
        "EvalActionName": "dynamodb:CreateBackup",
        "EvalResourceName": "*",
        "EvalDecision": "allowed",
        "MatchedStatements": [
            {
                "SourcePolicyId": "PolicyInputList.1",
                "SourcePolicyType": "IAM Policy",
                "StartPosition": {"Line": 1, "Column": 38},
                "EndPosition": {"Line": 1, "Column": 167},
            }
        ],
        "MissingContextValues": [],
    }


@fact("M3", EXAMPLES, Tag.DOC)
def test_a_condition_that_does_not_hold(world: World) -> None:
    """A condition that doesn't hold is an implicit deny."""
    entry = {
        "ContextKeyName": "aws:CurrentTime",
        "ContextKeyValues": ["2014-04-25T11:00:00Z"],
        "ContextKeyType": "date",
    }

    result = custom(world, AFTER, "dynamodb:CreateBackup", ContextEntries=[entry])

    assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])


@fact("M4", "API_EvaluationResult.html", Tag.DOC)
def test_a_missing_key_is_named(world: World) -> None:
    """A condition key that the policies ask for and nobody gave is in MissingContextValues."""
    result = custom(world, AFTER, "dynamodb:CreateBackup")

    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:CurrentTime"])


@fact("M5", "API_EvaluationResult.html", Tag.DOC)
def test_a_deny_is_the_only_statement_told(world: World) -> None:
    """If one statement denies, the deny statement is the only one in the result."""
    result = custom(world, policy(statement("Allow", "s3:*"), statement("Deny", "s3:GetObject")))

    assert result["EvalDecision"] == "explicitDeny"
    assert len(result["MatchedStatements"]) == 1


@fact("M6", "public outputs of AdministratorAccess (line 3, column 17 to line 8, column 6)", Tag.COMM)
def test_the_position_of_a_statement_in_a_list(world: World) -> None:
    """A statement in a list begins behind what stands before it, and ends behind its bracket; both count from 1."""
    text = (
        '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "Effect": "Allow",\n      "Action": "*",\n'
        '      "Resource": "*"\n    }\n  ]\n}'
    )

    (matched,) = custom(world, text)["MatchedStatements"]

    assert matched["StartPosition"] == {"Line": 3, "Column": 17}
    assert matched["EndPosition"] == {"Line": 8, "Column": 6}


@fact("M7", "a public output (role_ecs-task-execution-role-…_ecs_execution_secrets)", Tag.COMM)
def test_an_inline_policy_goes_by_its_holder_too(world: World, role_arn: str) -> None:
    """The SourcePolicyId of a role's inline policy is role_NAME_POLICY."""
    name = world.scenario.operator_role_name
    inline = json.dumps(policy(statement("Allow", "s3:GetObject")))
    world.operator_iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=inline)

    answer = world.operator_iam.simulate_principal_policy(PolicySourceArn=role_arn, ActionNames=["s3:GetObject"])

    (matched,) = answer["EvaluationResults"][0]["MatchedStatements"]
    assert matched["SourcePolicyId"] == f"role_{name}_inline"


@fact("M8", "API_SimulatePrincipalPolicy.html", Tag.DOC)
def test_trust_policies_are_not_simulated(world: World) -> None:
    """sts:AssumeRole is allowed where the identity side allows it, whatever the other role's trust policy says."""
    trust = documents.execute_role_trust(world.scenario)
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] += "-other"
    world.build(execute_trust=trust)

    (result,) = world.operator_iam.simulate_principal_policy(
        PolicySourceArn=world.scenario.operator_role_arn,
        ActionNames=["sts:AssumeRole"],
        ResourceArns=[world.scenario.execute_role_arn],
    )["EvaluationResults"]

    assert result["EvalDecision"] == "allowed"


@fact("M9", "API_SimulatePrincipalPolicy.html", Tag.DOC)
def test_a_boundary_counts(world: World, role_arn: str) -> None:
    """A permissions boundary limits, and says so."""
    (result,) = world.operator_iam.simulate_principal_policy(
        PolicySourceArn=role_arn,
        ActionNames=["s3:PutObject"],
        PermissionsBoundaryPolicyInputList=[json.dumps(policy(statement("Allow", "s3:GetObject")))],
    )["EvaluationResults"]

    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


@fact("M10", "API_SimulatePrincipalPolicy.html", Tag.DOC)
def test_a_missing_principal(world: World) -> None:
    """A principal that doesn't exist is NoSuchEntity, HTTP 404."""
    arn = "arn:aws:iam::111111111111:role/missing"

    code, _, status = refused(
        world.operator_iam.simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"]
    )

    assert (code, status) == ("NoSuchEntity", 404)


@fact("M11", "API_SimulateCustomPolicy.html (InvalidInput, PolicyEvaluation)", Tag.DOC)
def test_a_policy_that_is_none(world: World) -> None:
    """A policy that can't be read is InvalidInput."""
    code, _, status = refused(
        world.operator_iam.simulate_custom_policy, PolicyInputList=["{}"], ActionNames=["s3:GetObject"]
    )

    assert (code, status) == ("InvalidInput", 400)


@fact("M12", "API_SimulateCustomPolicy.html", Tag.DOC)
def test_pages(world: World) -> None:
    """MaxItems cuts the results; the Marker leads on."""
    simulate = world.operator_iam.simulate_custom_policy
    asked = {"PolicyInputList": [PUT_OBJECT], "ActionNames": ["s3:PutObject", "s3:GetObject", "s3:ListBucket"]}

    first = simulate(**asked, MaxItems=2)
    rest = simulate(**asked, MaxItems=2, Marker=first["Marker"])

    names = [result["EvalActionName"] for page in (first, rest) for result in page["EvaluationResults"]]
    assert names == asked["ActionNames"]
    assert (first["IsTruncated"], rest["IsTruncated"]) == (True, False)


@fact("M13", "API_SimulatePrincipalPolicy.html: resource-based policies for IAM users only", Tag.DOC)
def test_a_resource_policy_is_for_users_only(world: World, role_arn: str) -> None:
    """With a role as source, a resource-based policy can't be simulated."""
    bucket = {**statement("Allow", "s3:GetObject"), "Principal": "*", "Resource": BUCKET}

    code, message, _ = refused(
        world.operator_iam.simulate_principal_policy,
        PolicySourceArn=role_arn,
        ActionNames=["s3:GetObject"],
        ResourceArns=[BUCKET],
        ResourcePolicy=json.dumps(policy(bucket)),
    )

    assert (code, message) == ("InvalidInput", "A resource-based policy can be simulated for IAM users only.")


def test_simulating_needs_its_own_permission(world: World, role_arn: str) -> None:
    """Who may simulate sees what others may do."""
    iam = world.as_user("curious", "iam:Get*", service="iam")

    code, message, _ = refused(iam.simulate_principal_policy, PolicySourceArn=role_arn, ActionNames=["s3:GetObject"])

    assert code == "AccessDenied"
    assert f"is not authorized to perform: iam:SimulatePrincipalPolicy on resource: {role_arn}" in message
