"""TestState: one state run for real, with the role given, and what went in and out of each of its fields.

Recorded: localstack's test_test_state_scenarios (2025-11-14) and the other tests of TestState (2025-11 and 2025-12).
Source: docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.test_state.program_state import ProgramChoiceSelected
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.parse.test_state.preprocessor import TestStatePreprocessor
from moto.stepfunctions.parser.backend.test_state.execution_worker import TestStateExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from xsfn_helpers.asl.definition_rules import JSONATA, JSONPATH, diagnose_state, read_definition
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.machine_rules import refusal
from xsfn_helpers.sandbox.moto_bridge.corrections.at_once import MachineRun
from xsfn_helpers.sandbox.moto_bridge.corrections.given_texts import read_each_as_given, written
from xsfn_helpers.sandbox.moto_bridge.corrections.mocks import Mock, read_context, read_mock
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json, present

_NAME: Final = "StateName"
_NOT_OFFERED: Final = ("revealSecrets",)
_LONGEST_BACKOFF: Final = 31622400
_SUPPORTED: Final = "[Task, Wait, Pass, Succeed, Fail, Choice]"


def test_one_state() -> None:
    """From now on moto answers TestState."""
    visit_body = TestStatePreprocessor.visitState_decl_body

    def visit(preprocessor: Any, ctx: Any) -> Any:
        # moto would take each state inside a Map or Parallel for the tested one.
        if getattr(preprocessor, "is_inside", False):
            return Preprocessor.visitState_decl_body(preprocessor, ctx)
        preprocessor.is_inside = True
        return visit_body(preprocessor, ctx)

    TestStatePreprocessor.visitState_decl_body = visit
    TestStatePreprocessor.STATE_NAME = _NAME
    StepFunctionResponse.test_state = _test_state


def _test_state(response: StepFunctionResponse) -> ActionResult:
    params = {name: response._get_param(name) for name in _PARAMETERS}
    state = _found(params["definition"], params["stateName"])
    mock = read_mock(params, state)
    if mock is None:
        for name in _NOT_OFFERED:
            if params[name]:
                raise Refusal("ValidationException", f"The xsfn sandbox doesn't offer {name} in TestState.")
        _check_runnable(state, params["roleArn"])
    context = read_context(params["context"], state)
    given, variables = _input(params["input"]), _variables(params["variables"])
    run = _run_of(response, params["roleArn"])
    # Retried states are reported, not retried.
    once = {key: value for key, value in state.items() if key != "Retry"}
    worker = _worker(mock, context, variables, state)
    env = run.evaluate(worker, compact_json(once), given)
    end = env.program_state()
    failure = _failure(env, end)
    answer: dict[str, Any] = {"status": "SUCCEEDED"}
    retrier = _handler(state.get("Retry"), failure) if failure is not None else None
    retried = (params["stateConfiguration"] or {}).get("retrierRetryCount") or 0
    if failure is None:
        answer["output"] = written(env.states.get_input())
        answer["nextState"] = _next(end)
    elif retrier is not None and retried < state["Retry"][retrier].get("MaxAttempts", _ATTEMPTS):
        backoff = _backoff(state["Retry"][retrier], retried)
        answer.update(failure, status="RETRIABLE", retrier=retrier, backoff=backoff)
    elif isinstance(end, ProgramError):
        answer.update(failure, status="FAILED", retrier=retrier)
    else:
        catcher = _handler(state.get("Catch"), failure)
        caught = written(env.states.get_input())
        answer.update(failure, status="CAUGHT_ERROR", output=caught, nextState=_next(end), catcher=catcher)
    level = params["inspectionLevel"] or "INFO"
    inspected = _inspection(state, env.inspection_data, answer) if level != "INFO" else None
    if inspected is not None and (told := {**variables, **env.variable_store._inner_scope}):
        inspected["variables"] = compact_json(told)
    shown = {key: value for key, value in answer.items() if key not in ("retrier", "catcher", "backoff")}
    return ActionResult(present(**shown, inspectionData=inspected))


_PARAMETERS: Final = (
    *("definition", "roleArn", "input", "inspectionLevel", "revealSecrets", "variables", "stateName", "mock"),
    *("context", "stateConfiguration"),
)
# A retrier's own defaults: states-language.net/spec.html#errors
_ATTEMPTS: Final = 3
_INTERVAL: Final = 1
_RATE: Final = 2.0


def _run_of(response: StepFunctionResponse, role_arn: str | None) -> MachineRun:
    """A run of a machine that nobody made, under a name of its own."""
    machine, name = str(uuid.uuid4()), str(uuid.uuid4())
    own = f"arn:{response.partition}:states:{response.region}:{response.current_account}"
    return MachineRun(
        response.current_account,
        response.region,
        role_arn or "",
        f"{own}:stateMachine:{machine}",
        name,
        f"{own}:express:{machine}:{name}",
    )


def _worker(
    mock: Mock | None, context: Mapping[str, Any] | None, variables: Mapping[str, Any], state: Mapping[str, Any]
) -> type[TestStateExecutionWorker]:
    """moto's worker for one state, with what was sent in place of what it would run and see."""

    class Worker(TestStateExecutionWorker):
        def _get_evaluation_entrypoint(self) -> Any:
            program = super()._get_evaluation_entrypoint()
            if mock is not None:
                tested = program.test_state
                tested.written = state
                evaluate = partial(mock.evaluate, tested)
                tested._eval_execution = _noting_the_result(evaluate)
            return program

        def _get_evaluation_environment(self) -> Any:
            env = super()._get_evaluation_environment()
            data = env.states.context_object.context_object_data
            data["Execution"].pop("RedriveCount", None)
            if not data["Execution"]["RoleArn"]:
                data["Execution"]["RoleArn"] = None
            env.variable_store._outer_scope.update(variables)
            if context is not None:
                _show(env, context)
            return env

    return Worker


def _noting_the_result(evaluate: Callable[[Any], None]) -> Callable[[Any], None]:
    def evaluate_noted(env: Any) -> None:
        evaluate(env)
        env.inspection_data["result"] = written(env.stack[-1])

    return evaluate_noted


def _show(env: Any, context: Mapping[str, Any]) -> None:
    """Let the environment, and the one that the state's work is done in, see this context object and no other."""
    shown, own = _GivenContext(context), env.states.context_object.context_object_data
    env.states.context_object.context_object_data = shown
    env.states._states_data["context"] = shown
    open_frame = env.open_frame

    def open_shown(*args: Any, **kwargs: Any) -> Any:
        # moto makes the frame's from this one's, and needs all that it has.
        env.states.context_object.context_object_data = own
        frame = open_frame(*args, **kwargs)
        env.states.context_object.context_object_data = shown
        frame.states.context_object.context_object_data = shown
        frame.states._states_data["context"] = shown
        return frame

    env.open_frame = open_shown


class _Deaf(dict[str, Any]):
    """An object that stays as it is, whatever is written into it; its copies are plain."""

    def __setitem__(self, name: str, value: Any) -> None:
        """Not written."""

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return copy.deepcopy(dict(self), memo)


class _GivenContext(_Deaf):
    """A context object as it was given; what isn't in it can be looked up all the same, as moto does to count."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__({name: _Deaf(part) for name, part in given.items()})

    def __missing__(self, name: str) -> Any:
        return {}


def _found(text: str, name: str | None) -> Mapping[str, Any]:
    """The state that is tested: the definition itself, or the state of this name in it. Raises `Refusal`."""
    if name is None:
        state, faults = diagnose_state(text, _NAME)
        if faults:
            raise refusal(faults)
        return state
    machine, faults = read_definition(text)
    if faults:
        raise refusal(faults)
    language = machine.get("QueryLanguage", JSONPATH)
    body = _named(machine, name)
    if body is None:
        raise Refusal("ValidationException", "State not found in definition")
    if "QueryLanguage" not in body and language != JSONPATH:
        body = {**body, "QueryLanguage": language}
    _, faults = diagnose_state(compact_json(body), name)
    if faults:
        raise refusal(faults)
    return body


def _named(scope: Any, name: str) -> Mapping[str, Any] | None:
    """The state of this name, however deep inside Map and Parallel states."""
    states = scope.get("States") if isinstance(scope, dict) else None
    if not isinstance(states, dict):
        return None
    if isinstance(states.get(name), dict):
        found: Mapping[str, Any] = states[name]
        return found
    for body in states.values():
        if isinstance(body, dict):
            branches = body.get("Branches")
            inner = [body.get("ItemProcessor"), body.get("Iterator"), *(branches if isinstance(branches, list) else ())]
            for one in inner:
                if (deeper := _named(one, name)) is not None:
                    return deeper
    return None


def _check_runnable(state: Mapping[str, Any], role_arn: str | None) -> None:
    """Raise `Refusal` for a state that can be tested with a mock only."""
    kind = state["Type"]
    if kind in ("Map", "Parallel"):
        raise Refusal(
            "InvalidDefinition",
            f"TestState API does not support Map or Parallel states. Supported state types include: {_SUPPORTED}",
        )
    if kind == "Task":
        pattern = state["Resource"].rpartition(":")[2] if ":2" not in state["Resource"][-2:] else ".sync:2"
        if "." in pattern or ":activity:" in state["Resource"]:
            # The denial is documented, its words aren't.
            raise Refusal(
                "InvalidDefinition",
                "TestState API does not support Activity tasks and the .sync and .waitForTaskToken service integration "
                "patterns unless a mock is specified.",
            )
        if not role_arn:
            raise Refusal("ValidationException", "RoleArn must be specified when testing a Task state")
        if ":apigateway:invoke" in state["Resource"]:
            raise Refusal("ValidationException", "The xsfn sandbox doesn't offer apigateway:invoke in TestState.")


def _variables(text: str | None) -> dict[str, Any]:
    try:
        variables = json.loads(text or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise Refusal("ValidationException", "Variables must be a valid JSON object")
    return variables


def _backoff(retrier: Mapping[str, Any], retried: int) -> int:
    """How long AWS would wait before the next attempt."""
    seconds = retrier.get("IntervalSeconds", _INTERVAL) * retrier.get("BackoffRate", _RATE) ** retried
    return int(min(seconds, retrier.get("MaxDelaySeconds", _LONGEST_BACKOFF)))


def _input(text: str | None) -> Any:
    try:
        return read_each_as_given(text or "{}")
    except ValueError:
        raise Refusal(
            "InvalidExecutionInput", "Invalid State Machine Execution Input: 'Invalid execution input.'"
        ) from None


def _next(end: Any) -> str | None:
    if isinstance(end, ProgramEnded | ProgramError):
        return None
    name: str = end.next_state_name
    return name


def _failure(env: Any, end: Any) -> dict[str, str] | None:
    """Error and cause, whether the state caught them or not."""
    if isinstance(end, ProgramError):
        return _error_of(end.error or {})
    if isinstance(end, ProgramEnded | ProgramChoiceSelected):
        return None
    for event in env.event_manager.get_event_history():
        for key, details in event.items():
            if key.endswith(("FailedEventDetails", "TimedOutEventDetails")):
                return _error_of(details)
    told = env.inspection_data.get("failure")
    return _error_of(told) if told is not None else None


def _error_of(details: Mapping[str, Any]) -> dict[str, str]:
    return {key: details[key] for key in ("error", "cause") if details.get(key) is not None}


def _handler(handlers: Sequence[Mapping[str, Any]] | None, failure: Mapping[str, str]) -> int | None:
    """Which of a state's Retry or Catch entries takes this error; None if none does."""
    error = failure.get("error")
    for index, handler in enumerate(handlers or ()):
        names = handler["ErrorEquals"]
        if error in names or "States.ALL" in names:
            return index
        if "States.TaskFailed" in names and error != "States.Timeout":
            return index
    return None


def _inspection(state: Mapping[str, Any], seen: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """What each field made of the data. A field that isn't there hands on what it gets, and AWS says that, too."""
    data: dict[str, Any] = {"input": seen["input"]}
    backoff = answer.get("backoff")
    details = present(
        retryIndex=answer.get("retrier"), retryBackoffIntervalSeconds=backoff, catchIndex=answer.get("catcher")
    )
    if details:
        data["errorDetails"] = details
    kind = state["Type"]
    if kind == "Map":
        data |= _map_inspected(state, seen)
    jsonata = state.get("QueryLanguage") == JSONATA
    is_task, works = kind == "Task", kind in ("Task", "Pass", "Map", "Parallel")
    if jsonata:
        arguments = seen.get("afterParameters") if is_task else None
        result = seen.get("result") if is_task else None
        return present(**data, afterArguments=arguments, result=result)
    static = "Result" in state
    path = seen.get("afterInputPath", seen["input"])
    if not static and kind != "Parallel":
        data["afterInputPath"] = path
    if kind in ("Task", "Pass") and not static:
        data["afterParameters"] = seen.get("afterParameters", path)
    if works and answer["status"] == "SUCCEEDED":
        result = seen.get("result")
        if is_task or static:
            data["result"] = result
        selected = seen.get("afterResultSelector", result if result is not None else data.get("afterParameters"))
        data["afterResultSelector"] = selected
        data["afterResultPath"] = seen.get("afterResultPath", selected)
    return present(**data)


def _map_inspected(state: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    count, percentage = seen.get("tolerated", (None, None))
    has_count = {"ToleratedFailureCount", "ToleratedFailureCountPath"} & state.keys()
    has_percentage = {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"} & state.keys()
    return present(
        afterItemsPath=seen.get("afterItemsPath"),
        maxConcurrency=seen.get("maxConcurrency"),
        toleratedFailureCount=count if has_count else None,
        toleratedFailurePercentage=percentage if has_percentage else None,
    )
