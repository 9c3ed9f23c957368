"""Fixtures of the tests of steps, checks, runs and lab: real sandbox, names that no other test uses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from xsfn_helpers import Lab, open_lab

_numbers = itertools.count(1)


def fresh_names() -> dict[str, str]:
    """Keywords of `open_lab` for a scenario, and a lab id, of one test's own."""
    number = next(_numbers)
    things = ("operator_machine", "operator_role", "subject_machine", "subject_role", "execute_role")
    names = {f"{thing}_name": f"lab{number}-{thing.replace('_', '-')}" for thing in things}
    return {**names, "lab_id": f"test-{number}"}


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of which nothing exists yet."""
    lab = open_lab(**fresh_names())
    yield lab
    lab.clean()


@pytest.fixture
def standing_lab(lab: Lab) -> Lab:
    """A lab with all stages applied."""
    lab.set_stage(3)
    return lab
