"""How a task's failure is written into the history."""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails


def task_failed(task: Any, env: Any, error: str, cause: str, name: Any = None) -> FailureEvent:
    """TaskFailed with this error and cause; `name` is the error as a Catch matches it, where that isn't its text."""
    details = TaskFailedEventDetails(error=error, cause=cause)
    if isinstance(task, StateTaskService):
        details["resource"], details["resourceType"] = task._get_sfn_resource(), task._get_sfn_resource_type()
    return FailureEvent(
        env=env,
        error_name=CustomErrorName(error) if name is None else name,
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),
    )
