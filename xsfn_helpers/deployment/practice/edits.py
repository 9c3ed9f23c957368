"""From one JSON document to another in single edits, each shown as a line of Python."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.chain.documents import Document

Way = tuple[str | int, ...]

_WIDTH: Final = 88


class EditKind(StrEnum):
    SET = "set"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class DocumentEdit:
    """One place of a document: its value is set or removed, or a value is added to the list there."""

    way: Way
    kind: EditKind
    value: Any = None

    def code(self, name: str) -> str:
        """The edit as Python; `name` is the variable that holds the document."""
        place = name + "".join(f"[{python_literal(step)}]" for step in self.way)
        if self.kind is EditKind.REMOVE:
            return f"del {place}"
        if self.kind is EditKind.ADD:
            return f"{place}.append({python_literal(self.value)})"
        return f"{place} = {python_literal(self.value)}"


def edits(have: Mapping[str, Any], want: Mapping[str, Any]) -> tuple[DocumentEdit, ...]:
    """What turns `have` into `want`, when done in this order."""
    return tuple(_edits(have, want, ()))


def edited(document: Document, changes: Mapping[str, Any]) -> Document:
    """A copy with the value at each path (`Statement/0/Action`) replaced, or removed when it is None."""
    changed = copy.deepcopy(document)
    for path, value in changes.items():
        place: Any = changed
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        for step in steps:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return changed


def with_statement(policy: Document, statement: Mapping[str, Any]) -> Document:
    """A copy of the policy with one more statement."""
    return {**policy, "Statement": [*policy["Statement"], dict(statement)]}


def _edits(have: Any, want: Any, way: Way) -> Iterator[DocumentEdit]:
    if have == want:
        return
    if isinstance(have, Mapping) and isinstance(want, Mapping):
        yield from (DocumentEdit((*way, key), EditKind.REMOVE) for key in have if key not in want)
        for key, value in want.items():
            if key in have:
                yield from _edits(have[key], value, (*way, key))
            else:
                yield DocumentEdit((*way, key), EditKind.SET, value)
    elif isinstance(have, list) and isinstance(want, list):
        yield from _list_edits(have, want, way)
    else:
        yield DocumentEdit(way, EditKind.SET, want)


def _list_edits(have: Sequence[Any], want: Sequence[Any], way: Way) -> Iterator[DocumentEdit]:
    for position, (old, new) in enumerate(zip(have, want, strict=False)):
        yield from _edits(old, new, (*way, position))
    yield from (DocumentEdit(way, EditKind.ADD, value) for value in want[len(have) :])
    # From the end, so that the positions before stay what they are.
    yield from (DocumentEdit((*way, position), EditKind.REMOVE) for position in reversed(range(len(want), len(have))))


def python_literal(value: Any, indent: int = 0) -> str:
    """The value as Python, with JSON's double quotes; an object that is too long for a line gets one for each key."""
    if isinstance(value, Mapping):
        members = [f"{python_literal(key)}: {python_literal(inner, indent + 4)}" for key, inner in value.items()]
        return _bracketed("{", members, "}", indent)
    if isinstance(value, list):
        return _bracketed("[", [python_literal(inner, indent + 4) for inner in value], "]", indent)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _bracketed(opening: str, members: Sequence[str], closing: str, indent: int) -> str:
    line = f"{opening}{', '.join(members)}{closing}"
    if indent + len(line) <= _WIDTH and "\n" not in line:
        return line
    pad = " " * (indent + 4)
    return "\n".join([opening, *(f"{pad}{member}," for member in members), " " * indent + closing])
