"""What an execution's tasks did, from its history: the role each took on, and the parameters of its call. Pure.

Source: docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.evidence import AtRunTime

_SCHEDULED: Final = ("taskScheduledEventDetails", "lambdaFunctionScheduledEventDetails")
_FAILED: Final = ("TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "LambdaFunctionFailed", "TaskStartFailed")


def tasks_of_history(events: Iterable[Mapping[str, Any]]) -> tuple[dict[str, AtRunTime], str]:
    """By state name, what its task did last; and the name of the state whose task failed last, empty for none."""
    state_of: dict[int, str] = {}
    found: dict[str, AtRunTime] = {}
    failed = ""
    for event in events:
        entered = event.get("stateEnteredEventDetails")
        before = state_of.get(int(event.get("previousEventId", 0)), "")
        name = str(entered.get("name", "")) if isinstance(entered, Mapping) else before
        state_of[int(event.get("id", 0))] = name
        for key in _SCHEDULED:
            details = event.get(key)
            if name and isinstance(details, Mapping):
                found[name] = _at_run_time(details)
        if event.get("type") in _FAILED and name:
            failed = name
    return found, failed


def _at_run_time(details: Mapping[str, Any]) -> AtRunTime:
    credentials = details.get("taskCredentials")
    role = str(credentials.get("roleArn", "")) if isinstance(credentials, Mapping) else ""
    try:
        parameters = json.loads(details.get("parameters") or "{}")
    except ValueError:
        parameters = {}
    return AtRunTime(role, parameters if isinstance(parameters, Mapping) else {})
