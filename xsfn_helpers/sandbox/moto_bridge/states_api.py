"""Step Functions' API where moto's answers differ from AWS's: names, descriptions, stopping, pages of history."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import ExecutionAlreadyExists, ExecutionDoesNotExist
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.responses import StepFunctionResponse

from xsfn_helpers.sandbox.journal import ArchivedExecution, JournalUnwritable, NameTaken
from xsfn_helpers.sandbox.moto_bridge.archive import Archive
from xsfn_helpers.sandbox.moto_bridge.wire_values import moment

_DATES = ("startDate", "stopDate")
_LISTED = ("executionArn", "stateMachineArn", "name", "status", *_DATES)


class StatesApi(StepFunctionResponse):
    """moto's Step Functions API, with executions answered from the archive."""

    archive: Archive

    @classmethod
    def on(cls, archive: Archive) -> type[StatesApi]:
        """The API over one archive; moto makes an object of this class for every request."""
        return type("StatesApiOnArchive", (cls,), {"archive": archive})

    def start_execution(self) -> ActionResult:
        machine_arn = self._get_param("stateMachineArn")
        # AWS makes up a name; moto would call the execution "None", and the second one would collide.
        name = self._get_param("name") or str(uuid.uuid4())
        given = self._get_param("input")
        execution_input = "{}" if given is None else given
        machine = self.stepfunction_backend.describe_state_machine(machine_arn)
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        if earlier := self.archive.journal.execution(arn):
            # While it runs, the same name with the same input is the same execution.
            if earlier.status != "RUNNING" or earlier.description["input"] != execution_input:
                raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
            return ActionResult({"executionArn": arn, "startDate": moment(earlier.description["startDate"])})
        parser_utils.TMP_THREADS[:] = [thread for thread in parser_utils.TMP_THREADS if thread.is_alive()]
        before = list(machine.executions)
        try:
            execution = self.stepfunction_backend.start_execution(machine_arn, name, execution_input)
        except NameTaken:
            machine.executions[:] = before
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'") from None
        except JournalUnwritable:
            machine.executions[:] = before
            raise
        return ActionResult({"executionArn": arn, "startDate": execution.start_date})

    def stop_execution(self) -> ActionResult:
        arn = self._archived().arn
        if live := self.archive.live(arn):
            _when(lambda: live.exec_worker.env is not None)
            live.stop(stop_date=datetime.now(UTC), error=self._get_param("error"), cause=self._get_param("cause"))
            # The worker notices at its next step; AWS's answer means that the execution is over.
            _when(lambda: self.archive.live(arn) is None)
        stopped = self._archived().description.get("stopDate")
        return ActionResult({"stopDate": moment(stopped) if stopped else datetime.now(UTC)})

    def describe_execution(self) -> ActionResult:
        description = _dated(self._archived())
        del description["roleArn"]
        return ActionResult(description)

    def list_executions(self) -> ActionResult:
        arn = self._get_param("stateMachineArn")
        self.stepfunction_backend.describe_state_machine(arn)
        start, limit = self._page()
        found = self.archive.journal.executions(
            arn, status=self._get_param("statusFilter"), skip=start, limit=limit + 1
        )
        items = [{key: value for key, value in _dated(item).items() if key in _LISTED} for item in found[:limit]]
        page: dict[str, Any] = {"executions": items}
        if len(found) > limit:
            page["nextToken"] = str(start + limit)
        return ActionResult(page)

    def get_execution_history(self) -> ActionResult:
        archived = self._archived()
        live = self.archive.live(archived.arn)
        events = self.archive.journal.history(archived.arn)
        if not events and live is not None:
            events = live.to_history_output()["events"]
        if self._get_param("reverseOrder"):
            events = events[::-1]
        start, limit = self._page()
        page: dict[str, Any] = {"events": events[start : start + limit]}
        if start + limit < len(events):
            page["nextToken"] = str(start + limit)
        return ActionResult(page)

    def delete_state_machine(self) -> ActionResult:
        arn = self._get_param("stateMachineArn")
        for execution in self.archive.journal.executions(arn, status="RUNNING"):
            if live := self.archive.live(execution.arn):
                live.stop(stop_date=datetime.now(UTC), error=None, cause=None)
        super().delete_state_machine()
        self.archive.journal.forget_machine(arn)
        return EmptyResult()

    def _archived(self) -> ArchivedExecution:
        arn = self._get_param("executionArn")
        found = self.archive.journal.execution(arn)
        if found is None or arn.split(":")[4] != self.current_account:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return found

    def _page(self) -> tuple[int, int]:
        """(how many to skip, how many to give): AWS gives 100 unless told, 1000 at most."""
        token = self._get_param("nextToken")
        if token is not None and not str(token).isdecimal():
            raise ServiceException("InvalidToken", f"Invalid Token: '{token}'")
        return int(token or 0), min(int(self._get_param("maxResults") or 0) or 100, 1000)


def _dated(archived: ArchivedExecution) -> dict[str, Any]:
    return {key: moment(value) if key in _DATES else value for key, value in archived.description.items()}


def _when(condition: Callable[[], bool], *, seconds: float = 2.0) -> bool:
    """Wait a moment for another thread; gives whether the condition came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True
