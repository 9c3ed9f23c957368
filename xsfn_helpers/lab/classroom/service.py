"""The room's HTTP service: participants join and tell how far they are, the instructor looks and acts.

Every answer but the page's own files is JSON; an error is `{"error": …}`, one sentence or two. Requests from other web
pages, or by a name instead of an address, are denied as the sandbox denies them.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qsl

from xsfn_helpers.aws import room_client as keys
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import RoomError, XsfnError
from xsfn_helpers.common.language import LANGUAGES, language, speaking, tr
from xsfn_helpers.lab.classroom import instructor
from xsfn_helpers.lab.classroom.actions import Actions
from xsfn_helpers.lab.classroom.limits import Allowance
from xsfn_helpers.lab.classroom.participant_lab import pair_of
from xsfn_helpers.lab.classroom.people import Participant, checked_name
from xsfn_helpers.lab.classroom.store import RoomStore
from xsfn_helpers.lab.classroom.told_record import told_record
from xsfn_helpers.sandbox.http.addresses import is_ipv4
from xsfn_helpers.sandbox.http.wire import headers_of
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import LOOPBACK, SandboxAccount

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

LARGEST_BODY: Final = 64 * 1024
MOST_FURTHER: Final = 12
_JSON: Final = "application/json"
_log = logging.getLogger(__name__)
_PAGE: Final = {
    "/instructor": ("instructor.html", "text/html; charset=utf-8"),
    "/instructor/instructor.css": ("instructor.css", "text/css; charset=utf-8"),
    "/instructor/instructor.js": ("instructor.js", "text/javascript; charset=utf-8"),
}
_SAFE: Final = (
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    type: str = _JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, read completely."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    remote: str
    query: str = ""

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def after(self) -> int:
        """The number of the last event that the asker has seen."""
        said = dict(parse_qsl(self.query)).get("after", "")
        return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0

    def json(self) -> dict[str, Any]:
        """The body. Raises `RoomError` where it is no JSON object."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise RoomError(tr("The body is no JSON object."))
        return found


@dataclass(frozen=True, slots=True)
class RoomService:
    """The WSGI application. `address` is the one besides loopback that it is reached at, if any."""

    store: RoomStore
    desk: Actions
    sandbox: Callable[[], Sandbox]
    view: instructor.InstructorsView
    instructors_token: str
    port: int
    address: str = ""
    clock: Callable[[], float] = time.time
    # Wrong codes and tokens of one computer; and what a lab may ask.
    _wrong: Allowance = field(default_factory=lambda: Allowance(10, 1 / 30))
    _asking: Allowance = field(default_factory=lambda: Allowance(60, 10))

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        with speaking(_spoken(environ.get("HTTP_ACCEPT_LANGUAGE", ""))):
            answer = self._answer(environ)
        headers = [
            ("content-type", answer.type),
            ("content-length", str(len(answer.body))),
            *answer.headers,
            *_SAFE,
        ]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body]

    def _answer(self, environ: Mapping[str, Any]) -> _Answer:
        headers = headers_of(environ)
        if not self._is_for_us(headers):
            return _error(403, tr("The room answers by its address only, and to no other web page."))
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return _error(413, tr("That is more than a lab has to tell."))
        asked = _Asked(
            environ["REQUEST_METHOD"],
            environ.get("PATH_INFO", ""),
            headers,
            environ["wsgi.input"].read(LARGEST_BODY + 1),
            environ.get("REMOTE_ADDR", ""),
            environ.get("QUERY_STRING", ""),
        )
        try:
            if asked.path in _PAGE:
                return _page(asked)
            if asked.path == "/instructor/words":
                return _told(instructor.words())
            if asked.path.startswith("/instructor/api/"):
                return self._instructor(asked)
            if (asked.method, asked.path) == ("POST", "/room/join"):
                return self._join(asked)
            if asked.path.startswith("/room/me"):
                return self._participant(asked)
        except XsfnError as error:
            return _error(400, str(error))
        except Exception as error:
            # Neither what was sent nor what failed is told: both may hold what is somebody's alone.
            _log.error("%s %s failed: %s", asked.method, asked.path, type(error).__name__)
            return _error(500, tr("The room failed at this; its terminal says at what."))
        return _error(404, tr("There is nothing here."))

    def _is_for_us(self, headers: Mapping[str, str]) -> bool:
        """A name could be anybody's and lead here; a page of somebody else's can't hide where it is from."""
        host, _, port = headers.get("host", "").partition(":")
        known = host in (LOOPBACK, "localhost") or (bool(self.address) and is_ipv4(host))
        origin = headers.get("origin", f"http://{host}:{port}")
        site = headers.get("sec-fetch-site", "none")
        return (
            known and port == str(self.port) and origin == f"http://{host}:{port}" and site in ("none", "same-origin")
        )

    def _join(self, asked: _Asked) -> _Answer:
        body = asked.json()
        code = body.get("code")
        # Who knows the code is heard, however often somebody at the same address has guessed: behind a hub, everybody
        # is at one address. A code has 31**8 forms, so the brake is for those who try, and for the room's peace.
        if not isinstance(code, str) or not keys.same_code(code, self.view.code):
            if not self._wrong.take(asked.remote):
                return _error(429, tr("Too many wrong codes. Wait a minute, and look at the board."))
            return _error(403, tr("That isn't this room's code."))
        now = self.clock()
        if asked.token and (known := self.store.who_has(asked.token, at=now)):
            return self._seat(known, asked.token)
        name = checked_name(body.get("name"))
        # A token that the lab has made itself: should our answer get lost, it asks again with it, and has its place.
        token = asked.token if keys.has_form(asked.token) else keys.new_token()
        try:
            joined = self.store.join(name, token, places=self.view.places, at=now)
        except RoomError as error:
            return _error(409, str(error))
        return self._seat(joined, token)

    def _seat(self, one: Participant, token: str) -> _Answer:
        """The place with the keys of its accounts; to whoever has its token alone."""
        sandbox = self.sandbox()
        pair = pair_of(sandbox, one)
        return _told(
            {
                "token": token,
                "number": one.number,
                "name": one.name,
                "port": int(sandbox.endpoint_url.rpartition(":")[2]),
                "region": pair.region,
                "accounts": {side.value: pair.accounts[side].to_json() for side in Side},
                "further": [account.to_json() for account in pair.further.values()],
            }
        )

    def _participant(self, asked: _Asked) -> _Answer:
        now = self.clock()
        one = self.store.who_has(asked.token, at=now) if asked.token else None
        if one is None:
            return _error(401, tr("The room doesn't know this token: your place was given free. Join the room again."))
        if not self._asking.take(one.id):
            return _error(429, tr("Too many requests. It goes on in a moment."))
        match asked.method, asked.path:
            case "GET", "/room/me":
                return self._seat(one, asked.token)
            case "POST", "/room/me/progress":
                self.store.told(one.number, asked.json(), at=now)
                return _told({})
            case "GET", "/room/me/record":
                return _told(self.store.record(one.number).to_json())
            case "PUT", "/room/me/record":
                self.store.keep(one.number, told_record(asked.json()), at=now)
                return _told({})
            case "POST", "/room/me/accounts":
                return self._more(one, asked)
            case "POST", "/room/me/delay":
                return self._delay(one, asked)
        return _error(404, tr("There is nothing here."))

    def _more(self, one: Participant, asked: _Asked) -> _Answer:
        count = asked.json().get("count")
        if type(count) is not int or not 0 <= count <= MOST_FURTHER:
            return _error(409, tr("A participant has at most {most} further accounts in a room.", most=MOST_FURTHER))
        more = self.store.give_more(one.number, max(count, one.further))
        opened: Mapping[str, SandboxAccount] = pair_of(self.sandbox(), more).further
        return _told({"further": [account.to_json() for account in opened.values()]})

    def _delay(self, one: Participant, asked: _Asked) -> _Answer:
        seconds = asked.json().get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise RoomError(tr("The delay is a number of seconds."))
        sandbox = self.sandbox()
        sandbox.delay_propagation(float(seconds), one.account_ids)
        return _told({})

    def _instructor(self, asked: _Asked) -> _Answer:
        if not asked.token or not keys.is_token(asked.token, self.instructors_token):
            if asked.token and not self._wrong.take(asked.remote):
                return _error(429, tr("Too many wrong tokens. Wait a minute."))
            return _error(401, tr("The room asks for its instructor's token here; `xsfn room serve` printed it."))
        match asked.method, asked.path.removeprefix("/instructor/api/"):
            case "GET", "room":
                return _told(self.view.room(self.clock()))
            case "GET", "events":
                return _told({"events": [one.to_json() for one in self.store.events(asked.after)]})
            case "GET", "results.csv":
                name = (("content-disposition", 'attachment; filename="xsfn-results.csv"'),)
                # The mark of UTF-8, which spreadsheets look for.
                return _Answer(200, self.view.results().encode("utf-8-sig"), "text/csv; charset=utf-8", name)
            case "POST", "reset":
                return _told({"told": self.desk.reset(instructor.places_of(asked.json().get("participants")))})
            case "POST", "push":
                body = asked.json()
                places = instructor.places_of(body.get("participants"))
                return _told({"told": self.desk.push(str(body.get("fault")), places)})
            case "POST", "free":
                (number,) = instructor.places_of([asked.json().get("participant")]) or [0]
                return _told({"told": self.desk.free(number)})
        return _error(404, tr("There is nothing here."))


def _spoken(accepted: str) -> str:
    """The first language that the asker takes and we have; else the one that the room's own machine speaks."""
    for one in accepted.split(","):
        short = one.partition(";")[0].strip().partition("-")[0].lower()
        if short in LANGUAGES:
            return short
    return language()


def _page(asked: _Asked) -> _Answer:
    if asked.method not in ("GET", "HEAD"):
        return _Answer(405, b"", headers=(("allow", "GET, HEAD"),))
    name, type_ = _PAGE[asked.path]
    return _Answer(200, (resources.files("xsfn_helpers.lab.classroom") / "static" / name).read_bytes(), type_)


def _told(found: Mapping[str, Any]) -> _Answer:
    return _Answer(200, json.dumps(found, ensure_ascii=False).encode())


def _error(status: int, sentence: str) -> _Answer:
    return _Answer(status, json.dumps({"error": sentence}, ensure_ascii=False).encode())
