"""One computer with some participants on it, each a thread: `python -m tests.lab.classroom.crowd.client`, with a
`Task` as JSON on standard input and their records on standard output."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.lab.classroom.crowd.doors import Door, enter
from tests.lab.classroom.crowd.walk import Record, Walk
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.lab.classroom.reporter import follow
from xsfn_helpers.lab.lab import Lab

_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Task:
    """Which participants, of how many, and how they get in; `folder` is shared by all computers of the crowd."""

    numbers: tuple[int, ...]
    people: int
    door: Door
    folder: str
    think: float
    faults: int
    seed: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        stored = json.loads(text)
        return cls(**{**stored, "numbers": tuple(stored["numbers"]), "door": Door(**stored["door"])})

    @property
    def kills(self) -> Path:
        return Path(self.folder, "kills")

    @property
    def begun(self) -> Path:
        return Path(self.folder, "begun")


def main() -> None:
    task = Task.from_json(sys.stdin.read())
    records = [Record(number) for number in task.numbers]
    threads = [threading.Thread(target=_take_part, args=(task, record), daemon=True) for record in records]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump([record.to_json() for record in records], sys.stdout)


def _take_part(task: Task, record: Record) -> None:
    chance = random.Random(f"{task.seed} {record.number}")
    time.sleep(chance.uniform(0, task.think))
    try:
        inside = enter(task.door, record.number)
        follow(inside.seat, inside.lab)  # as open_lab does: the room hears how far it is
        neighbour = _meet(task, inside.lab, record.number)
        Walk(inside, neighbour, record, task.kills, task.begun, task.think, task.faults, chance).go()
    except Exception as error:
        # Nobody waits for this thread who could be told otherwise.
        record.failures.append(f"{type(error).__name__}: {error}")


def _meet(task: Task, lab: Lab, number: int) -> Scenario:
    """Leave one's account IDs for the others, and read those of the next in the circle once they are there."""
    folder = Path(task.folder)
    mine = folder / f"participant-{number}"
    partial = mine.with_suffix(".partial")
    partial.write_text(f"{lab.scenario.operator_account_id} {lab.scenario.subject_account_id} {lab.scenario.region}")
    partial.replace(mine)
    theirs = folder / f"participant-{(number + 1) % task.people}"
    end = time.monotonic() + _PATIENCE
    while not theirs.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"participant {theirs.name} never joined")
        time.sleep(0.2)
    operator, subject, region = theirs.read_text().split()
    return Scenario(operator_account_id=operator, subject_account_id=subject, region=region)


if __name__ == "__main__":
    main()
