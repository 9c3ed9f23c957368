"""A hundred people in one room: all three stages and three faults each, everybody reaching for a neighbour, one kill.

`python -m benchmarks.bench_room [--people 100] [--think 20]`. The room and its participants' computers (a few
processes, each participant a thread) share this machine, so people think between two steps: about `--think` seconds.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from pathlib import Path
from typing import Final

import psutil

from tests.lab.classroom.crowd.crowd import fill
from tests.lab.classroom.crowd.rooms import ServedRoom
from tests.support.isolation import isolated

_FAULTS: Final = 3
# Of one participant: three of stages, and of all before and after the faults.
_CHECKS: Final = 5
_PATIENCE: Final = 1200.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_room", description=__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--computers", type=int, default=4, help="processes that the participants are spread over")
    parser.add_argument("--think", type=float, default=20.0, help="seconds before each step, about")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    print(f"{platform.machine()}, {psutil.cpu_count()} processors, load before {psutil.getloadavg()[0]:.1f}")
    with isolated(), tempfile.TemporaryDirectory(prefix="xsfn-room-") as scratch:
        room = ServedRoom(options.people, options.port)
        try:
            outcome = fill(
                room,
                Path(scratch),
                people=options.people,
                computers=options.computers,
                think=options.think,
                faults=_FAULTS,
                kill_after=options.people * _CHECKS // 2,
                patience=_PATIENCE,
            )
        finally:
            room.close()
    for name, value in outcome.rows():
        print(f"  {name:<46} {value}")
    for line in (*outcome.failures, *outcome.lost, *outcome.done_again):
        print(line.partition("\n")[0])
    return 0 if outcome.done == options.people and not outcome.lost else 1


if __name__ == "__main__":
    sys.exit(main())
