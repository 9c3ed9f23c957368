"""What isn't established of AWS: the list itself, and that the sandbox does what the list says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.facts import chosen
from tests.sandbox.recordings import PASSES, REQUEST_RESPONSE, SYNC_2, WAITS, Recordings, Stage, alone, until
from tests.sandbox.test_definitions import refusal
from tests.sandbox.test_recorded_api import refused
from tests.sandbox.test_recorded_histories import details
from tests.sandbox.world import World
from tests.support.quiet import hold_to
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.assumptions import CHOICES, About, Assumption, as_markdown

pytestmark = pytest.mark.usefixtures("no_http")

ROOT = Path(__file__).parents[2]
IDENTITY = "arn:aws:states:::aws-sdk:sts:getCallerIdentity"


# --- the list --------------------------------------------------------------------------------------------------------


def test_every_choice_has_a_test_and_a_place() -> None:
    texts = [file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py")]
    held = {name for text in texts for marks in re.findall(r"@chosen\(([^)]*)\)", text) for name in marks.split('"')}

    assert [choice.id for choice in CHOICES if choice.id not in held] == []
    assert [choice.where for choice in CHOICES if not (ROOT / choice.where).is_file()] == []
    assert len({choice.id for choice in CHOICES}) == len(CHOICES)


def test_the_list_as_a_table() -> None:
    about_roles = [choice for choice in CHOICES if choice.about is About.ROLES]

    lines = as_markdown(about_roles).splitlines()

    assert lines[0] == "| not documented | what the sandbox does |"
    assert len(lines) == 2 + len(about_roles)
    assert all(line.count("|") == 3 for line in lines)
    assert as_markdown([Assumption("", About.RUNS, "what?", "this", "", "")]).endswith("\n| what? | this |")


# --- roles and their sessions ----------------------------------------------------------------------------------------


@chosen("one-text")
@pytest.mark.parametrize("reason", ["permission", "principal", "external ID", "no such role"])
def test_one_text_for_every_reason(recordings: Recordings, reason: str) -> None:
    world = recordings.stage().world
    scenario = world.scenario
    trust = documents.execute_role_trust(scenario)
    if reason == "permission":
        world.operator_iam.delete_role_policy(
            RoleName=scenario.operator_role_name, PolicyName=documents.OPERATOR_POLICY_NAME
        )
    elif reason == "no such role":
        world.subject_iam.delete_role_policy(
            RoleName=scenario.execute_role_name, PolicyName=documents.EXECUTE_POLICY_NAME
        )
        world.subject_iam.delete_role(RoleName=scenario.execute_role_name)
    else:
        (statement,) = trust["Statement"]
        if reason == "principal":
            statement["Principal"] = {"AWS": f"arn:aws:iam::{scenario.operator_account_id}:user/administrator"}
        else:
            statement["Condition"]["StringEquals"]["sts:ExternalId"] += "x"
        world.subject_iam.update_assume_role_policy(
            RoleName=scenario.execute_role_name, PolicyDocument=json.dumps(trust)
        )

    assert world.run().cause == world.assume_refused


@chosen("external-id")
def test_the_external_id_is_the_machines_arn_whatever_a_run_was_started_through(recordings: Recordings) -> None:
    """A version, an alias or a Distributed Map. That a run passes its machine's ARN is N3 and the happy path."""
    stage = recordings.stage()
    world, arn = stage.world, stage.world.scenario.operator_machine_arn
    states = world.operator_states
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **alone(stage.task())}
    distributed = json.dumps(alone({"Type": "Map", "ItemProcessor": processor, "End": True}))

    version = states.update_state_machine(stateMachineArn=arn, definition=distributed, publish=True)
    route = {"stateMachineVersionArn": version["stateMachineVersionArn"], "weight": 100}
    states.create_state_machine_alias(name="live", routingConfiguration=[route])

    for started_by in (arn, f"{arn}:1", f"{arn}:live"):
        started = states.start_execution(stateMachineArn=started_by, input="[1]")
        assert world.outcome(Side.OPERATOR, started["executionArn"]).status == "SUCCEEDED"


def _identities(stage: Stage) -> list[str]:
    """Who two tasks of one execution are, both with the same Credentials."""
    credentials = {"RoleArn": stage.world.scenario.execute_role_arn}
    task = {"Type": "Task", "Resource": IDENTITY, "Credentials": credentials, "ResultSelector": {"Arn.$": "$.Arn"}}
    states = {
        "One": {**task, "ResultPath": "$.one", "Next": "Two"},
        "Two": {**task, "ResultPath": "$.two", "End": True},
    }
    outcome = stage.run({"StartAt": "One", "States": states})
    return [outcome.output["one"]["Arn"], outcome.output["two"]["Arn"]]


@chosen("session-name", "session-length")
def test_each_task_opens_a_session_with_a_random_name(recordings: Recordings) -> None:
    stage = recordings.passing
    role = stage.world.scenario.execute_role_name

    one, two = _identities(stage)

    assert one != two
    for arn in (one, two):
        assert re.fullmatch(rf"arn:aws:sts::222222222222:assumed-role/{role}/[A-Za-z]{{32}}", arn)


@chosen("machine-role-lost")
def test_a_machines_role_that_no_longer_trusts_step_functions(recordings: Recordings) -> None:
    world = recordings.stage().world
    nobody = documents.service_trust(world.scenario, world.scenario.account(Side.OPERATOR))
    nobody["Statement"][0]["Effect"] = "Deny"
    world.operator_iam.update_assume_role_policy(
        RoleName=world.scenario.operator_role_name, PolicyDocument=json.dumps(nobody)
    )

    outcome = world.run()

    assert outcome.error == "States.TaskFailed"
    assert (outcome.cause or "").startswith(
        "Neither the global service principal states.amazonaws.com, nor the regional"
    )


@chosen("no-role")
@pytest.mark.parametrize("role", [None, 1, {}])
def test_what_is_no_role_cannot_be_assumed(recordings: Recordings, role: Any) -> None:
    outcome = recordings.passing.run_task(Credentials={"RoleArn.$": "$.role"}, given={"role": role})

    assert outcome.error == "States.TaskFailed"
    assert (outcome.cause or "").endswith(f" is not authorized to assume the task state's role, {json.dumps(role)}.")


@chosen("external-id-signs")
def test_a_machine_whose_name_is_no_external_id(recordings: Recordings) -> None:
    stage = recordings.passing
    states, scenario = stage.world.operator_states, stage.world.scenario
    machine = states.create_state_machine(
        name=f"{scenario.operator_machine_name}-(1)!",
        definition=json.dumps(alone(stage.task())),
        roleArn=scenario.operator_role_arn,
    )["stateMachineArn"]

    started = states.start_execution(stateMachineArn=machine)["executionArn"]

    assert stage.world.outcome(Side.OPERATOR, started).cause == stage.world.assume_refused


@chosen("denial-across")
@pytest.mark.parametrize("allowed", [False, True])
def test_another_accounts_policies_are_no_reason_given(recordings: Recordings, allowed: bool) -> None:
    world = recordings.passing.world
    sts = world.as_user(f"assumer-{allowed}", "sts:AssumeRole" if allowed else "sts:GetSessionToken", service="sts")

    _, message, _ = refused(sts.assume_role, RoleArn=world.scenario.execute_role_arn, RoleSessionName="session")

    reason = " because no identity-based policy allows the sts:AssumeRole action"
    assert message.endswith(f"on resource: {world.scenario.execute_role_arn}{'' if allowed else reason}")


@chosen("packed-size")
def test_the_packed_size_is_a_share_of_2048_characters(world: World) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    world.operator_iam.create_role(
        RoleName=world.scenario.operator_role_name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )

    answer = world.client(Side.OPERATOR, "sts").assume_role(
        RoleArn=world.scenario.operator_role_arn,
        RoleSessionName="session",
        Tags=[{"Key": f"{number:0128d}", "Value": "v" * 128} for number in range(4)],
    )

    assert answer["PackedPolicySize"] == 4 * 256 * 100 // 2048


# --- running executions ----------------------------------------------------------------------------------------------


def _without_describing(stage_of: Recordings) -> Stage:
    only = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": "*"}
    return stage_of.stage(execute_permissions={"Version": "2012-10-17", "Statement": [only]})


@chosen("describe-refused", "suffix")
def test_a_refused_describe_execution_fails_the_task(recordings: Recordings) -> None:
    stage = _without_describing(recordings)

    outcome = stage.run_task()

    assert outcome.types[2:] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed", "ExecutionFailed"]
    assert outcome.error == "StepFunctions.AWSStepFunctionsException"
    assert re.search(
        r"is not authorized to perform: states:DescribeExecution on resource: .* \(Service: AWSStepFunctions; "
        r"Status Code: 400; Error Code: AccessDeniedException; Request ID: [0-9a-f-]{36}; Proxy: null\)$",
        outcome.cause or "",
    )
    assert stage.child_outcome().status == "SUCCEEDED"


@pytest.mark.timed
@chosen("polling")
def test_a_childs_end_is_noticed_at_once(recordings: Recordings) -> None:
    stage = recordings.stage({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}})

    outcome = stage.run_task()

    took = outcome.events[-1]["timestamp"] - outcome.events[0]["timestamp"]
    over = stage.world.subject_states.describe_execution(executionArn=stage.child())
    assert took.total_seconds() >= 1
    hold_to((outcome.events[-1]["timestamp"] - over["stopDate"]).total_seconds(), most=0.5)


@chosen("parameters-order")
def test_parameters_are_in_the_order_of_the_definition(recordings: Recordings) -> None:
    machine = recordings.passing.world.scenario.subject_machine_arn

    outcome = recordings.passing.run_task(Parameters={"Input": {"z": 1, "a": 2}, "StateMachineArn": machine})

    parameters = details(outcome, "TaskScheduled")["parameters"]
    assert parameters == f'{{"Input":{{"z":1,"a":2}},"StateMachineArn":"{machine}"}}'


def test_an_inputs_white_space_stays_as_it_was(recordings: Recordings) -> None:
    """Recorded: localstack's test_parallel_state_nested and test_map_state_config_*, 2024-02 and 2024-03."""
    world = recordings.passing.world
    text = '{ "a" :\n [1,  2] }'
    started = world.subject_states.start_execution(stateMachineArn=world.scenario.subject_machine_arn, input=text)
    outcome = world.outcome(Side.SUBJECT, started["executionArn"])

    described = world.subject_states.describe_execution(executionArn=outcome.arn)

    assert described["input"] == text
    assert details(outcome, "ExecutionStarted")["input"] == text


@chosen("abort-events")
@pytest.mark.parametrize("end", ["stopped", "out of time"])
def test_a_whole_executions_end_is_one_event(recordings: Recordings, end: str) -> None:
    stage = recordings.passing
    parallel = {"Type": "Parallel", "Branches": [WAITS, WAITS], "End": True}
    definition = {**alone(parallel), **({"TimeoutSeconds": 1} if end == "out of time" else {})}

    arn = stage.start(definition)
    if end == "stopped":
        _entered(stage.world, arn, "WaitStateEntered", times=2)
        stage.world.operator_states.stop_execution(executionArn=arn)
    outcome = stage.world.outcome(Side.OPERATOR, arn)

    assert outcome.types == [
        *("ExecutionStarted", "ParallelStateEntered", "ParallelStateStarted", "WaitStateEntered", "WaitStateEntered"),
        "ExecutionAborted" if end == "stopped" else "ExecutionTimedOut",
    ]


@chosen("nested-branches")
def test_of_a_cut_branch_its_own_state_is_reported(recordings: Recordings) -> None:
    inner = alone({"Type": "Parallel", "Branches": [WAITS], "End": True}, "Inner")
    pause = {"Type": "Wait", "Seconds": 1, "Next": "Fail"}
    fails = {"StartAt": "Pause", "States": {"Pause": pause, "Fail": {"Type": "Fail", "Error": "Boom"}}}

    outcome = recordings.passing.run(alone({"Type": "Parallel", "Branches": [inner, fails], "End": True}))

    assert [name for name in outcome.types if name.endswith("Aborted")] == ["ParallelStateAborted"]


@chosen("variable-to-nowhere")
@pytest.mark.parametrize(
    ("expression", "path"), [("$nowhere", "$nowhere"), ("States.Format('{}', $.nowhere)", "$.nowhere")]
)
def test_a_variable_without_a_value(recordings: Recordings, expression: str, path: str) -> None:
    outcome = recordings.passing.run(alone({"Type": "Pass", "Parameters": {"key.$": expression}, "End": True}))

    said = f"The JSONPath '{path}' specified for the field 'key.$' could not be found in the input '{{}}'"
    assert (outcome.cause or "").endswith(said)


@chosen("credentials-place")
def test_a_jsonata_mistake_in_credentials(recordings: Recordings) -> None:
    task = recordings.passing.task(REQUEST_RESPONSE, Credentials={"RoleArn": "{% $states.input.nothing %}"})
    task["Arguments"] = task.pop("Parameters")

    outcome = recordings.passing.run({"QueryLanguage": "JSONata", **alone(task)})

    assert details(outcome, "EvaluationFailed")["location"] == "Credentials/RoleArn"


@chosen("sdk-json")
def test_an_object_as_an_sdk_tasks_text(recordings: Recordings) -> None:
    stage = recordings.passing
    parameters = {"StateMachineArn": stage.world.scenario.subject_machine_arn, "Input": {"b": [1, {"a": None}]}}

    outcome = stage.run_task("arn:aws:states:::aws-sdk:sfn:startExecution", Parameters=parameters)

    child = outcome.output["ExecutionArn"]
    described = stage.world.subject_states.describe_execution(executionArn=child)
    assert described["input"] == '{"b":[1,{"a":null}]}'


# --- creating state machines -----------------------------------------------------------------------------------------


def _created_with(world: World, state: dict[str, Any], **params: Any) -> tuple[str, str, int]:
    """How CreateStateMachine denies a machine with this one state."""
    return refusal(world, json.dumps(alone(state, "State0")), **params)


@chosen("managed-rule")
def test_a_task_with_credentials_needs_no_managed_rule(recordings: Recordings) -> None:
    """The Operator's role may do nothing but assume the execute role, and its machine could be made."""
    stage = recordings.passing

    stage.machine(alone(stage.task(SYNC_2)))

    task = stage.task(SYNC_2)
    del task["Credentials"]
    code, message, _ = refused(
        stage.world.operator_states.update_state_machine,
        stateMachineArn=stage.world.scenario.operator_machine_arn,
        definition=json.dumps(alone(task)),
    )
    assert (code, message) == (
        "AccessDeniedException",
        f"'{stage.world.scenario.operator_role_arn}' is not authorized to create managed-rule.",
    )


@chosen("beside-role-arn", "no-next", "sync-2-express")
@pytest.mark.parametrize(
    ("change", "express", "words"),
    [
        ({"Credentials": {"RoleArn": "arn:aws:iam::222222222222:role/r", "Other": 1}}, False, "Field 'Other' is not"),
        ({"End": None}, False, "These fields are required: [Next] at /States/State0"),
        ({}, True, "Express state machine does not support '.sync' service integration at /States/State0/Resource"),
    ],
    ids=["beside RoleArn", "neither Next nor End", ".sync:2 in Express"],
)
def test_words_for_a_definition(world: World, change: dict[str, Any], express: bool, words: str) -> None:
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    task = {"Type": "Task", "Resource": SYNC_2, "Parameters": {"StateMachineArn": "x"}, "End": True, **change}
    state = {key: value for key, value in task.items() if value is not None}

    code, message, _ = _created_with(world, state, **({"type": "EXPRESS"} if express else {}))

    assert code == "InvalidDefinition"
    assert words in message


@chosen("order-of-checks")
def test_faults_are_told_in_this_order(world: World) -> None:
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    states = world.operator_states
    name = world.scenario.operator_machine_name
    good, role = json.dumps(PASSES), world.scenario.operator_role_arn
    states.create_state_machine(name=name, definition=good, roleArn=role)
    nobody = world.as_user("nobody", "sts:GetCallerIdentity")

    def code(client: Any, name: str, definition: str, role: str) -> str:
        return refused(client.create_state_machine, name=name, definition=definition, roleArn=role)[0]

    missing = f"{role}-missing"
    assert code(nobody, name * 9, "{}", missing) == "ValidationException"
    assert code(nobody, name, "{}", missing) == "AccessDeniedException"
    assert code(states, name, "{}", missing) == "InvalidDefinition"
    assert code(states, name, f" {good}", missing) == "AccessDeniedException"
    assert code(states, name, f" {good}", role) == "StateMachineAlreadyExists"


@chosen("json-faults")
def test_json_faults_in_jacksons_words(world: World) -> None:
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)

    code, message, _ = refusal(world, "{'StartAt': 1}")

    assert code == "InvalidDefinition"
    assert (
        "INVALID_JSON_DESCRIPTION: Unexpected character (''' (code 39)): was expecting double-quote to start" in message
    )


@chosen("foreign-machine-role")
def test_another_accounts_role_for_a_machine(world: World) -> None:
    role = f"arn:aws:iam::{world.scenario.subject_account_id}:role/subject"

    code, message, _ = refused(
        world.operator_states.create_state_machine,
        name=world.scenario.operator_machine_name,
        definition=json.dumps(PASSES),
        roleArn=role,
    )

    assert (code, message) == ("AccessDeniedException", "Cross-account pass role is not allowed.")


@chosen("service-principals")
@pytest.mark.parametrize(
    ("service", "accepted"),
    [("states.amazonaws.com", True), ("anything.amazonaws.com", True), ("stepfunctions.amazonaws.com", False)],
)
def test_which_services_a_trust_policy_may_name(world: World, service: str, accepted: bool) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    params = {
        "RoleName": world.scenario.operator_role_name,
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": trust}),
    }
    if accepted:
        assert world.operator_iam.create_role(**params)["Role"]["RoleName"] == params["RoleName"]
        return

    assert refused(world.operator_iam.create_role, **params)[:2] == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "SERVICE":"{service}"',
    )


# --- calls that check something --------------------------------------------------------------------------------------


@chosen("warnings")
def test_validation_gives_no_warnings(world: World) -> None:
    # A path to nowhere in particular: the console warns of such things.
    task = {"Type": "Task", "Resource": SYNC_2, "Parameters": {"StateMachineArn": "x", "Input": "$.plain"}, "End": True}

    answer = world.operator_states.validate_state_machine_definition(definition=json.dumps(alone(task)))

    assert (answer["result"], answer["diagnostics"], answer["truncated"]) == ("OK", [], False)


@chosen("test-state-waiting")
def test_the_words_for_a_task_that_test_state_would_have_to_wait_for(recordings: Recordings) -> None:
    stage = recordings.passing

    code, message, _ = refused(
        stage.world.operator_states.test_state,
        definition=json.dumps(stage.task(SYNC_2)),
        roleArn=stage.world.scenario.operator_role_arn,
    )

    assert code == "InvalidDefinition"
    assert message.endswith("service integration patterns unless a mock is specified.")


@chosen("test-state-external-id")
def test_test_state_passes_a_made_up_machine(recordings: Recordings) -> None:
    stage = recordings.stage()
    scenario = stage.world.scenario
    trust = documents.execute_role_trust(scenario)

    def tested() -> str:
        answer = stage.world.operator_states.test_state(
            definition=json.dumps(stage.task(REQUEST_RESPONSE)), roleArn=scenario.operator_role_arn
        )
        return str(answer["status"])

    with_the_machines_arn = tested()
    anyones = scenario.operator_machine_arn.replace(scenario.operator_machine_name, "*")
    trust["Statement"][0]["Condition"] = {"StringLike": {"sts:ExternalId": anyones}}
    # The Operator's own role trusts Step Functions for any machine of its account.
    stage.world.subject_iam.update_assume_role_policy(
        RoleName=scenario.execute_role_name, PolicyDocument=json.dumps(trust)
    )

    assert (with_the_machines_arn, tested()) == ("FAILED", "SUCCEEDED")


@chosen("simulation-results")
def test_one_result_for_each_action_with_each_resource(world: World) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::one/*"}

    results = world.operator_iam.simulate_custom_policy(
        PolicyInputList=[json.dumps({"Version": "2012-10-17", "Statement": statement})],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::one/a", "arn:aws:s3:::two/a"],
    )["EvaluationResults"]

    assert [(one["EvalActionName"], one["EvalResourceName"], one["EvalDecision"]) for one in results] == [
        ("s3:GetObject", "arn:aws:s3:::one/a", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::two/a", "implicitDeny"),
        ("s3:PutObject", "arn:aws:s3:::one/a", "implicitDeny"),
        ("s3:PutObject", "arn:aws:s3:::two/a", "implicitDeny"),
    ]
    assert all("OrganizationsDecisionDetail" not in one for one in results)


@chosen("enum-order")
def test_alternatives_in_the_models_order(world: World) -> None:
    states = world.client_without_checks(Side.OPERATOR, "stepfunctions")

    _, message, _ = refused(
        states.create_state_machine, name="x", definition="{}", roleArn="arn:aws:iam::1:role/x", type="FAST"
    )

    assert message.endswith("Member must satisfy enum value set: [STANDARD, EXPRESS]")


def _entered(world: World, arn: str, kind: str, *, times: int) -> None:
    """Wait until the execution has this many events of the kind."""
    until(lambda: [event["type"] for event in _events(world, arn)].count(kind) >= times)


def _events(world: World, arn: str) -> list[dict[str, Any]]:
    return list(world.operator_states.get_execution_history(executionArn=arn)["events"])
