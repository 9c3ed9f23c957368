"""A record that no lab writes is denied: else one participant could take the page from everybody."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pytest

from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.deployment.practice.score import FaultAttempt, Record, Result
from xsfn_helpers.lab.classroom.told_record import told_record

_RESULT = asdict(Result(1, 2, 3.0, solution_shown=False))
_ATTEMPT = asdict(FaultAttempt("star", 1.0))


def test_what_a_lab_writes_is_read() -> None:
    record = Record(
        {"star": Result(1, 2, 3.0, solution_shown=True)}, FaultAttempt("new-name", 7, hints=2, disguised=True)
    )

    assert told_record(record.to_json()) == record
    assert told_record(Record().to_json()) == Record()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"results": [], "attempt": None},
        {"results": {"no-such-fault": _RESULT}, "attempt": None},
        {"results": {"star": 1}, "attempt": None},
        {"results": {"star": {**_RESULT, "hints": "1"}}, "attempt": None},
        {"results": {"star": {**_RESULT, "hints": True}}, "attempt": None},
        {"results": {"star": {**_RESULT, "tries": -1}}, "attempt": None},
        {"results": {"star": {**_RESULT, "seconds": math.nan}}, "attempt": None},
        {"results": {"star": {**_RESULT, "seconds": math.inf}}, "attempt": None},
        {"results": {"star": {**_RESULT, "more": 1}}, "attempt": None},
        {"results": {}, "attempt": "star"},
        {"results": {}, "attempt": {**_ATTEMPT, "fault": {"a": 1}}},
        {"results": {}, "attempt": {**_ATTEMPT, "fault": "no-such-fault"}},
        {"results": {}, "attempt": {**_ATTEMPT, "solved": 0}},
        {"results": {}, "attempt": {**_ATTEMPT, "began": 10**400}},
    ],
)
def test_what_no_lab_writes_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(RoomError, match="The record can't be read"):
        told_record({"version": 1, **told})
