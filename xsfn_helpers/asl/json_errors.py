"""What is wrong with a JSON text, in the words of the parser that AWS uses (Jackson).

Recorded: localstack's test_sfn_api (2023-06-22) and test_sfn_api_validation (2025-10-19).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_ANY_VALUE: Final = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_WORD: Final = re.compile(r"[\w$]+")
# Jackson quotes this much of the text.
_QUOTED: Final = 500


@dataclass(frozen=True, slots=True)
class UnreadableJson:
    """The first fault of a text: Jackson's sentence, and where its reader stood (both count from 1)."""

    text: str
    message: str
    line: int
    column: int

    @property
    def location(self) -> str:
        quoted = self.text
        if len(quoted) > _QUOTED:
            quoted = f"{quoted[:_QUOTED]}"
            more = f"[truncated {len(self.text) - _QUOTED} chars]"
        else:
            more = ""
        return f'[Source: (String)"{quoted}"{more}; line: {self.line}, column: {self.column}]'


def read(text: str) -> Any:
    """The value of a JSON text. Raises `InvalidJson`."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InvalidJson(_fault(text, error)) from None
    except (ValueError, RecursionError):
        raise InvalidJson(
            UnreadableJson(text, "The JSON can't be read: a number or its depth is beyond limits", 1, 1)
        ) from None


class InvalidJson(Exception):
    """The text isn't JSON; `fault` says why."""

    def __init__(self, fault: UnreadableJson) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError("Expecting value", name, 0)


def _fault(text: str, error: json.JSONDecodeError) -> UnreadableJson:
    if error.doc is not text:  # NaN and Infinity, which Python would take
        return _at(text, text.index(error.doc), _unrecognized(error.doc), len(error.doc))
    at = error.pos
    if at >= len(text):
        return _at(text, len(text), "Unexpected end-of-input", 0)
    for beginning, words in _WORDS:
        if error.msg.startswith(beginning):
            return words(text, at)
    return _at(text, at, f"Unexpected character ({_named(text[at])})", 1)


def _value(text: str, at: int) -> UnreadableJson:
    if word := _WORD.match(text, at):
        return _at(text, at, _unrecognized(word[0]), len(word[0]))
    return _at(text, at, f"Unexpected character ({_named(text[at])}): expected a valid value {_ANY_VALUE}", 1)


def _unrecognized(word: str) -> str:
    return f"Unrecognized token '{word}': was expecting {_ANY_VALUE}"


def _expecting(what: str) -> Callable[[str, int], UnreadableJson]:
    def words(text: str, at: int) -> UnreadableJson:
        return _at(text, at, f"Unexpected character ({_named(text[at])}): was expecting {what}", 1)

    return words


def _unterminated(text: str, at: int) -> UnreadableJson:
    return _at(text, len(text), "Unexpected end-of-input: was expecting closing quote for a string value", 0)


# What Python's reader says -> what Jackson says of the same place.
_WORDS: Final[tuple[tuple[str, Callable[[str, int], UnreadableJson]], ...]] = (
    ("Expecting property name", _expecting("double-quote to start field name")),
    ("Illegal trailing comma", _expecting("double-quote to start field name")),
    ("Expecting ':'", _expecting("a colon to separate field name and value")),
    ("Expecting ','", _expecting("comma to separate entries")),
    ("Expecting value", _value),
    ("Unterminated string", _unterminated),
    ("Extra data", _value),
)


def _named(character: str) -> str:
    return f"'{character}' (code {ord(character)})"


def _at(text: str, at: int, message: str, read_on: int) -> UnreadableJson:
    before = text[: at + read_on]
    line = before.count("\n") + 1
    return UnreadableJson(text, message, line, len(before) - (before.rfind("\n") + 1) + 1)
