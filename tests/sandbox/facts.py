"""What is known of AWS, as tests: one test a fact, each with its source and how sure it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from xsfn_helpers.sandbox.assumptions import CHOICES


class Tag(StrEnum):
    """How sure a fact is."""

    REC = "recorded from AWS"
    MEAS = "measured on AWS, reported without a raw recording"
    DOC = "AWS's documentation"
    MODEL = "AWS's own service model"
    COMM = "quoted from AWS by users"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its claim is the test's docstring, how it is checked is the test."""

    id: str
    claim: str
    source: str
    tag: Tag
    test: str


FACTS: list[Fact] = []
# Under this name, a test's report tells the id of the fact it checks.
FACT: Final = "fact known of AWS"
Test = TypeVar("Test", bound=Callable[..., Any])


def fact(id: str, source: str, tag: Tag = Tag.REC) -> Callable[[Test], Test]:  # noqa: A002 - what it is
    """Mark a test as the check of a fact. `source` names the recording, page or report."""

    def enter(test: Test) -> Test:
        assert test.__doc__, f"{test.__name__} doesn't say which fact it checks"
        taken = [known for known in FACTS if known.id == id or known.test == test.__name__]
        assert not taken, f"{id} and {test.__name__} are the fact's own; taken: {taken}"
        FACTS.append(Fact(id, test.__doc__.strip(), source, tag, test.__name__))
        return test

    return enter


def chosen(*ids: str) -> Callable[[Test], Test]:
    """Mark a test as holding the sandbox to these of its choices (`xsfn_helpers.sandbox.assumptions`)."""
    assert {choice.id for choice in CHOICES}.issuperset(ids), f"no such choice among {ids}"
    return lambda test: test
