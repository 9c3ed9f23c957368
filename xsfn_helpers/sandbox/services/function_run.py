"""One invocation of a Lambda function: its code in a plain subprocess, with limits of time and memory, and no secrets.

No container: the code runs as the user who started the sandbox, as a notebook's own cells do.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.sandbox.gateway.calls import account_of
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import aside
from xsfn_helpers.sandbox.services.function_here import answer_here

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
    archive, result, log = folder / "task.zip", folder / "result.json", folder / "log"
    archive.write_bytes(function.archive)
    spec = {
        "name": function.name,
        "arn": function.arn,
        "handler": function.handler,
        "archive": str(archive),
        "result": str(result),
        "timeout_seconds": function.timeout_seconds,
        "memory_mb": function.memory_mb,
        "address_space_bytes": (function.memory_mb + _INTERPRETER_MB) * _MEGABYTE,
        "request_id": request_id,
        "event": event,
    }
    if in_browser():
        answer, text, timed_out = answer_here(spec, _environment(function, folder))
        return _judged(None if timed_out else answer, text[-_LOG_TAIL:], request_id, function)
    given = folder / "spec.json"
    given.write_text(json.dumps(spec), encoding="utf-8")
    with given.open("rb") as stdin, log.open("wb") as output:
        # -I and -S: neither the caller's environment and folder nor installed packages.
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and file, no shell
            [sys.executable, "-I", "-S", str(_CHILD)],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(function, folder),
            cwd=folder,
            start_new_session=True,
        )
        try:
            child.wait(function.timeout_seconds)
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            _end(child)
    text = log.read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")
    if timed_out:
        return _judged(None, text, request_id, function)
    try:
        answer = json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _ended("Runtime.ExitError", f"RequestId: {request_id} Error: {_how_it_ended(child.returncode)}", text)
    return _judged(answer, text, request_id, function)


def _judged(answer: Mapping[str, Any] | None, text: str, request_id: str, function: Function) -> Invoked:
    """The answer within its limits; None is one that came too late."""
    if answer is None:
        words = f"RequestId: {request_id} Error: Task timed out after {function.timeout_seconds:.2f} seconds"
        return _ended("Sandbox.Timedout", words, text)
    if len(answer["payload"].encode()) > _LARGEST_PAYLOAD:
        words = f"Response payload size exceeded maximum allowed payload size ({_LARGEST_PAYLOAD} bytes)."
        return _ended("Function.ResponseSizeTooLarge", words, text)
    return Invoked(answer["payload"], answer.get("error"), text)


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
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}"
    return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"


def _ended(kind: str, message: str, log: str) -> Invoked:
    return Invoked(json.dumps({"errorType": kind, "errorMessage": message}), "Unhandled", log)


def log_tail(log: str) -> str:
    """The log as an answer's header carries it."""
    return base64.b64encode(log.encode()).decode("ascii")
