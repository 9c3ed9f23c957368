"""A JSON document with a note beside its lines: the "why" of each line of a policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.chain.annotations import NOTES
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.plain_text import one_line, plain
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.display.markup import BORDER, PLAIN_ROW, TABLE, code_block, escape

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Annotated(Renderable):
    """A document and notes on it, as text and as a table with the notes beside their lines.

    A note's key is a path of keys and list positions with `/` between them (`Statement/0/Condition`, `~1` for a slash
    inside a key); a statement's Sid stands for the way to it (`OperatorStateMachine/Principal`). Raises `XsfnError` for
    a path that isn't in the document, so that no note gets lost.
    """

    document: Mapping[str, Any]
    notes: Mapping[str, str]
    title: str = ""

    def __post_init__(self) -> None:
        self.noted_lines()

    @property
    def text(self) -> str:
        """The document as it is, each note behind its line."""
        notes = self.noted_lines()
        lines = [
            f"{plain(line)}  ← {notes[number][1]}" if number in notes else plain(line)
            for number, (_, line) in enumerate(_lines(self.document), start=1)
        ]
        return "\n".join([*([one_line(self.title)] if self.title else []), *lines])

    def __str__(self) -> str:
        return self.text

    def noted_lines(self) -> dict[int, tuple[str, str]]:
        """Line number (from 1) to the note's key and text, in the document's order."""
        first_lines: dict[Keys, int] = {}
        for number, (keys, _) in enumerate(_lines(self.document), start=1):
            first_lines.setdefault(keys, number)
        found = {}
        for path, note in self.notes.items():
            keys = self._keys(path)
            if keys not in first_lines:
                raise XsfnError(
                    tr("The document has no {path!r}.", path=path),
                    where="note",
                    fix=tr(
                        "Its paths are: {paths}.",
                        paths=", ".join("/".join(known) for known in first_lines if known),
                    ),
                )
            found[first_lines[keys]] = (one_line(path), one_line(note))
        return dict(sorted(found.items()))

    def _keys(self, path: str) -> Keys:
        first, *rest = (part.replace("~1", "/").replace("~0", "~") for part in path.split("/"))
        statements = self.document.get("Statement")
        if isinstance(statements, list):
            for position, statement in enumerate(statements):
                if isinstance(statement, Mapping) and statement.get("Sid") == first:
                    return ("Statement", str(position), *rest)
        return (first, *rest)


def document_html(annotated: Annotated) -> str:
    """The document in blocks, each from one noted line to the next, with the note beside it."""
    noted = annotated.noted_lines()
    blocks: list[tuple[str, list[str]]] = []
    for number, (_, line) in enumerate(_lines(annotated.document), start=1):
        if number in noted or not blocks:
            blocks.append((noted.get(number, ("", ""))[1], []))
        blocks[-1][1].append(line)
    title = f"<p><b>{escape(annotated.title)}</b></p>" if annotated.title else ""
    rows = "".join(_block(*block) for block in blocks)
    return f'{title}<table width="100%" style="{TABLE}"><tbody>{rows}</tbody></table>'


def _block(note: str, lines: list[str]) -> str:
    cell = "text-align:left;vertical-align:top;padding:1px 10px"
    beside = f"{cell};border-left:{BORDER}" if note else cell
    # Long ARNs wrap, so that they leave the notes their room.
    text = code_block("\n".join(lines))
    return (
        f'<tr style="{PLAIN_ROW}"><td width="64%" style="{cell}">{text}</td>'
        f'<td width="36%" style="{beside}">{escape(note)}</td></tr>'
    )


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """The lines of `json_text`, each with the keys that lead to the value it starts or closes."""
    return _value(document, keys=(), label="", comma="")


def _value(value: Any, *, keys: Keys, label: str, comma: str) -> Iterator[tuple[Keys, str]]:
    indent = "  " * len(keys)
    if isinstance(value, Mapping) and value:
        opening, closing = "{", "}"
        members = [(key, f"{json.dumps(key, ensure_ascii=False)}: ", inner) for key, inner in value.items()]
    elif isinstance(value, list) and value:
        opening, closing = "[", "]"
        members = [(str(position), "", inner) for position, inner in enumerate(value)]
    else:
        yield keys, f"{indent}{label}{json.dumps(value, ensure_ascii=False)}{comma}"
        return
    yield keys, f"{indent}{label}{opening}"
    for position, (key, inner_label, inner) in enumerate(members, start=1):
        inner_comma = "," if position < len(members) else ""
        yield from _value(inner, keys=(*keys, key), label=inner_label, comma=inner_comma)
    yield keys, f"{indent}{closing}{comma}"


def annotated(blueprint: Blueprint, recommended: Blueprint, name: str) -> Annotated:
    """A document of a blueprint, and why its lines are there. Raises `ConfigError` for a name there is none of."""
    text = blueprint.text(name)
    # The notes are on the recommended lines; the reader's own document has its own reasons.
    notes = {path: tr(why) for path, why in NOTES.get(name, {}).items()} if text == recommended.text(name) else {}
    return Annotated(json.loads(text), notes, title=name.replace("_", " "))
