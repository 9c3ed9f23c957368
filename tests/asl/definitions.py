"""Definitions that several tests read: one with every kind of state, and small ones."""

from __future__ import annotations

import json
from typing import Any, Final

EXECUTE_ROLE: Final = "arn:aws:iam::222222222222:role/subject-statemachine-execute-role"
START: Final = "arn:aws:states:::states:startExecution.sync:2"


def machine(**states: Any) -> dict[str, Any]:
    """A definition that starts at the first of these states."""
    return {"StartAt": next(iter(states)), "States": states}


def passes(**more: Any) -> dict[str, Any]:
    return {"Type": "Pass", **({"End": True} if "Next" not in more else {}), **more}


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": START, **({"End": True} if "Next" not in more else {}), **more}


EVERY_STATE: Final = machine(
    Ask=task(
        Credentials={"RoleArn": EXECUTE_ROLE},
        Retry=[{"ErrorEquals": ["States.Timeout"]}],
        Catch=[{"ErrorEquals": ["States.TaskFailed", "States.Timeout"], "Next": "Broken"}],
        Next="Which",
    ),
    Which={
        "Type": "Choice",
        "Choices": [
            {
                "And": [{"Variable": "$.n", "NumericGreaterThan": 2}, {"Variable": "$.name", "IsPresent": True}],
                "Next": "Both",
            },
            {"Variable": "$.name", "StringMatches": "a*", "Next": "Each"},
        ],
        "Default": "Later",
    },
    Later={"Type": "Wait", "Seconds": 5, "Next": "Ask"},
    Both={
        "Type": "Parallel",
        "Branches": [machine(One=passes(Next="Two"), Two=passes()), machine(Other=passes())],
        "Next": "Done",
    },
    Each={
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **machine(Item=task(Credentials={"RoleArn.$": "$.role"})),
        },
        "Next": "Done",
    },
    Broken={"Type": "Fail", "Error": "Broken"},
    Done={"Type": "Succeed"},
)


def text(definition: Any) -> str:
    return json.dumps(definition, indent=2)
