"""How often AWS is asked: a diagnosis of the article's set-up takes a dozen calls at most."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deployment.diagnose.sessions import Session, administrator
from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.diagnose.reading.live import doors_of_sessions, read_live

pytestmark = pytest.mark.usefixtures("no_http")

MOST = 12


def _counted(session: Session, calls: list[str]) -> Session:
    def note(model: Any, params: Any, **_: Any) -> None:
        # A list's further pages come of how full an account is, and other tests fill these.
        if any(name in str(params["body"]) for name in ("nextToken", "Marker")):
            return
        calls.append(f"{model.service_model.service_name}:{model.name}")

    session.events.register("before-call", note)
    return session


def _asked(world: World, arn: str) -> list[str]:
    calls: list[str] = []
    sessions = [_counted(administrator(world, side), calls) for side in Side]
    # The sandbox has no organizations; what they are asked is counted by the one answer that says so.
    read_live(arn, doors_of_sessions(sessions, arn.split(":")[3]))
    return calls


def test_a_state_machine_takes_a_dozen_calls_at_most(world: World) -> None:
    world.build()

    calls = _asked(world, world.scenario.operator_machine_arn)

    assert len(calls) <= MOST, " ".join(calls)
