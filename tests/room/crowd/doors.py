"""How a participant gets in: with the keys of a pair of accounts."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config

from xsfn_helpers.accounts import SandboxAccounts
from xsfn_helpers.blueprint import Blueprint
from xsfn_helpers.ground import Ground
from xsfn_helpers.lab import Lab
from xsfn_helpers.sandbox.server import Sandbox
from xsfn_helpers.sandbox.state import Running, SandboxAccount, StateFolder
from xsfn_helpers.scenario import Scenario, Side

_PATIENT: Final = Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 10})


class PairAccounts(SandboxAccounts):
    """A pair of accounts of a sandbox that somebody else looks after."""

    def session(self, side: Side) -> boto3.Session:
        return super().session(side)

    def client(self, side: Side, service: str) -> Any:
        key = (self._accounts[side].account_id, service)
        if key not in self._clients:
            self._clients[key] = self.session(side).client(service, config=_PATIENT)
        return self._clients[key]

    def _revive(self, **_: Any) -> None:
        return None


def open_lab_in(door: dict[str, Any], number: int) -> Lab:
    """The lab of participant `number` in the room."""
    pair = tuple(SandboxAccount(*keys) for keys in door["pairs"][number])
    running = Running(door["port"], door["region"], 0, "", dict(zip(Side, pair, strict=True)))
    accounts = PairAccounts(Sandbox(running, StateFolder.default()))
    scenario = Scenario(
        operator_account_id=pair[0].account_id, subject_account_id=pair[1].account_id, region=door["region"]
    )
    return Lab(Ground(scenario, accounts, f"participant-{number}"), Blueprint.recommended(scenario))
