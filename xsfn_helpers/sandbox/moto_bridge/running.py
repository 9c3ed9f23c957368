"""Running tasks: each acts as its role, through the gateway, and leaves the events that AWS would record."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval import resource_eval_s3 as reader_s3
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval import (
    resource_eval_s3 as writer_s3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_batch,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_glue,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask

from xsfn_helpers.sandbox.direct import DirectStates
from xsfn_helpers.sandbox.guests.evaluator import Evaluator
from xsfn_helpers.sandbox.moto_bridge.corrections.activities import offer_activities
from xsfn_helpers.sandbox.moto_bridge.corrections.assignments import assign_at_the_end
from xsfn_helpers.sandbox.moto_bridge.corrections.at_once import run_at_once
from xsfn_helpers.sandbox.moto_bridge.corrections.branches import cut_like_aws
from xsfn_helpers.sandbox.moto_bridge.corrections.data_errors import tell_of_missing_data
from xsfn_helpers.sandbox.moto_bridge.corrections.events import record_like_aws
from xsfn_helpers.sandbox.moto_bridge.corrections.expressions import evaluate_jsonata
from xsfn_helpers.sandbox.moto_bridge.corrections.failures import task_failed
from xsfn_helpers.sandbox.moto_bridge.corrections.json_paths import find_like_aws
from xsfn_helpers.sandbox.moto_bridge.corrections.json_strings import read_strings_as_json
from xsfn_helpers.sandbox.moto_bridge.corrections.map_runs import count_in_jsonata, run_distributed
from xsfn_helpers.sandbox.moto_bridge.corrections.one_state import test_one_state
from xsfn_helpers.sandbox.moto_bridge.corrections.query_languages import speak_the_machines_language_inside
from xsfn_helpers.sandbox.moto_bridge.corrections.sdk_tasks import call_like_the_sdk
from xsfn_helpers.sandbox.moto_bridge.corrections.service_tasks import call_services_like_aws
from xsfn_helpers.sandbox.moto_bridge.corrections.tokens import wait_for_tokens
from xsfn_helpers.sandbox.moto_bridge.corrections.versions import offer_versions
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json, milliseconds, sdk_metadata
from xsfn_helpers.sandbox.moto_bridge.definitions import check_definitions
from xsfn_helpers.sandbox.moto_bridge.timing import keep_time
from xsfn_helpers.sandbox.tasks import AssumedTaskRole, AssumeRefused, TaskClient, TaskClients

STOPPED_WITH_PARENT: Final = (
    "The Task state in AWS Step Functions execution [{parent}] which was managing this resource was aborted"
)
_FIRST_POLL: Final = 0.05
_SLOWEST_POLL: Final = 0.5
_FOLLOWED: Final = (ResourceCondition.Sync, ResourceCondition.Sync2)
# How soon a stopped parent is noticed while its child runs.
_NOTICE_STOP: Final = 0.05
# (execution ARN, seconds) -> has it ended
WaitForEnd = Callable[[str, float], bool]


@dataclass
class _TaskCredentials(StateCredentials):
    """What moto hands to each task call, made to carry who the task acts as."""

    role: AssumedTaskRole


def run_tasks_through(clients: TaskClients) -> None:
    """From now on, every task of a running state machine acts as its role, through the gateway."""

    def eval_state_credentials(task: Any, env: Any) -> _TaskCredentials:
        target = None
        if task.credentials:
            task.credentials.eval(env=env)
            named = env.stack.pop().role_arn
            # Whatever isn't a text is no role to assume, rather than no role at all.
            target = named if isinstance(named, str) else compact_json(named)
        own = env.aws_execution_details.role_arn
        machine_arn = env.states.context_object.context_object_data["StateMachine"]["Id"]
        role = clients.task_role(machine_arn=machine_arn, machine_role_arn=own, task_role_arn=target)
        return _TaskCredentials(role_arn=target or own, role=role)

    def client_for(region: str, service: str, state_credentials: Any = None) -> TaskClient:
        if not isinstance(state_credentials, _TaskCredentials):
            raise AssumeRefused(f"The xsfn sandbox can't tell which role this {service} call is made as.")
        return clients.client(service, region, state_credentials.role)

    def states_for(region: str, service: str, state_credentials: _TaskCredentials) -> DirectStates:
        return clients.states(region, state_credentials.role)

    def eval_in_s3(reader_or_writer: Any, env: Any) -> None:
        """What a Distributed Map reads and writes, it does as the machine's role."""
        reader_or_writer.resource.eval(env=env)
        place = env.stack.pop()
        own = env.aws_execution_details.role_arn
        machine_arn = env.states.context_object.context_object_data["StateMachine"]["Id"]
        role = clients.task_role(machine_arn=machine_arn, machine_role_arn=own, task_role_arn=None)
        handle = reader_or_writer._get_api_action_handler()
        handle(env, place, _TaskCredentials(role_arn=own, role=role))

    for module in (reader_s3, writer_s3):
        module.ResourceEvalS3.eval_resource = eval_in_s3
    StateTask._eval_state_credentials = eval_state_credentials
    for module in MODULES_WITH_CLIENTS:
        module.boto_client_for = client_for
    state_task_service_sfn.boto_client_for = states_for


# Each imported moto's `boto_client_for` by name.
MODULES_WITH_CLIENTS: Final = (
    lambda_eval_utils,
    reader_s3,
    writer_s3,
    state_task_service_aws_sdk,
    state_task_service_batch,
    state_task_service_dynamodb,
    state_task_service_ecs,
    state_task_service_events,
    state_task_service_glue,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
    state_task_service_unsupported,
)


def behave_like_aws(wait_for_end: WaitForEnd, evaluator: Evaluator) -> None:
    """Correct moto's task states where they differ from what AWS records in an execution's history.

    `wait_for_end(execution_arn, seconds)` waits for an execution's end and says whether it came: polling is a matter
    of DescribeExecution, as on AWS, but needn't come too early or too late.
    """
    generic_error = StateTask._from_error
    nested_error = StateTaskServiceSfn._from_error
    after_task = StateTaskService._after_eval_execution
    after_start = StateTaskServiceCallback._after_eval_execution
    read_strings_as_json()
    count_in_jsonata()
    speak_the_machines_language_inside()
    find_like_aws()
    record_like_aws()
    cut_like_aws()
    assign_at_the_end()
    tell_of_missing_data()
    keep_time()
    check_definitions()
    run_at_once()
    test_one_state()
    evaluate_jsonata(evaluator)
    call_like_the_sdk()
    call_services_like_aws()
    wait_for_tokens()
    offer_activities()
    offer_versions()
    run_distributed()

    def from_error(task: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, AssumeRefused):
            failed = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            return task_failed(task, env, StatesErrorNameType.StatesTaskFailed.to_name(), str(ex), failed)
        return generic_error(task, env=env, ex=ex)

    def nested_from_error(task: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            return task_failed(task, env, *_nested_failure(ex))
        return nested_error(task, env=env, ex=ex)

    def after_eval_execution(task: Any, env: Any, **arguments: Any) -> None:
        # A task whose execution was stopped, or which ran out of time, hasn't succeeded.
        if env.is_running():
            after_task(task, env=env, **arguments)

    def after_starting(task: Any, env: Any, **arguments: Any) -> None:
        # Stopped or out of time while it was starting its child.
        if not env.is_running() and isinstance(task, StateTaskServiceSfn) and task.resource.condition in _FOLLOWED:
            _sync_resolver(task, env, **arguments).stop()
            env.stack.append(None)
            return
        after_start(task, env=env, **arguments)

    # A Fail state or a failed branch may well report `States.…`; moto would report States.Runtime instead.
    CustomErrorName.__init__ = ErrorName.__init__
    StateTask._from_error = from_error
    StateTaskServiceSfn._from_error = nested_from_error
    StateTaskService._after_eval_execution = after_eval_execution
    StateTaskServiceCallback._after_eval_execution = after_starting
    StateTaskServiceSfn._eval_service_task = _start_nested
    StateTaskServiceSfn._normalise_response = lambda task, response, **_: None
    StateTaskServiceSfn._build_sync_resolver = _sync_resolver
    StateTaskServiceSfn._build_sync2_resolver = _sync2_resolver
    StateTaskServiceSfn._eval_sync = _follower(wait_for_end)


def _nested_failure(ex: ClientError) -> tuple[str, str]:
    """Error name and cause of a denied or failed `states:` call.

    The form of the suffix is the one recorded in 2023 (localstack, test_task_service_sfn); today's isn't established.
    """
    code, metadata = ex.response["Error"]["Code"], ex.response["ResponseMetadata"]
    plain = code.removesuffix("Exception")
    error = "AWSStepFunctionsException" if plain == "AccessDenied" else f"{plain}Exception"
    suffix = (
        f"Service: AWSStepFunctions; Status Code: {metadata['HTTPStatusCode']}; Error Code: {code}; "
        f"Request ID: {metadata.get('RequestId', '')}; Proxy: null"
    )
    return f"StepFunctions.{error}", f"{ex.response['Error']['Message']} ({suffix})"


def _start_nested(
    task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
) -> None:
    """StartExecution with the task's parameters, answered in the shape AWS writes into the history."""
    states = state_task_service_sfn.boto_client_for(
        region=resource_runtime_part.region, service="stepfunctions", state_credentials=state_credentials
    )
    named = {f"{name[0].lower()}{name[1:]}": value for name, value in normalised_parameters.items()}
    answer = states.start_execution(**named)
    env.stack.append(
        {
            "ExecutionArn": answer["executionArn"],
            **sdk_metadata(answer["ResponseMetadata"]),
            "StartDate": milliseconds(answer["startDate"]),
        }
    )


class _Nested:
    """A child execution being followed: poll it, and stop it when its parent stops."""

    def __init__(self, task: Any, env: Any, states: DirectStates, execution_arn: str, *, parse_json: bool) -> None:
        self._task = task
        self._env = env
        self._states = states
        self.execution_arn = execution_arn
        self._parse_json = parse_json

    def __call__(self) -> dict[str, Any] | None:
        """The child's description once it has succeeded, None while it runs; a failed child fails the task."""
        answer = self._states.describe_execution(executionArn=self.execution_arn)
        if answer["status"] == ExecutionStatus.RUNNING.value:
            return None
        described = _described(answer)
        if answer["status"] != ExecutionStatus.SUCCEEDED.value:
            failed = StatesErrorNameType.StatesTaskFailed
            name = StatesErrorName(typ=failed)
            raise FailureEventException(
                task_failed(self._task, self._env, failed.to_name(), compact_json(described), name)
            )
        if self._parse_json:
            for key in ("Input", "Output"):
                described[key] = json.loads(described[key])
        return described

    def stop(self) -> None:
        """Best effort, as on AWS: a role without states:StopExecution leaves the child running."""
        parent = self._env.states.context_object.context_object_data["Execution"]["Id"]
        try:
            self._states.stop_execution(
                executionArn=self.execution_arn, cause=STOPPED_WITH_PARENT.format(parent=parent)
            )
        except ClientError as refused:
            sys.stderr.write(f"child {self.execution_arn} keeps running: {refused}\n")


def _nested(parse_json: bool) -> Callable[..., _Nested]:
    def build(
        task: Any, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> _Nested:
        states = state_task_service_sfn.boto_client_for(
            region=resource_runtime_part.region, service="stepfunctions", state_credentials=state_credentials
        )
        return _Nested(task, env, states, env.stack.pop()["ExecutionArn"], parse_json=parse_json)

    return build


_sync_resolver = _nested(parse_json=False)
_sync2_resolver = _nested(parse_json=True)


def _follower(wait_for_end: WaitForEnd) -> Callable[..., dict[str, Any] | None]:
    def follow(task: Any, env: Any, sync_resolver: _Nested, **_: Any) -> dict[str, Any] | None:
        """Poll until the child ends; where the parent is stopped or times out first, stop the child."""
        pause = _FIRST_POLL
        next_poll = time.monotonic() + pause
        while env.is_running():
            ended = wait_for_end(sync_resolver.execution_arn, _NOTICE_STOP)
            if not ended and time.monotonic() < next_poll:
                continue
            result = sync_resolver()
            if result is not None:
                return result
            pause = min(pause * 1.5, _SLOWEST_POLL)
            next_poll = time.monotonic() + pause
        sync_resolver.stop()
        return None

    return follow


def _described(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A DescribeExecution answer as task output: PascalCase keys in alphabetical order, times in epoch milliseconds."""
    described: dict[str, Any] = {}
    for name, value in answer.items():
        if name == "ResponseMetadata":
            continue
        if isinstance(value, datetime):
            value = milliseconds(value)
        elif name in ("inputDetails", "outputDetails"):
            value = {"Included": value["included"]}
        described[f"{name[0].upper()}{name[1:]}"] = value
    return dict(sorted(described.items()))
