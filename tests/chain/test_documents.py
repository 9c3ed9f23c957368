"""The JSON of the setup is what AWS's documentation asks for, no more and no less.

XACCT is docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xsfn_helpers.chain.documents import (
    Document,
    execute_role_permissions,
    execute_role_trust,
    operator_definition,
    operator_role_permissions,
    service_trust,
    subject_definition,
)
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.json_text import json_text

OPERATOR, SUBJECT = "111111111111", "222222222222"
# IAM quotas: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (white space isn't counted)
TRUST_POLICY_LIMIT, ROLE_INLINE_LIMIT = 2048, 10240

Maker = Callable[[Scenario], Document]
TRUST_POLICIES: dict[str, Maker] = {
    "operator role": lambda scenario: service_trust(scenario, scenario.operator),
    "subject role": lambda scenario: service_trust(scenario, scenario.subject),
    "execute role": execute_role_trust,
}
PERMISSION_POLICIES: dict[str, Maker] = {
    "execute role": execute_role_permissions,
    "operator role": operator_role_permissions,
}
DEFINITIONS: dict[str, Maker] = {"operator": operator_definition, "subject": subject_definition}
ALL = [
    pytest.param(maker, id=f"{kind} of {owner}")
    for kind, makers in (("trust", TRUST_POLICIES), ("permissions", PERMISSION_POLICIES), ("definition", DEFINITIONS))
    for owner, maker in makers.items()
]

names = st.text("abcXYZ019_+=.@-", min_size=1, max_size=64)
account_ids = st.text("0123456789", min_size=12, max_size=12)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    operator, subject = draw(st.lists(account_ids, min_size=2, max_size=2, unique=True))
    subject_role, execute_role = draw(st.lists(names, min_size=2, max_size=2, unique_by=str.lower))
    return Scenario(
        operator_account_id=operator,
        subject_account_id=subject,
        region=draw(st.sampled_from(["ap-northeast-1", "us-gov-west-1", "cn-north-1"])),
        operator_machine_name=draw(names),
        operator_role_name=draw(names),
        subject_machine_name=draw(names),
        subject_role_name=subject_role,
        execute_role_name=execute_role,
    )


def test_the_execute_role_trusts_the_operator_role_for_one_state_machine() -> None:
    """The article's trust policy; the external ID is the Operator machine's ARN (XACCT)."""
    assert execute_role_trust(Scenario()) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OperatorStateMachine",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{OPERATOR}:role/operator-statemachine-iam-role"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {
                        "sts:ExternalId": (
                            f"arn:aws:states:ap-northeast-1:{OPERATOR}:stateMachine:operator-statemachine"
                        )
                    }
                },
            }
        ],
    }


def test_the_execute_role_may_start_the_machine_and_follow_and_stop_its_executions() -> None:
    """The article grants the start alone; `.sync:2` also polls and stops, on executions, not on the machine (XACCT)."""
    assert execute_role_permissions(Scenario()) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "StartSubjectStateMachine",
                "Effect": "Allow",
                "Action": "states:StartExecution",
                "Resource": f"arn:aws:states:ap-northeast-1:{SUBJECT}:stateMachine:subject-statemachine",
            },
            {
                "Sid": "FollowAndStopItsExecutions",
                "Effect": "Allow",
                "Action": ["states:DescribeExecution", "states:StopExecution"],
                "Resource": f"arn:aws:states:ap-northeast-1:{SUBJECT}:execution:subject-statemachine:*",
            },
        ],
    }


def test_the_operator_role_may_assume_the_execute_role_and_nothing_else() -> None:
    """The article's extra StartExecution is never used: the call is made as the execute role (XACCT)."""
    assert operator_role_permissions(Scenario()) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AssumeSubjectExecuteRole",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": f"arn:aws:iam::{SUBJECT}:role/subject-statemachine-execute-role",
            }
        ],
    }


@pytest.mark.parametrize("account_id", [OPERATOR, SUBJECT])
def test_a_machines_role_trusts_step_functions_for_its_own_account_and_region(account_id: str) -> None:
    """docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html, against the confused deputy."""
    scenario = Scenario()
    account = next(account for account in (scenario.operator, scenario.subject) if account.id == account_id)

    assert service_trust(scenario, account) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "StepFunctions",
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:states:ap-northeast-1:{account_id}:stateMachine:*"},
                },
            }
        ],
    }


def test_the_operators_task_runs_the_subject_machine_as_the_execute_role_and_waits() -> None:
    task = operator_definition(Scenario())["States"]["Start the Subject state machine"]

    assert task == {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Credentials": {"RoleArn": f"arn:aws:iam::{SUBJECT}:role/subject-statemachine-execute-role"},
        "Parameters": {
            "StateMachineArn": f"arn:aws:states:ap-northeast-1:{SUBJECT}:stateMachine:subject-statemachine",
            "Input": {
                "StatePayload": "Hello from Step Functions!",
                "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id",
            },
        },
        "End": True,
    }


def test_the_tasks_resource_follows_the_partition() -> None:
    task = operator_definition(Scenario(region="us-gov-west-1"))["States"]["Start the Subject state machine"]

    assert task["Resource"] == "arn:aws-us-gov:states:::states:startExecution.sync:2"


def test_the_subject_says_who_it_is_and_hands_back_what_it_was_given() -> None:
    state = subject_definition(Scenario())["States"]["Do the Subject's work"]

    assert state["Parameters"] == {
        "Message": f"Hello from subject-statemachine in account {SUBJECT}",
        "Received.$": "$",
    }


@pytest.mark.parametrize("maker", DEFINITIONS.values(), ids=DEFINITIONS)
def test_a_definition_starts_at_a_state_it_has(maker: Maker) -> None:
    definition = maker(Scenario())

    assert definition["StartAt"] in definition["States"]


@pytest.mark.parametrize("maker", ALL)
def test_each_call_gives_a_document_of_its_own(maker: Maker) -> None:
    first = maker(Scenario())
    first.clear()

    assert maker(Scenario())


@pytest.mark.parametrize("maker", ALL)
@given(scenario=scenarios())
def test_the_text_is_the_document_for_any_names(maker: Maker, scenario: Scenario) -> None:
    document = maker(scenario)

    assert json.loads(json_text(document)) == document


@pytest.mark.parametrize(
    ("makers", "limit"),
    [(TRUST_POLICIES, TRUST_POLICY_LIMIT), (PERMISSION_POLICIES, ROLE_INLINE_LIMIT)],
    ids=["trust", "permissions"],
)
def test_policies_fit_iams_quota_even_with_the_longest_names(makers: dict[str, Maker], limit: int) -> None:
    longest = Scenario(
        region="ap-northeast-1",
        operator_machine_name="o" * 80,
        subject_machine_name="s" * 80,
        operator_role_name="o" * 64,
        subject_role_name="s" * 64,
        execute_role_name="e" * 64,
    )

    assert max(len("".join(json_text(maker(longest)).split())) for maker in makers.values()) <= limit


def test_text_keeps_the_order_and_every_character() -> None:
    assert json_text({"b": "実行", "a": [1]}) == '{\n  "b": "実行",\n  "a": [\n    1\n  ]\n}'
