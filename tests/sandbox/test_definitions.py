"""What CreateStateMachine, UpdateStateMachine and ValidateStateMachineDefinition say of definitions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.facts import Tag, fact
from tests.sandbox.recordings import PASSES, SYNC, SYNC_2, Recordings
from tests.sandbox.world import World
from xsfn_helpers.asl.definition_rules import diagnose, waits_for_own_executions
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

PASS = {"Type": "Pass", "End": True}
ACTIVITY = "arn:aws:states:ap-northeast-1:111111111111:activity:work"
VALIDATION = "localstack v2/test_sfn_api_validation, 2025-10-19"
FLOCI = "floci issues 2735, 2968 and pull request 2786 (validate-state-machine-definition)"
SCHEMA = "SCHEMA_VALIDATION_FAILED"


def one(state: dict[str, Any], name: str = "State0") -> str:
    return json.dumps({"StartAt": name, "States": {name: state}})


def machine(**states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def task(resource: str = SYNC_2, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **fields}


def refusal(world: World, definition: str, **given: Any) -> tuple[str, str, int]:
    """What CreateStateMachine answers to this definition: code, message, HTTP status."""
    with pytest.raises(ClientError) as error:
        world.operator_states.create_state_machine(
            **{
                "name": f"{world.scenario.operator_machine_name}-refused",
                "definition": definition,
                "roleArn": world.scenario.operator_role_arn,
                **given,
            }
        )
    answer = error.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


CREATE_FACTS = [
    (
        one(task(Credentials={})),
        "STANDARD",
        f"{SCHEMA}: The field 'RoleArn' is required but was missing at /States/State0/Credentials",
    ),
    (
        one(task(Credentials={"RoleARN": "arn:aws:iam::222222222222:role/execute"})),
        "STANDARD",
        f"{SCHEMA}: The field 'RoleArn' is required but was missing at /States/State0/Credentials",
    ),
    ('{"StartAt": "State0"}', "STANDARD", f"{SCHEMA}: These fields are required: [States] at /"),
    (
        one({"Type": "Unknown", "End": True}),
        "STANDARD",
        f"{SCHEMA}: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, "
        "Parallel, Map] at /States/State0/Type",
    ),
    (
        one(task(SYNC), "StartExecution"),
        "EXPRESS",
        f"{SCHEMA}: Express state machine does not support '.sync' service integration at "
        "/States/StartExecution/Resource",
    ),
    (
        one(task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), "Publish"),
        "EXPRESS",
        f"{SCHEMA}: Express state machine does not support '.waitForTaskToken' service integration  at "
        "/States/Publish/Resource",
    ),
    (
        one(task(ACTIVITY), "ActivityTask"),
        "EXPRESS",
        f"{SCHEMA}: Express state machine does not support Activity ARN at /States/ActivityTask/Resource",
    ),
    (
        one(task("arn:aws:states:::dynamodb:query"), "Query"),
        "STANDARD",
        f"{SCHEMA}: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid "
        "resource ARN, or the resource is not available in this region. at /States/Query/Resource",
    ),
    (
        one({"Type": "Wait", "Timestamp": "2016-08-18T17:33:00", "End": True}, "WaitUntil"),
        "STANDARD",
        f"{SCHEMA}: String does not match RFC3339 timestamp at /States/WaitUntil/Timestamp",
    ),
    (
        one({"Type": "Pass", "Parameters": {"parsed.$": "nonsense"}, "End": True}, "IntrinsicEscape"),
        "STANDARD",
        f"{SCHEMA}: The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call at "
        "/States/IntrinsicEscape/Parameters",
    ),
    (
        one({"Type": "Parallel", "Branches": [], "End": True}, "StateName"),
        "STANDARD",
        f"{SCHEMA}: Value cannot be empty at /States/StateName/Branches",
    ),
]


@fact("D1", "localstack v2 credentials, test_sfn_api*, services, scenarios: every InvalidDefinition there")
@pytest.mark.parametrize(("definition", "kind", "reason"), CREATE_FACTS, ids=range(len(CREATE_FACTS)))
def test_create_state_machine_refuses(world: World, definition: str, kind: str, reason: str) -> None:
    """CreateStateMachine answers InvalidDefinition, HTTP 400, with this very text."""
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)

    assert refusal(world, definition, type=kind) == (
        "InvalidDefinition",
        f"Invalid State Machine Definition: '{reason}'",
        400,
    )


VALIDATE_FACTS: list[tuple[str, str, list[tuple[str, str, str | None]]]] = [
    ("", "STANDARD", [(SCHEMA, "Definition must be a valid JSON object", None)]),
    (
        "not a definition",
        "STANDARD",
        [
            (
                "INVALID_JSON_DESCRIPTION",
                "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
                "or 'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]",
                '[Source: (String)"not a definition"; line: 1, column: 4]',
            )
        ],
    ),
    ("{}", "STANDARD", [(SCHEMA, "These fields are required: [States, StartAt]", "/")]),
    (
        '{"States": {"Pass": {"Type": "Pass", "End": true}}}',
        "EXPRESS",
        [(SCHEMA, "These fields are required: [StartAt]", "/")],
    ),
    (one(PASS), "STANDARD", []),
    (one(PASS), "EXPRESS", []),
    (
        one(task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), "SendMessageWithWait"),
        "EXPRESS",
        [
            (
                SCHEMA,
                "Express state machine does not support '.waitForTaskToken' service integration ",
                "/States/SendMessageWithWait/Resource",
            )
        ],
    ),
    (
        json.dumps(
            {
                "QueryLanguage": "JSONata",
                "StartAt": "Pass",
                "States": {"Pass": {"Type": "Pass", "QueryLanguage": "JSONPath", "End": True}},
            }
        ),
        "STANDARD",
        [(SCHEMA, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", "/States/Pass")],
    ),
    (json.dumps({"QueryLanguage": "JSONata", **PASSES, "States": {"State": PASS}}), "STANDARD", []),
]


@fact("V1", VALIDATION)
@pytest.mark.parametrize(("definition", "kind", "expected"), VALIDATE_FACTS, ids=range(len(VALIDATE_FACTS)))
def test_validate_state_machine_definition(
    world: World, definition: str, kind: str, expected: list[tuple[str, str, str | None]]
) -> None:
    """ValidateStateMachineDefinition answers result, diagnostics and truncated, code, message and location as here."""
    states = world.client_without_checks(Side.OPERATOR, "stepfunctions")

    answer = states.validate_state_machine_definition(definition=definition, type=kind)

    del answer["ResponseMetadata"]
    diagnostics = [
        {"severity": "ERROR", "code": code, "message": message} | ({"location": place} if place else {})
        for code, message, place in expected
    ]
    assert answer == {"result": "FAIL" if expected else "OK", "diagnostics": diagnostics, "truncated": False}


TRANSITION = "MISSING_TRANSITION_TARGET"
NO_END = ("MISSING_END_STATE", "Workflow has no terminal state", None)
MEASURED: list[tuple[str, list[tuple[str, str, str | None]]]] = [
    (machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}), [NO_END]),
    (
        machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, Unused={"Type": "Pass", "Next": "A"}),
        [NO_END],
    ),
    (
        machine(A={"Type": "Pass", "Next": "NOPE"}),
        [(TRANSITION, "Missing 'Next' target: NOPE", "/States/A/Next"), NO_END],
    ),
    (
        machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, C=PASS),
        [(TRANSITION, 'State "C" is not reachable.', "/States/C")],
    ),
    (
        machine(
            C={"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Ghost"}], "Default": "Z"},
            Z=PASS,
        ),
        [(TRANSITION, "Missing 'Next' target: Ghost", "/States/C/Choices[0]/Next")],
    ),
    (
        machine(
            A={"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "Z"}], "Default": "Ghost"},
            Z=PASS,
        ),
        [(TRANSITION, "Missing 'Next' target: Ghost", "/States/A/Default")],
    ),
    (
        machine(T=task("arn:aws:states:::lambda:invoke", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Ghost"}])),
        [(TRANSITION, "Missing 'Next' target: Ghost", "/States/T/Catch[0]/Next")],
    ),
    (
        machine(
            M={"Type": "Map", "ItemProcessor": {"StartAt": "W", "States": {"W": PASS, "Ghost": PASS}}, "End": True}
        ),
        [(TRANSITION, 'State "Ghost" is not reachable.', "/States/M/ItemProcessor/States/Ghost")],
    ),
    (
        machine(
            P={"Type": "Parallel", "Branches": [{"StartAt": "W", "States": {"W": PASS, "Ghost": PASS}}], "End": True}
        ),
        [(TRANSITION, 'State "Ghost" is not reachable.', "/States/P/Branches[0]/States/Ghost")],
    ),
    (
        machine(
            M={
                "Type": "Map",
                "ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}},
                "End": True,
            }
        ),
        [],
    ),
    *(
        (one({**PASS, field: value}, "X"), [(SCHEMA, f"Field '{field}' is not supported", "/States/X")])
        for field, value in (
            ("TimeoutSeconds", 5),
            ("Catch", [{"ErrorEquals": ["States.ALL"], "Next": "X"}]),
            ("Retry", [{"ErrorEquals": ["States.ALL"]}]),
        )
    ),
    (
        machine(M={"Type": "Map", "TimeoutSeconds": 5, "ItemProcessor": json.loads(one(PASS)), "End": True}),
        [(SCHEMA, "Field 'TimeoutSeconds' is not supported", "/States/M")],
    ),
    (
        machine(
            M={"Type": "Map", "ItemProcessor": {**json.loads(one(PASS)), "QueryLanguage": "JSONata"}, "End": True},
        ),
        [(SCHEMA, "Field 'QueryLanguage' is not supported", "/States/M/ItemProcessor")],
    ),
    (
        one({**PASS, "Output": {}}, "P"),
        [
            (
                SCHEMA,
                "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
                "QueryLanguage",
                "/States/P",
            )
        ],
    ),
]


@fact("V2", FLOCI, Tag.MEAS)
@pytest.mark.parametrize(("definition", "expected"), MEASURED, ids=range(len(MEASURED)))
def test_measured_diagnostics(world: World, definition: str, expected: list[tuple[str, str, str | None]]) -> None:
    """Transitions, terminal states and fields that a state type doesn't have are diagnosed as here."""
    answer = world.operator_states.validate_state_machine_definition(definition=definition)

    found = [(item["code"], item["message"], item.get("location")) for item in answer["diagnostics"]]
    assert found == expected


@fact("V3", "localstack pull request 12487 (AWS's answer quoted)", Tag.COMM)
def test_several_faults_are_joined(world: World) -> None:
    """CreateStateMachine lists every fault, each with its code and place, joined by commas."""
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    definition = machine(pass1={"Type": "Pass", "Next": "pass3"}, pass2=PASS)

    _, message, _ = refusal(world, definition)

    assert message == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at "
        '/States/pass1/Next, MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2\''
    )


@fact("V4", "API_ValidateStateMachineDefinition.html", Tag.DOC)
def test_max_results_truncates(world: World) -> None:
    """maxResults bounds the diagnostics and truncated says so; 0 means the default of 100."""
    validate = world.operator_states.validate_state_machine_definition
    definition = one({**PASS, "Catch": [], "Retry": [], "TimeoutSeconds": 1})

    first, every = validate(definition=definition, maxResults=1), validate(definition=definition, maxResults=0)

    assert (len(first["diagnostics"]), first["truncated"]) == (1, True)
    assert (len(every["diagnostics"]), every["truncated"]) == (3, False)


# --- roles -----------------------------------------------------------------------------------------------------------

NOT_ASSUMABLE = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role."
)


@fact("D2", "very many public reports; a constant in AWS CloudFormation's handler", Tag.COMM)
@pytest.mark.parametrize("role", ["missing", "of another service"])
def test_a_role_that_step_functions_cannot_assume(world: World, role: str) -> None:
    """A machine's role must trust Step Functions: AccessDeniedException, HTTP 400, with this text."""
    if role == "of another service":
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        world.operator_iam.create_role(
            RoleName=world.scenario.operator_role_name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
        )

    assert refusal(world, one(PASS)) == ("AccessDeniedException", NOT_ASSUMABLE, 400)


@fact("D3", "many public reports of the text", Tag.COMM)
def test_waiting_for_an_own_execution_needs_the_managed_rule(world: World) -> None:
    """A .sync task of the same account needs events:PutTargets, PutRule and DescribeRule: AccessDeniedException."""
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    definition = one(task(SYNC_2, Parameters={"StateMachineArn": world.scenario.operator_machine_arn}))

    assert refusal(world, definition) == (
        "AccessDeniedException",
        f"'{world.scenario.operator_role_arn}' is not authorized to create managed-rule.",
        400,
    )


@fact("D4", "dg/stepfunctions-iam.html", Tag.DOC)
def test_the_managed_rules_permissions_are_enough(world: World) -> None:
    """With the three events: actions on the managed rule, the same machine is created, and can be updated."""
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    statement = {
        "Effect": "Allow",
        "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
        "Resource": f"arn:aws:events:{world.sandbox.region}:111111111111:rule/"
        "StepFunctionsGetEventsForStepFunctionsExecutionRule",
    }
    world.operator_iam.put_role_policy(
        RoleName=world.scenario.operator_role_name,
        PolicyName="managed-rule",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    definition = one(task(SYNC_2, Parameters={"StateMachineArn": world.scenario.operator_machine_arn}))

    created = world.operator_states.create_state_machine(
        name=world.scenario.operator_machine_name, definition=definition, roleArn=world.scenario.operator_role_arn
    )

    assert created["stateMachineArn"] == world.scenario.operator_machine_arn
    world.operator_states.update_state_machine(stateMachineArn=created["stateMachineArn"], definition=definition)


def test_a_refused_update_changes_nothing(recordings: Recordings) -> None:
    states, arn = recordings.passing.world.operator_states, recordings.passing.world.scenario.operator_machine_arn
    before = states.describe_state_machine(stateMachineArn=arn)["definition"]

    with pytest.raises(ClientError, match="InvalidDefinition"):
        states.update_state_machine(stateMachineArn=arn, definition="{}")

    assert states.describe_state_machine(stateMachineArn=arn)["definition"] == before


def test_what_only_motos_parser_refuses_is_refused_in_the_same_form(world: World) -> None:
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)

    code, message, status = refusal(world, one({**PASS, "ResultPath": 5}))

    assert (code, status) == ("InvalidDefinition", 400)
    assert message.startswith(
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The xsfn sandbox can't run this definition: "
    )


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        (task(SYNC), True),
        (task(SYNC_2), True),
        (task(SYNC_2, Credentials={"RoleArn": "arn:aws:iam::222222222222:role/execute"}), False),
        (task("arn:aws:states:::states:startExecution"), False),
        (task("arn:aws:states:::ecs:runTask.sync"), False),
        ({"Type": "Parallel", "Branches": [json.loads(one(task(SYNC)))], "End": True}, True),
        ({"Type": "Map", "ItemProcessor": json.loads(one(task(SYNC_2))), "End": True}, True),
    ],
    ids=["sync", "sync:2", "with Credentials", "request-response", "another service", "in a branch", "in a Map"],
)
def test_which_tasks_need_the_managed_rule(state: dict[str, Any], waits: bool) -> None:
    assert waits_for_own_executions(json.loads(one(state))) is waits


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 3),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 7),
        ('{"a": 1,}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 10),
        ('{"a": "b', "Unexpected end-of-input: was expecting closing quote for a string value", 9),
        ('{"a": NaN}', "Unrecognized token 'NaN': was expecting (JSON String, Number, Array, Object or token", 10),
        ("[" * 100_000, "The JSON can't be read: a number or its depth is beyond limits", 1),
    ],
)
def test_json_faults_are_told_in_the_parsers_words(text: str, message: str, column: int) -> None:
    (diagnostic,) = diagnose(text)

    assert diagnostic.code == "INVALID_JSON_DESCRIPTION"
    assert diagnostic.message.startswith(message)
    assert str(diagnostic.location).endswith(f"line: 1, column: {column}]")
