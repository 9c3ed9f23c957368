"""Shows a live display where a notebook is, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.display.live.run import LiveRun


def follow_live(run: Run, *, timeout: float) -> Run:
    """Follow `run` to its end, shown while it goes on where a notebook is. Raises what `LiveRun.follow` raises."""
    if not in_notebook():
        return run.wait(timeout=timeout)
    from IPython.display import display

    live = LiveRun(run)
    show: Callable[..., object] = display
    show(live)
    return live.follow(timeout=timeout)


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    shell: Any = get_ipython()
    return getattr(shell, "kernel", None) is not None
