"""A participant's place in a room: kept in their state folder, and taken up by whatever opens a lab."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.aws.room_client import PATIENCE, RoomAddress, new_token, plain_code
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.common.errors import RoomError, SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.sandbox.process.state import SandboxAccount

# What a hub sets for its people, so that nobody has to type it.
URL_VARIABLE: Final = "XSFN_ROOM_URL"
CODE_VARIABLE: Final = "XSFN_ROOM_CODE"
NAME_VARIABLE: Final = "XSFN_ROOM_NAME"
_FILE: Final = "seat.json"
# By the room's code, which stays when its address changes; also of rooms that were left.
_TOKENS: Final = "seat-tokens.json"
_JOINING: Final = 5.0
_TURN_SECONDS: Final = 30.0


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
    accounts: Mapping[str, SandboxAccount]
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

    @property
    def transport(self) -> None:
        """Over HTTP: the room's sandbox is on the instructor's machine."""
        return None

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

    def _keep(self) -> None:
        stored = {
            "url": self.room.url,
            "token": self.room.token,
            "number": self.number,
            "name": self.name,
            "port": self.port,
            "region": self.region,
            "accounts": {name: account.to_json() for name, account in self.accounts.items()},
            "further": [account.to_json() for account in self.further.values()],
        }
        StateFolder.default().keep(_FILE, stored)


def seat_of(accounts: Accounts) -> Seat | None:
    """The place in a room that these accounts are in; None for a sandbox of one's own, and for AWS."""
    place = accounts.sandbox if isinstance(accounts, SandboxAccounts) else None
    return place if isinstance(place, Seat) else None


def find_seat() -> Seat | None:
    """The place that this user has, or, where a hub says so, takes now; None for who works on their own.

    Raises `RoomError` where the room that the variables name can't be joined.
    """
    stored = stored_seat()
    wanted = os.environ.get(URL_VARIABLE, "")
    if not wanted:
        return stored
    url = RoomAddress.parse(wanted).url
    if (stored is not None and stored.room.url == url) or _read(_FILE).get("left") == url:
        return stored
    return join_room(url, os.environ.get(CODE_VARIABLE, ""), name=os.environ.get(NAME_VARIABLE, ""))


def join_room(url: str, code: str, *, name: str) -> Seat:
    """Take a place in a room; from then on labs open in its accounts, in every notebook, until `leave_room`.

    `url` and `code` are what `xsfn room serve` printed; `name` is what the instructor sees. Who has a place there
    already gets it again. Raises `RoomError` in the room's words where it doesn't let one in.
    """
    address = RoomAddress.parse(url)
    with _turn():
        # Kept before it is sent: whoever is ended in between, here or there, has the same place the next time.
        tokens, room = _read(_TOKENS), plain_code(code)
        if room not in tokens:
            tokens[room] = new_token()
            StateFolder.default().keep(_TOKENS, tokens)
        known = replace(address, token=tokens[room])
        seat = _seat(address.url, known.ask("POST", "/room/join", {"code": code, "name": name}, patience=_JOINING))
        seat._keep()
        return seat


def leave_room() -> str:
    """Go back to a sandbox of one's own; `join_room` leads back to the same place, until the instructor frees it."""
    seat = stored_seat()
    if seat is None:
        return tr("You are in no room.")
    StateFolder.default().keep(_FILE, {"left": seat.room.url})
    return tr("You have left the room: from the next open_lab() on, labs open in a sandbox of your own.")


def stored_seat() -> Seat | None:
    """The place that this user has, as it was last told; None for who works on their own."""
    found = _read(_FILE)
    try:
        return _seat(found["url"], found)
    except (ValueError, KeyError, TypeError):
        return None


def _turn() -> AbstractContextManager[None]:
    """Two notebooks that open at once, as on a hub, take one place."""
    folder = StateFolder.default()
    folder.make()
    busy = RoomError(tr("Another notebook of yours is joining the room."), fix=tr("Try again in a moment."))
    return folder.holding(folder.path / "seat.lock", seconds=_TURN_SECONDS, otherwise=busy)


def _read(name: str) -> dict[str, Any]:
    """One of our files in the state folder; empty where there is none that can be read."""
    try:
        found = json.loads((StateFolder.default().path / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _seat(url: str, told: Mapping[str, Any]) -> Seat:
    return Seat(
        RoomAddress.parse(url, told["token"]),
        told["number"],
        told["name"],
        told["port"],
        told["region"],
        {name: SandboxAccount(**account) for name, account in told["accounts"].items()},
        _by_id(told["further"]),
    )


def _by_id(accounts: Iterable[Mapping[str, str]]) -> dict[str, SandboxAccount]:
    return {account["account_id"]: SandboxAccount(**account) for account in accounts}
