"""How a participant gets in: with the room's address and code, as from a notebook."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.aws.seat import Seat, join_room
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.deployment.deployment import Deployment
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.practice.exercise import Practice
from xsfn_helpers.deployment.practice.score import RoomBook
from xsfn_helpers.lab.lab import Lab

_STATE: Final = "XSFN_STATE_DIR"
# The state folder is the process's: one participant of a process at a time takes a place.
_joining = threading.Lock()


@dataclass(frozen=True, slots=True)
class Door:
    """What the instructor writes on the board."""

    url: str
    code: str


@dataclass(frozen=True, slots=True)
class Inside:
    """A participant in their place: the lab that a notebook would open there, and its faults."""

    seat: Seat
    lab: Lab

    @property
    def practice(self) -> Practice:
        return Practice(self.lab.deployment, RoomBook(self.seat.room))


def enter(door: Door, number: int) -> Inside:
    """Take a place, and open the lab on it."""
    with _joining:
        before = os.environ[_STATE]
        os.environ[_STATE] = str(Path(before, f"participant-{number}"))
        try:
            seat = join_room(door.url, door.code, name=f"Participant {number}")
        finally:
            os.environ[_STATE] = before
    scenario = Scenario(
        operator_account_id=seat.accounts[Side.OPERATOR].account_id,
        subject_account_id=seat.accounts[Side.SUBJECT].account_id,
        region=seat.region,
    )
    environment = Environment(scenario, SandboxAccounts(seat), f"participant-{number}")
    lab = Lab(Deployment(environment, Blueprint.recommended(scenario)))
    return Inside(seat, lab)
