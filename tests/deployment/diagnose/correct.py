"""Correct setups that look unusual: the diagnosis finds nothing broken in them."""

from __future__ import annotations

import json
from typing import Any

from tests.deployment.diagnose.setups import allow, attach, bound, execute, operator, policy, task, trust
from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.practice.edits import edited, with_statement

Document = dict[str, Any]
RIGHT_TASK = documents.TASK_STATE_NAME


def _body(world: World) -> Document:
    return dict(documents.operator_definition(world.scenario)["States"][RIGHT_TASK])


def recommended(world: World) -> None:
    world.build()


def managed_policies(world: World) -> None:
    s = world.scenario
    nothing = policy(allow("logs:CreateLogStream", "*"))
    world.build(execute_permissions=nothing, operator_permissions=nothing)
    attach(world, Side.SUBJECT, s.execute_role_name, "task", documents.execute_role_permissions(s))
    attach(world, Side.OPERATOR, s.operator_role_name, "task", documents.operator_role_permissions(s))


def wildcards(world: World) -> None:
    world.build(
        operator_permissions=policy(allow("sts:*", "arn:aws:iam::222222222222:role/execute-*")),
        execute_permissions=policy(allow("states:*Execution", "arn:aws:states:*:*:*")),
    )


def path_roles(world: World) -> None:
    s = world.scenario
    arn = f"{s.execute_role_arn.partition('role/')[0]}role/teams/blue/{s.execute_role_name}"
    world.build(
        execute_role=False,
        operator_permissions=operator(world, {"Statement/0/Resource": arn}),
        operator_definition=task(world, {"Credentials/RoleArn": arn}),
    )
    iam = world.subject_iam
    iam.create_role(
        RoleName=s.execute_role_name,
        Path="/teams/blue/",
        AssumeRolePolicyDocument=json.dumps(documents.execute_role_trust(s)),
    )
    iam.put_role_policy(
        RoleName=s.execute_role_name,
        PolicyName="task",
        PolicyDocument=json.dumps(documents.execute_role_permissions(s)),
    )


def jsonata(world: World) -> None:
    body = {key: value for key, value in _body(world).items() if key != "Parameters"}
    body["Arguments"] = {"StateMachineArn": world.scenario.subject_machine_arn, "Input": "{% $states.input %}"}
    world.build(operator_definition={"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": body}})


def parallel_and_map(world: World) -> None:
    one = {"StartAt": "In the branch", "States": {"In the branch": _body(world)}}
    each = {"StartAt": "For the item", "States": {"For the item": _body(world)}}
    mapped = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each, "End": True}
    other = {"StartAt": "All", "States": {"All": mapped}}
    states = {
        "Items": {"Type": "Pass", "Result": {"items": [1, 2]}, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [one, other], "End": True},
    }
    world.build(operator_definition={"StartAt": "Items", "States": states})


def external_ids_in_a_list(world: World) -> None:
    ids = [f"{world.scenario.external_id}-green", world.scenario.external_id]
    world.build(execute_trust=trust(world, {"Condition/StringEquals/sts:ExternalId": ids}))


def external_id_like(world: World) -> None:
    like = {"StringLike": {"sts:ExternalId": "arn:aws:states:*:111111111111:stateMachine:operator-*"}}
    world.build(execute_trust=trust(world, {"Condition": like}))


def account_root(world: World) -> None:
    world.build(execute_trust=trust(world, {"Principal/AWS": "111111111111"}))


def global_conditions(world: World) -> None:
    """Conditions on what AWS itself puts into every request, all of them met."""
    conditions = {
        "StringEquals": {"aws:RequestedRegion": world.sandbox.region, "aws:PrincipalAccount": "111111111111"},
        "Bool": {"aws:SecureTransport": "true"},
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/operator-role-*"},
        "DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"},
    }
    permissions = documents.operator_role_permissions(world.scenario)
    world.build(operator_permissions=edited(permissions, {"Statement/0/Condition": conditions}))


def session_tag_conditions(world: World) -> None:
    """The role's own tags are its sessions' tags."""
    condition = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    permissions = edited(documents.execute_role_permissions(world.scenario), {"Statement/0/Condition": condition})
    world.build(execute_permissions=permissions)
    world.subject_iam.tag_role(RoleName=world.scenario.execute_role_name, Tags=[{"Key": "team", "Value": "blue"}])


def request_response(world: World) -> None:
    """Without waiting there is nothing to poll, so nothing to be allowed for it."""
    world.build(
        operator_definition=task(world, {"Resource": "arn:aws:states:::states:startExecution"}),
        execute_permissions=execute(world, {"Statement/1": None}),
    )


def through_the_sdk(world: World) -> None:
    world.build(
        operator_definition=task(
            world,
            {
                "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution",
                "Parameters": {"StateMachineArn": world.scenario.subject_machine_arn, "Input": "{}"},
            },
        ),
        execute_permissions=execute(world, {"Statement/1": None}),
    )


def wide_boundaries(world: World) -> None:
    world.build()
    s = world.scenario
    bound(world, Side.OPERATOR, s.operator_role_name, policy(allow("sts:AssumeRole", "arn:aws:iam::*:role/*")))
    bound(world, Side.SUBJECT, s.execute_role_name, policy(allow("*", "*")))


def harmless_denials(world: World) -> None:
    s = world.scenario
    unless = {"StringNotEquals": {"aws:RequestedRegion": world.sandbox.region}}
    lock = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": unless}
    others = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringNotEquals": {"sts:ExternalId": s.external_id}},
    }
    world.build(
        operator_permissions=with_statement(documents.operator_role_permissions(s), lock),
        execute_trust=with_statement(documents.execute_role_trust(s), others),
    )


def everything_but(world: World) -> None:
    """NotAction and NotResource, which allow by leaving out."""
    world.build(
        execute_permissions=policy(
            {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::*"},
        )
    )


def named_execution(world: World) -> None:
    """The task names the execution, and the permission is for such names alone."""
    only = world.scenario.subject_executions_arn.replace(":*", ":nightly-*")
    world.build(
        operator_definition=task(world, {"Parameters/Name": f"nightly-{world.scenario.subject_machine_name}"}),
        execute_permissions=execute(world, {"Statement/1/Resource": only}),
    )


def regional_service_principal(world: World) -> None:
    world.build()
    service = f"states.{world.sandbox.region}.amazonaws.com"
    given = documents.operator_role_trust(world.scenario)
    changed = edited(given, {"Statement/0/Principal/Service": [service, "lambda.amazonaws.com"]})
    world.operator_iam.update_assume_role_policy(
        RoleName=world.scenario.operator_role_name, PolicyDocument=json.dumps(changed)
    )


def two_statements_together(world: World) -> None:
    """What one statement leaves out the other has, in two policies."""
    s = world.scenario
    world.build(execute_permissions=execute(world, {"Statement/0": None}))
    attach(world, Side.SUBJECT, s.execute_role_name, "start", policy(allow("states:Start*", s.subject_machine_arn)))


CORRECT = (
    recommended,
    managed_policies,
    wildcards,
    path_roles,
    jsonata,
    parallel_and_map,
    external_ids_in_a_list,
    external_id_like,
    account_root,
    global_conditions,
    session_tag_conditions,
    request_response,
    through_the_sdk,
    wide_boundaries,
    harmless_denials,
    everything_but,
    named_execution,
    regional_service_principal,
    two_statements_together,
)
