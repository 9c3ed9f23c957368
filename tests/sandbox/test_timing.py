"""Pauses are as long as they say, whatever becomes of the clock on the wall meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import pytest
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from tests.sandbox.inside import inside

PAUSE = 0.05


@dataclass
class Execution:
    """As much of a running execution as a Wait state asks for; it notes how long it is asked to wait."""

    asked: list[float] = field(default_factory=list)
    _event: threading.Event = field(default_factory=threading.Event)

    @property
    def program_state_event(self) -> Execution:
        return self

    def is_running(self) -> bool:
        return True

    def wait(self, seconds: float) -> bool:
        self.asked.append(seconds)
        return self._event.wait(min(seconds, 2 * PAUSE))


@pytest.mark.parametrize("shift", [-3600.0, -60.0, 60.0, 3600.0])
def test_a_clock_that_is_set_makes_no_pause_longer(monkeypatch: pytest.MonkeyPatch, shift: float) -> None:
    inside()
    execution, told = Execution(), time.time

    def set_clock() -> float:
        return told() + (shift if execution.asked else 0)

    monkeypatch.setattr(time, "time", set_clock)
    WaitFunction._wait_interval(None, env=execution, wait_seconds=PAUSE)

    assert execution.asked
    assert max(execution.asked) <= PAUSE
