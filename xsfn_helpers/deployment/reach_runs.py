"""A run that reaches targets: the Operator's execution, and how each of its tasks ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.runs import RUNNING, SUCCEEDED, still_running

# TaskStateAborted follows the one that failed, and doesn't tell whose it is (see the sandbox's branches).
_ENDS: Final = ("TaskSucceeded", "TaskFailed", "TaskTimedOut")


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How one task state ended; `output` is parsed JSON, None where it failed."""

    state: str
    succeeded: bool
    error: str
    cause: str
    output: Any

    def __str__(self) -> str:
        if self.succeeded:
            return f"✓ {self.state}"
        return f"✗ {self.state}: {self.error}" + (f"\n    {stable_cause(self.cause)}" if self.cause else "")


@dataclass(frozen=True, slots=True)
class ReachRun(Renderable):
    """An Operator execution that has ended, or that is waiting for something from outside."""

    execution_arn: str
    status: str
    error: str
    cause: str
    output: Any
    tasks: tuple[TaskEnd, ...]

    @property
    def succeeded(self) -> bool:
        return self.status == SUCCEEDED

    def __getitem__(self, state: str) -> TaskEnd:
        """How the task of this name ended. Raises `KeyError` naming those there are."""
        for task in self.tasks:
            if task.state == state:
                return task
        raise KeyError(f"no task {state!r} has ended; there are: {', '.join(task.state for task in self.tasks)}")

    def __str__(self) -> str:
        return "\n".join(
            [tr("Operator execution: {status}", status=self.status), *(f"  {task}" for task in self.tasks)]
        )


def follow(environment: Environment, execution_arn: str, *, timeout: float = 60.0) -> ReachRun:
    """Wait for the execution's end. Raises `RunError` when it hasn't come after `timeout` seconds."""
    run, done = environment.accounts.pace.wait_until(
        lambda run: run.status != RUNNING, lambda: look(environment, execution_arn), timeout=timeout
    )
    if not done:
        raise still_running(environment, timeout)
    return run


def look(environment: Environment, execution_arn: str) -> ReachRun:
    """The execution as it stands now."""
    states = environment.states(Side.OPERATOR)
    with translated(environment.scenario.operator):
        described = states.describe_execution(executionArn=execution_arn)
        status = described["status"]
        events: list[Mapping[str, Any]] = []
        if status != RUNNING:
            pages = states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
            events = [event for page in pages for event in page["events"]]
    return ReachRun(
        execution_arn,
        status,
        described.get("error", ""),
        described.get("cause", ""),
        json.loads(described["output"]) if "output" in described else None,
        tuple(_ends(events)),
    )


def _ends(events: Sequence[Mapping[str, Any]]) -> Iterable[TaskEnd]:
    """Tasks in the order in which they began."""
    by_id = {event["id"]: event for event in events}
    ended: dict[int, TaskEnd] = {}
    for event in events:
        if event["type"] in _ENDS:
            entered = _entry(event, by_id)
            if entered is not None:
                details: Mapping[str, Any] = next(
                    (value for key, value in event.items() if key.endswith("EventDetails")), {}
                )
                output = details.get("output")
                ended[entered["id"]] = TaskEnd(
                    state=entered["stateEnteredEventDetails"]["name"],
                    succeeded=event["type"] == "TaskSucceeded",
                    error=details.get("error", ""),
                    cause=details.get("cause", ""),
                    output=json.loads(output) if output else None,
                )
    return [ended[key] for key in sorted(ended)]


def _entry(event: Mapping[str, Any], by_id: Mapping[int, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The event with which the task state of `event` was entered."""
    before = by_id.get(event["previousEventId"])
    while before is not None and before["type"] != "TaskStateEntered":
        before = by_id.get(before["previousEventId"])
    return before
