"""Makes a failing case small: whatever can go without losing the failure goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.iam.differential.questions import DERIVED, Json, copied

Path = tuple[str | int, ...]


def shrunk(question: Json, fails: Callable[[Json], bool]) -> Json:
    """The smallest case found by leaving out one thing at a time, as long as it `fails`.

    Cases that make no sense any more are tried, too: they don't fail, they are denied.
    """
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(question):
            if fails(candidate):
                question, smaller = candidate, True
                break
    return question


def _smaller(question: Json) -> Iterator[Json]:
    if question["resourcePolicy"] is not None:
        yield {**question, "resourcePolicy": None}
    for *inside, last in _paths(question, ()):
        if inside and inside != ["request"] and not (inside[-1] == "context" and str(last).lower() in DERIVED):
            new = copied(question)
            holder: Any = new
            for step in inside:
                holder = holder[step]
            del holder[last]
            yield new


def _paths(value: Any, path: Path) -> Iterator[Path]:
    """The way to every member of every object and list, the outer ones first."""
    steps: list[str | int] = []
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = list(range(len(value)))
    yield from ((*path, step) for step in steps)
    for step in steps:
        yield from _paths(value[step], (*path, step))
