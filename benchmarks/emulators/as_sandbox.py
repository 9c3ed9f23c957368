"""A pytest plugin: the tests of the sandbox's refusals, run against another emulator.

`FOREIGN_ENDPOINT` in the environment says where it is. `pytest -p benchmarks.emulators.as_sandbox …`
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from benchmarks.emulators import Foreign
from benchmarks.emulators.clients import foreign_client


def pytest_configure(config: pytest.Config) -> None:
    from tests.sandbox.world import World
    from xsfn_helpers.sandbox.server import Sandbox

    foreign: Any = Foreign(os.environ["FOREIGN_ENDPOINT"], 0, 0.0)
    Sandbox.start = classmethod(lambda cls, *_args, **_options: foreign)  # type: ignore[method-assign,assignment]
    World.client_with = (  # type: ignore[method-assign]
        lambda self, service, key_id, secret, token=None: foreign_client(self.sandbox, service, key_id, secret, token)
    )
