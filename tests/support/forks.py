"""Python processes that begin where their imports end.

Reading our modules, moto's and the kernel's takes a process 1 to 2 s of processor time, and the tests start some
hundreds. Where Linux can fork, one process for each test process reads them once, and each of the others begins as its
copy: with a memory, environment, folder and standard streams of its own, and nothing that another has done. What is
about the start itself starts as users do (`starting_afresh`), and so does everything in `make soak` and on macOS.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.support.soak import SOAKING

ROOT: Final = Path(__file__).parents[2]
# What the processes that the tests start import, one way or another.
_READ: Final = (
    "xsfn_helpers.cli",
    "xsfn_helpers.lab.lab",
    "xsfn_helpers.sandbox.process.main",
    "xsfn_helpers.display.live",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipywidgets",
)
_LENGTH: Final = 4
_STREAMS: Final = 3
_WHERE_IT_CAN: Final = sys.platform == "linux" and not SOAKING


@dataclass(frozen=True, slots=True)
class _Wish:
    """A process to be: Python's own arguments, environment, folder, and whether it has a session of its own."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    session: bool


class _Connection:
    """To the process that has read the modules."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._asking = threading.Lock()

    def begin(self, wish: _Wish, streams: Sequence[int]) -> tuple[int, int]:
        """The id of a process that is as wished; and a descriptor that gives its exit status once it has ended."""
        told, tell = os.pipe()
        try:
            body = json.dumps(asdict(wish)).encode()
            with self._asking:
                socket.send_fds(self._socket, [len(body).to_bytes(_LENGTH)], [*streams, tell])
                self._socket.sendall(body)
                pid = int.from_bytes(_exactly(self._socket, _LENGTH))
        except BaseException:
            os.close(told)
            raise
        finally:
            os.close(tell)
        return pid, told

    def close(self) -> None:
        self._socket.close()


class _Reader(_Connection):
    """The process that has read the modules, of this test process. It ends when this one closes the connection.

    Its copies can ask it, too: it listens where no other user can connect, nor anybody who isn't told the name.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"\0xsfn-tests-{secrets.token_hex(16)}")
            listener.listen()
            descriptors = theirs.fileno(), listener.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forks", *map(str, descriptors)],
                cwd=ROOT,
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
            )
        super().__init__(ours)

    def close(self) -> None:
        super().close()
        self._process.wait()


class Popen(subprocess.Popen[Any]):
    """As subprocess.Popen, for commands that begin with this interpreter; others it starts as ever.

    Everything about streams, waiting and limits of time is subprocess's own. Not for commands that take further
    descriptors, or whose arguments others look for in the list of processes.
    """

    _told: int | None = None

    def _execute_child(self, args: Any, executable: Any, *more: Any) -> None:
        (_, _, _, cwd, env, _, _, shell, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite) = more[:14]
        start_new_session = more[19]
        if not _WHERE_IT_CAN or shell or executable or args[0] != sys.executable or _afresh:
            super()._execute_child(args, executable, *more)  # type: ignore[misc]
            return
        wish = _Wish(
            [os.fsdecode(one) for one in args[1:]],
            dict(os.environ if env is None else env),
            os.fsdecode(cwd or Path.cwd()),
            bool(start_new_session),
        )
        streams = [own if own != -1 else number for number, own in enumerate((p2cread, c2pwrite, errwrite))]
        self.pid, self._told = _reader().begin(wish, streams)
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._told is None:
            return super()._try_wait(wait_flags)  # type: ignore[misc,no-any-return]
        if wait_flags & os.WNOHANG and not _readable(self._told):
            return 0, 0
        status = os.read(self._told, _LENGTH)
        os.close(self._told)
        self._told = None
        # Without a status, the reader is gone, and what it began can't be waited for.
        return self.pid, int.from_bytes(status) if status else signal.SIGKILL

    def _internal_poll(self, *arguments: Any, **keywords: Any) -> int | None:
        if self._told is None:
            return super()._internal_poll(*arguments, **keywords)  # type: ignore[misc,no-any-return]
        if self.returncode is None and self._waitpid_lock.acquire(False):  # type: ignore[attr-defined]
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode


def run(command: Sequence[str], *, check: bool = False, timeout: float | None = None, **more: Any) -> Any:
    """As subprocess.run, of these processes."""
    if more.pop("capture_output", False):
        more |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(command, **more) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    if check and process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output, errors)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


_readers: Final[list[_Connection]] = []
_afresh: Final[list[None]] = []


def _reader() -> _Connection:
    if not _readers:
        _readers.append(_Reader())
    return _readers[0]


@contextmanager
def starting_afresh() -> Iterator[None]:
    """For the while, every process starts as a user's does."""
    _afresh.append(None)
    try:
        yield
    finally:
        _afresh.pop()


class _Subprocess:
    """The module `subprocess`, for those whose processes may begin as copies."""

    Popen = Popen
    run = staticmethod(run)

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)


def _stand_ins() -> Iterator[tuple[ModuleType, str, Any]]:
    """Where sandboxes and notebooks' kernels are started, and what is to stand there so that they begin as copies."""
    import jupyter_client.launcher

    from xsfn_helpers.sandbox.process import launch

    yield jupyter_client.launcher, "Popen", Popen
    yield launch, "subprocess", _Subprocess()


@contextmanager
def forking() -> Iterator[None]:
    """For the while, sandboxes and notebooks' kernels that this process starts begin as copies."""
    with ExitStack() as back:
        for module, name, other in _stand_ins():
            back.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, other)
        try:
            yield
        finally:
            while _readers:
                _readers.pop().close()


def _readable(descriptor: int) -> bool:
    """Not by select(), which ends at 1,024 descriptors: a test process may have more."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _exactly(connection: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        more = connection.recv(length - len(read))
        if not more:
            raise ConnectionError("the other side is gone")
        read += more
    return read


# --- the process that has read the modules -------------------------------------------------------------------------


def _serve(owner: socket.socket, listener: socket.socket) -> tuple[_Wish, list[int]] | None:
    """In the process that has read the modules: None once its owner is gone. In each copy: what it is to be."""
    tells: dict[int, int] = {}
    connections = [owner]
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([woken, listener, *connections], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(tells)
        if listener in ready:
            connections.append(listener.accept()[0])
        for connection in [one for one in connections if one in ready]:
            length, streams, _, _ = socket.recv_fds(connection, _LENGTH, _STREAMS + 1)
            if not length:
                if connection is owner:
                    return None
                connections.remove(connection)
                connection.close()
                continue
            wish = _Wish(**json.loads(_exactly(connection, int.from_bytes(length))))
            tell = streams.pop()
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                if wish.session:
                    os.setsid()
                # Not before it has its own session: a signal to the process's group would be one to the tests.
                connection.sendall(os.getpid().to_bytes(_LENGTH))
                for one in connections:
                    one.close()
                for other in (woken, wake, tell, *tells.values()):
                    os.close(other)
                return wish, streams
            for stream in streams:
                os.close(stream)
            tells[pid] = tell


def _tell_ends(tells: dict[int, int]) -> None:
    for pid in list(tells):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            tell = tells.pop(pid)
            try:
                os.write(tell, status.to_bytes(_LENGTH))
            except BrokenPipeError:
                continue  # nobody waits for it
            finally:
                os.close(tell)


def _become(wish: _Wish, streams: Sequence[int], address: bytes) -> None:
    """Go on as the interpreter would with these arguments."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, encoding="utf-8", errors="backslashreplace" if number == 2 else None, closefd=False)
        for number, mode in enumerate(("r", "w", "w"))
    )
    sys.stdout.reconfigure(line_buffering=False)
    sys.stderr.reconfigure(line_buffering=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    os.environ.clear()
    os.environ.update(wish.environment)
    if "JPY_PARENT_PID" in os.environ:
        os.environ["JPY_PARENT_PID"] = str(os.getppid())  # a kernel ends with the process that began it
    os.chdir(wish.folder)
    arguments = list(wish.arguments)
    here = True
    while arguments[0] not in ("-m", "-c"):
        here = here and arguments.pop(0) != "-P"
    what, named, *rest = arguments
    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [*([wish.folder] if here else []), *own, *sys.path[1:]]
    sys.argv[:] = [what if what == "-c" else named, *rest]
    _ask_at(address)
    # Python's own generator starts anew in a copy; moto's wouldn't, and all would make the same unique IDs.
    if (moto := sys.modules.get("moto.moto_api._internal")) is not None:
        moto.mock_random.seed()
    if what == "-m":
        runpy.run_module(named, run_name="__main__", alter_sys=True)
    else:
        exec(compile(named, "<string>", "exec"), {"__name__": "__main__"})


def _ask_at(address: bytes) -> None:
    """Let sandboxes and kernels that this process starts begin as copies, too."""

    class Later(_Connection):
        """Connects when it is asked."""

        def __init__(self) -> None:
            self._to: _Connection | None = None

        def begin(self, wish: _Wish, streams: Sequence[int]) -> tuple[int, int]:
            if self._to is None:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(address)
                self._to = _Connection(connection)
            return self._to.begin(wish, streams)

    _readers[:] = [Later()]
    for module, name, other in _stand_ins():
        setattr(module, name, other)


def main() -> None:
    for module in _READ:
        import_module(module)
    with socket.socket(fileno=int(sys.argv[1])) as owner, socket.socket(fileno=int(sys.argv[2])) as listener:
        address = listener.getsockname()
        gc.collect()
        gc.freeze()
        wished = _serve(owner, listener)
    if wished:
        _become(*wished, address)


if __name__ == "__main__":
    main()
