"""Where the kit runs: on a machine, or in a browser tab, which has neither processes nor sockets nor a terminal."""

from __future__ import annotations

import sys


def in_browser() -> bool:
    """Whether this Python is WebAssembly in a browser tab. Whatever differs there asks here, and nowhere else."""
    return sys.platform == "emscripten"
