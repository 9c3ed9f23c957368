"""TestState: one state run for real, with the role given, and what went in and out of each of its fields.

Recorded: localstack's test_test_state_scenarios (2025-11-14) and test_state_mock_validation (2025-12-10). What isn't
in those recordings (mocks, variables, a context object of one's own) is refused, not guessed.
Source: docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.test_state.program_state import ProgramChoiceSelected
from moto.stepfunctions.parser.asl.parse.test_state.preprocessor import TestStatePreprocessor
from moto.stepfunctions.parser.backend.test_state.execution_worker import TestStateExecutionWorker
from moto.stepfunctions.responses import StepFunctionResponse

from xsfn_helpers.asl.definition_rules import JSONATA, diagnose_state
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.machine_rules import refusal
from xsfn_helpers.sandbox.moto_bridge.corrections.at_once import MachineRun
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json, present

_NAME: Final = "StateName"
_NOT_OFFERED: Final = ("mock", "variables", "context", "stateConfiguration", "revealSecrets", "stateName")
_SUPPORTED: Final = "[Task, Wait, Pass, Succeed, Fail, Choice]"


def test_one_state() -> None:
    """From now on moto answers TestState."""
    TestStatePreprocessor.STATE_NAME = _NAME
    StepFunctionResponse.test_state = _test_state


def _test_state(response: StepFunctionResponse) -> ActionResult:
    for name in _NOT_OFFERED:
        if response._get_param(name):
            raise Refusal("ValidationException", f"The xsfn sandbox doesn't offer {name} in TestState.")
    state = _checked(response._get_param("definition"), response._get_param("roleArn"))
    given = _input(response._get_param("input"))
    machine_arn = f"arn:{response.partition}:states:{response.region}:{response.current_account}:stateMachine:{_NAME}"
    run = MachineRun.of(response.current_account, response.region, machine_arn, response._get_param("roleArn") or "")
    # Retried states are reported, not retried.
    once = {key: value for key, value in state.items() if key != "Retry"}
    env = run.evaluate(TestStateExecutionWorker, compact_json(once), given)
    end = env.program_state()
    failure = _failure(env, end)
    answer: dict[str, Any] = {"status": "SUCCEEDED"}
    if failure is None:
        answer["output"] = compact_json(env.states.get_input())
        answer["nextState"] = _next(end)
    elif (retrier := _handler(state.get("Retry"), failure)) is not None:
        answer.update(failure, status="RETRIABLE", retrier=retrier)
    elif isinstance(end, ProgramError):
        answer.update(failure, status="FAILED")
    else:
        catcher = _handler(state.get("Catch"), failure)
        caught = compact_json(env.states.get_input())
        answer.update(failure, status="CAUGHT_ERROR", output=caught, nextState=_next(end), catcher=catcher)
    level = response._get_param("inspectionLevel") or "INFO"
    inspected = _inspection(state, env.inspection_data, answer) if level != "INFO" else None
    shown = {key: value for key, value in answer.items() if key not in ("retrier", "catcher")}
    return ActionResult(present(**shown, inspectionData=inspected))


def _checked(definition: str, role_arn: str | None) -> Mapping[str, Any]:
    """The state, if it is one that can be tested. Raises `Refusal`."""
    state, faults = diagnose_state(definition, _NAME)
    if faults:
        raise refusal(faults)
    kind = state["Type"]
    if kind in ("Map", "Parallel"):
        raise Refusal(
            "InvalidDefinition",
            f"TestState API does not support Map or Parallel states. Supported state types include: {_SUPPORTED}",
        )
    if kind == "Task":
        pattern = state["Resource"].rpartition(":")[2] if ":2" not in state["Resource"][-2:] else ".sync:2"
        if "." in pattern or ":activity:" in state["Resource"]:
            # The refusal is documented, its words aren't.
            raise Refusal(
                "InvalidDefinition",
                "TestState API does not support Activity tasks and the .sync and .waitForTaskToken service integration "
                "patterns unless a mock is specified.",
            )
        if not role_arn:
            raise Refusal("ValidationException", "RoleArn must be specified when testing a Task state")
    return state


def _input(text: str | None) -> Any:
    try:
        return json.loads(text or "{}")
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
        return _named(end.error or {})
    if isinstance(end, ProgramEnded | ProgramChoiceSelected):
        return None
    for event in env.event_manager.get_event_history():
        for key, details in event.items():
            if key.endswith(("FailedEventDetails", "TimedOutEventDetails")):
                return _named(details)
    return None


def _named(details: Mapping[str, Any]) -> dict[str, str]:
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


def _inspection(state: Mapping[str, Any], seen: Mapping[str, str], answer: Mapping[str, Any]) -> dict[str, Any]:
    """What each field made of the data. A field that isn't there hands on what it gets, and AWS says that, too."""
    data: dict[str, Any] = {"input": seen["input"]}
    details = present(retryIndex=answer.get("retrier"), catchIndex=answer.get("catcher"))
    if details:
        data["errorDetails"] = details
    is_task, works = state["Type"] == "Task", state["Type"] in ("Task", "Pass")
    if state.get("QueryLanguage") == JSONATA:
        arguments = seen.get("afterParameters") if is_task else None
        return present(**data, afterArguments=arguments, result=seen.get("result") if is_task else None)
    static = "Result" in state
    path = seen.get("afterInputPath", seen["input"])
    if not static:
        data["afterInputPath"] = path
    if works and not static:
        data["afterParameters"] = seen.get("afterParameters", path)
    if works and answer["status"] == "SUCCEEDED":
        result = seen.get("result")
        if is_task or static:
            data["result"] = result
        selected = seen.get("afterResultSelector", result if result is not None else data.get("afterParameters"))
        data["afterResultSelector"] = selected
        data["afterResultPath"] = seen.get("afterResultPath", selected)
    return present(**data)
