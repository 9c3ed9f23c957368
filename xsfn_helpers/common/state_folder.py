"""The folder in which things stay between sessions: made, checked and written for its owner only."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from filelock import FileLock, Timeout

from xsfn_helpers.common.errors import SandboxError, XsfnError
from xsfn_helpers.common.language import tr

_VARIABLE: Final = "XSFN_STATE_DIR"
_POLL_SECONDS: Final = 0.01


class StateFolder:
    """What one user keeps between sessions: in `$XSFN_STATE_DIR`, else in the user's state folder.

    The folder and its files are readable by their owner only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def default(cls) -> Self:
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
            if self.path.stat().st_uid != _user():
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

    def keep(self, name: str, content: Any) -> None:
        """Replace a JSON file of the folder in one step: a reader sees the old or the new, never half.

        For its owner alone, and on disk. Raises `SandboxError` where the folder can't be used.
        """
        self.make()
        with self.told():
            path = self.path / name
            partial = path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    json.dump(content, stream, indent=1)
                    stream.flush()
                    os.fsync(stream.fileno())
                partial.replace(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise


def _user() -> int:
    """Whose the process's new files are; a browser tab has but one user, and knows no other id of theirs."""
    return os.geteuid() if hasattr(os, "geteuid") else os.getuid()


def _is_own(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:  # a temporary file of a sandbox at work
        return True
    return found.st_uid == _user() and not stat.S_ISLNK(found.st_mode)
