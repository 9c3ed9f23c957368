"""reveal.js, fetched once from npm, so that slides can be shown without a network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from publish.places import ROOT

_NODE: Final = Path(__file__).parent / "node"
_SCRATCH: Final = ROOT / "scratch" / "reveal"
_INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
_PARTS: Final = ("dist", "plugin/notes")


class NoReveal(Exception):
    """reveal.js can't be had here."""


def copy_to(folder: Path) -> None:
    """Put what the slides load into `folder`. Raises `NoReveal`."""
    package = _package()
    for part in _PARTS:
        shutil.copytree(
            package / part, folder / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.map", "*.esm.js")
        )


def _package() -> Path:
    package = _SCRATCH / "node_modules" / "reveal.js"
    lock, fetched = (_NODE / "package-lock.json").read_text(encoding="utf-8"), _SCRATCH / "fetched.json"
    if not fetched.exists() or fetched.read_text(encoding="utf-8") != lock:
        npm = shutil.which("npm")
        if npm is None:
            raise NoReveal("npm fetches reveal.js, and isn't installed: install Node.js, then make slides again.")
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_NODE / name, _SCRATCH)
        try:
            subprocess.run([npm, *_INSTALL], cwd=_SCRATCH, stdin=subprocess.DEVNULL, check=True, timeout=180)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise NoReveal(f"npm couldn't fetch reveal.js: {error}") from error
        fetched.write_text(lock, encoding="utf-8")
    return package
