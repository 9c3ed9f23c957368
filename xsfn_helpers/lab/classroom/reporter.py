"""Tells the room how far a lab is, in the background: a cell never waits for it, and never fails because of it."""

from __future__ import annotations

import atexit
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.aws.events import Called, may_change
from xsfn_helpers.aws.room_client import RoomAddress
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.checks.validation import Checked
from xsfn_helpers.deployment.runs import Looked
from xsfn_helpers.lab.classroom.people import SCENARIO_NAMES

if TYPE_CHECKING:
    from xsfn_helpers.aws.seat import Seat
    from xsfn_helpers.lab.lab import Lab

# A stage makes several calls; one look after the last of them is enough.
SETTLE_SECONDS: Final = 0.7
# A look that failed is taken again: the sandbox may be starting anew, or have too much to do.
_AGAIN_SECONDS: Final = 3.0
# A lab that is open says so, also while its reader reads.
_BEAT_SECONDS: Final = 30.0
_LAST_WORD_SECONDS: Final = 2.0
# Under way; or stopped, as each check of link 5 stops one.
_NO_END: Final = ("RUNNING", "ABORTED")


class Reporter:
    """One for each room and process. What hasn't been told yet is kept, the latest of each kind."""

    def __init__(self, room: RoomAddress) -> None:
        self._room = room
        self._news: dict[str, Any] = {}
        self._look: Callable[[], list[bool]] | None = None
        self._look_due = 0.0
        self._told_at = 0.0
        self._lost = False
        self._awake = threading.Condition()
        self._thread: threading.Thread | None = None

    def follow(self, lab: Lab) -> None:
        """Tell of this lab from now on."""
        scenario = lab.scenario
        names = {name: getattr(scenario, name) for name in SCENARIO_NAMES} | {"lab_id": lab.environment.lab_id}

        def look() -> list[bool]:
            return [step.is_applied for step in lab.steps.at_one_look()]

        def hear(event: object) -> None:
            # A check makes and removes things of its own, which say nothing of how far the lab is.
            if not isinstance(event, Called) or may_change(scenario, event):
                self._hear(event, look)

        lab.environment.accounts.events.subscribe(hear)
        with self._awake:
            self._news["names"] = names
            self._look, self._look_due = look, time.monotonic() + SETTLE_SECONDS
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="xsfn-room-reporter", daemon=True)
                self._thread.start()
                atexit.register(self._last_word)
            self._awake.notify()

    def _hear(self, event: object, look: Callable[[], list[bool]]) -> None:
        with self._awake:
            if isinstance(event, Called):
                self._look, self._look_due = look, time.monotonic() + SETTLE_SECONDS
            elif isinstance(event, Checked):
                report = event.report
                failed = [check.title for check in report.failed]
                self._news["checks"] = {"passed": len(report) - len(failed), "count": len(report), "failed": failed}
            elif isinstance(event, Looked) and event.run.status not in _NO_END:
                self._news["run"] = event.run.status
            self._awake.notify()

    def _go_on(self) -> None:
        while True:
            with self._awake:
                while (rest := self._rest()) > 0:
                    self._awake.wait(rest)
            try:
                self._tell(patience=_BEAT_SECONDS)
            except Exception as error:  # whatever it is: what couldn't be told is told again
                self._complain(error)
            self._told_at = time.monotonic()

    def _rest(self) -> float:
        """Seconds until there is something to tell; what comes meanwhile is told with it."""
        earliest, due = self._told_at + SETTLE_SECONDS, self._told_at + _BEAT_SECONDS
        if self._news:
            due = earliest
        if self._look is not None:
            due = min(due, self._look_due)
        return max(due, earliest) - time.monotonic()

    def _tell(self, *, patience: float) -> None:
        """Look, where something has changed, and tell what is new; a lab with no news says that it is there."""
        with self._awake:
            settled = time.monotonic() >= self._look_due
            look, self._look = (self._look, None) if settled else (None, self._look)
        steps = self._steps(look) if look else None
        with self._awake:
            if steps is not None:
                self._news["steps"] = steps
            news, self._news = self._news, {}
        try:
            self._room.ask("POST", "/room/me/progress", news, patience=patience)
            self._lost = False
        except BaseException as error:
            with self._awake:
                self._news = {**news, **self._news}
            if not isinstance(error, XsfnError):
                raise
            self._complain(error)

    def _steps(self, look: Callable[[], list[bool]]) -> list[bool] | None:
        """What stands; None where that can't be seen for now, and then it is looked at again."""
        try:
            return look()
        except XsfnError:  # the reader's own cell meets it, too, and is told
            with self._awake:
                if self._look is None:  # else something has changed meanwhile, and a look is due anyway
                    self._look, self._look_due = look, time.monotonic() + _AGAIN_SECONDS
            return None

    def _complain(self, error: Exception) -> None:
        """Once, until it works again: the lab goes on, the instructor's page doesn't."""
        if not self._lost:
            self._lost = True
            sys.stderr.write(tr("The instructor doesn't see your progress for now: {error}\n", error=error))

    def _last_word(self) -> None:
        """What a program that ends has just done is told, too."""
        self._look_due = 0.0
        if self._look is not None or self._news:
            self._tell(patience=_LAST_WORD_SECONDS)


@cache
def _reporter(room: RoomAddress) -> Reporter:
    return Reporter(room)


def follow(seat: Seat, lab: Lab) -> None:
    """Let the room know how far this lab is, from now on."""
    _reporter(seat.room).follow(lab)
