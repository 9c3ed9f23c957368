"""Pairs of accounts besides the sandbox's first two, each with the article's setup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.sandbox.process.server import Sandbox


@dataclass
class PairWorld(World):
    """The article's setup, under the article's names, in a pair of further accounts."""

    def client(self, side: Side, service: str) -> Any:
        key = (side, service)
        if key not in self.clients:
            account = self.sandbox.further[self.scenario.account(side).id]
            self.clients[key] = self.client_with(service, account.access_key_id, account.secret_access_key)
        return self.clients[key]

    @property
    def ids(self) -> tuple[str, str]:
        return self.scenario.operator_account_id, self.scenario.subject_account_id

    def assume(self, side: Side, name: str, *, principal: str) -> dict[str, Any]:
        """A session of a new role of this side, for this side's administrator; the role trusts `principal`."""
        self.client(side, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=trusting(principal))
        arn = f"arn:aws:iam::{self.scenario.account(side).id}:role/{name}"
        answer = self.client(side, "sts").assume_role(RoleArn=arn, RoleSessionName="session")
        return dict(answer["Credentials"])


def trusting(principal: str) -> str:
    """A trust policy for one principal."""
    return (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        f'"Principal": {{"AWS": "{principal}"}}}}]}}'
    )


def pair(sandbox: Sandbox, number: int) -> PairWorld:
    """A pair of accounts of their own, opened if they aren't there."""
    ids = (f"7000{number:04d}0001", f"7000{number:04d}0002")
    sandbox.add_accounts(ids)
    return PairWorld(sandbox, Scenario(operator_account_id=ids[0], subject_account_id=ids[1]))
