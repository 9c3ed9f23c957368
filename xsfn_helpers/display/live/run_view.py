"""What the live timeline shows, as plain data: both executions on one axis of time, and how they ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.checks.run_evidence import RUN_LINKS
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.display.live.chain_view import Fact

_NEVER_STARTED: Final = mark("never started")


@dataclass(frozen=True, slots=True)
class EventView:
    """One event; `at` is milliseconds since the first."""

    key: str
    side: str
    type: str
    at: int
    link: int
    failed: bool
    summary: str


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """One execution's bar on the axis; `start` is -1 before it has started, `end` -1 before it has ended.

    `word` is its `status` as the reader is told it.
    """

    side: str
    title: str
    status: str
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything the front end draws. `stop` is what its button offers: "stop", "stop-child" or nothing."""

    title: str
    executions: tuple[ExecutionView, ...]
    events: tuple[EventView, ...]
    passed: int
    links: int
    ended: bool
    stop: str
    said: str
    trouble: str
    why: tuple[Fact, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def run_view(run: Run, *, stop: str, said: str, refused: Verdict | None = None) -> RunView:
    """What to show of `run`; `refused` is the verdict on the link that broke it."""
    start = run.events[0].timestamp if run.events else None

    def milliseconds(event: Any) -> int:
        return round((event.timestamp - start).total_seconds() * 1000) if start else 0

    events = tuple(
        EventView(
            key=f"{event.side}-{event.event_id}",
            side=event.side.value,
            type=event.type,
            at=milliseconds(event),
            link=event.link or 0,
            failed=event.failed,
            summary=event.summary,
        )
        for event in run.events
    )
    passed = {event.link for event in events if not event.failed} - {run.broken_link}
    statuses = {Side.OPERATOR: run.status, Side.SUBJECT: run.subject_status or _NEVER_STARTED}
    return RunView(
        title=tr("Both executions on one axis of time"),
        executions=tuple(_execution(side, statuses[side], events, run) for side in Side),
        events=events,
        passed=len(passed & set(RUN_LINKS)),
        links=len(RUN_LINKS),
        ended=run.ended and run.subject_status != "RUNNING",
        stop=stop,
        said=said,
        trouble=_trouble(run),
        why=_why(run, refused),
    )


def _execution(side: Side, status: str, events: tuple[EventView, ...], run: Run) -> ExecutionView:
    own = [event.at for event in events if event.side == side.value]
    running = status == "RUNNING"
    return ExecutionView(
        side=side.value,
        title=str(run.environment.scenario.account(side)),
        status=status,
        word=tr(status),
        start=own[0] if own else -1,
        end=own[-1] if own and not running else -1,
    )


def _trouble(run: Run) -> str:
    if not run.ended or run.succeeded:
        return ""
    if run.broken_link:
        return tr("Denied at link {link} of the access chain", link=run.broken_link)
    return tr("The Operator execution ended {status}", status=run.status)


def _why(run: Run, refused: Verdict | None) -> tuple[Fact, ...]:
    facts = []
    if run.error or run.cause:
        words = next((event.summary for event in reversed(run.events) if event.failed and event.summary), "")
        facts.append(Fact(tr("AWS says"), words or run.error or ""))
    if refused is not None:
        facts.append(Fact(tr("The policies say"), tr("{line}.", line=refused.evidence)))
        if refused.hint:
            facts.append(Fact(tr("What would help"), refused.hint))
    return tuple(facts)
