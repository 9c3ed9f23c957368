"""Messages without what changes from call to call: they are compared in the notebooks' tests."""

from __future__ import annotations

import json

import pytest

from xsfn_helpers.common.stable_text import stable, stable_cause

REFUSED = (
    "User: arn:aws:sts::222222222222:assumed-role/execute/{session} is not authorized to perform: "
    "states:StartExecution (Service: Sfn, Status Code: 400, Request ID: {request}){attempts}"
)


@pytest.mark.parametrize("attempts", ["", " (SDK Attempt Count: 1)"])
def test_two_refusals_of_the_same_call_read_alike(attempts: str) -> None:
    one = REFUSED.format(session="pUBglYSipyAbyPsehEoWHmOFMDviUKzd", request="1-a", attempts=attempts)
    other = REFUSED.format(session="xKqZ", request="2-b", attempts=attempts)

    assert stable(one) == stable(other)
    assert stable(one).endswith("assumed-role/execute/… is not authorized to perform: states:StartExecution")


def test_what_matters_is_kept() -> None:
    message = "The role arn:aws:iam::111111111111:role/r is not authorized to assume the task state's role, arn:x."

    assert stable(message) == message


def test_a_childs_description_is_told_by_its_ending() -> None:
    child = {"Error": "NoStock", "Cause": "sold out", "Status": "FAILED", "StartDate": 1795509765937, "Input": "{}"}

    assert stable_cause(json.dumps(child)) == "the Subject execution ended FAILED by itself: NoStock: sold out"
    assert stable_cause(json.dumps({"Status": "TIMED_OUT"})) == "the Subject execution ended TIMED_OUT by itself"


@pytest.mark.parametrize("cause", ["plain words", '"a text"', "[1]", '{"no": "status"}'])
def test_any_other_cause_is_left(cause: str) -> None:
    assert stable_cause(cause) == cause
