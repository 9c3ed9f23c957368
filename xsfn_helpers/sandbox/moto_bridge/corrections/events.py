"""Events as AWS records them: no word from work that was cut off, and AWS's details at the end of an execution."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.eval import environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramRunning
from moto.stepfunctions.parser.asl.utils import encoding
from moto.stepfunctions.parser.backend import execution, execution_worker
from moto.stepfunctions.parser.backend.test_state import execution_worker as test_state_worker

from xsfn_helpers.sandbox.moto_bridge.corrections.given_texts import is_given, read_as_given, written
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import utc_text

# For a failure whose event has been written: the type of one that isn't written again.
ALREADY_TOLD: Final = None
_ENDS_AN_EXECUTION: Final = frozenset((HistoryEventType.ExecutionAborted, HistoryEventType.ExecutionTimedOut))


def record_like_aws() -> None:
    """From now on, moto's event manager writes what AWS writes."""
    add_event = EventManager.add_event
    set_stop = environment.Environment.set_stop
    set_timed_out = environment.Environment.set_timed_out
    set_error = environment.Environment.set_error

    def add_recorded_event(
        manager: Any, context: Any, event_type: Any, event_details: Any = None, **given: Any
    ) -> int | None:
        if event_type is ALREADY_TOLD:
            return None
        if event_type in _ENDS_AN_EXECUTION:
            context.source_event_id = 0
        elif isinstance(context, _Cut):
            return None
        if event_type is HistoryEventType.ExecutionTimedOut:
            # Reported from AWS: the error and no cause, while DescribeExecution has neither.
            event_details = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
        if event_type is HistoryEventType.EvaluationFailed:
            # Recorded: it follows what the state's own entry followed, but a Wait state's entry itself (2024-12).
            context.source_event_id = getattr(context, "before_entry", context.source_event_id)
        before = context.source_event_id
        event_id: int = add_event(manager, context, event_type, event_details, **given)
        if event_type.endswith("StateEntered"):
            context.entered_id = event_id
            context.before_entry = event_id if event_type is HistoryEventType.WaitStateEntered else before
        return event_id

    def stop(env: Any, stop_date: Any, cause: str | None, error: str | None) -> None:
        with env._state_mutex:
            if env.is_running():
                cut(env)
                set_stop(env, stop_date, cause, error)

    def time_out(env: Any) -> None:
        # moto would call an execution timed out that ended at the last moment.
        with env._state_mutex:
            if env.is_running():
                cut(env)
                set_timed_out(env)

    def fail(env: Any, error: Any) -> None:
        # What is stopped stays stopped, even if stopping made something else fail.
        if env._program_state is None or isinstance(env._program_state, ProgramRunning):
            set_error(env, error)

    def events_so_far(manager: Any) -> list[Any]:
        # moto copies every event to its depths for each look; what is recorded isn't changed any more.
        with manager._mutex:
            return list(manager._history_event_list)

    EventManager.add_event = add_recorded_event
    EventManager.get_event_history = events_so_far
    environment.Environment.set_stop = stop
    environment.Environment.set_timed_out = time_out
    environment.Environment.set_error = fail
    # A failing state is nothing to log; moto would write out the whole state machine with it.
    EvalComponent._log_failure_event_exception = _say_nothing
    EvalComponent._log_exception = _say_nothing
    _write_times_like_aws()
    # Every module has `to_json_str` by name; what it calls can be had here.
    encoding.json = _CompactJson
    execution.json = _GivenJson


def _say_nothing(component: Any, failure_event_exception: Any = None, exception: Any = None) -> None:
    """The history tells it."""


def _write_times_like_aws() -> None:
    """The context object's times are texts: 2026-11-24T08:00:00.000Z."""
    for module in (execution_worker, test_state_worker):
        # Recorded with RedriveCount since 2024-07; nothing is redriven here.
        module.ExecutionData = lambda **data: {**data, "StartTime": utc_text(data["StartTime"]), "RedriveCount": 0}
    state.StateData = lambda **data: {**data, "EnteredTime": utc_text(datetime.fromisoformat(data["EnteredTime"]))}


class _CompactJson:
    """Stands where moto's encoder looks up `json`: AWS's strings of JSON have no blanks, and every letter as it is."""

    @staticmethod
    def dumps(value: Any, *, cls: type[json.JSONEncoder], separators: object) -> str:
        if is_given(value):
            return written(value)
        return json.dumps(value, cls=cls, separators=(",", ":"), ensure_ascii=False)


class _GivenJson:
    """Stands where moto reads an execution's input: its text isn't forgotten."""

    loads = staticmethod(read_as_given)


class _Cut(EventHistoryContext):
    """Where events of work that was stopped would go: AWS records none of them."""


def cut(env: Any) -> None:
    """From now on the environment's events are dropped, except the one that ends the whole execution."""
    context = _Cut(env.event_history_context.source_event_id)
    context.last_published_event_id = env.event_history_context.last_published_event_id
    env.event_history_context = context
