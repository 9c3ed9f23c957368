from __future__ import annotations

import pytest

from tests.sandbox.world import World
from xsfn_helpers.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The run's own sandbox; the root conftest gives it a state folder and ends it."""
    return Sandbox.start()


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World.fresh(sandbox)
