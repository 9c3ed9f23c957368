"""What happened in the room, in order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.deployment.practice.score import Record
from xsfn_helpers.lab.classroom.people import STEPS, ParticipantProgress

Told = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """One thing that happened on a place; `number` counts up, `at` is in seconds of the clock.

    The kinds are `joined`, `freed`, `reset`, `step`, `checked`, `run`, `fault` and `solved`. `told` says which step,
    fault or run; no key and no token is in it.
    """

    number: int
    at: float
    place: int
    kind: str
    told: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, "at": self.at, "place": self.place, "kind": self.kind, "told": dict(self.told)}


def of_progress(before: ParticipantProgress, after: ParticipantProgress) -> Iterator[Told]:
    """What is new in somebody's progress: steps made and taken back, a report, a run."""
    for step, had, has in zip(STEPS, before.steps, after.steps, strict=True):
        if had != has:
            yield "step", {"step": step, "applied": has}
    if after.checks is not None and after.checks != before.checks:
        yield "checked", {"passed": after.checks.passed, "count": after.checks.count}
    if after.run and after.run != before.run:
        yield "run", {"status": after.run}


def of_record(before: Record, after: Record) -> Iterator[Told]:
    """What is new in somebody's record: a fault begun, faults solved."""
    if after.attempt is not None and (before.attempt is None or before.attempt.began != after.attempt.began):
        yield "fault", {"fault": after.attempt.fault}
    for fault in after.results:
        if fault not in before.results:
            yield "solved", {"fault": fault}
