"""One participant on their way: set up, three stages, a run, three faults; with thinking in between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from tests.lab.classroom.crowd.acknowledged import Acknowledged
from tests.lab.classroom.crowd.doors import Inside
from tests.lab.classroom.crowd.intruder import Intruder
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.deployment.stages import STAGE_NUMBERS
from xsfn_helpers.lab.lab import Lab

# Of all faults, those after whose repair the setup is the article's again, under the article's names.
FAULTS: Final = (
    *("new-name", "two-names", "copied-task", "whose-call", "started-and-then", "twelve-digits", "one-word", "twins"),
    *("from-the-log", "fresh-start", "incident", "freeze", "star", "all-values", "other-region"),
)
CHECK: Final = "check"
RUN: Final = "run"
# Once the room is back: what was under way when it was killed is done again.
_TRIES: Final = 3


@dataclass(slots=True)
class Record:
    """What a participant met. `seconds` by kind of action; `over_the_kill` are those that a kill fell into."""

    number: int
    done: bool = False
    seconds: dict[str, list[float]] = field(default_factory=dict)
    over_the_kill: list[float] = field(default_factory=list)
    done_again: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refused: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Walk:
    """`faults` is how many they meet, another part of the collection each.

    `kills` is a file with the times (seconds of the clock) at which the room was killed, one in a line. `begun` is one
    that has a character for each check that anybody has begun.
    """

    inside: Inside
    neighbour: Scenario
    record: Record
    kills: Path
    begun: Path
    think: float
    faults: int
    chance: random.Random
    verified: int = 0

    def go(self) -> Record:
        """The whole way. What goes wrong is in the record, and ends it."""
        acknowledged = Acknowledged(self.inside.lab.environment.accounts)
        try:
            for name, act in self._way():
                time.sleep(self.chance.uniform(0.5, 1.5) * self.think)
                self._do(name, act)
                if len(self._kill_times()) > self.verified:
                    self._verify(acknowledged)
            self._verify(acknowledged)
            self.record.done = True
        except _GivenUp as reason:
            self.record.failures.append(str(reason))
        self.record.acknowledged = len(acknowledged)
        return self.record

    def _way(self) -> Iterator[tuple[str, Callable[[], object]]]:
        lab, practice = self.inside.lab, self.inside.practice
        yield "prepare", lab.prepare
        for number in STAGE_NUMBERS:
            stage = lab.stage(number)
            yield "stage", stage.apply
            yield CHECK, partial(_check, stage)
        yield RUN, partial(_run, lab)
        yield CHECK, partial(_check, lab)
        yield "reach for a neighbour", self._reach
        first = self.record.number * self.faults
        for number in range(first, first + self.faults):
            fault = practice.fault(FAULTS[number % len(FAULTS)])
            yield "break", fault.break_it
            yield "symptom", fault.symptom
            yield "diagnose", lab.diagnose
            yield "hint", fault.hint
            yield "repair", fault.solve
            yield "check of a fault", partial(_check, fault)
        yield RUN, partial(_run, lab)
        yield CHECK, partial(_check, lab)
        yield "reach for a neighbour", self._reach

    def _do(self, name: str, act: Callable[[], object]) -> None:
        for _ in range(_TRIES):
            began, clock = time.perf_counter(), time.time()
            if name == CHECK:
                with self.begun.open("a") as begun:
                    begun.write(".")
            try:
                act()
                problem = ""
            except (XsfnError, ClientError, BotoCoreError, _DoesntHold, _NotRefused) as error:
                problem = f"{name}: {type(error).__name__}: {error}"
            took = time.perf_counter() - began
            interrupted = any(clock <= kill <= clock + took for kill in self._kill_times())
            if interrupted:
                self.record.over_the_kill.append(took)
            elif not problem:
                self.record.seconds.setdefault(name, []).append(took)
            if not problem:
                return
            if not interrupted:
                raise _GivenUp(problem)
            self.record.done_again.append(problem)
        raise _GivenUp(problem)

    def _reach(self) -> None:
        attempts = list(Intruder(self.inside.lab, self.neighbour).attempts())
        if through := [name for name, refused in attempts if not refused]:
            raise _NotRefused(", ".join(through))
        self.record.refused += len(attempts)

    def _verify(self, acknowledged: Acknowledged) -> None:
        self.verified = len(self._kill_times())
        self.record.lost += acknowledged.missing()

    def _kill_times(self) -> list[float]:
        return [float(line) for line in self.kills.read_text().split()]


class _GivenUp(Exception):
    """A participant can't go on."""


class _DoesntHold(Exception):
    """A check that should hold doesn't."""


class _NotRefused(Exception):
    """A neighbour's account could be reached."""


class _Checked(Protocol):
    """A lab, a stage or a fault."""

    def check(self) -> Report: ...


def _check(what: _Checked) -> None:
    """Raise `_DoesntHold` where something doesn't that should."""
    if not (report := what.check()).ok:
        raise _DoesntHold(str(report))


def _run(lab: Lab) -> None:
    """Raise `_DoesntHold` where the run doesn't succeed."""
    if not (run := lab.run()).succeeded:
        raise _DoesntHold(str(run))
