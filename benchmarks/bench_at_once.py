"""A room presses Shift+Enter at the same moment: everybody's check at once on one sandbox, then each at their own pace.

`python -m benchmarks.bench_at_once [--people 100]`. The people's computers are a few processes on this machine, so
they take their part of its processors; the server's own seconds tell what a machine of its own would need.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psutil

from tests.support.people import ids_of, lab_of
from xsfn_helpers.lab.lab import Lab
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.server import Sandbox

# Everybody checks once within so many seconds.
PACE: Final = 20.0
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Round:
    """Everybody's check: how long each took, all of them, and the processor's seconds for it."""

    took: tuple[float, ...]
    whole: float
    server: float
    clients: float

    def row(self, name: str) -> str:
        p95 = statistics.quantiles(self.took, n=20, method="inclusive")[-1]
        people = len(self.took)
        return (
            f"  {name:<38}{self.whole:8.1f} s   p50 {statistics.median(self.took):.2f}, p95 {p95:.2f} s; processor: "
            f"server {1000 * self.server / people:.0f} ms a check, clients {1000 * self.clients / people:.0f} ms"
        )


def computer(numbers: Sequence[int]) -> None:
    """Some people, each a thread: ready when all of their stages stand, then a round for each line that comes in."""
    sandbox = Sandbox.find()
    assert sandbox is not None
    labs = [lab_of(sandbox, number) for number in numbers]
    for lab in labs:
        lab.prepare()
        for stage in (1, 2, 3):
            lab.stage(stage).apply()
        _seconds_of_a_check(lab, 0.0)
    print("ready", flush=True)
    for line in sys.stdin:
        pace, took = float(line), []

        def check(lab: Lab, pace: float = pace, took: list[float] = took) -> None:
            took.append(_seconds_of_a_check(lab, random.uniform(0, pace)))

        people = [threading.Thread(target=check, args=(lab,)) for lab in labs]
        for one in people:
            one.start()
        for one in people:
            one.join()
        print(json.dumps(took), flush=True)


def _seconds_of_a_check(lab: Lab, pause: float) -> float:
    time.sleep(pause)
    began = time.perf_counter()
    report = lab.check()
    if not report.ok:
        raise AssertionError(str(report))
    return time.perf_counter() - began


def _processor_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measure(people: int, computers: int) -> None:
    first, second, *others = (one for number in range(people + 1) for one in ids_of(number))
    sandbox = Sandbox.start(SandboxConfig(first, second, further_account_ids=tuple(others)))
    processes = []
    try:
        for at in range(computers):
            # Person 0 has the sandbox's first two accounts, and stays away.
            numbers = list(range(1, people + 1))[at::computers]
            command = [sys.executable, "-m", "benchmarks.bench_at_once", "--computer", json.dumps(numbers)]
            processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for process in processes:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("The people didn't get ready.")
        rounds = [_round(sandbox, processes, 0.0) for _ in range(ROUNDS)]
        print(min(rounds, key=lambda one: one.whole).row(f"{people} checks at once"))
        print(_round(sandbox, processes, PACE).row(f"{people} people, a check every {PACE:.0f} s"))
        print(f"  memory of the sandbox {psutil.Process(sandbox.pid).memory_info().rss / 1e6:24.0f} MB")
    finally:
        for process in processes:
            process.kill()
            process.communicate()
        sandbox.stop()


def _round(sandbox: Sandbox, processes: Sequence[subprocess.Popen[str]], pace: float) -> Round:
    def seconds() -> tuple[float, float]:
        return _processor_seconds(sandbox.pid), sum(_processor_seconds(process.pid) for process in processes)

    before, began = seconds(), time.perf_counter()
    for process in processes:
        process.stdin.write(f"{pace}\n")
        process.stdin.flush()
    took = [seconds for process in processes for seconds in json.loads(process.stdout.readline())]
    whole, after = time.perf_counter() - began, seconds()
    return Round(tuple(took), whole, after[0] - before[0], after[1] - before[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_at_once", description=__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--computers", type=int, default=2, help="processes that the people are spread over")
    parser.add_argument("--computer", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.computer:
        computer(json.loads(options.computer))
        return 0
    print(f"{platform.machine()}, {psutil.cpu_count()} processors, load before {psutil.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="xsfn-at-once-") as folder:
        os.environ["XSFN_STATE_DIR"] = folder
        measure(options.people, options.computers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
