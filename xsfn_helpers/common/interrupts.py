"""What must be carried out although somebody presses Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable


def surely(restore: Callable[[], object]) -> None:
    """Carry out a cleanup that can be repeated, even if Ctrl-C arrives in the middle of it."""
    try:
        restore()
    except KeyboardInterrupt:
        restore()
        raise
