"""Data that isn't there: States.Runtime and States.QueryEvaluationError in AWS's words, and the events they leave.

Recorded: localstack's test_base_scenarios (test_invalid_jsonpath, 2025-01-02; test_catch_states_runtime, 2023-11-23)
and test_assign_reference_variables::test_undefined_reference (2024-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.assign.assign_template_binding import (
    AssignTemplateBinding,
    AssignTemplateBindingStringExpressionSimple,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.jsonata.jsonata_template_binding import JSONataTemplateBinding
from moto.stepfunctions.parser.asl.component.common.outputdecl import Output
from moto.stepfunctions.parser.asl.component.common.parargs import Arguments
from moto.stepfunctions.parser.asl.component.common.path.items_path import ItemsPath
from moto.stepfunctions.parser.asl.component.common.payload.payloadvalue.payloadbinding.payload_binding import (
    PayloadBindingStringExpressionSimple,
)
from moto.stepfunctions.parser.asl.component.common.query_language import QueryLanguageMode
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsJSONata
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison import ConditionStringJSONata
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_map.items.items import ItemsJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import MaxConcurrencyJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import Credentials, RoleArn
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_activitiy import StateTaskActivity
from moto.stepfunctions.parser.asl.component.state.fail.cause_decl import Cause
from moto.stepfunctions.parser.asl.component.state.fail.error_decl import Error
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import SecondsJSONata
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.eval.variable_store import NoSuchVariable as UnknownVariable
from moto.stepfunctions.parser.asl.jsonata.jsonata import JSONataException, eval_jsonata_expression
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from xsfn_helpers.asl.definition_rules import read_timestamp
from xsfn_helpers.sandbox.guests.evaluator_child import UNSUPPORTED
from xsfn_helpers.sandbox.moto_bridge.corrections.events import ALREADY_TOLD
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json

_RUNTIME: Final = StatesErrorNameType.StatesRuntime
_QUERY: Final = StatesErrorNameType.StatesQueryEvaluationError
# Recorded: 24,855 days will do, 24,856 won't (localstack: test_timestamp_too_far_in_future_boundary, 2025).
_LONGEST_WAIT: Final = 2**31 - 1
_TELLS_WHERE: Final = "An error occurred while executing the state '"
_TYPES: Final = frozenset(("null", "number", "string", "boolean", "array", "object"))

# Where JSONata may stand: the component that holds it, and what AWS calls the place.
_PLACES: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (Arguments, lambda _: "Arguments"),
    (AssignDecl, lambda _: "Assign"),
    (AssignTemplateBinding, lambda binding: str(binding.identifier)),
    (Cause, lambda _: "Cause"),
    (ConditionStringJSONata, lambda _: "Condition"),
    (Credentials, lambda _: "Credentials"),
    (Error, lambda _: "Error"),
    (HeartbeatSecondsJSONata, lambda _: "HeartbeatSeconds"),
    (ItemsJSONata, lambda _: "Items"),
    (JSONataTemplateBinding, lambda binding: str(binding.identifier)),
    (MaxConcurrencyJSONata, lambda _: "MaxConcurrency"),
    (Output, lambda _: "Output"),
    (RoleArn, lambda _: "RoleArn"),
    (SecondsJSONata, lambda _: "Seconds"),
    (TimeoutSecondsJSONata, lambda _: "TimeoutSeconds"),
    (Timestamp, lambda _: "Timestamp"),
)
# Where a path may stand as a value of its own.
_PATH_FIELDS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (AssignTemplateBindingStringExpressionSimple, lambda binding: f"{binding.identifier}.$"),
    (PayloadBindingStringExpressionSimple, lambda binding: f"{binding.field}.$"),
    (RoleArn, lambda _: "RoleArn.$"),
)


def tell_of_missing_data() -> None:
    """From now on, a state whose data isn't there fails as on AWS."""
    failed = ExecutionState._from_error
    evaluate_state = CommonStateField._eval_body

    def from_error(state: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, _DataError):
            told = _tell(env, ex)
            if ex.type is _RUNTIME:
                raise told
            return told.failure_event
        failure: FailureEvent = failed(state, env=env, ex=ex)
        if isinstance(state, StateTask) and failure.error_name.error_name == _RUNTIME.to_name():
            # Never retried, never caught, and no event of the task's own.
            raise FailureEventException(failure)
        return failure

    def evaluate(state: Any, env: Any) -> None:
        try:
            evaluate_state(state, env)
        except _DataError as error:
            raise _tell(env, error) from None
        except FailureEventException as failure:
            failure.failure_event.source_event_id = _entered(env)
            raise

    ExecutionState._from_error = from_error
    StateTaskActivity._from_error = _as_of_any_state(StateTaskActivity._from_error)
    CommonStateField._eval_body = evaluate
    FailureEventException.get_execution_failed_event_details = _ended_by
    for kind, field in _PATH_FIELDS:
        kind._eval_body = _naming_the_field(kind._eval_body, field)  # type: ignore[attr-defined]
    for kind, place in _PLACES:
        kind._eval_body = _naming_the_place(kind._eval_body, place)  # type: ignore[attr-defined]
    _evaluate_strings()
    _choose()
    _want_arrays()
    # moto hands it over by this name.
    Timestamp._from_timestamp_string = staticmethod(lambda timestamp: read_timestamp(timestamp))
    Timestamp._get_wait_seconds = _until


def runtime_error(cause: str) -> Exception:
    """What a state raises to fail with States.Runtime and this cause, and without an event of its own."""
    return _DataError(_RUNTIME, cause)


def data_error_of(error: Exception) -> dict[str, str] | None:
    """Error and cause of a path that doesn't lead where it should; None for anything else."""
    if isinstance(error, _DataError) and error.type is _RUNTIME:
        return {"error": _RUNTIME.to_name(), "cause": error.cause}
    return None


class _DataError(Exception):
    """An error of a state's data, on its way up from the expression to the state."""

    def __init__(self, error: Any, cause: str, *, place: str = "") -> None:
        super().__init__(cause)
        self.type = error
        self.cause = cause
        self.place = place


class _QueryError(_DataError):
    """A JSONata expression that gave nothing usable; the way up tells where it stands."""

    def __init__(self, expression: str, what: str) -> None:
        super().__init__(_QUERY, what)
        self._expression = expression
        self._what = what

    def inside(self, place: str) -> None:
        self.place = f"{place}/{self.place}" if self.place else place
        self.cause = f"The JSONata expression '{self._expression}' specified for the field '{self.place}' {self._what}"


def _as_of_any_state(otherwise: Callable[..., FailureEvent]) -> Any:
    """moto's activity tasks have words of their own; for what is wrong with their data there are none."""

    def from_error(state: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, _DataError):
            failure: FailureEvent = ExecutionState._from_error(state, env=env, ex=ex)
            return failure
        return otherwise(state, env=env, ex=ex)

    return from_error


def _tell(env: Any, error: _DataError) -> FailureEventException:
    """The failure of the state that `env` is in; a query's has been recorded."""
    state = env.next_state_name
    cause = f"{_TELLS_WHERE}{state}' (entered at the event id #{_entered(env)}). {error.cause}"
    details = {"error": error.type.to_name(), "cause": cause}
    if error.type is _QUERY:
        recorded = {**details, **({"location": error.place} if error.place else {}), "state": state}
        env.event_manager.add_event(
            env.event_history_context,
            HistoryEventType.EvaluationFailed,
            {"evaluationFailedEventDetails": recorded},
        )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=error.type),
            event_type=ALREADY_TOLD,
            event_details={"executionFailedEventDetails": details},
        )
    )


def _entered(env: Any) -> int:
    """The id of the event that tells that the running state was entered."""
    context = env.event_history_context
    return int(getattr(context, "entered_id", context.source_event_id))


def _ended_by(failure: Any) -> dict[str, str] | None:
    """Error and cause of ExecutionFailed. Where a state inside a branch has told where it was, its state doesn't."""
    pair = failure.extract_error_cause_pair()
    if pair is None:
        return None
    error, cause = pair
    is_whole = getattr(failure.failure_event, "is_whole", False)
    if (
        cause
        and not is_whole
        and error in (_RUNTIME.to_name(), _QUERY.to_name())
        and not cause.startswith(_TELLS_WHERE)
    ):
        event = failure.failure_event
        cause = f"{_TELLS_WHERE}{event.state_name}' (entered at the event id #{event.source_event_id}). {cause}"
    return {key: value for key, value in (("error", error), ("cause", cause)) if value}


def as_it_is(event: FailureEvent) -> FailureEvent:
    """The failure with its cause as somebody gave it: nothing is told before it."""
    event.is_whole = True
    return event


def _naming_the_field(evaluate: Any, field: Callable[[Any], str]) -> Any:
    def evaluate_field(component: Any, env: Any) -> None:
        try:
            evaluate(component, env)
        except NoSuchJsonPathError as error:
            cause = (
                f"The JSONPath '{error.json_path}' specified for the field '{field(component)}' could not be found in "
                f"the input '{compact_json(error.data)}'"
            )
            raise _DataError(_RUNTIME, cause) from None

    return evaluate_field


def _naming_the_place(evaluate: Any, place: Callable[[Any], str]) -> Any:
    def evaluate_place(component: Any, env: Any) -> None:
        try:
            evaluate(component, env)
        except _QueryError as error:
            error.inside(place(component))
            raise

    return evaluate_place


def _evaluate_strings() -> None:
    evaluate_jsonata = string_expression.StringJSONata._eval_body
    evaluate_variable = string_expression.StringVariableSample._eval_body
    evaluate_context = string_expression.StringContextPath._eval_body

    def jsonata(expression: Any, env: Any) -> None:
        try:
            evaluate_jsonata(expression, env)
        except JSONataException as error:
            if error.error == UNSUPPORTED:
                raise _QueryError(expression.expression, "returned an unsupported result type.") from None
            raise _QueryError(expression.expression, f"threw an error during evaluation. {error.details}") from None

    def variable(expression: Any, env: Any) -> None:
        if expression.query_language_mode is QueryLanguageMode.JSONPath:
            name = re.split(r"[.\[]", expression.expression.removeprefix("$"), maxsplit=1)[0]
            try:
                env.variable_store.get(name)
            except UnknownVariable:
                # What AWS says isn't established: the words it has for a path to nowhere.
                raise NoSuchJsonPathError(expression.expression, env.states.get_input()) from None
        evaluate_variable(expression, env)

    def context(expression: Any, env: Any) -> None:
        try:
            evaluate_context(expression, env)
        except FailureEventException:
            data = env.states.context_object.context_object_data
            raise NoSuchJsonPathError(expression.context_object_path, data) from None

    string_expression.StringJSONata._eval_body = jsonata
    string_expression.StringVariableSample._eval_body = variable
    string_expression.StringContextPath._eval_body = context
    string_expression.validate_jsonata_expression_output = _check_result


def _check_result(env: Any, expression: str, rich_jsonata_expression: str, jsonata_result: Any) -> None:
    if jsonata_result is None and not eval_jsonata_expression(f"$exists({rich_jsonata_expression})"):
        raise _QueryError(expression, "returned nothing (undefined).")
    if isinstance(jsonata_result, str) and eval_jsonata_expression(f"$type({rich_jsonata_expression})") not in _TYPES:
        raise _QueryError(expression, "returned an unsupported result type.")


def _choose() -> None:
    """Choice: a variable that isn't there, and no rule that holds. Both texts are quoted from AWS by users."""
    evaluate_choice = StateChoice._eval_state

    def compare(comparison: Any, env: Any) -> None:
        comparison.variable.eval(env)
        function = comparison.comparison_function
        if isinstance(env.stack[-1], NoSuchVariable) and function.operator_type is not ComparisonOperatorType.IsPresent:
            path = comparison.variable.string_sampler.literal_value
            said = f"Invalid path '{path}': The choice state's condition path references an invalid value."
            raise _DataError(_RUNTIME, said)
        function.eval(env)

    def choose(state: Any, env: Any) -> None:
        if state.default_state is not None:
            evaluate_choice(state, env)
            return
        for rule in state.choices_decl.rules:
            rule.eval(env)
            if env.stack.pop() is True:
                env.stack.append(rule.next_stmt.name)
                return
        raise _DataError(_RUNTIME, "Failed to transition out of the state. The state does not point to a next state.")

    ComparisonVariable._eval_body = compare
    StateChoice._eval_state = choose


def _want_arrays() -> None:
    """Map: what it is given has to be an array (recorded: test_map_state_items_input_types, 2025-02)."""
    evaluate_map = StateMap._eval_execution
    evaluate_path = ItemsPath._eval_body

    def evaluate(state: Any, env: Any) -> None:
        if state.items is None and state.items_path is None and state.item_reader is None:
            _check_array(env.stack[-1])
        evaluate_map(state, env)

    def select(path: Any, env: Any) -> None:
        evaluate_path(path, env)
        if not isinstance(env.stack[-1], list):
            # Quoted from AWS by users.
            said = f'Reference path "{path.string_sampler.literal_value}" must point to array.'
            raise _DataError(_RUNTIME, said)

    StateMap._eval_execution = evaluate
    ItemsPath._eval_body = select


def _check_array(items: Any) -> None:
    if not isinstance(items, list):
        raise _DataError(_QUERY, f"Map state input must be an array but was: {compact_json(items)}")


def _until(wait: Any, env: Any) -> float:
    """Wait: how long until its Timestamp (recorded: test_wait_timestamp_jsonata and _path, 2024-12)."""
    wait.string.eval(env=env)
    text = env.stack.pop()
    moment = read_timestamp(text) if isinstance(text, str) else None
    if moment is None:
        shown = text if isinstance(text, str) else compact_json(text)
        words = "ISO-8601 extended offset date-time format string"
        if isinstance(wait.string, string_expression.StringJSONata):
            raise _DataError(_QUERY, f"The Timestamp field cannot be parsed as an {words}: {shown}", place="Timestamp")
        path = wait.string.literal_value
        raise _DataError(_RUNTIME, f"The TimestampPath parameter does not reference a valid {words}: {path} == {shown}")
    seconds = (moment - datetime.now(UTC)).total_seconds()
    if seconds > _LONGEST_WAIT:
        raise _DataError(_RUNTIME, "Wait state delay is too long.")
    return seconds
