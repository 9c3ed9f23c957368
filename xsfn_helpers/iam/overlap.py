"""Patterns against patterns: what a policy's `Resource` says of a resource of which only a part is known. Pure.

What is known of a resource is a text in which `*` stands for whatever it may be (in the first five parts of an ARN:
without a colon), and `?` for one character. Asked is whether a pattern matches all that it may be, or any of it.

A `${Name}` without a colon stands, on either side, for a value that is filled in at deployment: the same name for the
same value, and any other for one that may be it or not.

Source for the policy's side: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from xsfn_helpers.iam.wildcards import Variable, Wild, tokens_of

_ARN_PARTS: Final = 6
# So many sets of places are looked at before it counts as not known: a pattern of dozens of stars.
_MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Run:
    """Any run of characters; `within` one part of an ARN only."""

    within: bool = False


@dataclass(frozen=True, slots=True)
class _One:
    """Any one character; `within` one part of an ARN no colon."""

    within: bool = False


_Step = str | _Run | _One
_Steps = tuple[_Step, ...]
# Stands for every character that a pattern doesn't name.
_OTHER: Final = "\0"
# The same few pairs are asked for again and again, for each task, each account that it may be in, and each fix.
_REMEMBERED: Final = 4096
# IAM's own policy variables have a colon in their names, but for those that stand for a single sign.
_SYMBOL: Final = re.compile(r"\$\{(?![*?$]\})[^:{}$]+\}")
_FIRST_SIGN: Final = 0xE000


@lru_cache(maxsize=_REMEMBERED)
def covers(pattern: str, known: str, *, completed: bool = True) -> bool:
    """Whether the policy's pattern matches everything that the resource may be.

    `completed`: a pattern of fewer than six parts is completed with `*`, as in an identity-based policy. A pattern with
    a policy variable in it never counts as covering anything.
    """
    if pattern == "*":
        return True
    pattern, known = _with_signs(pattern, known)
    if "${" in pattern:
        return False
    wanted, given = _policy_steps(pattern, completed=completed), _known_steps(known)
    return _includes(wanted, given)


@lru_cache(maxsize=_REMEMBERED)
def meets(pattern: str, known: str) -> bool:
    """Whether the policy's pattern may match something of what the resource may be; a variable may be anything.

    What is filled in at deployment may have several parts of the ARN in it, so what follows it may be of any part.
    """
    if pattern == "*":
        return True
    pattern, known = _with_signs(pattern, known)
    other = _loose(_known_steps(known))
    completed = _policy_steps(pattern, completed=True)
    if _intersect(_loose(completed), other):
        return True
    return any(map(_is_sign, completed)) and _intersect(_loose(_policy_steps(pattern, completed=False)), other)


def has_symbols(text: str) -> bool:
    """Whether a text has a value in it that is filled in at deployment."""
    return _SYMBOL.search(text) is not None


def _with_signs(*texts: str) -> list[str]:
    """Each symbol as one character that nothing else has, the same for the same name."""
    signs: dict[str, str] = {}

    def sign(found: re.Match[str]) -> str:
        return signs.setdefault(found[0], chr(_FIRST_SIGN + len(signs)))

    return [_SYMBOL.sub(sign, text) for text in texts]


def _is_sign(step: _Step) -> bool:
    return isinstance(step, str) and _FIRST_SIGN <= ord(step) < _FIRST_SIGN + 0x1000


def _policy_steps(pattern: str, *, completed: bool) -> _Steps:
    """A `*` stays inside its part unless it is the part's last character: see `match.resource_test`."""
    if completed and 1 < pattern.count(":") + 1 < _ARN_PARTS:
        pattern += ":*" * (_ARN_PARTS - 1 - pattern.count(":"))
    parts = _split(pattern)
    steps: list[_Step] = []
    for number, part in enumerate(parts):
        if number:
            steps.append(":")
        tokens = tokens_of(part, wildcards=True, variables=number == len(parts) - 1)
        for at, token in enumerate(tokens):
            if isinstance(token, Variable):
                steps.append(_Run())
            elif token is Wild.STAR:
                steps.append(_Run(within=number < _ARN_PARTS - 1 and at < len(tokens) - 1))
            elif token is Wild.ONE:
                steps.append(_One(within=number < _ARN_PARTS - 1))
            else:
                steps += list(token)
    return tuple(steps)


def _split(pattern: str) -> list[str]:
    """The six parts of an ARN; a variable may have colons of its own, so it is looked for first."""
    if "${" not in pattern:
        return pattern.split(":", _ARN_PARTS - 1)
    parts, depth = [""], 0
    for at, sign in enumerate(pattern):
        depth += pattern.startswith("${", at)
        depth -= sign == "}" and depth > 0
        if sign == ":" and not depth and len(parts) < _ARN_PARTS:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _known_steps(known: str) -> _Steps:
    steps: list[_Step] = []
    parts = 1
    is_arn = known.count(":") >= _ARN_PARTS - 1
    for sign in known:
        parts += sign == ":"
        if sign == "*":
            steps.append(_Run(within=is_arn and parts < _ARN_PARTS))
        else:
            steps.append(_One() if sign == "?" else sign)
    return tuple(steps)


def _loose(steps: _Steps) -> _Steps:
    """With anything in the place of what is filled in at deployment; no part of an ARN is known after it."""
    first = next((at for at, step in enumerate(steps) if _is_sign(step)), len(steps))
    return tuple(
        _Run() if _is_sign(step) or (isinstance(step, _Run) and at > first) else step for at, step in enumerate(steps)
    )


def _intersect(one: _Steps, other: _Steps) -> bool:
    """Whether some text is of both: a walk over the pairs of places."""
    seen: set[tuple[int, int]] = set()
    places = [(0, 0)]
    while places:
        place = places.pop()
        if place in seen:
            continue
        seen.add(place)
        if place == (len(one), len(other)):
            return True
        places.extend(_next_pairs(one, other, *place))
    return False


def _next_pairs(one: _Steps, other: _Steps, i: int, j: int) -> Iterator[tuple[int, int]]:
    a = one[i] if i < len(one) else None
    b = other[j] if j < len(other) else None
    if isinstance(a, _Run):
        yield i + 1, j
    if isinstance(b, _Run):
        yield i, j + 1
    if a is None or b is None or not _share(a, b):
        return
    yield i if isinstance(a, _Run) else i + 1, j if isinstance(b, _Run) else j + 1


def _share(a: _Step, b: _Step) -> bool:
    """Whether one character can be of both."""
    if isinstance(a, str):
        return _takes(b, a)
    return not isinstance(b, str) or _takes(a, b)


def _takes(step: _Step, sign: str) -> bool:
    if isinstance(step, str):
        return step == sign
    return not (step.within and sign == ":")


def _includes(wanted: _Steps, given: _Steps) -> bool:
    """Whether every text of `given` is one of `wanted`: a walk over places of the one, with sets of the other's."""
    signs = {step for step in wanted if isinstance(step, str)} | {_OTHER, ":"}
    start = (0, _closed(wanted, frozenset({0})))
    seen = {start}
    todo = [start]
    while todo:
        at, places = todo.pop()
        if at == len(given):
            if len(wanted) not in places:
                return False
            continue
        step = given[at]
        nexts = [(at + 1, places)] if isinstance(step, _Run) else []
        stays = at if isinstance(step, _Run) else at + 1
        for sign in (step,) if isinstance(step, str) else signs:
            if _takes(step, sign):
                nexts.append((stays, _after(wanted, places, sign)))
        for following in nexts:
            if following not in seen:
                seen.add(following)
                todo.append(following)
        if len(seen) > _MOST:
            return False
    return True


def _after(steps: _Steps, places: frozenset[int], sign: str) -> frozenset[int]:
    moved = {
        place if isinstance(steps[place], _Run) else place + 1
        for place in places
        if place < len(steps) and _takes(steps[place], sign)
    }
    return _closed(steps, frozenset(moved))


def _closed(steps: _Steps, places: frozenset[int]) -> frozenset[int]:
    """With every place that is reached without a character."""
    found = set(places)
    todo = list(places)
    while todo:
        place = todo.pop()
        if place < len(steps) and isinstance(steps[place], _Run) and place + 1 not in found:
            found.add(place + 1)
            todo.append(place + 1)
    return frozenset(found)
