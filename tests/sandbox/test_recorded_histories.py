"""Facts about the history of a run that goes well, and about what its events hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.recordings import Recordings
from tests.sandbox.world import Outcome

pytestmark = pytest.mark.usefixtures("no_http")

CREDENTIALS = "localstack v2/credentials/test_credentials_base, 2024-12-04"
CALLBACK = "localstack v2/callback/test_callback::test_start_execution_sync2, 2023-08-12"
REQUEST = "localstack v2/services/test_sfn_task_service::test_start_execution, 2025-11-06"
NESTED = "floci AslExecutorNestedStartExecutionTest"


def chain(outcome: Outcome) -> list[tuple[int, int, str]]:
    return [(event["id"], event["previousEventId"], event["type"]) for event in outcome.events]


def details(outcome: Outcome, event_type: str) -> dict[str, Any]:
    """What the first event of this type holds."""
    event = next(event for event in outcome.events if event["type"] == event_type)
    (found,) = (value for key, value in event.items() if key.endswith("Details"))
    return dict(found)


@fact("H1", CREDENTIALS)
def test_sync_has_eight_events_in_this_order(recordings: Recordings) -> None:
    """A cross-account run with .sync has these eight events, and the first state's event points at 0, not 1."""
    assert chain(recordings.sync) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "TaskStateEntered"),
        (3, 2, "TaskScheduled"),
        (4, 3, "TaskStarted"),
        (5, 4, "TaskSubmitted"),
        (6, 5, "TaskSucceeded"),
        (7, 6, "TaskStateExited"),
        (8, 7, "ExecutionSucceeded"),
    ]


@fact("H2", CALLBACK)
def test_sync_2_has_the_same_events(recordings: Recordings) -> None:
    """With .sync:2 the events are the same, and name the resource startExecution.sync:2."""
    assert chain(recordings.sync_2) == chain(recordings.sync)
    assert details(recordings.sync_2, "TaskStarted") == {"resource": "startExecution.sync:2", "resourceType": "states"}


@fact("H3", CREDENTIALS)
def test_the_role_is_in_task_credentials_and_nowhere_else(recordings: Recordings) -> None:
    """TaskScheduled has the Credentials role in taskCredentials, and its parameters don't have it."""
    scheduled = details(recordings.sync, "TaskScheduled")

    role = recordings.passing.world.scenario.execute_role_arn
    assert scheduled["taskCredentials"] == {"roleArn": role}
    assert set(json.loads(scheduled["parameters"])) == {"StateMachineArn", "Input", "Name"}
    assert role not in scheduled["parameters"]


@fact("H4", CREDENTIALS)
def test_scheduled_has_these_fields(recordings: Recordings) -> None:
    """TaskScheduled has parameters (text), region, resource, resourceType, taskCredentials; a timeout only if set."""
    scheduled = details(recordings.sync, "TaskScheduled")

    assert set(scheduled) == {"parameters", "region", "resource", "resourceType", "taskCredentials"}
    assert (scheduled["resource"], scheduled["resourceType"]) == ("startExecution.sync", "states")
    assert isinstance(scheduled["parameters"], str)


@fact("H5", CALLBACK)
def test_without_credentials_there_are_no_task_credentials(recordings: Recordings) -> None:
    """A task without Credentials has no taskCredentials in its history."""
    stage = recordings.passing
    task = stage.task("arn:aws:states:::states:startExecution")
    del task["Credentials"]

    outcome = stage.run({"StartAt": "T", "States": {"T": task}})

    assert "taskCredentials" not in details(outcome, "TaskScheduled")


@fact("H6", CREDENTIALS)
def test_started_has_the_machines_role(recordings: Recordings) -> None:
    """ExecutionStarted has input, inputDetails and the state machine's own role."""
    started = details(recordings.sync, "ExecutionStarted")

    assert set(started) == {"input", "inputDetails", "roleArn"}
    assert started["inputDetails"] == {"truncated": False}
    assert started["roleArn"] == recordings.passing.world.scenario.operator_role_arn


@fact("H7", CREDENTIALS)
def test_data_in_events_is_text(recordings: Recordings) -> None:
    """Inputs and outputs are JSON in a text, each with a truncated flag, in every event that has one."""
    entered, exited = details(recordings.sync, "TaskStateEntered"), details(recordings.sync, "TaskStateExited")
    succeeded = details(recordings.sync, "ExecutionSucceeded")

    assert set(entered) == {"name", "input", "inputDetails"}
    assert set(exited) == {"name", "output", "outputDetails"}
    assert set(succeeded) == {"output", "outputDetails"}
    assert all(isinstance(text, str) for text in (entered["input"], exited["output"], succeeded["output"]))
    assert exited["outputDetails"] == succeeded["outputDetails"] == {"truncated": False}


@fact("H8", CREDENTIALS)
def test_submitted_holds_the_answer_to_start_execution(recordings: Recordings) -> None:
    """TaskSubmitted's output is StartExecution's answer with the SDK's metadata, the names and their order as here."""
    submitted = details(recordings.sync, "TaskSubmitted")
    output = json.loads(submitted["output"])

    assert set(submitted) == {"output", "outputDetails", "resource", "resourceType"}
    assert list(output) == ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]
    assert list(output["SdkHttpMetadata"]) == ["AllHttpHeaders", "HttpHeaders", "HttpStatusCode"]
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    headers = output["SdkHttpMetadata"]["HttpHeaders"]
    assert list(headers) == ["connection", "Content-Length", "Content-Type", "Date", "x-amzn-RequestId"]
    assert (headers["connection"], headers["Content-Type"]) == ("keep-alive", "application/x-amz-json-1.0")
    every = output["SdkHttpMetadata"]["AllHttpHeaders"]
    assert list(every) == ["x-amzn-RequestId", "connection", "Content-Length", "Date", "Content-Type"]
    assert {name: [value] for name, value in headers.items()} == every


@fact("H9", CREDENTIALS)
def test_the_request_id_is_the_same_everywhere(recordings: Recordings) -> None:
    """SdkResponseMetadata.RequestId is the x-amzn-RequestId of the headers."""
    output = json.loads(details(recordings.sync, "TaskSubmitted")["output"])

    assert output["SdkResponseMetadata"] == {"RequestId": output["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"]}


@fact("H10", CREDENTIALS)
def test_sync_gives_the_description_with_texts(recordings: Recordings) -> None:
    """With .sync the task's output describes the child, keys in alphabetical order, Input and Output as texts."""
    output = recordings.sync.output

    assert list(output) == [
        *("ExecutionArn", "Input", "InputDetails", "Name", "Output", "OutputDetails", "RedriveCount"),
        *("RedriveStatus", "RedriveStatusReason", "StartDate", "StateMachineArn", "Status", "StopDate"),
    ]
    assert output["Input"] == '"InputFromTrustedAccount"'
    assert output["Output"] == '{"Arg1":"argument1"}'
    assert output["InputDetails"] == output["OutputDetails"] == {"Included": True}


@fact("H11", CREDENTIALS)
def test_a_succeeded_child_cannot_be_redriven(recordings: Recordings) -> None:
    """A succeeded child is NOT_REDRIVABLE, with this reason and a count of 0."""
    output = recordings.sync.output

    assert (output["RedriveCount"], output["RedriveStatus"], output["RedriveStatusReason"]) == (
        *(0, "NOT_REDRIVABLE"),
        "Execution is SUCCEEDED and cannot be redriven",
    )


@fact("H12", CALLBACK)
def test_sync_2_gives_parsed_json(recordings: Recordings) -> None:
    """With .sync:2 Input and Output are JSON values."""
    assert recordings.sync_2.output["Input"] == {"a": 1}
    assert recordings.sync_2.output["Output"] == {"Arg1": "argument1"}


@fact("H13", REQUEST)
def test_request_response_has_seven_events_and_the_bare_answer(recordings: Recordings) -> None:
    """Without a suffix there is no TaskSubmitted, and the task's output is StartExecution's answer."""
    outcome = recordings.request_response

    assert [event_type for _, _, event_type in chain(outcome)] == [
        *("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted"),
        *("TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"),
    ]
    assert set(outcome.output) == {"ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"}


@fact("H14", NESTED, Tag.MEAS)
def test_times_in_outputs_are_epoch_milliseconds(recordings: Recordings) -> None:
    """StartDate and StopDate inside a task's output, and in TaskSubmitted, are whole milliseconds since 1970."""
    described = recordings.sync.output
    submitted = json.loads(details(recordings.sync, "TaskSubmitted")["output"])

    for value in (described["StartDate"], described["StopDate"], submitted["StartDate"]):
        assert isinstance(value, int)
        assert 1.7e12 < value < 4e12


@fact("H15", CREDENTIALS)
def test_a_json_string_as_input_reaches_the_child_as_it_is(recordings: Recordings) -> None:
    """A task's Input that is a text is the child's input, unchanged."""
    states = recordings.passing.world.subject_states

    described = states.describe_execution(executionArn=recordings.sync.output["ExecutionArn"])

    assert described["input"] == '"InputFromTrustedAccount"'


@fact("H16", CALLBACK)
def test_a_missing_input_is_an_empty_object(recordings: Recordings) -> None:
    """A child started without Input gets {}."""
    states = recordings.passing.world.subject_states

    arn = recordings.request_response.output["ExecutionArn"]

    assert states.describe_execution(executionArn=arn)["input"] == "{}"


@fact("H17", "localstack v2/credentials, case …ROLE_ARN_VARIABLE, 2024-12-04")
def test_a_second_state_follows_the_first_ones_exit(recordings: Recordings) -> None:
    """The second state's Entered points at the Exited before it, which shows what was assigned."""
    stage = recordings.passing
    role = stage.world.scenario.execute_role_arn
    task = stage.task(Credentials={"RoleArn.$": "$roleArn"})
    first = {"Type": "Pass", "Assign": {"roleArn.$": "$.role"}, "Next": "RunTask"}

    outcome = stage.run(
        {"StartAt": "StartExecution", "States": {"StartExecution": first, "RunTask": task}}, given={"role": role}
    )

    assert chain(outcome)[1:4] == [(2, 0, "PassStateEntered"), (3, 2, "PassStateExited"), (4, 3, "TaskStateEntered")]
    exited = details(outcome, "PassStateExited")
    assert exited["assignedVariables"] == {"roleArn": f'"{role}"'}
    assert exited["assignedVariablesDetails"] == {"truncated": False}


@fact("H18", "localstack v2/timeouts/test_timeouts::test_fixed_timeout_service_lambda, 2024-03-10")
def test_a_time_limit_is_shown_when_set(recordings: Recordings) -> None:
    """TaskScheduled has timeoutInSeconds if the task has TimeoutSeconds."""
    _, outcome = recordings.waiting_task

    assert details(outcome, "TaskScheduled")["timeoutInSeconds"] == 1


@fact("H19", "localstack v2/test_sfn_api::test_get_execution_history_reversed, 2024-01-28")
def test_a_history_can_be_read_backwards(recordings: Recordings) -> None:
    """With reverseOrder the same events come last first."""
    states = recordings.passing.world.operator_states

    answer = states.get_execution_history(executionArn=recordings.sync.arn, reverseOrder=True)

    assert answer["events"] == recordings.sync.events[::-1]


@fact("H20", "localstack v2/test_sfn_api::test_describe_execution, 2024-08-21")
def test_describe_execution_has_these_fields(recordings: Recordings) -> None:
    """DescribeExecution of a succeeded execution has these fields, input and output as texts."""
    states = recordings.passing.world.operator_states

    described = states.describe_execution(executionArn=recordings.sync.arn)

    assert set(described) - {"ResponseMetadata"} == {
        *("executionArn", "input", "inputDetails", "name", "output", "outputDetails", "redriveCount"),
        *("redriveStatus", "redriveStatusReason", "startDate", "stateMachineArn", "status", "stopDate"),
    }
    assert described["inputDetails"] == described["outputDetails"] == {"included": True}


@fact("H21", "localstack v2/services/test_aws_sdk_task_service (sfn:startExecution), 2025-11-06")
def test_an_sdk_task_starts_an_execution_too(recordings: Recordings) -> None:
    """aws-sdk:sfn:startExecution works with Credentials; its resource type is aws-sdk:sfn, an object as Input is turned
    into text."""
    stage = recordings.passing
    parameters = {"StateMachineArn": stage.world.scenario.subject_machine_arn, "Input": {"a": 1}}

    outcome = stage.run_task("arn:aws:states:::aws-sdk:sfn:startExecution", Parameters=parameters)

    scheduled = details(outcome, "TaskScheduled")
    assert (scheduled["resourceType"], scheduled["resource"]) == ("aws-sdk:sfn", "startExecution")
    child = stage.world.subject_states.describe_execution(executionArn=outcome.output["ExecutionArn"])
    assert json.loads(child["input"]) == {"a": 1}
    assert set(outcome.output) == {"ExecutionArn", "StartDate"}
