"""How far an execution got: what became of each state, and which ways were taken, from the execution's history.

The events are those of GetExecutionHistory. Source of their types and of `previousEventId`:
docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.common.language import mark, tr


class Progress(StrEnum):
    """What became of a state; what weighs most comes first."""

    FAILED = mark("failed")
    IN_PROGRESS = mark("in progress")
    ABORTED = mark("aborted")
    CAUGHT = mark("error caught")
    SUCCEEDED = mark("succeeded")
    NOT_REACHED = mark("not reached")


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of one state: the gravest of its visits, how many ended how, and its error if there was one."""

    progress: Progress
    visits: Mapping[Progress, int]
    error: str = ""

    def __str__(self) -> str:
        """`succeeded`, or, of several visits, `failed (1 of 3)`."""
        total = sum(self.visits.values())
        progress = tr(self.progress.value)
        if total < 2:
            return progress
        return tr("{progress} ({count} of {total})", progress=progress, count=self.visits[self.progress], total=total)


@dataclass(frozen=True, slots=True)
class Trace:
    """What a history says of the states, by their names, and of the ways between them."""

    states: Mapping[str, Reached]
    ways: frozenset[tuple[str, str]]
    ended: Progress

    def of(self, name: str) -> Reached:
        return self.states.get(name, _NOT_REACHED)


_NOT_REACHED: Final = Reached(Progress.NOT_REACHED, {})
START: Final = ""
"""The way's beginning where a scope starts, and its end where a scope ends."""

_ENTERED: Final = re.compile(r"(?P<type>[A-Z][a-z]+)StateEntered")
_FAILS: Final = re.compile(r".*(?:Failed|TimedOut)|FailStateEntered")
_TRIES: Final = re.compile(r".*Scheduled|.*StateStarted|.*RunStarted")
_WHOLE: Final = re.compile(r"(?P<type>Map|Parallel)State(?:Failed|Succeeded|Aborted)")
_ENDS: Final = {
    "ExecutionSucceeded": Progress.SUCCEEDED,
    "ExecutionFailed": Progress.FAILED,
    "ExecutionTimedOut": Progress.FAILED,
    "ExecutionAborted": Progress.ABORTED,
}


@dataclass(slots=True, eq=False)
class _Visit:
    """One time that an execution was in a state; `around` is the visit of the state that this one is inside."""

    name: str
    type: str
    around: _Visit | None
    failing: bool = False
    error: str = ""
    exited: bool = False


@dataclass(slots=True)
class _Walk:
    """The history as far as it has been read: each event belongs to a visit, which the event before it leads to."""

    visits: list[_Visit] = field(default_factory=list)
    owner: dict[int, _Visit | None] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    ways: set[tuple[str, str]] = field(default_factory=set)
    ended: Progress = Progress.IN_PROGRESS

    def read(self, event: Mapping[str, Any]) -> None:
        kind, before = str(event["type"]), int(event.get("previousEventId", 0))
        owner = self.owner.get(before)
        name = _detail(event, "name")
        if entered := _ENTERED.fullmatch(kind):
            # After a state that has been left, the next one is beside it; after anything else, inside it.
            around = owner.around if owner is not None and before in self.left else owner
            self.ways.add((self.left.get(before, START), name))
            owner = _Visit(name, entered["type"], around)
            self.visits.append(owner)
        elif kind.endswith("StateExited"):
            owner = self._open(name, owner)
            self.left[int(event["id"])] = name
            if owner is not None:
                owner.exited = True
        elif kind.startswith("MapIteration"):
            owner = self._open(name, owner)
        elif whole := _WHOLE.fullmatch(kind):
            owner = _around(owner, whole["type"])
        elif kind in _ENDS:
            last = owner if before else self.visits[-1] if self.visits else None
            self._end(_ENDS[kind], last, _detail(event, "error"))
            if kind == "ExecutionSucceeded" and before in self.left:
                self.ways.add((self.left[before], START))
        if owner is not None and not kind.startswith(("Execution", "MapIteration")):
            owner.failing = bool(_FAILS.fullmatch(kind)) or (owner.failing and not _TRIES.fullmatch(kind))
            owner.error = (_detail(event, "error") or owner.error) if owner.failing else ""
        self.owner[int(event["id"])] = owner

    def _open(self, name: str, near: _Visit | None) -> _Visit | None:
        """The visit of the state `name` that goes on: the one around `near`, or else the latest."""
        while near is not None:
            if near.name == name and not near.exited:
                return near
            near = near.around
        return next((visit for visit in reversed(self.visits) if visit.name == name and not visit.exited), None)

    def _end(self, ended: Progress, last: _Visit | None, error: str) -> None:
        self.ended = ended
        open_and_failing = any(visit.failing and not visit.exited for visit in self.visits)
        if ended is Progress.FAILED and last is not None and not last.exited and not open_and_failing:
            last.failing = True  # a state that fails by itself, such as a Choice that none of its rules fits
        if last is not None and last.failing and not last.exited:
            last.error = last.error or error

    def progress(self, visit: _Visit) -> Progress:
        if visit.exited:
            return Progress.CAUGHT if visit.failing else Progress.SUCCEEDED
        stopped = self.ended is not Progress.IN_PROGRESS or _left_behind(visit)
        if not stopped:
            return Progress.IN_PROGRESS
        return Progress.FAILED if visit.failing else Progress.ABORTED


def trace(events: Sequence[Mapping[str, Any]]) -> Trace:
    """What `events`, the history of one execution in its order, says of its states."""
    walk = _Walk()
    for event in sorted(events, key=lambda event: int(event["id"])):
        walk.read(event)
    reached: dict[str, Counter[Progress]] = {}
    errors: dict[tuple[str, Progress], str] = {}
    for visit in walk.visits:
        progress = walk.progress(visit)
        reached.setdefault(visit.name, Counter())[progress] += 1
        errors[visit.name, progress] = visit.error
    states = {
        name: Reached(gravest := _gravest(counts), dict(counts), errors[name, gravest])
        for name, counts in reached.items()
    }
    return Trace(states, frozenset(walk.ways), walk.ended)


def _gravest(found: Iterable[Progress]) -> Progress:
    return min(found, key=list(Progress).index)


def _around(visit: _Visit | None, kind: str) -> _Visit | None:
    """The nearest visit of a Map or Parallel that goes on, at `visit` or around it."""
    while visit is not None and (visit.type != kind or visit.exited):
        visit = visit.around
    return visit


def _left_behind(visit: _Visit) -> bool:
    """Whether a state around this one is over, so that this one was cut off."""
    around = visit.around
    while around is not None:
        if around.exited:
            return True
        around = around.around
    return False


def _detail(event: Mapping[str, Any], what: str) -> str:
    for key, details in event.items():
        if key.endswith("EventDetails") and isinstance(details, Mapping) and what in details:
            return str(details[what])
    return ""
