"""What a lab tells its room, and how often: a hundred labs tell one room."""

from __future__ import annotations

import queue
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab.classroom.opened import Person, Room
from xsfn_helpers.aws.events import Events
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.lab.classroom import reporter
from xsfn_helpers.lab.classroom.people import SCENARIO_NAMES

_COUNTED = """
import time
from xsfn_helpers.aws.room_client import RoomAddress

asked, before = [], RoomAddress.ask

def counted(self, method, path, *rest, **named):
    asked.append(path)
    return before(self, method, path, *rest, **named)

RoomAddress.ask = counted
lab = open_lab()
lab.set_stage(3)
time.sleep(2)
asked.clear()
"""


def counted(person: Person, code: str) -> tuple[int, float]:
    """How often the room is asked while the code runs and a little after, and the seconds: a slow machine has more.

    Each settling time has one message at most, whatever goes on in it.
    """
    told = person.run(f"""{_COUNTED}
began = time.monotonic()
{code}
time.sleep(2)
print(len(asked), time.monotonic() - began)
""")
    messages, seconds = told.split()
    return int(messages), float(seconds)


def test_a_check_is_told_and_not_each_of_its_calls(room: Room) -> None:
    ada = room.person("Ada reporter")
    messages, seconds = counted(ada, "lab.check()")
    seen = room.until("Ada reporter", "steps", value=[True] * 4)

    assert messages <= 1 + seconds / reporter.SETTLE_SECONDS, "its end, and what stands after it"
    assert seen["checks"]["passed"] == seen["checks"]["count"] > 0


def test_what_goes_on_meanwhile_is_told_together(room: Room) -> None:
    bob = room.person("Bob reporter")
    messages, seconds = counted(bob, "for _ in range(10): lab.run()")

    assert room.until("Bob reporter", "run", value="SUCCEEDED")
    assert messages <= 1 + seconds / reporter.SETTLE_SECONDS, "ten runs, and each of their calls, are more"


class _Stand:
    """A room that takes down what it is told, and a lab whose look fails as often as it is told to."""

    def __init__(self, failures: int) -> None:
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self.looks = 0
        self._failures = failures

    def ask(self, _method: str, _path: str, news: dict[str, Any], **_options: Any) -> dict[str, Any]:
        self.told.put(news)
        return {}

    def at_one_look(self) -> list[Any]:
        self.looks += 1
        if self.looks <= self._failures:
            raise SandboxError("Nobody answers.")
        return [SimpleNamespace(is_applied=True)]

    @property
    def lab(self) -> Any:
        environment = SimpleNamespace(lab_id="test", accounts=SimpleNamespace(events=Events()))
        names = SimpleNamespace(**dict.fromkeys(SCENARIO_NAMES, "name"))
        return SimpleNamespace(scenario=names, environment=environment, steps=self)

    def until_steps(self) -> list[bool]:
        while True:
            news = self.told.get(timeout=60)
            if "steps" in news:
                return list(news["steps"])


def test_a_look_that_fails_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the instructor never sees the steps of somebody whose lab was busy, or away, for a moment."""
    monkeypatch.setattr(reporter, "_AGAIN_SECONDS", 0.1)
    stand = _Stand(failures=2)

    # The room's address is asked, and nothing else of it.
    reporter.Reporter(stand).follow(stand.lab)  # type: ignore[arg-type]

    assert stand.until_steps() == [True]
    assert stand.looks == 3
