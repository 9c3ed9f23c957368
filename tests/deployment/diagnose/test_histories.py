"""Histories as they are saved: either order, Maps over accounts, tries again, denials before scheduling."""

from __future__ import annotations

import random
from typing import Any

import pytest

from xsfn_helpers.deployment.diagnose.reading.histories import told_by_history

STATE = "Run there"
REFUSED = "The role arn:aws:iam::111111111111:role/hub-role is not authorized to assume the task state's role, {role}."


def _role(account: int) -> str:
    return f"arn:aws:iam::{account:012d}:role/spoke-role"


def _map_over(accounts: int, refusing: set[int], *, seed: int = 0) -> list[dict[str, Any]]:
    """A Map's events, the iterations interleaved as they run."""
    rng = random.Random(seed)
    events: list[dict[str, Any]] = [{"id": 1, "previousEventId": 0, "type": "ExecutionStarted"}]
    last = dict.fromkeys(range(accounts), 1)
    todo = {number: ["entered", "scheduled", "ended"] for number in range(accounts)}
    while todo:
        number = rng.choice(sorted(todo))
        what = todo[number].pop(0)
        event: dict[str, Any] = {"id": len(events) + 1, "previousEventId": last[number]}
        if what == "entered":
            event |= {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": STATE}}
        elif what == "scheduled":
            details = {"parameters": "{}", "taskCredentials": {"roleArn": _role(number)}}
            event |= {"type": "TaskScheduled", "taskScheduledEventDetails": details}
        elif number in refusing:
            details = {"error": "States.TaskFailed", "cause": REFUSED.format(role=_role(number))}
            event |= {"type": "TaskFailed", "taskFailedEventDetails": details}
        else:
            event |= {"type": "TaskSucceeded"}
        last[number] = event["id"]
        events.append(event)
        if not todo[number]:
            del todo[number]
    return events


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("order", [list, lambda events: list(reversed(events))])
def test_each_run_of_a_map_keeps_its_own_role_and_end(seed: int, order: Any) -> None:
    refusing = {3, 7, 11}

    told = told_by_history(order(_map_over(40, refusing, seed=seed)))

    runs = told.runs[STATE]
    assert len(runs) == 40
    assert {run.role_arn for run in runs if run.failed} == {_role(number) for number in refusing}
    assert all(run.role_arn in run.failed for run in runs if run.failed)
    assert told.tasks[STATE].failed
    assert told.failed == STATE


def test_tried_again_the_last_try_counts() -> None:
    details = {"parameters": "{}", "taskCredentials": {"roleArn": _role(1)}}
    events: list[dict[str, Any]] = [
        {"id": 1, "previousEventId": 0, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": STATE}},
        {"id": 2, "previousEventId": 1, "type": "TaskScheduled", "taskScheduledEventDetails": details},
        {"id": 3, "previousEventId": 2, "type": "TaskFailed", "taskFailedEventDetails": {"error": "x"}},
        {"id": 4, "previousEventId": 3, "type": "TaskScheduled", "taskScheduledEventDetails": details},
        {"id": 5, "previousEventId": 4, "type": "TaskSucceeded"},
    ]

    (run,) = told_by_history(events).runs[STATE]

    assert not run.failed


def test_the_end_of_the_execution_is_told_by_its_last_event() -> None:
    events = [
        {"id": 1, "type": "ExecutionStarted", "executionStartedEventDetails": {"input": '{"a": 1}'}},
        {"id": 2, "type": "ExecutionFailed", "executionFailedEventDetails": {"error": "E", "cause": "C"}},
    ]

    told = told_by_history(events)

    assert (told.status, told.error, told.cause, told.input) == ("FAILED", "E", "C", '{"a": 1}')
