"""The room is killed in the middle, service and sandbox, and started again: everybody goes on, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time

import psutil

from tests.lab.classroom.opened import Room


def test_everything_is_there_after_a_kill(own_room: Room) -> None:
    ada = own_room.person("Ada")
    ada.run("lab = open_lab(); lab.set_stage(3); print(lab.check().ok); lab.practice().fault('star').inject()")
    before = own_room.until("Ada", "fault", value="13 · Every machine, says the star")
    code, token, seat = own_room.code, own_room.token, ada.seat

    own_room.kill()
    own_room.start()

    assert (own_room.code, own_room.token) == (code, token)
    assert own_room.seen()["Ada"] | {"away_minutes": 0} == before | {"away_minutes": 0}
    said = ada.run(
        "practice = open_lab().practice(); fault = practice.current; fault.apply_solution(); print(fault.check().ok)\n"
        "print(open_lab().run().status)"
    )
    assert said.split() == ["True", "SUCCEEDED"]
    assert ada.seat == seat


def test_a_lab_that_is_open_rides_over_a_kill(own_room: Room) -> None:
    """The cell that runs meanwhile waits, and goes on."""
    ada = own_room.person("Ada")
    assert own_room.process
    said = ada.run(
        f"""
import os, signal, subprocess, sys, threading, time
lab = open_lab(); lab.set_stage(2)
os.kill({own_room.process.pid}, signal.SIGKILL); os.kill({own_room.sandbox_pid}, signal.SIGKILL)
def again():
    time.sleep(1.5)
    subprocess.Popen([sys.executable, "-m", "xsfn_helpers", "room", "serve", "--port", "{own_room.port}"],
                     env={own_room.environment!r}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
threading.Thread(target=again).start()
lab.stage(3).apply()
print(lab.run().status)
"""
    )

    assert said.strip() == "SUCCEEDED"
    _end_whoever_serves(own_room)


def test_a_sandbox_that_has_died_alone_is_brought_back(own_room: Room) -> None:
    ada = own_room.person("Ada")
    ada.run("open_lab().set_stage(3)")
    os.kill(own_room.sandbox_pid, signal.SIGKILL)

    assert ada.run("print(open_lab().run().status)").strip() == "SUCCEEDED"


def test_ctrl_c_closes_it_in_order(own_room: Room) -> None:
    assert own_room.close() == 0


def _end_whoever_serves(room: Room) -> None:
    """The one that was started by the lab above isn't the fixture's to end."""
    assert room.process
    room.process.communicate()
    for process in psutil.process_iter(["cmdline"]):
        if f"--port {room.port}" in " ".join(process.info["cmdline"] or ()) and process.pid != os.getpid():
            process.terminate()
            process.wait(timeout=120)
    time.sleep(0.1)
