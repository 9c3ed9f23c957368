"""What localstack's AWS-validated tests recorded beside the lesson's own facts, found by replaying all of them.

Each is tried with data of its own; the test recorded is named where it isn't one for everything in a class.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from typing import Any

import pytest

from tests.sandbox.test_recorded_answers import answer_of, refused, run
from tests.sandbox.world import Outcome, World
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

END = {"End": True}
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def built(world: World) -> World:
    return world.build()


def function(world: World, code: str) -> str:
    """A function of the Operator account, which the Operator role may invoke."""
    name = f"{world.scenario.operator_role_name}-fn"
    role = world.operator_iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST))["Role"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", code)
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    world.operator_iam.put_role_policy(
        RoleName=world.scenario.operator_role_name,
        PolicyName="invoke",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    made = world.client(Side.OPERATOR, "lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role["Arn"],
        Code={"ZipFile": packed.getvalue()},
    )
    return str(made["FunctionArn"])


def before(outcome: Outcome, kind: str) -> str:
    """The type of the event that the first of this type says it follows."""
    by_id = {event["id"]: event["type"] for event in outcome.events}
    return next(by_id.get(event["previousEventId"], "") for event in outcome.events if event["type"] == kind)


class TestTexts:
    """White space that somebody chose is kept for as long as the value is theirs."""

    def test_a_branch_that_hands_on_its_input_keeps_its_text(self, built: World) -> None:
        branch = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", **END}}}
        outcome = run(built, {"Both": {"Type": "Parallel", "Branches": [branch, branch], **END}}, "[1,  2]")

        described = built.operator_states.describe_execution(executionArn=outcome.arn)
        assert described["output"] == "[[1,  2],[1,  2]]"

    @pytest.mark.parametrize("text", ['[1,  {"a": [ ]}]', "[]", '{"a" : 1}', "3", '[[ 1 ],"\\u5e74"]'])
    def test_a_mocks_result_is_handed_on_as_it_is(self, built: World, text: str) -> None:
        state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}
        answer = answer_of(
            built, {**state, **END}, mock={"result": text, "fieldValidationMode": "NONE"}, inspectionLevel="TRACE"
        )

        assert answer["output"] == answer["inspectionData"]["result"] == text

    def test_what_a_path_selects_in_a_test_is_shown_as_it_was_given(self, built: World) -> None:
        inner = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", **END}}}
        state = {"Type": "Map", "ItemsPath": "$.these[1]", "ItemProcessor": inner, **END}
        answer = answer_of(
            built, state, input='{"these": [0, [ 1, 2 ]]}', mock={"result": "[1,2]"}, inspectionLevel="DEBUG"
        )

        assert answer["inspectionData"]["afterItemsPath"] == "[ 1, 2 ]"

    def test_items_that_are_no_array_are_told_without_a_place(self, built: World) -> None:
        inner = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", **END}}}
        answer = answer_of(
            built,
            {"Type": "Map", "ItemsPath": "$.these", "ItemProcessor": inner, **END},
            input='{"these": 3}',
            mock={"result": "[1]"},
        )

        assert answer["cause"] == 'Reference path "$.these" must point to array.'

    def test_a_maps_mocked_failure_is_retried_or_caught(self, built: World) -> None:
        """More iterations fail than are tolerated (recorded: test_map_state_failure_count, 2025-11)."""
        inner = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", **END}}}
        state = {
            "Type": "Map",
            "ToleratedFailureCount": 1,
            "ItemProcessor": inner,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Elsewhere"}],
            "Next": "Somewhere",
        }
        given = {"input": "[1,2,3]", "mock": {"result": "[1,2,3]"}}
        too_many = {**given, "stateConfiguration": {"mapIterationFailureCount": 2}}
        retried = {**state, "Retry": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"]}]}

        caught = answer_of(built, state, **too_many)
        assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "Elsewhere")
        assert caught["error"] == "States.ExceedToleratedFailureThreshold"
        assert answer_of(built, retried, **too_many)["status"] == "RETRIABLE"
        assert answer_of(built, retried, **given)["nextState"] == "Somewhere"

    def test_blank_is_no_definition(self, built: World) -> None:
        for text in (" ", "\n\t "):
            found = built.operator_states.validate_state_machine_definition(definition=text)["diagnostics"]
            assert [one["message"] for one in found] == ["Definition must be a valid JSON object"]


class TestVariables:
    """Assign and the rest of a state see the values that were there when it began."""

    @pytest.mark.parametrize(
        "state",
        [
            {"Type": "Pass", "OutputPath": "$n"},
            {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $n %}"},
            {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": 0, "Output": "{% $n %}"},
        ],
        ids=lambda state: f"{state['Type']}-{state.get('QueryLanguage', 'JSONPath')}",
    )
    def test_output_has_the_old_value_and_the_next_state_the_new(self, built: World, state: dict[str, Any]) -> None:
        last = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% [$states.input, $n] %}", **END}
        outcome = run(
            built,
            {
                "First": {"Type": "Pass", "Assign": {"n": 1}, "Next": "Second"},
                "Second": {**state, "Assign": {"n": 2}, "Next": "Last"},
                "Last": last,
            },
        )

        assert outcome.output == [1, 2]
        (assigned,) = (
            event["stateExitedEventDetails"]["assignedVariables"]
            for event in outcome.events
            if event.get("stateExitedEventDetails", {}).get("name") == "Second"
        )
        assert assigned == {"n": "2"}

    def test_a_choice_that_assigns_goes_on_with_the_new_value(self, built: World) -> None:
        rule = {"Condition": "{% $n = 1 %}", "Assign": {"n": "{% $n + 1 %}"}, "Output": "{% $n %}", "Next": "Last"}
        outcome = run(
            built,
            {
                "First": {"Type": "Pass", "Assign": {"n": 1}, "Next": "Second"},
                "Second": {"Type": "Choice", "Choices": [rule]},
                "Last": {"Type": "Pass", "Output": "{% [$states.input, $n] %}", **END},
            },
            QueryLanguage="JSONata",
        )

        assert outcome.output[-1] == 2


class TestJsonata:
    def test_a_dollar_inside_a_predicate_is_no_variable(self, built: World) -> None:
        state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $count($states.input[$ > 1]) %}", **END}

        assert answer_of(built, state, input="[1,2,3]")["output"] == "2"

    def test_a_function_is_no_result(self, built: World) -> None:
        state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% function($x) { $x } %}", **END}
        told = answer_of(built, state)

        assert told["error"] == "States.QueryEvaluationError"
        assert told["cause"].endswith("returned an unsupported result type.")

    def test_a_tolerated_count_is_a_count(self, built: World) -> None:
        """moto's parser takes it for a percentage."""
        inner = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", **END}}}
        state = {
            "Type": "Map",
            "QueryLanguage": "JSONata",
            "ToleratedFailureCount": "{% 1 + 1 %}",
            "ItemProcessor": inner,
            **END,
        }
        shown = answer_of(built, state, input="[1]", mock={"result": "[1]"}, inspectionLevel="DEBUG")["inspectionData"]

        assert (shown["toleratedFailureCount"], shown.get("toleratedFailurePercentage")) == (2, None)


class TestEvents:
    def test_a_waits_failed_timestamp_follows_its_entry(self, built: World) -> None:
        state = {"Type": "Wait", "QueryLanguage": "JSONata", "Timestamp": "{% 'tomorrow' %}", **END}

        assert before(run(built, {"Pause": state}), "EvaluationFailed") == "WaitStateEntered"

    def test_an_activity_that_is_gone_fails_the_execution_with_no_event_of_its_own(self, built: World) -> None:
        states = built.operator_states
        arn = states.create_activity(name=f"{built.scenario.operator_role_name}-gone")["activityArn"]
        states.delete_activity(activityArn=arn)
        outcome = run(built, {"Ask": {"Type": "Task", "Resource": arn, **END}})

        assert outcome.types == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
        assert outcome.cause is not None
        assert outcome.cause.endswith(f"The activity {arn} does not exist.")

    def test_a_branch_that_fails_without_an_error_is_caught_with_nulls(self, built: World) -> None:
        states = built.operator_states
        arn = states.create_activity(name=f"{built.scenario.operator_role_name}-branch")["activityArn"]
        branch = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": arn, **END}}}
        both = {
            "Type": "Parallel",
            "Branches": [branch],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Done"}],
            **END,
        }
        machine = built.scenario.operator_machine_arn
        definition = {"StartAt": "Both", "States": {"Both": both, "Done": {"Type": "Pass", **END}}}
        states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
        started = states.start_execution(stateMachineArn=machine, input="{}")
        states.send_task_failure(taskToken=states.get_activity_task(activityArn=arn)["taskToken"])

        outcome = built.outcome(Side.OPERATOR, started["executionArn"])
        assert outcome.output == {"caught": {"Error": None, "Cause": None}}


class TestFunctions:
    @pytest.mark.parametrize(("written", "given"), [("""b'{"a": [1]}'""", '{"a": [1]}'), ("'é'.encode()", '"é"')])
    def test_bytes_are_the_payload_where_they_are_json(self, built: World, written: str, given: str) -> None:
        arn = function(built, f"def handler(event, context):\n    return {written}\n")

        answer = built.client(Side.OPERATOR, "lambda").invoke(FunctionName=arn)
        assert answer["Payload"].read().decode() == given

    def test_the_tail_of_the_log_has_lambdas_own_lines(self, built: World) -> None:
        arn = function(built, "def handler(event, context):\n    print('said')\n")
        answer = built.client(Side.OPERATOR, "lambda").invoke(FunctionName=arn, LogType="Tail")

        log = base64.b64decode(answer["LogResult"]).decode()
        assert re.fullmatch(
            r"START RequestId: (\S+) Version: \$LATEST\nsaid\nEND RequestId: \1\nREPORT RequestId: \1\tDuration: .+ ms"
            r"\tBilled Duration: \d+ ms\tMemory Size: 128 MB\n",
            log,
        )


class TestApi:
    def test_a_version_has_no_tags(self, built: World) -> None:
        states, arn = built.operator_states, built.scenario.operator_machine_arn
        version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]

        said = refused(states.tag_resource, resourceArn=version, tags=[{"key": "a", "value": "b"}])
        assert said == f"Resource not found: '{version}'"

    def test_no_logging_level_is_off(self, built: World) -> None:
        made = built.operator_states.create_state_machine(
            name=f"{built.scenario.operator_role_name}-quiet",
            definition=json.dumps({"StartAt": "Same", "States": {"Same": {"Type": "Pass", **END}}}),
            roleArn=built.scenario.operator_role_arn,
            loggingConfiguration={"destinations": []},
        )
        described = built.operator_states.describe_state_machine(stateMachineArn=made["stateMachineArn"])

        assert described["loggingConfiguration"]["level"] == "OFF"

    def test_tokens_of_pages_are_no_numbers_and_lead_through_all(self, built: World) -> None:
        states, arn = built.operator_states, built.scenario.operator_machine_arn
        made = []
        for number in range(3):
            states.update_state_machine(
                stateMachineArn=arn,
                definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": number, **END}}}),
            )
            made.append(states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"])
        seen: list[str] = []
        page: dict[str, Any] = states.list_state_machine_versions(stateMachineArn=arn, maxResults=1)
        while True:
            seen += [one["stateMachineVersionArn"] for one in page["stateMachineVersions"]]
            if "nextToken" not in page:
                break
            assert len(page["nextToken"]) > 12
            page = states.list_state_machine_versions(stateMachineArn=arn, maxResults=1, nextToken=page["nextToken"])
        assert sorted(seen) == sorted(made)
        for token in ("1", "x", "bm9uZQ==", page.get("nextToken", "0")):
            assert "Invalid" in refused(states.list_state_machine_versions, stateMachineArn=arn, nextToken=token)


class TestBatches:
    """ItemBatcher: every item once, in order, as many to a child execution as may be."""

    @staticmethod
    def each(batcher: dict[str, Any], **fields: Any) -> dict[str, Any]:
        inner = {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Same",
            "States": {"Same": {"Type": "Pass", **END}},
        }
        return {"Type": "Map", "ItemBatcher": batcher, "ItemProcessor": inner, **fields, **END}

    @pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
    def test_by_number(self, built: World, most: int) -> None:
        outcome = run(built, {"Each": self.each({"MaxItemsPerBatch": most})}, "[0,1,2,3,4,5,6]")

        batches = [child["Items"] for child in outcome.output]
        assert [item for batch in batches for item in batch] == list(range(7))
        assert [len(batch) for batch in batches[:-1]] == [most] * (len(batches) - 1)
        arn = built.operator_states.list_map_runs(executionArn=outcome.arn)["mapRuns"][0]["mapRunArn"]
        counted = built.operator_states.describe_map_run(mapRunArn=arn)
        assert (counted["itemCounts"]["succeeded"], counted["executionCounts"]["succeeded"]) == (7, len(batches))

    def test_by_size(self, built: World) -> None:
        items = ["x" * number for number in (30, 1, 2, 3, 60, 4)]
        outcome = run(built, {"Each": self.each({"MaxInputBytesPerBatch": 50})}, json.dumps(items))

        sizes = [len(json.dumps(child, separators=(",", ":"))) for child in outcome.output]
        assert [item for child in outcome.output for item in child["Items"]] == items
        assert all(size <= 50 or len(child["Items"]) == 1 for size, child in zip(sizes, outcome.output, strict=True))
        assert len(outcome.output) == 4

    @pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
    def test_what_it_says_may_come_from_the_input(self, built: World, language: str) -> None:
        if language == "JSONata":
            batcher: dict[str, Any] = {
                "MaxItemsPerBatch": "{% $states.input.n %}",
                "BatchInput": {"n": "{% $states.input.n %}"},
            }
            fields: dict[str, Any] = {
                "Items": "{% $states.input.these %}",
                "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}"},
            }
        else:
            batcher = {"MaxItemsPerBatchPath": "$.n", "BatchInput": {"n.$": "$.n"}}
            fields = {"ItemsPath": "$.these", "ItemSelector": {"v.$": "$$.Map.Item.Value"}}
        outcome = run(built, {"Each": self.each(batcher, **fields)}, '{"n":2,"these":[1,2,3]}', QueryLanguage=language)

        assert outcome.output == [
            {"BatchInput": {"n": 2}, "Items": [{"v": 1}, {"v": 2}]},
            {"BatchInput": {"n": 2}, "Items": [{"v": 3}]},
        ]

    def test_a_comment_of_that_kind_is_a_comment(self, built: World) -> None:
        state = self.each({"MaxItemsPerBatch": 1}, Comment="ItemBatcher of this state: not at all")
        del state["ItemBatcher"]

        assert run(built, {"Each": state}, "[1,2]").output == [1, 2]
