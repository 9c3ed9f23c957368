"""One invocation of a Lambda function in this very process, where there is no other: in a browser tab.

What its handler gets and gives is the same. Of the limits, the payload's size is kept, and its time is told afterwards:
nothing here can be interrupted while it computes. It isn't isolated: the code runs as a notebook's own cells do.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xsfn_helpers.sandbox.services.function_child import invoke


def answer_here(spec: dict[str, Any], environment: Mapping[str, str]) -> tuple[dict[str, Any], str, bool]:
    """The handler's answer, what it printed, and whether it took longer than it may."""
    said = io.StringIO()
    began = time.monotonic()
    with (
        _surroundings(spec["archive"], environment),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        answer = invoke(spec)
    return answer, said.getvalue(), time.monotonic() - began > spec["timeout_seconds"]


@contextlib.contextmanager
def _surroundings(archive: str, environment: Mapping[str, str]) -> Iterator[None]:
    """The function's own modules and environment; afterwards nothing of them is left."""
    known, before = set(sys.modules), dict(os.environ)
    sys.path.insert(0, archive)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.path.remove(archive)
        for name in set(sys.modules) - known:
            if Path(archive) in Path(str(getattr(sys.modules[name], "__file__", ""))).parents:
                del sys.modules[name]
