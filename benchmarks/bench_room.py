"""A hundred people in one room: all three stages and three faults each, everybody reaching for a neighbour, one kill.

`python -m benchmarks.bench_room [--people 100] [--think 7]`. The room and its participants' computers (a few processes,
each participant a thread) share this machine, so people think between two steps: about `--think` seconds.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

from tests.isolation import isolated
from tests.room.crowd.crowd import fill
from xsfn_helpers.sandbox.server import Sandbox
from xsfn_helpers.sandbox.state import StateFolder

# The steps of one participant's way, each with its pause.
_STEPS: Final = 34
_PATIENCE: Final = 900.0


class SandboxRoom:
    """A sandbox with a pair of accounts for each."""

    def __init__(self, people: int) -> None:
        ids = [f"7{number:011d}" for number in range(2 * people)]
        self._sandbox = Sandbox.start()
        self._accounts = list(self._sandbox.add_accounts(ids).values())

    @property
    def door(self) -> dict[str, Any]:
        keys = [list(account.to_json().values()) for account in self._accounts]
        port = int(self._sandbox.endpoint_url.rpartition(":")[2])
        return {"port": port, "region": self._sandbox.region, "pairs": list(zip(keys[::2], keys[1::2], strict=True))}

    def pids(self) -> list[int]:
        return [self._sandbox.pid]

    def kill(self) -> None:
        os.kill(self._sandbox.pid, signal.SIGKILL)
        while StateFolder.default().is_held():
            time.sleep(0.01)

    def bring_back(self) -> None:
        self._sandbox = Sandbox.start()

    def close(self) -> None:
        self._sandbox.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_room", description=__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--computers", type=int, default=4, help="processes that the participants are spread over")
    parser.add_argument("--think", type=float, default=7.0, help="seconds before each step, about")
    options = parser.parse_args()
    print(f"{platform.machine()}, {psutil.cpu_count()} processors, load before {psutil.getloadavg()[0]:.1f}")
    with isolated(), tempfile.TemporaryDirectory(prefix="xsfn-room-") as scratch:
        room = SandboxRoom(options.people)
        try:
            outcome = fill(
                room,
                Path(scratch),
                people=options.people,
                computers=options.computers,
                think=options.think,
                kill_after=options.think * _STEPS / 2,
                patience=_PATIENCE,
            )
        finally:
            room.close()
    for name, value in outcome.rows():
        print(f"  {name:<46} {value}")
    for line in (*outcome.failures, *outcome.lost, *outcome.done_again):
        print(line)
    return 0 if outcome.done == options.people and not outcome.lost else 1


if __name__ == "__main__":
    sys.exit(main())
