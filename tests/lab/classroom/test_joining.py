"""A place is taken once, however often one asks, and whatever is killed in between."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from tests.lab.classroom.opened import Person, Room
from xsfn_helpers.aws import room_client as keys


def test_whoever_never_got_the_answer_has_the_same_place_at_the_next_try(own_room: Room) -> None:
    """The lab makes the token: the room's answer may get lost with the room."""
    token = keys.new_token()
    asked = {"code": own_room.code, "name": "Ada"}
    _, lost = own_room.ask("POST", "/room/join", asked, token=token)
    own_room.kill()
    own_room.start()

    status, told = own_room.ask("POST", "/room/join", asked, token=token)

    assert status == 200
    assert told == lost
    assert list(own_room.seen()) == ["Ada"]


def test_a_token_of_ones_own_has_the_form_of_ours(own_room: Room) -> None:
    _, told = own_room.ask("POST", "/room/join", {"code": own_room.code, "name": "Ada"}, token="short")

    assert told["token"] != "short"
    assert keys.has_form(told["token"])


def test_a_token_is_of_no_use_without_the_code(own_room: Room) -> None:
    status, _ = own_room.ask("POST", "/room/join", {"code": "AAAA-AAAA", "name": "Ada"}, token=keys.new_token())

    assert status == 403


def test_two_notebooks_that_a_hub_opens_at_once_take_one_place(own_room: Room) -> None:
    eve = Person(own_room, "Eve", own_room.folder / "eve")
    code = (
        "import os; os.environ.update(XSFN_ROOM_URL=ROOM, XSFN_ROOM_CODE=CODE, XSFN_ROOM_NAME=NAME)\n"
        "print(open_lab().scenario.operator_account_id)"
    )
    with ThreadPoolExecutor() as at_once:
        first, second = at_once.map(eve.run, (code, code))

    assert first == second
    assert list(own_room.seen()) == ["Eve"]


def test_who_left_finds_the_place_again(own_room: Room) -> None:
    ada = own_room.person("Ada")
    before = ada.seat
    ada.run("leave_room()")
    ada.run("join_room(ROOM, CODE, name=NAME)")

    assert ada.seat == before


def test_who_left_a_hubs_room_isnt_led_back_unasked(own_room: Room) -> None:
    ada = own_room.person("Ada")
    ada.run("leave_room()")
    said = ada.run(
        "import os; os.environ.update(XSFN_ROOM_URL=ROOM, XSFN_ROOM_CODE=CODE, XSFN_ROOM_NAME=NAME)\n"
        "from xsfn_helpers.aws.seat import find_seat; print(find_seat())"
    )

    assert said.strip() == "None"


def test_a_room_that_refuses_leaves_the_place_in_another(room: Room, own_room: Room) -> None:
    ada = own_room.person("Ada of two rooms")
    before = ada.seat
    said = ada.run(f"try: join_room({room.url!r}, 'AAAA-AAAA', name=NAME)\nexcept XsfnError as error: print(error)")

    assert said.strip() == "That isn't this room's code."
    assert ada.seat == before


def test_the_instructors_token_is_kept_as_a_hash_only(own_room: Room) -> None:
    kept = b"".join(path.read_bytes() for path in (own_room.folder / "room").iterdir() if path.is_file())

    assert own_room.token.encode() not in kept
    assert keys.kept(own_room.token).encode() in kept


def test_what_happened_is_told_in_order(own_room: Room) -> None:
    ada = own_room.person("Ada")
    ada.run("lab = open_lab(); lab.set_stage(1); lab.check(live=False)")
    own_room.until("Ada", "steps", value=[True, True, False, False])
    _, told = own_room.ask("GET", "/instructor/api/events?after=0", token=own_room.token)
    kinds = [event["kind"] for event in told["events"]]

    assert kinds[0] == "joined"
    assert sorted(kinds[1:]) == ["checked", "step", "step"]
    assert [event["number"] for event in told["events"]] == list(range(1, len(kinds) + 1))
    assert ada.seat["token"] not in json.dumps(told)
    _, later = own_room.ask("GET", f"/instructor/api/events?after={len(kinds)}", token=own_room.token)
    assert later == {"events": []}
