"""Names that JupyterLite's `piplite` imports; nothing calls them."""

from __future__ import annotations

from typing import Any


class CompatibilityLayer:
    """How an index would be asked."""


class ProjectInfo:
    """What an index would say of a package."""


async def query_package(name: str, **_: Any) -> None:
    """No index is asked."""
    raise ValueError(f"No index is asked for {name}: the page works offline.")
