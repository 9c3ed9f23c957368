"""Waiting for a task token as on AWS: it ends with the execution, too, not only with the token or a time limit."""

from __future__ import annotations

import time
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeTimedOut,
    HeartbeatTimedOut,
)
from moto.stepfunctions.responses import StepFunctionResponse

# How soon a stopped execution is noticed.
_NOTICE_STOP: Final = 0.05


def wait_for_tokens() -> None:
    """From now on, an execution that waits for a token can be stopped."""

    def wait(task: Any, env: Any, timeout_seconds: int, callback_endpoint: Any, heartbeat_endpoint: Any) -> Any:
        ends = time.monotonic() + timeout_seconds
        due = _due(heartbeat_endpoint)
        while env.is_running():
            outcome = callback_endpoint.wait(timeout=_NOTICE_STOP)
            if outcome is not None:
                return outcome
            now = time.monotonic()
            if heartbeat_endpoint is not None:
                if heartbeat_endpoint._next_heartbeat_event.is_set():
                    heartbeat_endpoint._next_heartbeat_event.clear()
                    due = _due(heartbeat_endpoint)
                elif now > due:
                    return HeartbeatTimedOut()
            if now > ends:
                break
        return CallbackOutcomeTimedOut(callback_id=callback_endpoint.callback_id)

    def send_failure(response: StepFunctionResponse) -> ActionResult:
        # moto hands on the error only.
        response.stepfunction_backend.send_task_failure(
            response._get_param("taskToken"), error=response._get_param("error"), cause=response._get_param("cause")
        )
        return ActionResult({})

    StateTaskServiceCallback._eval_wait_for_task_token = wait
    StepFunctionResponse.send_task_failure = send_failure


def _due(heartbeat_endpoint: Any) -> float:
    """When the next heartbeat has to have come."""
    return time.monotonic() + (heartbeat_endpoint._heartbeat_seconds if heartbeat_endpoint is not None else 0)
