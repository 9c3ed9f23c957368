"""One invocation of a Lambda function: its code in a plain subprocess, with limits of time and memory, and no secrets.

No container: the code runs as the user who started the sandbox, as a notebook's own cells do.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.sandbox.gateway.calls import account_of
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import aside

_CHILD: Final = Path(__file__).with_name("function_child.py")
# Python itself, before the function has done anything.
_INTERPRETER_MB: Final = 128
_MEGABYTE: Final = 1024 * 1024
_LARGEST_PAYLOAD: Final = 6 * _MEGABYTE
_LOG_TAIL: Final = 4096
# For each account, and in all: each is a process.
MOST_AT_ONCE: Final = 4
_IN_ALL: Final = 16
_PATIENCE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.1
_ENDING_SECONDS: Final = 3.0
_CHUNK: Final = 1 << 16
# The payload is a text within a text, which may write a character in six.
_LARGEST_RESULT: Final = 6 * _LARGEST_PAYLOAD + 4096


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it is run."""

    name: str
    arn: str
    region: str
    handler: str
    archive: bytes
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Invoked:
    """What came of it: the payload's JSON text, `Unhandled` where the function failed, and the end of its log."""

    payload: str
    error: str | None
    log: str


class Runner:
    """Runs functions, a few at once."""

    def __init__(self) -> None:
        self._room = Share(each=MOST_AT_ONCE, few=1, in_all=_IN_ALL)

    def run(self, function: Function, event: Any, request_id: str) -> Invoked:
        """Invoke it and wait. Raises `Refusal` where too many are under way, as Lambda does."""
        too_many = Refusal("TooManyRequestsException", "Rate Exceeded.", 429)
        with (
            aside(),
            self._room.taken(account_of(function.arn, default=""), too_many, patience=_PATIENCE_SECONDS),
            tempfile.TemporaryDirectory(prefix="xsfn-lambda-", ignore_cleanup_errors=True) as folder,
        ):
            return _run(function, event, request_id, Path(folder))


def _run(function: Function, event: Any, request_id: str, folder: Path) -> Invoked:
    archive = folder / "task.zip"
    archive.write_bytes(function.archive)
    spec = {
        "name": function.name,
        "arn": function.arn,
        "handler": function.handler,
        "archive": str(archive),
        "timeout_seconds": function.timeout_seconds,
        "memory_mb": function.memory_mb,
        "address_space_bytes": (function.memory_mb + _INTERPRETER_MB) * _MEGABYTE,
        "request_id": request_id,
        "event": event,
    }
    # Files without a name: the function's code can put nothing in their place.
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as log:
        stdin.write(json.dumps(spec).encode())
        stdin.seek(0)
        # -I and -S: neither the caller's environment and folder nor installed packages.
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and file, no shell
            [sys.executable, "-I", "-S", str(_CHILD)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(function, folder),
            cwd=folder,
            start_new_session=True,
        )
        try:
            told = _told(child, time.monotonic() + function.timeout_seconds)
        finally:
            _end(child)
        log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_TAIL))
        text = log.read().decode("utf-8", "replace")
    if told is None:
        words = f"RequestId: {request_id} Error: Task timed out after {function.timeout_seconds:.2f} seconds"
        return _ended("Sandbox.Timedout", words, text)
    if len(told) > _LARGEST_RESULT:
        return _too_large(text)
    answer = _answer(told)
    if answer is None:
        return _ended("Runtime.ExitError", f"RequestId: {request_id} Error: {_how_it_ended(child.returncode)}", text)
    if len(answer[0].encode()) > _LARGEST_PAYLOAD:
        return _too_large(text)
    return Invoked(*answer, text)


def _told(child: subprocess.Popen[bytes], end: float) -> bytes | None:
    """The line that tells what came of it, or as much as there is at the process's end; None where time is over.

    What is left behind may hold the pipe open, and may write into it, so nothing is waited for after either.
    """
    assert child.stdout is not None
    told = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while not told.endswith(b"\n") and len(told) <= _LARGEST_RESULT:
            ended = child.poll() is not None
            left = end - time.monotonic()
            if left <= 0 and not ended:
                return None
            if selector.select(0.0 if ended else min(left, _LOOK_SECONDS)):
                part = os.read(child.stdout.fileno(), _CHUNK)
                told += part
                if not part:
                    break
            elif ended:
                break
    if not told.endswith(b"\n") and len(told) <= _LARGEST_RESULT:
        try:
            child.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
    return bytes(told)


def _answer(told: bytes) -> tuple[str, str | None] | None:
    """Payload and kind of error, where they are what our own program tells; the function's code may tell anything."""
    try:
        answer = json.loads(told)
        json.loads(answer["payload"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return answer["payload"], "Unhandled" if answer.get("error") else None


def _too_large(log: str) -> Invoked:
    words = f"Response payload size exceeded maximum allowed payload size ({_LARGEST_PAYLOAD} bytes)."
    return _ended("Function.ResponseSizeTooLarge", words, log)


def _environment(function: Function, folder: Path) -> dict[str, str]:
    """What a function sees (docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), and nothing of ours."""
    return {
        **function.environment,
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "_HANDLER": function.handler,
    }


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the process, and whatever it has started itself."""
    if child.poll() is None:
        child.terminate()  # it ends all that it watches over, and then itself
        with suppress(subprocess.TimeoutExpired):
            child.wait(_ENDING_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}"
    return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"


def _ended(kind: str, message: str, log: str) -> Invoked:
    return Invoked(json.dumps({"errorType": kind, "errorMessage": message}), "Unhandled", log)


def log_tail(log: str) -> str:
    """The log as an answer's header carries it."""
    return base64.b64encode(log.encode()).decode("ascii")
