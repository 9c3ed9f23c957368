"""Facts about states whose data isn't there: paths to nowhere, expressions without a value, choices that fit none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.recordings import REQUEST_RESPONSE, SYNC_2, Recordings, alone
from tests.sandbox.test_recorded_histories import chain, details
from tests.sandbox.world import Outcome

pytestmark = pytest.mark.usefixtures("no_http")

SCENARIOS = "localstack v2/scenarios/test_base_scenarios"
PATHS = f"{SCENARIOS}::test_invalid_jsonpath, 2025-01-02"
UNDEFINED = "localstack v2/assign/test_assign_reference_variables::test_undefined_reference, 2024-11-21"
ITEMS = f"{SCENARIOS}::test_map_state_items_eval_jsonata_fail, 2024-11-19"
BROKER = "localstack scenario/test_loan_broker, 2025-10-13"
CHOICE = "state-choice.html; the words as quoted by users and by projects that tried AWS"
END: dict[str, Any] = {"Type": "Pass", "End": True}


def run(recordings: Recordings, *states: dict[str, Any], given: Any = None, query: str = "JSONPath") -> Outcome:
    """A run of states one after the other, of which the last is the one to look at: State1, State2, …"""
    last = len(states)
    named = {
        f"State{number}": state if number == last else {**state, "Next": f"State{number + 1}"}
        for number, state in enumerate(states, 1)
    }
    return recordings.passing.run({"QueryLanguage": query, "StartAt": "State1", "States": named}, given=given)


def runtime_error(outcome: Outcome, what: str, *, state: str = "State1", entered: int = 2) -> None:
    """The last event is ExecutionFailed with States.Runtime and this cause."""
    cause = f"An error occurred while executing the state '{state}' (entered at the event id #{entered}). {what}"
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "States.Runtime", cause)
    assert details(outcome, "ExecutionFailed") == {"error": "States.Runtime", "cause": cause}


def query_error(outcome: Outcome, what: str, where: str, *, state: str = "State1", entered: int = 2) -> None:
    """EvaluationFailed with this cause, place and state, and the same cause in the end."""
    cause = f"An error occurred while executing the state '{state}' (entered at the event id #{entered}). {what}"
    told = {"error": "States.QueryEvaluationError", "cause": cause}
    assert details(outcome, "EvaluationFailed") == {**told, "location": where, "state": state}
    assert details(outcome, "ExecutionFailed") == told
    assert (outcome.error, outcome.cause) == (told["error"], cause)


# --- paths -----------------------------------------------------------------------------------------------------------


@fact("R1", f"{PATHS}: …STRING_EXPR_JSONPATH")
def test_a_path_to_nowhere_in_a_value(recordings: Recordings) -> None:
    """A value whose path isn't in the input: States.Runtime names path, key with its `.$`, and the input as JSON."""
    outcome = run(recordings, {**END, "Parameters": {"value.$": "$.no_such_jsonpath"}}, given={"int-literal": 0})

    runtime_error(
        outcome,
        "The JSONPath '$.no_such_jsonpath' specified for the field 'value.$' could not be found in the input "
        """'{"int-literal":0}'""",
    )
    assert chain(outcome) == [(1, 0, "ExecutionStarted"), (2, 0, "PassStateEntered"), (3, 2, "ExecutionFailed")]


@fact("R2", f"{PATHS}: …STRING_EXPR_CONTEXTPATH")
def test_a_path_to_nowhere_in_the_context_object(recordings: Recordings) -> None:
    """A context object's path is named with both its dollar signs."""
    where = "$$.Execution.Input.no_such_jsonpath"

    outcome = run(recordings, {**END, "Parameters": {"value.$": where}})

    start = f"The JSONPath '{where}' specified for the field 'value.$' could not be found in the input '{{"
    assert f"(entered at the event id #2). {start}" in (outcome.cause or "")
    assert outcome.types == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


@fact("R3", f"{PATHS}: …INPUTPATH, …OUTPUTPATH, …TIMEOUTSECONDSPATH")
@pytest.mark.parametrize("field", ["InputPath", "OutputPath", "TimeoutSecondsPath"])
def test_a_field_that_is_a_path_to_nowhere(recordings: Recordings, field: str) -> None:
    """InputPath, OutputPath and TimeoutSecondsPath have words of their own."""
    state = recordings.passing.task(REQUEST_RESPONSE) if field == "TimeoutSecondsPath" else END

    outcome = run(recordings, {**state, field: "$.NoSuchPath"})

    runtime_error(outcome, "Invalid path '$.NoSuchPath' : No results for path: $['NoSuchPath']")
    assert len(outcome.events) == 3


@fact("R4", f"{PATHS}: …ERRORPATH, …CAUSEPATH")
@pytest.mark.parametrize("field", ["ErrorPath", "CausePath"])
def test_a_fail_state_with_a_path_to_nowhere(recordings: Recordings, field: str) -> None:
    """A Fail state's ErrorPath and CausePath are named as the field."""
    outcome = run(recordings, {"Type": "Pass"}, {"Type": "Fail", field: "$.Nothing"}, given={"Error": "error-value"})

    runtime_error(
        outcome,
        f"The JSONPath '$.Nothing' specified for the field '{field}' could not be found in the input "
        """'{"Error":"error-value"}'""",
        state="State2",
        entered=4,
    )


@fact("R5", f"{BROKER}: $.SSN")
def test_a_task_whose_parameters_are_not_there(recordings: Recordings) -> None:
    """A Task with such a path in its Parameters says the same; the key is the innermost one."""
    stage = recordings.passing
    machine = stage.world.scenario.subject_machine_arn
    inputs = {"StateMachineArn": machine, "Input": {"Applicant": {"SSN.$": "$.SSN"}}}

    outcome = run(recordings, stage.task(Parameters=inputs), given={"unexpected": "234-45-6789"})

    runtime_error(
        outcome,
        "The JSONPath '$.SSN' specified for the field 'SSN.$' could not be found in the input "
        """'{"unexpected":"234-45-6789"}'""",
    )


@fact("R6", f"{BROKER}: $.Payload.body.score")
def test_a_task_whose_result_is_not_as_thought(recordings: Recordings) -> None:
    """After a task has succeeded, the state is still told as entered where it was, and the result is shown."""
    task = recordings.passing.task(REQUEST_RESPONSE, ResultSelector={"Score.$": "$.Payload.body.score"})

    outcome = run(recordings, task)

    assert outcome.types[-2:] == ["TaskSucceeded", "ExecutionFailed"]
    assert (outcome.cause or "").startswith(
        "An error occurred while executing the state 'State1' (entered at the event id #2). The JSONPath "
        "'$.Payload.body.score' specified for the field 'Score.$' could not be found in the input '{\"ExecutionArn\":"
    )


@fact("R7", f"{SCENARIOS}::test_catch_states_runtime, 2023-11-23")
@pytest.mark.parametrize("names", [["States.ALL"], ["States.Runtime"]])
def test_states_runtime_is_not_caught(recordings: Recordings, names: list[str]) -> None:
    """No Catch and no Retry takes States.Runtime, and it leaves no event of the task: ExecutionFailed comes at once."""
    catch = [{"ErrorEquals": names, "Next": "State1"}]
    retry = [{"ErrorEquals": names, "MaxAttempts": 3}]
    bad = {"StateMachineArn.$": "$.nothing"}

    outcome = run(recordings, recordings.passing.task(Parameters=bad, Catch=catch, Retry=retry))

    assert chain(outcome) == [(1, 0, "ExecutionStarted"), (2, 0, "TaskStateEntered"), (3, 2, "ExecutionFailed")]
    assert outcome.error == "States.Runtime"


# --- JSONata ---------------------------------------------------------------------------------------------------------


@fact("R8", f"{UNDEFINED}: …OUTPUT, …OUTPUT_FIELD, …ASSIGN, …ARGUMENTS, …ARGUMENTS_FIELD")
@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("Output", "{% $doesNotExist %}", "Output"),
        ("Output", {"result": "{% $doesNotExist %}"}, "Output/result"),
        ("Assign", {"result": "{% $doesNotExist %}"}, "Assign/result"),
        ("Arguments", "{% $doesNotExist %}", "Arguments"),
        ("Arguments", {"StateMachineArn": "{% $doesNotExist %}"}, "Arguments/StateMachineArn"),
    ],
)
def test_an_undefined_expression(recordings: Recordings, field: str, value: Any, where: str) -> None:
    """JSONata without a value: EvaluationFailed with place and state follows what the state's entry followed."""
    task = recordings.passing.task(REQUEST_RESPONSE)
    del task["Parameters"]

    outcome = run(recordings, {**(task if field == "Arguments" else END), field: value}, query="JSONata")

    what = f"The JSONata expression '$doesNotExist' specified for the field '{where}' returned nothing (undefined)."
    query_error(outcome, what, where)
    entered = "TaskStateEntered" if field == "Arguments" else "PassStateEntered"
    assert chain(outcome)[1:] == [(2, 0, entered), (3, 0, "EvaluationFailed"), (4, 3, "ExecutionFailed")]


@fact("R9", f"{UNDEFINED}: …OUTPUT_MULTIPLE_STATES")
def test_an_undefined_expression_in_a_later_state(recordings: Recordings) -> None:
    """The third state's EvaluationFailed follows the second's exit, as its entry does."""
    bad = {**END, "Output": {"result": "{% $doesNotExist %}"}}

    outcome = run(recordings, {"Type": "Pass"}, {"Type": "Pass"}, bad, query="JSONata")

    what = (
        "The JSONata expression '$doesNotExist' specified for the field 'Output/result' returned nothing (undefined)."
    )
    query_error(outcome, what, "Output/result", state="State3", entered=6)
    assert chain(outcome)[5:] == [(6, 5, "PassStateEntered"), (7, 5, "EvaluationFailed"), (8, 7, "ExecutionFailed")]


@fact("R10", "localstack v2/intrinsic_functions/test_math_operations_jsonata::test_math_random_seeded, 2024-11-15")
def test_an_expression_that_fails(recordings: Recordings) -> None:
    """JSONata that throws: its own code and words at the end."""
    bad = {**END, "Output": {"FunctionResult": "{% $randomSeeded($states.input.FunctionInput.fst) %}"}}

    outcome = run(recordings, bad, query="JSONata", given={"FunctionInput": {"fst": 3}})

    query_error(
        outcome,
        "The JSONata expression '$randomSeeded($states.input.FunctionInput.fst)' specified for the field "
        "'Output/FunctionResult' threw an error during evaluation. T1006: Attempted to invoke a non-function",
        "Output/FunctionResult",
    )


@fact("R11", "transforming-data.html: functions that Step Functions adds to JSONata", Tag.DOC)
def test_the_functions_of_step_functions(recordings: Recordings) -> None:
    """$uuid, $hash, $parse, $random with a seed, $range and $partition."""
    output = {
        "uuid": "{% $match($uuid(), /^[0-9a-f-]{36}$/) ? true : false %}",
        "hash": "{% $hash('input data', 'SHA-1') %}",
        "parse": """{% $parse('{"a":[1,2]}').a[1] %}""",
        "random": "{% $random(7) = $random(7) and $random(7) < 1 %}",
        "range": "{% $range(1, 9, 2) %}",
        "partition": "{% $partition([1,2,3,4,5], 2) %}",
    }

    outcome = run(recordings, {**END, "Output": output}, query="JSONata")

    assert outcome.output == {
        "uuid": True,
        "hash": "aaff4a450a104cd177d28d18d74485e8cae074b7",
        "parse": 2,
        "random": True,
        "range": [1, 3, 5, 7, 9],
        "partition": [[1, 2], [3, 4], [5]],
    }


@fact("R18", ITEMS)
@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("1", "number", "1"),
        ("'string'", "string", '"string"'),
        ("true", "boolean", "true"),
        ("{'foo': 'bar'}", "object", '{"foo":"bar"}'),
        ("null", "null", "null"),
    ],
)
def test_items_that_are_no_list(recordings: Recordings, expression: str, kind: str, value: str) -> None:
    """A Map's Items that isn't an array: EvaluationFailed, MapStateFailed, ExecutionFailed."""
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, **alone(END)}
    state = {"Type": "Map", "Items": f"{{% {expression} %}}", "ItemProcessor": processor, "End": True}

    outcome = run(recordings, state, query="JSONata")

    what = (
        f"The JSONata expression '{expression}' specified for the field 'Items' returned an unexpected result type. "
        f"Expected 'array', but was '{kind}' for value: {value}"
    )
    query_error(outcome, what, "Items")
    ended = [(3, 0, "EvaluationFailed"), (4, 3, "MapStateFailed"), (5, 4, "ExecutionFailed")]
    assert chain(outcome)[1:] == [(2, 0, "MapStateEntered"), *ended]


@fact("R12", "localstack v2/states_variables/test_error_output::test_map_catch_error (…WITH_RETRY), 2024-11-12")
def test_an_undefined_expression_inside_a_map(recordings: Recordings) -> None:
    """Inside a Map, the execution's cause is the inner state's, told once."""
    bad = {"Type": "Pass", "Output": {"error": "{% $stateError %}"}, "End": True}
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, **alone(bad, "Fallback")}
    state = {"Type": "Map", "Items": "{% [1] %}", "ItemProcessor": processor, "End": True}

    outcome = run(recordings, state, query="JSONata")

    what = "The JSONata expression '$stateError' specified for the field 'Output/error' returned nothing (undefined)."
    query_error(outcome, what, "Output/error", state="Fallback", entered=5)
    assert chain(outcome)[4:] == [
        (5, 4, "PassStateEntered"),
        (6, 4, "EvaluationFailed"),
        (7, 6, "MapIterationFailed"),
        (8, 6, "MapStateFailed"),
        (9, 8, "ExecutionFailed"),
    ]


@fact("R13", "concepts-error-handling.html: States.QueryEvaluationError", Tag.DOC)
def test_a_query_error_can_be_caught(recordings: Recordings) -> None:
    """A Task's Catch takes States.QueryEvaluationError."""
    task = recordings.passing.task(SYNC_2, Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught"}])
    del task["Parameters"]
    task["Arguments"] = {"StateMachineArn": "{% $states.input.nothing %}"}
    caught = {"Type": "Pass", "Output": "{% $states.input.Error %}", "End": True}

    outcome = recordings.passing.run(
        {"QueryLanguage": "JSONata", "StartAt": "Task", "States": {"Task": task, "Caught": caught}}
    )

    assert (outcome.status, outcome.output) == ("SUCCEEDED", "States.QueryEvaluationError")
    assert outcome.types[2:4] == ["EvaluationFailed", "TaskStateExited"]


# --- waits and choices -----------------------------------------------------------------------------------------------


@fact("R14", "localstack v2/base/test_wait::test_base_wait_seconds_path, 2024-03-22")
@pytest.mark.parametrize(
    ("seconds", "what"),
    [
        (-1, "references a negative value"),
        (1.5, "cannot be parsed as a long value"),
        (-1.5, "cannot be parsed as a long value"),
    ],
)
def test_seconds_that_are_none(recordings: Recordings, seconds: float, what: str) -> None:
    """A Wait's SecondsPath must lead to a whole number that isn't negative."""
    wait = {"Type": "Wait", "SecondsPath": "$.input.waitSeconds", "End": True}

    outcome = run(recordings, wait, given={"input": {"waitSeconds": seconds}})

    runtime_error(outcome, f"The SecondsPath parameter {what}: $.input.waitSeconds == {seconds}")


@fact("R15", "localstack v2/logs/test_logs::test_base (wait_seconds_path), 2024-06-10")
def test_seconds_that_are_nowhere(recordings: Recordings) -> None:
    """A Wait's SecondsPath to nowhere has words of its own."""
    outcome = run(recordings, {"Type": "Wait", "SecondsPath": "$.input.waitSeconds", "End": True})

    runtime_error(outcome, "The SecondsPath parameter does not reference an input value: $.input.waitSeconds")


@fact("R16", CHOICE, Tag.COMM)
def test_a_choice_by_what_is_not_there(recordings: Recordings) -> None:
    """A Choice that compares what isn't in the input fails, Default or not."""
    rules = [{"Variable": "$.type", "StringEquals": "Private", "Next": "State2"}]
    choice = {"Type": "Choice", "Choices": rules, "Default": "State2"}

    outcome = recordings.passing.run({"StartAt": "State1", "States": {"State1": choice, "State2": END}})

    runtime_error(outcome, "Invalid path '$.type': The choice state's condition path references an invalid value.")


@fact("R17", CHOICE, Tag.COMM)
def test_a_choice_that_fits_none(recordings: Recordings) -> None:
    """A Choice without a fitting rule and without a Default fails for want of a next state."""
    rules = [{"Variable": "$.type", "StringEquals": "Private", "Next": "State2"}]
    choice = {"Type": "Choice", "Choices": rules}

    outcome = recordings.passing.run(
        {"StartAt": "State1", "States": {"State1": choice, "State2": END}}, given={"type": "Public"}
    )

    runtime_error(outcome, "Failed to transition out of the state. The state does not point to a next state.")
    assert outcome.types == ["ExecutionStarted", "ChoiceStateEntered", "ExecutionFailed"]


def test_a_choice_may_ask_whether_something_is_there(recordings: Recordings) -> None:
    rules = [
        {
            "And": [{"Variable": "$.type", "IsPresent": True}, {"Variable": "$.type", "StringEquals": "a"}],
            "Next": "State2",
        },
        {"Variable": "$.type", "IsPresent": False, "Next": "State3"},
    ]
    states = {"State1": {"Type": "Choice", "Choices": rules}, "State2": END, "State3": END}

    outcome = recordings.passing.run({"StartAt": "State1", "States": states})

    assert outcome.status == "SUCCEEDED"
    assert details(outcome, "PassStateEntered")["name"] == "State3"
