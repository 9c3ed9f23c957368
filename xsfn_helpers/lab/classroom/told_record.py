"""A record of faults as somebody's lab sends it, read strictly: the instructor's page shows what it says. Pure."""

from __future__ import annotations

from typing import Any, Final

from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.practice.catalogue import catalogue
from xsfn_helpers.deployment.practice.score import Record

_RESULT: Final = {"hints": int, "tries": int, "seconds": float, "solution_shown": bool}
_ATTEMPT: Final = {
    "fault": str,
    "began": float,
    "hints": int,
    "tries": int,
    "solution_shown": bool,
    "disguised": bool,
    "solved": bool,
}
_LARGEST: Final = 10**10


def told_record(told: Any) -> Record:
    """The record. Raises `RoomError` for one that no lab writes, such as of a fault there isn't."""
    known = {fault.id for fault in catalogue(Scenario())}
    results, attempt = told.get("results"), told.get("attempt")
    if not isinstance(results, dict) or not results.keys() <= known:
        raise _unreadable()
    if not all(_has(result, _RESULT) for result in results.values()):
        raise _unreadable()
    if attempt is not None and not (_has(attempt, _ATTEMPT) and attempt["fault"] in known):
        raise _unreadable()
    return Record.from_json(told)


def _has(value: Any, kinds: dict[str, type]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == kinds.keys()
        and all(_is(value[name], kind) for name, kind in kinds.items())
    )


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float) and abs(value) <= _LARGEST  # which NaN isn't
    if kind is int:
        return type(value) is int and 0 <= value <= _LARGEST
    return type(value) is kind


def _unreadable() -> RoomError:
    return RoomError(tr("The record can't be read."), where="record", fix=tr("Update xsfn, here or in the room."))
