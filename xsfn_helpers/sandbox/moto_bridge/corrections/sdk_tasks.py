"""`aws-sdk:` tasks: parameters and answers in the case each side writes them, and AWS's words when a call fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import ListShape, StringShape, StructureShape
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)

from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json, utc_text


def call_like_the_sdk() -> None:
    """From now on, `aws-sdk:` tasks work for services that begin their parameters with a small letter."""
    from_error = StateTaskServiceAwsSdk._from_error

    def failed(task: Any, env: Any, ex: Exception) -> FailureEvent:
        failure: FailureEvent = from_error(task, env=env, ex=ex)
        if isinstance(ex, ClientError):
            # Recorded since 2025-11-06 (localstack: test_aws_sdk).
            failure.event_details["taskFailedEventDetails"]["cause"] += " (SDK Attempt Count: 1)"
        return failure

    StateTaskServiceAwsSdk._from_error = failed
    StateTaskServiceAwsSdk._eval_service_task = _call


def _call(
    task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Mapping[str, Any], state_credentials: Any
) -> None:
    client = state_task_service_aws_sdk.boto_client_for(
        service=task._get_boto_service_name(),
        region=resource_runtime_part.region,
        state_credentials=state_credentials,
    )
    method = task._get_boto_service_action()
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    given = _given(normalised_parameters, operation.input_shape)
    if operation.name == "PutObject":
        # Recorded: test_s3_put_object (localstack, 2025-01). What is put is text.
        given.setdefault("ContentType", "text/plain; charset=UTF-8")
    answer = getattr(client, method)(**given)
    env.stack.append(_taken(answer, operation.output_shape))


def _given(parameters: Any, shape: Any) -> Any:
    """Parameters with the names of `shape`, whose first letters may be small."""
    if isinstance(shape, StructureShape) and isinstance(parameters, Mapping):
        names = {name.lower(): name for name in shape.members}
        renamed = {names.get(name.lower(), name): value for name, value in parameters.items()}
        return {
            name: _given(value, shape.members[name])
            for name, value in renamed.items()
            if name in shape.members and value is not None
        }
    if isinstance(shape, ListShape) and isinstance(parameters, list):
        return [_given(item, shape.member) for item in parameters]
    if isinstance(shape, StringShape) and not isinstance(parameters, str):
        # Recorded: test_sfn_start_execution_implicit_json_serialisation (localstack).
        return compact_json(parameters)
    if shape.type_name == "blob" and not isinstance(parameters, bytes):
        # What is stored is JSON, of a text too: an object's body comes in quotes (localstack: test_s3_put_object).
        return compact_json(parameters).encode()
    return parameters


def _taken(answer: Any, shape: Any) -> Any:
    """An answer as AWS's Java SDK has it: names with a capital, times and bodies as text."""
    if shape.type_name == "blob":
        # Recorded: test_s3_get_object (localstack, 2025-01).
        content = answer if isinstance(answer, bytes) else answer.read()
        return content.decode("utf-8", "replace")
    if isinstance(answer, datetime):
        return utc_text(answer)
    if isinstance(shape, StructureShape) and isinstance(answer, Mapping):
        return {
            f"{name[0].upper()}{name[1:]}": _taken(value, shape.members[name])
            for name, value in answer.items()
            if name in shape.members
        }
    if isinstance(shape, ListShape) and isinstance(answer, list):
        return [_taken(item, shape.member) for item in answer]
    return answer
