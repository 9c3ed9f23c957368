"""Facts about runs that fail: what the parent's history says, and what becomes of the child."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.recordings import FAILS, REQUEST_RESPONSE, WAITS, Recordings, Stage, alone, until
from tests.sandbox.test_recorded_histories import chain, details
from tests.sandbox.world import Outcome
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

ASSIGN = "localstack v2/assign/test_assign_reference_variables, 2024-11-07"
FAILURE = "localstack v2/callback/test_callback::test_start_execution_sync_delegate_failure, 2023-07-05"
SYNC_FAILURE = "floci AslExecutorNestedSyncFailureTest"
CUT = "floci AslExecutorParallelCutTest"
TIMEOUT = "localstack v2/timeouts/test_timeouts::test_fixed_timeout_service_lambda, 2024-03-10"
SCENARIOS = "localstack v2/scenarios/test_base_scenarios, 2023"
CROSS_ACCOUNT = "dg/concepts-access-cross-acct-resources.html, dg/connect-to-resource.html"
ABORTED = "The Task state in AWS Step Functions execution [{}] which was managing this resource was aborted"


def tail(outcome: Outcome, count: int) -> list[str]:
    return outcome.types[-count:]


def cause_of(outcome: Outcome) -> dict[str, Any]:
    assert outcome.cause is not None
    return dict(json.loads(outcome.cause))


# --- the assume step -------------------------------------------------------------------------------------------------


@fact("F1", ASSIGN)
def test_a_refused_assume_step_has_this_error_and_cause(recordings: Recordings) -> None:
    """Where the Credentials role can't be assumed, error and cause are these, with both role ARNs and a full stop."""
    outcome = recordings.assume_refused
    scenario = recordings.refusing.world.scenario

    assert outcome.error == "States.TaskFailed"
    assert outcome.cause == (
        f"The role {scenario.operator_role_arn} is not authorized to assume the task state's role, "
        f"{scenario.execute_role_arn}."
    )


@fact("F2", ASSIGN)
def test_a_refused_assume_step_comes_after_task_started(recordings: Recordings) -> None:
    """The task is scheduled and started before it fails, and never submitted."""
    assert chain(recordings.assume_refused)[1:] == [
        *((2, 0, "TaskStateEntered"), (3, 2, "TaskScheduled"), (4, 3, "TaskStarted")),
        *((5, 4, "TaskFailed"), (6, 5, "ExecutionFailed")),
    ]
    assert "taskCredentials" in details(recordings.assume_refused, "TaskScheduled")
    assert set(details(recordings.assume_refused, "TaskFailed")) == {"cause", "error", "resource", "resourceType"}
    assert set(details(recordings.assume_refused, "ExecutionFailed")) == {"cause", "error"}


@fact("F3", ASSIGN)
def test_the_role_in_credentials_need_not_exist_at_creation(recordings: Recordings) -> None:
    """CreateStateMachine doesn't look at the Credentials role: one that doesn't exist is accepted."""
    stage = recordings.refusing
    missing = f"{stage.world.scenario.execute_role_arn}-missing"

    outcome = stage.run_task(Credentials={"RoleArn": missing})

    assert outcome.cause is not None
    assert outcome.cause.endswith(f"{missing}.")


@fact("F4", "localstack v2/credentials::test_cross_account_service_lambda_invoke_retry, 2024-12-04")
def test_a_retry_schedules_the_task_again(recordings: Recordings) -> None:
    """A retry is another TaskScheduled, credentials and all, and no other Entered; then the Catch exits the state."""
    outcome = recordings.retried_and_caught

    assert chain(outcome)[1:10] == [
        *((2, 0, "TaskStateEntered"), (3, 2, "TaskScheduled"), (4, 3, "TaskStarted"), (5, 4, "TaskFailed")),
        *((6, 5, "TaskScheduled"), (7, 6, "TaskStarted"), (8, 7, "TaskFailed"), (9, 8, "TaskStateExited")),
        (10, 9, "PassStateEntered"),
    ]
    assert outcome.events[5]["taskScheduledEventDetails"] == outcome.events[2]["taskScheduledEventDetails"]
    assert set(outcome.output) == {"Error", "Cause"}


# --- the target denies ----------------------------------------------------------------------------------------------


@fact("F5", "localstack v2/error_handling/test_task_service_sfn::test_start_execution_no_such_arn, 2023-06-30")
def test_a_missing_machine_has_this_error_and_cause(recordings: Recordings) -> None:
    """Starting a machine that doesn't exist fails with this error, the API's message and the SDK's suffix."""
    stage = recordings.stage(subject_machine=False)

    outcome = stage.run_task(REQUEST_RESPONSE)

    arn = stage.world.scenario.subject_machine_arn
    assert outcome.error == "StepFunctions.StateMachineDoesNotExistException"
    assert re.fullmatch(
        rf"State Machine Does Not Exist: '{arn}' \(Service: AWSStepFunctions; Status Code: 400; "
        r"Error Code: StateMachineDoesNotExist; Request ID: [0-9a-f-]{36}; Proxy: null\)",
        outcome.cause or "",
    )
    assert tail(outcome, 3) == ["TaskStarted", "TaskFailed", "ExecutionFailed"]


@fact("F6", "public Retry lists; the wording as in Lambda.AWSLambdaException", Tag.COMM)
def test_a_refused_start_execution_names_session_action_and_machine(recordings: Recordings) -> None:
    """Without states:StartExecution the execute role's session is denied in the API's words, HTTP status 400."""
    outcome = recordings.stage(execute_permissions=_only("states:DescribeExecution")).run_task()

    assert outcome.error == "StepFunctions.AWSStepFunctionsException"
    assert re.match(
        r"User: arn:aws:sts::222222222222:assumed-role/[\w-]+/[A-Za-z]{32} is not authorized to perform: "
        r"states:StartExecution on resource: arn:aws:states:[\w-]+:222222222222:stateMachine:[\w-]+ because no "
        r"identity-based policy allows the states:StartExecution action \(Service: AWSStepFunctions; Status Code: 400;",
        outcome.cause or "",
    )


@fact("F7", "localstack v2/test_sfn_api::test_start_execution_idempotent, 2024-08-21")
def test_a_taken_execution_name_fails_the_task(recordings: Recordings) -> None:
    """A child of the same name with another input fails the task with the API's message."""
    stage = recordings.passing
    arn = stage.world.scenario.subject_machine_arn

    first = stage.run_task(Parameters={"StateMachineArn": arn, "Name": "taken", "Input": {"x": 1}})
    second = stage.run_task(Parameters={"StateMachineArn": arn, "Name": "taken", "Input": {"x": 2}})

    assert first.status == "SUCCEEDED"
    assert second.error == "StepFunctions.ExecutionAlreadyExistsException"
    assert (second.cause or "").startswith(f"Execution Already Exists: '{first.output['ExecutionArn']}' (Service: ")


@fact("F8", "localstack v2/services/test_aws_sdk_task_service, 2025-11-06")
def test_an_sdk_task_has_its_own_prefix_and_suffix(recordings: Recordings) -> None:
    """aws-sdk:sfn errors begin with Sfn., and end with the second SDK's suffix and its attempt count."""
    stage = recordings.passing
    missing = f"{stage.world.scenario.subject_machine_arn}-missing"
    permissions = _policy(["states:StartExecution"], "*")
    stage.world.subject_iam.put_role_policy(
        RoleName=stage.world.scenario.execute_role_name, PolicyName="any", PolicyDocument=json.dumps(permissions)
    )

    outcome = stage.run_task("arn:aws:states:::aws-sdk:sfn:startExecution", Parameters={"StateMachineArn": missing})

    assert outcome.error == "Sfn.StateMachineDoesNotExistException"
    assert re.fullmatch(
        rf"State Machine Does Not Exist: '{missing}' \(Service: Sfn, Status Code: 400, Request ID: [0-9a-f-]{{36}}\) "
        r"\(SDK Attempt Count: 1\)",
        outcome.cause or "",
    )


# --- the child fails -------------------------------------------------------------------------------------------------


@fact("F9", FAILURE)
def test_a_failed_child_fails_the_task_with_its_description(recordings: Recordings) -> None:
    """A failed child fails its parent with States.TaskFailed and the child's description as cause."""
    outcome = recordings.child_failed

    assert outcome.error == "States.TaskFailed"
    assert tail(outcome, 3) == ["TaskSubmitted", "TaskFailed", "ExecutionFailed"]
    cause = cause_of(outcome)
    assert (cause["Error"], cause["Cause"], cause["Status"]) == ("SomeFailure", "Some cause.", "FAILED")
    assert (cause["Input"], cause["InputDetails"]) == ("{}", {"Included": True})


@fact("F10", SYNC_FAILURE, Tag.MEAS)
@pytest.mark.parametrize("name", ["child_failed", "child_failed_2"])
def test_todays_description_of_a_failed_child(recordings: Recordings, name: str) -> None:
    """The cause has these keys in this order, with .sync and .sync:2 alike, and can be redriven."""
    cause = cause_of(getattr(recordings, name))

    assert list(cause) == [
        *("Cause", "Error", "ExecutionArn", "Input", "InputDetails", "Name", "RedriveCount", "RedriveStatus"),
        *("StartDate", "StateMachineArn", "Status", "StopDate"),
    ]
    assert (cause["RedriveCount"], cause["RedriveStatus"]) == (0, "REDRIVABLE")
    assert isinstance(cause["StartDate"], int)


@fact("F11", SYNC_FAILURE, Tag.MEAS)
def test_the_input_of_a_failed_child_stays_text(recordings: Recordings) -> None:
    """In the cause Input is a text even with .sync:2."""
    assert cause_of(recordings.child_failed_2)["Input"] == "{}"


@fact("F12", "localstack v2/callback::test_start_execution_sync_delegate_timeout, 2023-07-05")
def test_a_child_whose_task_timed_out(recordings: Recordings) -> None:
    """A child that failed with States.Timeout fails its parent with States.TaskFailed; its description has no Cause."""
    outcome = recordings.child_timed_out_inside
    cause = cause_of(outcome)

    assert outcome.error == "States.TaskFailed"
    assert (cause["Error"], cause["Status"]) == ("States.Timeout", "FAILED")
    assert "Cause" not in cause


@fact("F13", SYNC_FAILURE, Tag.MEAS)
def test_a_child_that_ran_out_of_its_own_time(recordings: Recordings) -> None:
    """A child that is TIMED_OUT as a whole has neither Error nor Cause; the parent fails with States.TaskFailed."""
    outcome = recordings.child_timed_out
    cause = cause_of(outcome)

    assert outcome.error == "States.TaskFailed"
    assert cause["Status"] == "TIMED_OUT"
    assert not {"Error", "Cause"} & set(cause)


@fact("F14", SYNC_FAILURE, Tag.MEAS)
def test_a_child_that_was_stopped(recordings: Recordings) -> None:
    """A child stopped by somebody else is ABORTED with error and cause as given."""
    outcome = recordings.child_aborted
    cause = cause_of(outcome)

    assert outcome.error == "States.TaskFailed"
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("ABORTED", "Stopped", "by hand")


@fact("F15", SYNC_FAILURE, Tag.MEAS)
@pytest.mark.parametrize(
    ("caught", "status"), [("SomeFailure", "FAILED"), ("States.TaskFailed", "SUCCEEDED"), ("States.ALL", "SUCCEEDED")]
)
def test_a_catch_sees_task_failed_and_not_the_childs_error(recordings: Recordings, caught: str, status: str) -> None:
    """A Catch on the child's own error name doesn't match; one on States.TaskFailed or States.ALL does."""
    stage = recordings.failing
    task = stage.task(Catch=[{"ErrorEquals": [caught], "Next": "Caught"}])
    definition = {"StartAt": "Task", "States": {"Task": task, "Caught": {"Type": "Pass", "End": True}}}

    assert stage.run(definition).status == status


# --- time limits and stopping ----------------------------------------------------------------------------------------


@fact("F16", TIMEOUT)
def test_a_task_out_of_time(recordings: Recordings) -> None:
    """TaskTimedOut has error, resource and resourceType and no cause; the execution fails with States.Timeout."""
    _, outcome = recordings.waiting_task

    assert details(outcome, "TaskTimedOut") == {
        "error": "States.Timeout",
        "resource": "startExecution.sync:2",
        "resourceType": "states",
    }
    assert chain(outcome)[-2:] == [(6, 5, "TaskTimedOut"), (7, 6, "ExecutionFailed")]
    assert details(outcome, "ExecutionFailed") == {"error": "States.Timeout"}
    assert outcome.cause is None


@fact("F17", "floci AslExecutorNestedSyncTimeoutTest", Tag.MEAS)
def test_the_child_of_a_task_out_of_time_is_stopped(recordings: Recordings) -> None:
    """The child of a task that ran out of time is stopped, with exactly this cause and no error."""
    stage, parent = recordings.waiting_task

    child = stage.child_outcome()

    assert (child.status, child.error, child.cause) == ("ABORTED", None, ABORTED.format(parent.arn))


@fact("F18", "floci AslExecutorNestedSyncTimeoutTest", Tag.MEAS)
def test_a_task_out_of_time_can_be_caught(recordings: Recordings) -> None:
    """A Catch on States.Timeout takes a task that ran out of time."""
    stage = recordings.stage(WAITS)
    task = stage.task(TimeoutSeconds=1, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Caught"}])
    caught = {"Type": "Pass", "End": True}

    outcome = stage.run({"StartAt": "Task", "States": {"Task": task, "Caught": caught}})

    assert (outcome.status, outcome.output["Error"]) == ("SUCCEEDED", "States.Timeout")


@fact("F19", "localstack v2/timeouts/test_timeouts::test_global_timeout, 2024-03-10")
def test_a_machine_out_of_time_is_described_without_error(recordings: Recordings) -> None:
    """An execution out of its machine's time is TIMED_OUT and REDRIVABLE, with neither error nor cause."""
    stage, outcome = recordings.waiting_machine

    described = stage.world.operator_states.describe_execution(executionArn=outcome.arn)

    assert (described["status"], described["redriveStatus"]) == ("TIMED_OUT", "REDRIVABLE")
    assert not {"error", "cause", "output", "redriveStatusReason"} & set(described)


@fact("F20", "floci StepFunctionsTimeoutSecondsIntegrationTest", Tag.MEAS)
def test_a_machine_out_of_time_ends_with_execution_timed_out(recordings: Recordings) -> None:
    """The last event is ExecutionTimedOut, which points at 0 and has States.Timeout alone; no state exits."""
    _, outcome = recordings.waiting_machine

    assert chain(outcome)[-2:] == [(5, 4, "TaskSubmitted"), (6, 0, "ExecutionTimedOut")]
    assert details(outcome, "ExecutionTimedOut") == {"error": "States.Timeout"}


@fact("F21", CUT, Tag.MEAS)
def test_the_child_of_a_machine_out_of_time_is_stopped(recordings: Recordings) -> None:
    """When the machine's time is over, the child is stopped as well, with the same cause."""
    stage, parent = recordings.waiting_machine

    assert stage.child_outcome().cause == ABORTED.format(parent.arn)


@fact("F22", "localstack v2/test_sfn_api::test_stop_execution, 2024-05-06")
def test_a_stopped_execution(recordings: Recordings) -> None:
    """A stopped execution ends with ExecutionAborted, which points at 0, has no details, and no event of the state."""
    stage = recordings.stage(WAITS)
    parent = stage.start(WAITS)
    until(lambda: len(_events(stage, parent)) == 2)

    stage.world.operator_states.stop_execution(executionArn=parent)

    outcome = stage.world.outcome(Side.OPERATOR, parent)
    assert chain(outcome) == [(1, 0, "ExecutionStarted"), (2, 0, "WaitStateEntered"), (3, 0, "ExecutionAborted")]
    assert details(outcome, "ExecutionAborted") == {}


@fact("F23", "API_StopExecution.html", Tag.DOC)
def test_a_stopped_execution_keeps_the_reason(recordings: Recordings) -> None:
    """Error and cause given to StopExecution are in the history and in DescribeExecution."""
    stage = recordings.stage(WAITS)
    parent = stage.start(alone(stage.task()))
    stage.child()

    stage.world.operator_states.stop_execution(executionArn=parent, error="Enough", cause="It took too long.")

    outcome = stage.world.outcome(Side.OPERATOR, parent)
    assert (outcome.error, outcome.cause) == ("Enough", "It took too long.")
    assert details(outcome, "ExecutionAborted") == {"error": "Enough", "cause": "It took too long."}
    assert stage.child_outcome().cause == ABORTED.format(parent)


@fact("F24", CROSS_ACCOUNT, Tag.DOC)
def test_without_stop_execution_the_child_is_orphaned(recordings: Recordings) -> None:
    """Stopping the child is best effort: without states:StopExecution it keeps running."""
    stage = recordings.stage(
        WAITS, execute_permissions=_policy(["states:StartExecution", "states:DescribeExecution"], "*")
    )
    parent = stage.start(alone(stage.task()))
    child = stage.child()

    stage.world.operator_states.stop_execution(executionArn=parent)

    assert stage.world.outcome(Side.OPERATOR, parent).status == "ABORTED"
    assert stage.world.subject_states.describe_execution(executionArn=child)["status"] == "RUNNING"
    stage.world.subject_states.stop_execution(executionArn=child)


# --- branches and iterations -----------------------------------------------------------------------------------------


@fact("F25", CUT, Tag.MEAS)
def test_cut_branches_leave_one_event_each(recordings: Recordings) -> None:
    """Each branch cut by another one's failure leaves the event of the state it was in; all of them, and
    ParallelStateFailed, point at the failing branch's last event. A branch that was done leaves none."""
    _, outcome = recordings.cut_parallel

    failure = next(event["id"] for event in outcome.events if event["type"] == "FailStateEntered")
    assert [(previous, event_type) for _, previous, event_type in chain(outcome)[-4:-1]] == [
        (failure, "TaskStateAborted"),
        (failure, "WaitStateAborted"),
        (failure, "ParallelStateFailed"),
    ]
    assert (outcome.error, outcome.cause) == ("Boom", "sibling failed")


@fact("F26", CUT, Tag.MEAS)
def test_the_child_of_a_cut_branch_is_stopped(recordings: Recordings) -> None:
    """The child that a cut branch waited for is stopped, with the known cause."""
    stage, parent = recordings.cut_parallel

    assert stage.child_outcome().cause == ABORTED.format(parent.arn)


@fact("F27", "localstack v2/callback::…no_error_field[SQS_PARALLEL_WAIT_FOR_TASK_TOKEN], 2024-04-29")
def test_a_failing_task_in_a_branch_is_aborted_too(recordings: Recordings) -> None:
    """A task that fails its branch leaves TaskStateAborted; it and ParallelStateFailed point at TaskFailed."""
    stage = recordings.refusing
    branches = [alone(stage.task())]

    outcome = stage.run({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}})

    assert chain(outcome)[6:] == [
        *((7, 6, "TaskFailed"), (8, 7, "TaskStateAborted"), (9, 7, "ParallelStateFailed"), (10, 9, "ExecutionFailed"))
    ]


@fact("F28", f"{SCENARIOS} (test_parallel_state_fail, 2023-12-16)")
def test_a_branch_that_ends_in_a_fail_state(recordings: Recordings) -> None:
    """A Fail state leaves no aborted event: ParallelStateFailed follows FailStateEntered."""
    branch = {"StartAt": "Branch1", "States": {"Branch1": {"Type": "Fail", "Error": "FailureType"}}}

    outcome = recordings.plain(
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [branch], "End": True}}}
    )

    assert chain(outcome) == [
        *((1, 0, "ExecutionStarted"), (2, 0, "ParallelStateEntered"), (3, 2, "ParallelStateStarted")),
        *((4, 3, "FailStateEntered"), (5, 4, "ParallelStateFailed"), (6, 5, "ExecutionFailed")),
    ]


@fact("F29", f"{SCENARIOS} (test_parallel_state_retry, 2023-12-16)")
def test_a_parallel_state_tried_again(recordings: Recordings) -> None:
    """A retry of a Parallel state is another ParallelStateStarted after the failing branch's last event."""
    branch = {"StartAt": "Branch1", "States": {"Branch1": {"Type": "Fail", "Error": "FailureType"}}}
    retry = [{"ErrorEquals": ["FailureType"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    state = {"Type": "Parallel", "Branches": [branch], "Retry": retry, "End": True}

    outcome = recordings.plain({"StartAt": "P", "States": {"P": state}})

    assert chain(outcome)[3:] == [
        *((4, 3, "FailStateEntered"), (5, 4, "ParallelStateStarted"), (6, 5, "FailStateEntered")),
        *((7, 6, "ParallelStateFailed"), (8, 7, "ExecutionFailed")),
    ]


@fact("F30", CUT, Tag.MEAS)
def test_cut_iterations_leave_two_events_each(recordings: Recordings) -> None:
    """Each iteration cut by another one's failure leaves MapIterationAborted and the event of its state; these,
    MapIterationFailed and MapStateFailed point at the failing iteration's last event."""
    _, outcome = recordings.cut_map

    failure = next(event["id"] for event in outcome.events if event["type"] == "FailStateEntered")
    assert [(previous, event_type) for _, previous, event_type in chain(outcome)[-5:-1]] == [
        (failure, "MapIterationAborted"),
        (failure, "TaskStateAborted"),
        (failure, "MapIterationFailed"),
        (failure, "MapStateFailed"),
    ]
    assert details(outcome, "MapIterationAborted") == {"name": "P", "index": 0}
    assert details(outcome, "MapIterationFailed") == {"name": "P", "index": 1}


@fact("F31", CUT, Tag.MEAS)
def test_the_child_of_a_cut_iteration_is_stopped(recordings: Recordings) -> None:
    """The child that a cut iteration waited for is stopped, with the known cause."""
    stage, parent = recordings.cut_map

    assert stage.child_outcome().cause == ABORTED.format(parent.arn)


@fact("F32", "localstack v2/timeouts/test_timeouts::test_service_lambda_map_timeout, 2024-03-10")
def test_iterations_that_fail_together(recordings: Recordings) -> None:
    """Of four iterations whose tasks all fail, one has failed and three are aborted, in order, each with its
    TaskStateAborted, all of them after the first failure's last event."""
    stage = recordings.refusing
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, **alone(stage.task())}

    outcome = stage.run(
        {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}, given=[0, 1, 2, 3]
    )

    (map_failed,) = (event for event in outcome.events if event["type"] == "MapStateFailed")
    told = [event for event in outcome.events if event["type"] in _MAP_ENDS]
    assert {event["previousEventId"] for event in told} == {map_failed["previousEventId"]}
    failed = [event for event in told if event["type"] == "MapIterationFailed"]
    assert len(failed) == 1
    started = sum(event["type"] == "MapIterationStarted" for event in outcome.events)
    iterations = [event for event in told if event["type"] != "TaskStateAborted"]
    assert len(iterations) == started
    indexes = [next(iter(_only_details(event).values()))["index"] for event in iterations]
    assert indexes == sorted(indexes)


@fact("F33", f"{SCENARIOS} (test_map_state_catch, 2023-07-18)")
def test_a_caught_map_state(recordings: Recordings) -> None:
    """A Map whose iteration ends in a Fail state, caught: MapIterationFailed and MapStateFailed follow
    FailStateEntered, and the state exits with Error and Cause."""
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, **FAILS}
    state = {
        "Type": "Map",
        "ItemProcessor": processor,
        "Catch": [{"ErrorEquals": ["SomeFailure"], "Next": "FinalCaught"}],
        "End": True,
    }
    definition = {"StartAt": "M", "States": {"M": state, "FinalCaught": {"Type": "Pass", "End": True}}}

    outcome = recordings.plain(definition, given=[1])

    assert chain(outcome)[2:8] == [
        *((3, 2, "MapStateStarted"), (4, 3, "MapIterationStarted"), (5, 4, "FailStateEntered")),
        *((6, 5, "MapIterationFailed"), (7, 5, "MapStateFailed"), (8, 7, "MapStateExited")),
    ]
    assert outcome.output == {"Error": "SomeFailure", "Cause": "Some cause."}


_MAP_ENDS = ("MapIterationFailed", "MapIterationAborted", "TaskStateAborted")


def _only_details(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key.endswith("Details")}


def _events(stage: Stage, arn: str) -> list[dict[str, Any]]:
    return list(stage.world.operator_states.get_execution_history(executionArn=arn)["events"])


def _only(action: str) -> dict[str, Any]:
    return _policy([action], "*")


def _policy(actions: list[str], resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {"Version": documents.POLICY_VERSION, "Statement": [statement]}
