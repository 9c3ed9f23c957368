"""A pytest plugin: the sandbox's own tests, run against another engine. `pytest -p benchmarks.emulators.as_sandbox …`

The environment variable that `VARIABLE` names holds where the engine is, as `Running.to_json` tells it.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pytest

from benchmarks.emulators.engine import Running, client_of_account
from tests.sandbox.world import World
from xsfn_helpers.sandbox.process.server import Sandbox

VARIABLE: Final = "BENCH_ENGINE"  # what begins with XSFN_ is kept from the tests


def pytest_configure(config: pytest.Config) -> None:
    running = Running.from_json(os.environ[VARIABLE])

    def client_with(self: World, service: str, key_id: str, secret: str, token: str | None = None) -> Any:
        return client_of_account(self.sandbox, service, key_id, secret, token)

    Sandbox.start = classmethod(lambda cls, *_args, **_options: running)  # type: ignore[method-assign,assignment]
    World.client_with = client_with  # type: ignore[method-assign]
