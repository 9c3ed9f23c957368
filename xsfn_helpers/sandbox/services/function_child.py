"""Runs one invocation of a Lambda function, in a process of its own: `python -I -S function_child.py`, spec on stdin.

It knows nothing of the sandbox, and the function's code sees neither its environment nor its packages: the standard
library is all there is. Its limits are hard ones, so that the code can't lift them again.

There are two processes: this one watches, and one that it starts runs the code. On Linux whatever that starts itself
belongs to the watcher when it is left behind, in a session of its own or not, and ends with the invocation.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Where Lambda has the code; the stack of an error names it, and no path of this machine.
TASK_ROOT = "/var/task"
_LARGEST_FILE = 16 * 1024 * 1024
_OPEN_FILES = 64
_PR_SET_CHILD_SUBREAPER = 36
_HEARD = (signal.SIGCHLD, signal.SIGTERM)
_LOOK_SECONDS = 0.02
# Whoever asked ends us before.
_SPARE_SECONDS = 5.0
# As many as may be left behind one within another.
_MOST_ROUNDS = 10_000


class Context:
    """What a handler is given beside the event (docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, spec: dict[str, Any]) -> None:
        self.function_name: str = spec["name"]
        self.invoked_function_arn: str = spec["arn"]
        self.memory_limit_in_mb: int = spec["memory_mb"]
        self.aws_request_id: str = spec["request_id"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self._ends: float = time.monotonic() + spec["timeout_seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return int(max(0.0, self._ends - time.monotonic()) * 1000)


def main() -> None:
    """Read the spec, and watch over whoever runs the handler and tells on standard output what came of it."""
    spec = json.load(sys.stdin)
    _adopt_the_abandoned()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    worker = os.fork()
    if worker == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        _work(spec)
    status = _watched(worker, time.monotonic() + spec["timeout_seconds"] + _SPARE_SECONDS)
    _end_all(worker)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def _work(spec: dict[str, Any]) -> None:
    """Set the limits, run the handler, tell what came of it."""
    os.setpgid(0, 0)
    result = os.dup(1)
    os.dup2(2, 1)  # what the function prints goes to its log
    _limit(spec)
    sys.path.insert(0, spec["archive"])
    answer = invoke(spec)
    sys.stdout.flush()
    told = json.dumps(answer).encode() + b"\n"
    while told:
        told = told[os.write(result, told) :]
    sys.exit(0)


def _adopt_the_abandoned() -> None:
    """Become the parent of all that is left behind below, where the system has that."""
    if sys.platform != "linux":
        return
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        sys.stderr.write("what this function leaves behind can't be ended here\n")


def _watched(worker: int, end: float) -> int:
    """Wait for the worker's end; it is ended when it is time, or whoever asked for the function wants it."""
    while True:
        done, status = os.waitpid(worker, os.WNOHANG)
        if done:
            return status
        if time.monotonic() >= end or signal.SIGTERM in signal.sigpending():
            os.kill(worker, signal.SIGKILL)
            return os.waitpid(worker, 0)[1]
        if hasattr(signal, "sigtimedwait"):
            signal.sigtimedwait([signal.SIGCHLD], _LOOK_SECONDS)
        else:
            time.sleep(_LOOK_SECONDS)


def _end_all(worker: int) -> None:
    """End whatever the worker has left behind; its children become ours when it goes, and theirs when they do."""
    with contextlib.suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    for _ in range(_MOST_ROUNDS):
        for child in _children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.001)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """The processes whose parent this one is, as Linux tells them."""
    own, found = str(os.getpid()), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = told.rpartition(")")[2].split()
        if len(fields) > 1 and fields[1] == own and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def _limit(spec: dict[str, Any]) -> None:
    import resource  # here, for a browser tab has none, and no process to limit

    address_space = spec["address_space_bytes"]
    for what, most in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_CPU, int(spec["timeout_seconds"]) + 1),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # a system that doesn't know this limit; time is kept from outside all the same
            sys.stderr.write(f"limit {what} can't be set here\n")


def invoke(spec: dict[str, Any]) -> dict[str, Any]:
    """Call the handler; give its payload as JSON text, or how it failed."""
    try:
        handler = _handler(spec["handler"])
        result = handler(spec["event"], Context(spec))
    except _Unusable as unusable:
        return _failed(spec, unusable.kind, str(unusable), [])
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename.startswith(spec["archive"])]
        stack = [line.replace(spec["archive"], TASK_ROOT) for line in traceback.format_list(own)]
        return _failed(spec, type(error).__name__, str(error), stack)
    if isinstance(result, bytes) and (text := _json_in(result)) is not None:
        return {"payload": text}
    try:
        return {"payload": json.dumps(result, ensure_ascii=False, default=_text)}
    except (TypeError, ValueError) as error:
        return _failed(spec, "Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def _json_in(content: bytes) -> str | None:
    """Bytes that are JSON are the payload as they are (recorded: localstack's test_invoke_bytes_payload, 2025-11)."""
    try:
        text = content.decode("utf-8")
        json.loads(text)
    except ValueError:
        return None
    return text


def _text(value: object) -> str:
    """Other bytes as a text, the likeliest: what AWS makes of such a payload isn't established."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


class _Unusable(Exception):
    """There is no handler to call."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _handler(named: str) -> Callable[[Any, Context], Any]:
    module_name, _, name = named.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise _Unusable("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        words = f"Syntax error in module '{module_name}': {error.msg} ({module_name}.py, line {error.lineno})"
        raise _Unusable("Runtime.UserCodeSyntaxError", words) from error
    handler = getattr(module, name, None)
    if not callable(handler):
        raise _Unusable("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    return handler  # type: ignore[no-any-return]


def _failed(spec: dict[str, Any], kind: str, message: str, stack: list[str]) -> dict[str, Any]:
    body = {"errorMessage": message, "errorType": kind, "requestId": spec["request_id"], "stackTrace": stack}
    return {"payload": json.dumps(body, ensure_ascii=False), "error": "Unhandled"}


if __name__ == "__main__":
    main()
