"""reveal.js, fetched once from npm, so that slides can be shown without a network."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from publish.npm import NoPackages, packages

_NODE: Final = Path(__file__).parent / "node"
_PARTS: Final = ("dist", "plugin/notes")


class NoReveal(Exception):
    """reveal.js can't be had here."""


def copy_to(folder: Path) -> None:
    """Put what the slides load into `folder`. Raises `NoReveal`."""
    try:
        package = packages(_NODE, "reveal") / "reveal.js"
    except NoPackages as error:
        raise NoReveal(f"The slides need reveal.js. {error}") from error
    for part in _PARTS:
        shutil.copytree(
            package / part, folder / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.map", "*.esm.js")
        )
