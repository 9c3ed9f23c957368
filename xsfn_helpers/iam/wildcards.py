"""Text patterns with `*` (any run) and `?` (one character), and policy variables inside them.

No regular expression with a star is ever built: a pattern is cut at its stars and the pieces are looked for
from left to right, so `*a*a*a*a*b` costs no more than it looks (text length times pattern length at worst).

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

Test = Callable[[str], bool]


class Wild(Enum):
    STAR = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`; the key is lower-case."""

    key: str
    default: str | None = None


Token = str | Wild | Variable


class Lookup(Protocol):
    """Where variables get their values: a request."""

    def single(self, key: str) -> str | None: ...


_WILD: Final = re.compile(r"([*?])")
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT: Final = re.compile(r"([^,]*?)\s*,\s*'(.*)'\s*", re.DOTALL)
_SPECIAL: Final = frozenset("*?$")


def tokens_of(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """The text as literals, wildcards and variables; what isn't switched on stays literal."""
    if not variables or "${" not in text:
        return tuple(_wild_tokens(text)) if wildcards else (text,)
    tokens: list[Token] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        before = text[at : found.start()]
        tokens += _wild_tokens(before) if wildcards else [before]
        tokens.append(_variable(found[1]))
        at = found.end()
    rest = text[at:]
    tokens += _wild_tokens(rest) if wildcards else [rest]
    return tuple(token for token in tokens if token != "")


def _wild_tokens(text: str) -> list[Token]:
    if "*" not in text and "?" not in text:
        return [text] if text else []
    return [Wild(part) if part in ("*", "?") else part for part in _WILD.split(text) if part]


def _variable(inside: str) -> Token:
    if inside in _SPECIAL:
        return inside  # ${*} ${?} ${$}: the character itself
    if found := _WITH_DEFAULT.fullmatch(inside):
        return Variable(found[1].strip().lower(), found[2])
    return Variable(inside.strip().lower())


def has_variables(tokens: Iterable[Token]) -> bool:
    return any(isinstance(token, Variable) for token in tokens)


def resolve(tokens: Iterable[Token], lookup: Lookup) -> tuple[Token, ...] | None:
    """The tokens with every variable's value as literal text; None if one has neither value nor default.

    A value's own `*` stays a plain character. A key with several values can't be a variable.
    """
    out: list[Token] = []
    for token in tokens:
        if isinstance(token, Variable):
            value = lookup.single(token.key)
            if value is None:
                value = token.default
            if value is None:
                return None
            out.append(value)
        else:
            out.append(token)
    return tuple(out)


def literal_of(tokens: Iterable[Token]) -> str:
    """The plain text of tokens that hold no wildcard and no variable."""
    return "".join(token for token in tokens if isinstance(token, str))


def glob(tokens: Iterable[Token]) -> Test:
    """A test for the whole of a text; the tokens hold no variable."""
    pieces = _pieces(tokens)
    if len(pieces) == 1:
        return _exactly(pieces[0])
    head, *middle, tail = pieces
    middle = [piece for piece in middle if piece]
    if not middle and all(isinstance(piece, str) for piece in (*head, *tail)):
        return _ends(literal_of(head), literal_of(tail))
    return _in_order(head, middle, tail)


Piece = tuple[Token, ...]


def _pieces(tokens: Iterable[Token]) -> list[Piece]:
    """The tokens cut at the stars; neighbouring literals joined."""
    pieces: list[list[Token]] = [[]]
    for token in tokens:
        last = pieces[-1]
        if token is Wild.STAR:
            pieces.append([])
        elif isinstance(token, str) and last and isinstance(last[-1], str):
            last[-1] += token
        elif token != "":
            last.append(token)
    return [tuple(piece) for piece in pieces]


def _exactly(piece: Piece) -> Test:
    if all(isinstance(token, str) for token in piece):
        literal = literal_of(piece)
        return lambda text: text == literal
    pattern = _regex(piece)
    return lambda text: pattern.fullmatch(text) is not None


def _ends(head: str, tail: str) -> Test:
    if not tail:
        return (lambda text: text.startswith(head)) if head else (lambda text: True)
    shortest = len(head) + len(tail)
    return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)


def _in_order(head: Piece, middle: list[Piece], tail: Piece) -> Test:
    """Head at the start, tail at the end, the rest in order between: leftmost is always right between stars."""
    find_head, find_tail = _finder(head), _finder(tail)
    head_length, tail_length = _length(head), _length(tail)
    finders = [(_finder(piece), _length(piece)) for piece in middle]

    def test(text: str) -> bool:
        end = len(text) - tail_length
        at = head_length
        if at > end or find_head(text, 0, at) != 0 or find_tail(text, end, len(text)) != end:
            return False
        for find, length in finders:
            at = find(text, at, end)
            if at < 0:
                return False
            at += length
        return True

    return test


def _finder(piece: Piece) -> Callable[[str, int, int], int]:
    """Where the piece begins between two offsets, leftmost; -1 if nowhere."""
    if all(isinstance(token, str) for token in piece):
        literal = literal_of(piece)
        return lambda text, start, end: text.find(literal, start, end)
    pattern = _regex(piece)

    def find(text: str, start: int, end: int) -> int:
        found = pattern.search(text, start, end)
        return found.start() if found else -1

    return find


def _length(piece: Piece) -> int:
    return sum(len(token) if isinstance(token, str) else 1 for token in piece)


def _regex(piece: Piece) -> re.Pattern[str]:
    """A piece has no star, so its regular expression has a fixed length and nothing to backtrack over."""
    return re.compile("".join(re.escape(token) if isinstance(token, str) else "." for token in piece), re.DOTALL)
