"""The account and role diagram: two accounts, who assumes what, and the numbered links with their state.

The text comes first: title, accounts, boxes and links are data; `.text`, `.alt` and `.dot` are three ways to say them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from xsfn_helpers.chain.links import LINK_NUMBERS, Actor, Link, Node, chain
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import listed, mark, tr
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.display.full_width import padded
from xsfn_helpers.display.palette import LinkState, legend
from xsfn_helpers.display.pictures.boxes import NOT_MADE, RUNS_AS, Box, boxes, title_of
from xsfn_helpers.display.pictures.picture import Picture

__all__ = ["Diagram", "LinkState"]


@dataclass(frozen=True, slots=True)
class Diagram(Picture):
    """The access chain of `scenario` as a picture and as text.

    `states` gives each link's state (PENDING where none is given), `notes` a short remark on a link, `absent` the boxes
    that aren't made yet. Raises `XsfnError` for a link number that doesn't exist.
    """

    scenario: Scenario
    states: Mapping[int, LinkState] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)
    title: str = mark("Access chain of a cross-account run")
    absent: Collection[Node] = frozenset()

    def __post_init__(self) -> None:
        for what, numbers in (("states", self.states), ("notes", self.notes)):
            if unknown := sorted(set(numbers) - set(LINK_NUMBERS)):
                links = ", ".join(map(str, LINK_NUMBERS))
                raise XsfnError(
                    tr("There is no link {number!r}.", number=unknown[0]),
                    where=f"diagram {what}",
                    fix=tr("The links are {links}.", links=links),
                )

    @property
    def heading(self) -> str:
        """The title on one line, as the reader is told it."""
        return one_line(tr(self.title))

    @property
    def links(self) -> tuple[Link, ...]:
        return chain(self.scenario)

    def state(self, link: Link) -> LinkState:
        return self.states.get(link.number, LinkState.PENDING)

    def boxes(self, side: Side) -> tuple[Box, ...]:
        """What lives in one account, roles before the machines that run as them."""
        return boxes(self.scenario, side, absent=self.absent)

    @property
    def text(self) -> str:
        """The whole picture in words, one line per box and per link; the same for the same input."""
        lines = [self.heading]
        for side in Side:
            lines.append(f"  {self.scenario.account(side)}")
            for box in self.boxes(side):
                runs_as = tr(", runs as {role}", role=title_of(RUNS_AS[box.node])) if box.node in RUNS_AS else ""
                missing = "" if box.made else f" ({tr(NOT_MADE)})"
                lines.append(f"    {box.title}: {box.name}{runs_as}{missing}")
        lines.append("  " + tr("Links"))
        lines.extend(f"    {self._link_line(link)}" for link in self.links)
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """What the picture says, as running text for a screen reader."""
        accounts = [
            tr("In {account}: {boxes}.", account=self.scenario.account(side), boxes=listed(map(_spoken, boxes)))
            for side, boxes in ((side, self.boxes(side)) for side in Side)
        ]
        links = [
            tr(
                "Link {number}, {state}: {asker} requests {action} on {target}.",
                number=link.number,
                state=self.state(link).word,
                asker=asker_title(link),
                action=link.action,
                target=title_of(link.target),
            )
            + (tr(" Note: {note}.", note=note) if (note := self.note(link)) else "")
            for link in self.links
        ]
        return " ".join([tr("{title}.", title=self.heading), *accounts, *links])

    @property
    def legend(self) -> str:
        """How the states are drawn, in words."""
        return legend()

    def _link_line(self, link: Link) -> str:
        external_id = link.context.get("sts:ExternalId")
        sent = tr(" with external ID {external_id}", external_id=external_id) if external_id is not None else ""
        decided = tr("decided by {deciders}", deciders=listed(map(str, link.deciders)))
        state, note = padded(self.state(link).marked, 11), self.note(link)
        way = f"{asker_title(link)} → {link.action} → {title_of(link.target)}"
        return f"{link.number} {state} {way}{sent} | {decided}{f' | {note}' if note else ''}"

    def note(self, link: Link) -> str:
        """What is said beside a link's state: what decided it, or why nothing did."""
        return one_line(tr(self.notes.get(link.number, ""))).rstrip(".。")


def asker_title(link: Link) -> str:
    """Who asks for a link, by the article's name."""
    match link.asker:
        case Actor.OPERATOR_ROLE:
            return title_of(Node.OPERATOR_ROLE)
        case Actor.EXECUTE_ROLE:
            return title_of(Node.EXECUTE_ROLE)
        case Actor.STEP_FUNCTIONS | Actor.LAMBDA:
            return link.asker.value


def _spoken(box: Box) -> str:
    if box.made:
        return f"{box.title} ({box.name})"
    return tr("{title} ({name}, doesn't exist yet)", title=box.title, name=box.name)
