from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.aws_cli import AwsCli
from tests.sandbox.facts import FACT, FACTS
from tests.sandbox.recordings import Recordings
from tests.sandbox.world import World, client_with
from tests.support.soak import SOAKING
from xsfn_helpers.sandbox.process.here import sandbox_here
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """The run's own sandbox, or in files without HTTP the one in this process."""
    return sandbox_here().start()


@pytest.fixture
def served(over_http: None) -> Sandbox:
    """The run's own sandbox, in files without HTTP, too."""
    return Sandbox.start()


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxFolder]:
    """A state folder of the test's own; what runs on it at the end is stopped."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    yield SandboxFolder(tmp_path / "state")
    if sandbox := Sandbox.find():
        sandbox.stop()


@pytest.fixture
def mortal(own_folder: SandboxFolder) -> Sandbox:
    """A sandbox of the test's own, to be killed and damaged."""
    return Sandbox.start()


@pytest.fixture
def besieged(mortal: Sandbox) -> Iterator[Sandbox]:
    """One that is ended whatever it still has under way; to stop it would wait five seconds for that."""
    yield mortal
    os.kill(mortal.pid, signal.SIGKILL)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World.fresh(sandbox)


@pytest.fixture(params=[client_with, AwsCli], ids=["boto3", "aws-cli"])
def any_world(sandbox: Sandbox, request: pytest.FixtureRequest) -> World:
    """The same setup, driven by boto3 and by the AWS CLI."""
    make_client: Any = request.param
    return World.fresh(sandbox, make_client)


@pytest.fixture(scope="module")
def recordings(sandbox: Sandbox) -> Recordings:
    """The executions that the recorded facts are read from."""
    return Recordings(sandbox)


# Which denials `make test` meets by the AWS CLI, too: one told in an execution, one of a direct call, one of creating.
# The CLI sends the same requests and takes a second of processor time a call, so the others are for `make soak`.
_BY_CLI = ("test_n1_", "test_n12_", "test_n15_")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each report say which fact it is about, to whichever process sums them up."""
    if not SOAKING:
        later = [one for one in items if "test_denials.py" in one.nodeid and _is_for_the_soak(one)]
        config.hook.pytest_deselected(items=later)
        items[:] = [one for one in items if one not in later]
    by_test = {fact.test: fact.id for fact in FACTS}
    for item in items:
        if isinstance(item, pytest.Function) and (fact_id := by_test.get(item.originalname)):
            item.user_properties.append((FACT, fact_id))


def _is_for_the_soak(item: pytest.Item) -> bool:
    return "aws-cli" in item.name and not item.name.startswith(_BY_CLI)
