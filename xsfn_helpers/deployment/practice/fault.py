"""One fault as data: what is told of it, what it does to the setup, and what helps to find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.language import tr

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


class Act(Protocol):
    """Something done to the two accounts that is more than replacing a document. Can be repeated."""

    def apply(self, deployment: Deployment) -> None:
        """Do it. Raises `StepError` when AWS denies."""
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
    TO_A_STRANGER = "runs succeed, and so does a call that must be denied"
    TO_A_SECOND_MACHINE = "runs succeed, and so does a second state machine that sends the right external ID"
    FOR_A_MOMENT = "a run fails while a change hasn't propagated"


@dataclass(frozen=True, slots=True)
class Words:
    """What is told of a fault, as it stands in the catalogues; `names` are the values of its `{names}`.

    `title` and `story` say what people see without giving the fault away. `where` is the place to look at (empty where
    nothing is wrong). `source` is the page, or the article's stage, behind `rule`.
    """

    title: str
    story: str
    nudge: str
    rule: str
    where: str
    source: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the complete setup.

    `words` are told in the reader's language by the properties of the same names. `links` are the links of the access
    chain that it breaks. `documents` are the ones that it leaves behind, by the names that `lab.using` takes; `before`
    and `after` are done before and after these are saved. The solution is `repairs`, then the recommended text for each
    document in `documents` and in `save_again`.
    """

    id: str
    words: Words
    links: tuple[int, ...]
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
    def title(self) -> str:
        return self._told(self.words.title)

    @property
    def story(self) -> str:
        return self._told(self.words.story)

    @property
    def nudge(self) -> str:
        return self._told(self.words.nudge)

    @property
    def rule(self) -> str:
        return self._told(self.words.rule)

    @property
    def where(self) -> str:
        return self._told(self.words.where)

    @property
    def source(self) -> str:
        return self._told(self.words.source)

    @property
    def touched(self) -> tuple[str, ...]:
        """The documents that a solution saves."""
        return (*self.documents, *self.save_again)

    def _told(self, text: str) -> str:
        return tr(text, **self.words.names)
