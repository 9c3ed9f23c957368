"""JSON as policies are written in it: read strictly, and with line and column of whatever is wrong.

The fast reader is Python's own; the one below it runs only to say where something is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final, NoReturn

from xsfn_helpers.common.language import mark, tr

Path = tuple[str | int, ...]

# Policies nest six deep; anything far beyond is a mistake or an attack.
MAX_DEPTH: Final = 64


class Number(str):
    """A JSON number, kept as it was written: `1.0` stays `1.0`, and a million digits cost nothing."""

    __slots__ = ()


class JsonFault(ValueError):
    """Why a text is not acceptable JSON, and where (`offset` into the text)."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a text, counted from 1 as editors do."""

    line: int
    column: int


def place_at(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class _NotAcceptableError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotAcceptableError
    return members


def _no_constant(name: str) -> NoReturn:
    raise _NotAcceptableError(name)


_FAST: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)
_QUICK: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
_SKIMMING: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
# Beyond this, saying where exactly isn't worth the time of a reader written in Python.
_CAREFUL_LENGTH: Final = 1_000_000
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: str) -> Any:
    """The value that `text` says, numbers as `Number`.

    Raises `JsonFault` for broken JSON, a key given twice in one object, NaN and Infinity, half a surrogate
    pair, and nesting deeper than `MAX_DEPTH`.
    """
    if len(text) > _CAREFUL_LENGTH:
        try:
            _SKIMMING.decode(text)
        except json.JSONDecodeError as error:
            raise JsonFault(tr("It isn't JSON: {msg}.", msg=error.msg), error.pos) from error
        except (_NotAcceptableError, RecursionError):
            pass  # the careful reader meets these soon, and says where
    try:
        value = _FAST.decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        if not may_hold_surrogates(text) or not _holds_surrogates(value):
            return value
    # The careful reader says what is wrong and where.
    return _Reader(text).document()


def end_of_value(text: str, at: int) -> int:
    """The offset after the JSON value that begins at `at`; what is in it is checked no further.

    Raises `ValueError` or `RecursionError` where no value is.
    """
    return _SKIMMING.raw_decode(text, at)[1]


def part_of(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins at `at`, with Python's own numbers, and the offset after it.

    Raises `ValueError` or `RecursionError` where no acceptable value is.
    """
    return _QUICK.raw_decode(text, at)


def may_hold_surrogates(text: str) -> bool:
    """Whether the text has escapes of surrogates, or raw ones: `read_json` alone tells pairs from halves."""
    return bool(_SURROGATE.search(text)) or not _is_text(text)


def _is_text(text: str) -> bool:
    """Whether no surrogate stands in it: UTF-8 has none."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _holds_surrogates(value: Any) -> bool:
    return not _is_text(json.dumps(value, ensure_ascii=False))


@lru_cache(maxsize=8)
def offsets(text: str) -> dict[Path, tuple[int, int]]:
    """For each element of a readable text, the offsets of its key (its own where it has none) and of its value."""
    reader = _Reader(text, remember=True)
    reader.document()
    return reader.offsets


_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_WORD: Final = re.compile(r"[A-Za-z]+")


class _Reader:
    """A plain recursive JSON reader that knows where it is, and remembers it if asked to."""

    def __init__(self, text: str, *, remember: bool = False) -> None:
        self.text = text
        self.remember = remember
        self.offsets: dict[Path, tuple[int, int]] = {}

    def document(self) -> Any:
        at = self._space(0)
        if at == len(self.text):
            raise JsonFault(tr("The text is empty."), 0)
        value, at = self._value(at, (), at)
        at = self._space(at)
        if at != len(self.text):
            raise JsonFault(tr("Something follows the end of the document: {near}.", near=self._near(at)), at)
        return value

    def _space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _near(self, at: int) -> str:
        return repr(self.text[at : at + 12]) if at < len(self.text) else tr("the text ends here")

    def _value(self, at: int, path: Path, key_at: int) -> tuple[Any, int]:
        if len(path) > MAX_DEPTH:
            raise JsonFault(tr("It is nested more than {max_depth} levels deep.", max_depth=MAX_DEPTH), at)
        if self.remember:
            self.offsets[path] = (key_at, at)
        start = self.text[at : at + 1]
        if start == "{":
            return self._object(at, path)
        if start == "[":
            return self._array(at, path)
        if start == '"':
            return self._string(at)
        if found := _NUMBER.match(self.text, at):
            return Number(found[0]), found.end()
        word = _WORD.match(self.text, at)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        raise JsonFault(
            _with_hint(tr("A value is expected here: {near}.", near=self._near(at)), _value_hint(start, word)),
            at,
        )

    def _object(self, at: int, path: Path) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = self._space(at + 1)
        if self.text[at : at + 1] == "}":
            return members, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise JsonFault(
                    _with_hint(
                        tr("A name in double quotes is expected here: {near}.", near=self._near(at)),
                        self._comma_hint(at),
                    ),
                    at,
                )
            key_at = at
            key, at = self._string(at)
            if key in members:
                raise JsonFault(tr('"{key}" is there twice in one object.', key=key), key_at)
            at = self._space(at)
            if self.text[at : at + 1] != ":":
                raise JsonFault(tr("A colon is missing here: {near}.", near=self._near(at)), at)
            members[key], at = self._value(self._space(at + 1), (*path, key), key_at)
            at, closed = self._next(at, "}")
            if closed:
                return members, at

    def _array(self, at: int, path: Path) -> tuple[list[Any], int]:
        items: list[Any] = []
        at = self._space(at + 1)
        if self.text[at : at + 1] == "]":
            return items, at + 1
        while True:
            if self.text[at : at + 1] == "]":
                raise JsonFault(
                    _with_hint(tr("A value is expected here: {near}.", near=self._near(at)), self._comma_hint(at)),
                    at,
                )
            value, at = self._value(at, (*path, len(items)), at)
            items.append(value)
            at, closed = self._next(at, "]")
            if closed:
                return items, at

    def _next(self, at: int, closing: str) -> tuple[int, bool]:
        at = self._space(at)
        mark = self.text[at : at + 1]
        if mark == closing:
            return at + 1, True
        if mark != ",":
            raise JsonFault(
                tr("A comma or {closing!r} is missing here: {near}.", closing=closing, near=self._near(at)), at
            )
        return self._space(at + 1), False

    def _comma_hint(self, at: int) -> str:
        trailing = self.text[at : at + 1] in ("}", "]") and self.text[:at].rstrip().endswith(",")
        return tr("The comma before it is one too many.") if trailing else ""

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            raise JsonFault(tr("The text in double quotes is broken: {msg}.", msg=error.msg), error.pos) from error
        if any("\ud800" <= ch <= "\udfff" for ch in value):
            raise JsonFault(tr("A text holds half of a surrogate pair (\\ud800 … \\udfff)."), at)
        return value, end


def _value_hint(start: str, word: re.Match[str] | None) -> str:
    if start == "'":
        return tr("JSON texts stand in double quotes.")
    if word and word[0].lower() in _WORDS:
        return tr("JSON writes {word} in small letters.", word=word[0].lower())
    if word and word[0] in ("NaN", "Infinity"):
        return tr("JSON has no such number.")
    return ""


def _with_hint(fault: str, hint: str) -> str:
    return f"{fault} {hint}" if hint else fault


def path_text(path: Path) -> str:
    """`.Statement[0].Effect`"""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def deepest_known(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """Offsets of the element at `path`, or of the nearest one around it."""
    known = offsets(text)
    at = tuple(path)
    while at not in known and at:
        at = at[:-1]
    return known[at]


def json_text(document: Mapping[str, Any]) -> str:
    """The document as the text AWS is given and the reader is shown: two-space indent, keys in order."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def write_json(value: Any, indent: str = "") -> str:
    """The value as `json.dumps(value, indent=2)` has it, but with numbers as they were written."""
    inner = indent + "  "
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict) and value:
        members = (f"{inner}{_quoted(key)}: {write_json(one, inner)}" for key, one in value.items())
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"{inner}{write_json(one, inner)}" for one in value) + f"\n{indent}]"
    return _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def plain(value: Any) -> Any:
    """The value with Python's own numbers, where they can hold what was written."""
    if isinstance(value, Number):
        if len(value) > 300:
            return str(value)
        number = json.loads(value)
        return number if abs(number) != float("inf") else str(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


_TYPE_NAMES: Final = {
    dict: mark("an object"),
    list: mark("a list"),
    str: mark("a text"),
    bool: mark("true or false"),
    type(None): mark("null"),
}


def type_name(value: Any) -> str:
    """What JSON calls it: an object, a list …"""
    if isinstance(value, (Number, int, float)) and not isinstance(value, bool):
        return tr("a number")
    name = _TYPE_NAMES.get(type(value))
    return tr(name) if name else type(value).__name__


def shown(value: Any) -> str:
    """The value as a message quotes it, long ones cut."""
    if isinstance(value, (dict, list)):
        return type_name(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    quoted = isinstance(value, str) and not isinstance(value, Number)
    text = f'"{value}"' if quoted else str(value)
    return text if len(text) <= 120 else f"{text[:120]}…"
