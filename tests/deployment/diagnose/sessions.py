"""boto3 sessions as a reader of AWS has them: an administrator of one account, or somebody who may do little."""

from __future__ import annotations

import json
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from tests.sandbox.world import World
from xsfn_helpers.aws.sessions import service_models
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox


class Session(boto3.Session):
    """A session whose clients go to this sandbox, through a proxy where one is given."""

    def __init__(self, sandbox: Sandbox, key_id: str, secret: str, proxy: str | None = None) -> None:
        core = botocore.session.Session()
        core.register_component("data_loader", service_models())
        super().__init__(key_id, secret, region_name=sandbox.region, botocore_session=core)
        if sandbox.transport is not None:
            self.events.register_first("before-send", sandbox.transport)
        self._endpoint = sandbox.endpoint_url
        self._proxies = {"http": proxy} if proxy else {}

    def client(self, *args: Any, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1}, proxies=self._proxies)
        return super().client(*args, **{"endpoint_url": self._endpoint, "config": config, **options})


def administrator(world: World, side: Side, proxy: str | None = None) -> Session:
    account = world.sandbox.accounts[side]
    return Session(world.sandbox, account.access_key_id, account.secret_access_key, proxy)


def limited(world: World, side: Side, *statements: dict[str, Any]) -> Session:
    """A new user of this account, who may do just this."""
    iam = world.client(side, "iam")
    name = f"{world.scenario.operator_role_name}-reader-{side.value}"
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=name, PolicyName="allowed", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Session(world.sandbox, key["AccessKeyId"], key["SecretAccessKey"])
