"""What is kept on disk about a running sandbox: where it listens, and the two administrators' keys.

The folder and its files are readable by their owner only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.state_folder import StateFolder

LOOPBACK: Final = "127.0.0.1"
# Of a sandbox in the program itself. Only a name in the signed request: nothing is resolved and no socket is opened.
WITHIN: Final = "sandbox.internal"
HEALTH_PATH: Final = "/xsfn/health"


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """One account of the sandbox and its administrator's access key."""

    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def to_json(self) -> dict[str, str]:
        return {
            "account_id": self.account_id,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
        }


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox process: its address, and a secret that only it and its owner know.

    `accounts` are the two, by the names that whoever starts the sandbox has for them (`operator`, `subject`).
    `further` are accounts besides the two, for one Operator with several Subjects or a room full of people. `address`
    is listened on besides loopback; empty as a rule. `notice` tells the user what was
    found wrong at start and how it was helped; empty as a rule.
    """

    port: int
    region: str
    pid: int
    instance: str = field(repr=False)
    accounts: Mapping[str, SandboxAccount]
    notice: str = ""
    further: tuple[SandboxAccount, ...] = ()
    address: str = ""

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def proof(self, challenge: str) -> str:
        """What the health page answers to `challenge`: whoever else got hold of the port can't."""
        return hmac.new(self.instance.encode(), challenge.encode(), hashlib.sha256).hexdigest()


class SandboxFolder(StateFolder):
    """The folder of one sandbox, with the files that it keeps there."""

    @property
    def room_lock(self) -> Path:
        """Held for as long as a room is open on this folder's sandbox."""
        return self.path / "room.lock"

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

    @property
    def process_file(self) -> Path:
        """Which process holds the folder, as that process notes itself; `file` may be lost meanwhile."""
        return self.path / "process.json"

    def note_process(self) -> None:
        """Note that this process holds the folder. Raises `SandboxError` where the folder can't be used."""
        self.keep(self.process_file.name, {"pid": os.getpid(), "begun": _begun(os.getpid())})

    def holder(self) -> int | None:
        """The process that holds the folder, whether it answers or not; None where none does, or none is known.

        A process id may be another's by now, but not with the same time of its beginning.
        """
        if not self.is_held():
            return None
        try:
            noted = json.loads(self.process_file.read_text(encoding="utf-8"))
            pid, begun = int(noted["pid"]), str(noted["begun"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if begun and _begun(pid) == begun else None

    def forget_accounts(self) -> None:
        """Remove the journal, while no sandbox runs: the next one starts with empty accounts."""
        # The database first: without it SQLite takes nothing from the other two, should we be ended in between.
        for suffix in ("", "-wal", "-shm"):
            self.journal.with_name(self.journal.name + suffix).unlink(missing_ok=True)

    def read(self) -> Running | None:
        """What the last sandbox wrote here, whether it still runs or not; None where there is nothing readable."""
        try:
            stored: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
            return Running(
                port=stored["port"],
                region=stored["region"],
                pid=stored["pid"],
                instance=stored["instance"],
                accounts={side: SandboxAccount(**account) for side, account in stored["accounts"].items()},
                notice=stored["notice"],
                further=tuple(SandboxAccount(**account) for account in stored.get("further", ())),
                address=stored.get("address", ""),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, running: Running) -> None:
        """Replace what is stored of the running sandbox. Raises `SandboxError` where the folder can't be used."""
        stored = {
            "port": running.port,
            "region": running.region,
            "pid": running.pid,
            "instance": running.instance,
            "notice": running.notice,
            "accounts": {side: account.to_json() for side, account in running.accounts.items()},
            "further": [account.to_json() for account in running.further],
            "address": running.address,
        }
        self.keep(self.file.name, stored)


def _begun(pid: int) -> str:
    """When a process began, as the system tells it; empty where there is none."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return told.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    command = ["ps", "-o", "lstart=", "-p", str(pid)]  # where there is no /proc: macOS
    try:
        return subprocess.run(  # noqa: S603 - a number is all that is added
            command, capture_output=True, text=True, check=False, env={"PATH": os.defpath, "LC_ALL": "C"}
        ).stdout.strip()
    except OSError:
        return ""
