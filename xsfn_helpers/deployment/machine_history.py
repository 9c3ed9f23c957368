"""A state machine's definition and, of a run, the history of its execution there. Reads, never changes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.runs import Run


@dataclass(frozen=True, slots=True)
class MachineHistory:
    """`definition` is None where there is no such state machine; `events` are those of the run's execution there."""

    definition: str | None
    events: tuple[Mapping[str, Any], ...] | None


def read_machine(environment: Environment, side: Side, run: Run | None = None) -> MachineHistory:
    """One state machine, and how far `run` has got in it. Raises `StepError` in AWS's words when it may not be read.

    The definition of a run is the one that it runs with, even if the state machine has been given another since.
    """
    execution = None if run is None else _execution(run, side)
    with translated(environment.scenario.account(side)):
        definition = _own_definition(environment, side, execution) if execution else None
        definition = definition or _definition(environment, side)
        if run is None:
            return MachineHistory(definition, None)
        return MachineHistory(definition, _events(environment, side, execution) if execution else ())


def _execution(run: Run, side: Side) -> str | None:
    return run.operator_execution_arn if side is Side.OPERATOR else run.subject_execution_arn


def _own_definition(environment: Environment, side: Side, execution: str) -> str | None:
    states = environment.states(side)
    # Where the execution's own definition is no longer kept, that of its state machine is the nearest.
    with suppress(states.exceptions.ExecutionDoesNotExist, states.exceptions.ResourceNotFound):
        return states.describe_state_machine_for_execution(executionArn=execution)["definition"]
    return None


def _definition(environment: Environment, side: Side) -> str | None:
    scenario, states = environment.scenario, environment.states(side)
    arn = scenario.operator_machine_arn if side is Side.OPERATOR else scenario.subject_machine_arn
    try:
        return states.describe_state_machine(stateMachineArn=arn)["definition"]
    except states.exceptions.StateMachineDoesNotExist:
        return None


def _events(environment: Environment, side: Side, execution: str) -> tuple[Mapping[str, Any], ...]:
    pages = environment.states(side).get_paginator("get_execution_history").paginate(executionArn=execution)
    return tuple(event for page in pages for event in page["events"])
