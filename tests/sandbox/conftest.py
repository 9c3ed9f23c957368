from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.aws_cli import AwsCli
from tests.sandbox.world import World, client_with
from xsfn_helpers.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The run's own sandbox; the root conftest gives it a state folder and ends it."""
    return Sandbox.start()


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World.fresh(sandbox)


@pytest.fixture(params=[client_with, AwsCli], ids=["boto3", "aws-cli"])
def any_world(sandbox: Sandbox, request: pytest.FixtureRequest) -> World:
    """The same set-up, driven by boto3 and by the AWS CLI."""
    make_client: Any = request.param
    return World.fresh(sandbox, make_client)
