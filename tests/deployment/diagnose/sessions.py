"""boto3 sessions as a reader of AWS has them: an administrator of one account, or somebody who may do little."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side


class Session(boto3.Session):
    """A session whose clients go to this address, through a proxy where one is given."""

    def __init__(self, endpoint: str, key_id: str, secret: str, region: str, proxy: str | None = None) -> None:
        super().__init__(aws_access_key_id=key_id, aws_secret_access_key=secret, region_name=region)
        self._endpoint = endpoint
        self._proxies = {"http": proxy} if proxy else {}

    def client(self, *args: Any, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1}, proxies=self._proxies)
        return super().client(*args, **{"endpoint_url": self._endpoint, "config": config, **options})


def administrator(world: World, side: Side, proxy: str | None = None) -> Session:
    account, sandbox = world.sandbox.accounts[side], world.sandbox
    return Session(sandbox.endpoint_url, account.access_key_id, account.secret_access_key, sandbox.region, proxy)


def limited(world: World, side: Side, *statements: dict[str, Any]) -> Session:
    """A new user of this account, who may do just this."""
    iam = world.client(side, "iam")
    name = f"{world.scenario.operator_role_name}-reader-{side.value}"
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=name, PolicyName="allowed", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Session(world.sandbox.endpoint_url, key["AccessKeyId"], key["SecretAccessKey"], world.sandbox.region)
