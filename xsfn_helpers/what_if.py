"""What documents would do to the access chain, as data and in words: the documents, the links, who else gets in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from xsfn_helpers.checks import Check
from xsfn_helpers.judged_document import JudgedDocument, warning_line
from xsfn_helpers.language import listed, mark, tr
from xsfn_helpers.policy_diff import same_each_time
from xsfn_helpers.standing import Standing
from xsfn_helpers.verdicts import Verdict

if TYPE_CHECKING:
    from xsfn_helpers.display.diagram import Diagram


class Turn(StrEnum):
    """What becomes of a link."""

    BREAKS = mark("would break")
    OPENS = mark("would be allowed")
    STAYS_ALLOWED = mark("stays allowed")
    STAYS_REFUSED = mark("stays refused")
    NOT_MADE = mark("can't be judged yet")
    NOT_ASKED = mark("would not be asked")
    AT_RUN_TIME = mark("would be known only at run time")

    @property
    def changes(self) -> bool:
        return self in (Turn.BREAKS, Turn.OPENS, Turn.NOT_ASKED, Turn.AT_RUN_TIME)

    @property
    def is_open(self) -> bool:
        """Whether it can't be said that the link would be allowed, nor that it would be refused."""
        return self in (Turn.NOT_MADE, Turn.NOT_ASKED, Turn.AT_RUN_TIME)


@dataclass(frozen=True, slots=True)
class Effect:
    """One link as the accounts stand, and as it would be: `turn`, and `evidence` for it.

    `after` is None where the definition leaves nothing to decide; `hint` says what would turn a refusal into an allow.
    """

    before: Verdict
    after: Verdict | None
    turn: Turn
    evidence: str
    hint: str = ""

    @property
    def number(self) -> int:
        return self.before.link.number

    @property
    def words(self) -> str:
        """`would break: refused because …`, `stays allowed by …`."""
        state = self.turn.rpartition(" ")[2]
        if self.evidence.startswith(f"{state} "):
            return f"{self.turn}{self.evidence.removeprefix(state)}"  # English alone can say both in one
        # Without a role nobody has refused anything yet.
        evidence = (
            self.evidence.removeprefix(tr("refused: {words}", words=""))
            if self.turn is Turn.NOT_MADE
            else self.evidence
        )
        return f"{tr(self.turn)}: {evidence}"

    @property
    def now(self) -> str:
        """What decides the link as the accounts stand."""
        return same_each_time(self.before.evidence)

    @property
    def mark(self) -> str:
        if self.turn.is_open:
            return "…"
        return "✓" if self.after is not None and self.after.allowed else "✗"


@dataclass(frozen=True, slots=True)
class Risk:
    """A limit that the policies wouldn't keep: who else would get in. `is_new` tells that they keep it today."""

    check: Check
    is_new: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the documents would do to the chain. Nothing is applied.

    Of a document that AWS would refuse nothing comes: the links stay as they are.
    """

    standing: Standing
    documents: tuple[JudgedDocument, ...]
    effects: tuple[Effect, ...]
    risks: tuple[Risk, ...]
    notes: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether AWS would take every document."""
        return all(document.accepted for document in self.documents)

    @property
    def broken(self) -> tuple[int, ...]:
        """The links that are allowed today and wouldn't be."""
        return self._that(Turn.BREAKS)

    @property
    def opened(self) -> tuple[int, ...]:
        """The links that aren't allowed today and would be."""
        return self._that(Turn.OPENS)

    def _that(self, turn: Turn) -> tuple[int, ...]:
        return tuple(effect.number for effect in self.effects if effect.turn is turn)

    @property
    def headline(self) -> str:
        """The outcome in one sentence."""
        if not self.accepted:
            return tr("AWS would refuse this, so nothing would change.")
        turns = (Turn.BREAKS, Turn.OPENS, Turn.NOT_ASKED, Turn.AT_RUN_TIME)
        parts = [
            tr("{links} {turn}", links=_links(numbers), turn=tr(turn))
            for turn in turns
            if (numbers := self._that(turn))
        ]
        if any(risk.is_new for risk in self.risks):
            parts.append(tr("it would let in more than the chain needs"))
        if not parts:
            return tr("No link would change.")
        sentence = listed(parts)
        return tr("{sentence}.", sentence=f"{sentence[:1].upper()}{sentence[1:]}")

    @property
    def text(self) -> str:
        """Everything, in words: the same for the same documents and policies."""
        names = ", ".join(document.name.replace("_", " ") for document in self.documents)
        return "\n".join(
            [
                tr("What if, nothing applied: {documents}", documents=names or tr("nothing changed")),
                f"  {self.headline}",
                *self._lines(),
            ]
        )

    def __str__(self) -> str:
        return self.text

    @property
    def diagram(self) -> Diagram:
        """The access chain as it would be; a link that would change says how."""
        from xsfn_helpers.display.what_if_report import what_if_diagram

        return what_if_diagram(self)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from xsfn_helpers.display.what_if_report import what_if_html

        return {"text/html": what_if_html(self), "text/plain": self.text}

    def _lines(self) -> Iterator[str]:
        yield from (f"  {note}" for note in self.notes)
        for document in self.documents:
            yield f"  {document.title}"
            yield f"    {document.verdict}"
            yield from (f"    ! {warning_line(warning)}" for warning in document.warnings)
            if document.differs:
                yield tr("    Beside the recommended one (- recommended, + here):")
                yield from (f"      {line}" for line in document.differs)
        yield tr("  Links")
        for effect in self.effects:
            yield f"    {effect.number} {effect.mark} {effect.words}"
            if effect.turn.changes:
                yield tr("        Now: {now}", now=effect.now)
            if effect.hint:
                yield f"        {effect.hint}"
        if self.risks:
            yield tr("  Lets in more than the chain needs")
            for risk in self.risks:
                line = f"    ✗ {risk.check.title}: {risk.check.evidence}"
                yield line if risk.is_new else tr("{line} (today already)", line=line)
                yield f"        {risk.check.hint}"


def _links(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return tr("link {number}", number=numbers[0])
    return tr("links {numbers}", numbers=listed(map(str, numbers)))
