"""Text patterns with `*` (any run) and `?` (one character), and policy variables inside them.

No regular expression with a star is ever built: a pattern is cut at its stars and the pieces are looked for
from left to right, so `*a*a*a*a*b` costs no more than it looks. What could take long or much memory is measured
first: a text shorter than the pattern's own letters can't match, and nothing is joined for it; a piece with `?` is
looked for at its rarest run of letters, and one that would still need too many steps is denied in words.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final, Protocol

from xsfn_helpers.iam.errors import TooMuchWork

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
_SPECIAL: Final = frozenset("*?$")


def tokens_of(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """The text as literals, wildcards and variables; what isn't switched on stays literal."""
    if not variables or "${" not in text:
        return tuple(_wild_tokens(text)) if wildcards else (text,)
    tokens: list[Token] = []
    at = 0
    while (opened := text.find("${", at)) >= 0 and (closed := text.find("}", opened)) >= 0:
        before = text[at:opened]
        tokens += _wild_tokens(before) if wildcards else [before]
        tokens.append(_variable(text[opened + 2 : closed]))
        at = closed + 1
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
    key, comma, default = inside.partition(",")
    default = default.strip()
    if comma and len(default) > 1 and default[0] == default[-1] == "'":
        return Variable(key.strip().lower(), default[1:-1])
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


def shortest(tokens: Iterable[Token]) -> int:
    """How many characters a text must have at least to match the tokens, which hold no variable."""
    return sum(len(token) if isinstance(token, str) else token is Wild.ONE for token in tokens)


def glob_of(resolved: Iterable[Token], text: str) -> bool:
    """Whether the text matches tokens whose variables have their values: joined only if the text is long enough."""
    tokens = tuple(resolved)
    return shortest(tokens) <= len(text) and glob(tokens)(text)


def glob(tokens: Iterable[Token]) -> Test:
    """A test for the whole of a text; the tokens hold no variable.

    The test raises `TooMuchWork` where a text and a pattern with many `?` would take it too long.
    """
    pieces = _pieces(tokens)
    if len(pieces) == 1:
        return _exactly(pieces[0])
    head, *middle, tail = pieces
    middle = [piece for piece in middle if piece]
    if not middle and all(isinstance(piece, str) for piece in (*head, *tail)):
        return _ends(literal_of(head), literal_of(tail))
    if all(isinstance(token, str) for piece in pieces for token in piece):
        return _literals_in_order(literal_of(head), literal_of(tail), [literal_of(piece) for piece in middle])
    return _in_order(head, middle, tail)


Piece = tuple[Token, ...]


def _pieces(tokens: Iterable[Token]) -> list[Piece]:
    """The tokens cut at the stars; neighbouring literals joined."""
    pieces: list[Piece] = []
    piece: list[Token] = []
    run: list[str] = []

    def end_run() -> None:
        if run:
            piece.append("".join(run))
            run.clear()

    for token in tokens:
        if isinstance(token, str):
            if token:
                run.append(token)
            continue
        end_run()
        if token is Wild.STAR:
            pieces.append(tuple(piece))
            piece = []
        else:
            piece.append(token)
    end_run()
    return [*pieces, tuple(piece)]


def _exactly(piece: Piece) -> Test:
    if all(isinstance(token, str) for token in piece):
        literal = literal_of(piece)
        return lambda text: text == literal
    length, stands = _length(piece), _standing(piece)
    return lambda text: len(text) == length and stands(text, 0)


def _ends(head: str, tail: str) -> Test:
    if not tail:
        return (lambda text: text.startswith(head)) if head else (lambda text: True)
    shortest = len(head) + len(tail)
    return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)


def _literals_in_order(head: str, tail: str, middle: list[str]) -> Test:
    """As `_in_order`, of pieces without `?`: most patterns."""
    begin, end_length = len(head), len(tail)

    def test(text: str) -> bool:
        at, end = begin, len(text) - end_length
        if at > end or not text.startswith(head) or not text.endswith(tail):
            return False
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


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
    length, runs, stands = _length(piece), _runs(piece), _standing(piece)
    if not runs:
        return lambda text, start, end: start if start + length <= end else -1

    def find(text: str, start: int, end: int) -> int:
        if start + length == end:
            return start if stands(text, start) else -1
        # Only where its rarest run of letters stands can the piece stand.
        rarest, at = min(runs, key=lambda one: text.count(one[0], start, end)) if len(runs) > 1 else runs[0]
        place, last, steps = start + at, end - length + at, 0
        while 0 <= (place := text.find(rarest, place)) <= last:
            if stands(text, place - at):
                return place - at
            steps += length
            if steps > _MOST_STEPS:
                raise TooMuchWork
            place += 1
        return -1

    return find


# A pattern and a resource at their longest (8,192 characters) need a sixth of them.
_MOST_STEPS: Final = 100_000_000
# Each run is counted once in a text; more wouldn't make the rarest much rarer.
_MOST_RUNS: Final = 8


def _runs(piece: Piece) -> list[tuple[str, int]]:
    """The piece's different runs of letters, the longest first, each with its place in the piece."""
    found: dict[str, int] = {}
    at = 0
    for token in piece:
        if isinstance(token, str):
            found.setdefault(token, at)
        at += len(token) if isinstance(token, str) else 1
    return sorted(found.items(), key=lambda one: -len(one[0]))[:_MOST_RUNS]


def _length(piece: Piece) -> int:
    return sum(len(token) if isinstance(token, str) else 1 for token in piece)


def _standing(piece: Piece) -> Callable[[str, int], bool]:
    """Whether the piece stands in a text at an offset: a few letters by themselves, many by a regular expression."""
    if len(piece) > _MOST_TOKENS:
        pattern = cache(lambda: _regex(piece))  # made when it is needed
        return lambda text, at: pattern().match(text, at) is not None

    def stands(text: str, at: int) -> bool:
        for token in piece:
            if isinstance(token, str):
                if not text.startswith(token, at):
                    return False
                at += len(token)
            else:
                at += 1
        return True

    return stands


_MOST_TOKENS: Final = 16


def _regex(piece: Piece) -> re.Pattern[str]:
    """A piece has no star, so its regular expression has a fixed length and nothing to backtrack over."""
    return re.compile("".join(re.escape(token) if isinstance(token, str) else "." for token in piece), re.DOTALL)
