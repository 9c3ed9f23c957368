"""The collection of faults on one lab, the fault that is in place, and the score."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xsfn_helpers.blueprint import Blueprint
from xsfn_helpers.faults import extras
from xsfn_helpers.faults.catalogue import catalogue, find
from xsfn_helpers.faults.exercise import Exercise
from xsfn_helpers.faults.score import Book, Record, Row, ScoreCard
from xsfn_helpers.language import tr
from xsfn_helpers.steps import STAGE_NUMBERS

if TYPE_CHECKING:
    from xsfn_helpers.lab import Lab


@dataclass(frozen=True, slots=True)
class Practice:
    """Faults to break a lab with, one at a time. The lab is brought to its last stage whenever one is broken."""

    lab: Lab
    book: Book

    @classmethod
    def on(cls, lab: Lab) -> Practice:
        """Practice on this lab, with the recommended documents. Changes nothing yet."""
        from xsfn_helpers.room.seat import book_of

        right = replace(lab, blueprint=Blueprint.recommended(lab.scenario))
        return cls(right, book_of(lab.ground))

    @property
    def faults(self) -> tuple[Exercise, ...]:
        """Every fault, in order."""
        return tuple(
            Exercise(self, number, fault) for number, fault in enumerate(catalogue(self.lab.scenario), start=1)
        )

    def fault(self, which: int | str) -> Exercise:
        """One fault, by number or name. Raises `ConfigError` where there is no such fault."""
        return Exercise(self, *find(self.lab.scenario, which))

    @property
    def current(self) -> Exercise | None:
        """The fault that is in place, solved or not; also after a restart of the kernel."""
        attempt = self.book.read().attempt
        for exercise in self.faults:
            if attempt is not None and attempt.fault == exercise.fault.id:
                return replace(exercise, disguised=attempt.disguised)
        return None

    def surprise(self, *, seed: int | None = None) -> Exercise:
        """Break a fault picked at random, without its title. The same seed picks the same one.

        Without a seed, one that isn't solved yet is picked, as long as there is one.
        """
        picked = random.Random(seed)  # noqa: S311 - nothing here is secret
        results = self.book.read().results
        unsolved = [exercise for exercise in self.faults if exercise.fault.id not in results]
        exercise = replace(picked.choice(unsolved if unsolved and seed is None else self.faults), disguised=True)
        exercise.break_it()
        return exercise

    def score_card(self) -> ScoreCard:
        """What was solved so far, with how much help."""
        results = self.book.read().results
        return ScoreCard(
            tuple(
                Row(exercise.number, exercise.fault.title, results.get(exercise.fault.id)) for exercise in self.faults
            )
        )

    def forget(self) -> None:
        """Begin a new score card."""
        with self.lab.turn():
            self.book.write(Record(attempt=self.book.read().attempt))

    def put_right(self) -> str:
        """Bring back the complete set-up, and remove what faults added. Says where the accounts stand."""
        with self.lab.turn():
            # First of all: a fault that is half taken away must not be taken for one that was solved.
            self.book.write(replace(self.book.read(), attempt=None))
            where = self.lab.at_stage(STAGE_NUMBERS[-1])
            extras.sweep(self.lab.ground)
        return where

    def __str__(self) -> str:
        lines = [f"  {exercise.number:>2} {exercise.fault.id:<17} {exercise.fault.title}" for exercise in self.faults]
        heading = tr("{count} faults; practice.fault(1), or by name, takes one", count=len(lines))
        return "\n".join([heading, *lines])

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))
