"""One fault as data: what is told of it, what it does to the set-up, and what helps to find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from xsfn_helpers.documents import Document

if TYPE_CHECKING:
    from xsfn_helpers.lab import Lab


class Act(Protocol):
    """Something done to the two accounts that is more than replacing a document. Can be repeated."""

    def apply(self, lab: Lab) -> None:
        """Do it. Raises `StepError` when AWS refuses."""
        ...


class Repair(Act, Protocol):
    """An act that is part of a solution, so that the reader can be shown it as code."""

    @property
    def code(self) -> str:
        """Python for a notebook's cell; `lab` is the lab."""
        ...


class Shows(Enum):
    """Where a fault shows."""

    IN_A_RUN = "a run fails"
    WHEN_STOPPED = "a run that is stopped leaves the Subject execution running"
    WHEN_SAVED = "the Subject state machine can't be saved any more"
    TO_A_STRANGER = "runs succeed, and so does a call that must be refused"
    FOR_A_MOMENT = "a run fails while IAM hasn't spread a change"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the complete set-up.

    `title` and `story` say what people see without giving the fault away. `links` are the links of the access chain
    that it breaks; `where` is the place to look at (empty where nothing is wrong). `documents` are the ones that it
    leaves behind, by the names that `lab.using` takes; `before` and `after` are done before and after these are saved.
    The solution is `repairs`, then the recommended text for each document in `documents` and in `save_again`.
    `source` is the page, or the article's stage, behind `rule`.
    """

    id: str
    title: str
    story: str
    links: tuple[int, ...]
    nudge: str
    rule: str
    where: str
    source: str
    documents: Mapping[str, Document] = field(default_factory=dict)
    before: tuple[Act, ...] = ()
    after: tuple[Act, ...] = ()
    repairs: tuple[Repair, ...] = ()
    save_again: tuple[str, ...] = ()
    shows: Shows = Shows.IN_A_RUN
    # The Operator state machine that people start, where it isn't the scenario's.
    started: str | None = None
    # Whether a repair must leave the Operator role its permissions boundary.
    keeps_boundary: bool = False

    @property
    def touched(self) -> tuple[str, ...]:
        """The documents that a solution saves."""
        return (*self.documents, *self.save_again)
