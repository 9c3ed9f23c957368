"""Answers that were recorded on AWS: what a call or a state gives, beside the lesson's own facts.

Where nothing else is said: localstack's AWS-validated Step Functions tests, 2023 to 2025.
"""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import Outcome, World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")

END = {"End": True}
LETTERS = 'aB1 "\\/\n\tß é年開始🆗𝛑'


@pytest.fixture
def built(world: World) -> World:
    return world.build()


def run(world: World, states: dict[str, Any], given: str = "{}", **machine: Any) -> Outcome:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states, **machine})
    arn = world.scenario.operator_machine_arn
    world.operator_states.update_state_machine(stateMachineArn=arn, definition=definition)
    started = world.operator_states.start_execution(stateMachineArn=arn, input=given)
    return world.outcome(Side.OPERATOR, started["executionArn"])


def answer_of(world: World, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = world.operator_states.test_state(definition=json.dumps(state), **more)
    return answer


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return str(error.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.Messages[0].Body", "one"),
        ("$.Messages[*].Body", ["one"]),
        ("$.年", 3),
        ("$.where", 4),
        ("$['年']", 3),
        ("$.Messages[0:1]", [{"Body": "one"}]),
    ],
)
def test_a_path_to_one_place_gives_what_is_there(built: World, path: str, value: Any) -> None:
    given = {"Messages": [{"Body": "one"}], "年": 3, "where": 4}

    answer = answer_of(built, {"Type": "Pass", "InputPath": path, **END}, input=json.dumps(given))

    assert json.loads(answer["output"]) == value


def test_any_text_in_a_definition_is_what_json_says_it_is(built: World) -> None:
    chance = random.Random(7)
    texts = {"".join(chance.choices(LETTERS, k=6)) for _ in range(30)}
    value = {text: [text] for text in texts}

    for language, field in (("JSONPath", "Parameters"), ("JSONPath", "Result"), ("JSONata", "Output")):
        answer = answer_of(built, {"Type": "Pass", "QueryLanguage": language, field: value, **END})

        assert json.loads(answer["output"]) == value


def test_names_of_states_variables_and_errors_may_be_written_in_escapes(built: World) -> None:
    said = 'say "hi"\nnow'
    branch = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "エラー", "Cause": "原因"}}}
    catch = [{"ErrorEquals": ["エラー"], "Next": "終了"}]
    outcome = run(
        built,
        {
            "開始": {"Type": "Pass", "Assign": {"x": said}, "Next": "並列"},
            "並列": {"Type": "Parallel", "Branches": [branch], "Catch": catch, **END},
            "終了": {"Type": "Pass", "Parameters": {"x.$": "$x"}, **END},
        },
    )

    assert outcome.output == {"x": said}
    names = [one["stateEnteredEventDetails"]["name"] for one in outcome.events if "stateEnteredEventDetails" in one]
    assert names == ["開始", "並列", "F", "終了"]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("$.no.such", "Missing property in path $['no']"),
        ("$.a.no", "No results for path: $['a']['no']"),
        ("$.no", "No results for path: $['no']"),
    ],
)
def test_a_path_to_nowhere_says_which_step_is_missing(built: World, path: str, where: str) -> None:
    answer = answer_of(built, {"Type": "Pass", "InputPath": path, **END}, input='{"a": {}}')

    assert answer["cause"].endswith(f"Invalid path '{path}' : {where}")


@pytest.mark.parametrize("stamp", ["2016-13-05T21:29:29Z", "2016-12-05T25:29:29Z", "2016-12-05 21:29:29Z", "{% 'x' %}"])
def test_a_timestamp_that_is_none_is_refused_with_the_definition(built: World, stamp: str) -> None:
    definition = json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Timestamp": stamp, **END}}})

    answer = built.operator_states.validate_state_machine_definition(definition=definition)

    assert [one["message"] for one in answer["diagnostics"]] == ["String does not match RFC3339 timestamp"]


# --- versions and aliases --------------------------------------------------------------------------------------------


def test_a_version_stays_what_it_was_and_an_alias_leads_to_it(built: World) -> None:
    states, arn = built.operator_states, built.scenario.operator_machine_arn
    first = states.publish_state_machine_version(stateMachineArn=arn, description="as built")["stateMachineVersionArn"]
    assert first == states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:1"
    passes = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 2, **END}}})
    second = states.update_state_machine(stateMachineArn=arn, definition=passes, publish=True)
    assert "revisionId" in second
    route = [{"stateMachineVersionArn": f"{arn}:2", "weight": 100}]
    alias = states.create_state_machine_alias(name="live", routingConfiguration=route)["stateMachineAliasArn"]

    started = states.start_execution(stateMachineArn=alias)["executionArn"]
    assert built.outcome(Side.OPERATOR, started).output == 2
    described = states.describe_execution(executionArn=started)
    listed = states.list_executions(stateMachineArn=alias)["executions"]

    assert (described["stateMachineArn"], described["stateMachineVersionArn"]) == (arn, f"{arn}:2")
    assert described["stateMachineAliasArn"] == alias
    assert [one["executionArn"] for one in listed] == [started]
    assert states.list_executions(stateMachineArn=first)["executions"] == []
    assert states.describe_state_machine(stateMachineArn=first)["description"] == "as built"
    words = refused(states.delete_state_machine_version, stateMachineVersionArn=f"{arn}:2")
    assert words.endswith("Current list of aliases referencing this version: [live]")


def test_permission_is_for_the_machine_and_conditions_see_the_qualifier(built: World) -> None:
    states, arn = built.operator_states, built.scenario.operator_machine_arn
    states.publish_state_machine_version(stateMachineArn=arn)
    user = f"{built.scenario.operator_role_name}-by-version"
    allowed = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": arn}
    condition = {"StringEquals": {"states:StateMachineQualifier": "1"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Condition": condition}]})
    built.operator_iam.create_user(UserName=user)
    built.operator_iam.put_user_policy(UserName=user, PolicyName="one", PolicyDocument=policy)
    key = built.operator_iam.create_access_key(UserName=user)["AccessKey"]
    theirs = built.client_with("stepfunctions", key["AccessKeyId"], key["SecretAccessKey"])

    assert theirs.start_execution(stateMachineArn=f"{arn}:1")["executionArn"]
    assert "is not authorized to perform: states:StartExecution" in refused(theirs.start_execution, stateMachineArn=arn)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ((70, 29), "Sum of routing configuration weights must equal 100. Received: [70, 29]"),
        ((101,), "Member must have value less than or equal to 100"),
        ((50, 30, 20), "Member must have length less than or equal to 2"),
    ],
)
def test_routes_of_an_alias_are_checked(built: World, weights: tuple[int, ...], words: str) -> None:
    arn = built.scenario.operator_machine_arn
    routes = [{"stateMachineVersionArn": f"{arn}:{n}", "weight": weight} for n, weight in enumerate(weights, 1)]

    assert words in refused(built.operator_states.create_state_machine_alias, name="a", routingConfiguration=routes)


# --- activities ------------------------------------------------------------------------------------------------------


def test_an_activity_waits_for_its_worker(built: World) -> None:
    states = built.operator_states
    activity = states.create_activity(name=f"{built.scenario.operator_machine_name}-work")["activityArn"]
    answers: list[dict[str, Any]] = []

    def work() -> None:
        answers.append(states.get_activity_task(activityArn=activity, workerName="me"))
        states.send_task_success(taskToken=answers[0]["taskToken"], output='"done"')

    worker = threading.Thread(target=work)
    worker.start()
    outcome = run(built, {"A": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 30, **END}}, '{"a":1}')
    worker.join()

    assert (outcome.output, answers[0]["input"]) == ("done", '{"a":1}')
    assert outcome.types[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


# --- TestState -------------------------------------------------------------------------------------------------------

TASK = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "Parameters": {"a": 1}, **END}


@pytest.mark.parametrize(
    ("state", "mock", "words"),
    [
        ({"Type": "Pass", **END}, {"result": "1"}, "State type 'Pass' is not supported when a mock is specified"),
        (TASK, {"result": "no"}, "Mocked result must be valid JSON"),
        (TASK, {"result": "{}"}, "Mock result schema validation error: Required field 'ExecutionArn' is missing"),
        (
            TASK,
            {"result": '{"ExecutionArn": "a", "StartDate": true}', "fieldValidationMode": "PRESENT"},
            "Mock result schema validation error: Field 'StartDate' must be a string",
        ),
        (
            TASK,
            {"result": "1", "errorOutput": {"error": "E"}},
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
    ],
)
def test_a_mock_that_cannot_be_is_refused(built: World, state: Any, mock: Any, words: str) -> None:
    assert refused(built.operator_states.test_state, definition=json.dumps(state), mock=mock) == words


def test_a_mocked_task_is_evaluated_and_calls_nothing(built: World) -> None:
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 5}]
    mock = {"result": '{"ExecutionArn":"a","StartDate":"b"}'}

    passed = answer_of(built, {**TASK, "ResultPath": "$.r"}, mock=mock, inspectionLevel="DEBUG")
    failed = answer_of(
        built,
        {**TASK, "Retry": retry},
        mock={"errorOutput": {"error": "E", "cause": "C"}},
        stateConfiguration={"retrierRetryCount": 4},
        inspectionLevel="DEBUG",
    )

    assert json.loads(passed["output"]) == {"r": {"ExecutionArn": "a", "StartDate": "b"}}
    assert passed["inspectionData"]["afterParameters"] == '{"a":1}'
    assert (failed["status"], failed["error"], failed["cause"]) == ("RETRIABLE", "E", "C")
    assert failed["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 16}


def test_a_state_is_found_by_name_with_variables_and_a_context_of_ones_own(built: World) -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Output": "{% $x + 1 %}", **END}}}
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "M",
        "States": {"M": {"Type": "Map", "ItemProcessor": inner, **END}},
    }

    found = answer_of(built, machine, stateName="In", variables='{"x": 41}')
    context = json.dumps({"Execution": {"Name": "mine"}})
    shown = answer_of(
        built,
        {**TASK, "Parameters": {"n.$": "$$.Execution.Name"}},
        context=context,
        mock={"result": "{}", "fieldValidationMode": "NONE"},
        inspectionLevel="DEBUG",
    )

    assert json.loads(found["output"]) == 42
    assert shown["inspectionData"]["afterParameters"] == '{"n":"mine"}'
    words = refused(built.operator_states.test_state, definition=json.dumps(machine), stateName="Nobody")
    assert words == "State not found in definition"


# --- Distributed Maps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tolerated", "status"), [({}, "FAILED"), ({"ToleratedFailureCount": 1}, "SUCCEEDED")])
def test_a_map_run_counts_its_items_and_fails_beyond_what_is_tolerated(
    built: World, tolerated: dict[str, Any], status: str
) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "F"}], "Default": "P"}
    inner = {"C": choice, "F": {"Type": "Fail", "Error": "E"}, "P": {"Type": "Pass", **END}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "C"}
    state = {"Type": "Map", "ItemProcessor": {**processor, "States": inner}, "Label": "Each", **tolerated, **END}

    outcome = run(built, {"M": state}, "[1,2,3]")

    states = built.operator_states
    (listed,) = states.list_map_runs(executionArn=outcome.arn)["mapRuns"]
    described = states.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert outcome.status == described["status"] == status
    assert ":mapRun:" in listed["mapRunArn"]
    assert "/Each:" in listed["mapRunArn"]
    assert {name: described["itemCounts"][name] for name in ("total", "succeeded", "failed")} == {
        "total": 3,
        "succeeded": 2,
        "failed": 1,
    }
    if status == "FAILED":
        assert outcome.error == "States.ExceedToleratedFailureThreshold"


# --- clients ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("sns", "list_topics"),
        ("ec2", "describe_vpcs"),
        ("apigateway", "get_rest_apis"),
        ("events", "list_rules"),
        ("cloudfront", "list_distributions"),
        ("cloudwatch", "list_dashboards"),
        ("eks", "list_clusters"),
        ("rds", "describe_db_instances"),
    ],
)
def test_what_is_not_offered_is_refused_in_that_services_protocol(served: Sandbox, service: str, call: str) -> None:
    account = served.accounts[Side.OPERATOR]
    client = boto3.client(
        service,
        endpoint_url=served.endpoint_url,
        region_name=served.region,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
    )

    with pytest.raises(ClientError) as error:
        getattr(client, call)()

    assert error.value.response["Error"]["Code"] in ("InvalidAction", "UnknownOperationException")
    assert "The xsfn sandbox doesn't offer" in error.value.response["Error"]["Message"]
