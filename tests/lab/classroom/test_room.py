"""People in a room, with boto3 and the kit: what they build, break and see, and what they can't reach."""

from __future__ import annotations

import csv
import io
from urllib.request import Request, urlopen

import pytest

from tests.lab.classroom.opened import Person, Room


@pytest.fixture(scope="module")
def ada(room: Room) -> Person:
    return room.person("Ada")


@pytest.fixture(scope="module")
def bob(room: Room) -> Person:
    return room.person("Bob")


def test_notebooks_go_on_as_before_and_the_instructor_sees_it(room: Room, ada: Person) -> None:
    said = ada.run("lab = open_lab(); lab.set_stage(3); print(lab.check().ok, lab.run().status, lab.scenario.operator)")

    assert said.split()[:2] == ["True", "SUCCEEDED"]
    assert ada.seat["accounts"]["operator"]["account_id"] in said
    seen = room.until("Ada", "green", value=True)
    assert seen["steps"] == [True] * 4
    assert (seen["checks"]["passed"], seen["checks"]["failed"], seen["run"]) == (25, [], "SUCCEEDED")


def test_a_check_that_fails_is_seen_by_its_title(room: Room, bob: Person) -> None:
    bob.run("lab = open_lab(); lab.set_stage(3); lab.stage(2).undo(); lab.check()")

    seen = room.until("Bob", "steps", value=[True, True, False, True])
    assert not seen["green"]
    assert "The Operator role may assume the execute role" in seen["checks"]["failed"]


def test_neighbours_are_strangers(room: Room, ada: Person, bob: Person) -> None:
    """As on AWS: neither an administrator's keys nor a role reach into somebody else's accounts."""
    bob.run("open_lab().set_stage(3)")
    theirs = bob.seat["accounts"]
    said = ada.run(
        f"""
from xsfn_helpers.chain.scenario import Scenario
theirs = Scenario(operator_account_id={theirs["operator"]["account_id"]!r},
                  subject_account_id={theirs["subject"]["account_id"]!r})
lab = open_lab()
for mine in (lab.operator, lab.subject):
    iam, sts, states = mine.client("iam"), mine.client("sts"), mine.client("stepfunctions")
    for role in (theirs.execute_role_arn, theirs.operator_role_arn, theirs.subject_role_arn):
        asked = dict(RoleArn=role, RoleSessionName="neighbour")
        print(attempt(sts.assume_role, **asked).allowed)
        print(attempt(sts.assume_role, **asked, ExternalId=theirs.external_id).allowed)
    for machine in (theirs.operator_machine_arn, theirs.subject_machine_arn):
        print(attempt(states.start_execution, stateMachineArn=machine).allowed)
        print(attempt(states.describe_state_machine, stateMachineArn=machine).allowed)
        print(attempt(states.delete_state_machine, stateMachineArn=machine).allowed)
    function = f"arn:aws:lambda:{{theirs.region}}:{{theirs.subject_account_id}}:function:f"
    queue = f"{{iam.meta.endpoint_url}}/{{theirs.subject_account_id}}/q"
    print(attempt(mine.client("lambda").invoke, FunctionName=function).allowed)
    print(attempt(mine.client("sqs").send_message, QueueUrl=queue, MessageBody="x").allowed)
"""
    )

    assert said.split() == ["False"] * 28
    assert "SUCCEEDED" in bob.run("print(open_lab().run().status)")


def test_a_kernel_that_starts_again_finds_its_place(ada: Person) -> None:
    assert ada.run("print(open_lab().scenario.operator_account_id)") == ada.run(
        "join_room(ROOM, CODE, name=NAME); print(open_lab().scenario.operator_account_id)"
    )


def test_a_fault_is_pushed_seen_solved_and_counted(room: Room, ada: Person) -> None:
    ada.run("open_lab().set_stage(3)")
    place = room.until("Ada", "steps", value=[True] * 4)["id"]
    status, told = room.ask(
        "POST", "/instructor/api/push", {"fault": "two-names", "participants": [place]}, token=room.token
    )
    assert (status, told["told"]) == (200, "The fault is being put into the accounts of 1 participant.")
    end = room.until("Ada", "fault", value="2 · One role, two spellings")
    assert end["trouble"] == ""

    said = ada.run(
        "practice = open_lab().practice(); fault = practice.current; print(fault.fault.id)\n"
        "print(open_lab().run().succeeded); fault.apply_solution(); print(fault.check().ok)"
    )

    assert said.split() == ["two-names", "False", "True"]
    assert room.until("Ada", "solved", value=1)["fault"] == ""


def test_a_fault_waits_until_the_set_up_is_built(room: Room) -> None:
    room.person("Early")
    place = room.seen()["Early"]["id"]
    _, told = room.ask("POST", "/instructor/api/push", {"fault": "star", "participants": [place]}, token=room.token)

    assert told["told"].endswith("Not ready, for a stage is missing: Early.")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("push", {"fault": "no-such-fault", "participants": None}),
        ("push", {"participants": "all"}),
        ("push", {"fault": "star", "participants": ["place-999"]}),
        ("reset", {"participants": ["1; DROP TABLE participant"]}),
        ("reset", {"participants": ["place-999"]}),
        ("free", {"participant": "place-999"}),
        ("free", {}),
    ],
)
def test_what_cant_be_done_is_told(room: Room, path: str, body: object) -> None:
    status, told = room.ask("POST", f"/instructor/api/{path}", body, token=room.token)

    assert status == 400
    assert told["error"].endswith(".")


def test_one_is_reset_and_the_neighbour_isnt(room: Room, bob: Person) -> None:
    carla = room.person("Carla")
    for one in (bob, carla):
        one.run("lab = open_lab(); lab.set_stage(3); lab.check(live=False)")
    place = room.until("Carla", "steps", value=[True] * 4)["id"]

    status, _ = room.ask("POST", "/instructor/api/reset", {"participants": [place]}, token=room.token)

    assert status == 200
    assert room.until("Carla", "steps", value=[False] * 4)["checks"] is None
    assert carla.run("print([s.applied for s in open_lab().status().steps])").strip() == "[False, False, False, False]"
    assert bob.run("print(open_lab().run().status)").strip() == "SUCCEEDED"
    assert "True" in carla.run("lab = open_lab(); lab.set_stage(3); print(lab.check().ok)"), "the keys are the same"


def test_results_are_csv_that_no_spreadsheet_calculates(room: Room) -> None:
    room.person("=1+1")
    request = Request(f"{room.url}/instructor/api/results.csv", headers={"Authorization": f"Bearer {room.token}"})
    with urlopen(request, timeout=120) as answer:
        text = answer.read().decode("utf-8-sig")

    head, *rows = csv.reader(io.StringIO(text))
    names = [row[0] for row in rows]
    assert head[:3] == ["name", "steps", "checks that passed"]
    assert all(len(row) == len(head) for row in rows)
    assert "'=1+1" in names
    assert {"Ada", "Bob"} <= set(names)


def test_ten_subjects_in_a_room(ada: Person) -> None:
    said = ada.run(
        "from xsfn_helpers import open_hub\n"
        "hub = open_hub(3); hub.apply(); run = hub.run(); print(run.succeeded, len(run.ends)); hub.clean()"
    )

    assert said.split() == ["True", "3"]
    assert len(ada.seat["further"]) == 3


def test_more_further_accounts_than_the_room_gives_are_refused(ada: Person) -> None:
    said = ada.run("from xsfn_helpers import open_hub\ntry: open_hub(13)\nexcept XsfnError as error: print(error)")

    assert said.strip() == "A participant has at most 12 further accounts in a room."


def test_slow_iam_is_slow_for_whoever_asked(ada: Person, bob: Person) -> None:
    for one in (ada, bob):
        one.run("open_lab().set_stage(3)")
    said = ada.run(
        """
import subprocess, sys, os
lab = open_lab()
with lab.propagation_delay(30):
    lab.stage(2).undo()
    print(lab.run().status)  # what was taken away still counts
lab.set_stage(3)
"""
    )

    assert said.strip() == "SUCCEEDED"
    assert (
        bob.run("lab = open_lab(); lab.stage(2).undo(); print(lab.run().status); lab.set_stage(3)").strip() == "FAILED"
    )


def test_who_leaves_is_on_their_own_again(room: Room) -> None:
    dora = room.person("Dora")
    said = dora.run("print(leave_room())\nfrom xsfn_helpers.aws.seat import find_seat\nprint(find_seat())")

    assert said.splitlines()[-1] == "None"
    assert dora.run("print(leave_room())").strip() == "You are in no room."


def test_a_hub_names_the_room_and_nobody_types_anything(room: Room) -> None:
    eve = Person(room, "Eve", room.folder / "eve")
    said = eve.run(
        "import os; os.environ.update(XSFN_ROOM_URL=ROOM, XSFN_ROOM_CODE=CODE, XSFN_ROOM_NAME=NAME)\n"
        "print(open_lab().scenario.operator_account_id)"
    )

    assert said.strip() == eve.seat["accounts"]["operator"]["account_id"]
    assert "Eve" in room.seen()


def test_keys_are_in_no_output(ada: Person) -> None:
    said = ada.run(
        "from xsfn_helpers.aws.seat import find_seat\n"
        "seat = find_seat(); print(seat, repr(seat), open_lab(), open_lab().environment.accounts)"
    )

    for account in ada.seat["accounts"].values():
        assert account["secret_access_key"] not in said
    assert ada.seat["token"] not in said


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "ftp://x", "http://user@127.0.0.1", "http://127.0.0.1/x", "http://["]
)
def test_what_is_no_rooms_address_is_told(url: str) -> None:
    from xsfn_helpers.aws.room_client import RoomAddress
    from xsfn_helpers.common.errors import RoomError

    with pytest.raises(RoomError, match="is not the address of a room"):
        RoomAddress.parse(url)


def test_a_room_that_isnt_there_is_told() -> None:
    from xsfn_helpers.aws.seat import join_room
    from xsfn_helpers.common.errors import RoomError

    with pytest.raises(RoomError, match="doesn't answer"):
        join_room("http://127.0.0.1:1", "AAAA-AAAA", name="x")
