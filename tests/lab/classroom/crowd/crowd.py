"""A room full of people on a few computers, and what came of it; the room is killed in the middle."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import psutil

from tests.lab.classroom.crowd.client import Task
from tests.lab.classroom.crowd.doors import Door
from tests.lab.classroom.crowd.walk import CHECK, RUN, Record

ROOT: Final = Path(__file__).parents[4]
_LOOK_EVERY: Final = 0.5
_LOOK_FOR_A_CHECK: Final = 0.01
_MEGABYTE: Final = 1024 * 1024


class Room(Protocol):
    """What the crowd is in: something with processes that can be killed, and brought back with all it had."""

    @property
    def door(self) -> Door:
        """How participants get in."""
        ...

    def pids(self) -> list[int]: ...

    def kill(self) -> None: ...

    def bring_back(self) -> None: ...


@dataclass(slots=True)
class Watched:
    """The most memory that the room's processes had together at any look (bytes), and the processor time they used."""

    memory: int = 0
    seconds: dict[int, float] = field(default_factory=dict)

    def look(self, pids: Sequence[int]) -> None:
        total = 0
        for pid in pids:
            try:
                process = psutil.Process(pid)
                full, times = process.memory_full_info(), process.cpu_times()
            except psutil.Error:  # killed a moment ago
                continue
            total += int(getattr(full, "pss", 0) or full.uss)
            self.seconds[pid] = times.user + times.system
        self.memory = max(total, self.memory)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the crowd met, and what the room took for it."""

    records: tuple[Record, ...]
    took: float
    kills: int
    away: float
    memory_mib: float
    room_seconds: float
    client_seconds: float

    @property
    def failures(self) -> list[str]:
        return [f"participant {one.number}: {failure}" for one in self.records for failure in one.failures]

    @property
    def done(self) -> int:
        return sum(one.done for one in self.records)

    @property
    def refused(self) -> int:
        return sum(one.refused for one in self.records)

    @property
    def lost(self) -> list[str]:
        return [f"participant {one.number}: {lost}" for one in self.records for lost in one.lost]

    @property
    def done_again(self) -> list[str]:
        return [f"participant {one.number}: {what}" for one in self.records for what in one.done_again]

    def seconds(self, kind: str) -> list[float]:
        return sorted(took for one in self.records for took in one.seconds.get(kind, ()))

    def percentile(self, kind: str, percent: int) -> float:
        return statistics.quantiles(self.seconds(kind), n=100, method="inclusive")[percent - 1]

    def rows(self) -> Iterator[tuple[str, str]]:
        """The figures, in the order to show them."""
        yield "participants", str(len(self.records))
        yield "went the whole way", str(self.done)
        yield "reached for a neighbour, denied", f"{self.refused} of {self.refused + self._reached}"
        for kind in (CHECK, RUN):
            found = self.seconds(kind)
            p50, p95 = (self.percentile(kind, percent) for percent in (50, 95))
            yield f"{kind}, s (p50, p95, longest; of {len(found)})", f"{p50:.2f}, {p95:.2f}, {found[-1]:.2f}"
        over = sorted(took for one in self.records for took in one.over_the_kill)
        yield "killed in the middle", f"{self.kills} (room away for {self.away:.1f} s)"
        yield "actions that a kill fell into", f"{len(over)}, longest {max(over, default=0):.1f} s"
        yield "of these done again", str(len(self.done_again))
        yield "acknowledged and lost", f"{len(self.lost)} of {sum(one.acknowledged for one in self.records)}"
        yield "memory of the room, peak", f"{self.memory_mib:.0f} MiB"
        yield "processor time: room, clients", f"{self.room_seconds:.0f} s, {self.client_seconds:.0f} s"
        yield "took", f"{self.took:.0f} s"

    @property
    def _reached(self) -> int:
        return sum("_NotRefused" in failure for failure in self.failures)


def fill(
    room: Room,
    folder: Path,
    *,
    people: int,
    computers: int,
    think: float,
    faults: int,
    kill_after: int,
    patience: float,
    seed: int = 1,
    popen: type[subprocess.Popen[str]] = subprocess.Popen,
) -> Outcome:
    """Let `people` on so many `computers` walk through `room`, killed once, while the check of this number goes on.

    Each thinks about `think` seconds before every step, and meets so many `faults`. Those who need more than `patience`
    seconds are cut off, and have no record.
    """
    kills, begun = folder / "kills", folder / "begun"
    for file in (kills, begun):
        file.touch()
    tasks = [
        Task(tuple(range(people))[computer::computers], people, room.door, str(folder), think, faults, seed)
        for computer in range(computers)
    ]
    began = time.monotonic()
    with _watching(room.pids) as watched:
        clients = [_computer(task, folder / f"computer-{number}", popen) for number, task in enumerate(tasks)]
        heard: list[str] = [""] * computers
        listening = [
            threading.Thread(target=_hear, args=(client, task, heard, number))
            for number, (client, task) in enumerate(zip(clients, tasks, strict=True))
        ]
        for thread in listening:
            thread.start()
        while begun.stat().st_size < kill_after and any(client.poll() is None for client in clients):
            time.sleep(_LOOK_FOR_A_CHECK)
        kills.write_text(f"{time.time()}\n")
        gone = time.monotonic()
        room.kill()
        room.bring_back()
        away = time.monotonic() - gone
        for thread in listening:
            thread.join(max(0.0, began + patience - time.monotonic()))
        for client in clients:
            if client.poll() is None:
                client.kill()
    records = tuple(Record(**one) for text in heard if text for one in json.loads(text))
    return Outcome(
        tuple(sorted(records, key=lambda record: record.number)),
        time.monotonic() - began,
        kills=1,
        away=away,
        memory_mib=watched.memory / _MEGABYTE,
        room_seconds=sum(watched.seconds.values()),
        client_seconds=_children_seconds(),
    )


def _computer(task: Task, home: Path, popen: type[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    home.mkdir(mode=0o700)
    return popen(
        [sys.executable, "-m", "tests.lab.classroom.crowd.client"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "XSFN_STATE_DIR": str(home), "PYTHONPATH": str(ROOT)},
    )


def _hear(client: subprocess.Popen[str], task: Task, heard: list[str], number: int) -> None:
    heard[number] = client.communicate(task.to_json())[0]


def _children_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


@contextmanager
def _watching(pids: Callable[[], Sequence[int]]) -> Iterator[Watched]:
    watched, over = Watched(), threading.Event()

    def keep_looking() -> None:
        while not over.wait(_LOOK_EVERY):
            watched.look(pids())

    thread = threading.Thread(target=keep_looking)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()
