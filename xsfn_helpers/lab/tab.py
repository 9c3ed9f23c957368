"""What somebody in a browser tab has no terminal for: `from xsfn_helpers import tab`, `tab.reset()`, `tab.download()`.

On a machine they do the same as there.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.common.browser.storage import kept_folder
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.sandbox.process.here import sandbox_here

_FILE: Final = "xsfn-work.zip"
_PASSING: Final = (".lock", ".log")


@dataclass(frozen=True, slots=True)
class Download:
    """A file for the reader: in a notebook, a link that saves it."""

    name: str
    files: int
    content: bytes = field(repr=False)

    def __str__(self) -> str:
        return tr("{name}: {count} files, {size} kB", name=self.name, count=self.files, size=len(self.content) // 1000)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        from xsfn_helpers.display.markup import download_html

        link = download_html(tr("Save {name}", name=self.name), self.name, "application/zip", self.content)
        return {"text/plain": str(self), "text/html": link}


def reset() -> str:
    """Empty both accounts, and all further ones: roles, state machines and executions go, the access keys stay."""
    if sandbox_here().reset_last() is None:
        return tr("There is nothing to empty: no accounts have been opened here yet.")
    return tr("The accounts are empty.")


def download() -> Download:
    """What you built and wrote, as one file: the accounts' folder, and the notebooks beside this one.

    Unzipped, `accounts` is a folder for `XSFN_STATE_DIR` on a computer with Python: everything stands there as here.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for path, name in _work():
            written.write(path, name)
    return Download(_FILE, len(written.namelist()), packed.getvalue())


def _work() -> Iterator[tuple[Path, str]]:
    folder = StateFolder.default().path
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in _PASSING:
            yield path, f"accounts/{path.relative_to(folder).as_posix()}"
    for path in sorted(Path.cwd().glob("*.ipynb")):
        yield path, f"notebooks/{path.name}"


def place_told() -> tuple[str, ...]:
    """Where the lab is, to somebody in a browser tab, and whether that is kept; nothing on a machine."""
    if not in_browser():
        return ()
    if notice := kept_folder(StateFolder.default().path).notice:
        return (notice,)
    return (tr("In a browser tab: the accounts are in this notebook's kernel, and this browser keeps them."),)
