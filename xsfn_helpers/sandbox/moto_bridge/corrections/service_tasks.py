"""Tasks that call Lambda, DynamoDB and SQS: what AWS writes of their answers, and its words when a call fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_dynamodb,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sqs import (
    StateTaskServiceSqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from xsfn_helpers.sandbox.moto_bridge.corrections.failures import task_failed
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import (
    compact_json,
    invocation_metadata,
    sdk_metadata,
)
from xsfn_helpers.sandbox.tasks import AssumeRefused


@dataclass(frozen=True, slots=True)
class _Words:
    """How a service's failures are told in an execution's history: the errors' prefix, the name for what the service's
    model has no name for, and the text behind the message."""

    prefix: str
    other: str
    suffix: str

    def failure(self, error: ClientError) -> tuple[str, str]:
        """Error name and cause of a call that was denied or failed."""
        told, metadata = error.response["Error"], error.response["ResponseMetadata"]
        plain = told["Code"].rpartition(".")[2].removesuffix("Exception")
        # DynamoDB's model has no exception for a failed validation (recorded: test_put_item_invalid_table_name).
        unnamed = plain.startswith("AccessDenied") or (plain, self.prefix) == ("Validation", "DynamoDB")
        name = self.other if unnamed else f"{plain}Exception"
        status, request_id = metadata["HTTPStatusCode"], metadata.get("RequestId", "")
        suffix = self.suffix.format(status=status, code=told["Code"], request=request_id)
        message = told["Message"]
        if message.startswith("Function not found: ") and message.count(":") == _COLONS_WITHOUT_QUALIFIER:
            message += ":$LATEST"
        return f"{self.prefix}.{name}", f"{message} ({suffix})"


# In "Function not found: arn:aws:lambda:REGION:ACCOUNT:function:NAME", which Step Functions tells with a version.
_COLONS_WITHOUT_QUALIFIER: Final = 7
_OLDER: Final = "; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null"
# Recorded: localstack's test_no_such_function (2025-11) and test_dynamodb_invalid_param; SQS's alike.
_LAMBDA: Final = _Words("Lambda", "AWSLambdaException", f"Service: AWSLambda{_OLDER}")
_DYNAMODB: Final = _Words("DynamoDB", "AmazonDynamoDBException", f"Service: AmazonDynamoDBv2{_OLDER}")
_SQS: Final = _Words("SQS", "AmazonSQSException", f"Service: AmazonSQS{_OLDER}")
# As AWS's Java SDK spells them in the errors of `aws-sdk:` tasks.
_SDK_NAMES: Final = {"dynamodb": "DynamoDb", "sfn": "Sfn", "s3": "S3", "sqs": "Sqs", "lambda": "Lambda"}


def call_services_like_aws() -> None:
    """From now on, tasks of these services leave what AWS leaves in a history."""
    state_task_service_aws_sdk._SERVICE_ERROR_NAMES = _SDK_NAMES
    sdk_error_name = StateTaskServiceAwsSdk._normalise_exception_name

    def name_of_sdk_error(norm_service_name: str, ex: Exception) -> str:
        """What the service's own model has no exception for is the service's general one."""
        code = ex.response["Error"]["Code"] if isinstance(ex, ClientError) else ""
        if code.startswith("AccessDenied"):
            general: str = sdk_error_name(norm_service_name, ClientError({}, ""))
            return general
        named: str = sdk_error_name(norm_service_name, ex)
        return named

    for kind, words in (
        (StateTaskServiceLambda, _LAMBDA),
        (StateTaskServiceDynamoDB, _DYNAMODB),
        (StateTaskServiceSqs, _SQS),
    ):
        _tell_failures(kind, words)
    _tell_failures_of_functions()
    StateTaskServiceAwsSdk._normalise_exception_name = staticmethod(name_of_sdk_error)
    StateTaskServiceLambda._eval_service_task = _invoke
    lambda_eval_utils.execute_lambda_function_integration = _invoke_by_arn
    StateTaskServiceDynamoDB._eval_service_task = _call(state_task_service_dynamodb)
    StateTaskServiceSqs._eval_service_task = _call(state_task_service_sqs)


def _tell_failures(kind: Any, words: _Words) -> None:
    otherwise = kind._from_error

    def from_error(task: Any, env: Any, ex: Exception) -> Any:
        if isinstance(ex, ClientError):
            return task_failed(task, env, *words.failure(ex))
        return otherwise(task, env=env, ex=ex)

    kind._from_error = from_error


def _tell_failures_of_functions() -> None:
    """A task whose `Resource` is a function's own ARN fails with the same errors, in an event of its own."""
    otherwise = StateTaskLambda._from_error

    def from_error(task: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            error, cause = _LAMBDA.failure(ex)
        elif isinstance(ex, AssumeRefused):
            error, cause = StatesErrorNameType.StatesTaskFailed.to_name(), str(ex)
        else:
            failure: FailureEvent = otherwise(task, env=env, ex=ex)
            return failure
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(error),
            event_type=HistoryEventType.LambdaFunctionFailed,
            event_details=EventDetails(lambdaFunctionFailedEventDetails={"error": error, "cause": cause}),
        )

    StateTaskLambda._from_error = from_error


def _invoke(
    task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
) -> None:
    """lambda:invoke, answered as recorded (localstack: test_invoke_lambda)."""
    client = lambda_eval_utils.boto_client_for(
        service="lambda", region=resource_runtime_part.region, state_credentials=state_credentials
    )
    answer = client.invoke(**normalised_parameters)
    text = answer["Payload"].read().decode("utf-8")
    if function_error := answer.get("FunctionError"):
        raise lambda_eval_utils.LambdaFunctionErrorException(function_error, compact_json(json.loads(text)))
    env.stack.append(
        {
            "ExecutedVersion": answer["ExecutedVersion"],
            "Payload": json.loads(text),
            **invocation_metadata(answer["ResponseMetadata"], answer["ExecutedVersion"]),
            "StatusCode": answer["StatusCode"],
            **({"LogResult": answer["LogResult"]} if "LogResult" in answer else {}),
        }
    )


def _invoke_by_arn(env: Any, parameters: Mapping[str, Any], region: str, state_credentials: Any) -> None:
    """A task whose Resource is the function: what it gave, or the error as it came (recorded: 26 of 2023 and 2024)."""
    client = lambda_eval_utils.boto_client_for(service="lambda", region=region, state_credentials=state_credentials)
    answer = client.invoke(**parameters)
    text = answer["Payload"].read().decode("utf-8")
    if function_error := answer.get("FunctionError"):
        raise lambda_eval_utils.LambdaFunctionErrorException(function_error, text)
    env.stack.append({"Payload": json.loads(text)})


def _call(module: Any) -> Any:
    """A call of an optimized integration, with what AWS's Java SDK adds to the answer."""

    def call(
        task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        client = module.boto_client_for(
            service=task._get_boto_service_name(),
            region=resource_runtime_part.region,
            state_credentials=state_credentials,
        )
        answer = getattr(client, task._get_boto_service_action())(**_with_texts(normalised_parameters))
        metadata = sdk_metadata(answer.pop("ResponseMetadata"))
        env.stack.append({**answer, **metadata})

    return call


def _with_texts(given: Mapping[str, Any]) -> dict[str, Any]:
    """A message may be given as JSON; it is sent as its text. What is null isn't sent, as AWS's Java SDK has it."""
    parameters = {name: value for name, value in given.items() if value is not None}
    body = parameters.get("MessageBody")
    return (
        dict(parameters) if body is None or isinstance(body, str) else {**parameters, "MessageBody": compact_json(body)}
    )
