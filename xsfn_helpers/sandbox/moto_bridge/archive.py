"""Executions on disk: noted before they start, and moved there with their history when they end."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.journal import AS_RUN, ArchivedExecution, Journal, JournalUnwritable, page_of
from xsfn_helpers.sandbox.moto_bridge.corrections.given_texts import written
from xsfn_helpers.sandbox.moto_bridge.corrections.map_runs import told
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import (
    epoch_seconds,
    milliseconds,
    moment,
    present,
)

_log = logging.getLogger(__name__)
# The sandbox's own: each takes a thread. For each account, for one of many, and in all.
MOST_RUNNING: Final = 1000
_FEW_RUNNING: Final = 20
_RUNNING_IN_ALL: Final = 2000
_RETRY_SECONDS: Final = 0.5
LOST_WITH_THE_SANDBOX: Final = "The sandbox ended while this execution was running."


class NoRoom(Exception):
    """The execution couldn't be started, and so never was."""


class MachineGone(Exception):
    """The machine went while its execution was about to start."""


class Archive:
    """Every execution there is: the running ones as moto's objects, all of them in the journal.

    The journal decides whether an execution is over, so an end that somebody saw is on disk, and memory holds running
    executions only.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._live: dict[str, Any] = {}
        self._room = Share(each=MOST_RUNNING, few=_FEW_RUNNING, in_all=_RUNNING_IN_ALL)
        self._ends: dict[str, threading.Event] = {}
        self._kept_machines = {key for key, _ in journal.entries(AS_RUN)}

    def live(self, arn: str) -> Any:
        """The running execution's object, or None."""
        return self._live.get(arn)

    def live_of(self, machine_arn: str) -> list[Any]:
        """The running executions of a machine."""
        return [execution for execution in list(self._live.values()) if execution.state_machine_arn == machine_arn]

    def live_in(self, account_ids: Collection[str]) -> list[Any]:
        """The running executions of these accounts."""
        return [execution for execution in list(self._live.values()) if execution.account_id in account_ids]

    def wait_for_end(self, arn: str, seconds: float) -> bool:
        """Wait until the execution is over, at most so long; gives whether it is."""
        end = self._ends.get(arn)
        return end is None or end.wait(seconds)

    def install(self) -> None:
        """From now on, moto's executions are noted before they start, and move here when they end."""
        start = Execution.start
        reflect = BaseExecutionWorkerCommunication._reflect_execution_status

        def start_noted(execution: Any) -> None:
            execution.start_date = moment(milliseconds(execution.start_date))
            execution.exec_status = ExecutionStatus.RUNNING
            if not self._room.take(execution.account_id):
                raise NoRoom(f"{execution.account_id} runs as many as it may")
            try:
                self._keep_machine(execution)
                self.journal.begin_execution(_archived(execution), milliseconds(execution.start_date))
            except BaseException:
                self._room.give_back(execution.account_id)
                raise
            self._live[execution.execution_arn] = execution
            self._ends[execution.execution_arn] = threading.Event()
            try:
                # Who takes the machine away stops what lives of it afterwards: this lives already, or sees it gone.
                _check_machine(execution)
                start(execution)
            except MachineGone:
                self._forget(execution)
                raise
            except RuntimeError as error:  # the system has no thread left for it
                self._forget(execution)
                raise NoRoom(str(error)) from error

        def terminated(communication: Any) -> None:
            reflect(communication)
            self._move(communication.execution)

        Execution.start = start_noted
        BaseExecutionWorkerCommunication.terminated = terminated

    def _keep_machine(self, execution: Any) -> None:
        """Keep the machine as this execution has it: a later update doesn't reach what has begun."""
        key, machine = _machine_as_run(execution)
        if key not in self._kept_machines:
            self.journal.put(AS_RUN, key, machine)
            self._kept_machines.add(key)

    def _forget(self, execution: Any) -> None:
        self._leave(execution)
        self.journal.drop_execution(execution.execution_arn)

    def _leave(self, execution: Any) -> None:
        del self._live[execution.execution_arn]
        self._room.give_back(execution.account_id)
        self._ends.pop(execution.execution_arn).set()

    @staticmethod
    def events_so_far(execution: Any) -> list[dict[str, Any]]:
        """The execution's history as AWS's JSON has it: times in epoch seconds, absent fields left out."""
        return _events(execution.to_history_output()["events"])

    @staticmethod
    def page_so_far(execution: Any, start: int, limit: int, *, reverse: bool) -> tuple[list[dict[str, Any]], int]:
        """Some of the events, of which there are so many, newest first if `reverse`."""
        events = execution.to_history_output()["events"]
        first, last = page_of(len(events), start, limit, reverse=reverse)
        found = _events(events[first:last])
        return found[::-1] if reverse else found, len(events)

    def _move(self, execution: Any) -> None:
        history = self.events_so_far(execution)
        while True:
            try:
                self.journal.end_execution(_archived(execution), history)
            except JournalUnwritable as error:
                # It goes on running, for everybody who asks, until its end can be kept.
                _log.warning("the end of %s can't be written yet: %s", execution.execution_arn, error)
                time.sleep(_RETRY_SECONDS)
            else:
                break
        self._leave(execution)
        backend = stepfunctions_parser_backends[execution.account_id][execution.region_name]
        for machine in list(backend.state_machines):
            if execution in machine.executions:
                machine.executions.remove(execution)


def _check_machine(execution: Any) -> None:
    """Raise `MachineGone` where the execution's machine is no more."""
    backend = stepfunctions_parser_backends[execution.account_id][execution.region_name]
    if all(machine.arn != execution.state_machine_arn for machine in backend.state_machines):
        raise MachineGone(execution.state_machine_arn)


def end_what_was_running(journal: Journal) -> None:
    """After a restart: executions that were under way are over, and say so."""
    now = milliseconds(datetime.now(UTC))
    journal.end_executions(_lost(execution, now) for execution in journal.running())


def _lost(execution: ArchivedExecution, now: int) -> tuple[ArchivedExecution, list[dict[str, Any]]]:
    """The execution as it ended with the sandbox; what it had done meanwhile was in memory only."""
    description = {
        **execution.description,
        "status": "ABORTED",
        "stopDate": now,
        "cause": LOST_WITH_THE_SANDBOX,
        "redriveStatus": "REDRIVABLE",
    }
    description.pop("redriveStatusReason", None)
    history = [
        {
            "id": 1,
            "previousEventId": 0,
            "type": "ExecutionStarted",
            "timestamp": epoch_seconds(description["startDate"]),
            "executionStartedEventDetails": {
                "input": description["input"],
                "inputDetails": {"truncated": False},
                "roleArn": description["roleArn"],
            },
        },
        {
            "id": 2,
            "previousEventId": 0,
            "type": "ExecutionAborted",
            "timestamp": epoch_seconds(now),
            "executionAbortedEventDetails": {"cause": LOST_WITH_THE_SANDBOX},
        },
    ]
    return ArchivedExecution(execution.arn, execution.machine_arn, "ABORTED", description), history


def _events(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**_without_none(event), "timestamp": _timestamp(event["timestamp"])} for event in events]


def _timestamp(text: str) -> float:
    return epoch_seconds(milliseconds(datetime.fromisoformat(text)))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def _archived(execution: Any) -> ArchivedExecution:
    description = _description(execution)
    return ArchivedExecution(execution.execution_arn, execution.state_machine_arn, description["status"], description)


def _description(execution: Any) -> dict[str, Any]:
    """DescribeExecution's answer with every field AWS gives, and what other calls tell."""
    status = execution.exec_status
    included = {"included": True}
    over = status is not ExecutionStatus.RUNNING
    succeeded = status is ExecutionStatus.SUCCEEDED
    redrivable = over and not succeeded
    # moto keeps the reason given to StopExecution in the worker's last state only.
    reason = execution.exec_worker.env.program_state() if status is ExecutionStatus.ABORTED else execution
    return present(
        executionArn=execution.execution_arn,
        stateMachineArn=execution.state_machine_arn,
        stateMachineVersionArn=getattr(execution, "version_arn", None),
        stateMachineAliasArn=getattr(execution, "alias_arn", None),
        name=execution.name,
        status=status.value,
        startDate=milliseconds(execution.start_date),
        stopDate=milliseconds(execution.stop_date) if over else None,
        input=execution.execution_input,
        inputDetails=included,
        output=written(execution.output) if succeeded else None,
        outputDetails=included if succeeded else None,
        error=reason.error,
        cause=reason.cause,
        redriveCount=0,
        redriveStatus="REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        redriveStatusReason=None if redrivable else f"Execution is {status.value} and cannot be redriven",
        roleArn=execution.role_arn,
        mapRuns=map_runs_of(execution) or None,
        machineAsRun=_machine_as_run(execution)[0],
    )


def map_runs_of(execution: Any) -> list[dict[str, Any]]:
    """What there is to tell of the Map Runs that an execution has had so far."""
    env = execution.exec_worker.env if execution.exec_worker is not None else None
    return [told(record) for record in env.map_run_record_pool_manager.get_all()] if env is not None else []


def _machine_as_run(execution: Any) -> tuple[str, dict[str, Any]]:
    """The journal's key, and what DescribeStateMachineForExecution tells of the machine besides the role."""
    machine = execution.state_machine
    told = {
        "name": machine.name,
        "definition": machine.definition,
        "updateDate": milliseconds(machine.update_date),
    }
    if revision := getattr(machine, "revision_id", None):
        told["revisionId"] = revision
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return f"{machine.arn} {digest}", told
