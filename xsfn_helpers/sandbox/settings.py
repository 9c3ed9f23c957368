"""What can be changed while the sandbox runs: one small file in its state folder, which only its owner can write."""

from __future__ import annotations

import json
import os
from pathlib import Path

from xsfn_helpers.errors import SandboxError
from xsfn_helpers.sandbox.propagation import LONGEST_SECONDS


class Settings:
    """The settings in `file`; a missing or unreadable file means the defaults. Read again whenever it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at = -1
        self._propagation_seconds = 0.0

    @property
    def propagation_seconds(self) -> float:
        """How long a change in IAM takes to count for decisions; 0, the default, is at once."""
        try:
            changed = self._file.stat().st_mtime_ns
        except OSError:
            return 0.0
        if changed != self._read_at:
            self._propagation_seconds = self._stored()
            self._read_at = changed
        return self._propagation_seconds

    @propagation_seconds.setter
    def propagation_seconds(self, seconds: float) -> None:
        """Raises `SandboxError` for less than 0 or more than two minutes."""
        if not 0 <= seconds <= LONGEST_SECONDS:
            raise SandboxError(
                f"{seconds} is not a propagation delay.",
                where="propagation seconds",
                fix=f"Choose 0 (off) to {LONGEST_SECONDS:.0f}.",
            )
        partial = self._file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"propagation_seconds": float(seconds)}, stream)
        partial.replace(self._file)

    def _stored(self) -> float:
        try:
            seconds = float(json.loads(self._file.read_text(encoding="utf-8"))["propagation_seconds"])
        except (OSError, ValueError, TypeError, KeyError):
            return 0.0
        return min(max(seconds, 0.0), LONGEST_SECONDS)
