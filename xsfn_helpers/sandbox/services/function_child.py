"""Runs one invocation of a Lambda function, in a process of its own: `python -I -S function_child.py`, spec on stdin.

It knows nothing of the sandbox, and the function's code sees neither its environment nor its packages: the standard
library is all there is. Its limits are hard ones, so that the code can't lift them again.
"""

from __future__ import annotations

import importlib
import json
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
    """Read the spec, set the limits, run the handler, write what came of it."""
    spec = json.load(sys.stdin)
    _limit(spec)
    sys.path.insert(0, spec["archive"])
    answer = invoke(spec)
    sys.stdout.flush()
    Path(spec["result"]).write_text(json.dumps(answer), encoding="utf-8")


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
    try:
        return {"payload": json.dumps(result, ensure_ascii=False, default=_text)}
    except (TypeError, ValueError) as error:
        return _failed(spec, "Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def _text(value: object) -> str:
    """Bytes as text: AWS's runtime writes them so (recorded: localstack's test_invoke_bytes_payload, 2024)."""
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
