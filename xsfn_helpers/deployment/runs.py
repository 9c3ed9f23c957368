"""One run of the Operator state machine, followed across both accounts and told as one timeline."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import RunError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.common.renderable import Renderable, live, shown
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment.environment import Environment

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef, HistoryEventTypeDef

RUNNING: Final = "RUNNING"
SUCCEEDED: Final = "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of either execution's history, and the link of the access chain it belongs to, if any."""

    side: Side
    execution_arn: str
    event_id: int
    type: str
    timestamp: datetime
    link: int | None
    summary: str
    failed: bool

    @property
    def ending(self) -> str:
        """`✗ failed`, in the word for runs: other languages have another one for checks. Empty for any other event."""
        return "✗ " + tr("failed") if self.failed else ""


@dataclass(frozen=True, slots=True)
class Timeline(Renderable):
    """The merged events of a run, in the order given.

    The text has no times, so that it is the same for every run that goes the same way; the table has milliseconds since
    the first event.
    """

    events: Sequence[TimelineEvent]
    title: str = mark("Timeline of both executions")

    @property
    def heading(self) -> str:
        """The title on one line, as the reader is told it."""
        return one_line(tr(self.title))

    @property
    def text(self) -> str:
        """One line per event: position, side, type, link, summary; the Subject's events are set in."""
        return "\n".join([self.heading, *(_timeline_line(n, event) for n, event in enumerate(self.events, start=1))])

    def __str__(self) -> str:
        return self.text


def _timeline_line(position: int, event: TimelineEvent) -> str:
    indent = "" if event.side is Side.OPERATOR else "    "
    parts = [
        f"{position:>3} {indent}{event.side.capitalize()}: {event.type}",
        *([tr("link {number}", number=event.link)] if event.link is not None else []),
        *([event.ending] if event.failed else []),
        *([one_line(event.summary)] if event.summary else []),
    ]
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Run(Renderable):
    """An Operator execution, and the Subject execution it started, as they stood when they were last looked at.

    `input`, `output` and `subject_input` are parsed JSON; `error` and `cause` are the Operator execution's own.
    `broken_link` is the link of the chain that denied, None when none did: a Subject execution that fails by itself
    breaks no link.
    """

    operator_execution_arn: str
    subject_execution_arn: str | None
    status: str
    subject_status: str | None
    input: Any
    output: Any
    subject_input: Any
    error: str | None
    cause: str | None
    broken_link: int | None
    events: tuple[TimelineEvent, ...]
    environment: Environment = field(repr=False, compare=False)

    @property
    def ended(self) -> bool:
        return self.status != RUNNING

    @property
    def succeeded(self) -> bool:
        return self.status == SUCCEEDED

    @property
    def timeline(self) -> Timeline:
        """What happened in which account, in order."""
        return Timeline(self.events)

    @property
    def summary(self) -> RunSummary:
        """How both executions ended, without the timeline."""
        return RunSummary(self)

    def refresh(self) -> Run:
        """The run as it is now."""
        return look(self.environment, self.operator_execution_arn)

    def wait(self, *, timeout: float = 60.0, on_progress: Callable[[Run], None] | None = None) -> Run:
        """Wait until the Operator execution has ended. See `follow`."""
        return follow(self.environment, self.operator_execution_arn, timeout=timeout, on_progress=on_progress)

    def wait_until_started(self, *, timeout: float = 60.0) -> Run:
        """Wait until the Subject execution has started, or the Operator execution has ended without one.

        Raises `RunError` when neither has happened after `timeout` seconds; the run goes on.
        """

        def submitted(run: Run) -> bool:
            return run.subject_execution_arn is not None or run.ended

        pace = self.environment.accounts.pace
        run, done = pace.wait_until(submitted, self.refresh, timeout=timeout, seen=self)
        if not done:
            raise RunError(
                tr("The Operator execution has started no Subject execution within {timeout:g} s.", timeout=timeout),
                where=str(self.environment.scenario.operator),
                fix=tr("It goes on: `.wait()` waits for its end; `.stop()` stops it."),
            )
        return run

    # Older names; they go with 1.0.
    look, follow, until_submitted = refresh, wait, wait_until_started

    def watch(self) -> Any:
        """Show the run while it goes on, in the background: both histories, and a button that stops it."""
        return shown(live, self)

    def stop(self, *, error: str = "", cause: str = "stopped by hand", timeout: float = 15.0) -> Run:
        """Stop the Operator execution and wait for what becomes of both.

        Step Functions then stops the Subject execution as the execute role (link 5); where it may not, the Subject
        execution is still running when `timeout` seconds are over, and the result says so.
        """
        return stop(self.environment, self.operator_execution_arn, error=error, cause=cause, timeout=timeout)

    def __str__(self) -> str:
        lines = [tr("Operator execution: {status}", status=self.status)]
        if self.error:
            cause = stable_cause(self.cause) if self.cause else tr("no cause given")
            lines.append(f"  {self.error}: {cause}")
        if self.broken_link:
            where = (
                mark("  stopped at link {broken_link} of the access chain: nothing was denied, the resource is missing")
                if (self.error or "").endswith("DoesNotExistException")
                else mark("  denied at link {broken_link} of the access chain")
            )
            lines.append(tr(where, broken_link=self.broken_link))
        if self.subject_execution_arn:
            lines.append(
                tr("Subject execution, in the Subject account: {subject_status}", subject_status=self.subject_status)
            )
        else:
            lines.append(tr("Subject execution: never started"))
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class RunSummary(Renderable):
    """A run without its timeline, to be shown."""

    run: Run

    def __str__(self) -> str:
        return str(self.run)


@dataclass(frozen=True, slots=True)
class Looked:
    """A run as it stands now, for whoever listens to the accounts' news."""

    run: Run


def start(environment: Environment, payload: Any = None, *, name: str | None = None) -> Run:
    """Start the Operator state machine as `begin` does, and give the run as it stands then."""
    return look(environment, begin(environment, payload, name=name))


def begin(environment: Environment, payload: Any = None, *, name: str | None = None) -> str:
    """Start the Operator state machine with `payload` (anything JSON; None is an empty object); the execution's ARN.

    Step Functions names the execution when `name` is None. Raises `StepError` in AWS's words when it denies.
    """
    scenario = environment.scenario
    options: dict[str, str] = {} if name is None else {"name": name}
    with translated(scenario.operator):
        answer = environment.states(Side.OPERATOR).start_execution(
            stateMachineArn=scenario.operator_machine_arn,
            input=json.dumps({} if payload is None else payload),
            **cast("Any", options),
        )
    return answer["executionArn"]


def follow(
    environment: Environment,
    operator_execution_arn: str,
    *,
    timeout: float = 60.0,
    on_progress: Callable[[Run], None] | None = None,
) -> Run:
    """Wait until the Operator execution has ended, then read both histories.

    `on_progress`, and whoever listens to the accounts' news, is given the run as it stands, at each look. Raises
    `RunError` when it hasn't ended after `timeout` seconds; it goes on running, and following it again picks it up.
    """
    events = environment.accounts.events

    def seen() -> Run | None:
        described = _describe(environment, Side.OPERATOR, operator_execution_arn)
        if described["status"] == RUNNING and on_progress is None and not events.wanted:
            return None
        run = _look(environment, described)
        if on_progress is not None:
            on_progress(run)
        events.publish(Looked(run))
        return run

    run, done = environment.accounts.pace.wait_until(lambda run: run is not None and run.ended, seen, timeout=timeout)
    if run is None or not done:
        raise still_running(
            environment,
            timeout,
            fix=tr("It goes on: `.wait()` waits for it again, with `timeout=` for longer; `.stop()` stops it."),
        )
    return run


def still_running(environment: Environment, timeout: float, *, fix: str = "") -> RunError:
    """The error for an Operator execution that hasn't ended in time."""
    return RunError(
        tr("The Operator execution is still running after {timeout:g} s.", timeout=timeout),
        where=str(environment.scenario.operator),
        fix=fix,
    )


def stop(
    environment: Environment, operator_execution_arn: str, *, error: str = "", cause: str = "", timeout: float
) -> Run:
    """Stop an Operator execution and wait for what becomes of both. See `Run.stop`."""
    reasons = {"error": error, "cause": cause}
    with translated(environment.scenario.operator):
        environment.states(Side.OPERATOR).stop_execution(
            executionArn=operator_execution_arn,
            **cast("Any", {name: text for name, text in reasons.items() if text}),
        )
    run = follow(environment, operator_execution_arn, timeout=timeout)
    pace = environment.accounts.pace
    return pace.wait_until(lambda run: run.subject_status != RUNNING, run.refresh, timeout=timeout, seen=run)[0]


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an Operator execution has got: its status, and whether it has started a Subject execution."""

    status: str
    submitted: bool


def how_far(environment: Environment, operator_execution_arn: str) -> Begun:
    """How far an Operator execution has got, from its own history alone."""
    history = _history(environment, Side.OPERATOR, operator_execution_arn)
    return Begun(_status(history), _subject_execution(history, environment) is not None)


def look(environment: Environment, operator_execution_arn: str) -> Run:
    """The run as it stands now, from the histories in both accounts."""
    return _look(environment, _describe(environment, Side.OPERATOR, operator_execution_arn))


def _look(environment: Environment, described: DescribeExecutionOutputTypeDef) -> Run:
    """The run whose Operator execution was described a moment ago."""
    operator_execution_arn = described["executionArn"]
    operator_history = _history(environment, Side.OPERATOR, operator_execution_arn)
    subject_arn = _subject_execution(operator_history, environment)
    subject_history = _history(environment, Side.SUBJECT, subject_arn) if subject_arn else []
    error, cause = described.get("error"), described.get("cause")
    return Run(
        operator_execution_arn=operator_execution_arn,
        subject_execution_arn=subject_arn,
        status=described["status"],
        subject_status=_status(subject_history) if subject_arn else None,
        input=_parsed(described.get("input")),
        output=_parsed(described.get("output")),
        subject_input=_parsed(_input(subject_history)),
        error=error,
        cause=cause,
        broken_link=link_refused(error, cause),
        events=merge(
            _events(Side.OPERATOR, operator_execution_arn, operator_history),
            _events(Side.SUBJECT, subject_arn, subject_history) if subject_arn else [],
        ),
        environment=environment,
    )


def link_refused(error: str | None, cause: str | None) -> int | None:
    """Which link of the access chain an execution's error and cause speak of; None when they speak of none.

    The texts are AWS's: "is not authorized to assume the task state's role" is link 2, whichever of its two policies
    denied; the denials of the called service name the action.
    """
    text = cause or ""
    for pattern, link in _REFUSALS:
        if pattern.search(text):
            return link
    return 3 if (error or "").endswith("StateMachineDoesNotExistException") else None


_REFUSALS: Final = (
    (re.compile(r"nor the regional one is authorized to assume the provided role"), 1),
    (re.compile(r"is not authorized to assume the task state's role"), 2),
    (re.compile(r"is not authorized to perform: states:StartExecution"), 3),
    (re.compile(r"is not authorized to perform: states:DescribeExecution"), 4),
    (re.compile(r"is not authorized to perform: states:StopExecution"), 5),
)
_OPERATOR_LINKS: Final[Mapping[str, int]] = {
    "TaskScheduled": 1,
    "TaskStarted": 2,
    "TaskSubmitted": 3,
    "TaskSucceeded": 4,
    "ExecutionAborted": 5,
    "TaskTimedOut": 5,
}
_STOPS_THE_CHILD: Final = ("ExecutionAborted", "TaskTimedOut")
_SUBJECT_LINKS: Final[Mapping[str, int]] = {"ExecutionStarted": 6, "ExecutionAborted": 5}


def _status(history: Sequence[HistoryEventTypeDef]) -> str:
    """What became of an execution, as its history tells it: the last event is the end, or it is still running."""
    return ENDS.get(history[-1]["type"], RUNNING) if history else RUNNING


def _input(history: Sequence[HistoryEventTypeDef]) -> str | None:
    started = history[0].get("executionStartedEventDetails") if history else None
    return started.get("input") if started else None


ENDS: Final[Mapping[str, str]] = {
    "ExecutionSucceeded": SUCCEEDED,
    "ExecutionFailed": "FAILED",
    "ExecutionAborted": "ABORTED",
    "ExecutionTimedOut": "TIMED_OUT",
}


def _describe(environment: Environment, side: Side, arn: str) -> DescribeExecutionOutputTypeDef:
    with translated(environment.scenario.account(side)):
        return environment.states(side).describe_execution(executionArn=arn)


def _history(environment: Environment, side: Side, arn: str) -> list[HistoryEventTypeDef]:
    with translated(environment.scenario.account(side)):
        pages = environment.states(side).get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]


def _subject_execution(history: list[HistoryEventTypeDef], environment: Environment) -> str | None:
    """The Subject execution's ARN, from what StartExecution answered to the task."""
    prefix = environment.scenario.subject_executions_arn.removesuffix("*")
    for event in history:
        details: Mapping[str, Any] = event.get("taskSubmittedEventDetails") or event.get(
            "taskSucceededEventDetails", {}
        )
        answer = _parsed(details.get("output"))
        arn = answer.get("ExecutionArn") if isinstance(answer, dict) else None
        if isinstance(arn, str) and arn.startswith(prefix):
            return arn
    return None


def _events(side: Side, arn: str, history: list[HistoryEventTypeDef]) -> list[TimelineEvent]:
    return [
        TimelineEvent(
            side=side,
            execution_arn=arn,
            event_id=event["id"],
            type=event["type"],
            timestamp=event["timestamp"],
            link=None if _comes_to_nothing(side, history[position:]) else _link(side, event),
            summary=_summary(event),
            failed=event["type"].endswith(("Failed", "TimedOut", "Aborted")),
        )
        for position, event in enumerate(history)
    ]


def _comes_to_nothing(side: Side, history: Sequence[HistoryEventTypeDef]) -> bool:
    """Whether the first event only begins what the next failure was about: TaskStarted comes before link 2's answer."""
    first, *later = history
    if first["type"] not in ("TaskScheduled", "TaskStarted"):
        return False
    answer = next((event for event in later if event["type"] not in ("TaskScheduled", "TaskStarted")), None)
    return answer is not None and answer["type"] == "TaskFailed" and _link(side, answer) == _link(side, first)


def _link(side: Side, event: HistoryEventTypeDef) -> int | None:
    if side is Side.SUBJECT:
        return _SUBJECT_LINKS.get(event["type"])
    if event["type"] == "TaskFailed":
        details = event.get("taskFailedEventDetails")
        return link_refused(details.get("error"), details.get("cause")) if details else None
    return _OPERATOR_LINKS.get(event["type"])


def _summary(event: HistoryEventTypeDef) -> str:
    """What the event says beyond its type: a state's name, an error, the role assumed."""
    details = _details(event)
    if "name" in details:
        return str(details["name"])
    if "error" in details or "cause" in details:
        return ": ".join(stable_cause(details[key]) for key in ("error", "cause") if key in details)
    if "taskCredentials" in details:
        return tr("Credentials: {role}", role=details["taskCredentials"]["roleArn"])
    if "roleArn" in details:
        return tr("under {role}", role=details["roleArn"])
    return ""


def _details(event: HistoryEventTypeDef) -> Mapping[str, Any]:
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, Mapping):
            return value
    return {}


def merge(operator: Sequence[TimelineEvent], subject: Sequence[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    """Both histories by time; where times tie or cross, cause before effect, in the order of the chain.

    An effect can carry the earlier time: TaskSubmitted is written when StartExecution has answered, by when the Subject
    execution has begun; and the end of a stopped parent may be written after that of its child.
    """
    if not subject:
        return tuple(operator)
    submitted = next((event.event_id for event in operator if event.type == "TaskSubmitted"), 0)
    started = subject[0].timestamp
    aborted = subject[-1].timestamp if subject[-1].type == "ExecutionAborted" else None

    def key(event: TimelineEvent) -> tuple[datetime, int, int]:
        if event.side is Side.SUBJECT:
            return event.timestamp, 3 if event.type == "ExecutionAborted" else 1, event.event_id
        if event.event_id <= submitted:
            return min(event.timestamp, started), 0, event.event_id
        if event.type in _STOPS_THE_CHILD:
            return min(event.timestamp, aborted or event.timestamp), 2, event.event_id
        return event.timestamp, 4, event.event_id

    return tuple(sorted([*operator, *subject], key=key))


def _parsed(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
