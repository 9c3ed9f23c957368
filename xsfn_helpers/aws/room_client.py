"""Asks the room's service, patiently: it may be started again while somebody works."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.common.language import language, tr

ROOM_PORT: Final = 8765
PATIENCE: Final = 60.0
_ANSWER_LIMIT: Final = 30.0
_TOO_MANY: Final = 429
_LARGEST_ANSWER: Final = 1024 * 1024


class PlaceGone(RoomError):
    """The room doesn't know the token any more."""


@dataclass(frozen=True, slots=True)
class RoomAddress:
    """Where a room is, and the token of a place in it, if there is one."""

    host: str
    port: int
    token: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, token: str = "") -> RoomAddress:
        """Of `http://192.168.1.5:8765`, or without what goes without saying. Raises `RoomError` for anything else."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            port = parts.port or ROOM_PORT
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.username:
            raise RoomError(
                tr("{url!r} is not the address of a room.", url=url),
                where="url",
                fix=tr("It reads http://192.168.1.5:{port}, as `xsfn room serve` prints it.", port=ROOM_PORT),
            )
        return cls(parts.hostname, port, token)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> dict[str, Any]:
        """The room's answer; asked again for `patience` seconds while nobody answers, or it asks for a pause.

        Raises `RoomError` in the room's words for a denial, `PlaceGone` where the place was given free.
        """
        end = time.monotonic() + patience
        pause = 0.1
        while True:
            try:
                status, said = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                status, said = 0, {"error": tr("The room at {url} doesn't answer: {error}.", url=self.url, error=error)}
            if status == 200:
                return said
            if (status and status != _TOO_MANY) or (path == "/room/join" and status) or time.monotonic() > end:
                break
            sleep(pause)
            pause = min(pause * 2, 2.0)
        failure = PlaceGone if status == 401 else RoomError
        fix = "" if status else tr("Is `xsfn room serve` running there, and are both on the same network?")
        raise failure(str(said.get("error", status)), fix=fix)

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
        # Not urllib: a proxy of the user's must take no part.
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_ANSWER_LIMIT)
        headers = {"Accept-Language": language()}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, sent, headers)
            response = connection.getresponse()
            said = json.loads(response.read(_LARGEST_ANSWER) or b"{}")
        except ValueError as error:
            raise http.client.HTTPException(tr("it isn't a room of xsfn's")) from error
        finally:
            connection.close()
        return response.status, said if isinstance(said, dict) else {}


# Without those that look alike on a projector: 0 O, 1 I L.
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_HALF: Final = 4
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_code() -> str:
    """Something to write on the board, such as `K7QM-X2PD`."""
    half = ["".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2)]
    return "-".join(half)


def same_code(typed: str, code: str) -> bool:
    """Whether the code was meant, however it was typed."""
    return hmac.compare_digest(plain_code(typed).encode(), plain_code(code).encode())


def plain_code(typed: str) -> str:
    """A code without what one may type or leave out."""
    return "".join(one for one in typed.upper() if one.isalnum())


def new_token() -> str:
    return secrets.token_urlsafe(32)


def has_form(token: str) -> bool:
    """Whether this is as long, and of such letters, as `new_token` makes one."""
    return _TOKEN.fullmatch(token) is not None


def kept(token: str) -> str:
    """What is stored of a token: enough to know it again, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(token: str, stored: str) -> bool:
    return hmac.compare_digest(kept(token).encode(), stored.encode())
