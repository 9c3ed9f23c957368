"""One fault in the reader's hands: broken for real, looked at, helped with, repaired and judged."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xsfn_helpers.chain import LINK_NUMBERS, chain
from xsfn_helpers.checks import Report
from xsfn_helpers.documents import Document
from xsfn_helpers.errors import ConfigError, StepError
from xsfn_helpers.faults.fault import Fault
from xsfn_helpers.faults.hints import Hint, hint
from xsfn_helpers.faults.proof import prove
from xsfn_helpers.faults.scene import Scene, scene
from xsfn_helpers.faults.score import ANSWER_LEVEL, Attempt, Record
from xsfn_helpers.faults.stored_documents import read_document, right_document, save_documents
from xsfn_helpers.faults.symptoms import Symptom, observe
from xsfn_helpers.language import mark, tr
from xsfn_helpers.scenario import Side

if TYPE_CHECKING:
    from xsfn_helpers.faults.practice import Practice
    from xsfn_helpers.lab import Lab

_IN_DISGUISE = mark("Somebody changed something in the complete set-up. Nobody says what.")


@dataclass(frozen=True, slots=True)
class Notice:
    """A few lines for the reader."""

    text: str

    def __str__(self) -> str:
        return self.text

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self.text)


@dataclass(frozen=True, slots=True)
class Guess:
    """What came of a guess at the broken link."""

    link: int
    right: bool
    text: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return f"{'✓' if self.right else '✗'} {self.text}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))


@dataclass(frozen=True, slots=True)
class Solution:
    """What was done to repair the fault, and the rule behind it."""

    title: str
    rule: str
    source: str
    exact: Hint

    def __str__(self) -> str:
        told = tr("{title}: repaired. {rule} [{source}]", title=self.title, rule=self.rule, source=self.source)
        return f"{told}\n{self.exact}"

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from xsfn_helpers.display.practice import solution_html

        return {"text/html": solution_html(self), "text/plain": str(self)}


@dataclass(frozen=True, slots=True)
class Exercise:
    """One fault of a practice. Break it, look at the symptom, find the link, repair, check.

    Everything but `break_it` raises `StepError` while another fault, or none, is in place.
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

    def break_it(self) -> Notice:
        """Set everything up as it should be, then break it. Again gives the same, with all help forgotten."""
        with self._lab.turn():
            self.practice.put_right()
            for act in self.fault.before:
                act.apply(self._lab)
            save_documents(self._lab.ground, self._lab.blueprint, self.fault.documents)
            for act in self.fault.after:
                act.apply(self._lab)
            self._keep(attempt=Attempt(self.fault.id, time.time(), disguised=self.disguised))
        next_step = tr("It is broken now: fault.symptom() shows what people see.")
        return Notice(f"{self}\n{next_step}")

    def symptom(self) -> Symptom:
        """What people see, from a real run, in AWS's own words."""
        with self._lab.turn():
            self._attempt()
            return observe(self._lab, self.fault, tr("{title}: what people see", title=self.title))

    def look(self, side: Side | str | None = None) -> Scene:
        """Everything that is stored in both accounts, or in the one named: roles with all their policies, machines."""
        sides = tuple(Side) if side is None else (_side(side),)
        return scene(self._lab.ground, sides)

    def guess(self, link: int) -> Guess:
        """Say which link of the access chain is broken. Costs nothing. Raises `ConfigError` for a link there isn't."""
        self._attempt()
        if link not in LINK_NUMBERS:
            raise ConfigError(
                tr("There is no link {link!r}.", link=link),
                fix=tr("The links are {links}.", links=tr(", ").join(map(str, LINK_NUMBERS))),
            )
        named = str(chain(self._lab.scenario)[link - 1])
        if link in self.fault.links:
            return Guess(link, True, tr("Yes, it is link {link}", link=named))
        return Guess(
            link,
            False,
            tr("Not link {link}. Who asked last, for what, and of whom? The symptom's last lines say it.", link=named),
        )

    def hint(self, level: int | None = None) -> Hint:
        """The next of three levels of help, or a certain one: a nudge, the rule, the exact change."""
        with self._lab.turn():
            attempt = self._attempt()
            wanted = min(attempt.hints + 1, ANSWER_LEVEL) if level is None else level
            given = hint(self._lab, self.fault, wanted)
            if wanted > attempt.hints:
                self._keep(attempt=replace(attempt, hints=wanted))
        return given

    def document(self, name: str) -> Document:
        """One of the documents as it is stored, to be edited and given to `repair`: a name that `lab.using` takes."""
        return read_document(self._lab.ground, name)

    def repair(self, **documents: str | Mapping[str, Any]) -> Notice:
        """Save documents to IAM and Step Functions, as JSON text or mapping, under the names that `lab.using` takes.

        Raises `PolicyError` or `ConfigError` for one that AWS would refuse, and `StepError` when AWS refuses; none is
        saved then that comes after.
        """
        with self._lab.turn():
            self._attempt()
            save_documents(self._lab.ground, self._lab.blueprint, documents)
        return Notice(tr("Saved: {names}. fault.check() says whether that was it.", names=tr(", ").join(documents)))

    def check(self) -> Report:
        """Whether the fault is gone, and nothing was opened in its place. Counts as a try, and keeps the score."""
        with self._lab.turn():
            self._attempt()
            checks = prove(self._lab, self.fault)
            attempt = self._attempt()
            counted = attempt if attempt.solved else replace(attempt, tries=attempt.tries + 1)
            solved = all(check.passed for check in checks)
            if solved and not attempt.solved:
                self.practice.book.write(self._record().solved(counted, at=time.time()))
            else:
                self._keep(attempt=counted)
        return Report(tr("{title}: solved", title=self._real_title) if solved else self.title, checks)

    def solve(self) -> Solution:
        """Repair it as the third hint says. The score card says that the solution was shown, unless it was solved."""
        with self._lab.turn():
            attempt = self._attempt()
            exact = hint(self._lab, self.fault, ANSWER_LEVEL)
            for repair in self.fault.repairs:
                repair.apply(self._lab)
            right = {name: right_document(self._lab.blueprint, name) for name in self.fault.touched}
            save_documents(self._lab.ground, self._lab.blueprint, right)
            if not attempt.solved:
                self._keep(attempt=replace(attempt, solution_shown=True))
        return Solution(self._real_title, self.fault.rule, self.fault.source, exact)

    def __str__(self) -> str:
        return f"{self.title}\n{self.story}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))

    @property
    def _real_title(self) -> str:
        """What a surprise shows once it is solved."""
        return tr("Fault {number} · {title}", number=self.number, title=self.fault.title)

    @property
    def _lab(self) -> Lab:
        return self.practice.lab

    def _record(self) -> Record:
        return self.practice.book.read()

    def _attempt(self) -> Attempt:
        """The attempt at this fault. Raises `StepError` when it isn't the one in place."""
        attempt = self._record().attempt
        if attempt is None or attempt.fault != self.fault.id:
            raise StepError(
                tr("Another fault is in place.") if attempt else tr("No fault is in place."),
                where=self.title,
                fix=tr("break_it() puts this one in place."),
            )
        return attempt

    def _keep(self, *, attempt: Attempt) -> None:
        self.practice.book.write(replace(self._record(), attempt=attempt))


def _side(name: Side | str) -> Side:
    try:
        return Side(name)
    except ValueError:
        raise ConfigError(
            tr("There is no account {name!r}.", name=name), fix=tr("They are 'operator' and 'subject'.")
        ) from None
