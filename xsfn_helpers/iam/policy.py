"""A policy document: JSON in, compiled statements out; what AWS would deny is denied here, in its words.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and the messages that
CreateRole, UpdateAssumeRolePolicy, PutRolePolicy and CreatePolicy are known to answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from xsfn_helpers.common.json_text import (
    JsonFault,
    Place,
    deepest_known,
    path_text,
    place_at,
    plain,
    read_json,
    write_json,
)
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam.errors import PolicyError, Unsupported
from xsfn_helpers.iam.grammar import GrammarFault, compile_statements, version_of
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.statement import Statement, StatementIndex

# PolicyDocument's longest input in IAM's service model.
MAX_LENGTH: Final = 131_072
# Policies up to this length are kept compiled, the least recently used are dropped: memory stays flat.
_CACHED_LENGTH: Final = 10_240
_CACHE_SIZE: Final = 512


class Source(StrEnum):
    """Where a document's text comes from, which decides what line numbers mean."""

    WRITTEN = "written"  # the text somebody wrote: its lines count
    VALUE = "value"  # a Python value: its lines are those of its JSON with two-space indent
    PART = "part"  # cut out of a larger JSON text: places are given as a path


@dataclass(frozen=True, slots=True)
class _Compiled:
    version: str
    statements: tuple[Statement, ...]
    index: StatementIndex


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, compiled once. Make it with `Policy.parse`.

    `name` is how messages call it, e.g. "execute role's trust policy (Subject account 222222222222)".
    """

    kind: PolicyKind
    name: str
    version: str
    statements: tuple[Statement, ...]
    _text: str = field(repr=False)
    _source: Source = field(repr=False)
    _index: StatementIndex = field(repr=False, compare=False)

    @classmethod
    def parse(cls, document: str | Mapping[str, Any], *, kind: PolicyKind, name: str = "") -> Policy:
        """The policy that `document` (JSON text, or the value it stands for) is.

        Raises `PolicyError` (with AWS's code and message, line and column) for a document that AWS would
        deny, and `Unsupported` for one this engine can't decide.
        """
        if isinstance(document, str):
            _check_text(document, kind, name)
            return cls._compiled(document, kind, name, Source.WRITTEN)
        return cls._compiled(_text_of(document, kind, name), kind, name, Source.VALUE)

    @classmethod
    def parse_part(cls, text: str, *, kind: PolicyKind, name: str = "") -> Policy:
        """Like `parse`, for JSON text cut out of a larger one: a fault is placed by path (`Statement[0].Effect`)."""
        if len(text) > MAX_LENGTH:
            raise _too_long(len(text), name)
        return cls._compiled(text, kind, name, Source.PART)

    @classmethod
    def _compiled(cls, text: str, kind: PolicyKind, name: str, source: Source) -> Policy:
        compile_text = _compile_cached if len(text) <= _CACHED_LENGTH else _compile
        try:
            compiled = compile_text(text, kind)
        except (GrammarFault, JsonFault) as fault:
            raise _policy_error(fault, text, kind, name, source) from None
        return cls(kind, name, compiled.version, compiled.statements, text, source, compiled.index)

    def about(self, action: str) -> Sequence[Statement]:
        """The statements that may match this lower-case action, in their order: no other one does."""
        return self._index.about(action)

    @property
    def title(self) -> str:
        """The name, or what kind of policy it is."""
        return self.name or self.kind.told

    @property
    def text(self) -> str:
        """The document as its reader sees it; line numbers count in this text."""
        return self._text if self._source is Source.WRITTEN else _indented(self._text)

    @property
    def written(self) -> str:
        """The document's text as it was given."""
        return self._text

    @property
    def document(self) -> dict[str, Any]:
        """The document as a new value."""
        value = plain(read_json(self._text))
        assert isinstance(value, dict)
        return value

    def line_of(self, statement: Statement) -> int | None:
        """The line where the statement begins; None where the text is all one line or part of another."""
        if self._source is Source.PART:
            return None
        text = self.text
        if "\n" not in text.strip():
            return None
        _, offset = deepest_known(text, ("Statement", statement.index))
        return place_at(text, offset).line


def _check_text(text: str, kind: PolicyKind, name: str) -> None:
    """What IAM's service model says of a PolicyDocument before it is even read: length and characters."""
    if len(text) > MAX_LENGTH:
        raise _too_long(len(text), name)
    if kind is PolicyKind.RESOURCE or text.isascii():
        return
    bad = next((at for at, ch in enumerate(text) if ch > "\u00ff" or "\u007f" <= ch < "\u00a0"), None)
    if bad is not None:
        place = place_at(text, bad)
        raise PolicyError(
            "The specified value for policyDocument is invalid.",
            detail=tr("It has the character {text!r}.", text=text[bad]),
            code="ValidationError",
            policy=name,
            line=place.line,
            column=place.column,
            fix=tr(
                "IAM takes U+0020 to U+00FF, tabs and line ends; write anything else as \\uXXXX or in plain letters."
            ),
        )


def _too_long(length: int, name: str) -> PolicyError:
    return PolicyError(
        "Member must have length less than or equal to 131072",
        detail=tr("The document has {length} characters.", length=length),
        code="ValidationError",
        policy=name,
    )


def _text_of(document: object, kind: PolicyKind, name: str) -> str:
    if not isinstance(document, Mapping):
        raise PolicyError(
            kind.syntax_message,
            detail=tr("A policy is a JSON object, not {type_name}.", type_name=type(document).__name__),
            code=kind.error_code,
            policy=name,
        )
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PolicyError(
            kind.syntax_message,
            detail=tr("It can't be written as JSON: {error}.", error=error),
            code=kind.error_code,
            policy=name,
        ) from error
    if len(text) > MAX_LENGTH:
        raise _too_long(len(text), name)
    return text


def _compile(text: str, kind: PolicyKind) -> _Compiled:
    document = read_json(text)
    version = version_of(document, kind)
    statements = compile_statements(document, version, kind)
    return _Compiled(version, statements, StatementIndex(statements))


_compile_cached = lru_cache(maxsize=_CACHE_SIZE)(_compile)


def _policy_error(
    fault: GrammarFault | JsonFault, text: str, kind: PolicyKind, name: str, source: Source
) -> PolicyError:
    """The fault as an error that says where: by line and column, or, in a part of a larger text, by path."""
    if source is Source.PART:
        path = "" if isinstance(fault, JsonFault) else path_text(fault.path)
        return _error(fault, kind, f"{name}{path}", None)
    if isinstance(fault, JsonFault):
        return _error(fault, kind, name, place_at(text, fault.offset))
    if source is Source.VALUE:
        text = _indented(text)
    try:
        key_at, value_at = deepest_known(text, fault.path)
    except JsonFault as deeper:  # read by the fast reader, but nested too deep for the careful one
        key_at = value_at = deeper.offset
    return _error(fault, kind, name, place_at(text, key_at if fault.at_key else value_at))


def _error(fault: GrammarFault | JsonFault, kind: PolicyKind, policy: str, place: Place | None) -> PolicyError:
    line, column = (None, None) if place is None else (place.line, place.column)
    if isinstance(fault, JsonFault):
        message, detail, fix = kind.json_message, fault.what, ""
    elif fault.unsupported:
        return Unsupported(fault.message, policy=policy, line=line, column=column, fix=fault.fix)
    else:
        message, detail, fix = fault.message, fault.detail, fault.fix
    return PolicyError(message, detail=detail, code=kind.error_code, policy=policy, line=line, column=column, fix=fix)


@lru_cache(maxsize=8)
def _indented(text: str) -> str:
    return write_json(read_json(text))
