"""HCL expressions, as far as the exported files have them: texts with interpolation, references, calls, maps, lists.

Source: developer.hashicorp.com/terraform/language/expressions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr

# Gives what `var.region` or `aws_iam_role.operator.arn` stands for.
Lookup = Callable[[str], Any]
Functions = Mapping[str, Callable[..., Any]]
_TOKEN: Final = re.compile(r"\s*(?:(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|(?P<number>\d+)|(?P<mark>[(){}\[\],=:]))")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_WORDS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}


def evaluate(value: Any, lookup: Lookup, functions: Functions) -> Any:
    """A value as the parser hands it over: `"text"`, `${expression}`, lists and maps of these.

    Raises `ConfigError` for an expression that isn't covered.
    """
    if isinstance(value, list):
        return [evaluate(item, lookup, functions) for item in value]
    if isinstance(value, dict):
        items = ((key, inner) for key, inner in value.items() if key != "__is_block__")
        return {unquoted(key): evaluate(inner, lookup, functions) for key, inner in items}
    if not isinstance(value, str):
        return value
    if value.startswith("${") and value.endswith("}"):
        return _Reader(value[2:-1], lookup, functions).whole()
    if value in _WORDS:
        return _WORDS[value]
    return _Reader(value, lookup, functions).whole() if value.startswith('"') else value


def unquoted(text: str) -> str:
    """A key or label without the quotes that the parser leaves on it."""
    return text[1:-1] if text.startswith('"') and text.endswith('"') and len(text) > 1 else text


def interpolated(text: str, lookup: Lookup, functions: Functions) -> str:
    """A template's text with each `${…}` carried out; `$${` stands for `${`."""
    reader = _Reader(text, lookup, functions)
    return reader.template(until="")


class _Reader:
    """Reads and carries out one expression, from left to right."""

    def __init__(self, text: str, lookup: Lookup, functions: Functions) -> None:
        self._text = text
        self._at = 0
        self._lookup = lookup
        self._functions = functions

    def whole(self) -> Any:
        value = self._value()
        if self._text[self._at :].strip():
            raise self._strange()
        return value

    def template(self, *, until: str) -> str:
        """The text up to the character `until`, or to the end where that is empty."""
        parts: list[str] = []
        while self._at < len(self._text):
            rest = self._text[self._at :]
            if until and rest.startswith(until):
                self._at += 1
                return "".join(parts)
            if rest.startswith("$${"):
                parts.append("${")
                self._at += 3
            elif rest.startswith("${"):
                self._at += 2
                parts.append(str(self._value()))
                self._expect("}")
            elif until and rest.startswith("\\"):
                parts.append(_ESCAPES.get(rest[1:2], rest[1:2]))
                self._at += 2
            else:
                parts.append(rest[0])
                self._at += 1
        if until:
            raise self._strange()
        return "".join(parts)

    def _value(self) -> Any:
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        if self._text.startswith('"', self._at):
            self._at += 1
            return self.template(until='"')
        token = self._next()
        if token["number"]:
            return int(token["number"])
        if token["mark"] == "[":
            return list(self._items("]", self._value))
        if token["mark"] == "{":
            return dict(self._items("}", self._pair))
        name = token["name"]
        if name is None:
            raise self._strange()
        if self._peek("("):
            self._expect("(")
            return self._call(name)
        return _WORDS[name] if name in _WORDS else self._lookup(name)

    def _call(self, name: str) -> Any:
        if name == "can":  # whether its argument can be worked out at all
            return None not in self._items(")", self._value)
        if name not in self._functions:
            known = ", ".join(("can", *self._functions))
            raise ConfigError(
                tr("The function {name} isn't covered here.", name=name), fix=tr("There are: {names}.", names=known)
            )
        return self._functions[name](*self._items(")", self._value))

    def _items(self, end: str, read: Callable[[], Any]) -> list[Any]:
        found = []
        while not self._peek(end):
            found.append(read())
            if self._peek(","):
                self._expect(",")
        self._expect(end)
        return found

    def _pair(self) -> tuple[str, Any]:
        key = str(self._value()) if self._peek('"') else str(self._next()["name"])
        if not self._peek("=") and not self._peek(":"):
            raise self._strange()
        self._next()
        return key, self._value()

    def _peek(self, mark: str) -> bool:
        return self._text[self._at :].lstrip().startswith(mark)

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise self._strange()
        self._at = found.end()
        return found

    def _expect(self, mark: str) -> None:
        if not self._peek(mark):
            raise self._strange()
        self._at = self._text.index(mark, self._at) + len(mark)

    def _strange(self) -> ConfigError:
        return ConfigError(tr("This expression isn't covered here: {text}", text=self._text))
