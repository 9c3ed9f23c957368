"""What the sandbox has accepted, on disk before it is answered: a small SQLite database in the state folder.

SQLite keeps a half-written entry from being read: after a kill, a power cut or a full disk, what was acknowledged is
there and what wasn't is not. Histories of finished executions live here only, so memory doesn't grow with them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.errors import SandboxError

_FORMAT: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS entries (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, machine TEXT NOT NULL, started INTEGER NOT NULL, status TEXT NOT NULL,
    description TEXT NOT NULL, history BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS executions_of_machine ON executions (machine, started DESC);
"""


class JournalUnwritable(Exception):
    """An entry couldn't be put on disk, so the request it belongs to isn't accepted."""


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

        Raises `SandboxError` where the file can't be made, or a newer version of the kit wrote it.
        """
        notice = ""
        try:
            return cls(_connect(path)), notice
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise SandboxError(
                    f"The sandbox's journal can't be opened: {error}.", where=str(path), fix="Make the folder writable."
                ) from error
            aside = _set_aside(path)
            notice = (
                f"The sandbox's journal couldn't be read ({error}) and was set aside as {aside.name}; "
                "the two accounts start empty."
            )
        return cls(_connect(path)), notice

    def close(self) -> None:
        self._database.close()

    def put(self, kind: str, key: str, body: Any) -> None:
        """Write one entry, replacing the one of this kind and key."""
        self.put_all({(kind, key): body})

    def put_all(self, bodies: Mapping[tuple[str, str], Any]) -> None:
        """Write several entries, all of them or none."""
        rows = [(kind, key, json.dumps(body)) for (kind, key), body in bodies.items()]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows)

    def get(self, kind: str, key: str) -> Any:
        """The entry's body, or None."""
        with self._lock:
            row = self._database.execute("SELECT body FROM entries WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def entries(self, kind: str) -> list[tuple[str, Any]]:
        with self._lock:
            rows = self._database.execute("SELECT key, body FROM entries WHERE kind = ?", (kind,)).fetchall()
        return [(key, json.loads(body)) for key, body in rows]

    def begin_execution(self, execution: ArchivedExecution, started: int) -> None:
        """Note that an execution runs, before it does. Raises `NameTaken` where the machine had one of this name."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO executions VALUES (?, ?, ?, ?, ?, NULL)",
                (
                    execution.arn,
                    execution.machine_arn,
                    started,
                    execution.status,
                    json.dumps(execution.description),
                ),
            )

    def end_execution(self, execution: ArchivedExecution, history: Sequence[Mapping[str, Any]]) -> None:
        """Note how an execution ended; its history goes from memory to disk with this."""
        packed = zlib.compress(json.dumps(history).encode(), level=1)
        with self._writing() as database:
            database.execute(
                "UPDATE executions SET status = ?, description = ?, history = ? WHERE arn = ?",
                (execution.status, json.dumps(execution.description), packed, execution.arn),
            )

    def forget_machine(self, machine_arn: str) -> None:
        """A deleted machine's executions go with it."""
        with self._writing() as database:
            database.execute("DELETE FROM executions WHERE machine = ?", (machine_arn,))

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
        if row is None or row[0] is None:
            return []
        events: list[dict[str, Any]] = json.loads(zlib.decompress(row[0]))
        return events

    def executions(
        self, machine_arn: str, *, status: str | None = None, skip: int = 0, limit: int = 1000
    ) -> list[ArchivedExecution]:
        """Executions of a machine, newest first."""
        with self._lock:
            rows = self._database.execute(
                "SELECT arn, machine, status, description FROM executions"
                " WHERE machine = ?1 AND (?2 IS NULL OR status = ?2) ORDER BY started DESC, arn LIMIT ?3 OFFSET ?4",
                (machine_arn, status, limit, skip),
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


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5, check_same_thread=False, isolation_level="IMMEDIATE")
    try:
        # FULL: an answer is given only once the entry has reached the disk, not just the system's memory.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        (written_by,) = database.execute("PRAGMA user_version").fetchone()
        if written_by > _FORMAT:
            raise SandboxError(
                "A newer version of this kit wrote the sandbox's journal.",
                where=str(path),
                fix="Update the kit, or move the file away.",
            )
        database.executescript(_TABLES)
        database.execute(f"PRAGMA user_version = {_FORMAT}")
    except BaseException:
        database.close()
        raise
    return database


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.unreadable-{time.strftime('%Y%m%d-%H%M%S')}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.replace(aside.with_name(aside.name + suffix))
    return aside


def _archived(row: tuple[str, str, str, str]) -> ArchivedExecution:
    arn, machine_arn, status, description = row
    return ArchivedExecution(arn, machine_arn, status, json.loads(description))
