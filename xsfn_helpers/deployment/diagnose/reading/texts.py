"""Bytes to values, with the line that each is on: JSON, JSON with comments, and YAML with CloudFormation's short forms.

Pure. The parsers are Python's own and PyYAML's; what is taken out before (comments, a comma too many) is told.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import yaml

from xsfn_helpers.common.json_text import JsonFault, Path, offsets
from xsfn_helpers.common.language import tr

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A text of a few bytes can stand for an endless one, by YAML's aliases.
_MOST_NODES: Final = 2_000_000
_DEEPEST: Final = 400
# Of how many texts the lines are kept.
_KEPT: Final = 8
# Strings are kept; everything else that JSON has no word for becomes blanks, or a string.
_BESIDE_JSON: Final = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<comma>,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[\]}]))'
    r"|(?P<symbol>\$\{[^{}\"\n]*\})",
    re.DOTALL,
)


class UnreadableText(ValueError):
    """Why a file's text gives no value, in a sentence."""


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it is written in a file: `line` finds its parts again. `remarks` are what had to be passed over."""

    value: Any
    text: str
    lines: Mapping[Path, int] | None = None
    remarks: tuple[str, ...] = field(default=())

    def line(self, *path: str | int) -> int:
        """The line of the deepest part of this path that is there."""
        known = self.lines if self.lines is not None else _json_lines(self.text)
        for length in range(len(path), 0, -1):
            if (found := known.get(path[:length])) is not None:
                return found
        return 1


def decoded(data: bytes) -> str:
    """The text of a file, by its byte order mark; UTF-16 without one is known by its zero bytes."""
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    if not encoding and b"\x00" in data[:64]:
        encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    try:
        return data.decode(encoding or "utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        raise UnreadableText(tr("It can't be read: {error}.", error=error)) from error


def parsed(text: str, *, as_yaml: bool) -> Written:
    """The value of a text. Raises `UnreadableText`."""
    start = text.lstrip()[:2]
    if not as_yaml or start.startswith(("{", "[")):
        try:
            return _as_json(text)
        except UnreadableText:
            if not as_yaml:
                raise
    return _as_yaml(text)


def _as_json(text: str) -> Written:
    try:
        return Written(_loaded(text), text)
    except json.JSONDecodeError as error:
        what = tr(
            "It isn't JSON: {error}, line {line}, column {column}.",
            error=error.msg,
            line=error.lineno,
            column=error.colno,
        )
    plain, remarks = _without_extras(text)
    if remarks:
        try:
            return Written(_loaded(plain), plain, remarks=remarks)
        except json.JSONDecodeError:
            pass  # what is wrong with the text as it stands is the better answer
    raise UnreadableText(what)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise UnreadableText(tr("It is nested too deep to be an answer of the AWS CLI.")) from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        raise UnreadableText(tr("It isn't JSON that can be trusted: {error}.", error=error)) from error


def _without_extras(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without what JSON doesn't have, each part replaced by as many characters, and what that was."""
    seen: set[str] = set()

    def replacement(found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        if kind == "string":
            return found[0]
        seen.add(kind)
        if kind == "symbol":  # a value that is filled in at deployment
            return json.dumps(found[0])
        return re.sub(r"[^\n]", " ", found[0])

    plain = _BESIDE_JSON.sub(replacement, text)
    told = {
        "comment": tr("it has comments, which AWS takes in no JSON; they were passed over"),
        "comma": tr("it has a comma before a closing bracket, which AWS takes in no JSON; it was passed over"),
        "symbol": tr("it has ${…} outside quotes, taken as values that are filled in at deployment"),
    }
    return plain, tuple(told[kind] for kind in told if kind in seen)


@lru_cache(maxsize=_KEPT)
def _json_lines(text: str) -> Mapping[Path, int]:
    """By a member's path its line. Whoever asks for one line of a file asks for many."""
    try:
        found = offsets(text)
    except (JsonFault, RecursionError):
        return {}
    ends = [at for at, one in enumerate(text) if one == "\n"]
    return {path: bisect_left(ends, key) + 1 for path, (key, _) in found.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(tr("the key {key!r} is there twice", key=next(_repeated(pairs))))
    return members


def _repeated(pairs: list[tuple[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            yield key
        seen.add(key)


# --- YAML


class _Constructor(yaml.constructor.SafeConstructor):
    """Scalars as YAML means them, but for dates, which are text in every template."""


_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DATE: Final = "tag:yaml.org,2002:timestamp"
_TEXT: Final = "tag:yaml.org,2002:str"


def _as_yaml(text: str) -> Written:
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=_LOADER)
        value = None if node is None else _Values(lines).of(node, (), 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise UnreadableText(
            tr(
                "It isn't YAML: {error}, line {line}, column {column}.",
                error=error.problem or error.context,
                line=mark.line + 1 if mark else 1,
                column=mark.column + 1 if mark else 1,
            )
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableText(tr("It isn't YAML: {error}.", error=error)) from error
    return Written(value, text, lines)


class _Values:
    """Nodes to values, each with its line."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self._lines, self._scalars, self._count = lines, _Constructor(), 0

    def of(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self._count += 1
        if self._count > _MOST_NODES or depth > _DEEPEST:
            raise UnreadableText(tr("It is nested too deep, or stands for too much, to be a template."))
        self._lines.setdefault(path, node.start_mark.line + 1)
        if node.tag.startswith("!"):
            return self._short_form(node, path, depth)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(one, (*path, index), depth + 1) for index, one in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                for one in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    inherited = self.of(one, path, depth + 1)
                    merged = {**(inherited if isinstance(inherited, dict) else {}), **merged}
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            self._lines.setdefault((*path, key), key_node.start_mark.line + 1)
            if key in found:
                raise UnreadableText(tr("It isn't YAML that can be trusted: the key {key!r} is there twice.", key=key))
            found[key] = self.of(value_node, (*path, key), depth + 1)
        return {**merged, **found}

    def _short_form(self, node: yaml.Node, path: Path, depth: int) -> Any:
        suffix = node.tag[1:]
        name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
        inner = (*path, name)
        if isinstance(node, yaml.MappingNode):
            return {name: self._mapping(node, inner, depth)}
        if isinstance(node, yaml.SequenceNode):
            return {name: [self.of(one, (*inner, index), depth + 1) for index, one in enumerate(node.value)]}
        if name == "Fn::GetAtt":
            return {name: node.value.split(".", 1)}
        return {name: node.value}

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag in (_TEXT, _DATE):
            return str(node.value)
        construct: Any = self._scalars.construct_object
        try:
            return construct(node)
        except (yaml.YAMLError, ValueError):
            return str(node.value)
