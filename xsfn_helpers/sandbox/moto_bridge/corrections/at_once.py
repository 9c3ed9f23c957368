"""What is run while the caller waits, and leaves no execution behind: StartSyncExecution and TestState."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramTimedOut
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker
from moto.stepfunctions.parser.backend.execution_worker_comm import ExecutionWorkerCommunication
from moto.stepfunctions.responses import StepFunctionResponse

from xsfn_helpers.sandbox.moto_bridge.corrections.given_texts import read_as_given, written
from xsfn_helpers.sandbox.moto_bridge.corrections.versions import target_of
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json, present

# An Express execution runs for five minutes at most.
_LONGEST: Final = 300
_INCLUDED: Final = {"included": True}


def run_at_once() -> None:
    """From now on moto answers StartSyncExecution."""
    StepFunctionResponse.start_sync_execution = _start_sync_execution


@dataclass(frozen=True, slots=True)
class MachineRun:
    """Whose run it is: the account and region, the role it acts as, and the names that its context object shows."""

    account_id: str
    region: str
    role_arn: str
    machine_arn: str
    name: str
    # What AWS calls an Express execution; also what TestState puts into the context object (recorded).
    execution_arn: str

    @classmethod
    def of(cls, account_id: str, region: str, machine_arn: str, role_arn: str, name: str | None = None) -> MachineRun:
        name = name or str(uuid.uuid4())
        arn = f"{machine_arn.replace(':stateMachine:', ':express:', 1)}:{name}:{uuid.uuid4()}"
        return cls(account_id, region, role_arn, machine_arn, name, arn)

    def evaluate(self, worker_class: type[SyncExecutionWorker], definition: str, given: Any) -> Any:
        """Run `definition` on the input `given`; moto's environment afterwards."""
        worker = worker_class(
            evaluation_details=EvaluationDetails(
                aws_execution_details=AWSExecutionDetails(
                    account=self.account_id, region=self.region, role_arn=self.role_arn
                ),
                execution_details=ExecutionDetails(
                    arn=self.execution_arn,
                    name=self.name,
                    role_arn=self.role_arn,
                    inpt=given,
                    start_time=datetime.now(UTC),
                ),
                state_machine_details=StateMachineDetails(
                    arn=self.machine_arn,
                    name=self.machine_arn.rsplit(":", 1)[-1],
                    typ="EXPRESS",
                    definition=definition,
                ),
            ),
            exec_comm=_NobodyToTell(),
            cloud_watch_logging_session=None,
            activity_store={},
        )
        worker.start()
        return worker.env


class _NobodyToTell(ExecutionWorkerCommunication):
    def terminated(self) -> None:
        """Whoever started it has waited for it."""


def _start_sync_execution(response: StepFunctionResponse) -> ActionResult:
    machine = target_of(response.stepfunction_backend, response._get_param("stateMachineArn")).snapshot()
    name = response._get_param("name")
    run = MachineRun.of(response.current_account, response.region, machine.arn, machine.roleArn, name)
    text = response._get_param("input") or "{}"
    started = datetime.now(UTC)
    env = run.evaluate(SyncExecutionWorker, limited(machine.definition), read_as_given(text))
    stopped = datetime.now(UTC)
    end = env.program_state()
    error: Mapping[str, str] = end.error or {} if isinstance(end, ProgramError) else {}
    answer = present(
        executionArn=run.execution_arn,
        stateMachineArn=machine.arn,
        name=run.name,
        startDate=started,
        stopDate=stopped,
        status=_status(end),
        error=error.get("error"),
        cause=error.get("cause"),
        input=text,
        inputDetails=_INCLUDED,
        output=written(env.states.get_input()) if isinstance(end, ProgramEnded) else None,
        outputDetails=_INCLUDED,
        # Billed in steps of 100 ms and 64 MB (recorded: localstack, test_express_sync).
        billingDetails={
            "billedDurationInMilliseconds": 100 * max(1, math.ceil((stopped - started).total_seconds() * 10)),
            "billedMemoryUsedInMB": 64,
        },
    )
    return ActionResult(answer)


def limited(definition: str) -> str:
    """The definition with the time that an Express execution has."""
    machine: dict[str, Any] = json.loads(definition)
    return compact_json({**machine, "TimeoutSeconds": min(machine.get("TimeoutSeconds", _LONGEST), _LONGEST)})


def _status(end: Any) -> str:
    if isinstance(end, ProgramEnded):
        return "SUCCEEDED"
    return "TIMED_OUT" if isinstance(end, ProgramTimedOut) else "FAILED"
