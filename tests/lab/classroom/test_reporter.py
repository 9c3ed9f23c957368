"""What a lab tells its room, and how often: a hundred labs tell one room."""

from __future__ import annotations

from tests.lab.classroom.opened import Room

_COUNTED = """
import time
from xsfn_helpers.aws.room_client import RoomAddress

asked, before = [], RoomAddress.ask

def counted(self, method, path, *rest, **named):
    asked.append(path)
    return before(self, method, path, *rest, **named)

RoomAddress.ask = counted
lab = open_lab()
lab.at_stage(3)
time.sleep(2)
asked.clear()
"""


def test_a_check_is_told_and_not_each_of_its_calls(room: Room) -> None:
    ada = room.person("Ada reporter")
    told = ada.run(f"{_COUNTED}lab.check()\ntime.sleep(2)\nprint(len(asked))")
    seen = room.until("Ada reporter", "steps", value=[True] * 4)

    assert 1 <= int(told) <= 3, "its end, and what stands after it"
    assert seen["checks"]["passed"] == seen["checks"]["count"] > 0


def test_what_goes_on_meanwhile_is_told_together(room: Room) -> None:
    bob = room.person("Bob reporter")
    told = bob.run(f"{_COUNTED}for _ in range(10): lab.run()\ntime.sleep(1)\nprint(len(asked))")

    assert 1 <= int(told) <= 4, "ten runs take a second, and are told once or twice"
    assert room.until("Bob reporter", "run", value="SUCCEEDED")
