"""The sandbox's sockets on 127.0.0.1 and, where one was named, another address.

They are served by waitress so that no client can keep the others waiting. A request is read completely before a thread
takes it. Who takes too long over one is cut off; when connections run short, the one that has been silent longest makes
room.
"""

from __future__ import annotations

import logging
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from xsfn_helpers.sandbox.guests.turns import Turns
from xsfn_helpers.sandbox.http.addresses import EVERY
from xsfn_helpers.sandbox.http.connections import Connections
from xsfn_helpers.sandbox.process.state import LOOPBACK

# Step Functions takes a definition of 1 MiB; as JSON inside JSON that can double, and UTF-8 can double it again.
LARGEST_BODY: Final = 8 * 1024 * 1024
LARGEST_HEADER: Final = 64 * 1024
# A room of a hundred keeps about six each: a client per account and service.
CONNECTIONS: Final = 1024
# For sending one whole request, and for silence on a connection between two.
REQUEST_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 60
_THREADS: Final = 8
_LAST_PORT_SECONDS: Final = 0.3
_FREE_PORT_TRIES: Final = 5
# Files besides connections: journal, log, lock, what waitress swaps out.
_OTHER_FILES: Final = 256


def listen(port: int, *, last: int, address: str = "") -> list[socket.socket]:
    """Sockets that listen on loopback and `address`, at one port: the wanted one; else (0) last time's, or any.

    None at all where the wanted port is taken.
    """
    hosts = (EVERY,) if address == EVERY else tuple(filter(None, (LOOPBACK, address)))
    if port and port != last:
        return _listening(hosts, port)
    end = time.monotonic() + _LAST_PORT_SECONDS
    while last and time.monotonic() < end:
        if found := _listening(hosts, last):
            return found
        time.sleep(0.01)  # the system may still be clearing away who had it
    if port:
        return []
    # What is free on loopback may be assumed the other address.
    tries = (_listening(hosts, 0) for _ in range(_FREE_PORT_TRIES))
    return next(filter(None, tries), [])


def _listening(hosts: Iterable[str], port: int) -> list[socket.socket]:
    found: list[socket.socket] = []
    for host in hosts:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            # At once: of two that have bound the same port, the first to listen has it.
            listener.listen()
        except OSError:
            for one in found:
                one.close()
            return []
        port = listener.getsockname()[1]
    return found


def is_ours(address: str) -> bool:
    """Whether this machine has the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def server(
    application: Callable[..., Any], listeners: Sequence[socket.socket], is_wanted: Callable[[], bool]
) -> Server:
    """The HTTP server on these sockets.

    Its `run` gives back after `SystemExit` in the main thread, or when it finds that it isn't wanted any more, for
    which it looks every second.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
    # It warns of every request that waits for a thread, which is no trouble.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    adjustments = Adjustments(
        sockets=list(listeners),
        threads=_THREADS,
        ident=None,
        max_request_body_size=LARGEST_BODY,
        max_request_header_size=LARGEST_HEADER,
        # waitress would stop accepting here; `Server` makes room before.
        connection_limit=CONNECTIONS + _OTHER_FILES // 2,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=1,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    dispatcher = _Dispatcher()
    dispatcher.set_thread_count(_THREADS)
    turns = Turns(dispatcher.stand_in)

    def in_turn(environ: Any, start_response: Any) -> Any:
        with turns.request():
            return application(environ, start_response)

    # One loop and the same threads serve all: the first one's `run` runs the others, too.
    shared = Connections()
    servers = [
        Server(
            is_wanted,
            in_turn,
            map=shared,
            _sock=listener,
            dispatcher=dispatcher,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )
        for listener in listeners
    ]
    return servers[0]


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """So many threads for what is quick, however many there are besides that wait for something."""

    def __init__(self) -> None:
        super().__init__()
        self._aside = 0
        self._ended = False
        self._counting = threading.Lock()

    @contextmanager
    def stand_in(self) -> Iterator[None]:
        """Another thread for the while."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._counting:
            self._aside += more
            if not self._ended:
                self.set_thread_count(_THREADS + self._aside)

    def shutdown(self, *args: Any, **options: Any) -> Any:
        with self._counting:
            self._ended = True
        return super().shutdown(*args, **options)


class _Task(WSGITask):  # type: ignore[misc]
    """One answer, sent in one piece.

    waitress sends the header first. Were we ended in between, AWS's clients would take the empty body for an answer.
    """

    def write(self, data: bytes) -> None:
        if self.wrote_header or not data:  # type: ignore[has-type]
            super().write(data)
            return
        header = self.build_response_header()
        self.wrote_header = True
        self.channel.write_soon(header + data)
        self.content_bytes_written += len(data)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection, which knows when the request began that it is still sending."""

    task_class = _Task
    begun = 0.0

    def received(self, data: bytes) -> Any:
        before = self.request
        result = super().received(data)
        if self.request is not before:
            self.begun = time.monotonic()
        return result

    def writable(self) -> bool:
        """Not while the thread that has the answer sends it: waitress would look again and again, in its way."""
        if self.requests and self.total_outbufs_len:
            if not self.outbuf_lock.acquire(blocking=False):
                return False  # what it can't send, it asks to be sent
            self.outbuf_lock.release()
        return bool(super().writable())

    def send_continue(self) -> None:
        """Say `100 Continue`; waitress would then wait for a body even where the request has none."""
        complete = self.request.completed
        super().send_continue()
        self.request.completed = complete

    @property
    def is_late(self) -> bool:
        return self.request is not None and time.monotonic() - self.begun > REQUEST_SECONDS

    @property
    def is_idle(self) -> bool:
        """Whether none of its requests is being answered."""
        return not self.requests


class Server(TcpWSGIServer):  # type: ignore[misc]
    """waitress, made strict with those who are slow."""

    channel_class = _Channel

    def __init__(self, is_wanted: Callable[[], bool], *args: Any, **options: Any) -> None:
        self._is_wanted = is_wanted
        super().__init__(*args, **options)

    def run(self) -> None:
        try:
            while self._map:
                self._map.turn(self.adj.asyncore_loop_timeout)
        except (SystemExit, KeyboardInterrupt):
            self.task_dispatcher.shutdown()

    def maintenance(self, now: float) -> None:
        if not self._is_wanted():
            raise SystemExit
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.is_idle and channel.is_late:
                channel.will_close = True
            if channel.will_close:
                self._map.changed(channel._fileno)

    def handle_accept(self) -> None:
        # Those of all addresses together: they share the room.
        channels = [one for one in list(self._map.values()) if isinstance(one, _Channel)]
        if len(channels) >= CONNECTIONS:
            self._make_room(channels)
        super().handle_accept()

    def _make_room(self, channels: Iterable[_Channel]) -> None:
        idle = [channel for channel in channels if channel.is_idle]
        if idle:
            min(idle, key=lambda channel: channel.last_activity).handle_close()
