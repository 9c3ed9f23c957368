"""The map of both accounts beside the notebooks: a part of JupyterLab's server, which `xsfn lab` switches on.

The server reads the accounts itself. So the map is the same for all notebooks, shows what any program changes, and
doesn't end with a kernel. JupyterLab has all it takes; the pane is `cli/jupyter/labextensions/xsfn-map`.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """What Jupyter's server asks a module for that extends it."""
    return [{"module": "xsfn_helpers.lab.map"}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by Jupyter's server when it starts."""
    from xsfn_helpers.lab.map.handlers import add_handlers

    add_handlers(server)
