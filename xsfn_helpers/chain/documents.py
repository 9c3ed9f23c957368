"""The JSON of the setup: trust policies, permissions policies and state machine definitions, from a `Scenario`.

Pure: names in, documents out. Each function gives a new dict ready for `json_text`, and its
docstring names the rule's source: a stage of the article, or the AWS page that corrects it.

XACCT below is docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from xsfn_helpers.chain.scenario import Account, Scenario
from xsfn_helpers.chain.targets import Grant, Target, article_targets
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.iam.grammar import CURRENT_VERSION

Document = dict[str, Any]

POLICY_VERSION: Final = CURRENT_VERSION
TASK_STATE_NAME: Final = "Start the Subject state machine"
ALL_TARGETS: Final = "Reach them all"

EXECUTE_POLICY_NAME: Final = "execute-subject-statemachine"
OPERATOR_POLICY_NAME: Final = "assume-subject-execute-role"


def service_trust(scenario: Scenario, account: Account, *, machine_name: str = "*") -> Document:
    """Trust policy of an execution role: Step Functions, for state machines of this account and region only.

    The two conditions are AWS's own against the confused deputy problem; `machine_name` narrows them to one state
    machine: docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    """
    machines = f"arn:{scenario.partition}:states:{scenario.region}:{account.id}:stateMachine:{machine_name}"
    return _policy(
        {
            "Sid": "StepFunctions",
            "Effect": "Allow",
            "Principal": {"Service": STATES_PRINCIPAL},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {"aws:SourceArn": machines},
            },
        }
    )


def operator_role_trust(scenario: Scenario) -> Document:
    """Trust policy of the Operator role: Step Functions, for the Operator state machine only.

    The external ID binds tasks that use `Credentials`. A task that calls `aws-sdk:sts:assumeRole` itself sends any
    external ID it likes, the right one included; so no other state machine may have this role at all.
    """
    return service_trust(scenario, scenario.operator, machine_name=scenario.operator_machine_name)


def execute_role_trust(scenario: Scenario) -> Document:
    """Stage 1, trust: the Operator role may assume the execute role, on behalf of one state machine.

    `sts:ExternalId` is the ARN of the Operator's state machine, because that is what Step Functions passes (XACCT).
    """
    return _policy(
        {
            "Sid": "OperatorStateMachine",
            "Effect": "Allow",
            "Principal": {"AWS": scenario.operator_role_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": scenario.external_id}},
        }
    )


def subject_role_trust(scenario: Scenario, targets: Sequence[Target]) -> Document:
    """Trust policy of the role that the targets work as: the services that run them, for the targets only."""
    services = dict.fromkeys(target.works_as.service for target in targets if target.works_as)
    if not services or list(services) == [STATES_PRINCIPAL]:
        return service_trust(scenario, scenario.subject)
    sources = [f"arn:{scenario.partition}:states:{scenario.region}:{scenario.subject_account_id}:stateMachine:*"]
    sources += dict.fromkeys(
        target.works_as.source for target in targets if target.works_as and target.works_as.service != STATES_PRINCIPAL
    )
    return _policy(
        {
            "Sid": "WhatRunsTheTargets",
            "Effect": "Allow",
            "Principal": {"Service": list({STATES_PRINCIPAL: None, **services})},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": scenario.subject_account_id},
                "ArnLike": {"aws:SourceArn": sources},
            },
        }
    )


def execute_role_permissions(scenario: Scenario, targets: Sequence[Target] | None = None) -> Document:
    """Stage 1, permission: what the targets need, and nothing else; for the article's, to start, watch and stop.

    The article grants StartExecution alone; `.sync:2` also polls with DescribeExecution and stops the child with
    StopExecution when the parent is stopped, and these two act on executions, not on the machine (XACCT).
    """
    by_sid: dict[str, list[Grant]] = {}
    for target in _reached(scenario, targets):
        for grant in target.grants:
            by_sid.setdefault(grant.sid, []).append(grant)
    return _policy(*(_statement(sid, grants) for sid, grants in by_sid.items()))


def _statement(sid: str, grants: Sequence[Grant]) -> Document:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": _one_or_list(grant.action for grant in grants),
        "Resource": _one_or_list(grant.resource for grant in grants),
    }


def _one_or_list(values: Iterable[str]) -> str | list[str]:
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else different


def operator_role_permissions(scenario: Scenario) -> Document:
    """Stage 2: the Operator role may assume the execute role, and nothing else.

    The article also grants StartExecution on the Subject machine; the call is made as the execute role, so that
    grant is never used (XACCT; docs.aws.amazon.com/step-functions/latest/dg/tutorial-access-cross-acct-resources.html).
    """
    return _policy(
        {
            "Sid": "AssumeSubjectExecuteRole",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": scenario.execute_role_arn,
        }
    )


def operator_definition(scenario: Scenario, targets: Sequence[Target] | None = None) -> Document:
    """Stage 3: one Task state that runs the Subject machine as the execute role and waits for its result.

    With `targets`, the same for each of them; several at once.
    """
    reached = _reached(scenario, targets)
    if targets is None:
        return {"Comment": "Runs a state machine in another account", **_alone(scenario, reached[0])}
    if len(reached) == 1:
        return {"Comment": "Works in another account", **_alone(scenario, reached[0])}
    branches = [_alone(scenario, target) for target in reached]
    together = {"Type": "Parallel", "Branches": branches, "End": True}
    return {"Comment": "Works in another account", "StartAt": ALL_TARGETS, "States": {ALL_TARGETS: together}}


def task(scenario: Scenario, target: Target) -> Document:
    """The task state that calls `target` as the execute role."""
    return {
        "Type": "Task",
        "Resource": target.task_resource(scenario.partition),
        "Credentials": {"RoleArn": scenario.execute_role_arn},
        "Parameters": dict(target.parameters),
        "End": True,
    }


def _alone(scenario: Scenario, target: Target) -> Document:
    return {"StartAt": target.title, "States": {target.title: task(scenario, target)}}


def _reached(scenario: Scenario, targets: Sequence[Target] | None) -> tuple[Target, ...]:
    return article_targets(scenario) if targets is None else tuple(targets)


def subject_definition(scenario: Scenario) -> Document:
    """The Subject's own work, kept small: it says who it is and hands back what it was given."""
    return {
        "Comment": "The state machine that another account starts",
        "StartAt": "Do the Subject's work",
        "States": {
            "Do the Subject's work": {
                "Type": "Pass",
                "Parameters": {
                    "Message": f"Hello from {scenario.subject_machine_name} in account {scenario.subject_account_id}",
                    "Received.$": "$",
                },
                "End": True,
            }
        },
    }


def _policy(*statements: Document) -> Document:
    return {"Version": POLICY_VERSION, "Statement": list(statements)}
