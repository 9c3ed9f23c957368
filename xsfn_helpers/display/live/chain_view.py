"""What the live diagram shows, as plain data: boxes, links with their decisions, and the run that goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from xsfn_helpers.chain.links import Link, Node
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.display.live.role_view import RoleView, role_views
from xsfn_helpers.display.markup import sentence
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.display.pictures.boxes import ROLES
from xsfn_helpers.display.pictures.chain_picture import picture
from xsfn_helpers.display.pictures.diagram import Diagram, asker_title
from xsfn_helpers.iam.explain import inferred_label


@dataclass(frozen=True, slots=True)
class BoxView:
    """One box; `id` is how links name it."""

    id: str
    title: str
    name: str
    is_role: bool
    made: bool


@dataclass(frozen=True, slots=True)
class AccountView:
    side: str
    title: str
    boxes: tuple[BoxView, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """One link and its decision: the state in a word, who asks for what, what decided, what would change it."""

    number: int
    state: str
    word: str
    asker: str
    asker_title: str
    action: str
    target: str
    target_title: str
    extra: str
    facts: tuple[Fact, ...]
    outcome: str
    sentence: str
    sentence_label: str
    change: str
    tried: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One event of a run that belongs to a link."""

    key: str
    link: int
    broken: bool


@dataclass(frozen=True, slots=True)
class TrailView:
    """A run on its way through the links. `at` is the link it waits at, 0 for none."""

    run: str
    operator: str
    subject: str
    ended: bool
    at: int
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class ChainView:
    """Everything the front end draws. `fault` tells why the accounts couldn't be read, "" when they could."""

    title: str
    accounts: tuple[AccountView, ...]
    links: tuple[LinkView, ...]
    roles: tuple[RoleView, ...]
    run: TrailView | None
    said: str
    fault: str
    legend: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def box_id(node: Node) -> str:
    return node.value.lower().replace(" ", "-")


def chain_view(
    standing: ChainSnapshot, *, report: Report | None = None, run: Run | None = None, said: str = "", fault: str = ""
) -> ChainView:
    """What to show of both accounts as they stand, what was tried of them, and the run that goes on.

    Of a run beside evaluations that are withheld, only how it ended is shown.
    """
    diagram = picture(standing, report)
    tried = {check.id: check.evidence for check in report or ()}
    return ChainView(
        title=diagram.heading,
        accounts=tuple(_account(diagram, side) for side in Side),
        links=tuple(_link(diagram, verdict, tried) for verdict in standing.verdicts),
        roles=role_views(standing),
        run=_trail(standing, run) if run else None,
        said=said,
        fault=fault,
        legend=diagram.legend,
    )


def _trail(standing: ChainSnapshot, run: Run) -> TrailView:
    shown = trail(run)
    return replace(shown, steps=(), at=0) if standing.is_withheld else shown


def trail(run: Run) -> TrailView:
    """The links that `run` has passed, in order, and the one that it waits at."""
    steps = tuple(
        StepView(
            key=f"{event.side}-{event.event_id}",
            link=event.link,
            broken=event.failed and event.link == run.broken_link,
        )
        for event in run.events
        if event.link is not None
    )
    waits = not run.ended and steps
    # Between TaskSubmitted and the end of the task, the Operator polls.
    at = (4 if run.subject_execution_arn else steps[-1].link) if waits else 0
    return TrailView(
        run=run.operator_execution_arn,
        operator=run.status,
        subject=run.subject_status or "",
        ended=run.ended,
        at=at,
        steps=steps,
    )


def run_in_words(run: Run, *, and_where: bool = True) -> str:
    """How far a run has got, in a line, `and_where` it was denied."""
    if not run.ended:
        return tr("A run goes on")
    if run.broken_link and and_where:
        return tr("The run was denied at link {link}", link=run.broken_link)
    return tr(
        "The run ended: Operator {operator}, Subject {subject}",
        operator=run.status,
        subject=run.subject_status or tr("never started"),
    )


def _account(diagram: Diagram, side: Side) -> AccountView:
    boxes = tuple(
        BoxView(box_id(box.node), box.title, box.name, box.node in ROLES, box.made) for box in diagram.boxes(side)
    )
    return AccountView(side.value, str(diagram.scenario.account(side)), boxes)


def _link(diagram: Diagram, verdict: Verdict, tried: dict[str, str]) -> LinkView:
    link = verdict.link
    state = diagram.state(link)
    decision = verdict.decision
    target = next(box.title for side in Side for box in diagram.boxes(side) if box.node is link.target)
    return LinkView(
        number=link.number,
        state=state.name.lower(),
        word=tr("… hidden") if verdict.withheld else state.marked,
        asker=link.asker.value.lower().replace(" ", "-"),
        asker_title=asker_title(link),
        action=link.action,
        target=box_id(link.target),
        target_title=target,
        extra=tr("with external ID") if "sts:ExternalId" in link.context else "",
        facts=tuple(_facts(link)),
        outcome=_outcome(diagram, verdict, state),
        sentence=decision.sentence if decision else "",
        sentence_label=inferred_label(decision) if decision else "",
        change="" if state is LinkState.ALLOWED else verdict.hint,
        tried=tried.get(f"{link.id}.live", ""),
    )


def _outcome(diagram: Diagram, verdict: Verdict, state: LinkState) -> str:
    if state is LinkState.REFUSED and verdict.allowed:
        return tr("The policies allow it, but it was denied when it was tried.")
    if verdict.missing is not None:
        # Nothing was requested, so nothing was denied.
        return sentence(diagram.note(verdict.link))
    return sentence(verdict.evidence)


def _facts(link: Link) -> list[Fact]:
    return [
        Fact(tr("Principal"), f"{asker_title(link)} ({link.principal})"),
        Fact(tr("For what"), link.action),
        Fact(tr("On what"), link.resource),
        *([Fact(tr("External ID"), link.context["sts:ExternalId"])] if "sts:ExternalId" in link.context else []),
        Fact(tr("When"), link.when),
        Fact(tr("Decided by"), listed(map(str, link.deciders))),
    ]
