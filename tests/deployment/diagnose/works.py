"""Tasks of every kind, in the forms that people write, each with arguments that tell what it acts on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.chain.scenario import Scenario

S: Final = Scenario()
ARN: Final = "arn:aws:states:::"
Document = dict[str, Any]
Integration = tuple[str, Document]
EXPRESS: Final = "aws-sdk:sfn:startSyncExecution"
_QUEUE: Final = "https://sqs.ap-northeast-1.amazonaws.com/222222222222/jobs"
_TOKEN: Final = {"token.$": "$$.Task.Token"}

# Every way of waiting: request and response, .sync, .sync:2.
INTEGRATIONS: Final[tuple[Integration, ...]] = (
    ("states:startExecution", {"StateMachineArn": S.subject_machine_arn}),
    ("states:startExecution.sync", {"StateMachineArn": S.subject_machine_arn}),
    ("states:startExecution.sync:2", {"StateMachineArn": S.subject_machine_arn}),
    ("states:startExecution", {"StateMachineArn": f"{S.subject_machine_arn}:PROD"}),
    ("lambda:invoke", {"FunctionName": "work"}),
    ("sns:publish", {"TopicArn": "arn:aws:sns:ap-northeast-1:222222222222:topic"}),
    ("sqs:sendMessage", {"QueueUrl": _QUEUE}),
    ("dynamodb:putItem", {"TableName": "things"}),
    ("dynamodb:getItem", {"TableName": "things"}),
    ("events:putEvents", {"Entries": [{"EventBusName": "bus", "Detail": {}}]}),
    ("glue:startJobRun", {"JobName": "load"}),
    ("glue:startJobRun.sync", {"JobName": "load"}),
    ("athena:startQueryExecution.sync", {"QueryString": "select 1", "WorkGroup": "primary"}),
    ("batch:submitJob.sync", {"JobName": "a", "JobDefinition": "d:1", "JobQueue": "q"}),
    ("codebuild:startBuild.sync", {"ProjectName": "build"}),
    ("ecs:runTask.sync", {"Cluster": "c", "TaskDefinition": "t:1"}),
    ("elasticmapreduce:addStep.sync", {"ClusterId": "j-1", "Step": {}}),
    ("databrew:startJobRun.sync", {"Name": "clean"}),
    ("sagemaker:createTransformJob.sync", {"TransformJobName": "t"}),
    ("aws-sdk:ssm:getParameter", {"Name": "/app/config"}),
    ("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k"}),
    ("aws-sdk:organizations:moveAccount", {"AccountId": "333333333333"}),
    ("aws-sdk:efs:describeFileSystems", {}),
    (EXPRESS, {"StateMachineArn": S.subject_machine_arn}),
)
# And .waitForTaskToken, versions, and services whose calls need more than one permission.
MORE: Final[tuple[Integration, ...]] = (
    ("states:startExecution.waitForTaskToken", {"StateMachineArn": S.subject_machine_arn, "Input": _TOKEN}),
    ("states:startExecution.sync:2", {"StateMachineArn": f"{S.subject_machine_arn}:3"}),
    ("lambda:invoke.waitForTaskToken", {"FunctionName": "work", "Payload": _TOKEN}),
    ("sqs:sendMessage.waitForTaskToken", {"QueueUrl": _QUEUE, "MessageBody": _TOKEN}),
    ("ecs:runTask.waitForTaskToken", {"Cluster": "c", "TaskDefinition": "t:1", "Overrides": _TOKEN}),
    ("events:putEvents.waitForTaskToken", {"Entries": [{"EventBusName": "bus", "Detail": _TOKEN}]}),
    ("bedrock:invokeModel", {"ModelId": "amazon.titan-text-lite-v1", "Body": {}}),
    (
        "emr-serverless:startJobRun.sync",
        {"ApplicationId": "a1", "ExecutionRoleArn": "arn:aws:iam::222222222222:role/e"},
    ),
    ("mediaconvert:createJob.sync", {"Role": "arn:aws:iam::222222222222:role/m", "Settings": {}}),
    (
        "apigateway:invoke",
        {"ApiEndpoint": "abc.execute-api.ap-northeast-1.amazonaws.com", "Method": "GET", "AuthType": "IAM_ROLE"},
    ),
    ("aws-sdk:sfn:describeStateMachine", {"StateMachineArn": S.subject_machine_arn}),
    ("aws-sdk:dynamodb:query", {"TableName": "things"}),
    (
        "aws-sdk:secretsmanager:getSecretValue",
        {"SecretId": "arn:aws:secretsmanager:ap-northeast-1:222222222222:secret:s"},
    ),
)
ALL: Final = (*INTEGRATIONS, *MORE)


@dataclass(frozen=True)
class Form:
    """How a task is written: `of` makes the definition of one with this Resource and these arguments."""

    name: str
    of: Callable[[str, Document], Document]


def _task(integration: str, arguments: Document) -> Document:
    return {
        "Type": "Task",
        "Resource": f"{ARN}{integration}",
        "Parameters": arguments,
        "Credentials": {"RoleArn": S.execute_role_arn},
        "End": True,
    }


def _alone(integration: str, arguments: Document) -> Document:
    return {"StartAt": "T", "States": {"T": _task(integration, arguments)}}


def _jsonata(integration: str, arguments: Document) -> Document:
    body = _task(integration, {})
    del body["Parameters"]
    written = json.dumps(arguments).replace('"token.$": "$$.Task.Token"', '"token": "{% $states.context.Task.Token %}"')
    body["Arguments"] = json.loads(written)
    return {"QueryLanguage": "JSONata", "StartAt": "T", "States": {"T": body}}


def _jsonata_role(integration: str, arguments: Document) -> Document:
    """The role as an expression that is a constant."""
    made = _jsonata(integration, arguments)
    made["States"]["T"]["Credentials"] = {"RoleArn": f"{{% '{S.execute_role_arn}' %}}"}
    return made


def _in_a_branch(integration: str, arguments: Document) -> Document:
    other = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}
    branches = [other, _alone(integration, arguments)]
    return {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}}


def _in_a_map(integration: str, arguments: Document) -> Document:
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": _alone(integration, arguments), "End": True}
    return {"StartAt": "Each", "States": {"Each": each}}


def _in_a_distributed_map(integration: str, arguments: Document) -> Document:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **_alone(integration, arguments),
    }
    each = {"Type": "Map", "Label": "each", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    return {"StartAt": "Each", "States": {"Each": each}}


FORMS: Final = (
    Form("JSONPath", _alone),
    Form("JSONata", _jsonata),
    Form("JSONata's role", _jsonata_role),
    Form("Parallel", _in_a_branch),
    Form("Map", _in_a_map),
    Form("Distributed Map", _in_a_distributed_map),
)
