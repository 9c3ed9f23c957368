"""The room's door: who gets in, who is denied and why, and what nobody is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lab.classroom.opened import Room

EVERYTHING = "for account in (lab.operator, lab.subject): account.client('sts').get_caller_identity()"


def joined(room: Room, name: str) -> dict[str, object]:
    status, told = room.ask("POST", "/room/join", {"code": room.code, "name": name})
    assert status == 200, told
    return dict(told)


def test_who_has_the_code_gets_a_place_and_two_accounts(room: Room) -> None:
    first, second = joined(room, "first"), joined(room, "second")

    assert first["number"] != second["number"]
    assert first["token"] != second["token"]
    ids = {account["account_id"] for one in (first, second) for account in one["accounts"].values()}  # type: ignore[attr-defined]
    assert len(ids) == 4


def test_the_token_gives_the_same_place_again(room: Room) -> None:
    first = joined(room, "comes back")
    status, again = room.ask("POST", "/room/join", {"code": room.code, "name": "whatever"}, token=str(first["token"]))

    assert (status, again) == (200, first)


def test_a_name_that_is_taken_is_refused_without_its_token(room: Room) -> None:
    joined(room, "Grace")
    status, told = room.ask("POST", "/room/join", {"code": room.code, "name": "ＧＲＡＣＥ"})

    assert status == 409
    assert "is called" in told["error"]
    assert "ask the instructor to free it" in told["error"]


def test_a_full_room_says_so(own_room: Room) -> None:
    for number in range(3):
        joined(own_room, f"person {number}")
    status, told = own_room.ask("POST", "/room/join", {"code": own_room.code, "name": "one more"})

    assert (status, told["error"].partition(".")[0]) == (409, "All 3 places of this room are taken")


def test_a_place_that_was_given_free_isnt_given_again(own_room: Room) -> None:
    """Whoever had it may still have the keys of its accounts."""
    gone = joined(own_room, "gone")
    place = f"place-{gone['number']}"
    status, _ = own_room.ask("POST", "/instructor/api/free", {"participant": place}, token=own_room.token)
    later = joined(own_room, "gone")

    assert status == 200
    assert later["number"] != gone["number"]
    assert own_room.ask("GET", "/room/me", token=str(gone["token"]))[0] == 401


def test_wrong_codes_are_refused_and_soon_no_more_are_heard(own_room: Room) -> None:
    answers = [own_room.ask("POST", "/room/join", {"code": "AAAA-AAAA", "name": "x"})[0] for _ in range(12)]

    assert answers == [403] * 10 + [429] * 2


def test_guesses_lock_nobody_out_who_knows(own_room: Room) -> None:
    """Behind a hub, whoever guesses and whoever knows are at one address."""
    guessed = [own_room.ask("POST", "/room/join", {"code": "AAAA-AAAA", "name": "x"})[0] for _ in range(12)]
    tried = [own_room.ask("GET", "/instructor/api/room", token=f"guess-{number}")[0] for number in range(3)]

    assert guessed[-1] == 429
    assert tried == [429] * 3
    assert own_room.ask("POST", "/room/join", {"code": own_room.code, "name": "knows"})[0] == 200
    assert own_room.ask("GET", "/instructor/api/room", token=own_room.token)[0] == 200


@pytest.mark.parametrize("token", ["", "guess"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/instructor/api/room"),
        ("GET", "/instructor/api/results.csv"),
        ("POST", "/instructor/api/reset"),
        ("POST", "/instructor/api/push"),
        ("POST", "/instructor/api/free"),
    ],
)
def test_without_the_instructors_token_nothing_is_shown_or_done(room: Room, method: str, path: str, token: str) -> None:
    status, told = room.ask(method, path, {} if method == "POST" else None, token=token)

    assert status in (401, 429)
    assert set(told) == {"error"}


def test_a_participants_token_is_no_instructors(own_room: Room) -> None:
    token = str(joined(own_room, "curious")["token"])

    assert own_room.ask("GET", "/instructor/api/room", token=token)[0] == 401
    assert own_room.ask("GET", "/room/me", token=own_room.token)[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_web_pages_and_names_are_refused(room: Room, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=room.port) for name, value in headers.items()}

    assert room.ask("GET", "/instructor/words", headers=sent)[0] == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 5000, b'"x"'])
def test_a_body_that_is_no_object_is_told(room: Room, body: bytes) -> None:
    assert room.ask("POST", "/room/join", body)[0] == 400


def test_a_large_body_is_refused(room: Room) -> None:
    assert room.ask("POST", "/room/join", b"x" * 70_000)[0] == 413


def test_who_asks_all_the_time_is_asked_to_wait(own_room: Room) -> None:
    token = str(joined(own_room, "eager")["token"])
    answers = {own_room.ask("GET", "/room/me/record", token=token)[0] for _ in range(120)}

    assert answers == {200, 429}


def test_what_the_instructor_sees_holds_no_secret(room: Room) -> None:
    told = joined(room, "keeps a secret")
    _, seen = room.ask("GET", "/instructor/api/room", token=room.token)
    text = json.dumps(seen)

    assert str(told["token"]) not in text
    assert room.token not in text
    for account in told["accounts"].values():  # type: ignore[attr-defined]
        assert account["access_key_id"] not in text
        assert account["secret_access_key"] not in text


def test_files_are_the_owners_alone(room: Room) -> None:
    joined(room, "private")
    for path in (room.folder / "room").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_errors_are_told_in_the_askers_language(room: Room) -> None:
    _, told = room.ask("GET", "/nowhere", headers={"Accept-Language": "ja-JP,ja;q=0.9,en;q=0.8"})

    assert told["error"] == "ここには何もありません。"


def test_a_second_room_on_the_same_folder_is_refused(room: Room) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "xsfn_helpers", "room", "serve", "--port", "0"],
        env=room.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert re.search("A room is open on this state folder already", done.stderr)


def test_the_log_on_the_terminal_has_no_key(room: Room, tmp_path: Path) -> None:
    told = joined(room, "quiet")

    assert str(told["token"]) not in room.said
