"""The sandbox as a part of the test process, as a browser tab has it: for tests that aren't about HTTP or processes.

boto3 signs as ever, and gateway, IAM, journal and services are the same code; a call takes half the processor time,
and a new client none for its connection. There is one for each test process, beside the one with a process of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.isolation import STATE_FOLDER
from xsfn_helpers.sandbox.process import here
from xsfn_helpers.sandbox.process.server import Sandbox


@contextmanager
def within() -> Iterator[None]:
    """For the while, labs that this process opens are on that sandbox. Programs that it starts don't see it."""
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setenv("XSFN_STATE_DIR", _beside("within"))
        meanwhile.setattr(here, "within_the_program", lambda: True)
        yield
        if sandbox := here.sandbox_here().find():
            empty(sandbox)


def empty(sandbox: Sandbox) -> None:
    """Take everything out of the accounts, in two milliseconds: what lists all that is there takes longer for more."""
    sandbox.empty_accounts([*(one.account_id for one in sandbox.accounts.values()), *sandbox.further])


@contextmanager
def outside() -> Iterator[None]:
    """For the while, labs are on the sandbox with a process of its own again."""
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setenv("XSFN_STATE_DIR", _beside(STATE_FOLDER))
        meanwhile.setattr(here, "within_the_program", lambda: False)
        yield


def _beside(name: str) -> str:
    """A state folder of this process's tests."""
    return str(Path(os.environ["XSFN_STATE_DIR"]).with_name(name))
