"""Finds a Python that is new enough for an engine: this one, one on the PATH, or one that pyenv has installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_NEWEST_MINOR = 20


def python_since(version: tuple[int, int]) -> str | None:
    """The first one found of at least this version."""
    if sys.version_info[:2] >= version:
        return sys.executable
    return next((python for python in _others(version) if _version(python) >= version), None)


def _others(version: tuple[int, int]) -> Iterator[str]:
    for minor in range(version[1], _NEWEST_MINOR):
        if python := shutil.which(f"python3.{minor}"):
            yield python
    if pyenv := shutil.which("pyenv"):
        root = Path(subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True).stdout.strip())
        yield from map(str, sorted(root.glob("versions/3.*/bin/python")))


def _version(python: str) -> tuple[int, ...]:
    """What it says of itself; nothing if it doesn't run, as pyenv's stand-in for a version that isn't chosen."""
    told = subprocess.run(
        [python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"], capture_output=True, text=True
    )
    return tuple(map(int, told.stdout.split())) if told.returncode == 0 else ()
