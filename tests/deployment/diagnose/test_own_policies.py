"""The policies that functions, queues and buckets have themselves: read from files and from AWS, or told as unread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.deployment.diagnose.test_repositories import HUB, HUB_ACCOUNT, SERVICE, SPOKE_ACCOUNT, _may
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.evidence import ResourcePolicy
from xsfn_helpers.deployment.diagnose.reading.live import _read_own_policy
from xsfn_helpers.deployment.diagnose.reading.own_policies import owner_of
from xsfn_helpers.deployment.diagnose.reading.repository import Told

FUNCTION: Final = f"arn:aws:lambda:eu-west-1:{SPOKE_ACCOUNT}:function:work"
QUEUE: Final = f"arn:aws:sqs:eu-west-1:{SPOKE_ACCOUNT}:jobs"
TOLD: Final = Told(HUB_ACCOUNT, SPOKE_ACCOUNT, "eu-west-1")
ANOTHER: Final = f"arn:aws:iam::{HUB_ACCOUNT}:role/another"


def _hub(integration: str, arguments: dict[str, Any], action: str, resource: str) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Parameters": arguments, "End": True}
    return {
        "HubRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "hub-role",
                "AssumeRolePolicyDocument": SERVICE,
                "Policies": [{"PolicyName": "call", "PolicyDocument": _may(action, resource)}],
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "plain",
                "RoleArn": {"Fn::GetAtt": ["HubRole", "Arn"]},
                "Definition": {"StartAt": "Run", "States": {"Run": task}},
            },
        },
    }


INVOKES: Final = ("lambda:invoke", {"FunctionName": FUNCTION}, "lambda:InvokeFunction", FUNCTION)
SENDS: Final = (
    "sqs:sendMessage",
    {"QueueUrl": f"https://sqs.eu-west-1.amazonaws.com/{SPOKE_ACCOUNT}/jobs", "MessageBody": "x"},
    "sqs:SendMessage",
    QUEUE,
)


def _lets_in(principal: str, action: str, resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _diagnosis(folder: Path, call: tuple[Any, ...], **files: Any) -> Diagnosis:
    for name, value in {"hub": {"Resources": _hub(*call)}, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return diagnose_given(AskedAbout(paths=(folder,)), TOLD)[0]


def test_a_function_whose_policy_nobody_read_is_not_said_to_be_allowed(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, INVOKES)

    assert found.verdict is Conclusion.UNKNOWN
    assert f"the policy of {FUNCTION} itself" in "; ".join(one for link in found.links for one in link.open)


@pytest.mark.parametrize(("principal", "verdict"), [(HUB, Conclusion.FINE), (ANOTHER, Conclusion.UNKNOWN)])
def test_a_permission_in_a_template_lets_in_and_others_may_have_been_added(
    tmp_path: Path, principal: str, verdict: Conclusion
) -> None:
    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"FunctionName": FUNCTION, "Action": "lambda:InvokeFunction", "Principal": principal},
    }

    assert _diagnosis(tmp_path, INVOKES, spoke={"Resources": {"Let": permission}}).verdict is verdict


@pytest.mark.parametrize(("principal", "verdict"), [(HUB, Conclusion.FINE), (ANOTHER, Conclusion.BROKEN)])
def test_what_aws_lambda_get_policy_answers_is_all_of_it(tmp_path: Path, principal: str, verdict: Conclusion) -> None:
    document = json.dumps(_lets_in(principal, "lambda:InvokeFunction", FUNCTION))

    assert _diagnosis(tmp_path, INVOKES, policy={"Policy": document, "RevisionId": "1"}).verdict is verdict


@pytest.mark.parametrize(("principal", "verdict"), [(HUB, Conclusion.FINE), (ANOTHER, Conclusion.BROKEN)])
def test_a_queues_attributes_tell_its_policy(tmp_path: Path, principal: str, verdict: Conclusion) -> None:
    document = json.dumps(_lets_in(principal, "sqs:SendMessage", QUEUE))

    found = _diagnosis(tmp_path, SENDS, queue={"Attributes": {"QueueArn": QUEUE, "Policy": document}})

    assert found.verdict is verdict


def test_a_queue_without_a_policy_lets_nobody_of_another_account_in(tmp_path: Path) -> None:
    assert _diagnosis(tmp_path, SENDS, queue={"Attributes": {"QueueArn": QUEUE}}).verdict is Conclusion.BROKEN


@pytest.mark.parametrize(("principal", "verdict"), [(HUB, Conclusion.FINE), (ANOTHER, Conclusion.BROKEN)])
def test_a_queue_policy_in_a_template(tmp_path: Path, principal: str, verdict: Conclusion) -> None:
    resources = {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        "Let": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Jobs"}],
                "PolicyDocument": _lets_in(principal, "sqs:SendMessage", QUEUE),
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "tells-the-account", "AssumeRolePolicyDocument": SERVICE},
        },
    }
    other = {"Role": {"Arn": f"arn:aws:iam::{SPOKE_ACCOUNT}:role/tells-the-account", "RoleName": "tells-the-account"}}

    found = _diagnosis(tmp_path, SENDS, spoke={"Resources": resources}, role=other)

    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("integration", "arguments", "action"),
    [
        ("lambda:invoke", {"FunctionName.$": "$.function"}, "lambda:InvokeFunction"),
        ("sqs:sendMessage", {"QueueUrl.$": "$.queue", "MessageBody": "x"}, "sqs:SendMessage"),
        ("sns:publish", {"TopicArn.$": "$.topic", "Message": "x"}, "sns:Publish"),
        ("aws-sdk:s3:getObject", {"Bucket.$": "$.bucket", "Key": "k"}, "s3:GetObject"),
        ("aws-sdk:secretsmanager:getSecretValue", {"SecretId.$": "$.secret"}, "secretsmanager:GetSecretValue"),
    ],
)
def test_what_shows_in_the_run_may_be_anothers_who_has_to_let_it_in(
    tmp_path: Path, integration: str, arguments: dict[str, Any], action: str
) -> None:
    found = _diagnosis(tmp_path, (integration, arguments, action, "*"))

    assert found.verdict is Conclusion.UNKNOWN
    assert "another account's" in str(found)


def test_what_names_no_account_is_its_own(tmp_path: Path) -> None:
    call = ("lambda:invoke", {"FunctionName": "work"}, "lambda:InvokeFunction", "*")

    assert _diagnosis(tmp_path, call).verdict is Conclusion.FINE


def test_a_policy_on_a_condition_that_nobody_can_decide_allows_nothing(tmp_path: Path) -> None:
    hub = _hub("aws-sdk:sfn:listStateMachines", {}, "logs:PutLogEvents", "*")
    hub["More"] = {
        "Type": "AWS::IAM::Policy",
        "Condition": "On",
        "Properties": {"PolicyName": "more", "Roles": ["hub-role"], "PolicyDocument": _may("states:*", "*")},
    }
    template = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {"On": {"Fn::Equals": [{"Ref": "Stage"}, "a"]}},
    }

    found = _diagnosis(tmp_path, INVOKES, hub=template | {"Resources": hub})

    assert found.verdict is Conclusion.UNKNOWN


@pytest.mark.parametrize(
    ("resource", "owner"),
    [
        ("arn:aws:s3:::things/a/b", "arn:aws:s3:::things"),
        ("arn:aws:s3:::things/*", "arn:aws:s3:::things"),
        ("arn:aws:s3:::*/*", ""),
        (f"{FUNCTION}:PROD", FUNCTION),
        (QUEUE, QUEUE),
        ("arn:aws:sqs:eu-west-1:*:jobs", ""),
    ],
)
def test_whose_policy_it_is(resource: str, owner: str) -> None:
    assert owner_of(resource) == owner


class _Functions:
    def __init__(self, code: str = "") -> None:
        self._code = code

    def get_policy(self, **_: str) -> dict[str, str]:
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "GetPolicy")
        return {"Policy": json.dumps(_lets_in(HUB, "lambda:InvokeFunction", FUNCTION))}


def test_a_policy_is_asked_for_and_where_there_is_none_that_is_known() -> None:
    read = _read_own_policy(lambda _: _Functions(), FUNCTION)

    assert read.document == _lets_in(HUB, "lambda:InvokeFunction", FUNCTION)
    assert _read_own_policy(lambda _: _Functions("ResourceNotFoundException"), FUNCTION) == ResourcePolicy(None)
    with pytest.raises(ClientError):
        _read_own_policy(lambda _: _Functions("AccessDeniedException"), FUNCTION)
