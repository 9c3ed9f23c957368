"""Facts about Step Functions' other answers: machines, executions, Express, TestState."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.facts import Tag, fact
from tests.sandbox.recordings import PASSES, REQUEST_RESPONSE, SYNC_2, WAITS, Recordings, alone
from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

API = "localstack v2/test_sfn_api"
EXPRESS = "localstack v2/test_sfn_api_express, 2024-06-26 and 2024-07-03"
SYNC_EXPRESS = "localstack v2/express/test_express_sync::test_base, 2024-06-26"
TEST_STATE = "localstack v2/test_state/test_test_state_scenarios, 2025-11-14"
MOCKS = "localstack v2/test_state/test_state_mock_validation, 2025-12-10"
ANY_TOKEN = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def refused(call: Any, **params: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of a denial."""
    with pytest.raises(ClientError) as error:
        call(**params)
    answer = error.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def trust_also(world: World, machine_arn: str) -> None:
    """Let the execute role be assumed for one more state machine, by its ARN as external ID."""
    trust = documents.execute_role_trust(world.scenario)
    (statement,) = trust["Statement"]
    equals = statement["Condition"]["StringEquals"]
    equals["sts:ExternalId"] = [equals["sts:ExternalId"], machine_arn]
    world.subject_iam.update_assume_role_policy(
        RoleName=world.scenario.execute_role_name, PolicyDocument=json.dumps(trust)
    )


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether it comes about in so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def fields(answer: dict[str, Any]) -> set[str]:
    return set(answer) - {"ResponseMetadata"}


# --- machines --------------------------------------------------------------------------------------------------------


@fact("A1", f"{API}::test_create_exact_duplicate_sm, 2023-06-22")
def test_creating_the_same_machine_again_gives_the_same_machine(recordings: Recordings) -> None:
    """CreateStateMachine with exactly what is there answers with the same ARN and creation date."""
    world = recordings.stage().world
    known = world.operator_states.describe_state_machine(stateMachineArn=world.scenario.operator_machine_arn)

    again = world.operator_states.create_state_machine(
        name=known["name"], definition=known["definition"], roleArn=known["roleArn"]
    )

    assert again["stateMachineArn"] == known["stateMachineArn"]
    assert again["creationDate"] == known["creationDate"]


@fact("A2", f"{API}::test_create_duplicate_definition_format_sm, 2023-06-22")
@pytest.mark.parametrize("change", ["another definition", "the same one with other white space"])
def test_a_taken_name(recordings: Recordings, change: str) -> None:
    """The same name with any other text of a definition is denied."""
    world = recordings.passing.world
    definition = json.dumps(PASSES) if change == "another definition" else None
    known = world.operator_states.describe_state_machine(stateMachineArn=world.scenario.operator_machine_arn)

    assert refused(
        world.operator_states.create_state_machine,
        name=known["name"],
        definition=definition or json.dumps(json.loads(known["definition"]), indent=7),
        roleArn=known["roleArn"],
    ) == ("StateMachineAlreadyExists", f"State Machine Already Exists: '{known['stateMachineArn']}'", 400)


@fact("A3", f"{API}::test_create_exact_duplicate_sm, 2023-06-22")
def test_describe_state_machine(recordings: Recordings) -> None:
    """DescribeStateMachine gives the definition's text as it was, logging off and tracing disabled."""
    world = recordings.passing.world

    known = world.operator_states.describe_state_machine(stateMachineArn=world.scenario.operator_machine_arn)

    assert fields(known) >= {
        *("creationDate", "definition", "loggingConfiguration", "name", "roleArn", "stateMachineArn", "status"),
        *("tracingConfiguration", "type"),
    }
    assert known["loggingConfiguration"] == {"includeExecutionData": False, "level": "OFF"}
    assert (known["tracingConfiguration"], known["status"], known["type"]) == ({"enabled": False}, "ACTIVE", "STANDARD")


@fact("A4", f"{API}::test_delete_nonexistent_sm, 2023-06-22")
def test_deleting_a_missing_machine_is_no_error(recordings: Recordings) -> None:
    """DeleteStateMachine answers a machine that doesn't exist as it answers one that does."""
    world = recordings.passing.world

    answer = world.operator_states.delete_state_machine(
        stateMachineArn=f"{world.scenario.operator_machine_arn}-missing"
    )

    assert fields(answer) == set()


@fact("A5", f"{API}::test_create_update_state_machine_base_update_none, 2023-08-08")
def test_an_update_needs_something_to_update(recordings: Recordings) -> None:
    """UpdateStateMachine with nothing but an ARN is denied with this text."""
    world = recordings.passing.world

    assert refused(world.operator_states.update_state_machine, stateMachineArn=world.scenario.operator_machine_arn) == (
        "MissingRequiredParameter",
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
        400,
    )


@fact("A6", "localstack v2/test_sfn_api_activities::test_create_activity_invalid_name, 2024-11-25 (the same rule)")
@pytest.mark.parametrize("character", list(' <>{}[]?*"#%\\^|~`$&,;:/\x1f\x7f'), ids=lambda c: f"U+{ord(c):04X}")
def test_a_name_with_a_forbidden_character(world: World, character: str) -> None:
    """CreateStateMachine answers InvalidName to each of these characters, quoting the name."""
    name = f"a{character}b"

    assert refused(
        world.operator_states.create_state_machine,
        name=name,
        definition=json.dumps(PASSES),
        roleArn=world.scenario.operator_role_arn,
    ) == ("InvalidName", f"Invalid Name: '{name}'", 400)


@fact("A7", "botocore stepfunctions/2016-11-23; the form as in test_list_sms_pagination, 2024-07-01", Tag.MODEL)
def test_names_have_at_most_80_characters(world: World) -> None:
    """A name of 81 characters breaks the model's constraint, and is denied in the form that all constraints have."""
    name = "a" * 81

    assert refused(
        world.operator_states.create_state_machine,
        name=name,
        definition=json.dumps(PASSES),
        roleArn=world.scenario.operator_role_arn,
    ) == (
        "ValidationException",
        f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must have length "
        "less than or equal to 80",
        400,
    )


@fact("A8", f"{API}::test_list_sms_pagination, 2024-07-01")
def test_max_results_above_1000(world: World) -> None:
    """maxResults of 1001 is denied in these words."""
    assert refused(
        world.client_without_checks(Side.OPERATOR, "stepfunctions").list_state_machines, maxResults=1001
    ) == (
        "ValidationException",
        "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have "
        "value less than or equal to 1000",
        400,
    )


@fact("A9", f"{API}::test_state_machine_status_filter, 2024-03-14")
def test_an_unknown_status_filter(recordings: Recordings) -> None:
    """An unknown status is denied with the set of values, in this order."""
    world = recordings.passing.world

    assert refused(
        world.operator_states.list_executions,
        stateMachineArn=world.scenario.operator_machine_arn,
        statusFilter="succeeded",
    ) == (
        "ValidationException",
        "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must "
        "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
        400,
    )


@fact("A10", f"{API}::test_list_executions_pagination, 2024-07-01")
def test_a_next_token_that_is_too_long(recordings: Recordings) -> None:
    """ListExecutions takes a nextToken of 3096 characters at most."""
    world = recordings.passing.world
    states = world.client_without_checks(Side.OPERATOR, "stepfunctions")
    token = "x" * 3097

    code, message, _ = refused(
        states.list_executions, stateMachineArn=world.scenario.operator_machine_arn, nextToken=token
    )

    assert code == "ValidationException"
    assert message == (
        f"1 validation error detected: Value '{token}' at 'nextToken' failed to satisfy constraint: Member must have "
        "length less than or equal to 3096"
    )


# --- things that aren't there ----------------------------------------------------------------------------------------


@fact("A11", f"{API}::test_invalid_start_execution_arn and others, 2023-06-22 to 2024-03-08")
@pytest.mark.parametrize("operation", ["start_execution", "describe_state_machine", "list_executions"])
def test_a_missing_machine(recordings: Recordings, operation: str) -> None:
    """Each of these calls answers StateMachineDoesNotExist, HTTP 400, with the ARN."""
    world = recordings.passing.world
    arn = f"{world.scenario.operator_machine_arn}-missing"

    assert refused(getattr(world.operator_states, operation), stateMachineArn=arn) == (
        *("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'", 400),
    )


@fact("A12", f"{API}::test_describe_execution_no_such_state_machine and others, 2024-03-08")
@pytest.mark.parametrize("operation", ["describe_execution", "get_execution_history", "stop_execution"])
def test_a_missing_execution(recordings: Recordings, operation: str) -> None:
    """Each of these calls answers ExecutionDoesNotExist, HTTP 400, with the ARN."""
    world = recordings.passing.world
    arn = f"{world.scenario.operator_machine_arn.replace(':stateMachine:', ':execution:')}:missing"

    assert refused(getattr(world.operator_states, operation), executionArn=arn) == (
        *("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400),
    )


@fact("A13", f"{API}::test_describe_invalid_arn_sm and others, 2024-03-08")
@pytest.mark.parametrize(
    ("operation", "parameter"),
    [
        *(("describe_state_machine", "stateMachineArn"), ("list_executions", "stateMachineArn")),
        *(("describe_execution", "executionArn"), ("get_execution_history", "executionArn")),
    ],
)
def test_what_is_no_arn(world: World, operation: str, parameter: str) -> None:
    """Each of these calls answers InvalidArn, HTTP 400, with the text."""
    assert refused(getattr(world.operator_states, operation), **{parameter: "not_a_valid_arn"}) == (
        *("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: not_a_valid_arn'", 400),
    )


# --- starting --------------------------------------------------------------------------------------------------------


@fact("A14", f"{API}::test_invalid_start_execution_input, 2023-06-22")
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("not some json", f"Unrecognized token 'not': {ANY_TOKEN}"),
        ("{'not': 'json'}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ("", "Invalid execution input."),
    ],
    ids=["a word", "wrong quotes", "nothing"],
)
def test_an_input_that_is_not_json(recordings: Recordings, given: str, reason: str) -> None:
    """StartExecution answers InvalidExecutionInput with the parser's words."""
    world = recordings.passing.world

    assert refused(
        world.operator_states.start_execution, stateMachineArn=world.scenario.operator_machine_arn, input=given
    ) == ("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{reason}'", 400)


@fact("A15", f"{API}::test_invalid_start_execution_input, 2023-06-22")
@pytest.mark.parametrize("given", ["2", '"text"', "null"])
def test_any_json_value_is_an_input(recordings: Recordings, given: str) -> None:
    """A number, a text or null is a good input."""
    world = recordings.passing.world
    recordings.passing.machine(PASSES)

    started = world.operator_states.start_execution(stateMachineArn=world.scenario.operator_machine_arn, input=given)

    assert world.outcome(Side.OPERATOR, started["executionArn"]).status == "SUCCEEDED"


@fact("A16", f"{API}::test_start_execution_idempotent, 2024-08-21")
def test_starting_again_while_it_runs(recordings: Recordings) -> None:
    """The same name and input while it runs is the same execution; another input is denied, and so is the same one
    when it is over."""
    world = recordings.stage().world
    states, arn = world.operator_states, world.scenario.operator_machine_arn
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAITS))

    first = states.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    again = states.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    taken = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'", 400)
    other = refused(states.start_execution, stateMachineArn=arn, name="once", input='{"a": 2}')
    states.stop_execution(executionArn=first["executionArn"])
    over = refused(states.start_execution, stateMachineArn=arn, name="once", input='{"a": 1}')

    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    assert other == over == taken


# --- what is told of executions --------------------------------------------------------------------------------------


@fact("A17", f"{API}::test_state_machine_status_filter, 2024-03-14")
def test_an_item_of_the_list(recordings: Recordings) -> None:
    """ListExecutions gives each finished execution with these fields."""
    world = recordings.passing.world
    recordings.passing.machine(PASSES)
    assert world.run().status == "SUCCEEDED"

    (item, *_) = world.operator_states.list_executions(stateMachineArn=world.scenario.operator_machine_arn)[
        "executions"
    ]

    assert fields(item) == {
        *("executionArn", "name", "redriveCount", "startDate", "stateMachineArn", "status", "stopDate")
    }
    assert item["redriveCount"] == 0


@fact("A18", f"{API}::test_describe_state_machine_for_execution, 2023-08-21")
def test_the_machine_as_an_execution_had_it(recordings: Recordings) -> None:
    """DescribeStateMachineForExecution gives the definition and role that the execution began with, once it is over
    and the machine has become another, too."""
    world = recordings.stage().world
    states, arn = world.operator_states, world.scenario.operator_machine_arn
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASSES))
    outcome = world.run()
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAITS))

    found = states.describe_state_machine_for_execution(executionArn=outcome.arn)

    assert fields(found) == {
        *("definition", "loggingConfiguration", "name", "roleArn", "stateMachineArn", "tracingConfiguration"),
        # With these two: localstack's test_sfn_api_versioning (2023-08) and test_sfn_api_variable_references (2024-11).
        *("updateDate", "revisionId", "encryptionConfiguration"),
    }
    assert json.loads(found["definition"]) == PASSES
    assert (found["stateMachineArn"], found["name"]) == (arn, world.scenario.operator_machine_name)
    assert found["roleArn"] == world.scenario.operator_role_arn
    assert found["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert found["tracingConfiguration"] == {"enabled": False}


@fact("A19", "API_DescribeStateMachineForExecution.html", Tag.DOC)
def test_the_machine_of_an_execution_there_is_not(recordings: Recordings) -> None:
    """DescribeStateMachineForExecution of an unknown execution answers ExecutionDoesNotExist."""
    world = recordings.passing.world
    arn = f"{world.scenario.operator_machine_arn.replace(':stateMachine:', ':execution:')}:never"

    assert refused(world.operator_states.describe_state_machine_for_execution, executionArn=arn) == (
        *("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400),
    )


# --- Express ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def express(recordings: Recordings) -> tuple[World, str, str]:
    """A world with an Express machine that passes and one that fails."""
    world = recordings.stage().world
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "SomeFailure", "Cause": "Some cause."}}}
    arns = [
        world.operator_states.create_state_machine(
            name=f"{world.scenario.operator_machine_name}-{name}",
            definition=json.dumps(definition),
            roleArn=world.scenario.operator_role_arn,
            type="EXPRESS",
        )["stateMachineArn"]
        for name, definition in (("passing", PASSES), ("failing", fails))
    ]
    return world, arns[0], arns[1]


@fact("E1", SYNC_EXPRESS)
def test_start_sync_execution_gives_the_result(express: tuple[World, str, str]) -> None:
    """StartSyncExecution answers with these fields when the execution is over."""
    world, arn, _ = express

    answer = world.operator_states.start_sync_execution(stateMachineArn=arn)

    assert fields(answer) == {
        *("billingDetails", "executionArn", "input", "inputDetails", "name", "output", "outputDetails", "startDate"),
        *("stateMachineArn", "status", "stopDate"),
    }
    assert (answer["status"], answer["input"], json.loads(answer["output"])) == (
        "SUCCEEDED",
        "{}",
        {"Arg1": "argument1"},
    )
    assert answer["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert answer["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert answer["executionArn"].startswith(f"{arn.replace(':stateMachine:', ':express:')}:{answer['name']}:")


@fact("E2", SYNC_EXPRESS)
def test_a_failed_sync_execution_is_no_error(express: tuple[World, str, str]) -> None:
    """A failed execution is an answer with status, error and cause, not a denial."""
    world, _, arn = express

    answer = world.operator_states.start_sync_execution(stateMachineArn=arn)

    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "SomeFailure", "Some cause.")
    assert "output" not in answer


@fact("E3", f"{API}::test_start_sync_execution, 2024-07-03")
def test_standard_machines_cannot_be_waited_for(recordings: Recordings) -> None:
    """StartSyncExecution of a standard machine is denied."""
    world = recordings.passing.world

    assert refused(world.operator_states.start_sync_execution, stateMachineArn=world.scenario.operator_machine_arn) == (
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
        400,
    )


@fact("E4", EXPRESS)
def test_express_executions_are_not_listed(express: tuple[World, str, str]) -> None:
    """ListExecutions of an Express machine is denied."""
    world, arn, _ = express

    assert refused(world.operator_states.list_executions, stateMachineArn=arn) == (
        *("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine", 400),
    )


@fact("E5", EXPRESS)
@pytest.mark.parametrize("operation", ["describe_execution", "get_execution_history", "stop_execution"])
def test_express_executions_are_not_described(express: tuple[World, str, str], operation: str) -> None:
    """DescribeExecution, GetExecutionHistory and StopExecution don't take the ARN of an Express execution."""
    world, arn, _ = express
    execution_arn = f"{arn.replace(':stateMachine:', ':express:')}:a:b"

    assert refused(getattr(world.operator_states, operation), executionArn=execution_arn) == (
        *("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'", 400),
    )


@fact("E7", f"{EXPRESS}; idempotency: API_StartExecution.html")
def test_an_express_execution_is_begun_and_not_waited_for(recordings: Recordings) -> None:
    """StartExecution of an Express machine answers at once, with an ARN of Express; the same name again is another
    execution. What it does is done."""
    stage = recordings.stage()
    world = stage.world
    definition = alone(stage.task(REQUEST_RESPONSE))

    def waiting(seconds: int) -> str:
        waits = {"Type": "Wait", "Seconds": seconds, "Next": "StartExecution"}
        arn: str = world.operator_states.create_state_machine(
            name=f"{world.scenario.operator_machine_name}-express-{seconds}",
            definition=json.dumps({"StartAt": "Wait", "States": {"Wait": waits, **definition["States"]}}),
            roleArn=world.scenario.operator_role_arn,
            type="EXPRESS",
        )["stateMachineArn"]
        trust_also(world, arn)
        return arn

    started = 0
    for seconds in (2, 8, 32):  # a busy machine may need longer for an answer than a short wait
        arn = waiting(seconds)
        began = time.monotonic()
        first = world.operator_states.start_execution(stateMachineArn=arn, name="one", input="{}")
        took = time.monotonic() - began
        started += 1
        if took < seconds:
            break
    second = world.operator_states.start_execution(stateMachineArn=arn, name="one", input="{}")

    assert fields(first) == {"executionArn", "startDate"}
    assert took < seconds
    prefix = f"{arn.replace(':stateMachine:', ':express:')}:one:"
    assert first["executionArn"].startswith(prefix)
    assert second["executionArn"].startswith(prefix)
    assert first["executionArn"] != second["executionArn"]
    assert within(seconds + 60, lambda: len(world.subject_executions()) == started + 1)


@fact("E6", "dg/connect-to-resource.html; API_StartSyncExecution.html", Tag.DOC)
def test_an_express_child_is_started_across_accounts_by_the_sdk(recordings: Recordings) -> None:
    """aws-sdk:sfn:startSyncExecution with Credentials runs an Express machine of the other account."""
    stage = recordings.stage()
    world = stage.world
    created = world.subject_states.create_state_machine(
        name=f"{world.scenario.subject_machine_name}-express",
        definition=json.dumps(PASSES),
        roleArn=world.scenario.subject_role_arn,
        type="EXPRESS",
    )
    permission = {"Effect": "Allow", "Action": "states:StartSyncExecution", "Resource": created["stateMachineArn"]}
    world.subject_iam.put_role_policy(
        RoleName=world.scenario.execute_role_name,
        PolicyName="express",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": permission}),
    )

    outcome = stage.run_task(
        "arn:aws:states:::aws-sdk:sfn:startSyncExecution", Parameters={"StateMachineArn": created["stateMachineArn"]}
    )

    assert outcome.output["Status"] == "SUCCEEDED"
    assert json.loads(outcome.output["Output"]) == {"Arg1": "argument1"}


# --- TestState -------------------------------------------------------------------------------------------------------

HELLO = {"Value": "HelloWorld"}
DATA = {"initialData": {"fieldFromInput": "value", "otherField": "other"}, "unrelatedData": {"someOtherField": 1234}}
IO_PASS = {
    "Type": "Pass",
    "InputPath": "$.initialData",
    "Parameters": {"staticValue": "some value", "inputValue.$": "$.fieldFromInput"},
    "ResultPath": "$.modifiedData",
    "End": True,
}
MODIFIED = {"staticValue": "some value", "inputValue": "value"}
RESULT = {"Type": "Pass", "Result": {"resultKey": "result value"}, "End": True}
CHOICE = {
    "Type": "Choice",
    "Choices": [{"Variable": "$.value", "NumericGreaterThanEquals": 20, "Next": "ValueInTwenties"}],
    "Default": "Other",
}
FAIL = {"Type": "Fail", "Error": "SomeFailure", "Cause": "Some cause."}
STATES: list[tuple[dict[str, Any], Any, dict[str, Any], dict[str, Any]]] = [
    (
        {"Type": "Pass", "End": True},
        HELLO,
        {"output": HELLO, "status": "SUCCEEDED"},
        dict.fromkeys(("input", "afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"), HELLO),
    ),
    (
        RESULT,
        HELLO,
        {"output": RESULT["Result"], "status": "SUCCEEDED"},
        {"input": HELLO, **dict.fromkeys(("result", "afterResultSelector", "afterResultPath"), RESULT["Result"])},
    ),
    (
        IO_PASS,
        DATA,
        {"output": {**DATA, "modifiedData": MODIFIED}, "status": "SUCCEEDED"},
        {
            "input": DATA,
            "afterInputPath": DATA["initialData"],
            "afterParameters": MODIFIED,
            "afterResultSelector": MODIFIED,
            "afterResultPath": {**DATA, "modifiedData": MODIFIED},
        },
    ),
    (
        FAIL,
        HELLO,
        {"error": "SomeFailure", "cause": "Some cause.", "status": "FAILED"},
        {"input": HELLO, "afterInputPath": HELLO},
    ),
    ({"Type": "Succeed"}, HELLO, {"output": HELLO, "status": "SUCCEEDED"}, {"input": HELLO, "afterInputPath": HELLO}),
    (
        CHOICE,
        {"type": "Private", "value": 22},
        {"output": {"type": "Private", "value": 22}, "nextState": "ValueInTwenties", "status": "SUCCEEDED"},
        {"input": {"type": "Private", "value": 22}, "afterInputPath": {"type": "Private", "value": 22}},
    ),
]


@fact("T1", TEST_STATE)
@pytest.mark.parametrize(("state", "given", "expected", "_"), STATES, ids=range(len(STATES)))
def test_test_state(world: World, state: dict[str, Any], given: Any, expected: dict[str, Any], _: Any) -> None:
    """TestState answers with status, and output, nextState, error and cause where there are any."""
    answer = world.operator_states.test_state(definition=json.dumps(state), input=json.dumps(given))

    assert {key: _read(key, answer[key]) for key in fields(answer)} == expected


@fact("T2", TEST_STATE)
@pytest.mark.parametrize("level", ["DEBUG", "TRACE"])
@pytest.mark.parametrize(("state", "given", "_", "expected"), STATES, ids=range(len(STATES)))
def test_inspection_data(
    world: World, state: dict[str, Any], given: Any, _: Any, expected: dict[str, Any], level: str
) -> None:
    """With DEBUG or TRACE, inspectionData tells what each field made of the data, those that aren't there included."""
    answer = world.operator_states.test_state(
        definition=json.dumps(state), input=json.dumps(given), inspectionLevel=level
    )

    assert {key: json.loads(text) for key, text in answer["inspectionData"].items()} == expected


def _read(key: str, value: str) -> Any:
    return json.loads(value) if key == "output" else value


@fact("T3", "localstack v2/test_state …no_role_arn_validation, 2025-12-03")
def test_a_task_needs_a_role(world: World) -> None:
    """A Task state can't be tested without a role."""
    task = {"Type": "Task", "Resource": REQUEST_RESPONSE, "Parameters": {"StateMachineArn": "x"}, "End": True}

    assert refused(world.operator_states.test_state, definition=json.dumps(task)) == (
        *("ValidationException", "RoleArn must be specified when testing a Task state", 400),
    )


@fact("T4", MOCKS)
@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_maps_and_parallels_are_not_tested(world: World, kind: str) -> None:
    """Without a mock, Map and Parallel are denied in these words."""
    inner = {"ItemProcessor": PASSES} if kind == "Map" else {"Branches": [PASSES]}

    assert refused(world.operator_states.test_state, definition=json.dumps({"Type": kind, "End": True, **inner})) == (
        "InvalidDefinition",
        "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, "
        "Succeed, Fail, Choice]",
        400,
    )


@fact("T5", "localstack v2/test_state/test_test_state_scenarios (BASE_INVALID_STATE), 2025-11")
def test_a_bad_state_is_told_at_its_placeholder_name(world: World) -> None:
    """A state of an unknown type is denied at /States/StateName/Type or the like, with the list of types."""
    code, message, _ = refused(world.operator_states.test_state, definition='{"Type": "Unknown"}')

    assert code == "InvalidDefinition"
    assert message.endswith(
        "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at "
        "/States/StateName/Type'"
    )


@fact("T6", "API_TestState.html: .sync and .waitForTaskToken need a mock", Tag.DOC)
@pytest.mark.parametrize("resource", [SYNC_2, f"{REQUEST_RESPONSE}.waitForTaskToken"])
def test_tasks_that_wait_are_not_tested(recordings: Recordings, resource: str) -> None:
    """Without a mock, a task that waits for a job or a token can't be tested."""
    stage = recordings.passing

    code, _, status = refused(
        stage.world.operator_states.test_state,
        definition=json.dumps(stage.task(resource)),
        roleArn=stage.world.scenario.operator_role_arn,
    )

    assert (code, status) == ("InvalidDefinition", 400)


def test_a_task_runs_as_the_role_it_is_given(recordings: Recordings) -> None:
    """The role's own permissions decide: here they lack states:StartExecution, which Retry and Catch then see."""
    stage = recordings.passing
    task = stage.task(REQUEST_RESPONSE)
    del task["Credentials"]
    handler = {"ErrorEquals": ["States.TaskFailed"]}

    def tested(**fields: Any) -> dict[str, Any]:
        return dict(
            stage.world.operator_states.test_state(
                definition=json.dumps({**task, **fields}),
                roleArn=stage.world.scenario.operator_role_arn,
                inspectionLevel="DEBUG",
            )
        )

    failed, retried = tested(), tested(Retry=[handler])
    caught = tested(Catch=[{"ErrorEquals": ["Other"], "Next": "Nowhere"}, {**handler, "Next": "Handle"}])

    assert (failed["status"], failed["error"]) == ("FAILED", "StepFunctions.AWSStepFunctionsException")
    assert "because no identity-based policy allows the states:StartExecution action" in failed["cause"]
    assert retried["status"] == "RETRIABLE"
    assert retried["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 1}
    assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "Handle")
    assert caught["inspectionData"]["errorDetails"] == {"catchIndex": 1}


def test_test_state_needs_pass_role(recordings: Recordings) -> None:
    world = recordings.passing.world
    states = world.as_user("tester", "states:*")

    code, message, _ = refused(
        states.test_state,
        definition=json.dumps(recordings.passing.task(REQUEST_RESPONSE)),
        roleArn=world.scenario.operator_role_arn,
    )

    assert code == "AccessDeniedException"
    assert "is not authorized to perform: iam:PassRole on resource" in message


HTTP = {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke", "Parameters": {}, "End": True}


@pytest.mark.parametrize(
    ("state", "name", "given"),
    [({"Type": "Pass", "End": True}, "revealSecrets", {"revealSecrets": True}), (HTTP, "apigateway:invoke", {})],
)
def test_what_test_state_does_not_offer_is_refused_plainly(
    world: World, state: dict[str, Any], name: str, given: dict[str, Any]
) -> None:
    role = world.scenario.operator_role_arn

    code, message, _ = refused(world.operator_states.test_state, definition=json.dumps(state), roleArn=role, **given)

    assert (code, message) == ("ValidationException", f"The xsfn sandbox doesn't offer {name} in TestState.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"variables": "[]"}, "Variables must be a valid JSON object"),
        ({"context": "no"}, "Invalid Context object provided: it must be valid JSON"),
        ({"context": '{"Own": {}}'}, "Invalid Context object provided: Field 'Own' is not allowed"),
        ({"context": '{"State": {"Name": 1}}'}, "Invalid Context object provided: State.Name must be a string"),
    ],
)
def test_variables_and_a_context_that_cannot_be_are_refused(world: World, given: dict[str, Any], words: str) -> None:
    state = json.dumps({"Type": "Pass", "End": True})

    assert refused(world.operator_states.test_state, definition=state, **given) == ("ValidationException", words, 400)
