"""What a task can reach in another account, as data: what it calls there, and what the execute role needs for it.

The article's state machine is one target among others: the same `Credentials` work for every AWS service. Pure.
Sources: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html,
…/integrate-optimized.html and …/supported-services-awssdk.html. Actions and resources come from the table of calls that
a diagnosis reads by (`xsfn_helpers.asl.integrations`); only the words for them are written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.asl.arn_forms import CallingPlace
from xsfn_helpers.asl.asked import By, For, TaskCaller
from xsfn_helpers.asl.asked import Pattern as Pattern  # whoever names a target names how it is waited for
from xsfn_helpers.asl.integrations import asked_of
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.aws_names import LAMBDA_PRINCIPAL, STATES_PRINCIPAL
from xsfn_helpers.common.language import tr

# An ordinary key of the child's input that links child to parent in the console; it grants nothing.
STARTED_BY_KEY: Final = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
PAYLOAD: Final = "Hello from Step Functions!"
# What a task puts into the bucket unless told.
OBJECT_KEY: Final = "from-the-operator.json"


@dataclass(frozen=True, slots=True)
class Grant:
    """One action that the execute role needs, on what, and when the task asks for it.

    `on` names the thing in the reader's words; grants with the same `sid` make one statement. `in_every_run` is false
    for what is asked for only when a run is cut short.
    """

    action: str
    resource: str
    on: str
    when: str
    sid: str
    in_every_run: bool = True

    def __str__(self) -> str:
        return tr("{action} on the {on} - {when}", action=self.action, on=tr(self.on), when=self.when)


@dataclass(frozen=True, slots=True)
class WorksAs:
    """Whose role the target works as once it has been called: that role trusts `service`, for `source` only."""

    service: str
    source: str
    when: str


@dataclass(frozen=True, slots=True)
class Target:
    """One thing in the Subject account and one way to call it.

    `integration` and `pattern` make the task's `Resource`; `operation` is the API's name for the call, `parameters`
    what it is given; `grants` are the actions that the execute role needs, the call itself first. `title` names the
    task's state.
    """

    name: str
    title: str
    integration: str
    operation: str
    parameters: Mapping[str, Any]
    grants: tuple[Grant, ...]
    pattern: Pattern = Pattern.REQUEST_RESPONSE
    works_as: WorksAs | None = None

    @property
    def service(self) -> str:
        """The called service's prefix in IAM: `lambda`, `s3` …"""
        return self.grants[0].action.partition(":")[0]

    @property
    def action(self) -> str:
        """The action that the call itself needs."""
        return self.grants[0].action

    @property
    def resource(self) -> str:
        """The ARN of what is called."""
        return self.grants[0].resource

    @property
    def extra(self) -> tuple[Grant, ...]:
        """What it takes besides the call: to follow what was started, and to stop it."""
        return self.grants[1:]

    def task_resource(self, partition: str) -> str:
        """The task's `Resource`."""
        return f"arn:{partition}:states:::{self.integration}{self.pattern}"

    def __str__(self) -> str:
        return tr("{name}, called by {integration}", name=self.name, integration=f"{self.integration}{self.pattern}")


def state_machine(scenario: Scenario, *, pattern: Pattern = Pattern.SYNC_2) -> Target:
    """The article's target: the Subject state machine, started and, with `.sync` and `.sync:2`, followed to its end.

    Across accounts Step Functions polls, and stops the child with its parent; both act on executions, not on the
    machine.
    """
    machine = scenario.subject_machine_arn
    parameters = {
        "StateMachineArn": machine,
        "Input": {"StatePayload": PAYLOAD, f"{STARTED_BY_KEY}.$": "$$.Execution.Id"},
    }
    words = {
        For.CALL: _Words("Subject state machine", tr("once, to start the Subject"), "StartSubjectStateMachine"),
        For.FOLLOW: _Words(
            "Subject execution",
            tr("at each poll of {pattern}, until the Subject execution ends", pattern=pattern),
            "FollowAndStopItsExecutions",
        ),
        For.STOP: _Words(
            "Subject execution",
            tr("only when the Operator execution is stopped or times out"),
            "FollowAndStopItsExecutions",
        ),
    }
    return Target(
        name="Subject state machine",
        title="Start the Subject state machine",
        integration="states:startExecution",
        operation="StartExecution",
        pattern=pattern,
        parameters=parameters,
        grants=_grants(scenario, "states:startExecution", pattern, parameters, words),
        works_as=WorksAs(STATES_PRINCIPAL, machine, tr("when the Subject execution starts")),
    )


def express_machine(scenario: Scenario, name: str = "subject-express") -> Target:
    """An Express state machine, run to its end by one call: `.sync` isn't for Express children (the page above)."""
    arn = f"arn:{scenario.partition}:states:{scenario.region}:{scenario.subject_account_id}:stateMachine:{name}"
    what = tr("Express state machine {name}", name=name)
    parameters = {"StateMachineArn": arn, "Input": {"StatePayload": PAYLOAD}}
    words = {For.CALL: _Words(what, tr("once; the answer is the result"), "RunExpress")}
    integration = "aws-sdk:sfn:startSyncExecution"
    return Target(
        name=what,
        title=f"Run {name}",
        integration=integration,
        operation="StartSyncExecution",
        parameters=parameters,
        grants=_grants(scenario, integration, Pattern.REQUEST_RESPONSE, parameters, words),
        works_as=WorksAs(STATES_PRINCIPAL, arn, tr("when the Express execution starts")),
    )


def function(
    scenario: Scenario,
    name: str = "subject-function",
    *,
    payload: Any = None,
    pattern: Pattern = Pattern.REQUEST_RESPONSE,
) -> Target:
    """A Lambda function, invoked by the optimized integration, with the state's input unless `payload` is given."""
    arn = _arn(scenario, "lambda", f"function:{name}")
    given: dict[str, Any] = {"Payload.$": "$"} if payload is None else {"Payload": payload}
    if pattern is Pattern.CALLBACK:
        given = {"Payload": {**(payload or {"input.$": "$"}), "token.$": "$$.Task.Token"}}
    parameters = {"FunctionName": arn, **given}
    words = {For.CALL: _Words(tr("function {name}", name=name), tr("once, to invoke it"), "InvokeFunction")}
    return Target(
        name=tr("function {name}", name=name),
        title=f"Invoke {name}",
        integration="lambda:invoke",
        operation="Invoke",
        pattern=pattern,
        parameters=parameters,
        grants=_grants(scenario, "lambda:invoke", pattern, parameters, words),
        works_as=WorksAs(LAMBDA_PRINCIPAL, arn, tr("when the function runs")),
    )


def table(
    scenario: Scenario, name: str = "subject-table", *, sdk: bool = False, item: Mapping[str, Any] | None = None
) -> Target:
    """A DynamoDB table whose key is the text `id`: PutItem, by the optimized or (`sdk`) the AWS SDK integration."""
    parameters = {"TableName": name, "Item": item or {"id": {"S.$": "$$.Execution.Name"}, "said": {"S": PAYLOAD}}}
    integration = "aws-sdk:dynamodb:putItem" if sdk else "dynamodb:putItem"
    words = {For.CALL: _Words(tr("table {name}", name=name), tr("once, to put the item"), "PutItem")}
    return Target(
        name=tr("table {name}", name=name),
        title=f"Put an item into {name}",
        integration=integration,
        operation="PutItem",
        parameters=parameters,
        grants=_grants(scenario, integration, Pattern.REQUEST_RESPONSE, parameters, words),
    )


def bucket(scenario: Scenario, name: str = "", *, key: str = OBJECT_KEY, body: Any = None) -> Target:
    """An S3 bucket: PutObject, by the AWS SDK integration. Its name is the account's own unless given."""
    name = name or bucket_name(scenario)
    parameters = {"Bucket": name, "Key": key, "Body": {"said": PAYLOAD} if body is None else body}
    words = {For.CALL: _Words(tr("bucket {name}", name=name), tr("once, to put the object"), "PutObject")}
    return Target(
        name=tr("bucket {name}", name=name),
        title=f"Put an object into {name}",
        integration="aws-sdk:s3:putObject",
        operation="PutObject",
        parameters=parameters,
        grants=_grants(scenario, "aws-sdk:s3:putObject", Pattern.REQUEST_RESPONSE, parameters, words),
    )


def bucket_name(scenario: Scenario) -> str:
    """A bucket's name is taken for everybody: the account's id makes it one's own."""
    return f"subject-bucket-{scenario.subject_account_id}"


def queue(
    scenario: Scenario, name: str = "subject-queue", *, sdk: bool = False, pattern: Pattern = Pattern.REQUEST_RESPONSE
) -> Target:
    """An SQS queue: SendMessage, by the optimized or (`sdk`) the AWS SDK integration, with the token to wait for."""
    said: dict[str, Any] = {"said": PAYLOAD}
    if pattern is Pattern.CALLBACK:
        said["token.$"] = "$$.Task.Token"
    parameters = {"QueueUrl": queue_url(scenario, name), "MessageBody": said}
    integration = "aws-sdk:sqs:sendMessage" if sdk else "sqs:sendMessage"
    words = {For.CALL: _Words(tr("queue {name}", name=name), tr("once, to send the message"), "SendMessage")}
    return Target(
        name=tr("queue {name}", name=name),
        title=f"Send a message to {name}",
        integration=integration,
        operation="SendMessage",
        pattern=pattern,
        parameters=parameters,
        grants=_grants(scenario, integration, pattern, parameters, words),
    )


def queue_url(scenario: Scenario, name: str) -> str:
    """How SQS names a queue in its calls."""
    suffix = ".cn" if scenario.partition == "aws-cn" else ""
    return f"https://sqs.{scenario.region}.amazonaws.com{suffix}/{scenario.subject_account_id}/{name}"


def article_targets(scenario: Scenario) -> tuple[Target, ...]:
    """What the article reaches: its state machine alone."""
    return (state_machine(scenario),)


def _arn(scenario: Scenario, service: str, rest: str) -> str:
    return f"arn:{scenario.partition}:{service}:{scenario.region}:{scenario.subject_account_id}:{rest}"


@dataclass(frozen=True, slots=True)
class _Words:
    """What is told of a grant: on what, when, and the name of its statement."""

    on: str
    when: str
    sid: str


def _grants(
    scenario: Scenario, integration: str, pattern: Pattern, parameters: Mapping[str, Any], words: Mapping[For, _Words]
) -> tuple[Grant, ...]:
    """What the execute role needs for this call, by the table of calls, in the words for what each is for."""
    here = CallingPlace(scenario.operator_account_id, scenario.region, scenario.partition)
    there = CallingPlace(scenario.subject_account_id, scenario.region, scenario.partition)
    caller = TaskCaller(there, here, scenario.operator_machine_arn, credentials=True)
    asked = asked_of(f"arn:{scenario.partition}:states:::{integration}{pattern}", parameters, caller)
    return tuple(
        Grant(one.action, one.resource.arn, told.on, told.when, told.sid, in_every_run=one.purpose is not For.STOP)
        for one in asked.permissions
        if one.certain and one.by is By.ACTING
        for told in (words[one.purpose],)
    )
