"""The Subject's things that tasks reach besides the state machine: a function, a table, a bucket, a queue, an Express
machine. Made under the lab's tag, found again by it, and removed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import code_of, message_of, retry_while, translated
from xsfn_helpers.chain import targets
from xsfn_helpers.chain.documents import subject_definition
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.targets import Target, queue_url
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.resources.resource import Resource

# The function's whole code: it says where it ran, and hands back what it was given.
FUNCTION_CODE: Final = """import os


def handler(event, context):
    account = context.invoked_function_arn.split(":")[4]
    return {"message": f"Hello from {os.environ['AWS_LAMBDA_FUNCTION_NAME']} in account {account}", "received": event}
"""
_TOKEN_SECONDS: Final = 10
_RUNTIME: Final = "python3.13"
_GONE: Final = frozenset(
    (
        *("ResourceNotFoundException", "NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        "StateMachineDoesNotExist",
    )
)


class Service(Protocol):
    """How one service's things are made, found and removed, by the service's client."""

    service: str

    def target(self, scenario: Scenario, name: str) -> Target:
        """What reaches a thing of this name."""
        ...

    def names(self, client: Any) -> Iterator[str]:
        """Every thing of this kind in the account."""
        ...

    def tags(self, client: Any, made: Made) -> Mapping[str, str]:
        """The thing's tags. Raises `ClientError` where there is none."""
        ...

    def create(self, client: Any, made: Made) -> None: ...
    def others_in(self, client: Any, made: Made) -> int:
        """How much it holds that somebody else put there, and that would go with it."""
        ...

    def delete(self, client: Any, made: Made) -> None: ...


@dataclass(frozen=True, slots=True)
class Made:
    """What a thing is made from."""

    scenario: Scenario
    name: str
    arn: str
    tag: Mapping[str, str]
    # The keys of objects that the lab's tasks put into it.
    objects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TargetResource(Resource[Mapping[str, str]]):
    """One target's thing in the Subject account."""

    side: Side = field(default=Side.SUBJECT, init=False)
    target: Target

    @property
    def thing(self) -> str:
        return self.target.name

    def _stored(self) -> Mapping[str, str] | None:
        with translated(self.account):
            try:
                return self._kind.tags(self._client, self._made)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                if code_of(error) == "NoSuchTagSet":
                    return {}
                raise

    def _tags(self, stored: Mapping[str, str]) -> Mapping[str, str]:
        return stored

    def _make(self, change: Change) -> Change:
        budget = self.environment.accounts.pace.propagation
        with translated(self.account):
            retry_while(lambda: self._kind.create(self._client, self._made), _not_yet, budget=budget)
        return change

    def _compare_undo(self, stored: Mapping[str, str]) -> Change:
        change = Resource._compare_undo(self, stored)
        if change.action is not Action.REMOVE:
            return change
        with translated(self.account):
            others = self._kind.others_in(self._client, self._made)
        if not others:
            return change
        why = tr("it holds {count} objects that the lab didn't put there", count=others)
        return Change(Action.NOT_OURS, self.account, self.thing, (why,))

    def _remove(self, stored: Mapping[str, str]) -> None:
        self._kind.delete(self._client, self._made)

    @property
    def _known_as(self) -> str:
        return self._made.name

    @property
    def _kind(self) -> Service:
        return KINDS[self.target.operation]

    @property
    def _client(self) -> Any:
        return self.environment.accounts.client(self.side, self._kind.service)

    @property
    def _made(self) -> Made:
        name = self.target.name.rpartition(" ")[2]
        objects = frozenset((targets.OBJECT_KEY, str(self.target.parameters.get("Key", ""))))
        tag = {LAB_TAG: self.environment.lab_id}
        return Made(self.environment.scenario, name, self.target.resource, tag, objects)

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags as they are now; none where there is no such thing."""
        return self._stored() or {}


def things(environment: Environment, reached: tuple[Target, ...]) -> tuple[TargetResource, ...]:
    """What has to be made for the targets; the article's state machine is made with the prerequisites."""
    by_name = {target.name: target for target in reached if target.operation in KINDS}
    return tuple(TargetResource(environment, target) for target in by_name.values())


def found(environment: Environment, kind: Service) -> Iterator[tuple[str, TargetResource]]:
    """Every thing of this kind in the Subject account that carries a lab's tag, and that lab's id.

    Raises `StepError` where they may not all be looked at.
    """
    client = environment.accounts.client(Side.SUBJECT, kind.service)
    with translated(environment.scenario.subject):
        names = list(kind.names(client))
    for name in names:
        thing = TargetResource(environment, kind.target(environment.scenario, name))
        if (lab_id := thing.tags.get(LAB_TAG)) is not None:
            yield lab_id, replace(thing, environment=replace(environment, lab_id=lab_id))


def zipped(source: str) -> bytes:
    """A function's code as Lambda takes it: one file, `index.py`; the same bytes each time."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        entry = zipfile.ZipInfo("index.py")
        entry.external_attr = 0o644 << 16  # else AWS's Lambda may not read it
        opened.writestr(entry, source)
    return archive.getvalue()


def receive_token(client: Any, url: str) -> str | None:
    """The last task token among a queue's messages, which are taken out; None where there is none."""
    token: str | None = None
    wait = _TOKEN_SECONDS
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get(
        "Messages"
    ):
        for message in messages:
            token = json.loads(message["Body"]).get("token", token)
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        wait = 0
    return token


def _not_yet(error: ClientError) -> bool:
    """IAM hasn't spread the role to Lambda; a bucket or queue of this name is still being deleted."""
    waits = ("OperationAborted", "QueueDeletedRecently", "ResourceInUseException")
    return code_of(error) in waits or "cannot be assumed by Lambda" in message_of(error)


class _HoldsNothingElse:
    """What goes with the thing is the thing's own."""

    def others_in(self, client: Any, made: Made) -> int:
        return 0


class _Function(_HoldsNothingElse):
    service = "lambda"

    def target(self, scenario: Scenario, name: str) -> Target:
        return targets.function(scenario, name)

    def names(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_functions").paginate():
            yield from (function["FunctionName"] for function in page["Functions"])

    def tags(self, client: Any, made: Made) -> Mapping[str, str]:
        found: Mapping[str, str] = client.get_function(FunctionName=made.name).get("Tags", {})
        return found

    def create(self, client: Any, made: Made) -> None:
        client.create_function(
            FunctionName=made.name,
            Runtime=_RUNTIME,
            Role=made.scenario.subject_role_arn,
            Handler="index.handler",
            Code={"ZipFile": zipped(FUNCTION_CODE)},
            Tags=dict(made.tag),
        )
        client.get_waiter("function_active_v2").wait(FunctionName=made.name)

    def delete(self, client: Any, made: Made) -> None:
        client.delete_function(FunctionName=made.name)


class _Table(_HoldsNothingElse):
    service = "dynamodb"

    def target(self, scenario: Scenario, name: str) -> Target:
        return targets.table(scenario, name)

    def names(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_tables").paginate():
            yield from page["TableNames"]

    def tags(self, client: Any, made: Made) -> Mapping[str, str]:
        return _pairs(client.list_tags_of_resource(ResourceArn=made.arn)["Tags"])

    def create(self, client: Any, made: Made) -> None:
        client.create_table(
            TableName=made.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": key, "Value": value} for key, value in made.tag.items()],
        )
        client.get_waiter("table_exists").wait(TableName=made.name)

    def delete(self, client: Any, made: Made) -> None:
        client.delete_table(TableName=made.name)


class _Bucket:
    service = "s3"

    def target(self, scenario: Scenario, name: str) -> Target:
        return targets.bucket(scenario, name)

    def names(self, client: Any) -> Iterator[str]:
        return (bucket["Name"] for bucket in client.list_buckets()["Buckets"])

    def tags(self, client: Any, made: Made) -> Mapping[str, str]:
        return _pairs(client.get_bucket_tagging(Bucket=made.name)["TagSet"])

    def create(self, client: Any, made: Made) -> None:
        given: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in made.tag.items()]}
        if made.scenario.region != "us-east-1":
            given["LocationConstraint"] = made.scenario.region
        client.create_bucket(Bucket=made.name, CreateBucketConfiguration=given)

    def others_in(self, client: Any, made: Made) -> int:
        return sum(key not in made.objects for key in self._keys(client, made))

    def delete(self, client: Any, made: Made) -> None:
        # The lab's own alone: what somebody puts there meanwhile keeps the bucket from being deleted.
        for key in [key for key in self._keys(client, made) if key in made.objects]:
            client.delete_object(Bucket=made.name, Key=key)
        client.delete_bucket(Bucket=made.name)

    @staticmethod
    def _keys(client: Any, made: Made) -> Iterator[str]:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=made.name):
            yield from (found["Key"] for found in page.get("Contents", []))


class _Queue(_HoldsNothingElse):
    service = "sqs"

    def target(self, scenario: Scenario, name: str) -> Target:
        return targets.queue(scenario, name)

    def names(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_queues").paginate():
            yield from (url.rpartition("/")[2] for url in page.get("QueueUrls", ()))

    def tags(self, client: Any, made: Made) -> Mapping[str, str]:
        found: Mapping[str, str] = client.list_queue_tags(QueueUrl=self._url(made)).get("Tags", {})
        return found

    def create(self, client: Any, made: Made) -> None:
        client.create_queue(QueueName=made.name, tags=dict(made.tag))

    def delete(self, client: Any, made: Made) -> None:
        client.delete_queue(QueueUrl=self._url(made))

    @staticmethod
    def _url(made: Made) -> str:
        return queue_url(made.scenario, made.name)


class _Express(_HoldsNothingElse):
    service = "stepfunctions"

    def target(self, scenario: Scenario, name: str) -> Target:
        return targets.express_machine(scenario, name)

    def names(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_state_machines").paginate():
            yield from (machine["name"] for machine in page["stateMachines"] if machine["type"] == "EXPRESS")

    def tags(self, client: Any, made: Made) -> Mapping[str, str]:
        client.describe_state_machine(stateMachineArn=made.arn)  # says plainly when there is none
        found = client.list_tags_for_resource(resourceArn=made.arn)["tags"]
        return {tag["key"]: tag["value"] for tag in found}

    def create(self, client: Any, made: Made) -> None:
        client.create_state_machine(
            name=made.name,
            type="EXPRESS",
            roleArn=made.scenario.subject_role_arn,
            definition=json_text(subject_definition(made.scenario)),
            tags=[{"key": key, "value": value} for key, value in made.tag.items()],
        )

    def delete(self, client: Any, made: Made) -> None:
        client.delete_state_machine(stateMachineArn=made.arn)


def _pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


# By the operation that reaches them.
KINDS: Final[Mapping[str, Service]] = {
    "Invoke": _Function(),
    "PutItem": _Table(),
    "PutObject": _Bucket(),
    "SendMessage": _Queue(),
    "StartSyncExecution": _Express(),
}
