"""Step Functions' API where moto's answers differ from AWS's: names, descriptions, stopping, pages of history."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ExecutionDoesNotExist
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.responses import StepFunctionResponse


class StatesApi(StepFunctionResponse):
    """moto's Step Functions API, where its answers differ from AWS's."""

    def start_execution(self) -> ActionResult:
        # AWS makes up a name; moto would call the execution "None", and the second one would collide.
        name = self._get_param("name") or str(uuid.uuid4())
        given = self._get_param("input")
        parser_utils.TMP_THREADS[:] = [thread for thread in parser_utils.TMP_THREADS if thread.is_alive()]
        execution = self.stepfunction_backend.start_execution(
            self._get_param("stateMachineArn"), name, "{}" if given is None else given
        )
        return ActionResult({"executionArn": execution.execution_arn, "startDate": execution.start_date})

    def stop_execution(self) -> ActionResult:
        execution = self._execution()
        if execution.exec_status is ExecutionStatus.RUNNING:
            _when(lambda: execution.exec_worker.env is not None)
            execution.stop(stop_date=datetime.now(UTC), error=self._get_param("error"), cause=self._get_param("cause"))
            # The worker notices at its next step; AWS's answer means that the execution is over.
            _when(lambda: execution.exec_status is not ExecutionStatus.RUNNING)
        return ActionResult({"stopDate": execution.stop_date or datetime.now(UTC)})

    def describe_execution(self) -> ActionResult:
        return ActionResult(_description(self._execution()))

    def list_executions(self) -> ActionResult:
        arn = self._get_param("stateMachineArn")
        found, next_token = self.stepfunction_backend.list_executions(
            arn,
            status_filter=self._get_param("statusFilter"),
            max_results=self._get_int_param("maxResults"),
            next_token=self._get_param("nextToken"),
        )
        items = [
            _present(
                executionArn=execution.execution_arn,
                stateMachineArn=arn,
                name=execution.name,
                status=execution.status,
                startDate=execution.start_date,
                stopDate=execution.stop_date,
            )
            for execution in found
        ]
        return ActionResult({"executions": items, "nextToken": next_token})

    def get_execution_history(self) -> ActionResult:
        events = self._execution().to_history_output()["events"]
        if self._get_param("reverseOrder"):
            events = events[::-1]
        start = int(self._get_param("nextToken") or 0)
        limit = int(self._get_param("maxResults") or 0) or 1000
        page = {"events": events[start : start + limit]}
        if start + limit < len(events):
            page["nextToken"] = str(start + limit)
        return ActionResult(page)

    def _execution(self) -> Any:
        arn = self._get_param("executionArn")
        if arn is None:
            raise ServiceException("ValidationException", "executionArn must not be null")
        try:
            return self.stepfunction_backend.describe_execution(arn)
        except (ExecutionDoesNotExist, IndexError):
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'") from None


def _description(execution: Any) -> dict[str, Any]:
    """DescribeExecution's answer with every field AWS gives."""
    status = execution.exec_status
    included = {"included": True}
    over = status is not ExecutionStatus.RUNNING
    succeeded = status is ExecutionStatus.SUCCEEDED
    redrivable = over and not succeeded
    # moto keeps the reason given to StopExecution in the worker's last state only.
    aborted = execution.exec_worker.env.program_state() if status is ExecutionStatus.ABORTED else None
    return _present(
        executionArn=execution.execution_arn,
        stateMachineArn=execution.state_machine_arn,
        name=execution.name,
        status=status.value,
        startDate=execution.start_date,
        stopDate=execution.stop_date if over else None,
        input=execution.execution_input,
        inputDetails=included,
        output=compact_json(execution.output) if succeeded else None,
        outputDetails=included if succeeded else None,
        error=aborted.error if aborted else execution.error,
        cause=aborted.cause if aborted else execution.cause,
        redriveCount=0,
        redriveStatus="REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        redriveStatusReason=None if redrivable else f"Execution is {status.value} and cannot be redriven",
    )


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def compact_json(value: Any) -> str:
    """JSON as AWS writes it into histories: no blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def _when(condition: Callable[[], bool], *, seconds: float = 2.0) -> bool:
    """Wait a moment for another thread; gives whether the condition came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
