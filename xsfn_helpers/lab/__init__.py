"""What people hold: the notebook's `Lab`, the classroom's server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from xsfn_helpers.lab.lab import Lab
    from xsfn_helpers.lab.opening import open_lab

__all__ = [
    "Lab",
    "open_lab",
]

# Loaded when first used: whoever joins a classroom needs no lab yet.
_HOMES: Final = {
    "Lab": "xsfn_helpers.lab.lab",
    "open_lab": "xsfn_helpers.lab.opening",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
