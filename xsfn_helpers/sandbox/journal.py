"""What the sandbox has accepted, on disk before it is answered: a small SQLite database in the state folder.

SQLite keeps a half-written entry from being read: after a kill, a power cut or a full disk, what was acknowledged is
there and what wasn't is not. Of damage done by others it sees only what breaks its structure, so each row has a
checksum of its own. Histories of finished executions live here only, so memory doesn't grow with them.
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.sandbox.write_ahead_log import is_damaged

_FORMAT: Final = 2
_TABLES: Final = f"""
BEGIN;
CREATE TABLE entries (
    kind TEXT, key TEXT, body TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE executions (
    arn TEXT PRIMARY KEY, machine TEXT NOT NULL, started INTEGER NOT NULL, status TEXT NOT NULL,
    description TEXT NOT NULL, history BLOB NOT NULL, checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX executions_of_machine ON executions (machine, started DESC);
PRAGMA user_version = {_FORMAT};
COMMIT;
"""
_NO_HISTORY: Final = b""
# Entries that hold a machine as executions began with it; the key is its ARN, a space and a digest.
AS_RUN: Final = "machine as run"
History = Sequence[Mapping[str, Any]]


class JournalUnwritable(Exception):
    """An entry couldn't be put on disk, so the request it belongs to isn't accepted."""


class JournalDamaged(Exception):
    """Something in the journal isn't as it was written."""


class NameTaken(Exception):
    """There is an execution of this name already."""


@dataclass(frozen=True, slots=True)
class ArchivedExecution:
    """An execution on disk: DescribeExecution's answer, with times in epoch milliseconds."""

    arn: str
    machine_arn: str
    status: str
    description: Mapping[str, Any]


class Journal:
    """Safe to use from several threads; each write is on disk when its method returns."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> tuple[Journal, str]:
        """The journal at `path`, made if there is none; the text tells of an unreadable one that was set aside.

        Raises `SandboxError` where the file can't be made or written, or a newer version of the kit wrote it.
        """
        try:
            lost = _lost_end(path)
            return cls(_connect(path)), lost
        except JournalDamaged as damage:
            aside = _set_aside(path)
            notice = tr(
                "The sandbox's journal couldn't be read ({damage}) and was set aside as {aside}; "
                "the two accounts start empty.",
                damage=damage,
                aside=aside,
            )
        return cls(_connect(path)), notice

    def close(self) -> None:
        self._database.close()

    def put(self, kind: str, key: str, body: Any) -> None:
        """Write one entry, replacing the one of this kind and key."""
        self.put_all({(kind, key): body})

    def put_all(
        self,
        bodies: Mapping[tuple[str, str], Any],
        *,
        gone_machine: str | None = None,
        emptied_accounts: Iterable[str] = (),
    ) -> None:
        """Write several entries, all of them or none.

        A machine that is gone with this takes its executions along, and accounts that are emptied all that they ran.
        """
        texts = [(kind, key, json.dumps(body)) for (kind, key), body in bodies.items()]
        rows = [(*text, _checksum(*text)) for text in texts]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)
            if gone_machine is not None:
                database.execute("DELETE FROM executions WHERE machine = ?", (gone_machine,))
                database.execute(
                    "DELETE FROM entries WHERE kind = ? AND substr(key, 1, ?) = ?",
                    (AS_RUN, len(gone_machine) + 1, f"{gone_machine} "),
                )

            for account_id in emptied_accounts:
                machines = f"arn:*:states:*:{account_id}:stateMachine:*"
                database.execute("DELETE FROM executions WHERE machine GLOB ?", (machines,))
                database.execute("DELETE FROM entries WHERE kind = ? AND key GLOB ?", (AS_RUN, machines))

    def get(self, kind: str, key: str) -> Any:
        """The entry's body, or None."""
        with self._lock:
            row = self._database.execute("SELECT body FROM entries WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def entries(self, kind: str) -> list[tuple[str, Any]]:
        with self._lock:
            rows = self._database.execute("SELECT key, body FROM entries WHERE kind = ?", (kind,)).fetchall()
        return [(key, json.loads(body)) for key, body in rows]

    def keys(self, kind: str, prefix: str = "") -> list[str]:
        """The keys of this kind that begin so, in order."""
        with self._lock:
            rows = self._database.execute(
                "SELECT key FROM entries WHERE kind = ?1 AND substr(key, 1, ?2) = ?3 ORDER BY key",
                (kind, len(prefix), prefix),
            ).fetchall()
        return [key for (key,) in rows]

    def remove(self, kind: str, keys: Iterable[str]) -> None:
        """Take entries away, all of them or none; one that isn't there is as good as removed."""
        with self._writing() as database:
            database.executemany("DELETE FROM entries WHERE kind = ? AND key = ?", [(kind, key) for key in keys])

    def begin_execution(self, execution: ArchivedExecution, started: int) -> None:
        """Note that an execution runs, before it does. Raises `NameTaken` where the machine had one of this name."""
        description = json.dumps(execution.description)
        row = (execution.arn, execution.machine_arn, started, execution.status, description, _NO_HISTORY)
        with self._writing() as database:
            database.execute("INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, _checksum(*row)))

    def drop_execution(self, arn: str) -> None:
        """An execution that was noted but couldn't be started never was."""
        with self._writing() as database:
            database.execute("DELETE FROM executions WHERE arn = ?", (arn,))

    def end_execution(self, execution: ArchivedExecution, history: History) -> None:
        """Note how an execution ended; its history goes from memory to disk with this."""
        self.end_executions([(execution, history)])

    def end_executions(self, ended: Iterable[tuple[ArchivedExecution, History]]) -> None:
        """Note how several executions ended, all or none."""
        packed = [(execution, _packed(history)) for execution, history in ended]
        with self._writing() as database:
            for execution, history in packed:
                known = database.execute(
                    "SELECT machine, started FROM executions WHERE arn = ?", (execution.arn,)
                ).fetchone()
                if known is not None:  # else its machine was deleted meanwhile
                    description = json.dumps(execution.description)
                    row = (execution.arn, *known, execution.status, description, history)
                    database.execute("REPLACE INTO executions VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, _checksum(*row)))

    def execution(self, arn: str) -> ArchivedExecution | None:
        with self._lock:
            row = self._database.execute(
                "SELECT arn, machine, status, description FROM executions WHERE arn = ?", (arn,)
            ).fetchone()
        return _archived(row) if row else None

    def history(self, arn: str) -> list[dict[str, Any]]:
        """The events of a finished execution, in order; empty for one that isn't finished."""
        with self._lock:
            row = self._database.execute("SELECT history FROM executions WHERE arn = ?", (arn,)).fetchone()
        if row is None or row[0] == _NO_HISTORY:
            return []
        events: list[dict[str, Any]] = []
        for part in _parts(row[0]):
            events += _unpacked(part)
        return events

    def history_page(self, arn: str, start: int, limit: int, *, reverse: bool) -> tuple[list[dict[str, Any]], int]:
        """Some of the events of a finished execution, and how many it has; newest first if `reverse`.

        Of a long history, only the parts that the page is in are read.
        """
        with self._lock:
            head = self._database.execute(
                "SELECT substr(history, 1, ?) FROM executions WHERE arn = ?", (_HEAD.size, arn)
            ).fetchone()
            if head is None or not head[0]:  # SQLite gives nothing for a part of nothing
                return [], 0
            if head[0][: len(_MARK)] == _MARK:
                _, count, parts = _HEAD.unpack(head[0])
                first, last = page_of(count, start, limit, reverse=reverse)
                sizes = self._database.execute(
                    "SELECT substr(history, ?, ?) FROM executions WHERE arn = ?", (_HEAD.size + 1, 4 * parts, arn)
                ).fetchone()[0]
                ends = list(itertools.accumulate(size for (size,) in struct.iter_unpack(">I", sizes)))
                begin, end = first // _PART, -(-last // _PART)
                offset, until = (ends[begin - 1] if begin else 0), (ends[end - 1] if end else 0)
                (body,) = self._database.execute(
                    "SELECT substr(history, ?, ?) FROM executions WHERE arn = ?",
                    (_HEAD.size + 4 * parts + offset + 1, until - offset, arn),
                ).fetchone()
        if head[0][: len(_MARK)] != _MARK:  # as it was written until 0.1, in one piece
            events = self.history(arn)
            count = len(events)
            first, last = page_of(count, start, limit, reverse=reverse)
            found = events[first:last]
        else:
            edges = [ends[number] - offset for number in range(begin, end)]
            events = []
            for number, edge in enumerate(edges):
                events += _unpacked(body[edges[number - 1] if number else 0 : edge])
            found = events[first - begin * _PART : last - begin * _PART]
        return found[::-1] if reverse else found, count

    def executions(
        self, machine_arn: str, *, status: str | None = None, after: tuple[int, str] | None = None, limit: int = 1000
    ) -> list[ArchivedExecution]:
        """Executions of a machine, newest first; those behind the one that began `after` (milliseconds, ARN)."""
        started, arn = after or (1 << 62, "")
        with self._lock:
            rows = self._database.execute(
                "SELECT arn, machine, status, description FROM executions"
                " WHERE machine = ?1 AND (?2 IS NULL OR status = ?2)"
                " AND started <= ?3 AND (started < ?3 OR arn > ?4) ORDER BY started DESC, arn LIMIT ?5",
                (machine_arn, status, started, arn, limit),
            ).fetchall()
        return [_archived(row) for row in rows]

    def running(self) -> list[ArchivedExecution]:
        """Executions that were under way when the journal was last written."""
        with self._lock:
            rows = self._database.execute(
                "SELECT arn, machine, status, description FROM executions WHERE status = 'RUNNING'"
            ).fetchall()
        return [_archived(row) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                with self._database:
                    yield self._database
            except sqlite3.IntegrityError as error:
                raise NameTaken(str(error)) from error
            except sqlite3.DatabaseError as error:
                raise JournalUnwritable(str(error)) from error


def _lost_end(path: Path) -> str:
    """What to tell where the latest changes can't be read. SQLite goes on without them, so they are kept beside it."""
    log = path.with_name(f"{path.name}-wal")
    try:
        written = log.read_bytes()
        if not is_damaged(written):
            return ""
        aside = log.with_name(f"{log.name}.unreadable-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(written)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise unusable(path, error) from error
    return tr(
        "The latest changes in the sandbox's journal can't be read any more and are lost; what they were written to is "
        "kept as {aside}.",
        aside=aside,
    )


def page_of(count: int, start: int, limit: int, *, reverse: bool) -> tuple[int, int]:
    """From where to where a page of so many things reaches, counted from the oldest."""
    start, end = min(start, count), min(start + limit, count)
    return (count - end, count - start) if reverse else (start, end)


# How a history is packed: a mark, how many events and parts, the parts' sizes, and the parts, each of so many events.
_MARK: Final = b"xsf1"
_HEAD: Final = struct.Struct(">4sII")
_PART: Final = 200


def _packed(history: History) -> bytes:
    parts = [
        zlib.compress(json.dumps(history[first : first + _PART]).encode(), level=1)
        for first in range(0, len(history), _PART)
    ]
    sizes = b"".join(struct.pack(">I", len(part)) for part in parts)
    return b"".join((_HEAD.pack(_MARK, len(history), len(parts)), sizes, *parts))


def _parts(packed: bytes) -> Iterator[bytes]:
    if not packed.startswith(_MARK):  # as it was written until 0.1
        yield packed
        return
    _, _, parts = _HEAD.unpack_from(packed)
    offset = _HEAD.size + 4 * parts
    for (size,) in struct.iter_unpack(">I", packed[_HEAD.size : offset]):
        yield packed[offset : offset + size]
        offset += size


def _unpacked(part: bytes) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(zlib.decompress(part))
    return events


def unusable(path: Path, reason: object) -> SandboxError:
    """The journal can be neither read nor set aside as it is."""
    return SandboxError(
        tr("The sandbox's journal can't be used: {reason}.", reason=reason),
        where=str(path),
        fix=tr("See that its disk has room and that the file and its folder can be written, then start again."),
    )


# What the system denies. Every other complaint at the opening is about what is in the file.
_REFUSED: Final = frozenset(
    (
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY),
        *(sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM),
    )
)


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # Read-only first: what turns out to be damaged is kept as it was found.
        is_new = not path.exists() or _reading(path, _check)
        database = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level="IMMEDIATE")
        try:
            # FULL: an answer is given only once the entry has reached the disk, not just the system's memory.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            if in_browser():
                # There a file that changed is kept as a whole, so the log stays short: so many pages.
                database.execute("PRAGMA wal_autocheckpoint = 50")
            if is_new:
                database.executescript(_TABLES)
        except BaseException:
            database.close()
            raise
    except sqlite3.DatabaseError as error:
        # Python's own complaint, of text that isn't UTF-8, has no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        # A broken header can say "read only", too.
        if code in _REFUSED or (code == sqlite3.SQLITE_READONLY and not os.access(path, os.W_OK)):
            raise unusable(path, error) from error
        raise JournalDamaged(str(error)) from error
    return database


def _reading(path: Path, check: Callable[[sqlite3.Connection, Path], bool]) -> bool:
    database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return check(database, path)
    finally:
        database.close()


def _check(database: sqlite3.Connection, path: Path) -> bool:
    """Whether there is nothing in it yet. Raises `JournalDamaged`, or `SandboxError` for a newer kit's journal."""
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise JournalDamaged(verdict.splitlines()[0])
    (written_by,) = database.execute("PRAGMA user_version").fetchone()
    if written_by > _FORMAT:
        raise SandboxError(
            tr("A newer version of this kit wrote the sandbox's journal."),
            where=str(path),
            fix=tr("Update the kit, or move the file away."),
        )
    if written_by == 0 and not database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        return True
    if written_by != _FORMAT:
        raise JournalDamaged(tr("its format is {written_by}, not {ours}", written_by=written_by, ours=_FORMAT))
    for table in ("entries", "executions"):
        for *row, checksum in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - the names are ours
            if checksum != _checksum(*row):
                raise JournalDamaged(tr("one of its {table} isn't as it was written", table=table))
    return False


def _checksum(*values: str | int | bytes) -> int:
    found = 0
    for value in values:
        found = zlib.crc32(b"\0", zlib.crc32(value if isinstance(value, bytes) else str(value).encode(), found))
    return found


def _set_aside(path: Path) -> Path:
    """Move the journal away, keeping it. Its companions are part of it."""
    aside = path.with_name(f"{path.name}.unreadable-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.replace(aside.with_name(aside.name + suffix))
    return aside


def _archived(row: tuple[str, str, str, str]) -> ArchivedExecution:
    arn, machine_arn, status, description = row
    return ArchivedExecution(arn, machine_arn, status, json.loads(description))
