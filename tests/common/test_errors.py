"""Every error says what was wrong, where, and what to do, in one line."""

from __future__ import annotations

import pickle

import pytest

from xsfn_helpers.common.errors import InvalidScenario, NoDotProgram, SandboxError, StepError, XsfnError


def test_an_error_reads_where_what_fix() -> None:
    error = XsfnError("The port 8000 is in use.", where="sandbox", fix="Choose another one.")

    assert str(error) == "sandbox: The port 8000 is in use. Choose another one."


@pytest.mark.parametrize(
    ("where", "fix", "text"),
    [("", "", "It broke."), ("stage 1", "", "stage 1: It broke."), ("", "Mend it.", "It broke. Mend it.")],
)
def test_what_is_not_known_leaves_no_gap(where: str, fix: str, text: str) -> None:
    assert str(XsfnError("It broke.", where=where, fix=fix)) == text


def test_parts_survive_a_trip_between_processes() -> None:
    error = pickle.loads(pickle.dumps(StepError("It broke.", where="stage 1", fix="Mend it.")))

    assert (error.what, error.where, error.fix) == ("It broke.", "stage 1", "Mend it.")


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (InvalidScenario, ValueError),
        (SandboxError, RuntimeError),
        (StepError, RuntimeError),
        (NoDotProgram, RuntimeError),
    ],
)
def test_callers_can_catch_the_family_or_the_built_in_they_expect(
    error: type[XsfnError], built_in: type[Exception]
) -> None:
    assert issubclass(error, XsfnError)
    assert issubclass(error, built_in)
