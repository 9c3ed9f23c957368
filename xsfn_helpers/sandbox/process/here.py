"""The kind of sandbox that can be had here, and the way that leads out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsfn_helpers.common import browser
from xsfn_helpers.sandbox.process.server import Sandbox

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.prepared import Transport


def within_the_program() -> bool:
    """Whether the sandbox is a part of the program that asks it: in a browser tab, which has no other process."""
    return browser.in_browser()


def sandbox_here() -> type[Sandbox]:
    """A process of its own, shared by all notebooks; in a browser tab, the program's own."""
    if within_the_program():
        # Loads the services that are behind the gateway, which take a second: elsewhere another process does.
        from xsfn_helpers.sandbox.process.in_process import InProcessSandbox

        return InProcessSandbox
    return Sandbox


def way_to_aws() -> Transport | None:
    """What carries the requests of AWS profiles: None, the network; in a tab, to its sandbox alone."""
    if within_the_program():
        from xsfn_helpers.sandbox.process.in_process import InProcessSandbox

        return InProcessSandbox.only_way
    return None
