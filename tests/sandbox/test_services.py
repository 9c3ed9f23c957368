"""Lambda, DynamoDB, S3 and SQS behind the gateway: each call decided by IAM, each denial in its service's shape."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws_cli import AwsCli
from tests.sandbox.world import Outcome, World
from xsfn_helpers.chain import documents, targets
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.targets import Grant, Pattern, Target
from xsfn_helpers.common.aws_names import LAMBDA_PRINCIPAL
from xsfn_helpers.deployment.resources.targets import FUNCTION_CODE, zipped
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")

ANY_FUNCTION = {
    "Version": documents.POLICY_VERSION,
    "Statement": [{"Effect": "Allow", "Principal": {"Service": LAMBDA_PRINCIPAL}, "Action": "sts:AssumeRole"}],
}
SPEAK = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "End": True}}}


def target_names(scenario: Scenario) -> dict[str, Target]:
    """Every way to reach something, with names of this scenario's own."""
    own = scenario.subject_machine_name
    return {
        "lambda:invoke": targets.function(scenario, own),
        "dynamodb:putItem": targets.table(scenario, own),
        "aws-sdk:dynamodb:putItem": targets.table(scenario, own, sdk=True),
        "aws-sdk:s3:putObject": targets.bucket(scenario, own),
        "sqs:sendMessage": targets.queue(scenario, own),
        "aws-sdk:sqs:sendMessage": targets.queue(scenario, own, sdk=True),
        "aws-sdk:sfn:startSyncExecution": targets.express_machine(scenario, f"{own}-express"),
        "states:startExecution": targets.state_machine(scenario, pattern=Pattern.REQUEST_RESPONSE),
        "states:startExecution.sync:2": targets.state_machine(scenario),
    }


WAYS = tuple(target_names(Scenario()))
# The optimized integrations name the service's general error, those of the AWS SDK the SDK's.
REFUSED_AS = {
    "lambda:invoke": "Lambda.AWSLambdaException",
    "dynamodb:putItem": "DynamoDB.AmazonDynamoDBException",
    "aws-sdk:dynamodb:putItem": "DynamoDb.DynamoDbException",
    "aws-sdk:s3:putObject": "S3.S3Exception",
    "sqs:sendMessage": "SQS.AmazonSQSException",
    "aws-sdk:sqs:sendMessage": "Sqs.SqsException",
    "aws-sdk:sfn:startSyncExecution": "Sfn.SfnException",
    "states:startExecution": "StepFunctions.AWSStepFunctionsException",
    "states:startExecution.sync:2": "StepFunctions.AWSStepFunctionsException",
}


@dataclass
class Reached:
    """A world with everything in the Subject account that tasks can reach."""

    world: World

    @property
    def ways(self) -> dict[str, Target]:
        return target_names(self.world.scenario)

    @property
    def name(self) -> str:
        return self.world.scenario.subject_machine_name

    def client(self, service: str) -> Any:
        return self.world.client(Side.SUBJECT, service)

    def make(self) -> Reached:
        self.world.build()
        scenario, role = self.world.scenario, self.world.scenario.subject_role_arn
        trust = documents.subject_role_trust(scenario, tuple(self.ways.values()))
        self.world.subject_iam.update_assume_role_policy(
            RoleName=scenario.subject_role_name, PolicyDocument=json.dumps(trust)
        )
        self.function(FUNCTION_CODE)
        self.world.subject_iam.create_role(
            RoleName=f"{self.name}-any", AssumeRolePolicyDocument=json.dumps(ANY_FUNCTION)
        )
        self.client("dynamodb").create_table(
            TableName=self.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.client("s3").create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": scenario.region}
        )
        self.client("sqs").create_queue(QueueName=self.name)
        self.world.subject_states.create_state_machine(
            name=f"{self.name}-express", type="EXPRESS", roleArn=role, definition=json.dumps(SPEAK)
        )
        return self

    def function(self, code: str, name: str = "", role: str = "", **options: Any) -> str:
        """A Python function of the Subject's; its ARN."""
        created = self.client("lambda").create_function(
            FunctionName=name or self.name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=role or self.world.scenario.subject_role_arn,
            Code={"ZipFile": zipped(code)},
            **options,
        )
        return str(created["FunctionArn"])

    def allow(self, *grants: Grant) -> None:
        """Let the execute role do just this."""
        scenario = self.world.scenario
        policy = {"RoleName": scenario.execute_role_name, "PolicyName": documents.EXECUTE_POLICY_NAME}
        if not grants:  # a policy without a statement is none
            with suppress(self.world.subject_iam.exceptions.NoSuchEntityException):
                self.world.subject_iam.delete_role_policy(**policy)
            return
        reached = replace(self.ways["lambda:invoke"], grants=grants)
        document = documents.execute_role_permissions(scenario, (reached,))
        self.world.subject_iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))

    def run(self, *reached: Target, definition: dict[str, Any] | None = None) -> Outcome:
        scenario = self.world.scenario
        text = json.dumps(definition or documents.operator_definition(scenario, reached))
        self.world.operator_states.update_state_machine(stateMachineArn=scenario.operator_machine_arn, definition=text)
        return self.world.run()


@pytest.fixture(scope="module")
def reached(sandbox: Sandbox) -> Reached:
    return Reached(World.fresh(sandbox)).make()


def refused(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    response: dict[str, Any] = error.value.response
    return response


# --- the same Credentials for every service --------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_the_derived_policy_is_enough(reached: Reached, way: str) -> None:
    """The task is allowed with the actions that follow from its target, and runs in the Subject account."""
    target = reached.ways[way]
    reached.allow(*target.grants)

    outcome = reached.run(target)

    assert (outcome.status, outcome.cause) == ("SUCCEEDED", None)
    scheduled = next(event for event in outcome.events if event["type"] == "TaskScheduled")
    details = scheduled["taskScheduledEventDetails"]
    assert details["taskCredentials"] == {"roleArn": reached.world.scenario.execute_role_arn}


def removals() -> Iterator[tuple[str, str]]:
    for way, target in target_names(Scenario()).items():
        yield from ((way, grant.action) for grant in target.grants)


def test_each_single_action_is_needed(reached: Reached, capsys: pytest.CaptureFixture[str]) -> None:
    """With any one of them taken away, that very action is denied; StopExecution is asked for when a parent stops."""
    rows = []
    for way, action in removals():
        target = reached.ways[way]
        reached.allow(*(grant for grant in target.grants if grant.action != action))
        if action == "states:StopExecution":
            result = _stopped(reached, target)
        else:
            outcome = reached.run(target)
            assert outcome.status == "FAILED", (way, action)
            assert outcome.error == REFUSED_AS[way]
            assert f"is not authorized to perform: {action.lower()} on resource: " in (outcome.cause or "").lower()
            result = f"denied: {outcome.error}"
        rows.append((way, action, result))

    with capsys.disabled():
        sys.stdout.write(
            "\n" + "\n".join(f"{way:32} without {action:28} {result}" for way, action, result in rows) + "\n"
        )
    assert [row[:2] for row in rows] == list(removals())
    assert [result for _, action, result in rows if action == "states:StopExecution"] == ["denied: the child goes on"]


def _stopped(reached: Reached, target: Target) -> str:
    """What becomes of a child whose parent is stopped."""
    world = reached.world
    waiting = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    world.subject_states.update_state_machine(
        stateMachineArn=world.scenario.subject_machine_arn, definition=json.dumps(waiting)
    )
    text = json.dumps(documents.operator_definition(world.scenario, (target,)))
    world.operator_states.update_state_machine(stateMachineArn=world.scenario.operator_machine_arn, definition=text)
    before = {one["executionArn"] for one in world.subject_executions()}
    arn = world.operator_states.start_execution(stateMachineArn=world.scenario.operator_machine_arn)["executionArn"]
    while not (new := {one["executionArn"] for one in world.subject_executions()} - before):
        pass
    [child] = new
    world.operator_states.stop_execution(executionArn=arn)
    assert world.outcome(Side.OPERATOR, arn).status == "ABORTED"
    status = world.subject_states.describe_execution(executionArn=child)["status"]
    world.subject_states.stop_execution(executionArn=child)
    world.subject_states.update_state_machine(
        stateMachineArn=world.scenario.subject_machine_arn,
        definition=json.dumps(documents.subject_definition(world.scenario)),
    )
    return "denied: the child goes on" if status == "RUNNING" else f"the child is {status}"


def test_what_was_done_is_in_the_subject_account(reached: Reached) -> None:
    """Item, object and message are found there by its own administrator."""
    ways = [reached.ways[way] for way in ("dynamodb:putItem", "aws-sdk:s3:putObject", "sqs:sendMessage")]
    reached.allow(*(grant for target in ways for grant in target.grants))
    assert reached.run(*ways).status == "SUCCEEDED"

    body = reached.client("s3").get_object(Bucket=reached.name, Key="from-the-operator.json")["Body"].read()
    url = reached.client("sqs").get_queue_url(QueueName=reached.name)["QueueUrl"]
    messages = reached.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert json.loads(body) == {"said": targets.PAYLOAD}
    assert {"said": targets.PAYLOAD} in [json.loads(message["Body"]) for message in messages]
    assert reached.client("dynamodb").describe_table(TableName=reached.name)["Table"]["ItemCount"] >= 1


def test_two_branches_act_as_two_roles(reached: Reached) -> None:
    """Each task of a Parallel may name a role of its own, and may do what that one may."""
    scenario, iam = reached.world.scenario, reached.world.subject_iam
    function, table = reached.ways["lambda:invoke"], reached.ways["dynamodb:putItem"]
    reached.allow(*function.grants)
    other = f"{scenario.execute_role_name}-other"
    iam.create_role(RoleName=other, AssumeRolePolicyDocument=json.dumps(documents.execute_role_trust(scenario)))
    definition = documents.operator_definition(scenario, (function, table))
    [first, second] = next(iter(definition["States"].values()))["Branches"]
    second["States"][table.title]["Credentials"]["RoleArn"] = scenario.execute_role_arn + "-other"
    assume = documents.operator_role_permissions(scenario)
    assume["Statement"][0]["Resource"] = f"{scenario.execute_role_arn}*"
    reached.world.operator_iam.put_role_policy(
        RoleName=scenario.operator_role_name,
        PolicyName=documents.OPERATOR_POLICY_NAME,
        PolicyDocument=json.dumps(assume),
    )

    without = reached.run(definition=definition)
    allowed = documents.execute_role_permissions(scenario, (table,))
    iam.put_role_policy(RoleName=other, PolicyName="table", PolicyDocument=json.dumps(allowed))
    with_both = reached.run(definition=definition)

    assert first["States"][function.title]["Credentials"]["RoleArn"] == scenario.execute_role_arn
    assert f"assumed-role/{other}/" in (without.cause or "")
    assert with_both.status == "SUCCEEDED"


def test_a_functions_own_arn_as_the_resource(reached: Reached) -> None:
    """The older way to call a function takes `Credentials` as well, and is denied in the same words."""
    scenario, target = reached.world.scenario, reached.ways["lambda:invoke"]
    task = {"Type": "Task", "Resource": target.resource, "End": True}
    task["Credentials"] = {"RoleArn": scenario.execute_role_arn}
    definition = {"StartAt": "Call", "States": {"Call": task}}
    reached.allow(*target.grants)
    allowed = reached.run(definition=definition)
    reached.allow()
    refused_call = reached.run(definition=definition)
    missing = {**task, "Credentials": {"RoleArn": f"{scenario.execute_role_arn}-none"}}
    refused_role = reached.run(definition={"StartAt": "Call", "States": {"Call": missing}})

    assert (allowed.status, allowed.types[2:5]) == (
        "SUCCEEDED",
        ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"],
    )
    assert refused_call.error == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in (refused_call.cause or "")
    assert refused_role.error == "States.TaskFailed"
    assert "is not authorized to assume the task state's role" in (refused_role.cause or "")


# --- callbacks -------------------------------------------------------------------------------------------------------


def _answering(world: World, resource: str) -> Any:
    """Step Functions for a user of the Operator account who may answer tasks of this resource, and no more."""
    iam, name = world.operator_iam, f"answers-{resource.rpartition(':')[2]}"
    iam.create_user(UserName=name)
    arn = f"arn:aws:states:{world.scenario.region}:{world.scenario.operator_account_id}:{resource}"
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": arn}],
    }
    iam.put_user_policy(UserName=name, PolicyName="answer", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return world.client_with("stepfunctions", key["AccessKeyId"], key["SecretAccessKey"])


def test_a_token_comes_back_only_from_the_account_that_waits(reached: Reached) -> None:
    """CONN: tokens are for principals of the account of the waiting state machine."""
    scenario, world = reached.world.scenario, reached.world
    target = targets.queue(scenario, reached.name, pattern=Pattern.CALLBACK)
    reached.allow(*target.grants)
    text = json.dumps(documents.operator_definition(scenario, (target,)))
    world.operator_states.update_state_machine(stateMachineArn=scenario.operator_machine_arn, definition=text)
    arn = world.operator_states.start_execution(stateMachineArn=scenario.operator_machine_arn)["executionArn"]
    token = _token(reached)

    code = refused(world.subject_states.send_task_success, taskToken=token, output="{}")["Error"]["Code"]
    assert code == "InvalidToken"
    assert world.operator_states.describe_execution(executionArn=arn)["status"] == "RUNNING"
    refused_words = refused(_answering(world, "stateMachine:other").send_task_success, taskToken=token, output="{}")
    assert f"on resource: {scenario.operator_machine_arn} because" in refused_words["Error"]["Message"]
    _answering(world, f"stateMachine:{scenario.operator_machine_name}").send_task_success(
        taskToken=token, output='{"done": true}'
    )

    assert world.outcome(Side.OPERATOR, arn).output == {"done": True}


def test_who_waits_for_a_token_can_be_stopped(reached: Reached) -> None:
    scenario, world = reached.world.scenario, reached.world
    target = targets.function(scenario, reached.name, pattern=Pattern.CALLBACK)
    reached.allow(*target.grants)
    text = json.dumps(documents.operator_definition(scenario, (target,)))
    world.operator_states.update_state_machine(stateMachineArn=scenario.operator_machine_arn, definition=text)
    arn = world.operator_states.start_execution(stateMachineArn=scenario.operator_machine_arn)["executionArn"]
    history = world.operator_states.get_execution_history
    while "TaskSubmitted" not in [event["type"] for event in history(executionArn=arn)["events"]]:
        pass

    world.operator_states.stop_execution(executionArn=arn)

    assert world.outcome(Side.OPERATOR, arn).status == "ABORTED"


def _token(reached: Reached) -> str:
    client = reached.client("sqs")
    url = client.get_queue_url(QueueName=reached.name)["QueueUrl"]
    while True:
        for message in client.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", []):
            if "token" in (body := json.loads(message["Body"])):
                return str(body["token"])


# --- Lambda ----------------------------------------------------------------------------------------------------------


def invoked(reached: Reached, code: str, event: Any = None, **options: Any) -> dict[str, Any]:
    """The answer of a function that is made for this call alone; `payload` is parsed."""
    client = reached.client("lambda")
    name = f"{reached.name}-once"
    role = f"arn:aws:iam::{reached.world.scenario.subject_account_id}:role/{reached.name}-any"
    reached.function(code, name, role, **options)
    try:
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        return {**answer, "payload": json.loads(answer["Payload"].read())}
    finally:
        client.delete_function(FunctionName=name)


def test_the_code_really_runs(reached: Reached) -> None:
    code = (
        "def handler(event, context):\n    print('seen')\n    return {'sum': sum(event), 'of': context.function_name}"
    )

    answer = invoked(reached, code, [1, 2, 3])

    assert answer["payload"] == {"sum": 6, "of": f"{reached.name}-once"}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer


def test_it_sees_nothing_of_ours(reached: Reached, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the sandbox's environment, folder and packages, nor anybody's credentials."""
    code = (
        "import os, sys\n"
        "def handler(event, context):\n"
        "    try:\n        import botocore\n        found = True\n    except ImportError:\n        found = False\n"
        "    return {'names': sorted(os.environ), 'packages': found, 'path': sys.path, 'here': os.getcwd()}"
    )

    seen = invoked(reached, code, Environment={"Variables": {"COLOUR": "blue"}})["payload"]

    ours = {"HOME", "LANG", "PATH", "TMPDIR", "TZ", "_HANDLER", "COLOUR", "LC_CTYPE"}
    assert {name for name in seen["names"] if not name.startswith(("AWS_LAMBDA_", "AWS_REGION", "AWS_DEFAULT"))} <= ours
    assert seen["packages"] is False
    assert not [place for place in seen["path"] if "site-packages" in place or place == ""]
    assert "xsfn-lambda-" in seen["here"]


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("def handler(event, context):\n    raise KeyError('x')", "KeyError", "'x'"),
        ("import nothing_like_it", "Runtime.ImportModuleError", "No module named 'nothing_like_it'"),
        ("def handler(", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("other = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("def handler(event, context):\n    return {1, 2}", "Runtime.MarshalError", "not JSON serializable"),
        ("import os\ndef handler(event, context):\n    os._exit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_function_that_fails(reached: Reached, code: str, kind: str, words: str) -> None:
    answer = invoked(reached, code)

    assert answer["FunctionError"] == "Unhandled"
    assert answer["payload"]["errorType"] == kind
    assert words in answer["payload"]["errorMessage"]
    assert "/tmp" not in json.dumps(answer["payload"])


def test_it_is_ended_when_its_time_is_over(reached: Reached) -> None:
    """What it has started is ended, too."""
    code = (
        "import subprocess, time\n"
        "def handler(event, context):\n    subprocess.Popen(['sleep', '987654'])\n    time.sleep(60)"
    )

    answer = invoked(reached, code, Timeout=1)

    assert answer["payload"]["errorType"] == "Sandbox.Timedout"
    assert answer["payload"]["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert b"987654" not in b"".join(_command_lines())


def _command_lines() -> Iterator[bytes]:
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield process.read_bytes()
        except OSError:
            continue


def test_it_has_the_memory_it_asked_for_and_no_more(reached: Reached) -> None:
    code = "def handler(event, context):\n    return len(bytearray(event * 1024 * 1024))"

    enough = invoked(reached, code, 64, MemorySize=128)
    too_much = invoked(reached, code, 512, MemorySize=128)

    assert enough["payload"] == 64 * 1024 * 1024
    assert too_much["payload"]["errorType"] == "MemoryError"


def test_its_role_must_trust_lambda(reached: Reached) -> None:
    """At creation, and when it runs: Lambda assumes the role on the function's behalf."""
    world = reached.world
    name = world.scenario.execute_role_name
    client = reached.client("lambda")
    made = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": zipped(FUNCTION_CODE)}}

    error = refused(client.create_function, FunctionName=f"{name}-x", Role=world.scenario.execute_role_arn, **made)

    assert error["Error"]["Code"] == "InvalidParameterValueException"
    assert error["Error"]["Message"] == "The role defined for the function cannot be assumed by Lambda."


def test_who_gives_the_role_needs_pass_role(reached: Reached) -> None:
    client = reached.world.as_user("deployer", "lambda:CreateFunction", service="lambda")
    role = reached.world.scenario.operator_role_arn
    made = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": zipped(FUNCTION_CODE)}}

    error = refused(client.create_function, FunctionName="passed", Role=role, **made)

    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDeniedException", 403)
    assert f"iam:PassRole on resource: {role}" in error["Error"]["Message"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Runtime": "nodejs22.x"}, "runs Python functions"),
        ({"Handler": "nodot"}, "is not a handler"),
        ({"Timeout": 901}, "Timeout is 901"),
        ({"MemorySize": 4096}, "MemorySize is 4096"),
        ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip uploaded file"),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "key"}}, "comes as Code.ZipFile"),
        ({"Layers": ["arn:aws:lambda:ap-northeast-1:222222222222:layer:x:1"]}, "doesn't offer Layers"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys"),
    ],
)
def test_what_it_doesnt_offer_is_said(reached: Reached, change: dict[str, Any], words: str) -> None:
    made = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": zipped(FUNCTION_CODE)}}
    given = {**made, "Role": reached.world.scenario.subject_role_arn, **change}

    assert words in refused(reached.client("lambda").create_function, FunctionName="never", **given)["Error"]["Message"]


def test_an_archive_that_swells_is_refused(reached: Reached) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.py", b"#" * 50_000_000)
    made = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": packed.getvalue()}}

    error = refused(
        reached.client("lambda").create_function,
        FunctionName="swollen",
        Role=reached.world.scenario.subject_role_arn,
        **made,
    )

    assert error["ResponseMetadata"]["HTTPStatusCode"] == 413


# --- who may come in -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation", "code", "status", "resource"),
    [
        ("lambda", "invoke", "AccessDeniedException", 403, "arn:aws:lambda:ap-northeast-1:222222222222:function:{}"),
        ("dynamodb", "put_item", "AccessDeniedException", 400, "arn:aws:dynamodb:ap-northeast-1:222222222222:table/{}"),
        ("s3", "put_object", "AccessDenied", 403, '"arn:aws:s3:::{}/key"'),
        ("sqs", "send_message", "AccessDenied", 403, "arn:aws:sqs:ap-northeast-1:222222222222:{}"),
    ],
)
def test_the_other_account_is_refused_in_the_services_own_shape(
    reached: Reached, service: str, operation: str, code: str, status: int, resource: str
) -> None:
    """Nothing here has a policy of its own, so nobody from outside gets in without assuming a role."""
    name, scenario = reached.name, reached.world.scenario
    table = f"arn:aws:dynamodb:{scenario.region}:{scenario.subject_account_id}:table/{name}"
    parameters: dict[str, dict[str, Any]] = {
        "invoke": {"FunctionName": f"{scenario.subject_account_id}:{name}"},
        "put_item": {"TableName": table, "Item": {"id": {"S": "1"}}},
        "put_object": {"Bucket": name, "Key": "key", "Body": b""},
        "send_message": {"QueueUrl": targets.queue_url(scenario, name), "MessageBody": "x"},
    }

    error = refused(getattr(reached.world.client(Side.OPERATOR, service), operation), **parameters[operation])

    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert f"on resource: {resource.format(name)} because no resource-based policy" in error["Error"]["Message"]


@pytest.mark.parametrize("service", ["lambda", "dynamodb", "s3", "sqs"])
def test_an_unknown_key_is_refused(reached: Reached, service: str) -> None:
    client = reached.world.client_with(service, "AKIAIOSFODNN7EXAMPLE", "x" * 40)
    calls = {"lambda": "list_functions", "dynamodb": "list_tables", "s3": "list_buckets"}
    parameters = {"QueueName": "any"} if service == "sqs" else {}

    error = refused(getattr(client, calls.get(service, "get_queue_url")), **parameters)

    assert error["Error"]["Code"] in ("UnrecognizedClientException", "InvalidAccessKeyId")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_conditions_see_what_is_written(reached: Reached) -> None:
    """`dynamodb:LeadingKeys` keeps a principal to the items that are its own."""
    iam, name = reached.world.subject_iam, f"{reached.name}-keeper"
    arn = reached.ways["dynamodb:putItem"].resource
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:PutItem",
        "Resource": arn,
        "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}},
    }
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="own",
        PolicyDocument=json.dumps({"Version": documents.POLICY_VERSION, "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = reached.world.client_with("dynamodb", key["AccessKeyId"], key["SecretAccessKey"])

    client.put_item(TableName=reached.name, Item={"id": {"S": "mine"}})
    error = refused(client.put_item, TableName=reached.name, Item={"id": {"S": "yours"}})

    assert error["Error"]["Code"] == "AccessDeniedException"


# --- the wire --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["plain", "a b", "ü/é", "100%", "a+b", "x=y&z", "..", "dir//file", "quote'\"<>"])
def test_an_objects_key_may_be_any_text(reached: Reached, key: str) -> None:
    """S3 signs the path as it is sent; other services encode it once more."""
    client = reached.client("s3")
    client.put_object(Bucket=reached.name, Key=key, Body=key.encode())

    assert client.get_object(Bucket=reached.name, Key=key)["Body"].read() == key.encode()
    assert key in [found["Key"] for found in client.list_objects_v2(Bucket=reached.name)["Contents"]]
    client.delete_object(Bucket=reached.name, Key=key)
    assert refused(client.get_object, Bucket=reached.name, Key=key)["Error"]["Code"] == "NoSuchKey"


def test_objects_are_listed_like_folders(reached: Reached) -> None:
    client, keys = reached.client("s3"), ("in/one", "in/deep/two", "in/deep/", "in/")
    for key in keys:
        client.put_object(Bucket=reached.name, Key=key, Body=b"")

    listed = client.list_objects_v2(Bucket=reached.name, Prefix="in/", Delimiter="/")

    assert [found["Key"] for found in listed["Contents"]] == ["in/", "in/one"]
    assert [found["Prefix"] for found in listed["CommonPrefixes"]] == ["in/deep/"]
    for key in keys:
        client.delete_object(Bucket=reached.name, Key=key)


@pytest.mark.parametrize("service", ["s3", "sqs", "dynamodb", "lambda"])
def test_the_aws_cli_speaks_to_them_too(reached: Reached, service: str) -> None:
    account = reached.world.sandbox.accounts[Side.SUBJECT]
    cli = AwsCli(reached.world.sandbox, service, account.access_key_id, account.secret_access_key)

    if service == "s3":
        cli = AwsCli(reached.world.sandbox, "s3api", account.access_key_id, account.secret_access_key)
        assert reached.name in [bucket["Name"] for bucket in cli.list_buckets()["Buckets"]]
    elif service == "sqs":
        assert cli.get_queue_url(QueueName=reached.name)["QueueUrl"].endswith(f"/{reached.name}")
    elif service == "dynamodb":
        assert reached.name in cli.list_tables()["TableNames"]
    else:
        assert cli.get_function(FunctionName=reached.name)["Configuration"]["State"] == "Active"


def test_a_function_named_by_its_arn(reached: Reached) -> None:
    """Its colons are encoded in the path, and encoded again in what is signed."""
    arn = reached.ways["lambda:invoke"].resource

    assert reached.client("lambda").invoke(FunctionName=arn, Payload=b"{}")["StatusCode"] == 200


NOT_THERE = "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("lambda", "get_function", {"FunctionName": "none"}, "ResourceNotFoundException"),
        ("dynamodb", "describe_table", {"TableName": "none"}, "ResourceNotFoundException"),
        ("s3", "list_objects_v2", {"Bucket": "none"}, "NoSuchBucket"),
        ("sqs", "get_queue_url", {"QueueName": "none"}, NOT_THERE),
        ("s3", "get_bucket_acl", {"Bucket": "none"}, "InvalidAction"),
        ("dynamodb", "scan", {"TableName": "none"}, "UnknownOperationException"),
        ("sqs", "purge_queue", {"QueueUrl": "none"}, "UnknownOperationException"),
        ("lambda", "list_layers", {}, "UnknownOperationException"),
    ],
)
def test_what_isnt_there_or_isnt_offered(
    reached: Reached, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    assert refused(getattr(reached.client(service), operation), **parameters)["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"other": {"S": "1"}}, "Missing the key id in the item"),
        ({"id": {"N": "1"}}, "Type mismatch for key id expected: S actual: N"),
        ({"id": {"S": "1"}, "n": {"N": "many"}}, "cannot be converted to a numeric value"),
        ({"id": {"S": "1"}, "s": {"SS": []}}, "isn't one"),
    ],
)
def test_an_item_must_fit(reached: Reached, item: dict[str, Any], words: str) -> None:
    error = refused(reached.client("dynamodb").put_item, TableName=reached.name, Item=item)

    assert words in error["Error"]["Message"]


def test_a_received_message_is_hidden_until_it_is_deleted_or_its_time_is_over(reached: Reached) -> None:
    client = reached.client("sqs")
    url = client.create_queue(QueueName=f"{reached.name}-hidden", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="again")

    [first] = client.receive_message(QueueUrl=url)["Messages"]
    [second] = client.receive_message(QueueUrl=url, VisibilityTimeout=60)["Messages"]
    hidden = client.receive_message(QueueUrl=url)
    client.delete_message(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"])

    assert first["MessageId"] == second["MessageId"]
    assert "Messages" not in hidden
    client.delete_queue(QueueUrl=url)


def test_queues_are_listed_by_account_and_beginning(reached: Reached) -> None:
    client = reached.client("sqs")
    urls = [client.create_queue(QueueName=f"{reached.name}-listed-{which}")["QueueUrl"] for which in "ab"]

    assert client.list_queues(QueueNamePrefix=f"{reached.name}-listed")["QueueUrls"] == urls
    assert set(urls) <= {url for page in client.get_paginator("list_queues").paginate() for url in page["QueueUrls"]}
    assert "QueueUrls" not in client.list_queues(QueueNamePrefix=f"{reached.name}-none")
    assert "QueueUrls" not in reached.world.client(Side.OPERATOR, "sqs").list_queues(QueueNamePrefix=reached.name)
    for url in urls:
        client.delete_queue(QueueUrl=url)


def test_everything_outlives_a_kill(mortal: Sandbox) -> None:
    """What was acknowledged is on disk, so a sandbox that was killed comes back with it."""
    before = Reached(World.fresh(mortal)).make()
    before.client("s3").put_object(Bucket=before.name, Key="kept", Body=b"yes")
    os.kill(mortal.pid, signal.SIGKILL)

    after = Reached(World(Sandbox.start(), before.world.scenario))

    assert after.client("s3").get_object(Bucket=after.name, Key="kept")["Body"].read() == b"yes"
    assert after.client("lambda").invoke(FunctionName=after.name, Payload=b"{}")["StatusCode"] == 200
    assert after.client("dynamodb").describe_table(TableName=after.name)["Table"]["TableStatus"] == "ACTIVE"


def test_the_trust_names_lambda_only_where_a_function_is_reached() -> None:
    scenario = Scenario()

    plain = documents.subject_role_trust(scenario, (targets.state_machine(scenario),))
    with_function = documents.subject_role_trust(scenario, (targets.function(scenario),))

    assert plain == documents.service_trust(scenario, scenario.subject)
    assert LAMBDA_PRINCIPAL in with_function["Statement"][0]["Principal"]["Service"]
