from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.world import World
from tests.support.within import empty
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.here import sandbox_here
from xsfn_helpers.sandbox.process.server import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    """The one of this test process that its file, or the test, asks for."""
    return sandbox_here().start()


@pytest.fixture(scope="module")
def clients() -> defaultdict[str, dict[tuple[Side, str], Any]]:
    """Both administrators' clients of each sandbox, made once: that takes longer than most of these tests."""
    return defaultdict(dict)


@pytest.fixture
def world(sandbox: Sandbox, clients: defaultdict[str, dict[tuple[Side, str], Any]]) -> Iterator[World]:
    """In accounts with nothing else in them: a diagnosis reads every role there is."""
    fresh = World.fresh(sandbox, pinned=True)
    fresh.clients = clients[sandbox.endpoint_url]
    yield fresh
    if sandbox.transport is not None:
        empty(sandbox)
