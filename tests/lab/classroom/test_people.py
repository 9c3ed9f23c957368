"""Names, progress, and when somebody is stuck."""

from __future__ import annotations

from typing import Any

import pytest

from xsfn_helpers.aws import room_client as keys
from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.lab.classroom.limits import Allowance
from xsfn_helpers.lab.classroom.people import Participant, ParticipantProgress, checked_name, same_name

BUILT = {"steps": [True, True, True, True]}
ALL_HOLD = {"checks": {"passed": 24, "count": 24, "failed": []}}


def somebody(progress: ParticipantProgress, *, seen: float = 0.0) -> Participant:
    return Participant(7, "Ada", 0.0, seen, progress)


@pytest.mark.parametrize("name", ["Ada", "山田 太郎", "<b>Ada</b>", "' OR 1=1 --", "=SUM(A1)", "é" * 40])
def test_any_name_that_can_be_read_is_taken(name: str) -> None:
    assert checked_name(f"  {name} ") == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 41, "a\x00b", "a\u202eb", "a\u200bb", 7, None, ["Ada"]])
def test_what_is_no_name_is_refused(name: object) -> None:
    with pytest.raises(RoomError):
        checked_name(name)


def test_names_that_look_alike_are_one() -> None:
    assert same_name("ADA") == same_name("ada")
    assert same_name("ｱﾀﾞ") == same_name("アダ")


def test_places_have_accounts_of_their_own() -> None:
    people = [Participant(number, "x", 0, 0, ParticipantProgress(), further=3) for number in range(1, 201)]
    ids = [account_id for one in people for account_id in one.account_ids]

    assert len(set(ids)) == len(ids) == 200 * 5
    assert all(len(one) == 12 and one.isdigit() for one in ids)


def test_green_is_everything_built_and_every_check_held() -> None:
    progress = ParticipantProgress()
    assert not progress.told(BUILT, at=1).green
    assert not progress.told(ALL_HOLD, at=1).green
    assert progress.told(BUILT | ALL_HOLD, at=1).green
    assert not progress.told(BUILT | {"checks": {"passed": 0, "count": 0, "failed": []}}, at=1).green


@pytest.mark.parametrize(
    ("news", "moves"),
    [
        ({"steps": [True, False, False, False]}, True),
        ({"steps": [False, False, False, False]}, False),
        (ALL_HOLD, True),
        ({"run": "SUCCEEDED"}, True),
        ({"run": "FAILED"}, False),
        ({}, False),
    ],
)
def test_only_progress_moves_somebody(news: dict[str, Any], moves: bool) -> None:
    assert ParticipantProgress(moved=1.0).told(news, at=600.0).moved == (600.0 if moves else 1.0)


def test_the_same_again_is_no_progress() -> None:
    once = ParticipantProgress().told(BUILT | ALL_HOLD | {"run": "SUCCEEDED"}, at=10.0)
    assert once.told(BUILT | ALL_HOLD | {"run": "SUCCEEDED"}, at=900.0).moved == 10.0


def test_minutes_without_progress_are_counted() -> None:
    assert somebody(ParticipantProgress(moved=100.0)).idle_minutes(100.0 + 7 * 60 + 59) == 7
    assert somebody(ParticipantProgress(moved=100.0)).idle_minutes(50.0) == 0


def test_progress_is_stored_and_read_as_it_is() -> None:
    progress = ParticipantProgress().told(BUILT | ALL_HOLD | {"run": "FAILED", "names": {"lab_id": "mine"}}, at=3.0)
    assert ParticipantProgress.from_json(progress.to_json()) == progress


@pytest.mark.parametrize(
    "news",
    [
        {"steps": [True]},
        {"steps": "all"},
        {"steps": [1, 1, 1, 1]},
        {"checks": {"passed": 3, "count": 2}},
        {"checks": {"passed": True, "count": 2}},
        {"checks": {"passed": 1, "count": 2, "failed": [7]}},
        {"checks": []},
        {"run": "x" * 100},
        {"names": {"a": 7}},
        {"names": {str(n): "x" for n in range(30)}},
    ],
)
def test_what_no_lab_tells_is_refused(news: dict[str, Any]) -> None:
    with pytest.raises(RoomError):
        ParticipantProgress().told(news, at=1.0)


def test_a_code_is_the_same_however_it_is_typed() -> None:
    code = keys.new_code()
    assert keys.same_code(f" {code.lower().replace('-', ' ')} ", code)
    assert not keys.same_code(code[:-1], code)
    assert len({keys.new_code() for _ in range(50)}) == 50


def test_a_token_is_known_again_by_what_is_kept_of_it() -> None:
    token = keys.new_token()
    assert keys.is_token(token, keys.kept(token))
    assert not keys.is_token(token + "x", keys.kept(token))
    assert token not in keys.kept(token)


def test_an_allowance_is_spent_and_comes_back() -> None:
    now = [0.0]
    allowance = Allowance(3, 0.5, clock=lambda: now[0])

    assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]
    assert allowance.take("b"), "each has their own"
    now[0] = 2.0
    assert allowance.take("a")
    assert not allowance.has_any("a")
