"""Guests' expressions and patterns, evaluated by processes that can be ended: none keeps anybody else waiting.

A bounded engine such as RE2 would be faster; but JSONata and CloudFormation take patterns that it doesn't (looking
ahead, referring back), and JSONata has more ways than patterns to go on for ever or to fill the memory. A browser tab
has no other process, and its guest is the reader: there they are evaluated at once, and only JSONata minds the time.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.sandbox.guests.evaluator_child import answer as answer_here
from xsfn_helpers.sandbox.guests.shares import Share

_CHILD: Final = Path(__file__).with_name("evaluator_child.py")
# An expression that would run for ever is cut.
MOST_SECONDS: Final = 5.0
# For the way there and back, and for a process that has yet to start, on a machine with much to do.
_SPARE_SECONDS: Final = 2.0
_START_SECONDS: Final = 20.0
_EACH: Final = 2
_IN_ALL: Final = 8
_PATIENCE: Final = 60.0
_IDLE_KEPT: Final = 2
_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_CHUNK: Final = 1 << 16


class NotEvaluated(Exception):
    """An expression that has no value, or takes too much. `code` is JSONata's own where it has one."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Evaluator:
    """Asks processes of its own; started when they are needed, and ended where they take too long."""

    def __init__(self) -> None:
        self._share = Share(each=_EACH, few=1, in_all=_IN_ALL)
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def jsonata(self, account_id: str, expression: str) -> Any:
        """The value of a JSONata expression. Raises `NotEvaluated`."""
        return self._ask(account_id, "jsonata", expression=expression, milliseconds=int(MOST_SECONDS * 1000))

    def matches(self, account_id: str, pattern: str, text: str) -> bool:
        """Whether the whole text is as the regular expression says. Raises `NotEvaluated`."""
        return bool(self._ask(account_id, "match", pattern=pattern, text=text))

    def finds(self, account_id: str, pattern: str, text: str) -> bool:
        """Whether the regular expression is found in the text. Raises `NotEvaluated`."""
        return bool(self._ask(account_id, "search", pattern=pattern, text=text))

    def substituted(self, account_id: str, pattern: str, replacement: str, text: str) -> str:
        """The text with all that the regular expression finds replaced. Raises `NotEvaluated`."""
        return str(self._ask(account_id, "substitute", pattern=pattern, text=text, replacement=replacement))

    def close(self) -> None:
        """End the processes that nobody is asking."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _ask(self, account_id: str, deed: str, **given: Any) -> Any:
        question = json.dumps({"do": deed, "with": given, "seconds": MOST_SECONDS})
        busy = NotEvaluated("UNKNOWN", "Too many expressions of this account are being evaluated.")
        with self._share.taken(account_id, busy, patience=_PATIENCE):
            if in_browser():
                return _value(json.loads(answer_here(json.loads(question))))
            with self._lock:
                child = self._idle.pop() if self._idle else None
            child = child or _Child()
            try:
                answer = child.ask(question)
            except BaseException:
                child.end()
                raise
            with self._lock:
                keep = len(self._idle) < _IDLE_KEPT
                if keep:
                    self._idle.append(child)
            if not keep:
                child.end()
        return _value(answer)


def _value(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise NotEvaluated(answer["code"], answer["error"])
    return answer["value"]


class _Child:
    """One process that evaluates; asked by one thread at a time."""

    def __init__(self) -> None:
        # -I: neither the caller's environment and folder, nor modules of somebody's home.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file, no shell
            [sys.executable, "-I", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
        self._fresh = True

    def ask(self, question: str) -> dict[str, Any]:
        """The answer to a question. Raises `NotEvaluated` where none comes in time."""
        assert self._process.stdin is not None
        seconds = MOST_SECONDS + (_START_SECONDS if self._fresh else _SPARE_SECONDS)
        self._fresh = False
        try:
            self._process.stdin.write(question.encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise NotEvaluated("UNKNOWN", f"The expression couldn't be evaluated: {error}") from error
        answer: dict[str, Any] = json.loads(self._line(time.monotonic() + seconds))
        return answer

    def _line(self, end: float) -> bytes:
        assert self._process.stdout is not None
        told = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not told.endswith(b"\n"):
                if not selector.select(max(0.0, end - time.monotonic())):
                    words = f"Expression evaluation timeout: {int(MOST_SECONDS * 1000)}ms"
                    raise NotEvaluated("D1012", f"D1012: {words}")
                part = self._process.stdout.read1(_CHUNK)  # type: ignore[attr-defined]
                told += part
                if not part:
                    raise NotEvaluated("UNKNOWN", "The expression needs more than it may have.")
                if len(told) > _LARGEST_ANSWER:
                    raise NotEvaluated("UNKNOWN", "The expression's value is too large.")
        return bytes(told)

    def end(self) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.wait()
