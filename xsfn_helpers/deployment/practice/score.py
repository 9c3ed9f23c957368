"""The score card: what was solved and with how much help. Kept on disk, so that it outlives the kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

from xsfn_helpers.aws.room_client import RoomAddress
from xsfn_helpers.aws.seat import Seat, seat_of
from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.common.language import listed, tr, tr_n
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.deployment.environment import Environment

ANSWER_LEVEL: Final = 3
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FaultAttempt:
    """The fault that is in place: since when (seconds of the clock), and the help taken so far."""

    fault: str
    began: float
    hints: int = 0
    tries: int = 0
    solution_shown: bool = False
    disguised: bool = False
    solved: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One solved fault: how many of the three hints were taken, how often it was checked, and the seconds it took."""

    hints: int
    tries: int
    seconds: float
    solution_shown: bool

    @property
    def by_yourself(self) -> bool:
        """Whether the answer was found; the last hint gives it, as the solution does."""
        return not self.solution_shown and self.hints < ANSWER_LEVEL

    @property
    def rank(self) -> tuple[bool, int, int, float]:
        """Smaller is better: without the answer, then fewer hints, fewer tries, less time."""
        return not self.by_yourself, self.hints, self.tries, self.seconds

    @property
    def effort(self) -> str:
        """`no hint, 1 try`."""
        hints = tr_n("{count} hint", "{count} hints", self.hints) if self.hints else tr("no hint")
        return tr("{hints}, {tries}", hints=hints, tries=tr_n("{count} try", "{count} tries", self.tries))

    def __str__(self) -> str:
        return self.effort if self.by_yourself else tr("with the answer")


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that is kept: the best result for each solved fault, and the attempt that is under way."""

    results: Mapping[str, Result] = field(default_factory=dict)
    attempt: FaultAttempt | None = None

    def solved(self, attempt: FaultAttempt, *, at: float) -> Record:
        """The record once this attempt has succeeded; an earlier better result stays."""
        result = Result(attempt.hints, attempt.tries, max(0.0, at - attempt.began), attempt.solution_shown)
        best = min([result, *([self.results[attempt.fault]] if attempt.fault in self.results else [])], key=_rank)
        return Record({**self.results, attempt.fault: best}, replace(attempt, solved=True))

    def to_json(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "results": {fault: asdict(result) for fault, result in self.results.items()},
            "attempt": asdict(self.attempt) if self.attempt else None,
        }

    @classmethod
    def from_json(cls, stored: Any) -> Record:
        """The record that `to_json` gave; an empty one for anything else."""
        try:
            if stored["version"] != _VERSION:
                return cls()
            attempt = stored["attempt"]
            return cls(
                {fault: Result(**result) for fault, result in stored["results"].items()},
                FaultAttempt(**attempt) if attempt else None,
            )
        except (KeyError, TypeError, AttributeError):
            return cls()


def _rank(result: Result) -> tuple[bool, int, int, float]:
    return result.rank


class Book(Protocol):
    """Where the record of one lab is kept."""

    def read(self) -> Record:
        """The record; an empty one where there is none, or none that can be read."""
        ...

    def write(self, record: Record) -> None: ...


@dataclass(frozen=True, slots=True)
class ScoreBook:
    """A record that is kept in the folder of the sandbox's state."""

    path: Path

    @classmethod
    def of(cls, lab_id: str) -> ScoreBook:
        return cls(StateFolder.default().path / f"practice-{lab_id}.json")

    def read(self) -> Record:
        """The record; an empty one where there is none, or none that can be read."""
        try:
            return Record.from_json(json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return Record()

    def write(self, record: Record) -> None:
        """Replace what is kept, in one step: a reader sees the old or the new, never half.

        Raises `SandboxError` where the folder can't be used.
        """
        StateFolder(self.path.parent).keep(self.path.name, record.to_json())


@dataclass(frozen=True, slots=True)
class RoomBook:
    """The record of faults in a room: the room keeps it, so that the instructor sees it and can put a fault in."""

    room: RoomAddress

    def read(self) -> Record:
        return Record.from_json(self.room.ask("GET", "/room/me/record"))

    def write(self, record: Record) -> None:
        self.room.ask("PUT", "/room/me/record", record.to_json())


def book_of(environment: Environment) -> Book:
    """Where the record of a lab's faults is kept: by the room that its accounts are in, else in the state folder."""
    seat = seat_of(environment.accounts)
    return RoomBook(seat.room) if seat else ScoreBook.of(environment.lab_id)


def place_told(seat: Seat) -> tuple[str, ...]:
    """Whose place it is, and whether a fault waits in it: put there by the instructor, or by oneself."""
    try:
        attempt = RoomBook(seat.room).read().attempt
    except RoomError as error:
        return (tr("In a room: {seat}", seat=seat), str(error))
    if attempt is None or attempt.solved:
        return (tr("In a room: {seat}", seat=seat),)
    return (
        tr("In a room: {seat}", seat=seat),
        tr("A fault is in place, and waits to be found: fault = lab.practice().current"),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One fault's line of the card; `result` is None as long as it isn't solved."""

    number: int
    title: str
    result: Result | None


@dataclass(frozen=True, slots=True)
class ScoreCard(Renderable):
    """The card as it is shown. Its text has no times, so that it is the same whenever the same was done."""

    rows: tuple[Row, ...]

    @property
    def solved(self) -> int:
        """How many were solved without being shown the answer."""
        return sum(row.result is not None and row.result.by_yourself for row in self.rows)

    @property
    def shown(self) -> int:
        """How many were solved with the answer only."""
        return sum(row.result is not None and not row.result.by_yourself for row in self.rows)

    @property
    def headline(self) -> str:
        count = len(self.rows)
        if self.shown:
            return tr(
                "Score card: {solved} of {count} faults solved by yourself, and {shown} more with the answer",
                solved=self.solved,
                count=count,
                shown=self.shown,
            )
        return tr("Score card: {solved} of {count} faults solved by yourself", solved=self.solved, count=count)

    def with_times(self) -> str:
        """The whole card as text, with the time that each solved fault took."""
        return self._told(times=True)

    def __str__(self) -> str:
        return self._told(times=False)

    def _told(self, *, times: bool) -> str:
        told = [f"  {_line(row, times=times)}" for row in self.rows if row.result is not None]
        if open_ones := [str(row.number) for row in self.rows if row.result is None]:
            told.append("  " + tr("… not solved yet: {numbers}", numbers=listed(open_ones)))
        return "\n".join([self.headline, *told])


def _line(row: Row, *, times: bool) -> str:
    assert row.result is not None
    result = str(row.result)
    if times:
        result = tr("{result}, {time}", result=result, time=duration(row.result.seconds))
    sign = "✓" if row.result.by_yourself else "·"
    return f"{sign} {row.number:>2} {row.title}: {result}"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    return tr("{seconds} s", seconds=rest)
