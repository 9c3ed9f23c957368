"""The sandbox's HTTP server and slow, greedy or broken clients: each is cut off, and nobody waits for them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from xsfn_helpers.sandbox.http import listener

Respond = Callable[[str, list[tuple[str, str]]], Any]
ASK = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"

# Of whoever waits for what happens at once, and would else never happen.
PATIENCE = 60.0


def _echo(environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    respond("200 OK", [("content-length", str(len(body)))])
    return [body]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A server as the sandbox's that echoes, with few connections and little patience."""
    monkeypatch.setattr(listener, "CONNECTIONS", 20)
    monkeypatch.setattr(listener, "REQUEST_SECONDS", 0.5)
    sockets = listener.listen(0, last=0)
    assert sockets
    server = listener.server(_echo, sockets, lambda: True)
    stop = threading.Event()
    serving = threading.Thread(target=_serve, args=(server, stop))
    serving.start()
    yield server.effective_host, int(server.effective_port)
    stop.set()
    serving.join(PATIENCE)
    assert not serving.is_alive()


def _serve(server: listener.Server, stop: threading.Event) -> None:
    while not stop.is_set():
        server._map.turn(0.05)
    server.task_dispatcher.shutdown()
    server.close()
    server.asyncore.close_all(server._map)


def _ask(address: tuple[str, int]) -> None:
    """A good request on a connection of its own is answered. Were it kept waiting, it would be so for ever."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(ASK)
        assert connection.recv(1000).endswith(b"\r\n\r\nhi")


def _is_cut_off(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_a_crowd_of_silent_connections_makes_room(address: tuple[str, int]) -> None:
    crowd = [socket.create_connection(address) for _ in range(60)]

    for _ in range(5):
        _ask(address)
    assert any(_is_cut_off(connection, 0.01) for connection in crowd)
    for connection in crowd:
        connection.close()


def test_a_crowd_that_dribbles_makes_room(address: tuple[str, int]) -> None:
    """Each keeps its connection alive with a byte now and then."""
    crowd = [socket.create_connection(address) for _ in range(19)]
    for _ in range(5):
        for connection in crowd:
            with contextlib.suppress(ConnectionError):  # it took too long already
                connection.sendall(b"P")
        _ask(address)
    for connection in crowd:
        connection.close()


def test_a_request_that_takes_too_long_is_cut_off(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as slow:
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE and not _is_cut_off(slow, 0.1):
            try:
                slow.sendall(b"X: y\r\n" if time.monotonic() - began > 0.1 else b"POST / HTTP/1.1\r\n")
            except ConnectionError:
                break

        assert 0.4 < time.monotonic() - began < PATIENCE


def test_a_body_that_never_comes_is_cut_off(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome")

        assert _is_cut_off(slow, PATIENCE)


def test_a_quiet_connection_may_stay(address: tuple[str, int]) -> None:
    """A notebook's client keeps its connection while its reader reads."""
    with socket.create_connection(address, timeout=PATIENCE) as quiet:
        for _ in range(2):
            quiet.sendall(ASK)
            assert quiet.recv(1000).endswith(b"hi")
            time.sleep(1.2)


def test_who_asks_again_before_the_answer_gets_both(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        for _ in range(3):
            connection.sendall(ASK * 4)
            received = b""
            while received.count(b"\r\n\r\nhi") < 4:
                chunk = connection.recv(10_000)
                assert chunk
                received += chunk


def test_who_leaves_before_the_answer_is_forgotten(address: tuple[str, int]) -> None:
    for _ in range(30):
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(ASK * 2)

    _ask(address)


def test_a_silent_connection_isnt_asked_at_every_turn(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else six hundred of them cost more than the work."""
    with contextlib.ExitStack() as stack:
        for _ in range(15):
            connection = stack.enter_context(socket.create_connection(address, timeout=PATIENCE))
            connection.sendall(ASK)
            connection.recv(1000)
        time.sleep(0.3)  # a client has its answer a moment before the thread that gave it is done
        readable = listener._Channel.readable
        asked: list[object] = []
        monkeypatch.setattr(
            listener._Channel, "readable", lambda channel: (asked.append(channel), readable(channel))[1]
        )
        for _ in range(20):
            connection.sendall(ASK)
            connection.recv(1000)

        assert len(set(asked)) == 1


def test_who_doesnt_read_keeps_no_thread(address: tuple[str, int]) -> None:
    """More of them than there are threads, each with a large answer that it leaves lying."""
    body = b"x" * 400_000
    lazy = []
    for _ in range(10):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        lazy.append(connection)

    _ask(address)
    for connection in lazy:
        connection.close()


def test_an_answer_goes_out_in_one_piece(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the sandbox killed between header and body, an AWS client would take the empty body for success."""
    sent: list[bytes] = []
    send = listener._Channel.send
    monkeypatch.setattr(
        listener._Channel,
        "send",
        lambda channel, data, **options: (sent.append(data), send(channel, data, **options))[1],
    )

    _ask(address)

    assert [(data[:15], data[-6:]) for data in sent] == [(b"HTTP/1.1 200 OK", b"\r\n\r\nhi")]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST / HTTP/1.1\r\nX: ".ljust(listener.LARGEST_HEADER, b"x"), b"431"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"501"),
        (b"POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\nhi", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", b"400"),
        (b"post / HTTP/1.1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\nX: y\n\n\r\n\r\n", b"400"),
        (b"\x00\x01\x02\r\n\r\n", b"400"),
    ],
)
def test_what_isnt_http_is_told_and_cut_off(address: tuple[str, int], request_bytes: bytes, status: bytes) -> None:
    received = b""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(request_bytes)
        while chunk := connection.recv(65536):
            received += chunk

    assert received.split(b" ", 2)[1] == status
    assert b"Traceback" not in received


def test_http_1_0_and_chunks_and_expectations_are_understood(address: tuple[str, int]) -> None:
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    expecting = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
    for request in (b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", chunked, expecting):
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(request)
            assert connection.makefile("rb").read().endswith(b"\r\n\r\nhi")


def test_the_loop_leaves_an_answer_to_the_thread_that_sends_it() -> None:
    """It would find the connection writable at every turn, and take the time that the thread needs."""
    channel = listener._Channel.__new__(listener._Channel)
    channel.requests, channel.total_outbufs_len, channel.outbuf_lock = [object()], 1, threading.Condition()
    seen: list[bool] = []

    def look() -> None:
        seen.append(channel.writable())

    with channel.outbuf_lock:
        other = threading.Thread(target=look)
        other.start()
        other.join()
    look()

    assert seen == [False, True]
