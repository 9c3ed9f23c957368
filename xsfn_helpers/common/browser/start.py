"""What a browser tab needs before anything else of the kit: threads, and the files that it kept."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

from xsfn_helpers.common.browser import threads
from xsfn_helpers.common.browser.storage import kept_folder
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr


class NoThreads(XsfnError):
    """This browser can't suspend WebAssembly, so nothing can run while something else waits."""


def begin() -> None:
    """Make this Python one that the kit can run in. Raises `NoThreads` in a browser without JSPI."""
    ffi: Any = import_module("pyodide.ffi")
    if not ffi.can_run_sync():
        raise NoThreads(
            tr("This browser can't suspend WebAssembly (JSPI), which the sandbox's threads need."),
            fix=tr("Open the page in a current Chrome, Edge or Firefox, or in Safari 27 or newer."),
        )
    threads.install(ffi)
    # Each folder is one kernel's, by `storage`; a lock needn't keep others away.
    warnings.filterwarnings("ignore", "only soft file lock is available", UserWarning)
    from xsfn_helpers.common.state_folder import StateFolder

    kept_folder(StateFolder.default().path)  # before anything is read there
    if shell := _shell():
        # Between cells nothing is suspended that a cell left behind.
        shell.events.register("post_run_cell", lambda _result: threads.collect_if_due())


def _shell() -> Any:
    """The notebook's IPython, or None in a program of its own."""
    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive is not None else None
