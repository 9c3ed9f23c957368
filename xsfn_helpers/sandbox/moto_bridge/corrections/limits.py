"""What ends an execution that would never end, or grow without limit: AWS's quotas, and two of the sandbox's own.

Sources: docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html (25,000 events), service-quotas.html
(256 KiB); the shape of the last event was measured on AWS (floci-io/floci, issue 2734).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringContextPath,
    StringIntrinsicFunction,
    StringJSONata,
    StringJsonPath,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.component.intrinsic.argument.argument import Argument
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.array import array_range
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.inline_item_processor_worker import (  # noqa: E501
    InlineItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

MOST_EVENTS: Final = 25_000
# The sandbox's own: AWS keeps whatever 25,000 events hold, which is more than most machines have memory.
LARGEST_HISTORY: Final = 32 * 1024 * 1024
# What one state may pick from its input, all its references together; its result may have 256 KiB.
_LARGEST_SELECTION: Final = 16 * 1024 * 1024
_EVENT_WEIGHT: Final = 200
_ENDS: Final = frozenset(
    (
        *(HistoryEventType.ExecutionSucceeded, HistoryEventType.ExecutionFailed),
        *(HistoryEventType.ExecutionAborted, HistoryEventType.ExecutionTimedOut),
    )
)


def keep_limits() -> None:
    """From now on, every execution ends, and none takes all memory."""
    _bound_histories()
    _bound_selections()
    array_range.list = _short_list


# --- histories -------------------------------------------------------------------------------------------------------


class _HistoryFull(Exception):
    """Nothing more can be recorded, so nothing more can be done: the execution has failed already."""


def _bound_histories() -> None:
    make_environment = Environment.__init__
    add_event = EventManager.add_event

    def make(env: Any, *args: Any, **kwargs: Any) -> None:
        make_environment(env, *args, **kwargs)
        # A frame of a branch or iteration is given its owner's manager right afterwards.
        env.event_manager.owner = env
        env.event_manager.weight = 0
        env.event_manager.recording = threading.RLock()

    def add(manager: Any, context: Any, event_type: Any, event_details: Any = None, **given: Any) -> int:
        with manager.recording:
            if event_type not in _ENDS:
                manager.weight += _weight_of_event(event_details)
                if cause := _too_much(manager):
                    manager.owner.set_error({"error": StatesErrorNameType.StatesRuntime.to_name(), "cause": cause})
                    raise _HistoryFull(cause)
            elif event_type is HistoryEventType.ExecutionFailed and _too_much(manager):
                context.source_event_id = _next_id(manager) - 1
            event_id: int = add_event(manager, context, event_type, event_details, **given)
            return event_id

    Environment.__init__ = make
    EventManager.add_event = add


def _too_much(manager: Any) -> str:
    """The cause of the failure that is due, if one is."""
    # Express executions have no history, so no end of it; what they would have is kept for their answer.
    if manager.owner.is_standard_workflow() and _next_id(manager) >= MOST_EVENTS:
        return f"The execution reached the maximum number of history events ({MOST_EVENTS})."
    if manager.weight > LARGEST_HISTORY:
        return f"The execution's history reached the most that the xsfn sandbox keeps ({LARGEST_HISTORY >> 20} MiB)."
    return ""


def _next_id(manager: Any) -> int:
    return int(manager._event_id_gen._next_id)


def _weight_of_event(event_details: Any) -> int:
    texts = (text for details in (event_details or {}).values() for text in details.values() if isinstance(text, str))
    return _EVENT_WEIGHT + sum(map(len, texts))


# --- what a state selects --------------------------------------------------------------------------------------------


def _bound_selections() -> None:
    """moto copies what a reference selects, and a definition can have thousands of references to the same input."""
    evaluate_state = CommonStateField._eval_body
    select_item = InlineItemProcessorWorker._eval_input
    for one in (
        Argument,
        StringJsonPath,
        StringContextPath,
        StringVariableSample,
        StringIntrinsicFunction,
        StringJSONata,
    ):
        one._eval_body = _charged(one._eval_body)

    def evaluate(state: Any, env: Any) -> None:
        with _selecting(state.name, env):
            evaluate_state(state, env)

    def select(worker: Any, env_frame: Any) -> None:
        with _selecting(worker._work_name, env_frame):
            select_item(worker, env_frame)

    CommonStateField._eval_body = evaluate
    InlineItemProcessorWorker._eval_input = select


_SELECTING: Final = (
    Argument,
    StringContextPath,
    StringIntrinsicFunction,
    StringJSONata,
    StringJsonPath,
    StringVariableSample,
)


@dataclass
class _Selection:
    """What the state being evaluated may still select."""

    state_name: str
    env: Any
    left: int = _LARGEST_SELECTION


_selection: ContextVar[_Selection | None] = ContextVar("what is being selected", default=None)


def account_at_work() -> str:
    """Whose execution evaluates something in this thread; empty where that can't be said."""
    selection = _selection.get()
    return str(selection.env.aws_execution_details.account) if selection is not None else ""


@contextmanager
def _selecting(state_name: str, env: Any) -> Iterator[None]:
    token = _selection.set(_Selection(state_name, env))
    try:
        yield
    finally:
        _selection.reset(token)


def _charged(evaluate: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def evaluate_charged(one: Any, env: Any) -> None:
        evaluate(one, env)
        selection = _selection.get()
        if selection is not None:
            selection.left -= _weight(env.stack[-1], most=selection.left)
            if selection.left < 0:
                raise _data_limit_exceeded(selection)

    return evaluate_charged


def _data_limit_exceeded(selection: _Selection) -> FailureEventException:
    error = StatesErrorNameType.StatesStatesDataLimitExceeded
    cause = (
        f"The state/task '{selection.state_name}' returned a result with a size exceeding the maximum number of bytes "
        "service limit."
    )
    return FailureEventException(
        FailureEvent(
            env=selection.env,
            error_name=StatesErrorName(typ=error),
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(executionFailedEventDetails={"error": error.to_name(), "cause": cause}),
        )
    )


def _weight(value: Any, *, most: int) -> int:
    """About how long the value is as JSON; counting ends soon after `most`."""
    weight = 0
    open_values = [value]
    while open_values and weight <= most:
        one = open_values.pop()
        weight += 2
        if isinstance(one, str):
            weight += len(one)
        elif isinstance(one, dict):
            open_values += one.values()
            weight += sum(map(len, one))
        elif isinstance(one, list | tuple):
            open_values += one
    return weight


def _short_list(numbers: range) -> list[int] | range:
    """Stands where moto's States.ArrayRange makes its list: one too long is measured first, then denied."""
    return numbers if len(numbers) > _LONGEST_RANGE else list(numbers)


_LONGEST_RANGE: Final = 1000
