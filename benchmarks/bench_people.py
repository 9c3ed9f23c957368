"""What one participant costs: memory of their JupyterLab, kernel and sandbox, processor time, and how long they wait.

`python -m benchmarks.bench_people [--people 1 5]`. So many people run notebook 03 at the same time, each with a
JupyterLab and a sandbox of their own, as on a hub. docs/hosting.md takes its figures from here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psutil

from tests.notebooks.jupyterlab_check import ROOT, RunningLab, started
from tests.support.isolation import isolated
from xsfn_helpers.sandbox.process.server import Sandbox

NOTEBOOK: Final = "notebooks/03-operator-task.ipynb"
LOOK_EVERY: Final = 0.5
MEGABYTE: Final = 1_000_000


@dataclass(slots=True)
class Watched:
    """The most memory that each kind of process had at any look, and the processor time each used."""

    memory: dict[str, int] = field(default_factory=dict)
    seconds: dict[tuple[str, int], float] = field(default_factory=dict)
    total: int = 0

    def look(self, folder: Path) -> None:
        total = 0
        for process in psutil.process_iter(["cmdline", "environ"]):
            kind = kind_of(process, folder)
            if kind is None:
                continue
            try:
                size, times = memory_of(process), process.cpu_times()
            except psutil.Error:
                continue
            total += size
            self.memory[kind] = max(size, self.memory.get(kind, 0))
            self.seconds[kind, process.pid] = times.user + times.system
        self.total = max(total, self.total)


def kind_of(process: psutil.Process, folder: Path) -> str | None:
    """What a process of this measurement is; None for all others."""
    command = " ".join(process.info["cmdline"] or ())
    if (
        not (process.info["environ"] or {}).get("XSFN_STATE_DIR", "").startswith(str(folder))
        and str(folder) not in command
    ):
        return None
    if "xsfn_helpers.sandbox.process.main" in command:
        return "sandbox"
    if "ipykernel" in command:
        return "kernel"
    return "JupyterLab" if "jupyterlab" in command else None


def memory_of(process: psutil.Process) -> int:
    """What would be free without it: shared pages count by their share, where the system tells (Linux)."""
    full = process.memory_full_info()
    return int(getattr(full, "pss", 0) or full.uss)


@contextmanager
def watching(folder: Path) -> Iterator[Watched]:
    watched, over = Watched(), Event()

    def keep_looking() -> None:
        while not over.wait(LOOK_EVERY):
            watched.look(folder)

    thread = Thread(target=keep_looking)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()


@contextmanager
def a_room(people: int, folder: Path) -> Iterator[list[RunningLab]]:
    """So many running JupyterLabs, each with notebooks and a sandbox of its own."""
    with ExitStack() as stack:
        labs = []
        for number in range(people):
            home = folder / f"person-{number}"
            shutil.copytree(ROOT / "notebooks", home / "notebooks")
            stack.callback(stop_sandbox, home / "state")
            labs.append(stack.enter_context(started(command_for(home))))
        yield labs


def command_for(home: Path) -> list[str]:
    variables = [f"XSFN_STATE_DIR={home / 'state'}", f"JUPYTERLAB_WORKSPACES_DIR={home / '.lab'}", f"PYTHONPATH={ROOT}"]
    options = ["--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={home}"]
    return ["env", *variables, sys.executable, "-m", "jupyterlab", *options]


def stop_sandbox(state: Path) -> None:
    os.environ["XSFN_STATE_DIR"] = str(state)
    if sandbox := Sandbox.find():
        sandbox.stop()


def measure(people: int) -> dict[str, object]:
    """The figures for so many people at once."""
    with isolated(), tempfile.TemporaryDirectory(prefix="xsfn-people-") as scratch:
        folder = Path(scratch)
        with a_room(people, folder) as labs, watching(folder) as watched, ThreadPoolExecutor(people) as pool:
            waited = list(pool.map(seconds_for, labs))
    per_kind = {kind: round(size / MEGABYTE) for kind, size in sorted(watched.memory.items())}
    return {
        "people": people,
        "memory of one, MB": per_kind,
        "memory of all, MB": round(watched.total / MEGABYTE),
        "processor time a person, s": round(sum(watched.seconds.values()) / people, 1),
        "notebook 03 took, s (median, longest)": (round(statistics.median(waited), 1), round(max(waited), 1)),
    }


def seconds_for(lab: RunningLab) -> float:
    start = time.perf_counter()
    lab.run(NOTEBOOK)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_people", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 5], help="how many at once")
    print(f"{platform.machine()}, {psutil.cpu_count()} processors, load before {psutil.getloadavg()[0]:.1f}")
    for people in parser.parse_args().people:
        print(json.dumps(measure(people), ensure_ascii=False))


if __name__ == "__main__":
    main()
