"""Tests may run side by side; one that is timed has the machine to itself."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

# The environment variable with the folder that all processes of a run of the tests share.
SHARED_FOLDER: Final = "TESTS_SHARED_FOLDER"
_LOOK_SECONDS: Final = 0.5
_MOST_PERCENT: Final = 40


@contextmanager
def holding_the_machine(*, alone: bool) -> Iterator[None]:
    """For the while, no test of another process of this run is under way if one of the two is to be `alone`."""
    folder = Path(os.environ[SHARED_FOLDER])
    with (folder / "gate").open("w") as gate, (folder / "machine").open("w") as machine:
        # Whoever waits to be alone stands in the gate meanwhile, so that nobody else comes before it.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def hold_to(seconds: float, *, most: float) -> None:
    """Fail where something took longer on a quiet machine; where other programs keep it busy, skip and say so."""
    if seconds > most:
        skip_unless_quiet()
        pytest.fail(f"it took {seconds:.1f} s, at most {most:g} s are allowed")


def skip_unless_quiet() -> None:
    """Skip the test, and say so, where other programs keep the machine busy: what it would time says nothing then."""
    busy = psutil.cpu_percent(interval=_LOOK_SECONDS)
    if busy > _MOST_PERCENT:
        pytest.skip(f"NOTHING WAS TIMED: other programs keep the machine busy ({busy:.0f}% of its processors)")
