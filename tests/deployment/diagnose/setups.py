"""Setups with something wrong, each with the link that breaks first; and two things at once. All by boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.practice.edits import edited, with_statement

Document = dict[str, Any]
TASK = f"States/{documents.TASK_STATE_NAME}"
Build = Callable[[World], object]


@dataclass(frozen=True)
class Broken:
    """`link` is the first broken one; `build` makes the setup."""

    name: str
    link: int
    build: Build


def policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any, **more: Any) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any, **more: Any) -> Document:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def trust(world: World, changes: dict[str, Any]) -> Document:
    return edited(documents.execute_role_trust(world.scenario), {f"Statement/0/{k}": v for k, v in changes.items()})


def execute(world: World, changes: dict[str, Any]) -> Document:
    return edited(documents.execute_role_permissions(world.scenario), changes)


def operator(world: World, changes: dict[str, Any]) -> Document:
    return edited(documents.operator_role_permissions(world.scenario), changes)


def task(world: World, changes: dict[str, Any]) -> Document:
    return edited(documents.operator_definition(world.scenario), {f"{TASK}/{k}": v for k, v in changes.items()})


def _other_role(world: World) -> str:
    world.create_role(Side.OPERATOR, f"{world.scenario.operator_role_name}-other")
    return f"{world.scenario.operator_role_arn}-other"


def _recreated(world: World) -> None:
    world.build()
    iam, scenario = world.operator_iam, world.scenario
    name = scenario.operator_role_name
    iam.delete_role_policy(RoleName=name, PolicyName=documents.OPERATOR_POLICY_NAME)
    iam.delete_role(RoleName=name)
    world.create_role(Side.OPERATOR, name)
    document = json.dumps(documents.operator_role_permissions(scenario))
    iam.put_role_policy(RoleName=name, PolicyName=documents.OPERATOR_POLICY_NAME, PolicyDocument=document)


def _retrusted(world: World, side: Side, role: str, changed: Document) -> None:
    """Built right, and then the trust policy of a state machine's own role changed."""
    world.build()
    world.client(side, "iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(changed))


def _with_inline(world: World, side: Side, role: str, document: Document) -> None:
    world.build()
    iam = world.client(side, "iam")
    iam.put_role_policy(RoleName=role, PolicyName="lockdown", PolicyDocument=json.dumps(document))


def attach(world: World, side: Side, role: str, name: str, document: Document) -> str:
    """A managed policy of one's own, attached; its ARN."""
    iam = world.client(side, "iam")
    made = iam.create_policy(PolicyName=f"{role}-{name}", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=made)
    return str(made)


def bound(world: World, side: Side, role: str, document: Document) -> None:
    iam = world.client(side, "iam")
    made = iam.create_policy(PolicyName=f"{role}-fence", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=made)


def _managed_deny(world: World) -> None:
    world.build()
    document = policy(deny("states:*", "*"), allow("logs:*", "*"))
    attach(world, Side.SUBJECT, world.scenario.execute_role_name, "deny", document)


def _bounded(world: World, side: Side, role: str, document: Document) -> None:
    world.build()
    bound(world, side, role, document)


def _wrong_version(world: World) -> None:
    """The right document is a version of the managed policy that isn't the default one."""
    s = world.scenario
    world.build(execute_permissions=policy(allow("logs:CreateLogStream", "*")))
    arn = attach(world, Side.SUBJECT, s.execute_role_name, "task", policy(allow("states:ListStateMachines", "*")))
    right = json.dumps(documents.execute_role_permissions(s))
    world.subject_iam.create_policy_version(PolicyArn=arn, PolicyDocument=right, SetAsDefault=False)


def _role_with_path(world: World) -> None:
    """The execute role has a path, which the task leaves out."""
    s = world.scenario
    role = f"{s.execute_role_arn.partition('role/')[0]}role/teams/blue/{s.execute_role_name}"
    world.build(execute_role=False, operator_permissions=operator(world, {"Statement/0/Resource": role}))
    world.subject_iam.create_role(
        RoleName=s.execute_role_name,
        Path="/teams/blue/",
        AssumeRolePolicyDocument=json.dumps(documents.execute_role_trust(s)),
    )
    world.subject_iam.put_role_policy(
        RoleName=s.execute_role_name,
        PolicyName="task",
        PolicyDocument=json.dumps(documents.execute_role_permissions(s)),
    )


def _transposed(world: World) -> Document:
    """The execute role's name with its words in another order, as the article itself has it."""
    first, *rest = world.scenario.execute_role_name.split("-")
    name = "-".join((*rest, first))
    return task(world, {"Credentials/RoleArn": f"{world.scenario.execute_role_arn.rpartition('/')[0]}/{name}"})


def _elsewhere(world: World) -> dict[str, str]:
    s = world.scenario
    return {
        "region": s.subject_machine_arn.replace(s.region, "us-east-1"),
        "account": s.subject_machine_arn.replace(s.subject_account_id, s.operator_account_id),
        "misspelt": s.subject_machine_arn.replace("subject-machine", "subject-machin"),
    }


def _in_a_branch(world: World) -> None:
    """The one task that is broken is the second of a Parallel state's branches."""
    right = documents.operator_definition(world.scenario)["States"][documents.TASK_STATE_NAME]
    wrong = {**right, "Credentials": {"RoleArn": f"{world.scenario.execute_role_arn}x"}}
    branches = [
        {"StartAt": name, "States": {name: {**body, "End": True}}} for name, body in (("One", right), ("Two", wrong))
    ]
    states = {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}
    world.build(operator_definition={"StartAt": "Both", "States": states})


def _session_arn(world: World) -> str:
    s = world.scenario
    return f"arn:aws:sts::{s.subject_account_id}:assumed-role/{s.execute_role_name}/visit"


def _service_trust(world: World, side: Side, **changes: Any) -> Document:
    given = documents.service_trust(world.scenario, world.scenario.account(side))
    return edited(given, {key.replace("__", "/"): value for key, value in changes.items()})


ONE: tuple[Broken, ...] = (
    # The N-cases of the sandbox's tests that are about a setup
    Broken(
        "n1",
        2,
        lambda w: w.build(operator_permissions=policy(allow("states:StartExecution", w.scenario.subject_machine_arn))),
    ),
    Broken("n2", 2, lambda w: w.build(execute_trust=trust(w, {"Principal/AWS": _other_role(w)}))),
    Broken(
        "n3",
        2,
        lambda w: w.build(
            execute_trust=trust(w, {"Condition/StringEquals/sts:ExternalId": f"{w.scenario.external_id}-other"})
        ),
    ),
    Broken("n4-n9", 2, lambda w: w.build(execute_role=False)),
    Broken("n5", 3, lambda w: w.build(execute_permissions=execute(w, {"Statement/0": None}))),
    Broken("n6", 4, lambda w: w.build(execute_permissions=execute(w, {"Statement/1/Action": "states:StopExecution"}))),
    Broken("n7", 3, lambda w: w.build(subject_machine=False)),
    Broken("n10", 2, _recreated),
    Broken(
        "n11",
        2,
        lambda w: w.build(
            operator_permissions=with_statement(
                documents.operator_role_permissions(w.scenario), deny("sts:*", "arn:aws:iam::222222222222:role/*")
            )
        ),
    ),
    Broken(
        "n13",
        3,
        lambda w: w.build(
            execute_permissions=with_statement(
                documents.execute_role_permissions(w.scenario), deny("states:StartExecution", "*")
            )
        ),
    ),
    Broken(
        "n14", 3, lambda w: w.build(execute_permissions=execute(w, {"Statement/0/Resource": _elsewhere(w)["account"]}))
    ),
    Broken("n17", 2, lambda w: w.build(operator_definition=task(w, {"Credentials": None, "Resource": _PLAIN}))),
    # The article's slips
    Broken("article-start-only", 4, lambda w: w.build(execute_permissions=execute(w, {"Statement/1": None}))),
    Broken(
        "article-two-names",
        2,
        lambda w: w.build(
            operator_permissions=operator(
                w,
                {"Statement/0/Resource": _transposed(w)["States"][documents.TASK_STATE_NAME]["Credentials"]["RoleArn"]},
            )
        ),
    ),
    Broken("article-transposed-task", 2, lambda w: w.build(operator_definition=_transposed(w))),
    # The role that the task names
    Broken(
        "session-in-task", 2, lambda w: w.build(operator_definition=task(w, {"Credentials/RoleArn": _session_arn(w)}))
    ),
    Broken(
        "wrong-account-in-task",
        2,
        lambda w: w.build(
            operator_definition=task(
                w, {"Credentials/RoleArn": w.scenario.execute_role_arn.replace("222222222222", "111111111111")}
            )
        ),
    ),
    Broken(
        "stranger-account-in-task",
        2,
        lambda w: w.build(
            operator_definition=task(
                w, {"Credentials/RoleArn": w.scenario.execute_role_arn.replace("222222222222", "222222222223")}
            )
        ),
    ),
    Broken(
        "case-in-task",
        2,
        lambda w: w.build(
            operator_definition=task(
                w, {"Credentials/RoleArn": w.scenario.execute_role_arn.replace("execute", "Execute")}
            )
        ),
    ),
    Broken("path-missing-in-task", 2, _role_with_path),
    # The state machine that the task names
    Broken(
        "wrong-region-in-task",
        3,
        lambda w: w.build(operator_definition=task(w, {"Parameters/StateMachineArn": _elsewhere(w)["region"]})),
    ),
    Broken(
        "wrong-account-of-machine",
        3,
        lambda w: w.build(operator_definition=task(w, {"Parameters/StateMachineArn": _elsewhere(w)["account"]})),
    ),
    Broken(
        "misspelt-machine",
        3,
        lambda w: w.build(operator_definition=task(w, {"Parameters/StateMachineArn": _elsewhere(w)["misspelt"]})),
    ),
    # Trust
    Broken(
        "session-in-trust",
        2,
        lambda w: w.build(
            execute_trust=trust(
                w, {"Principal/AWS": (f"arn:aws:sts::111111111111:assumed-role/{w.scenario.operator_role_name}/visit")}
            )
        ),
    ),
    Broken(
        "trust-of-own-account",
        2,
        lambda w: w.build(execute_trust=trust(w, {"Principal/AWS": "arn:aws:iam::222222222222:root"})),
    ),
    Broken(
        "external-id-of-region",
        2,
        lambda w: w.build(
            execute_trust=trust(
                w,
                {
                    "Condition/StringEquals/sts:ExternalId": w.scenario.external_id.replace(
                        "ap-northeast-1", "us-east-1"
                    )
                },
            )
        ),
    ),
    Broken(
        "external-id-with-star",
        2,
        lambda w: w.build(
            execute_trust=trust(
                w, {"Condition/StringEquals/sts:ExternalId": "arn:aws:states:*:111111111111:stateMachine:*"}
            )
        ),
    ),
    Broken(
        "external-id-of-an-execution",
        2,
        lambda w: w.build(
            execute_trust=trust(
                w,
                {"Condition/StringEquals/sts:ExternalId": w.scenario.external_id.replace("stateMachine", "execution")},
            )
        ),
    ),
    Broken(
        "null-external-id",
        2,
        lambda w: w.build(execute_trust=trust(w, {"Condition": {"Null": {"sts:ExternalId": "true"}}})),
    ),
    Broken(
        "trust-denies-without-that-id",
        2,
        lambda w: w.build(
            execute_trust=with_statement(
                documents.execute_role_trust(w.scenario),
                {
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringNotEquals": {"sts:ExternalId": "something-agreed"}},
                },
            )
        ),
    ),
    Broken(
        "trust-denies-a-list",
        2,
        lambda w: w.build(
            execute_trust=with_statement(
                documents.execute_role_trust(w.scenario),
                {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["sts:AssumeRole", "sts:TagSession"]},
            )
        ),
    ),
    Broken(
        "operator-role-trusts-lambda",
        1,
        lambda w: _retrusted(
            w,
            Side.OPERATOR,
            w.scenario.operator_role_name,
            _service_trust(w, Side.OPERATOR, Statement__0__Principal={"Service": "lambda.amazonaws.com"}),
        ),
    ),
    Broken(
        "operator-role-trusts-other-account",
        1,
        lambda w: _retrusted(
            w, Side.OPERATOR, w.scenario.operator_role_name, documents.service_trust(w.scenario, w.scenario.subject)
        ),
    ),
    Broken(
        "subject-role-trusts-other-machine",
        6,
        lambda w: _retrusted(
            w,
            Side.SUBJECT,
            w.scenario.subject_role_name,
            edited(
                _service_trust(w, Side.SUBJECT),
                {"Statement/0/Condition/ArnLike/aws:SourceArn": f"{w.scenario.subject_machine_arn}-x"},
            ),
        ),
    ),
    # Permissions
    Broken(
        "operator-role-without-any",
        2,
        lambda w: (
            w.build(),
            w.operator_iam.delete_role_policy(
                RoleName=w.scenario.operator_role_name, PolicyName=documents.OPERATOR_POLICY_NAME
            ),
        ),
    ),
    Broken(
        "operator-condition-never-met",
        2,
        lambda w: w.build(
            operator_permissions=policy(
                allow(
                    "sts:AssumeRole",
                    w.scenario.execute_role_arn,
                    Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
                )
            )
        ),
    ),
    Broken(
        "executions-of-the-machines-arn",
        4,
        lambda w: w.build(execute_permissions=execute(w, {"Statement/1/Resource": w.scenario.subject_machine_arn})),
    ),
    Broken(
        "executions-without-star",
        4,
        lambda w: w.build(
            execute_permissions=execute(
                w, {"Statement/1/Resource": w.scenario.subject_executions_arn.removesuffix(":*")}
            )
        ),
    ),
    Broken(
        "no-stop",
        5,
        lambda w: w.build(execute_permissions=execute(w, {"Statement/1/Action": "states:DescribeExecution"})),
    ),
    Broken(
        "sync-action-misspelt",
        3,
        lambda w: w.build(execute_permissions=execute(w, {"Statement/0/Action": "states:StartSyncExecution"})),
    ),
    Broken(
        "inline-lockdown",
        3,
        lambda w: _with_inline(w, Side.SUBJECT, w.scenario.execute_role_name, policy(deny("*", "*"))),
    ),
    Broken("managed-deny", 3, _managed_deny),
    Broken("wrong-default-version", 3, _wrong_version),
    Broken(
        "operator-boundary",
        2,
        lambda w: _bounded(w, Side.OPERATOR, w.scenario.operator_role_name, policy(allow(["states:*", "logs:*"], "*"))),
    ),
    Broken(
        "execute-boundary",
        4,
        lambda w: _bounded(
            w,
            Side.SUBJECT,
            w.scenario.execute_role_name,
            policy(allow("states:StartExecution", "*"), allow("logs:*", "*")),
        ),
    ),
    Broken(
        "boundary-denies",
        3,
        lambda w: _bounded(
            w,
            Side.SUBJECT,
            w.scenario.execute_role_name,
            policy(allow("*", "*"), deny("states:StartExecution", w.scenario.subject_machine_arn)),
        ),
    ),
    Broken("second-branch", 2, _in_a_branch),
)

_PLAIN = "arn:aws:states:::states:startExecution"

TWO: tuple[Broken, ...] = (
    Broken(
        "n1+n3",
        2,
        lambda w: w.build(
            operator_permissions=policy(allow("logs:*", "*")),
            execute_trust=trust(w, {"Condition/StringEquals/sts:ExternalId": "old"}),
        ),
    ),
    Broken(
        "n2+n5",
        2,
        lambda w: w.build(
            execute_trust=trust(w, {"Principal/AWS": _other_role(w)}),
            execute_permissions=execute(w, {"Statement/0": None}),
        ),
    ),
    Broken(
        "n3+n6",
        2,
        lambda w: w.build(
            execute_trust=trust(w, {"Condition/StringEquals/sts:ExternalId": "old"}),
            execute_permissions=execute(w, {"Statement/1/Action": "states:StopExecution"}),
        ),
    ),
    Broken("n5+n7", 3, lambda w: w.build(subject_machine=False, execute_permissions=execute(w, {"Statement/0": None}))),
    Broken("n4+n1", 2, lambda w: w.build(execute_role=False, operator_permissions=policy(allow("logs:*", "*")))),
    Broken(
        "n11+n13",
        2,
        lambda w: w.build(
            operator_permissions=with_statement(
                documents.operator_role_permissions(w.scenario), deny("sts:AssumeRole", "*")
            ),
            execute_permissions=with_statement(documents.execute_role_permissions(w.scenario), deny("states:*", "*")),
        ),
    ),
    Broken(
        "n11+n1", 2, lambda w: w.build(operator_permissions=policy(allow("logs:*", "*"), deny("sts:AssumeRole", "*")))
    ),
    Broken(
        "transposed+external-id",
        2,
        lambda w: w.build(
            operator_definition=_transposed(w), execute_trust=trust(w, {"Condition/StringEquals/sts:ExternalId": "old"})
        ),
    ),
    Broken(
        "session-in-task+start-only",
        2,
        lambda w: w.build(
            operator_definition=task(w, {"Credentials/RoleArn": _session_arn(w)}),
            execute_permissions=execute(w, {"Statement/1": None}),
        ),
    ),
    Broken(
        "no-credentials+no-permission",
        2,
        lambda w: w.build(
            operator_definition=task(w, {"Credentials": None, "Resource": _PLAIN}),
            operator_permissions=policy(allow("logs:*", "*")),
        ),
    ),
    Broken(
        "region+account",
        3,
        lambda w: w.build(
            operator_definition=task(w, {"Parameters/StateMachineArn": _elsewhere(w)["region"]}),
            execute_permissions=execute(w, {"Statement/0/Resource": _elsewhere(w)["account"]}),
        ),
    ),
    Broken(
        "operator-trust+n3",
        1,
        lambda w: (
            w.build(execute_trust=trust(w, {"Condition/StringEquals/sts:ExternalId": "old"})),
            w.operator_iam.update_assume_role_policy(
                RoleName=w.scenario.operator_role_name,
                PolicyDocument=json.dumps(documents.service_trust(w.scenario, w.scenario.subject)),
            ),
        ),
    ),
    Broken(
        "boundary+start-only",
        2,
        lambda w: (
            w.build(execute_permissions=execute(w, {"Statement/1": None})),
            bound(w, Side.OPERATOR, w.scenario.operator_role_name, policy(allow("logs:*", "*"))),
        ),
    ),
)
