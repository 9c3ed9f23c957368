"""Two further accounts of the sandbox in the test's own process, and what is behind them."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.within import within
from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.gateway.organization import Organization
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.prepared import straight_to
from xsfn_helpers.sandbox.process import here
from xsfn_helpers.sandbox.process.in_process import InProcessSandbox

ACCOUNT = "606060606060"
OTHER = "707070707070"
REGION = "ap-northeast-1"
FAR = "eu-west-1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Keys:
    """What somebody signs with."""

    key_id: str
    secret: str
    token: str | None = None


@dataclass(frozen=True)
class Inside:
    """Two accounts, each with an administrator."""

    gateway: Gateway
    bridge: Any
    journal: Journal
    owners: Mapping[str, Keys]
    # The organization that the accounts are in, if one is there.
    organizations: list[Organization] = field(default_factory=list)

    def client(self, service: str, keys: Keys | None = None, *, account: str = ACCOUNT, region: str = REGION) -> Any:
        return _client(self.gateway, service, keys or self.owners[account], region)

    def user(self, *statements: dict[str, Any], account: str = ACCOUNT, name: str = "") -> Keys:
        """The key of a new user who may do what `statements` say."""
        iam = self.client("iam", account=account)
        name = name or fresh("user")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return self.key(name, account=account)

    def key(self, name: str, *, account: str = ACCOUNT) -> Keys:
        key = self.client("iam", account=account).create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, *statements: dict[str, Any], account: str = ACCOUNT, **more: Any) -> str:
        """The ARN of a new role that Step Functions and the account may assume."""
        iam, name = self.client("iam", account=account), fresh("role")
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com", "AWS": account}}
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=policy({**trust, "Action": "sts:AssumeRole"}), **more
        )
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return str(made["Role"]["Arn"])

    def session(self, role_arn: str) -> Keys:
        found = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="session")["Credentials"]
        return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


@functools.cache
def inside() -> Inside:
    with within():
        sandbox = here.sandbox_here().start()
        assert isinstance(sandbox, InProcessSandbox)
        further = sandbox.add_accounts((ACCOUNT, OTHER))
    core = sandbox._core
    owners = {one: Keys(keys.access_key_id, keys.secret_access_key) for one, keys in further.items()}
    organizations: list[Organization] = []
    kept = core.gateway.organization
    # Tasks of state machines and stacks go through the same gateway, so it can't be another one.
    object.__setattr__(core.gateway, "organization", lambda: organizations[0] if organizations else kept())
    return Inside(core.gateway, core.gateway.services, core.journal, owners, organizations)


@functools.lru_cache(maxsize=400)
def _client(gateway: Gateway, service: str, keys: Keys, region: str) -> Any:
    client = _session().client(
        service,
        region_name=region,
        endpoint_url="http://sandbox.internal",
        aws_access_key_id=keys.key_id,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, s3={"addressing_style": "path"}),
    )
    client.meta.events.register_first("before-send", straight_to(gateway))
    return client


@functools.cache
def _session() -> Any:
    return boto3.session.Session()


def fresh(what: str) -> str:
    return f"{what}-{next(_numbers)}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any = "*", resource: Any = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def deny(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def outcome(call: Any, **params: Any) -> str:
    """`OK`, or the error's code."""
    return refusal(call, **params)[0]


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message of the denial; `OK` and nothing where there was none."""
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"]), str(error.response["Error"]["Message"])
    return "OK", ""


def things(one: Inside) -> Iterator[tuple[str, str]]:
    """Every thing that the accounts have by its ARN, as text that tells whether it changed."""
    for account, body in one.journal.entries("iam"):
        for kind, key in (("role", "roles"), ("user", "users"), ("group", "groups"), ("policy", "policies")):
            for thing in body[key]:
                arn = f"arn:aws:iam::{account}:{kind}{thing['path']}{thing['name']}"
                yield arn, json.dumps(thing, sort_keys=True)
    for _, body in one.journal.entries("states"):
        for thing in (*body["machines"], *body["activities"]):
            yield thing["arn"], json.dumps(thing, sort_keys=True)
    for kind in ("dynamodb table", "dynamodb item", "lambda function", "sqs queue"):
        for arn, body in one.journal.entries(kind):
            yield arn, json.dumps(body, sort_keys=True)
    for kind in ("s3 bucket", "s3 object"):
        for name, body in one.journal.entries(kind):
            yield f"arn:aws:s3:::{name}", json.dumps(body, sort_keys=True)
