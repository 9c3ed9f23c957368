"""What is kept on disk about a running sandbox: where it listens, and the two administrators' keys.

The folder and its files are readable by their owner only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.errors import SandboxError
from xsfn_helpers.scenario import Side

LOOPBACK: Final = "127.0.0.1"
HEALTH_PATH: Final = "/xsfn/health"
_VARIABLE: Final = "XSFN_STATE_DIR"


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """One account of the sandbox and its administrator's access key."""

    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox process: its address, and an `instance` id that its health page repeats.

    `notice` tells the user what was found wrong at start and how it was helped; empty as a rule.
    """

    port: int
    region: str
    pid: int
    instance: str
    accounts: Mapping[Side, SandboxAccount]
    notice: str = ""

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


class StateFolder:
    """The folder of one sandbox: `$XSFN_STATE_DIR`, else the user's state folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def default(cls) -> StateFolder:
        if chosen := os.environ.get(_VARIABLE):
            return cls(Path(chosen))
        base = os.environ.get("XDG_STATE_HOME")
        return cls((Path(base) if base else Path.home() / ".local" / "state") / "xsfn")

    def make(self) -> None:
        """Create the folder, for its owner only. Raises `SandboxError` where that can't be done."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise SandboxError(
                f"The folder for the sandbox's state can't be used: {error.strerror or error}.",
                where=str(self.path),
                fix=f"Make it writable, or name another one in {_VARIABLE}.",
            ) from error

    @property
    def lock(self) -> Path:
        """Held by the sandbox process for as long as it lives."""
        return self.path / "running.lock"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts or stops the sandbox, so that two starts at once give one sandbox."""
        return self.path / "start.lock"

    @property
    def log(self) -> Path:
        return self.path / "sandbox.log"

    @property
    def journal(self) -> Path:
        """The SQLite database with everything the sandbox has accepted."""
        return self.path / "journal.db"

    @property
    def settings(self) -> Path:
        """What can be changed while the sandbox runs."""
        return self.path / "settings.json"

    @property
    def file(self) -> Path:
        return self.path / "sandbox.json"

    def forget_accounts(self) -> None:
        """Remove the journal, while no sandbox runs: the next one starts with empty accounts."""
        for path in self.path.glob(f"{self.journal.name}*"):
            if "unreadable" not in path.name:
                path.unlink()

    def read(self) -> Running | None:
        """What the last sandbox wrote here, whether it still runs or not; None where there is nothing readable."""
        try:
            stored: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
            return Running(
                port=stored["port"],
                region=stored["region"],
                pid=stored["pid"],
                instance=stored["instance"],
                accounts={Side(side): SandboxAccount(**account) for side, account in stored["accounts"].items()},
                notice=stored["notice"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, running: Running) -> None:
        """Replace what is stored, in one step: a reader sees the old or the new, never half."""
        stored = {
            "port": running.port,
            "region": running.region,
            "pid": running.pid,
            "instance": running.instance,
            "notice": running.notice,
            "accounts": {
                side.value: {
                    "account_id": account.account_id,
                    "access_key_id": account.access_key_id,
                    "secret_access_key": account.secret_access_key,
                }
                for side, account in running.accounts.items()
            },
        }
        partial = self.file.with_suffix(f".{running.instance}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(stored, stream)
        partial.replace(self.file)
