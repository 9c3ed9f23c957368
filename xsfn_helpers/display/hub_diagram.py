"""One Operator and its Subject accounts in one picture, one spoke each; the text comes first, as with `Diagram`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from xsfn_helpers.chain import Link, Node, chain
from xsfn_helpers.checks import Report
from xsfn_helpers.display.boxes import TITLES
from xsfn_helpers.display.figure import figure_html
from xsfn_helpers.display.markup import one_line
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.scenario import Account, Scenario
from xsfn_helpers.targets import Target
from xsfn_helpers.verdicts import Verdict

# Link 1 is the Operator's own; the others are each spoke's.
OPERATORS_LINK = 1


@dataclass(frozen=True, slots=True)
class SpokePicture:
    """One Subject account: the links that end there, the state of each, and what a run came to, if there was one."""

    account: Account
    links: tuple[Link, ...]
    states: Mapping[int, LinkState] = field(default_factory=dict)
    note: str = ""

    def state(self, link: Link) -> LinkState:
        return self.states.get(link.number, LinkState.PENDING)

    @property
    def refused(self) -> tuple[Link, ...]:
        return tuple(link for link in self.links if self.state(link) is LinkState.REFUSED)


@dataclass(frozen=True, slots=True)
class HubDiagram:
    """The Operator of `scenario` and its spokes, as a picture that stays readable with ten of them, and as text."""

    scenario: Scenario
    spokes: tuple[SpokePicture, ...]
    title: str = ""

    @property
    def heading(self) -> str:
        if self.title:
            return one_line(self.title)
        count = len(self.spokes)
        return "One Operator, one Subject account" if count == 1 else f"One Operator, {count} Subject accounts"

    @property
    def operators_link(self) -> Link:
        return chain(self.scenario)[OPERATORS_LINK - 1]

    @property
    def operators_state(self) -> LinkState:
        """Link 1 is the same for every spoke."""
        return self.spokes[0].states.get(OPERATORS_LINK, LinkState.PENDING) if self.spokes else LinkState.PENDING

    @property
    def meanings(self) -> tuple[str, ...]:
        """What each number stands for, in every spoke alike."""
        return tuple(link_words(link) for link in self.spokes[0].links) if self.spokes else ()

    @property
    def text(self) -> str:
        """The whole picture in words, one line per spoke and link; the same for the same input."""
        lines = [self.heading, f"  {self.scenario.operator}"]
        lines.append(f"    {self.scenario.operator_machine_name}, runs as {self.scenario.operator_role_name}")
        link = self.operators_link
        lines.append(f"    {link.number} {self.operators_state.marked} {link.asker} → {link.action} → Operator role")
        lines.append("  The links of each Subject account")
        lines += [f"    {meaning}" for meaning in self.meanings]
        for spoke in self.spokes:
            states = "  ".join(f"{link.number} {spoke.state(link).marked}" for link in spoke.links)
            note = f"  | {one_line(spoke.note)}" if spoke.note else ""
            lines.append(f"  {spoke.account}: {states}{note}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    @property
    def alt(self) -> str:
        """What the picture says, as running text for a screen reader."""
        link = self.operators_link
        said = [
            f"{self.heading}.",
            f"{self.scenario.operator} holds {self.scenario.operator_machine_name}, which runs as "
            f"{self.scenario.operator_role_name}.",
            f"Link {link.number}, {self.operators_state}: {link.asker} asks for {link.action} on the Operator role.",
            f"Each Subject account has these links: {'; '.join(self.meanings)}.",
        ]
        for spoke in self.spokes:
            states = ", ".join(f"link {link.number} {spoke.state(link)}" for link in spoke.links)
            said.append(f"{spoke.account}: {states}." + (f" {one_line(spoke.note)}." if spoke.note else ""))
        return " ".join(said)

    @property
    def dot(self) -> str:
        """The picture's source in the DOT language."""
        from xsfn_helpers.display.hub_dot import dot_source

        return dot_source(self)

    def svg(self) -> str:
        """The picture. Raises `NoDotProgram`, which says how to install Graphviz, where nothing can draw it."""
        from xsfn_helpers.display.render import svg_from_dot

        return svg_from_dot(self.dot, title=self.heading, description=self.alt)

    @property
    def legend(self) -> str:
        return "; ".join(f"{state.marked}: {state.look.in_words}" for state in LinkState)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        html = figure_html(self.svg, alt=self.alt, caption=f"{self.legend}.", text=self.text)
        return {"text/html": html, "text/plain": self.text}


def spoke_picture(
    scenario: Scenario,
    targets: Sequence[Target],
    verdicts: Iterable[Verdict],
    report: Report | None = None,
    note: str = "",
) -> SpokePicture:
    """A spoke as the stored policies decide its links; a `report` adds which link a real run found refused."""
    states = {
        verdict.link.number: LinkState.ALLOWED if verdict.allowed else LinkState.REFUSED
        for verdict in verdicts
        if verdict.missing is None
    }
    failed = [check for check in report or () if not check.passed]
    links = tuple(link for link in chain(scenario, targets) if link.number != OPERATORS_LINK)
    return SpokePicture(scenario.subject, links, states, note or (failed[0].evidence if failed else ""))


def link_words(link: Link) -> str:
    """`3 SubjectStateMachine ExecuteRole → lambda:InvokeFunction → function subject-function`"""
    askers = {Node.EXECUTE_ROLE.value: "execute role", Node.OPERATOR_ROLE.value: "Operator role"}
    target = link.thing or _SHORT.get(link.target, TITLES.get(link.target, link.target.value))
    return f"{link.number} {askers.get(link.asker.value, link.asker.value)} → {link.action} → {target}"


_SHORT = {
    Node.EXECUTE_ROLE: "execute role",
    Node.SUBJECT_ROLE: "Subject role",
    Node.SUBJECT_MACHINE: "Subject state machine",
    Node.SUBJECT_EXECUTION: "Subject execution",
}
