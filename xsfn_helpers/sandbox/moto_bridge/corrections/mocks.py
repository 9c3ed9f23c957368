"""TestState's mocks: a state run on a result or an error that somebody makes up, with nothing called.

Recorded: localstack's test_state_mock_validation, test_field_validation_mode*, test_state_configuration and
test_state_context_object (2025-11 and 2025-12).
Source: docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField

from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.moto_bridge.corrections.data_errors import as_it_is, data_error_of
from xsfn_helpers.sandbox.moto_bridge.corrections.given_texts import read_each_as_given, written
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json

EXCEEDED: Final = {
    "error": "States.ExceedToleratedFailureThreshold",
    "cause": "The specified tolerated failure threshold was exceeded",
}
_MOCKED: Final = ("Task", "Map", "Parallel")
_NUMBERS: Final = frozenset(("integer", "long", "float", "double"))
_TEXTS: Final = frozenset(("string", "timestamp", "blob"))
# Services whose name in a Resource isn't the one of their model.
_SERVICES: Final = {"states": "stepfunctions", **StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES}
_STRICT, _NONE = "STRICT", "NONE"
_CONTEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "Execution": ("Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"),
    "State": ("EnteredTime", "Name", "RetryCount"),
    "StateMachine": ("Id", "Name"),
    "Task": ("Token",),
}
_NOT_TEXTS: Final = frozenset(("Input", "RetryCount", "RedriveCount"))


@dataclass(frozen=True, slots=True)
class Mock:
    """What a tested state is given instead of what it would run."""

    result: Any
    error: Mapping[str, str] | None
    failed_iterations: int | None

    def evaluate(self, state: CommonStateField, env: Any) -> None:
        """Stands where the state would run something: evaluates its fields, and leaves the result or fails."""
        if isinstance(state, StateMap):
            self._map(state, env)
        elif isinstance(state, StateTask) and state.parargs is not None:
            state.parargs.eval(env=env)
            # JSONata's Arguments, which moto doesn't note down.
            env.inspection_data["afterParameters"] = compact_json(env.stack.pop())
        if self.error is not None:
            raise _failure(env, self.error)
        env.stack.append(self.result)

    def _map(self, state: StateMap, env: Any) -> None:
        seen = env.inspection_data
        if state.item_reader is None:
            items = state.items_path or state.items
            if items is not None:
                try:
                    items.eval(env=env)
                except Exception as error:
                    # Recorded: with no place before it (test_state_map_context_object, 2025-12).
                    if (told := data_error_of(error)) is None:
                        raise
                    raise _failure(env, told) from None
            if state.items_path is not None:
                seen["afterItemsPath"] = written(env.stack[-1])
        state.max_concurrency_decl.eval(env=env)
        seen["maxConcurrency"] = env.stack.pop()
        state.tolerated_failure_count_decl.eval(env=env)
        count = env.stack.pop()
        state.tolerated_failure_percentage_decl.eval(env=env)
        percentage = env.stack.pop()
        seen["tolerated"] = (count, percentage)
        if self.error is None and self.failed_iterations is not None:
            of = len(self.result) if isinstance(self.result, list) else 1
            too_many = _says(state, "ToleratedFailureCount") and self.failed_iterations > count
            too_much = _says(state, "ToleratedFailurePercentage") and 100 * self.failed_iterations > percentage * of
            if too_many or too_much:
                raise _failure(env, EXCEEDED)


def _says(state: StateMap, field: str) -> bool:
    """Whether the definition has the field, or its Path."""
    return bool({field, f"{field}Path"} & state.written.keys())


def _failure(env: Any, error: Mapping[str, str]) -> FailureEventException:
    # A Map's failure has no event that tells it.
    env.inspection_data["failure"] = dict(error)
    name = CustomErrorName(error["error"]) if "error" in error else None
    event = FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.TaskFailed,
        event_details={"taskFailedEventDetails": dict(error)},
    )
    return FailureEventException(as_it_is(event))


# --- what was sent ---------------------------------------------------------------------------------------------------


def read_mock(params: Mapping[str, Any], state: Mapping[str, Any]) -> Mock | None:
    """The request's mock, checked in the order that is recorded; None without one. Raises `Refusal`."""
    mock, configuration = params.get("mock"), params.get("stateConfiguration") or {}
    failed: int | None = configuration.get("mapIterationFailureCount")
    if mock is None:
        if failed is not None:
            raise _refused("TestState does not support MapIterationFailureCount when a mock is not specified.")
        return None
    if "result" in mock and "errorOutput" in mock:
        raise _refused("A test mock should have only one of the following fields: [result, errorOutput].")
    if params.get("revealSecrets"):
        raise _refused("TestState does not support RevealSecrets when a mock is specified.")
    kind = state["Type"]
    if kind not in _MOCKED:
        raise _refused(f"State type '{kind}' is not supported when a mock is specified")
    if "result" not in mock:
        return Mock(None, mock.get("errorOutput") or {}, failed)
    try:
        # Recorded: what comes of it keeps its white space (test_state_configuration, 2025-11).
        result = read_each_as_given(mock["result"])
    except ValueError:
        raise _refused("Mocked result must be valid JSON") from None
    if kind == "Map" and "ResultWriter" in state:
        if not isinstance(result, dict):
            raise _refused("Mocked result must be a JSON object.")
    elif kind in ("Map", "Parallel") and not isinstance(result, list):
        raise _refused("Mocked result must be an array.")
    if kind == "Parallel" and len(result) != len(state["Branches"]):
        raise _refused("Mocked result must contain the same number of items as number of Parallel branches.")
    if failed is not None and kind == "Map" and failed > len(result):
        raise _refused("Map iteration failure count must be less than or equal to the number of Map iterations")
    mode = mock.get("fieldValidationMode") or _STRICT
    if kind == "Task" and mode != _NONE:
        _check_answer(state["Resource"], result, strict=mode == _STRICT)
    return Mock(result, None, failed)


def read_context(text: str | None, state: Mapping[str, Any]) -> dict[str, Any] | None:
    """The context object that the state shall see; None without one. Raises `Refusal`."""
    if text is None:
        return None
    try:
        context = read_each_as_given(text)
    except ValueError:
        raise _bad_context("it must be valid JSON") from None
    if not isinstance(context, dict):
        raise _bad_context("it must be a JSON object")
    for name, fields in context.items():
        if name == "Map":
            raise _bad_context("'Map' field is not supported when mocking a Context object")
        if name not in _CONTEXT:
            raise _bad_context(f"Field '{name}' is not allowed")
        if not isinstance(fields, dict):
            raise _bad_context(f"{name} must be an object")
        for field, value in fields.items():
            if field not in _CONTEXT[name]:
                raise _bad_context(f"Field '{field}' is not allowed")
            if field not in _NOT_TEXTS and not isinstance(value, str):
                raise _bad_context(f"{name}.{field} must be a string")
    resource = str(state.get("Resource", ""))
    if "Task" in context and not resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
        raise Refusal(
            "ValidationException",
            "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a "
            "'.sync' or '.waitForTaskToken' service integration pattern",
        )
    return context


def _refused(message: str) -> Refusal:
    return Refusal("ValidationException", message)


def _bad_context(what: str) -> Refusal:
    return _refused(f"Invalid Context object provided: {what}")


# --- is the result one that the service could give? ------------------------------------------------------------------


def _check_answer(resource: str, result: Any, *, strict: bool) -> None:
    """Raise `Refusal` unless the service's own model allows the result; what it doesn't know is let pass."""
    shape = _answer_shape(resource)
    if shape is None or not isinstance(result, dict):
        return
    for fault in _faults(result, shape, strict=strict):
        raise _refused(f"Mock result schema validation error: {fault}")


@cache
def _answer_shape(resource: str) -> Shape | None:
    """What the task's call gives; None where that isn't the answer of one call."""
    parts = resource.split(":")
    if len(parts) < 7 or parts[2] != "states" or resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
        return None
    service = _SERVICES.get(parts[-2], parts[-2])
    try:
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    except UnknownServiceError:
        # Nobody here knows it: its results can't be checked.
        return None
    operation = f"{parts[-1][:1].upper()}{parts[-1][1:]}"
    return model.operation_model(operation).output_shape if operation in model.operation_names else None


def _faults(value: Any, shape: Shape, *, strict: bool, field: str = "") -> Iterator[str]:
    if isinstance(shape, StructureShape) and not isinstance(value, dict):
        yield f"Field '{field}' must be an object"
    elif isinstance(shape, StructureShape):
        names = {f"{name[0].upper()}{name[1:]}": name for name in shape.members}
        if strict:
            required = {f"{name[0].upper()}{name[1:]}" for name in shape.required_members}
            yield from (f"Required field '{name}' is missing" for name in names if name in required - value.keys())
        for name, inner in value.items():
            if name in names:
                yield from _faults(inner, shape.members[names[name]], strict=strict, field=name)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"Field '{field}' must be an array"
            return
        for item in value:
            yield from _faults(item, shape.member, strict=strict, field=field)
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"Field '{field}' must be an object"
    elif shape.type_name in _NUMBERS:
        yield from _of_number(value, shape, field)
    elif shape.type_name == "boolean":
        if not isinstance(value, bool):
            yield f"Field '{field}' must be a boolean"
    elif shape.type_name in _TEXTS:
        yield from _of_text(value, shape, field)


def _of_number(value: Any, shape: Shape, field: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"Field '{field}' must be a number"
    elif least is not None and value < least:
        yield f"Field '{field}' is less than the minimum value"
    elif most is not None and value > most:
        yield f"Field '{field}' exceeds the maximum value"


def _of_text(value: Any, shape: Shape, field: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if not isinstance(value, str):
        yield f"Field '{field}' must be a string"
    elif (values := shape.metadata.get("enum")) and value not in values:
        yield f"Field '{field}' is not an expected value"
    elif least is not None and len(value) < least:
        yield f"Field '{field}' is smaller than the minimum length"
    elif most is not None and len(value) > most:
        yield f"Field '{field}' exceeds the maximum length"
