"""Executions: started by moto, answered from the archive, in AWS's JSON."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.parser.backend.execution import Execution

from xsfn_helpers.asl.variables import variable_references
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.sandbox.gateway.calls import Call
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.journal import AS_RUN, ArchivedExecution, JournalUnwritable, NameTaken
from xsfn_helpers.sandbox.moto_bridge.archive import MOST_RUNNING, Archive, MachineGone, NoRoom, map_runs_of
from xsfn_helpers.sandbox.moto_bridge.corrections.versions import StartTarget, target_of
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import epoch_seconds, milliseconds
from xsfn_helpers.sandbox.moto_bridge.express import ExpressExecutions
from xsfn_helpers.sandbox.moto_bridge.page_tokens import page_start, page_token

Answer = dict[str, Any]

_DATES: Final = ("startDate", "stopDate")
_QUALIFIED: Final = ("stateMachineVersionArn", "stateMachineAliasArn")
_LISTED: Final = ("executionArn", "stateMachineArn", *_QUALIFIED, "name", "status", "redriveCount", *_DATES)
# What METADATA_ONLY leaves out.
_DATA: Final = ("input", "output", "error", "cause")
# What the archive holds beside DescribeExecution's answer.
_UNTOLD: Final = ("roleArn", "machineAsRun", "mapRuns")
# AWS gives 100 items a page unless told; more than 1000 the service's model refuses before.
_PAGE: Final = 100
_UPDATED: Final = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
# For SQLite: without a limit.
_ALL: Final = -1
# AWS has room for a million; the words are those of StartExecution's errors in
# docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html.
_TOO_MANY: Final = (
    "The maximum number of running executions has been reached. Running executions must end or be stopped before a new "
    f"execution can be started. (The xsfn sandbox runs {MOST_RUNNING} of an account at a time.)"
)
# How long StopExecution waits for the worker to notice.
_STOP_SECONDS: Final = 2.0


class Executions:
    """The calls about executions. moto's own response layer isn't asked: the archive knows more, and sooner."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._express = ExpressExecutions()
        self._answers: dict[str, Callable[[Mapping[str, Any], Any], Answer]] = {
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "DescribeExecution": self._describe,
            "ListExecutions": self._list,
            "GetExecutionHistory": self._history,
            "DescribeStateMachineForExecution": self._machine_as_run,
            "ListMapRuns": self._list_map_runs,
            "DescribeMapRun": self._describe_map_run,
            "UpdateMapRun": self._update_map_run,
        }

    def answers(self, operation: str) -> bool:
        return operation in self._answers

    def answer(self, call: Call, states: Any) -> Answer:
        """The result of a call to one account's Step Functions in one region.

        Raises `Refusal` as Step Functions would, `JournalUnwritable` where nothing was kept.
        """
        try:
            return self._answers[call.operation](call.params, states)
        except AWSError as error:
            raise Refusal(error.error_type or type(error).__name__, error.message) from None

    def stop_all(self, machine_arn: str) -> None:
        """Stop what still runs of a machine that is gone; the journal has forgotten it already."""
        self._stop_each(self._archive.live_of(machine_arn))

    def stop_in(self, account_ids: Collection[str]) -> None:
        """Stop what still runs in accounts that were emptied."""
        self._stop_each(self._archive.live_in(account_ids))

    def _stop_each(self, running: Sequence[Any]) -> None:
        for live in running:
            _stop_live(live, error=None, cause=None)
        end = time.monotonic() + _STOP_SECONDS
        for live in running:
            self._archive.wait_for_end(live.execution_arn, max(0.0, end - time.monotonic()))

    def _start(self, params: Mapping[str, Any], states: Any) -> Answer:
        # AWS makes up a name; moto would call the execution "None", and the second one would collide.
        name = params.get("name") or str(uuid.uuid4())
        given = params.get("input")
        execution_input = "{}" if given is None else given
        target = target_of(states, params["stateMachineArn"])
        machine = target.machine
        if machine.type == "EXPRESS":
            return self._express.start(
                target.snapshot(), name, execution_input, account_id=states.account_id, region=states.region_name
            )
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        if earlier := self._archive.journal.execution(arn):
            # While it runs, the same name with the same input is the same execution.
            if earlier.status != "RUNNING" or earlier.description["input"] != execution_input:
                raise Refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            return {"executionArn": arn, "startDate": epoch_seconds(earlier.description["startDate"])}
        parser_utils.TMP_THREADS[:] = [thread for thread in parser_utils.TMP_THREADS if thread.is_alive()]
        before = list(machine.executions)
        execution = _new_execution(target, name, arn, execution_input, states)
        machine.executions.append(execution)
        try:
            execution.start()
        except NameTaken:
            machine.executions[:] = before
            raise Refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'") from None
        except MachineGone:
            raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine.arn}'") from None
        except NoRoom:
            machine.executions[:] = before
            raise Refusal("ExecutionLimitExceeded", _TOO_MANY) from None
        except JournalUnwritable:
            machine.executions[:] = before
            raise
        return {"executionArn": arn, "startDate": epoch_seconds(milliseconds(execution.start_date))}

    def _stop(self, params: Mapping[str, Any], states: Any) -> Answer:
        arn = self._archived(params, states).arn
        if live := self._archive.live(arn):
            _stop_live(live, error=params.get("error"), cause=params.get("cause"))
            # The worker notices at its next step; AWS's answer means that the execution is over.
            self._archive.wait_for_end(arn, _STOP_SECONDS)
        stopped = self._archived(params, states).description.get("stopDate")
        return {"stopDate": epoch_seconds(stopped or milliseconds(datetime.now(UTC)))}

    def _describe(self, params: Mapping[str, Any], states: Any) -> Answer:
        description = _dated(self._archived(params, states))
        hidden = _DATA if params.get("includedData") == "METADATA_ONLY" else ()
        return {key: value for key, value in description.items() if key not in _UNTOLD and key not in hidden}

    def _machine_as_run(self, params: Mapping[str, Any], states: Any) -> Answer:
        archived = self._archived(params, states)
        machine = self._archive.journal.get(AS_RUN, archived.description["machineAsRun"])
        references = variable_references(json.loads(machine["definition"]))
        if params.get("includedData") == "METADATA_ONLY":
            machine = {**machine, "definition": "{}"}
        return {
            **machine,
            **({"variableReferences": references} if references else {}),
            "stateMachineArn": archived.machine_arn,
            "roleArn": archived.description["roleArn"],
            "updateDate": epoch_seconds(machine["updateDate"]),
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
            "tracingConfiguration": {"enabled": False},
        }

    def _list(self, params: Mapping[str, Any], states: Any) -> Answer:
        arn, status = params["stateMachineArn"], params.get("statusFilter")
        target = target_of(states, arn)
        after, limit = _listed_until(params), params.get("maxResults") or _PAGE
        if arn == target.machine.arn:
            found = self._archive.journal.executions(arn, status=status, after=after, limit=limit + 1)
        else:
            every = self._archive.journal.executions(target.machine.arn, status=status, after=after, limit=_ALL)
            qualified = "stateMachineAliasArn" if target.alias_arn else "stateMachineVersionArn"
            found = [one for one in every if one.description.get(qualified) == arn][: limit + 1]
        items = [{key: value for key, value in _dated(item).items() if key in _LISTED} for item in found[:limit]]
        page: Answer = {"executions": items}
        if len(found) > limit:
            page["nextToken"] = _token(found[limit - 1])
        return page

    def _history(self, params: Mapping[str, Any], states: Any) -> Answer:
        archived = self._archived(params, states)
        live = self._archive.live(archived.arn)
        start, limit = _page(params)
        reverse = bool(params.get("reverseOrder"))
        events, count = self._archive.journal.history_page(archived.arn, start, limit, reverse=reverse)
        if not count and live is not None:
            events, count = self._archive.page_so_far(live, start, limit, reverse=reverse)
        page: Answer = {"events": events}
        if start + limit < count:
            page["nextToken"] = page_token(start + limit)
        return page

    def _list_map_runs(self, params: Mapping[str, Any], states: Any) -> Answer:
        runs = self._map_runs(self._archived(params, states))
        start, limit = _page(params)
        names = ("executionArn", "mapRunArn", "stateMachineArn", "startDate", "stopDate")
        shown = [{name: run[name] for name in names if name in run} for run in map(_dated_run, runs)]
        page: Answer = {"mapRuns": shown[start : start + limit]}
        if start + limit < len(shown):
            page["nextToken"] = page_token(start + limit)
        return page

    def _describe_map_run(self, params: Mapping[str, Any], states: Any) -> Answer:
        _, run = self._map_run(params, states)
        return {name: value for name, value in _dated_run(run).items() if name != "stateMachineArn"}

    def _update_map_run(self, params: Mapping[str, Any], states: Any) -> Answer:
        execution_arn, run = self._map_run(params, states)
        live = self._archive.live(execution_arn)
        if live is not None:
            record = live.exec_worker.env.map_run_record_pool_manager.get(run["mapRunArn"])
            record.update(*(params.get(name) for name in _UPDATED))
        return {}

    def _map_runs(self, archived: ArchivedExecution) -> list[Answer]:
        live = self._archive.live(archived.arn)
        return map_runs_of(live) if live is not None else archived.description.get("mapRuns", [])

    def _map_run(self, params: Mapping[str, Any], states: Any) -> tuple[str, Answer]:
        arn = params["mapRunArn"]
        *place, _, name, _ = arn.split(":")[:8] if arn.count(":") >= 7 else ("", "", "")
        machine_arn = ":".join((*place, "stateMachine", name.partition("/")[0]))
        if machine_arn.startswith(f"arn:{states.partition}:states:{states.region_name}:{states.account_id}:"):
            for archived in self._archive.journal.executions(machine_arn, limit=_ALL):
                for run in self._map_runs(archived):
                    if run["mapRunArn"] == arn:
                        return archived.arn, run
        raise Refusal("ResourceNotFound", f"Resource not found: '{arn}'")

    def _archived(self, params: Mapping[str, Any], states: Any) -> ArchivedExecution:
        arn = params["executionArn"]
        found = self._archive.journal.execution(arn)
        if found is None or account_of(arn) != states.account_id:
            raise Refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found


def _new_execution(target: StartTarget, name: str, arn: str, text: str, states: Any) -> Execution:
    machine = target.snapshot()
    execution = Execution(
        name=name,
        sm_type=machine.sm_type,
        role_arn=machine.roleArn,
        exec_arn=arn,
        account_id=states.account_id,
        region_name=states.region_name,
        state_machine=machine,
        start_date=datetime.now(UTC),
        cloud_watch_logging_session=None,
        activity_store={},
        input_data=text,
    )
    execution.version_arn, execution.alias_arn = target.version_arn, target.alias_arn
    return execution


def _stop_live(live: Any, *, error: str | None, cause: str | None) -> None:
    _when(lambda: live.exec_worker is not None and live.exec_worker.env is not None)
    live.stop(stop_date=datetime.now(UTC), error=error, cause=cause)


def _dated(archived: ArchivedExecution) -> Answer:
    return {key: epoch_seconds(value) if key in _DATES else value for key, value in archived.description.items()}


def _token(last: ArchivedExecution) -> str:
    """Where a page of executions ended: at this one, whatever begins meanwhile."""
    return base64.urlsafe_b64encode(json.dumps([last.description["startDate"], last.arn]).encode()).decode("ascii")


def _listed_until(params: Mapping[str, Any]) -> tuple[int, str] | None:
    """What the token says of the page before. Raises `Refusal` for one that we haven't given."""
    token = params.get("nextToken")
    if token is None:
        return None
    try:
        started, arn = json.loads(base64.urlsafe_b64decode(str(token).encode("ascii")))
        if type(started) is not int or not 0 <= started < 1 << 63 or type(arn) is not str:
            raise ValueError(token)
    except (ValueError, TypeError, RecursionError):
        raise Refusal("InvalidToken", f"Invalid Token: '{token}'") from None
    return started, arn


def _dated_run(run: Answer) -> Answer:
    return {key: epoch_seconds(value) if key in _DATES else value for key, value in run.items()}


def _page(params: Mapping[str, Any]) -> tuple[int, int]:
    """(how many to skip, how many to give)"""
    token = params.get("nextToken")
    try:
        return page_start(token), params.get("maxResults") or _PAGE
    except ValueError:
        raise Refusal("InvalidToken", f"Invalid Token: '{token}'") from None


def _when(condition: Callable[[], bool], *, seconds: float = 2.0) -> None:
    """Wait a moment until another thread has brought this about."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
