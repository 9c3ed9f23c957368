"""The kind of sandbox that can be had here."""

from __future__ import annotations

from xsfn_helpers.common import browser
from xsfn_helpers.sandbox.process.server import Sandbox


def sandbox_here() -> type[Sandbox]:
    """A process of its own, shared by all notebooks; in a browser tab, which has no others, the program's own."""
    if browser.in_browser():
        # Loads the services that are behind the gateway, which take a second: elsewhere another process does.
        from xsfn_helpers.sandbox.process.in_process import InProcessSandbox

        return InProcessSandbox
    return Sandbox
