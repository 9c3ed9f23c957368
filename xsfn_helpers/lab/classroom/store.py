"""What the room knows, in one SQLite file: it outlives any end of the service.

Each change is one transaction, on disk before it is acknowledged.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.aws import room_client as keys
from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.practice.score import Record
from xsfn_helpers.lab.classroom.events import RoomEvent, of_progress, of_record
from xsfn_helpers.lab.classroom.people import Participant, ParticipantProgress, same_name

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS room (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS participant (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, same TEXT NOT NULL UNIQUE, token TEXT NOT NULL,
    joined REAL NOT NULL, seen REAL NOT NULL, further INTEGER NOT NULL DEFAULT 0,
    progress TEXT NOT NULL, record TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, place INTEGER NOT NULL, kind TEXT NOT NULL,
    told TEXT NOT NULL
);
"""
_COLUMNS: Final = ", ".join(("number", "name", "joined", "seen", "progress", "further"))
_BUSY_SECONDS: Final = 10.0
# A workshop of a hundred makes some ten thousand.
_EVENTS_KEPT: Final = 50_000


class RoomStore:
    """The room's people, their progress and their records. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, timeout=_BUSY_SECONDS, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def setting(self, key: str, make: Callable[[], str]) -> str:
        """What is kept under `key`; made and kept at the first time."""
        with self._change() as database:
            found = database.execute("SELECT value FROM room WHERE key = ?", (key,)).fetchone()
            if found is None:
                found = (make(),)
                database.execute("INSERT INTO room VALUES (?, ?)", (key, *found))
        return str(found[0])

    def instructors_token(self, *, anew: bool) -> tuple[str, str]:
        """The instructor's token, and what is kept of it.

        It is given out once, when it is made: at the first time and `anew`, when any before is good for nothing more.
        Else it is empty.
        """
        with self._change() as database:
            found = database.execute("SELECT value FROM room WHERE key = 'instructor'").fetchone()
            if found is not None and not anew:
                return "", str(found[0])
            token = keys.new_token()
            database.execute("INSERT OR REPLACE INTO room VALUES ('instructor', ?)", (keys.kept(token),))
        return token, keys.kept(token)

    def set(self, key: str, value: str) -> None:
        with self._change() as database:
            database.execute("INSERT OR REPLACE INTO room VALUES (?, ?)", (key, value))

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Everybody, by place."""
        with self._lock:
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM participant ORDER BY number").fetchall()  # noqa: S608
        return tuple(_participant(row) for row in rows)

    def participant(self, number: int) -> Participant:
        """Who is on this place. Raises `RoomError` where nobody is."""
        with self._lock:
            row = self._database.execute(
                f"SELECT {_COLUMNS} FROM participant WHERE number = ?",  # noqa: S608
                (number,),
            ).fetchone()
        if row is None:
            raise RoomError(tr("Nobody is on place {number}.", number=number))
        return _participant(row)

    def join(self, name: str, token: str, *, places: int, at: float) -> Participant:
        """Give somebody a place. Raises `RoomError` where the name is taken, or no place is free.

        A place that was given free isn't given again: whoever had it may still have the keys of its accounts.
        """
        with self._change() as database:
            if database.execute("SELECT 1 FROM participant WHERE same = ?", (same_name(name),)).fetchone():
                raise RoomError(
                    tr("Somebody in this room is called {name!r} already.", name=name),
                    where="name",
                    fix=tr("Choose another name; if it was you, on another computer, ask the instructor to free it."),
                )
            if database.execute("SELECT COUNT(*) FROM participant").fetchone()[0] >= places:
                raise RoomError(
                    tr("All {places} places of this room are taken.", places=places),
                    fix=tr("Ask the instructor: `xsfn room serve --places` gives it more."),
                )
            (number,) = database.execute(
                "INSERT INTO participant (name, same, token, joined, seen, progress, record) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING number",
                (name, same_name(name), keys.kept(token), at, at, *_nothing_yet(at)),
            ).fetchone()
            _note(database, at, number, "joined")
        return self.participant(number)

    def who_has(self, token: str, *, at: float) -> Participant | None:
        """Whose token this is, who thereby is seen to be there; None for a token of nobody's."""
        with self._change() as database:
            row = database.execute(
                f"UPDATE participant SET seen = ? WHERE token = ? RETURNING {_COLUMNS}",  # noqa: S608
                (at, keys.kept(token)),
            ).fetchone()
        return None if row is None else _participant(row)

    def remove(self, number: int, *, at: float) -> None:
        """Free a place: its token is good for nothing any more."""
        with self._change() as database:
            database.execute("DELETE FROM participant WHERE number = ?", (number,))
            _note(database, at, number, "freed")

    def told(self, number: int, news: Mapping[str, Any], *, at: float) -> Participant:
        """Take in what somebody's lab tells. Raises `RoomError` for what no lab tells."""
        with self._change() as database:
            before = _progress(database, number)
            if before is not None:
                later = before.told(news, at=at)
                _keep_progress(database, number, later)
                for kind, what in of_progress(before, later):
                    _note(database, at, number, kind, what)
        return self.participant(number)

    def begin_anew(self, number: int, *, at: float) -> Participant:
        """Forget somebody's progress and score; they keep their place."""
        progress, record = _nothing_yet(at)
        with self._change() as database:
            database.execute(
                "UPDATE participant SET progress = ?, record = ? WHERE number = ?", (progress, record, number)
            )
            _note(database, at, number, "reset")
        return self.participant(number)

    def record(self, number: int) -> Record:
        """Somebody's record of faults."""
        with self._lock:
            return _record(self._database, number)

    def keep(self, number: int, record: Record, *, at: float) -> None:
        """Keep somebody's record; a fault begun, or one solved, is something new."""
        with self._change() as database:
            new = list(of_record(_record(database, number), record))
            database.execute(
                "UPDATE participant SET record = ? WHERE number = ?", (json.dumps(record.to_json()), number)
            )
            progress = _progress(database, number)
            if new and progress is not None:
                _keep_progress(database, number, replace(progress, moved=at))
            for kind, what in new:
                _note(database, at, number, kind, what)

    def events(self, after: int = 0, *, most: int = 1000) -> tuple[RoomEvent, ...]:
        """What happened after the event of this number, in order."""
        with self._lock:
            rows = self._database.execute(
                "SELECT number, at, place, kind, told FROM event WHERE number > ? ORDER BY number LIMIT ?",
                (after, most),
            ).fetchall()
        return tuple(RoomEvent(number, at, place, kind, json.loads(told)) for number, at, place, kind, told in rows)

    def give_more(self, number: int, further: int) -> Participant:
        """Note that somebody has so many further accounts."""
        with self._change() as database:
            database.execute("UPDATE participant SET further = ? WHERE number = ?", (further, number))
        return self.participant(number)

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")


def _nothing_yet(at: float) -> tuple[str, str]:
    return json.dumps(ParticipantProgress(moved=at).to_json()), json.dumps(Record().to_json())


def _progress(database: sqlite3.Connection, number: int) -> ParticipantProgress | None:
    row = database.execute("SELECT progress FROM participant WHERE number = ?", (number,)).fetchone()
    return ParticipantProgress.from_json(json.loads(row[0])) if row else None


def _keep_progress(database: sqlite3.Connection, number: int, progress: ParticipantProgress) -> None:
    database.execute("UPDATE participant SET progress = ? WHERE number = ?", (json.dumps(progress.to_json()), number))


def _record(database: sqlite3.Connection, number: int) -> Record:
    row = database.execute("SELECT record FROM participant WHERE number = ?", (number,)).fetchone()
    return Record.from_json(json.loads(row[0])) if row else Record()


def _note(
    database: sqlite3.Connection, at: float, place: int, kind: str, told: Mapping[str, Any] | None = None
) -> None:
    made = database.execute(
        "INSERT INTO event (at, place, kind, told) VALUES (?, ?, ?, ?)", (at, place, kind, json.dumps(told or {}))
    )
    database.execute("DELETE FROM event WHERE number <= ?", ((made.lastrowid or 0) - _EVENTS_KEPT,))


def _participant(row: tuple[Any, ...]) -> Participant:
    number, name, joined, seen, progress, further = row
    return Participant(number, name, joined, seen, ParticipantProgress.from_json(json.loads(progress)), further)
