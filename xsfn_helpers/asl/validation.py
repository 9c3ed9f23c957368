"""What Step Functions would deny in a definition: its words, and the line and column in the text that was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.asl.definition_rules import SCHEMA, Diagnostic, diagnose
from xsfn_helpers.common.json_text import JsonFault, Path, deepest_known, place_at, read_json
from xsfn_helpers.common.language import tr

# CreateStateMachine.definition in AWS's service model.
MAX_LENGTH: Final = 1_048_576
INVALID_JSON: Final = "INVALID_JSON_DESCRIPTION"
_NAMED_FIELD: Final = re.compile(r"Field '(?P<field>.+)' is not supported", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DefinitionFault:
    """One thing that keeps a definition from being accepted; `line` and `column` count from 1.

    `code` and `message` are AWS's; `detail` says more where AWS's words are hard to read.
    """

    code: str
    message: str
    line: int
    column: int
    detail: str = ""

    def __str__(self) -> str:
        detail = f" {self.detail}" if self.detail else ""
        what = f"{self.code}: {self.message}{detail}"
        return tr("line {line}, column {column}: {what}", line=self.line, column=self.column, what=what)


def find_faults(text: str, *, express: bool = False) -> tuple[DefinitionFault, ...]:
    """Everything wrong with the definition, in the order in which AWS tells it; empty when nothing is.

    A key that is given twice in one object counts as a fault: which of the two holds is nobody's promise.
    """
    if len(text) > MAX_LENGTH:
        words = f"Member must have length less than or equal to {MAX_LENGTH}"
        detail = tr("The definition has {count} characters.", count=len(text))
        return (DefinitionFault("ValidationException", words, 1, 1, detail),)
    told = diagnose(text, express=express)
    try:
        document = read_json(text)
    except JsonFault as fault:
        return (_unreadable(text, fault, told),)
    return tuple(_placed(text, document, one) for one in told)


def _unreadable(text: str, fault: JsonFault, told: tuple[Diagnostic, ...]) -> DefinitionFault:
    place = place_at(text, fault.offset)
    aws = next((one for one in told if one.code == INVALID_JSON or not text), None)
    if aws is None:  # only our own reader minds
        return DefinitionFault(INVALID_JSON, fault.what, place.line, place.column)
    sentence = aws.message.partition("\n")[0]
    return DefinitionFault(aws.code, sentence, place.line, place.column, fault.what)


def _placed(text: str, document: Any, diagnostic: Diagnostic) -> DefinitionFault:
    path = locate(document, diagnostic.location or "")
    field = _NAMED_FIELD.fullmatch(diagnostic.message) if diagnostic.code == SCHEMA else None
    key_at, value_at = deepest_known(text, (*path, field["field"]) if field else path)
    # A whole object is found by its name, a single value by itself.
    around = _at(document, path)
    place = place_at(text, key_at if field or isinstance(around, (Mapping, list)) else value_at)
    return DefinitionFault(diagnostic.code, diagnostic.message, place.line, place.column)


def locate(document: Any, location: str) -> Path:
    """The keys to what AWS calls `location` (`/States/Ask/Choices[0]/Next`), as far as they are in the document.

    A state's name may itself have slashes and brackets, so the names that are there decide where one ends.
    """
    return _steps(document, location) or ()


def _steps(value: Any, rest: str) -> Path | None:
    if rest in ("", "/"):
        return ()
    longest: Path | None = None
    if isinstance(value, Mapping) and rest.startswith("/"):
        for key, inner in value.items():
            after = rest[1 + len(key) :]
            if rest.startswith(key, 1) and (not after or after[0] in "/["):
                found = _steps(inner, after)
                if found is not None and (longest is None or len(found) + 1 > len(longest)):
                    longest = (key, *found)
    elif isinstance(value, list) and (index := re.match(r"\[(\d+)\]", rest)):
        at = int(index[1])
        found = _steps(value[at], rest[index.end() :]) if at < len(value) else None
        longest = None if found is None else (at, *found)
    # What isn't there (a missing field) is told at what is around it.
    return longest if longest is not None else ()


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document
