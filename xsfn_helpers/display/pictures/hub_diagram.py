"""One Operator and its Subject accounts in one picture, one spoke each; the text comes first, as with `Diagram`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from xsfn_helpers.chain.links import Link, Node, chain
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Account, Scenario
from xsfn_helpers.chain.targets import Target
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.language import tr, tr_n
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.display.palette import LinkState, legend
from xsfn_helpers.display.pictures.picture import Picture

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
class HubDiagram(Picture):
    """The Operator of `scenario` and its spokes, as a picture that stays readable with ten of them, and as text."""

    scenario: Scenario
    spokes: tuple[SpokePicture, ...]
    title: str = ""

    @property
    def heading(self) -> str:
        if self.title:
            return one_line(tr(self.title))
        return tr_n("One Operator, one Subject account", "One Operator, {count} Subject accounts", len(self.spokes))

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
        runs_as = tr(", runs as {role}", role=self.scenario.operator_role_name)
        lines.append(f"    {self.scenario.operator_machine_name}{runs_as}")
        link = self.operators_link
        way = f"{tr(link.asker)} → {link.action} → {tr(Node.OPERATOR_ROLE)}"
        lines.append(f"    {link.number} {self.operators_state.marked} {way}")
        lines.append("  " + tr("The links of each Subject account"))
        lines += [f"    {meaning}" for meaning in self.meanings]
        for spoke in self.spokes:
            states = "  ".join(f"{link.number} {spoke.state(link).marked}" for link in spoke.links)
            note = f"  | {one_line(spoke.note)}" if spoke.note else ""
            lines.append(f"  {spoke.account}: {states}{note}")
        return "\n".join(lines)

    @property
    def alt(self) -> str:
        """What the picture says, as running text for a screen reader."""
        link = self.operators_link
        said = [
            tr("{title}.", title=self.heading),
            tr(
                "In {account}: {machine}, which runs as {role}.",
                account=self.scenario.operator,
                machine=self.scenario.operator_machine_name,
                role=self.scenario.operator_role_name,
            ),
            tr(
                "Link {number}, {state}: {asker} requests {action} on the Operator role.",
                number=link.number,
                state=self.operators_state.word,
                asker=tr(link.asker),
                action=link.action,
            ),
            tr("Each Subject account has these links: {links}.", links="; ".join(self.meanings)),
        ]
        for spoke in self.spokes:
            states = tr(", ").join(
                tr("link {number} {state}", number=link.number, state=spoke.state(link).word) for link in spoke.links
            )
            said.append(tr("{account}: {states}.", account=spoke.account, states=states))
            if spoke.note:
                said.append(tr("{note}.", note=one_line(spoke.note)))
        return " ".join(said)

    @property
    def legend(self) -> str:
        return legend()


def spoke_picture(
    scenario: Scenario,
    targets: Sequence[Target],
    verdicts: Iterable[Verdict],
    report: Report | None = None,
    note: str = "",
) -> SpokePicture:
    """A spoke as the stored policies decide its links; a `report` adds which link a real run found denied."""
    states = {
        verdict.link.number: LinkState.ALLOWED if verdict.allowed else LinkState.REFUSED
        for verdict in verdicts
        if verdict.missing is None
    }
    failed = [check for check in report or () if not check.passed]
    links = tuple(link for link in chain(scenario, targets) if link.number != OPERATORS_LINK)
    return SpokePicture(scenario.subject, links, states, note or (failed[0].evidence if failed else ""))


def link_words(link: Link) -> str:
    """`3 execute role → lambda:InvokeFunction → function subject-function`"""
    target = link.thing or tr(link.target)
    return f"{link.number} {tr(link.asker)} → {link.action} → {target}"
