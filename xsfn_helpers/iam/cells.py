"""All texts that there are, sorted by what a policy's patterns can tell of them: one text for each sort. Pure.

Policies look at a text (an ARN, an external ID) through patterns alone. Two texts that match the same patterns are
decided alike, so one text for each set of patterns that some text matches stands for all texts there are: what holds
for these holds for every one. `cells` finds them, and misses none: it follows the patterns side by side as automata,
over every combination of places that any text can lead to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr

_ARN_PARTS: Final = 6
# What a text may consist of: the visible ASCII characters, and whatever else a pattern names.
_VISIBLE: Final = frozenset(map(chr, range(0x21, 0x7F)))
DIGITS: Final = frozenset("0123456789")
LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
# docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, "IAM name requirements"
NAME: Final = DIGITS | LETTERS | frozenset("_+=,.@-")
# So many combinations of places are followed; the documents of a chain have some hundred.
_MOST: Final = 60_000


class TooManyCellsError(XsfnError):
    """The patterns tell more sorts of texts apart than are worth following."""


@dataclass(frozen=True, slots=True)
class PatternStep:
    """One character out of `chars` (or, `besides`, out of all others); `many`: any number of them."""

    chars: frozenset[str] = frozenset()
    besides: bool = False
    many: bool = False

    def takes(self, sign: str) -> bool:
        return (sign in self.chars) is not self.besides


Steps = tuple[PatternStep, ...]
ANY_RUN: Final[Steps] = (PatternStep(besides=True, many=True),)
_COLON: Final = frozenset(":")


def literal(text: str, *, folded: bool = False) -> Steps:
    """This text and no other; `folded`: in upper or lower case."""
    return tuple(PatternStep(frozenset((sign.lower(), sign.upper()) if folded else (sign,))) for sign in text)


def run(chars: Iterable[str], *, least: int = 1) -> Steps:
    """`least` or more of these characters."""
    given = frozenset(chars)
    return (*([PatternStep(given)] * least), PatternStep(given, many=True))


def like(pattern: str, *, folded: bool = False, besides: str = "") -> Steps:
    """A pattern with `*` and `?`, which take any character but those of `besides`."""
    steps: list[PatternStep] = []
    for sign in pattern:
        if sign in "*?":
            steps.append(PatternStep(frozenset(besides), besides=True, many=sign == "*"))
        else:
            steps += literal(sign, folded=folded)
    return tuple(steps)


def arn_like(pattern: str) -> Steps | None:
    """A pattern of ArnLike or ArnEquals: six parts, each with its own wildcards. None for one that matches nothing."""
    parts = pattern.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        return None
    *head, last = parts
    return (*(step for part in head for step in (*like(part, besides=":"), *literal(":"))), *like(last))


IS_ARN: Final[Steps] = arn_like(":".join("*" * _ARN_PARTS)) or ()


def resource_like(pattern: str) -> Steps:
    """A `Resource` element of an identity-based policy; its rules are those of `match.resource_test`."""
    if pattern == "*":
        return ANY_RUN
    if 1 < pattern.count(":") + 1 < _ARN_PARTS:
        pattern += ":*" * (_ARN_PARTS - 1 - pattern.count(":"))
    *head, last = pattern.split(":", _ARN_PARTS - 1)
    steps: list[PatternStep] = []
    for part in head:
        steps += like(part[:-1], besides=":") + ANY_RUN if part.endswith("*") else like(part, besides=":")
        steps += literal(":")
    return (*steps, *like(last))


def cells(domain: Steps, patterns: Iterable[Steps], *, preferred: Iterable[str] = ()) -> tuple[str, ...]:
    """One text of the domain for each set of patterns that some text of it matches.

    Where one of `preferred` is of a sort, it stands for it; else the shortest text does. Preferred ones come first.
    Raises `TooManyCellsError` where that would take too long.
    """
    machines = [_Machine(domain), *(_Machine(steps) for steps in dict.fromkeys(patterns))]
    alphabet = _alphabet(machines)
    found: dict[tuple[bool, ...], str] = {}
    for text in preferred:
        inside, *vector = (machine.accepts(text) for machine in machines)
        if inside:
            found.setdefault(tuple(vector), text)
    start = tuple(machine.closed(1) for machine in machines)
    ways: dict[tuple[int, ...], str] = {start: ""}
    todo = [start]
    for state in todo:  # grows meanwhile
        way = ways[state]
        if state[0] >> len(machines[0].steps):
            vector = [bool(place >> len(machine.steps)) for place, machine in zip(state, machines, strict=True)]
            found.setdefault(tuple(vector[1:]), way)
        for sign in alphabet:
            first = machines[0].after(state[0], sign)
            if not first:
                continue
            reached = (first, *(one.after(at, sign) for one, at in zip(machines[1:], state[1:], strict=True)))
            if reached not in ways:
                ways[reached] = way + sign
                todo.append(reached)
        if len(ways) > _MOST:
            raise TooManyCellsError(tr("The patterns of these policies tell too many kinds of text apart."))
    return tuple(found.values())


class _Machine:
    """Steps as an automaton whose places are the bits of a number; the highest is the end."""

    __slots__ = ("_many", "_taking", "steps")

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self._many = sum(1 << at for at, step in enumerate(steps) if step.many)
        self._taking: dict[str, int] = {}

    def closed(self, places: int) -> int:
        """With every place that is reached without a character."""
        while more := (places & self._many) << 1 & ~places:
            places |= more
        return places

    def after(self, places: int, sign: str) -> int:
        if not places:
            return 0
        taking = self._taking.get(sign)
        if taking is None:
            taking = self._taking[sign] = sum(1 << at for at, step in enumerate(self.steps) if step.takes(sign))
        moving = places & taking
        return self.closed((moving & ~self._many) << 1 | moving & self._many) if moving else 0

    def accepts(self, text: str) -> bool:
        places = self.closed(1)
        for sign in text:
            places = self.after(places, sign)
        return bool(places >> len(self.steps))


def _alphabet(machines: Sequence[_Machine]) -> list[str]:
    """One character for each sort that the steps tell apart; letters and digits stand for a sort where they can."""
    steps = {step.chars for machine in machines for step in machine.steps}
    named = sorted(frozenset().union(*steps) - _VISIBLE)
    signs: dict[tuple[bool, ...], str] = {}
    for sign in [*sorted(_VISIBLE, key=lambda one: (not one.isalnum(), not one.islower(), one)), " ", *named]:
        signs.setdefault(tuple(sign in chars for chars in steps), sign)
    return list(signs.values())
