"""The JSON of the set-up: trust policies, permission policies and state machine definitions, from a `Scenario`.

Pure: names in, documents out. Each function gives a new dict ready for `json_text`, and its
docstring names the rule's source: a stage of the article, or the AWS page that corrects it.

XACCT below is docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from xsfn_helpers.scenario import Account, Scenario

Document = dict[str, Any]

POLICY_VERSION: Final = "2012-10-17"
STATES_PRINCIPAL: Final = "states.amazonaws.com"
START_EXECUTION_SYNC: Final = "arn:aws:states:::states:startExecution.sync:2"
# An ordinary key of the child's input that links child to parent in the console; it grants nothing.
STARTED_BY_KEY: Final = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
TASK_STATE_NAME: Final = "Start the Subject state machine"

EXECUTE_POLICY_NAME: Final = "execute-subject-statemachine"
OPERATOR_POLICY_NAME: Final = "assume-subject-execute-role"


def json_text(document: Mapping[str, Any]) -> str:
    """The document as the text AWS is given and the reader is shown: two-space indent, keys in order."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def service_trust(scenario: Scenario, account: Account) -> Document:
    """Trust policy of a state machine's own role: Step Functions, for machines of this account and region only.

    The two conditions keep Step Functions from being used by a stranger's machine (confused deputy):
    docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    """
    machines = f"arn:{scenario.partition}:states:{scenario.region}:{account.id}:stateMachine:*"
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


def execute_role_permissions(scenario: Scenario) -> Document:
    """Stage 1, permission: start the Subject machine, and watch and stop what was started.

    The article grants StartExecution alone; `.sync:2` also polls with DescribeExecution and stops the child with
    StopExecution when the parent is stopped, and these two act on executions, not on the machine (XACCT).
    """
    return _policy(
        {
            "Sid": "StartSubjectStateMachine",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": scenario.subject_machine_arn,
        },
        {
            "Sid": "FollowAndStopItsExecutions",
            "Effect": "Allow",
            "Action": ["states:DescribeExecution", "states:StopExecution"],
            "Resource": scenario.subject_executions_arn,
        },
    )


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


def operator_definition(scenario: Scenario) -> Document:
    """Stage 3: one Task state that runs the Subject machine as the execute role and waits for its result."""
    resource = START_EXECUTION_SYNC.replace("arn:aws:", f"arn:{scenario.partition}:", 1)
    return {
        "Comment": "Runs a state machine in another account",
        "StartAt": TASK_STATE_NAME,
        "States": {
            TASK_STATE_NAME: {
                "Type": "Task",
                "Resource": resource,
                "Credentials": {"RoleArn": scenario.execute_role_arn},
                "Parameters": {
                    "StateMachineArn": scenario.subject_machine_arn,
                    "Input": {
                        "StatePayload": "Hello from Step Functions!",
                        f"{STARTED_BY_KEY}.$": "$$.Execution.Id",
                    },
                },
                "End": True,
            }
        },
    }


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
