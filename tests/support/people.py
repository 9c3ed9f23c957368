"""People in one sandbox, each with a lab on two further accounts of their own, as in a room."""

from __future__ import annotations

from xsfn_helpers.aws.room_client import RoomAddress
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.aws.seat import Seat
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.deployment.deployment import Deployment
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.lab.lab import Lab
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import LOOPBACK


def ids_of(number: int) -> tuple[str, str]:
    """The accounts of person `number`."""
    return f"8000{number:04d}0001", f"8000{number:04d}0002"


def lab_of(sandbox: Sandbox, number: int) -> Lab:
    """The lab of person `number`, whose accounts the sandbox has."""
    operator, subject = ids_of(number)
    seat = Seat(
        room=RoomAddress(LOOPBACK, 0),
        number=number,
        name=f"Person {number}",
        port=int(sandbox.endpoint_url.rpartition(":")[2]),
        region=sandbox.region,
        accounts={Side.OPERATOR: sandbox.further[operator], Side.SUBJECT: sandbox.further[subject]},
    )
    scenario = Scenario(operator_account_id=operator, subject_account_id=subject, region=sandbox.region)
    environment = Environment(scenario, SandboxAccounts(seat), f"person-{number}")
    return Lab(Deployment(environment, Blueprint.recommended(scenario)))
