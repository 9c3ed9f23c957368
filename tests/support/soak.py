"""Tests that soak: the same assertions over a few cases in `make test`, and over very many in `make soak`."""

from __future__ import annotations

import os
from typing import Final

# The environment variable that `make soak` sets. The kit denies variables of this beginning that it doesn't know,
# so the tests' processes pass it on to each other under another name.
_ASKED: Final = "XSFN_SOAK"
_PASSED_ON: Final = "TESTS_SOAK"
SOAKING: Final = "1" in (os.environ.get(_ASKED), os.environ.get(_PASSED_ON))


def pass_on() -> None:
    """Let the processes that this one starts soak as well, if this one does."""
    if SOAKING:
        os.environ[_PASSED_ON] = "1"


def soaked(*, short: int, long: int) -> int:
    """How many: `long` in `make soak`, `short` in `make test`."""
    return long if SOAKING else short
