"""Express executions that nobody waits for: they run, and nothing is told of them afterwards.

docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
"""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime
from typing import Any, Final

from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.moto_bridge.corrections.at_once import MachineRun, limited
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import epoch_seconds, milliseconds

_log = logging.getLogger(__name__)
# The sandbox's own: each takes a thread. For each account, for one of many, and in all.
MOST_EXPRESS: Final = 200
_FEW: Final = 10
_IN_ALL: Final = 400


class ExpressExecutions:
    """Runs Express machines in threads of their own."""

    def __init__(self) -> None:
        self._room = Share(each=MOST_EXPRESS, few=_FEW, in_all=_IN_ALL)

    def start(self, machine: Any, name: str, text: str, *, account_id: str, region: str) -> dict[str, Any]:
        """StartExecution's answer; the execution goes on. The same name twice makes two: it isn't idempotent.

        Raises `Refusal` where too many are under way, as StartExecution does.
        """
        run = MachineRun.of(account_id, region, machine.arn, machine.roleArn, name)
        definition = limited(machine.definition)
        given = json.loads(text)
        if not self._room.take(account_id):
            raise Refusal("ThrottlingException", "Rate exceeded")

        def work() -> None:
            try:
                run.evaluate(SyncExecutionWorker, definition, given)
            except Exception:
                # Nobody waits for it who could be told.
                _log.exception("the Express execution %s ended in an error of the sandbox", run.execution_arn)
            finally:
                self._room.give_back(account_id)

        began = milliseconds(datetime.now(UTC))
        try:
            threading.Thread(target=work, name="express", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left for it
            self._room.give_back(account_id)
            raise Refusal("ThrottlingException", "Rate exceeded") from error
        return {"executionArn": run.execution_arn, "startDate": epoch_seconds(began)}
