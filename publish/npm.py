"""Packages of JavaScript, fetched once from npm as a lock file names them, so that what is made needs no network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from publish.places import ROOT

_INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


class NoPackages(Exception):
    """What a lock file names can't be had here."""


def packages(lock_folder: Path, name: str) -> Path:
    """The `node_modules` of the lock in this folder, kept in `scratch/NAME`. Raises `NoPackages`."""
    scratch = ROOT / "scratch" / name
    lock, fetched = (lock_folder / "package-lock.json").read_text(encoding="utf-8"), scratch / "fetched.json"
    if not fetched.exists() or fetched.read_text(encoding="utf-8") != lock:
        npm = shutil.which("npm")
        if npm is None:
            raise NoPackages("npm fetches it, and isn't installed: install Node.js, then make it again.")
        scratch.mkdir(parents=True, exist_ok=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(lock_folder / file, scratch)
        try:
            subprocess.run([npm, *_INSTALL], cwd=scratch, stdin=subprocess.DEVNULL, check=True, timeout=180)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise NoPackages(f"npm couldn't fetch it: {error}") from error
        fetched.write_text(lock, encoding="utf-8")
    return scratch / "node_modules"
