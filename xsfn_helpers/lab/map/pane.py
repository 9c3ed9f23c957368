"""What the map's pane is made of, for a page that has no kernel to ask: its code and style, and the reader's words."""

from __future__ import annotations

from typing import Any

from xsfn_helpers.common.language import tr
from xsfn_helpers.lab.map.looking import START, stopped


def pane_parts() -> dict[str, Any]:
    """The live diagram's code and style, all words in the reader's language, and what is shown at first."""
    from xsfn_helpers.display.live.frontend import ChainFrontend

    return {**ChainFrontend.parts(), "words": _words(), "start": START, "stopped": stopped().to_json()}


def _words() -> dict[str, str]:
    return {
        "title": tr("Map"),
        "text": tr("The map in words"),
        "restarted": tr("This notebook's kernel has restarted"),
        "again": tr("The accounts are as you left them. Start the lab again:"),
    }
