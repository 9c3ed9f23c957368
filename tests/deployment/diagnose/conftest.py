from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """The run's own sandbox; the root conftest gives it a state folder and ends it."""
    return Sandbox.start()


@pytest.fixture(scope="module")
def clients() -> dict[tuple[Side, str], Any]:
    """Both administrators' clients, made once: that takes longer than most of these tests."""
    return {}


@pytest.fixture
def world(sandbox: Sandbox, clients: dict[tuple[Side, str], Any]) -> World:
    fresh = World.fresh(sandbox, pinned=True)
    fresh.clients = clients
    return fresh
