"""A participant's place in a room: kept in their state folder, and taken up by whatever opens a lab."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.errors import SandboxError
from xsfn_helpers.faults.score import Book, Record, ScoreBook
from xsfn_helpers.language import tr
from xsfn_helpers.room.client import PATIENCE, RoomAddress
from xsfn_helpers.sandbox.state import SandboxAccount, StateFolder
from xsfn_helpers.scenario import Side

# What a hub sets for its people, so that nobody has to type it.
URL_VARIABLE: Final = "XSFN_ROOM_URL"
CODE_VARIABLE: Final = "XSFN_ROOM_CODE"
NAME_VARIABLE: Final = "XSFN_ROOM_NAME"
VARIABLES: Final = frozenset({URL_VARIABLE, CODE_VARIABLE, NAME_VARIABLE})
_FILE: Final = "seat.json"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a room: its two accounts there, and the token that proves whose it is.

    It is used by labs as an own sandbox is: `accounts`, `endpoint_url`, `region`, `further`.
    """

    room: RoomAddress
    number: int
    name: str
    port: int
    region: str
    accounts: Mapping[Side, SandboxAccount]
    further: Mapping[str, SandboxAccount] = field(default_factory=dict)

    def __str__(self) -> str:
        ids = " and ".join(account.account_id for account in self.accounts.values())
        return tr(
            "{name}, place {number} in the room at {url}: accounts {ids}",
            name=self.name,
            number=self.number,
            url=self.room.url,
            ids=ids,
        )

    @property
    def endpoint_url(self) -> str:
        return f"http://{self.room.host}:{self.port}"

    @property
    def propagation_seconds(self) -> float:
        """Changes in IAM count at once in a room, unless a lab asks for a while of delay."""
        return 0.0

    def delay_propagation(self, seconds: float) -> None:
        """From now on, changes in IAM take so many seconds to count in these two accounts; 0 is at once."""
        self.room.ask("POST", "/room/me/delay", {"seconds": seconds})

    def revived(self) -> Seat:
        """The same place, once the room's sandbox answers again. Raises `SandboxError` after a minute without it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                socket.create_connection((self.room.host, self.port), timeout=2).close()
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise SandboxError(
            tr("The sandbox of the room at {url} doesn't answer.", url=self.room.url),
            fix=tr("Is `xsfn room serve` running there, and are both on the same network?"),
        )

    def more_accounts(self, count: int) -> Seat:
        """With at least so many Subject accounts besides the first. Raises `RoomError` for more than the room gives."""
        if count <= len(self.further):
            return self
        told = self.room.ask("POST", "/room/me/accounts", {"count": count})
        later = replace(self, further=_by_id(told["further"]))
        later._keep()
        return later

    @property
    def book(self) -> Book:
        """The record of faults, which the room keeps."""
        return RoomBook(self.room)

    def _keep(self) -> None:
        folder = StateFolder.default()
        folder.make()
        stored = {
            "url": self.room.url,
            "token": self.room.token,
            "number": self.number,
            "name": self.name,
            "port": self.port,
            "region": self.region,
            "accounts": {side.value: account.to_json() for side, account in self.accounts.items()},
            "further": [account.to_json() for account in self.further.values()],
        }
        with folder.told():
            partial = (folder.path / _FILE).with_suffix(f".{os.getpid()}")
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(stored, stream)
            partial.replace(folder.path / _FILE)


@dataclass(frozen=True, slots=True)
class RoomBook:
    """The record of faults in a room: the room keeps it, so that the instructor sees it and can put a fault in."""

    room: RoomAddress

    def read(self) -> Record:
        return Record.from_json(self.room.ask("GET", "/room/me/record"))

    def write(self, record: Record) -> None:
        self.room.ask("PUT", "/room/me/record", record.to_json())


def book_of(lab_id: str) -> Book:
    """Where the record of a lab's faults is kept: by the room that somebody is in, else in the state folder."""
    seat = find_seat()
    return seat.book if seat else ScoreBook.of(lab_id)


def find_seat() -> Seat | None:
    """The place that this user has, or, where a hub says so, takes now; None for who works on their own.

    Raises `RoomError` where the room that the variables name can't be joined.
    """
    stored = _stored()
    url = os.environ.get(URL_VARIABLE, "")
    if not url or (stored is not None and stored.room.url == RoomAddress.parse(url).url):
        return stored
    return join_room(url, os.environ.get(CODE_VARIABLE, ""), name=os.environ.get(NAME_VARIABLE, ""))


def join_room(url: str, code: str, *, name: str) -> Seat:
    """Take a place in a room; from then on labs open in its accounts, in every notebook, until `leave_room`.

    `url` and `code` are what `xsfn room serve` printed; `name` is what the instructor sees. Who has a place there
    already gets it again. Raises `RoomError` in the room's words where it doesn't let one in.
    """
    stored = _stored()
    address = RoomAddress.parse(url)
    token = stored.room.token if stored is not None and stored.room.url == address.url else ""
    told = replace(address, token=token).ask("POST", "/room/join", {"code": code, "name": name}, patience=5.0)
    seat = _seat(address.url, told)
    seat._keep()
    return seat


def leave_room() -> str:
    """Go back to a sandbox of one's own. The place and its accounts stay in the room, until the instructor frees it."""
    path = StateFolder.default().path / _FILE
    if not path.exists():
        return tr("You are in no room.")
    path.unlink()
    return tr("You have left the room: from the next open_lab() on, labs open in a sandbox of your own.")


def _stored() -> Seat | None:
    folder = StateFolder.default()
    try:
        found = json.loads((folder.path / _FILE).read_text(encoding="utf-8"))
        return _seat(found["url"], found)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _seat(url: str, told: Mapping[str, Any]) -> Seat:
    return Seat(
        RoomAddress.parse(url, told["token"]),
        told["number"],
        told["name"],
        told["port"],
        told["region"],
        {Side(side): SandboxAccount(**account) for side, account in told["accounts"].items()},
        _by_id(told["further"]),
    )


def _by_id(accounts: Iterable[Mapping[str, str]]) -> dict[str, SandboxAccount]:
    return {account["account_id"]: SandboxAccount(**account) for account in accounts}
