"""A folder that outlives the tab: the browser keeps its files, and the kernel that was started last has them.

A tab's own files are in memory. Each notebook's kernel is a program of its own there, so the one that opens the folder
takes it over from the one before.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Protocol

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr

# What changes without being asked, such as an execution's end, is kept so soon.
_LOOK_SECONDS: Final = 0.5
_OF_THE_PROCESS: Final = (".lock", ".log", ".db-shm")


class Store(Protocol):
    """Where files are kept: the browser's IndexedDB."""

    def read(self) -> Mapping[str, bytes]:
        """What was kept last."""
        ...

    def write(self, changed: Mapping[str, bytes], gone: frozenset[str]) -> None:
        """Keep these and forget those, all of it or nothing; returns when that is done."""
        ...

    def is_ours(self) -> bool:
        """Whether no other kernel has taken it over."""
        ...


class KeptFolder:
    """A folder and the store that keeps it. `notice` says why nothing is kept; empty where all is well."""

    def __init__(self, folder: Path, store: Store | None, notice: str = "") -> None:
        self.notice = notice
        self._folder = folder
        self._store = store
        self._kept: dict[str, bytes] = {}
        self._seen: object = None
        self._lock = threading.Lock()

    def fill(self) -> None:
        """Put what was kept into the folder, which is the reader's alone."""
        if self._store is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._kept = dict(self._store.read())
        for name, content in self._kept.items():
            path = self._folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(content)

    def check(self) -> None:
        """Raise `SandboxError` where another kernel has the folder now: what is done here would be lost."""
        if self._store is not None and not self._store.is_ours():
            raise SandboxError(
                tr("Another notebook has taken over the two accounts; each has a kernel of its own in a browser tab."),
                fix=tr("To go on here, restart this notebook's kernel: everything stands as it does there."),
            )

    def keep(self) -> None:
        """Keep the folder as it is now; returns when the browser has it.

        Where the browser denies it, that is told by `notice`, and the folder stays in memory.
        """
        if self._store is None or not self._store.is_ours():
            return
        with self._lock:
            if (seen := self._look()) == self._seen:
                return
            now = {name: (self._folder / name).read_bytes() for name, *_ in seen}
            changed = {name: content for name, content in now.items() if self._kept.get(name) != content}
            gone = frozenset(self._kept.keys() - now.keys())
            if changed or gone:
                try:
                    self._store.write(changed, gone)
                except Exception as error:  # whatever the browser says: it isn't ours to know
                    self.notice = nothing_kept(error)
                    self._store = None
                    return
            self._kept, self._seen = now, seen

    def keep_by_itself(self) -> None:
        """From now on, look twice a second whether there is something to keep."""
        threading.Thread(target=self._keep_on, name="keeps the state folder", daemon=True).start()

    def _keep_on(self) -> None:
        while self._store is not None and self._store.is_ours():
            time.sleep(_LOOK_SECONDS)
            self.keep()

    def _look(self) -> list[tuple[str, int, int]]:
        """Every file with its size and the time of its last change."""
        found = []
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and path.suffix not in _OF_THE_PROCESS:
                status = path.stat()
                found.append((path.relative_to(self._folder).as_posix(), status.st_size, status.st_mtime_ns))
        return found


@cache
def kept_folder(folder: Path) -> KeptFolder:
    """This folder, with what the browser that this Python runs in has kept of it; elsewhere, as it is on disk."""
    if "pyodide_js" not in sys.modules:
        return KeptFolder(folder, None)
    try:
        kept = KeptFolder(folder, _IndexedDb(folder))
        kept.fill()
    except Exception as error:  # as above
        return KeptFolder(folder, None, nothing_kept(error))
    kept.keep_by_itself()
    return kept


def nothing_kept(error: Exception) -> str:
    """What somebody is told whose browser keeps nothing."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return tr(
        "This browser keeps nothing for the page ({reason}): what you build is gone when the tab is closed or the "
        "kernel restarted. tab.download() hands it to you as a file.",
        reason=reason,
    )


class _IndexedDb:
    """`storage.js`, called from Python, which waits for it."""

    def __init__(self, folder: Path) -> None:
        ffi: Any = import_module("pyodide.ffi")
        code: Any = import_module("pyodide.code")
        self._ffi = ffi
        make = code.run_js(files(__package__).joinpath("storage.js").read_text(encoding="utf-8"))
        self._store = ffi.run_sync(make(f"xsfn {folder}"))

    def read(self) -> Mapping[str, bytes]:
        return {name: content.to_bytes() for name, content in self._ffi.run_sync(self._store.read())}

    def write(self, changed: Mapping[str, bytes], gone: frozenset[str]) -> None:
        told = self._ffi.to_js([[name, content] for name, content in changed.items()])
        self._ffi.run_sync(self._store.write(told, self._ffi.to_js(sorted(gone))))

    def is_ours(self) -> bool:
        return bool(self._store.isOurs())
