"""For every operation that changes something, in random places and under random names: what was authorised is what
changed. A user who may do everything asks; each thing that is another one afterwards must have been asked about."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.inside import (
    ACCOUNT,
    FAR,
    OTHER,
    REGION,
    Inside,
    Keys,
    allow,
    fresh,
    inside,
    outcome,
    policy,
    things,
)
from xsfn_helpers.sandbox.gateway import calls
from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.services import objects, queues, tables

PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"Service": ["states.amazonaws.com", "lambda.amazonaws.com"], "AWS": ACCOUNT},
        "Action": "sts:AssumeRole",
    }
)
REGIONS = (*[REGION] * 8, FAR, FAR, "cn-north-1", "us-gov-west-1")
PATHS = ("/", "/", "/a/b/")
# What one call changes beside what it names: a deleted or renamed principal in others' trust policies.
_IN_PASSING = frozenset(("DeleteRole", "DeleteUser", "UpdateUser"))


class Walk:
    """Names and places to choose from; the same ones come again, so that calls meet each other."""

    def __init__(self, box: Inside, seed: int) -> None:
        self.box = box
        self.random = random.Random(seed)
        self.names = [f"w{seed}-{letter}" for letter in "ab"] + [f"W{seed}-A"]
        self.role_arn = box.role(allow())

    def one(self, among: Any) -> Any:
        return self.random.choice(list(among))

    @property
    def name(self) -> str:
        return str(self.one(self.names))

    @property
    def path(self) -> str:
        return str(self.one(PATHS))

    def arn(self, service: str, rest: str) -> str:
        """An ARN that is right most of the time."""
        partition = self.one(("aws",) * 5 + ("aws-cn",))
        region = "" if service == "iam" else self.one((REGION,) * 3 + (FAR, "cn-north-1"))
        return f"arn:{partition}:{service}:{region}:{self.one((ACCOUNT,) * 5 + (OTHER,))}:{rest}"

    def user_or(self, kind: str) -> dict[str, Any]:
        return {f"{kind.title()}Name": self.name}

    def policy_arn(self) -> str:
        path = self.path
        return self.arn("iam", f"policy{path}{self.name}")

    def tags(self) -> list[dict[str, str]]:
        return [{"Key": self.one(("team", "cost")), "Value": self.name}]

    def iam(self) -> dict[str, Callable[[], dict[str, Any]]]:
        document = policy(allow(self.one(("s3:*", "iam:*"))))
        calls: dict[str, Callable[[], dict[str, Any]]] = {
            "create_role": lambda: {
                "RoleName": self.name,
                "Path": self.path,
                "AssumeRolePolicyDocument": TRUST,
                "Tags": self.tags(),
            },
            "create_user": lambda: {"UserName": self.name, "Path": self.path, "Tags": self.tags()},
            "create_group": lambda: {"GroupName": self.name, "Path": self.path},
            "create_policy": lambda: {"PolicyName": self.name, "Path": self.path, "PolicyDocument": document},
            "update_user": lambda: {
                "UserName": self.name,
                **self.one(({"NewUserName": self.name}, {"NewPath": self.path})),
            },
            "update_assume_role_policy": lambda: {"RoleName": self.name, "PolicyDocument": TRUST},
            "update_role": lambda: {"RoleName": self.name, "Description": self.name},
            "add_user_to_group": lambda: {"GroupName": self.name, "UserName": self.name},
            "remove_user_from_group": lambda: {"GroupName": self.name, "UserName": self.name},
            "create_access_key": lambda: {"UserName": self.name},
            "delete_policy": lambda: {"PolicyArn": self.policy_arn()},
            "create_policy_version": lambda: {
                "PolicyArn": self.policy_arn(),
                "PolicyDocument": document,
                "SetAsDefault": True,
            },
            "tag_policy": lambda: {"PolicyArn": self.policy_arn(), "Tags": self.tags()},
            "untag_policy": lambda: {"PolicyArn": self.policy_arn(), "TagKeys": ["team"]},
        }
        for kind in ("role", "user", "group"):
            calls |= {
                f"delete_{kind}": lambda kind=kind: self.user_or(kind),
                f"put_{kind}_policy": lambda kind=kind: {
                    **self.user_or(kind),
                    "PolicyName": "p",
                    "PolicyDocument": document,
                },
                f"delete_{kind}_policy": lambda kind=kind: {**self.user_or(kind), "PolicyName": "p"},
                f"attach_{kind}_policy": lambda kind=kind: {**self.user_or(kind), "PolicyArn": self.policy_arn()},
                f"detach_{kind}_policy": lambda kind=kind: {**self.user_or(kind), "PolicyArn": self.policy_arn()},
            }
        for kind in ("role", "user"):
            calls |= {
                f"tag_{kind}": lambda kind=kind: {**self.user_or(kind), "Tags": self.tags()},
                f"untag_{kind}": lambda kind=kind: {**self.user_or(kind), "TagKeys": ["team"]},
                f"put_{kind}_permissions_boundary": lambda kind=kind: {
                    **self.user_or(kind),
                    "PermissionsBoundary": self.policy_arn(),
                },
                f"delete_{kind}_permissions_boundary": lambda kind=kind: self.user_or(kind),
            }
        return calls

    def stepfunctions(self) -> dict[str, Callable[[], dict[str, Any]]]:
        tags = [{"key": "team", "value": "x"}]
        return {
            "create_state_machine": lambda: {
                "name": self.name,
                "definition": PASS,
                "roleArn": self.role_arn,
                "tags": tags,
            },
            "update_state_machine": lambda: {"stateMachineArn": self.machine(), "roleArn": self.role_arn},
            "delete_state_machine": lambda: {"stateMachineArn": self.machine()},
            "create_activity": lambda: {"name": self.name},
            "delete_activity": lambda: {"activityArn": self.arn("states", f"activity:{self.name}")},
            "tag_resource": lambda: {"resourceArn": self.machine(), "tags": tags},
            "untag_resource": lambda: {"resourceArn": self.machine(), "tagKeys": ["team"]},
        }

    def machine(self) -> str:
        return self.arn("states", f"stateMachine:{self.name}")

    def dynamodb(self) -> dict[str, Callable[[], dict[str, Any]]]:
        return {
            "create_table": lambda: {
                "TableName": self.table(),
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
            "delete_table": lambda: {"TableName": self.table()},
            "put_item": lambda: {"TableName": self.table(), "Item": {"id": {"S": self.name}}},
        }

    def table(self) -> str:
        return str(self.one((self.name, self.name, self.arn("dynamodb", f"table/{self.name}"))))

    def sqs(self) -> dict[str, Callable[[], dict[str, Any]]]:
        return {
            "create_queue": lambda: {"QueueName": self.name},
            "delete_queue": lambda: {"QueueUrl": self.queue()},
            "send_message": lambda: {"QueueUrl": self.queue(), "MessageBody": "x"},
            "receive_message": lambda: {"QueueUrl": self.queue()},
        }

    def queue(self) -> str:
        region, account = self.one((REGION, FAR)), self.one((ACCOUNT, ACCOUNT, OTHER))
        return f"https://sqs.{region}.amazonaws.com/{account}/{self.name}"

    def s3(self) -> dict[str, Callable[[], dict[str, Any]]]:
        bucket = self.name.lower()
        return {
            "create_bucket": lambda: {
                "Bucket": bucket,
                "CreateBucketConfiguration": {"LocationConstraint": self.one((REGION, FAR))},
            },
            "delete_bucket": lambda: {"Bucket": bucket},
            "put_object": lambda: {"Bucket": bucket, "Key": self.one(("k", "a/../b", "k k", "%6b")), "Body": b"x"},
            "delete_object": lambda: {"Bucket": bucket, "Key": self.one(("k", "a/../b", "k k", "%6b"))},
        }

    def next(self) -> tuple[str, str, dict[str, Any]]:
        service = self.one(("iam", "iam", "iam", "stepfunctions", "dynamodb", "sqs", "s3"))
        offered: dict[str, Callable[[], dict[str, Any]]] = getattr(self, service)()
        operation = self.one(offered)
        return service, operation, offered[operation]()


@pytest.fixture(scope="module")
def box() -> Inside:
    return inside()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ARNs that were decided on, and allowed."""
    found: list[str] = []
    decide = Gateway._decide

    def noted(self: Gateway, caller: Any, demand: Any, *more: Any, **named: Any) -> Any:
        decision = decide(self, caller, demand, *more, **named)
        if decision.allowed:
            found.append(demand.resource)
        return decision

    monkeypatch.setattr(Gateway, "_decide", noted)
    return found


def covered(arn: str, asked: list[str]) -> bool:
    """Asked about itself, or about the table or bucket that it is in."""
    return any(arn == one or arn.startswith(f"{one}/") for one in asked)


def changes(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    yield from (arn for arn in before.keys() | after.keys() if before.get(arn) != after.get(arn))


def misremembered(box: Inside) -> Iterator[str]:
    """Who is decided for as they were once, and not as they are."""
    for account in (ACCOUNT, OTHER):
        iam = box.bridge._iam(account)
        yield from (user for user in iam.users if box.bridge.user(account, user) != box.bridge._user(account, user))
        names = (role.name for role in iam.roles.values())
        yield from (name for name in names if box.bridge.role(account, name) != box.bridge._role(account, name))


@pytest.mark.parametrize("seed", range(3))
def test_what_was_authorised_is_what_changed(box: Inside, asked: list[str], seed: int) -> None:
    walk, keys = Walk(box, seed), box.user(allow())
    before, done = dict(things(box)), set()
    for _ in range(300):
        service, operation, params = walk.next()
        region = walk.one(REGIONS)
        asked.clear()
        said = outcome(getattr(box.client(service, keys, region=region), operation), **params)
        after = dict(things(box))
        changed = sorted(changes(before, after))
        title = "".join(part.title() for part in operation.split("_"))
        if title in _IN_PASSING:
            changed = [arn for arn in changed if covered(arn, asked) or ":role/" not in arn or arn not in after]
        where = f"{service} {operation} {params} in {region}: {said}"
        assert said == "OK" or not changed, where
        assert all(covered(arn, asked) for arn in changed), f"{where} changed {changed}, and asked about {asked}"
        assert said not in ("InternalFailure", "ServiceFailure"), where
        assert list(misremembered(box)) == [], where
        if said == "OK":
            done.add((service, operation))
        before = after
    assert len(done) > 20


def test_every_operation_that_changes_something_is_walked(box: Inside) -> None:
    walk = Walk(box, 99)

    def titles(service: str) -> set[str]:
        return {"".join(part.title() for part in name.split("_")) for name in getattr(walk, service)()}

    iam = {name for name, row in calls._IAM_ON_NAME.items() if row[2]} | {
        name for name, mutates in calls._IAM_ON_POLICY_ARN.items() if mutates
    }
    # Variants of those that are walked, and keys by ids that only their answers tell.
    assert iam - titles("iam") == {
        *("UpdateRoleDescription", "DeletePolicyVersion", "SetDefaultPolicyVersion"),
        *("DeleteAccessKey", "UpdateAccessKey"),
    }
    assert {name for name, row in tables._OPERATIONS.items() if row[0]} <= titles("dynamodb")
    assert {name for name, row in queues._OPERATIONS.items() if row[1]} - titles("sqs") == {"DeleteMessage"}
    assert {row[0] for row in objects._OPERATIONS.values() if row[2]} <= titles("s3")


def test_a_key_is_never_another_user_s(box: Inside) -> None:
    """By its id, a key is changed for the user that is named, or not at all."""
    theirs, mine = fresh("theirs"), fresh("mine")
    iam = box.client("iam")
    iam.create_user(UserName=mine)
    key: Keys = box.user(name=theirs)
    mallory = box.client("iam", box.user(allow("iam:*", f"arn:aws:iam::{ACCOUNT}:user/{mine}")))

    assert outcome(mallory.delete_access_key, UserName=mine, AccessKeyId=key.key_id) == "NoSuchEntity"
    assert (
        outcome(mallory.update_access_key, UserName=mine, AccessKeyId=key.key_id, Status="Inactive") == "NoSuchEntity"
    )
    assert iam.list_access_keys(UserName=theirs)["AccessKeyMetadata"][0]["Status"] == "Active"


def test_a_text_is_never_another_parameter(box: Inside) -> None:
    """A definition or a tag may hold anything, such as the form in which other services send parameters."""
    states, role = box.client("stepfunctions"), box.role(allow())
    members = {
        member
        for operation in ("CreateStateMachine", "UpdateStateMachine", "CreateActivity", "TagResource")
        for member in states.meta.service_model.operation_model(operation).input_shape.members
    }
    slipping = "x&" + "&".join(f"{member}=slipped" for member in sorted(members)) + "&Action=Delete&"
    definition = json.dumps({**json.loads(PASS), "Comment": slipping})
    tags = [{"key": "t", "value": slipping[:256].rpartition("&")[0]}]
    name = fresh("texts")

    made = states.create_state_machine(name=name, definition=definition, roleArn=role, tags=tags)["stateMachineArn"]
    states.update_state_machine(stateMachineArn=made, definition=definition + " ")
    states.tag_resource(resourceArn=made, tags=[{"key": "u", "value": tags[0]["value"]}])
    activity = states.create_activity(name=name, tags=tags)["activityArn"]

    found = states.describe_state_machine(stateMachineArn=made)
    assert [found[key] for key in ("name", "definition", "roleArn", "type")] == [
        name,
        definition + " ",
        role,
        "STANDARD",
    ]
    assert {tag["key"] for tag in states.list_tags_for_resource(resourceArn=made)["tags"]} == {"t", "u"}
    assert activity.endswith(f":activity:{name}")
    assert not [arn for arn in things(box) if "slipped" in arn]
