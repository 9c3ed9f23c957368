"""Names, progress, and when somebody is stuck."""

from __future__ import annotations

from typing import Any

import pytest

from xsfn_helpers.aws import room_client as keys
from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.lab.classroom.instructor import _harmless
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
    assert not allowance.take("a")


@pytest.mark.parametrize(
    "names",
    [
        {"lab_id": "x/../../elsewhere/made"},
        {"lab_id": "../running"},
        {"lab_id": ""},
        {"lab_id": "a b"},
        {"lab_id": "a\nb"},
        {"lab_id": "x" * 65},
        {"lab_id": 7},
        {"operator_role_name": "../../role"},
        {"operator_role_name": "r" * 65},
        {"subject_machine_name": "a/b"},
        {"subject_machine_name": "m\u202e"},
        {"execute_role_name": ["list"]},
        {"subject_role_name": "same", "execute_role_name": "SAME"},
        {"operator_account_id": "333333333333"},
        {"region": "us-east-1"},
        {"what_no_lab_has": "x"},
        ["lab_id"],
    ],
    ids=repr,
)
def test_names_are_held_to_what_they_are_held_to_at_home(names: object) -> None:
    """The room's machine makes files and calls of them."""
    with pytest.raises(RoomError):
        ParticipantProgress().told({"names": names}, at=1)


def test_a_labs_own_names_are_taken() -> None:
    names = {"lab_id": "my.lab_1-x", "operator_role_name": "a+b=c,d.e@f-g", "subject_machine_name": "mine"}

    assert ParticipantProgress().told({"names": names}, at=1).names == names


@pytest.mark.parametrize("run", ["<b>SUCCEEDED</b>", "succeeded", 7, ["SUCCEEDED"], None])
def test_a_run_is_as_aws_has_it_or_is_refused(run: object) -> None:
    if run is None:
        assert ParticipantProgress().told({"run": run}, at=1).run == ""
        return
    with pytest.raises(RoomError):
        ParticipantProgress().told({"run": run}, at=1)


def test_titles_have_nothing_that_turns_the_line_around() -> None:
    told = ParticipantProgress().told({"checks": {"passed": 0, "count": 1, "failed": ["a\u202eb\x1b[1mc"]}}, at=1)

    assert told.checks is not None
    assert told.checks.failed == ("ab[1mc",)


@pytest.mark.parametrize(
    "cell", ["=1+1", "＝1+1", "＋1", "－1", "＠SUM(A1)", "\n=1", " =1", "\t@x", "\u3000＝1", "−1", "-1", "\r+1"]
)
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert _harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Ada", "山田 太郎", "", "7", "12 s", "a=b", "e-mail"])
def test_other_cells_are_as_they_are(cell: str) -> None:
    assert _harmless(cell) == cell
