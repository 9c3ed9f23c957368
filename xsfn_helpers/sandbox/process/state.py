"""What is kept on disk about a running sandbox: where it listens, and the two administrators' keys.

The folder and its files are readable by their owner only.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError, XsfnError
from xsfn_helpers.common.language import tr

LOOPBACK: Final = "127.0.0.1"
HEALTH_PATH: Final = "/xsfn/health"
_VARIABLE: Final = "XSFN_STATE_DIR"
_POLL_SECONDS: Final = 0.01


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

    `further` are accounts besides the two, for one Operator with several Subjects or a room full of people. `address`
    is listened on besides loopback; empty as a rule. `notice` tells the user what was
    found wrong at start and how it was helped; empty as a rule.
    """

    port: int
    region: str
    pid: int
    instance: str = field(repr=False)
    accounts: Mapping[Side, SandboxAccount]
    notice: str = ""
    further: tuple[SandboxAccount, ...] = ()
    address: str = ""

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def proof(self, challenge: str) -> str:
        """What the health page answers to `challenge`: whoever else got hold of the port can't."""
        return hmac.new(self.instance.encode(), challenge.encode(), hashlib.sha256).hexdigest()


class StateFolder:
    """The folder of one sandbox: `$XSFN_STATE_DIR`, else the user's state folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def default(cls) -> StateFolder:
        if chosen := os.environ.get(_VARIABLE):
            return cls(Path(chosen).expanduser().absolute())
        base = os.environ.get("XDG_STATE_HOME")
        return cls((Path(base) if base else Path.home() / ".local" / "state") / "xsfn")

    def make(self) -> None:
        """Create the folder, for its owner only.

        Raises `SandboxError` where that can't be done, or the folder or something in it is somebody else's.
        """
        with self.told():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.check()
            if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                self._close_to_others()

    def check(self) -> None:
        """Raise `SandboxError` where the folder, or a file in it, could be used by somebody else to lead us astray."""
        with self.told():
            if not self.path.exists():
                return
            if self.path.stat().st_uid != os.geteuid():
                raise SandboxError(
                    tr("The folder for the sandbox's state belongs to another user."),
                    where=str(self.path),
                    fix=tr("Name one of your own in {variable}.", variable=_VARIABLE),
                )
            for path in self.path.iterdir():
                if not _is_own(path):
                    raise SandboxError(
                        tr("This was put into the folder for the sandbox's state by somebody else, or is a link."),
                        where=str(path),
                        fix=tr("Remove it, or name another folder in {variable}.", variable=_VARIABLE),
                    )

    def _close_to_others(self) -> None:
        """Only a folder that holds nothing but the sandbox's state: another's permissions aren't ours to change."""
        if any(self.path.iterdir()) and not self.lock.exists():
            raise SandboxError(
                tr("The folder for the sandbox's state can be read by other users and has other things in it."),
                where=str(self.path),
                fix=tr("Name a folder of its own in {variable}.", variable=_VARIABLE),
            )
        self.path.chmod(0o700)

    @contextmanager
    def holding(self, lock: Path, *, seconds: float, otherwise: XsfnError) -> Iterator[None]:
        """Hold `lock` for the while. Raises `otherwise` where somebody else still holds it after so many seconds."""
        held = FileLock(lock, timeout=seconds, poll_interval=_POLL_SECONDS, mode=0o600)
        with self.told():
            try:
                held.acquire()
            except Timeout:
                raise otherwise from None
        try:
            yield
        finally:
            held.release()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what the system says about the folder into a `SandboxError` that says what to do."""
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise SandboxError(
                tr("The folder for the sandbox's state can't be used: {reason}.", reason=error.strerror or error),
                where=str(error.filename or self.path),
                fix=tr("Free some disk space.")
                if full
                else tr("Make it writable, or name another one in {variable}.", variable=_VARIABLE),
            ) from error

    @property
    def lock(self) -> Path:
        """Held by the sandbox process for as long as it lives, however it ends."""
        return self.path / "running.lock"

    @property
    def room_lock(self) -> Path:
        """Held for as long as a room is open on this folder's sandbox."""
        return self.path / "room.lock"

    def is_held(self, lock: Path | None = None) -> bool:
        """Whether a sandbox process lives on this folder. Its id and port could be another's by now; this can't.

        Likewise for another of the folder's locks.
        """
        try:
            descriptor = os.open(lock or self.lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

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

    def keep(self, name: str, content: Any) -> None:
        """Replace a JSON file of the folder in one step: a reader sees the old or the new, never half.

        For its owner alone, and on disk. Raises `SandboxError` where the folder can't be used.
        """
        self.make()
        with self.told():
            path = self.path / name
            partial = path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(content, stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)

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
                accounts={Side(side): SandboxAccount(**account) for side, account in stored["accounts"].items()},
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
            "accounts": {side.value: account.to_json() for side, account in running.accounts.items()},
            "further": [account.to_json() for account in running.further],
            "address": running.address,
        }
        self.keep(self.file.name, stored)


def _is_own(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:  # a temporary file of a sandbox at work
        return True
    return found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode)
