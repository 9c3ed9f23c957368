"""What JupyterLite's kernel asks for packages with. Everything is here already, so it installs nothing, and says so."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from micropip import package_index

__all__ = ["install", "package_index"]


async def install(requirements: str | list[str], keep_going: bool = False, **_: Any) -> None:
    """Nothing for what is here. Raises `ValueError` for anything else, unless told to keep going."""
    wanted = [requirements] if isinstance(requirements, str) else requirements
    missing = [name for name in wanted if find_spec(name.partition("==")[0].replace("-", "_")) is None]
    if missing and not keep_going:
        raise ValueError(
            f"Nothing is fetched here, so {', '.join(missing)} can't be installed: the page works offline."
        )
