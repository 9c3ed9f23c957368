"""`xsfn room serve`: the sandbox and the room's service, in the foreground, until it is interrupted."""

from __future__ import annotations

import contextlib
import logging
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from xsfn_helpers.aws import room_client as keys
from xsfn_helpers.aws.room_client import ROOM_PORT
from xsfn_helpers.common.errors import RoomError, SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.lab.classroom.actions import Actions
from xsfn_helpers.lab.classroom.instructor import InstructorsView
from xsfn_helpers.lab.classroom.service import RoomService
from xsfn_helpers.lab.classroom.store import RoomStore
from xsfn_helpers.sandbox.http import addresses, listener
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.settings import SandboxSettings
from xsfn_helpers.sandbox.process.state import LOOPBACK, SandboxFolder

_log = logging.getLogger(__name__)
FILE: Final = "room.db"
_PLACES: Final = 40
_LOCK_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 1.0
_ASK_SECONDS: Final = 5.0
# Longer than anything that it has to do at a time, on a slow machine, too.
_SILENT_SECONDS: Final = 60.0
MOST_PLACES: Final = 200


@dataclass(frozen=True, slots=True)
class Opened:
    """A room that is open. `url` is for everybody on the network.

    `instructors_url` holds the token, when it is told: the first time, and when a new one was asked for.
    """

    url: str
    code: str
    instructors_url: str = field(repr=False)


class RoomKeeper:
    """Holds the room's sandbox, and starts it again when it has ended."""

    def __init__(self, config: SandboxConfig, address: str) -> None:
        self._config = config
        self._address = address
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._sandbox = self._start()

    def __call__(self) -> Sandbox:
        """The sandbox, running."""
        with self._lock:
            return self._sandbox

    def watch(self) -> None:
        """Look every second whether it lives; for a thread of its own, until `end`.

        One that lives and hasn't answered for a long time won't any more: it is ended, and started again.
        """
        answered = asked = time.monotonic()
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                held, now = SandboxFolder.default().is_held(), time.monotonic()
                if held and now - asked >= _ASK_SECONDS:
                    asked = now
                    if Sandbox.find() is not None:
                        answered = time.monotonic()
                    elif now - answered > _SILENT_SECONDS:
                        _log.warning("The sandbox hasn't answered for %.0f s; it is ended", now - answered)
                        Sandbox.end_silent()
                        held = False
                if not held:
                    later = self._start()
                    answered = time.monotonic()
                    with self._lock:
                        self._sandbox = later
            except (
                SandboxError,
                OSError,
            ):  # a full disk, too, which may have room again
                _log.exception("The sandbox couldn't be started again; it is tried again in a moment")

    def end(self) -> None:
        self._stop.set()

    def _start(self) -> Sandbox:
        return Sandbox.start(self._config, address=self._address)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a room is asked to be; None is what it was last time. `new_link` asks for a new instructor's link."""

    address: str | None = None
    port: int | None = None
    places: int | None = None
    new_link: bool = False
    # Whether participants' Lambda functions run, on this machine and as its user.
    functions: bool = False


def serve(wishes: Wishes, opened: Callable[[Opened], None]) -> None:
    """Open the room, tell `opened` where it is, and serve until SIGINT or SIGTERM.

    Who had a place before has it again. Raises `RoomError` where it can't be opened, `SandboxError` where the sandbox
    can't.
    """
    if wishes.places is not None and not 1 <= wishes.places <= MOST_PLACES:
        raise RoomError(
            tr("A room has 1 to {most} places.", most=MOST_PLACES),
            where="places",
            fix=tr("Choose fewer, or two rooms."),
        )
    folder = SandboxFolder.default()
    folder.make()
    already = RoomError(
        tr("A room is open on this state folder already."),
        where=str(folder.path),
        fix=tr("End it, or name another folder in XSFN_STATE_DIR."),
    )
    lock = folder.holding(folder.room_lock, seconds=_LOCK_SECONDS, otherwise=already)
    with lock, folder.told(), contextlib.ExitStack() as ending:
        _serve(folder, wishes, opened, ending)


def _serve(
    folder: SandboxFolder, wishes: Wishes, opened: Callable[[Opened], None], ending: contextlib.ExitStack
) -> None:
    store = _store(folder)
    ending.callback(store.close)
    shared = addresses.checked(wishes.address or store.setting("address", lambda: LOOPBACK))
    port = wishes.port or int(store.setting("port", lambda: str(ROOM_PORT)))
    places = wishes.places or int(store.setting("places", lambda: str(_PLACES)))
    SandboxSettings(folder).let_functions_run(wishes.functions)
    keeper = RoomKeeper(_config(), shared or LOOPBACK)
    ending.callback(keeper.end)
    threading.Thread(target=keeper.watch, name="xsfn-room-keeper", daemon=True).start()
    sockets = listener.listen(port, last=port, address=shared)
    if not sockets:
        raise RoomError(
            tr("Port {port} on {address} is taken by another program.", port=port, address=shared or LOOPBACK),
            where="port",
            fix=tr("Choose another one: --port"),
        )
    host = LOOPBACK if not shared else addresses.own_address() if shared == addresses.EVERY else shared
    code = store.setting("code", keys.new_code)
    token, kept = store.instructors_token(anew=wishes.new_link)
    desk = Actions(store, keeper)
    desk.begin()
    ending.callback(desk.end)
    url = f"http://{host}:{port}"
    service = RoomService(store, desk, keeper, InstructorsView(store, desk, url, code, places), kept, port, shared)
    server = listener.server(service, sockets, folder.lock.exists)
    for setting, value in (("address", shared or LOOPBACK), ("port", port), ("places", places)):
        store.set(setting, str(value))
    with _until_told():
        opened(Opened(url, code, f"http://{LOOPBACK}:{port}/instructor#token={token}" if token else ""))
        server.run()
    server.close()


def _store(folder: SandboxFolder) -> RoomStore:
    try:
        return RoomStore(folder.path / FILE)
    except sqlite3.DatabaseError as error:
        raise RoomError(
            tr("What the room keeps can't be read: {reason}.", reason=error),
            where=str(folder.path / FILE),
            fix=tr("See that its disk has room; moved away, a new room begins."),
        ) from error


def _config() -> SandboxConfig:
    """The sandbox that ran last on this folder, if one did: its accounts are kept."""
    running = Sandbox.find()
    if running is not None:
        return running.config
    last = SandboxFolder.default().read()
    if last is None:
        return SandboxConfig()
    operator, subject = last.accounts.values()
    return SandboxConfig(operator.account_id, subject.account_id, last.region)


@contextlib.contextmanager
def _until_told() -> Iterator[None]:
    """For the while, both signals end the service in order."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit

    before = {which: signal.signal(which, end) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
