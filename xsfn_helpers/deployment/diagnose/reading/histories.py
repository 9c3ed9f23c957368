"""What an execution's tasks did, from its history: the role each took on, its call's parameters, how it ended. Pure.

A Map runs one task for many items, and Parallel many tasks at once: every event belongs to the run that its
`previousEventId` leads back to, whatever the order in which the events were written down.
Source: docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.evidence import AtRunTime

_SCHEDULED: Final = ("taskScheduledEventDetails", "lambdaFunctionScheduledEventDetails")
_ENDED: Final = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "LambdaFunctionFailed": "lambdaFunctionFailedEventDetails",
    "LambdaFunctionScheduleFailed": "lambdaFunctionScheduleFailedEventDetails",
    "LambdaFunctionStartFailed": "lambdaFunctionStartFailedEventDetails",
    "LambdaFunctionTimedOut": "lambdaFunctionTimedOutEventDetails",
}
_SUCCEEDED: Final = ("TaskSucceeded", "LambdaFunctionSucceeded")
_END: Final = {
    "ExecutionFailed": ("FAILED", "executionFailedEventDetails"),
    "ExecutionTimedOut": ("TIMED_OUT", "executionTimedOutEventDetails"),
    "ExecutionAborted": ("ABORTED", "executionAbortedEventDetails"),
    "ExecutionSucceeded": ("SUCCEEDED", ""),
}


@dataclass(frozen=True, slots=True)
class ToldByHistory:
    """What a history says. `tasks` has one run for each state's name: a failed one, else the last; `runs` has all."""

    tasks: Mapping[str, AtRunTime] = field(default_factory=dict)
    runs: Mapping[str, tuple[AtRunTime, ...]] = field(default_factory=dict)
    failed: str = ""
    status: str = ""
    input: str = ""
    error: str = ""
    cause: str = ""


@dataclass(slots=True)
class _Attempt:
    """One try of one task: a state that is entered again, or tried again, has several."""

    state: str
    run: AtRunTime


def told_by_history(events: Iterable[Mapping[str, Any]]) -> ToldByHistory:
    """What the events say, in whichever order they are given."""
    state_of: dict[int, str] = {}
    attempt_of: dict[int, _Attempt] = {}
    attempts: list[_Attempt] = []
    failed = ""
    whole = ToldByHistory()
    for event in sorted(events, key=lambda one: _number(one.get("id"))):
        number, before = _number(event.get("id")), _number(event.get("previousEventId"))
        kind = str(event.get("type", ""))
        entered = event.get("stateEnteredEventDetails")
        name = str(entered.get("name", "")) if isinstance(entered, Mapping) else state_of.get(before, "")
        state_of[number] = name
        attempt = None if isinstance(entered, Mapping) else attempt_of.get(before)
        for key in _SCHEDULED:
            details = event.get(key)
            if name and isinstance(details, Mapping):
                attempt = _Attempt(name, _at_run_time(details))
                attempts.append(attempt)
        if name and kind in _ENDED:
            failed = name
            if attempt is None:  # denied before it was scheduled
                attempt = _Attempt(name, AtRunTime())
                attempts.append(attempt)
            attempt.run = replace(attempt.run, failed=_words(event.get(_ENDED[kind])) or kind)
        if kind in _SUCCEEDED:
            attempt = None
        if attempt is not None:
            attempt_of[number] = attempt
        whole = _with_execution(whole, kind, event)
    runs: dict[str, dict[tuple[str, str], AtRunTime]] = {}
    for one in attempts:
        run_key = (one.run.role_arn, json.dumps(one.run.parameters, sort_keys=True, default=str))
        # Tried again, the last try counts; a run goes to where its last try stands.
        runs.setdefault(one.state, {}).pop(run_key, None)
        runs[one.state][run_key] = one.run
    tasks = {
        name: next((run for run in found.values() if run.failed), list(found.values())[-1])
        for name, found in runs.items()
    }
    return replace(
        whole, tasks=tasks, runs={name: tuple(found.values()) for name, found in runs.items()}, failed=failed
    )


def _with_execution(whole: ToldByHistory, kind: str, event: Mapping[str, Any]) -> ToldByHistory:
    if kind == "ExecutionStarted":
        details = event.get("executionStartedEventDetails")
        given = details.get("input") if isinstance(details, Mapping) else None
        return replace(whole, input=given if isinstance(given, str) else "", status=whole.status or "RUNNING")
    if kind in _END:
        status, key = _END[kind]
        found = event.get(key)
        details = found if isinstance(found, Mapping) else {}
        return replace(
            whole, status=status, error=str(details.get("error") or ""), cause=str(details.get("cause") or "")
        )
    return whole


def _words(details: object) -> str:
    if not isinstance(details, Mapping):
        return ""
    return ": ".join(str(details[key]) for key in ("error", "cause") if details.get(key))


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0


def _at_run_time(details: Mapping[str, Any]) -> AtRunTime:
    credentials = details.get("taskCredentials")
    role = str(credentials.get("roleArn", "")) if isinstance(credentials, Mapping) else ""
    try:
        parameters = json.loads(details.get("parameters") or "{}")
    except (TypeError, ValueError):
        parameters = {}
    return AtRunTime(role, parameters if isinstance(parameters, Mapping) else {})
