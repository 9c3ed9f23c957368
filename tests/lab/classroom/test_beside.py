"""What else a participant, and the instructor at a terminal, are told where there is a room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.lab.classroom.opened import ROOT, Room
from tests.support import forks
from xsfn_helpers.aws import room_client as keys
from xsfn_helpers.deployment.practice.score import FaultAttempt, Record


def xsfn(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return forks.run(
        [sys.executable, "-m", "xsfn_helpers", *arguments],
        env={**os.environ, "XSFN_STATE_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_sandbox_commands_say_that_labs_open_in_the_room(room: Room) -> None:
    ada = room.person("Ada beside")
    done = xsfn(ada.state, "sandbox", "status")

    assert f"You are in the room at {room.url}, where your labs open" in done.stderr
    assert done.stdout.startswith("No sandbox is running.")


def test_a_rooms_sandbox_is_neither_stopped_nor_emptied_under_its_people(room: Room) -> None:
    for action in ("stop", "reset"):
        done = xsfn(room.folder / "room", "sandbox", action)

        assert done.returncode == 2
        assert "A room is open on this sandbox, and everybody in it works there." in done.stderr


def test_the_status_tells_the_place_and_a_fault_that_waits(room: Room) -> None:
    bob = room.person("Bob beside")
    before = bob.run("lab = open_lab(); lab.set_stage(3); print(lab.status())")
    place = room.until("Bob beside", "steps", value=[True] * 4)["id"]
    room.ask("POST", "/instructor/api/push", {"fault": "star", "participants": [place]}, token=room.token)
    room.until("Bob beside", "fault", value=room.title("star"))
    after = bob.run("print(open_lab().status())")

    assert f"In a room: Bob beside, place {bob.seat['number']} in the room at {room.url}" in before
    assert "A fault is in place" not in before
    assert "A fault is in place, and waits to be found: fault = lab.practice().current" in after

    _, told = room.ask(
        "POST", "/instructor/api/push", {"fault": "two-names", "participants": [place]}, token=room.token
    )
    assert told["told"] == "The fault is being put into the accounts of 1 participant.", (
        "who has a fault has built it all"
    )
    room.until("Bob beside", "fault", value=room.title("two-names"))


def test_a_choice_that_the_place_doesnt_have_is_told(room: Room) -> None:
    eve = room.person("Eve beside")
    said = eve.run("try: open_lab(region='eu-west-1')\nexcept XsfnError as error: print(error)")

    assert said == (
        f"{room.url}: Your place in the room has region ap-northeast-1, not eu-west-1. "
        "Leave the choice out, or leave the room: xsfn room leave\n"
    )


def test_a_record_that_no_lab_writes_leaves_the_page_as_it_is(room: Room) -> None:
    token = keys.new_token()
    room.ask("POST", "/room/join", {"code": room.code, "name": "Mallory"}, token=token)
    record = Record(attempt=FaultAttempt("star", 1.0)).to_json()
    record["attempt"]["fault"] = {"not": "a fault"}

    assert room.ask("PUT", "/room/me/record", record, token=token)[0] == 400
    assert room.seen()["Mallory"]["fault"] == ""
