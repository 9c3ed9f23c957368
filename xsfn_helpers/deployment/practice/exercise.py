"""One fault in the reader's hands: broken for real, looked at, helped with, repaired and judged."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.chain.links import LINK_NUMBERS, chain
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.practice import extras
from xsfn_helpers.deployment.practice.catalogue import catalogue, find
from xsfn_helpers.deployment.practice.fault import Fault
from xsfn_helpers.deployment.practice.hints import Hint, hint
from xsfn_helpers.deployment.practice.proof import prove
from xsfn_helpers.deployment.practice.scene import Scene, scene
from xsfn_helpers.deployment.practice.score import ANSWER_LEVEL, Book, FaultAttempt, Record, Row, ScoreCard, book_of
from xsfn_helpers.deployment.practice.symptoms import Symptom, observe
from xsfn_helpers.deployment.stages import STAGE_NUMBERS
from xsfn_helpers.deployment.stored_documents import read_document, right_document, save_documents

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


_IN_DISGUISE = mark("Somebody changed something in the complete setup. Nobody says what.")


@dataclass(frozen=True, slots=True)
class Notice(Renderable):
    """A few lines for the reader."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Guess(Renderable):
    """What came of a guess at the broken link."""

    link: int
    right: bool
    text: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return f"{'✓' if self.right else '✗'} {self.text}"


@dataclass(frozen=True, slots=True)
class Solution(Renderable):
    """What was done to repair the fault, and the rule behind it."""

    title: str
    rule: str
    source: str
    exact: Hint

    def __str__(self) -> str:
        told = tr("{title}: repaired. {rule} [{source}]", title=self.title, rule=self.rule, source=self.source)
        return f"{told}\n{self.exact}"


@dataclass(frozen=True, slots=True)
class Exercise(Renderable):
    """One fault of a practice. Break it, look at the symptom, find the link, repair, check.

    Everything but `inject` raises `StepError` while another fault, or none, is in place.
    """

    practice: Practice
    number: int
    fault: Fault
    disguised: bool = False

    @property
    def title(self) -> str:
        return tr("A surprise") if self.disguised else self._real_title

    @property
    def story(self) -> str:
        return tr(_IN_DISGUISE) if self.disguised else self.fault.story

    def inject(self) -> Notice:
        """Set everything up as it should be, then break it. Again gives the same, with all help forgotten."""
        with self._deployment.lock():
            self.practice.restore()
            for act in self.fault.before:
                act.apply(self._deployment)
            save_documents(self._deployment.environment, self._deployment.blueprint, self.fault.documents)
            for act in self.fault.after:
                act.apply(self._deployment)
            self._keep(attempt=FaultAttempt(self.fault.id, time.time(), disguised=self.disguised))
        next_step = tr("It is broken now: fault.symptom() shows what people see.")
        return Notice(f"{self}\n{next_step}")

    def symptom(self) -> Symptom:
        """What people see, from a real run, in AWS's own words."""
        with self._deployment.lock():
            self._attempt()
            return observe(self._deployment, self.fault, tr("{title}: what people see", title=self.title))

    def look(self, side: Side | str | None = None) -> Scene:
        """Everything that is stored in both accounts, or in the one named: roles with all their policies, machines."""
        sides = tuple(Side) if side is None else (_side(side),)
        return scene(self._deployment.environment, sides)

    def guess(self, link: int | EllipsisType) -> Guess:
        """Say which link of the access chain is broken. A wrong guess costs nothing.

        `...` stands for a guess that doesn't exist yet. Raises `ConfigError` for a link there isn't.
        """
        self._attempt()
        if isinstance(link, EllipsisType):
            return Guess(0, False, tr("Replace ... with the number of a link, 1 to {last}.", last=LINK_NUMBERS[-1]))
        if link not in LINK_NUMBERS:
            raise ConfigError(
                tr("There is no link {link!r}.", link=link),
                fix=tr("The links are {links}.", links=tr(", ").join(map(str, LINK_NUMBERS))),
            )
        named = str(chain(self._deployment.scenario)[link - 1])
        if link in self.fault.links:
            return Guess(link, True, tr("Yes, it is link {link}", link=named))
        return Guess(
            link,
            False,
            tr(
                "Not link {link}. Read the last lines of the symptom: which principal made the last request, for "
                "which action, on which resource?",
                link=named,
            ),
        )

    def hint(self, level: int | None = None) -> Hint:
        """The next of three levels of help, or a certain one: a nudge, the rule, the exact change."""
        with self._deployment.lock():
            attempt = self._attempt()
            wanted = min(attempt.hints + 1, ANSWER_LEVEL) if level is None else level
            given = hint(self._deployment, self.fault, wanted)
            if wanted > attempt.hints:
                self._keep(attempt=replace(attempt, hints=wanted))
        return given

    def document(self, name: str) -> Document:
        """One of the documents as it is stored, to be edited and given to `repair`: a name that `lab.using` takes."""
        return read_document(self._deployment.environment, name)

    def repair(self, **documents: str | Mapping[str, Any]) -> Notice:
        """Save documents to IAM and Step Functions, as JSON text or mapping, under the names that `lab.using` takes.

        Raises `PolicyError` or `ConfigError` for one that AWS would deny, and `StepError` when AWS denies; none is
        saved then that comes after.
        """
        with self._deployment.lock():
            self._attempt()
            save_documents(self._deployment.environment, self._deployment.blueprint, documents)
        return Notice(tr("Saved: {names}. fault.check() says whether that was it.", names=tr(", ").join(documents)))

    def check(self) -> Report:
        """Whether the fault is gone, and nothing was opened in its place. Counts as a try, and keeps the score."""
        with self._deployment.lock():
            self._attempt()
            checks = prove(self._deployment, self.fault)
            attempt = self._attempt()
            counted = attempt if attempt.solved else replace(attempt, tries=attempt.tries + 1)
            solved = all(check.passed for check in checks)
            if solved and not attempt.solved:
                self.practice.book.write(self._record().solved(counted, at=time.time()))
            else:
                self._keep(attempt=counted)
        return Report(tr("{title}: solved", title=self._real_title) if solved else self.title, checks)

    def apply_solution(self) -> Solution:
        """Repair it as the third hint says. The score card says that the solution was shown, unless it was solved."""
        with self._deployment.lock():
            attempt = self._attempt()
            exact = hint(self._deployment, self.fault, ANSWER_LEVEL)
            for repair in self.fault.repairs:
                repair.apply(self._deployment)
            right = {name: right_document(self._deployment.blueprint, name) for name in self.fault.touched}
            save_documents(self._deployment.environment, self._deployment.blueprint, right)
            if not attempt.solved:
                self._keep(attempt=replace(attempt, solution_shown=True))
        return Solution(self._real_title, self.fault.rule, self.fault.source, exact)

    # Older names; they go with 1.0.
    break_it, solve = inject, apply_solution

    def __str__(self) -> str:
        return f"{self.title}\n{self.story}"

    @property
    def _real_title(self) -> str:
        """What a surprise shows once it is solved."""
        return tr("Fault {number} · {title}", number=self.number, title=self.fault.title)

    @property
    def _deployment(self) -> Deployment:
        return self.practice.deployment

    def _record(self) -> Record:
        return self.practice.book.read()

    def _attempt(self) -> FaultAttempt:
        """The attempt at this fault. Raises `StepError` when it isn't the one in place."""
        attempt = self._record().attempt
        if attempt is None or attempt.fault != self.fault.id:
            raise StepError(
                tr("Another fault is in place.") if attempt else tr("No fault is in place."),
                where=self.title,
                fix=tr("inject() puts this one in place."),
            )
        return attempt

    def _keep(self, *, attempt: FaultAttempt) -> None:
        self.practice.book.write(replace(self._record(), attempt=attempt))


def _side(name: Side | str) -> Side:
    try:
        return Side(name)
    except ValueError:
        raise ConfigError(
            tr("There is no account {name!r}.", name=name), fix=tr("They are 'operator' and 'subject'.")
        ) from None


@dataclass(frozen=True, slots=True)
class Practice(Renderable):
    """Faults to break a lab with, one at a time. The lab is brought to its last stage whenever one is broken."""

    deployment: Deployment
    book: Book

    @classmethod
    def on(cls, deployment: Deployment) -> Practice:
        """Practice on this lab, with the recommended documents. Changes nothing yet.

        Raises `ConfigError` where something is adopted: only the lab's own things are broken.
        """
        if adopted := deployment.environment.adopted.keys:
            raise ConfigError(
                tr(
                    "Faults are injected into the lab's own resources only, and these existed before: {names}.",
                    names=", ".join(sorted(adopted)),
                ),
                where="practice",
                fix=tr("Open another lab without adopt, under other names."),
            )
        right = deployment.as_recommended()
        return cls(right, book_of(deployment.environment))

    @property
    def faults(self) -> tuple[Exercise, ...]:
        """Every fault, in order."""
        return tuple(
            Exercise(self, number, fault) for number, fault in enumerate(catalogue(self.deployment.scenario), start=1)
        )

    def fault(self, which: int | str) -> Exercise:
        """One fault, by number or name. Raises `ConfigError` where there is no such fault."""
        return Exercise(self, *find(self.deployment.scenario, which))

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
        exercise.inject()
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
        with self.deployment.lock():
            self.book.write(Record(attempt=self.book.read().attempt))

    def restore(self) -> str:
        """Bring back the complete setup, and remove what faults added. Says where the accounts stand."""
        with self.deployment.lock():
            # First of all: a fault that is half taken away must not be taken for one that was solved.
            self.book.write(replace(self.book.read(), attempt=None))
            where = self.deployment.set_stage(STAGE_NUMBERS[-1])
            extras.sweep(self.deployment.environment)
        return where

    # An older name; it goes with 1.0.
    put_right = restore

    def __str__(self) -> str:
        return "\n".join(
            f"{exercise.number:>2} {exercise.fault.id:<17} {exercise.fault.title}" for exercise in self.faults
        )
