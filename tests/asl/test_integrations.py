"""What a task asks AWS for: actions and resources of integrations, tasks wherever they are nested, names made out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.arns import Arn, machine_arn
from xsfn_helpers.deployment.diagnose import Answer, analyse
from xsfn_helpers.deployment.diagnose.calls import ServiceCall, calls_of
from xsfn_helpers.deployment.diagnose.evidence import (
    AccountSeen,
    Evidence,
    ExecutionSeen,
    MachineSeen,
    PolicySeen,
    RoleSeen,
)
from xsfn_helpers.deployment.diagnose.mistakes import likeness
from xsfn_helpers.deployment.diagnose.run_time import resolved
from xsfn_helpers.deployment.diagnose.tasks import CallPattern, read_tasks

OPERATOR = "arn:aws:states:eu-west-1:111111111111:stateMachine:parent"
ROLE = "arn:aws:iam::222222222222:role/spoke"
BATCH = "arn:aws:batch:eu-west-1:222222222222"
MACHINE = "arn:aws:states:eu-west-1:222222222222:stateMachine:child"
EXECUTIONS = "arn:aws:states:eu-west-1:222222222222:execution:child"
START = {"StateMachineArn": MACHINE}
FOLLOWED = [
    ("states:StartExecution", MACHINE),
    ("states:DescribeExecution", f"{EXECUTIONS}:*"),
    ("states:StopExecution", f"{EXECUTIONS}:*"),
]


@pytest.mark.parametrize(
    ("resource", "arguments", "calls"),
    [
        ("arn:aws:states:::states:startExecution", START, FOLLOWED[:1]),
        ("arn:aws:states:::states:startExecution.sync", START, FOLLOWED),
        ("arn:aws:states:::states:startExecution.sync:2", START, FOLLOWED),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            {**START, "Name": "nightly"},
            [(action, arn.replace(":*", ":nightly")) for action, arn in FOLLOWED],
        ),
        (
            "arn:aws:states:::states:startExecution.sync:2",
            {"StateMachineArn.$": "$.arn"},
            [(action, "") for action, _ in FOLLOWED],
        ),
        (
            "arn:aws:states:::states:startExecution",
            {"StateMachineArn": f"{MACHINE}:3"},
            # A version, like an alias, is authorised on the state machine's own ARN: …/dg/auth-version-alias.html
            [("states:StartExecution", MACHINE)],
        ),
        ("arn:aws:states:::aws-sdk:sfn:startSyncExecution", START, [("states:StartSyncExecution", MACHINE)]),
        (
            "arn:aws:states:::aws-sdk:sfn:describeExecution",
            {"ExecutionArn": f"{EXECUTIONS}:x"},
            [("states:DescribeExecution", f"{EXECUTIONS}:x")],
        ),
        (
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": "work"},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:222222222222:function:work")],
        ),
        # What is called is the version or the alias, however it is named: …/lambda-api-permissions-ref.html
        (
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": "work", "Qualifier": "live"},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:222222222222:function:work:live")],
        ),
        (
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": "work:live"},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:222222222222:function:work:live")],
        ),
        (
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": "work", "Qualifier.$": "$.version"},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:222222222222:function:work:*")],
        ),
        (
            "arn:aws:states:::aws-sdk:lambda:invoke",
            {"FunctionName": "333333333333:function:work", "Qualifier": "7"},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:333333333333:function:work:7")],
        ),
        (
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            {"FunctionName.$": "$.name"},
            [("lambda:InvokeFunction", "")],
        ),
        (
            "arn:aws:lambda:eu-west-1:333333333333:function:work",
            {},
            [("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:333333333333:function:work")],
        ),
        (
            "arn:aws:states:::sqs:sendMessage",
            {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/333333333333/jobs"},
            [("sqs:SendMessage", "arn:aws:sqs:eu-west-1:333333333333:jobs")],
        ),
        (
            "arn:aws:states:::dynamodb:putItem",
            {"TableName": "things"},
            [("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:222222222222:table/things")],
        ),
        (
            "arn:aws:states:::aws-sdk:s3:getObject",
            {"Bucket": "b", "Key": "k/1"},
            [("s3:GetObject", "arn:aws:s3:::b/k/1")],
        ),
        # All that an action needs always is asked for, not the first of it: what the reference marks with an asterisk.
        (
            "arn:aws:states:::aws-sdk:batch:submitJob",
            {"JobName": "j", "JobDefinition": f"{BATCH}:job-definition/d:1", "JobQueue": f"{BATCH}:job-queue/q"},
            [("batch:SubmitJob", f"{BATCH}:job-queue/q"), ("batch:SubmitJob", f"{BATCH}:job-definition/d:1")],
        ),
        (
            "arn:aws:states:::aws-sdk:glue:getDatabase",
            {"Name": "arn:aws:glue:eu-west-1:222222222222:database/d"},
            [
                ("glue:GetDatabase", "arn:aws:glue:eu-west-1:222222222222:database/d"),
                ("glue:GetDatabase", "arn:aws:glue:eu-west-1:222222222222:catalog"),
            ],
        ),
        # What it asks for is on none of a type that no argument names.
        ("arn:aws:states:::aws-sdk:bedrockruntime:converse", {"ModelId": "m"}, [("bedrock:InvokeModel", "")]),
        (
            "arn:aws:states:::aws-sdk:dynamodb:query",
            {"TableName": "t", "IndexName": "i"},
            [("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:222222222222:table/t/index/i")],
        ),
        ("arn:aws:states:::aws-sdk:s3:listObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        # By the Service Authorization Reference it can be allowed on everything only.
        ("arn:aws:states:::aws-sdk:cloudwatchlogs:describeLogGroups", {}, [("logs:DescribeLogGroups", "*")]),
        (
            "arn:aws:states:::aws-sdk:secretsmanager:getSecretValue",
            {"SecretId": "{% $id %}"},
            [("secretsmanager:GetSecretValue", "")],
        ),
        ("arn:aws:states:eu-west-1:111111111111:activity:by-hand", {}, []),
    ],
)
def test_an_integration_asks_for(resource: str, arguments: dict[str, Any], calls: list[tuple[str, str]]) -> None:
    found = _calls(resource, arguments)

    assert [(call.action, call.resource) for call in found] == calls
    assert {call.account for call in found} <= {"222222222222", "333333333333"}


def _calls(resource: str, arguments: dict[str, Any]) -> tuple[ServiceCall, ...]:
    definition = json.dumps(_one_task(resource, arguments, Credentials={"RoleArn": ROLE}))
    evidence = Evidence(OPERATOR, MachineSeen(OPERATOR, "arn:aws:iam::111111111111:role/hub", definition), {})
    return tuple(call for task in read_tasks(definition) for call in calls_of(task, evidence).calls)


def test_a_version_or_an_alias_is_told_by_its_condition_key() -> None:
    [call] = _calls("arn:aws:states:::states:startExecution", {"StateMachineArn": f"{MACHINE}:PROD"})

    assert (call.resource, call.context) == (MACHINE, (("states:StateMachineQualifier", "PROD"),))


@pytest.mark.parametrize(
    ("resource", "waits"),
    [
        ("arn:aws:states:::states:startExecution.sync:2", CallPattern.RUN_A_JOB),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", CallPattern.CALLBACK),
        ("arn:aws:states:::lambda:invoke", CallPattern.REQUEST_RESPONSE),
    ],
)
def test_how_a_task_waits(resource: str, waits: CallPattern) -> None:
    [task] = read_tasks(json.dumps(_one_task(resource, {})))

    assert task.pattern is waits


def test_tasks_are_found_wherever_they_are() -> None:
    leaf = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Credentials": {"RoleArn": "r"}, "End": True}
    inner = {"StartAt": "C", "States": {"C": leaf}}
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED"},
        "StartAt": "M",
        "States": {"M": {"Type": "Map", "Iterator": inner}},
    }
    states = {
        "A": {**leaf, "Credentials": {"RoleArn.$": "$.r"}},
        "P": {
            "Type": "Parallel",
            "Branches": [
                inner | {"States": {"B": leaf}},
                {"StartAt": "D", "States": {"D": {"Type": "Map", "ItemProcessor": each}}},
            ],
        },
        "By hand": {"Type": "Task", "Resource": "arn:aws:states:eu-west-1:111111111111:activity:x"},
    }

    found = read_tasks(json.dumps({"StartAt": "A", "States": states}))

    assert [(one.name, one.where, one.distributed) for one in found] == [
        ("A", "", False),
        ("B", "branch 1", False),
        ("D", "branch 2", False),
        ("C", "branch 2, for each item, for each item", True),
    ]
    assert [one.role_arn for one in found] == ["", "r", "", "r"]
    assert [one.fan_out is not None for one in found] == [False, False, True, False]


@pytest.mark.parametrize(
    ("expression", "at_start", "value"),
    [
        ("$.a.b", True, "x"),
        ("$.a.b", False, ""),
        ("$.list[1].r", True, "y"),
        ("$['a']['b']", True, ""),
        ("$.a['b']", True, "x"),
        ("$$.Execution.Input.a.b", False, "x"),
        ("{% $states.input.a.b %}", True, "x"),
        ("{% $states.context.Execution.Input.a.b %}", False, "x"),
        ("{% $states.input.a.b & 'z' %}", True, ""),
        ("States.Format('{}', $.a.b)", True, ""),
        ("$role", True, ""),
        ("$.a", True, ""),
    ],
)
def test_plain_paths_into_the_input_are_followed(expression: str, at_start: bool, value: str) -> None:
    given = {"a": {"b": "x"}, "list": [{}, {"r": "y"}]}
    execution = ExecutionSeen("e", "m", "FAILED", json.dumps(given))

    assert resolved(expression, execution, at_start=at_start) == value


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("execute-subject-statemachine-role", "subject-statemachine-execute-role", True),
        ("execute-role", "Execute-Role", True),
        ("execute-role", "excute-role", True),
        ("report-1", "report-2", False),
        ("blue", "green", False),
    ],
)
def test_names_are_alike(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= 0.8) is alike


def test_arns_of_versions_aliases_and_executions_are_of_their_machine() -> None:
    own = "arn:aws:states:eu-west-1:111111111111:stateMachine:m"

    assert machine_arn(f"{own}:3") == machine_arn(f"{own}:PROD") == own
    assert machine_arn(own.replace("stateMachine", "execution") + ":e") == own
    assert machine_arn("nonsense") == "nonsense"
    assert Arn.parse("arn:aws:states") is None


# --- whole diagnoses of what the sandbox doesn't run

S = Scenario()


def _evidence(definition: dict[str, Any], *permissions: dict[str, Any]) -> Evidence:
    operator = RoleSeen(
        S.operator_role_arn,
        "AROAOPERATOR",
        documents.service_trust(S, S.operator),
        (PolicySeen("task", document={"Version": "2012-10-17", "Statement": list(permissions)}),),
        tags={},
    )
    machine = MachineSeen(S.operator_machine_arn, operator.arn, json.dumps(definition), logs=False, traces=False)
    account = AccountSeen(
        machine.account,
        {operator.arn: operator},
        {machine.arn: machine},
        frozenset({operator.arn}),
        frozenset({machine.arn}),
        scps=(),
    )
    return Evidence(machine.arn, machine, {machine.account: account})


def _one_task(resource: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"Type": "Task", "Resource": resource, "Parameters": arguments, "End": True, **more}
    return {"StartAt": "T", "States": {"T": body}}


def _allowed(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.mark.parametrize(
    ("permission", "answer"),
    [
        (_allowed("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:work"), Answer.ALLOWED),
        (_allowed("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:other"), Answer.UNKNOWN),
    ],
)
def test_a_function_may_have_a_policy_of_its_own(permission: dict[str, Any], answer: Answer) -> None:
    definition = _one_task("arn:aws:states:::lambda:invoke", {"FunctionName": "work"})

    found = analyse(_evidence(definition, permission), "2026-11-24T00:00:00Z")

    assert {link.number: link.answer for link in found.links} == {
        1: Answer.ALLOWED,
        2: Answer.NOT_ASKED,
        3: answer,
    }
    assert found.ok is (answer is Answer.ALLOWED)
    # Allowed or not, a Deny in it would deny the call: it is told that nobody read it.
    assert "function:work itself" in str(found)


@pytest.mark.parametrize(
    ("permission", "answer"),
    [
        (_allowed("states:StartExecution", "*"), Answer.ALLOWED),
        (_allowed("states:StartExecution", f"{MACHINE}"), Answer.UNKNOWN),
        (_allowed("states:ListExecutions", "*"), Answer.REFUSED),
    ],
)
def test_a_resource_known_at_run_time_needs_a_permission_all_the_same(
    permission: dict[str, Any], answer: Answer
) -> None:
    definition = _one_task("arn:aws:states:::states:startExecution", {"StateMachineArn.$": "$.arn"})

    found = analyse(_evidence(definition, permission), "2026-11-24T00:00:00Z")

    assert next(link for link in found.links if link.number == 3).answer is answer


def test_an_organizations_own_limit_is_told_and_left_to_it() -> None:
    definition = _one_task("arn:aws:states:::states:startExecution", {"StateMachineArn": S.operator_machine_arn})
    evidence = _evidence(definition, _allowed("states:*", "*"))
    root = {"Version": "2012-10-17", "Statement": [_allowed("*", "*"), {**_allowed("states:*", "*"), "Effect": "Deny"}]}
    account = evidence.account(S.operator_account_id)
    limited = AccountSeen(
        account.id,
        account.roles,
        account.machines,
        account.all_roles,
        account.all_machines,
        scps=((PolicySeen("NoStates", "arn:aws:organizations::1:policy/o/p", root),),),
    )

    found = analyse(Evidence(evidence.asked, evidence.machine, {account.id: limited}), "2026-11-24T00:00:00Z")

    assert found.first_broken is not None
    assert "service control policy NoStates" in found.first_broken.why
    assert found.fix is not None
    assert found.fix.changes == ()
    assert "organization's administrator" in found.fix.summary


def test_an_express_child_cannot_be_waited_for() -> None:
    child = MachineSeen(f"{S.operator_machine_arn}-child", S.operator_role_arn, "{}", "EXPRESS", tags={})
    definition = _one_task("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": child.arn})
    evidence = _evidence(definition, _allowed("states:*", "*")).with_machine(child)

    found = analyse(evidence, "2026-11-24T00:00:00Z")

    assert found.first_broken is not None
    assert found.first_broken.number == 3
    assert "startSyncExecution" in found.first_broken.why


def test_a_machine_without_tasks_has_no_links() -> None:
    found = analyse(_evidence({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}), "2026-11-24T00:00:00Z")

    assert found.ok
    assert found.tasks == ()
    assert "no link that could be broken" in str(found)
