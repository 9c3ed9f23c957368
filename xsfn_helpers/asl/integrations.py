"""What a task's `Resource` asks AWS for: integration -> actions, and the ARN that each acts on. A table. Pure.

Sources: docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html, …/supported-services-awssdk.html, and
the Service Authorization Reference for the actions' resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.language import mark

START, POLL, STOP = 3, 4, 5
# Stands for a resource that shows only when the task runs.
AT_RUN_TIME: Final = ""


class CallPattern(StrEnum):
    """How a task waits: docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"""

    REQUEST_RESPONSE = mark("doesn't wait")
    RUN_A_JOB = mark("waits for the end (.sync)")
    CALLBACK = mark("waits for a token")


@dataclass(frozen=True, slots=True)
class ResourcePlace:
    """Where a task's call is made: the account of the role that makes it, region and partition."""

    account: str
    region: str
    partition: str


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One call of a task to AWS. `resource` is `AT_RUN_TIME` where it isn't known before; `account` owns it."""

    number: int
    action: str
    resource: str
    account: str
    when: str

    @property
    def has_resource_policy(self) -> bool:
        """Whether the resource may have a policy of its own, which could allow or deny as well.

        Step Functions has none: docs.aws.amazon.com/step-functions/latest/dg/security_iam_service-with-iam.html
        """
        return self.action.partition(":")[0] not in _WITHOUT_RESOURCE_POLICIES


_WITHOUT_RESOURCE_POLICIES: Final = frozenset({"states", "iam", "ec2", "athena", "batch", "ecs", "glue", "sagemaker"})
_RESOURCE: Final = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:(?P<service>[A-Za-z0-9-]+):(?P<name>.+)")
_WAYS: Final = {
    "": CallPattern.REQUEST_RESPONSE,
    ".sync": CallPattern.RUN_A_JOB,
    ".sync:2": CallPattern.RUN_A_JOB,
    ".waitForTaskToken": CallPattern.CALLBACK,
}
# optimized integration -> (action, parameter, form of its resource; {} is the parameter)
_OPTIMIZED: Final[Mapping[str, tuple[str, str, str]]] = {
    "states:startExecution": ("states:StartExecution", "StateMachineArn", "{}"),
    "lambda:invoke": ("lambda:InvokeFunction", "FunctionName", "arn:{p}:lambda:{r}:{a}:function:{}"),
    "sns:publish": ("sns:Publish", "TopicArn", "{}"),
    "sqs:sendMessage": ("sqs:SendMessage", "QueueUrl", "arn:{p}:sqs:{r}:{a}:{}"),
    "events:putEvents": ("events:PutEvents", "", ""),
    **{
        f"dynamodb:{name[0].lower()}{name[1:]}": (f"dynamodb:{name}", "TableName", "arn:{p}:dynamodb:{r}:{a}:table/{}")
        for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    },
}
# Names of services in `aws-sdk:` resources -> their prefix in IAM, where the two differ.
_PREFIXES: Final[Mapping[str, str]] = {
    "sfn": "states",
    "cloudwatch": "cloudwatch",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "cognitoidentityprovider": "cognito-idp",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "sesv2": "ses",
}
# Operations whose IAM action has another name: Service Authorization Reference of each service.
_ACTIONS: Final[Mapping[str, str]] = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:HeadBucket": "s3:ListBucket",
}
# parameter -> form of the resource, for calls of `aws-sdk:` that take a name instead of an ARN
_BY_NAME: Final[Mapping[tuple[str, str], str]] = {
    ("lambda", "FunctionName"): "arn:{p}:lambda:{r}:{a}:function:{}",
    ("dynamodb", "TableName"): "arn:{p}:dynamodb:{r}:{a}:table/{}",
    ("sqs", "QueueUrl"): "arn:{p}:sqs:{r}:{a}:{}",
}


def pattern_of(resource: str) -> CallPattern:
    """How a task with this `Resource` waits."""
    return next((way for suffix, way in _WAYS.items() if suffix and resource.endswith(suffix)), _WAYS[""])


def is_activity(resource: str) -> bool:
    """Whether a worker polls for the task, so that no role makes any call."""
    found = Arn.parse(resource)
    return found is not None and found.service == "states" and found.kind == "activity"


def calls_of(resource: str, arguments: Mapping[str, Any], place: ResourcePlace) -> tuple[ServiceCall, ...]:
    """The calls a task makes, in order; `arguments` are its Parameters or Arguments as written.

    One call with an unknown resource for an integration that the table doesn't have; none for an activity.
    """
    if is_activity(resource):
        return ()
    arn = Arn.parse(resource)
    if arn is not None and arn.service == "lambda":
        return (ServiceCall(START, "lambda:InvokeFunction", resource, arn.account, _ONCE),)
    found = _RESOURCE.fullmatch(resource)
    if found is None:
        return ()
    service, name = found["service"], found["name"]
    if service == "aws-sdk":
        service, _, name = name.partition(":")
        action, asked = _sdk_call(service, name.removesuffix(".waitForTaskToken"), arguments, place)
    else:
        operation = re.sub(r"\.(sync(:2)?|waitForTaskToken)$", "", name)
        action, parameter, form = _OPTIMIZED.get(
            f"{service}:{operation}", (f"{service}:{operation[:1].upper()}{operation[1:]}", "", "")
        )
        asked = _formed(arguments.get(parameter), form, place)
    owner = _owner(asked, place)
    first = ServiceCall(START, action, asked, owner, _ONCE)
    if action == "states:StartExecution" and pattern_of(resource) is CallPattern.RUN_A_JOB:
        return (first, *_following(asked, owner, arguments))
    return (first,)


_ONCE: Final = mark("once, when the task runs")


def _following(machine: str, owner: str, arguments: Mapping[str, Any]) -> Iterator[ServiceCall]:
    """Polling and stopping act on the execution: …dg/concepts-access-cross-acct-resources.html"""
    execution = AT_RUN_TIME
    if (found := Arn.parse(machine)) is not None and found.machine_name:
        name = arguments.get("Name", "*")
        known = isinstance(name, str) and not name.startswith(("$", "{%", "States."))
        last = name if known and "Name.$" not in arguments else "*"
        execution = f"{str(found)[: -len(found.rest)]}execution:{found.machine_name}:{last}"
    yield ServiceCall(
        POLL, "states:DescribeExecution", execution, owner, mark("at each poll, until the execution ends")
    )
    yield ServiceCall(
        STOP, "states:StopExecution", execution, owner, mark("only when the task is stopped or times out")
    )


def _sdk_call(service: str, operation: str, arguments: Mapping[str, Any], place: ResourcePlace) -> tuple[str, str]:
    prefix = _PREFIXES.get(service, service)
    action = f"{prefix}:{operation[:1].upper()}{operation[1:]}"
    action = _ACTIONS.get(action, action)
    if prefix == "s3":
        return action, _s3(action, arguments, place)
    for name, value in arguments.items():
        if (form := _BY_NAME.get((prefix, name))) is not None:
            return action, _formed(value, form, place)
        if name.endswith("Arn") and isinstance(value, str) and (arn := Arn.parse(value)) and arn.service == prefix:
            return action, value
    return action, AT_RUN_TIME


def _s3(action: str, arguments: Mapping[str, Any], place: ResourcePlace) -> str:
    bucket, key = arguments.get("Bucket"), arguments.get("Key")
    if not _is_plain(bucket):
        return AT_RUN_TIME
    if not action.endswith("Object"):
        return f"arn:{place.partition}:s3:::{bucket}"
    return f"arn:{place.partition}:s3:::{bucket}/{key}" if _is_plain(key) else AT_RUN_TIME


def _formed(value: object, form: str, place: ResourcePlace) -> str:
    if not _is_plain(value) or not form:
        return AT_RUN_TIME
    text = str(value)
    if text.startswith("arn:"):
        return text
    if text.startswith("https://"):
        # https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
        *_, account, text = text.split("/")
        return form.format(text, p=place.partition, r=place.region, a=account)
    return form.format(text, p=place.partition, r=place.region, a=place.account)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not value.startswith(("$", "{%", "States."))


def _owner(resource: str, place: ResourcePlace) -> str:
    found = Arn.parse(resource)
    return found.account if found is not None and found.account.isdigit() else place.account
