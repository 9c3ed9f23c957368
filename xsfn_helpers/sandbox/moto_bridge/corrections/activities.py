"""Activities: tasks that wait until a worker asks for them, and then for its answer.

Recorded: localstack's test_activities (2024-03-17) and test_sfn_api_activities (2024-03-17 and 2024-11-25).
Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_activitiy import StateTaskActivity
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcomeFailure,
    CallbackOutcomeFailureError,
    HeartbeatEndpoint,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.moto_bridge.corrections.data_errors import runtime_error
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import present

# A poll ends without a task after a minute. Each takes a thread of the server's: of more than these, the others end at
# once, and their workers ask again.
_POLL_SECONDS: Final = 60.0
_MOST_POLLS: Final = 2
_NOTICE_STOP: Final = 0.05
_OWNED: Final = {"type": "AWS_OWNED_KEY"}


@dataclass
class _Waiting:
    """A task that no worker has taken yet; `taken` tells its state that one has, and who."""

    token: str
    text: str
    env: Any
    taken: threading.Event = field(default_factory=threading.Event)
    worker_name: str | None = None


class _Board:
    """The tasks that wait for workers, by activity, the first one first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[_Waiting]] = {}

    def put(self, arn: str, task: _Waiting) -> None:
        with self._changed:
            self._waiting.setdefault(arn, deque()).append(task)
            self._changed.notify_all()

    def withdraw(self, arn: str, task: _Waiting) -> None:
        with self._changed:
            tasks = self._waiting.get(arn, deque())
            if task in tasks:
                tasks.remove(task)

    def take(self, arn: str, worker_name: str | None, seconds: float) -> _Waiting | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting.get(arn), seconds)
            tasks = self._waiting.get(arn)
            if not tasks:
                return None
            task = tasks.popleft()
            task.worker_name = worker_name
            task.taken.set()
            return task


def offer_activities() -> None:
    """From now on, moto's activity tasks run, and workers get them."""
    board, polls = _Board(), threading.BoundedSemaphore(_MOST_POLLS)
    create, delete = StepFunctionResponse.create_activity, StepFunctionResponse.delete_activity

    def create_once(response: StepFunctionResponse) -> ActionResult:
        arn = response._get_param("name")
        backend = response.stepfunction_backend
        same = next((one for one in backend.activities.values() if one.name == arn), None)
        if same is not None:
            return ActionResult({"creationDate": same.creation_date, "activityArn": same.arn})
        created: ActionResult = create(response)
        return created

    def describe(response: StepFunctionResponse) -> ActionResult:
        activity = _activity(response)
        return ActionResult(
            {
                "activityArn": activity.arn,
                "name": activity.name,
                "creationDate": activity.creation_date,
                "encryptionConfiguration": activity.encryption_configuration or _OWNED,
            }
        )

    def delete_if_there(response: StepFunctionResponse) -> ActionResult:
        # Recorded: to delete what isn't there is no error.
        if response._get_param("activityArn") not in response.stepfunction_backend.activities:
            return ActionResult({})
        deleted: ActionResult = delete(response)
        return deleted

    def get_task(response: StepFunctionResponse) -> ActionResult:
        arn = _activity(response).arn
        may_wait = polls.acquire(blocking=False)
        try:
            task = board.take(arn, response._get_param("workerName"), _POLL_SECONDS if may_wait else 0)
        finally:
            if may_wait:
                polls.release()
        return ActionResult({"taskToken": task.token, "input": task.text} if task else {})

    StepFunctionResponse.create_activity = create_once
    StepFunctionResponse.describe_activity = describe
    StepFunctionResponse.delete_activity = delete_if_there
    StepFunctionResponse.get_activity_task = get_task
    StateTaskActivity._eval_execution = lambda task, env: _run(task, env, board)


def _activity(response: StepFunctionResponse) -> Any:
    arn = response._get_param("activityArn")
    activity = response.stepfunction_backend.activities.get(arn)
    if activity is None:
        raise Refusal("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    return activity


def _run(state: Any, env: Any, board: _Board) -> None:
    if state.parargs:
        state.parargs.eval(env=env)
    given = env.stack.pop()
    text = given if isinstance(given, str) else to_json_str(given)
    limit = _seconds(None if state.timeout.is_default_value() else state.timeout, env)
    heartbeat = _seconds(state.heartbeat, env)
    arn: str = state.resource.resource_arn
    place = Arn.of(arn)
    if arn not in stepfunctions_parser_backends[place.account][place.region].activities:
        raise runtime_error(f"The activity {arn} does not exist.")
    token = env.states.context_object.update_task_token()
    endpoint: Any = env.callback_pool_manager.add(token)
    endpoint.activity_arn = arn  # whose token it is, for what a worker's answer is authorised on
    beats = endpoint.setup_heartbeat_endpoint(heartbeat) if heartbeat is not None else None
    scheduled = {"resource": arn, "input": text, "inputDetails": {"truncated": False}}
    _record(env, "Scheduled", {**scheduled, **present(timeoutInSeconds=limit, heartbeatInSeconds=heartbeat)})
    ends = time.monotonic() + (limit if limit is not None else threading.TIMEOUT_MAX)
    task = _Waiting(token, text, env)
    board.put(arn, task)
    try:
        while not task.taken.wait(_NOTICE_STOP):
            _check(env, ends)
    finally:
        board.withdraw(arn, task)
    _record(env, "Started", present(workerName=task.worker_name))
    outcome = _outcome(env, endpoint, ends, beats)
    if isinstance(outcome, CallbackOutcomeFailure):
        raise CallbackOutcomeFailureError(callback_outcome_failure=outcome)
    env.stack.append(json.loads(outcome.output))
    _record(env, "Succeeded", {"output": outcome.output, "outputDetails": {"truncated": False}})


def _outcome(env: Any, endpoint: CallbackEndpoint, ends: float, beats: HeartbeatEndpoint | None) -> Any:
    """What the worker answers. Raises `TimeoutError` where it doesn't in time, or its heartbeat fails."""
    due = time.monotonic() + (beats._heartbeat_seconds if beats is not None else 0)
    while (outcome := endpoint.wait(timeout=_NOTICE_STOP)) is None:
        _check(env, ends)
        if beats is not None and beats._next_heartbeat_event.is_set():
            beats._next_heartbeat_event.clear()
            due = time.monotonic() + beats._heartbeat_seconds
        elif beats is not None and time.monotonic() > due:
            raise HeartbeatTimeoutError
    return outcome


def _check(env: Any, ends: float) -> None:
    if not env.is_running() or time.monotonic() > ends:
        raise EvalTimeoutError


def _seconds(limit: Any, env: Any) -> int | None:
    if limit is None:
        return None
    limit.eval(env=env)
    seconds: int = env.stack.pop()
    return seconds


def _record(env: Any, what: str, details: dict[str, Any]) -> None:
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType(f"Activity{what}"),
        event_details={f"activity{what}EventDetails": details},
    )
