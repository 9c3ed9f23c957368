"""The room's sandbox, and each participant's lab on it, as the room itself works on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.deployment.adopted import Adopted
from xsfn_helpers.deployment.deployment import Deployment
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.lab.classroom.people import LAB_ID, SCENARIO_NAMES, Participant, checked_names
from xsfn_helpers.lab.lab import Lab
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxAccount

DEFAULT_LAB: str = "xsfn"


@dataclass(frozen=True, slots=True)
class Pair:
    """One participant's two accounts of the room's sandbox, in place of the sandbox's own two."""

    sandbox: Sandbox
    accounts: Mapping[str, SandboxAccount]
    further: Mapping[str, SandboxAccount]

    @property
    def endpoint_url(self) -> str:
        return self.sandbox.endpoint_url

    @property
    def region(self) -> str:
        return self.sandbox.region

    @property
    def propagation_seconds(self) -> float:
        return self.sandbox.propagation_seconds

    def delay_propagation(self, seconds: float) -> None:
        self.sandbox.delay_propagation(seconds, [account.account_id for account in self.accounts.values()])

    def revived(self) -> Pair:
        return Pair(self.sandbox.revived(), self.accounts, self.further)


def pair_of(sandbox: Sandbox, participant: Participant) -> Pair:
    """The participant's accounts, opened if they aren't there."""
    opened = sandbox.add_accounts(participant.account_ids)
    return Pair(
        sandbox,
        {
            Side.OPERATOR: opened[participant.operator_account_id],
            Side.SUBJECT: opened[participant.subject_account_id],
        },
        {account_id: opened[account_id] for account_id in participant.further_account_ids},
    )


def lab_of(sandbox: Sandbox, participant: Participant) -> Lab:
    """The participant's lab, with the names that it goes by in their notebooks.

    Raises `RoomError` for names that no lab has: what is on file may have been told to an older room.
    """
    told = checked_names(participant.progress.names)
    scenario = Scenario(
        operator_account_id=participant.operator_account_id,
        subject_account_id=participant.subject_account_id,
        region=sandbox.region,
        **{name: told[name] for name in SCENARIO_NAMES if name in told},
    )
    accounts = SandboxAccounts(pair_of(sandbox, participant))
    environment = Environment(scenario, accounts, told.get(LAB_ID, DEFAULT_LAB), Adopted())
    return Lab(Deployment(environment, Blueprint.recommended(scenario)))
