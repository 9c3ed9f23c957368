"""Fixtures of the tests of steps, checks, runs and lab: real sandbox, names that no other test uses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.support.cleared import clear
from tests.support.within import outside, within
from xsfn_helpers import Lab, open_lab

_numbers = itertools.count(1)


def fresh_names() -> dict[str, str]:
    """Keywords of `open_lab` for a scenario, and a lab id, of one test's own."""
    number = next(_numbers)
    things = ("operator_machine", "operator_role", "subject_machine", "subject_role", "execute_role")
    names = {f"{thing}_name": f"lab{number}-{thing.replace('_', '-')}" for thing in things}
    return {**names, "lab_id": f"test-{number}"}


@pytest.fixture(scope="module")
def no_http() -> Iterator[None]:
    """For tests that aren't about HTTP, nor start programs that would ask the same sandbox: it is in this process."""
    with within():
        yield


@pytest.fixture
def over_http() -> Iterator[None]:
    """In a file of such tests, for one that is about what lies between, or starts such a program."""
    with outside():
        yield


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of which nothing exists yet."""
    lab = open_lab(**fresh_names())
    yield lab
    clear(lab)


@pytest.fixture
def standing_lab(lab: Lab) -> Lab:
    """A lab with all stages applied."""
    lab.set_stage(3)
    return lab
