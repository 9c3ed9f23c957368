"""A few people in a room, killed in the middle; `python -m benchmarks.bench_room` is the same with a hundred."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.classroom.crowd.acknowledged import Acknowledged
from tests.lab.classroom.crowd.crowd import Outcome, fill
from tests.lab.classroom.crowd.doors import enter
from tests.lab.classroom.crowd.rooms import ServedRoom
from tests.support import forks
from tests.support.soak import soaked
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

PEOPLE = soaked(short=4, long=8)
# While the check of this number goes on: half of all that they do, for each has five.
KILLED_AT = PEOPLE * 5 // 2
# Each reaches twice for a neighbour's accounts: six roles' AssumeRole, twelve calls on machines, lists, and a task.
REFUSALS_EACH = 2 * 20


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedRoom]:
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "room"))
    found = ServedRoom(PEOPLE, _free_port(), forks.Popen)
    yield found
    found.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_all_go_the_whole_way_and_nobody_reaches_another(room: ServedRoom, tmp_path: Path) -> None:
    outcome = fill(
        room,
        tmp_path,
        people=PEOPLE,
        computers=2,
        think=0.1,
        faults=1,
        kill_after=KILLED_AT,
        patience=1200.0,
        popen=forks.Popen,
    )

    assert outcome.failures == []
    assert (outcome.done, outcome.refused) == (PEOPLE, PEOPLE * REFUSALS_EACH)
    assert outcome.lost == []
    assert _fell_into_it(outcome)
    assert outcome.memory_mib < 2048


def _fell_into_it(outcome: Outcome) -> bool:
    """Whether the kill came while somebody was at work: else it would show nothing."""
    return outcome.kills == 1 and any(one.over_the_kill for one in outcome.records)


def test_what_is_gone_is_noticed(room: ServedRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crowd's own ledger: else "nothing lost" would say nothing."""
    inside = enter(room.door, 0)
    acknowledged = Acknowledged(inside.lab.environment.accounts)
    inside.lab.prepare()
    inside.lab.set_stage(3)
    inside.lab.run()
    assert acknowledged.missing() == []

    Sandbox.start().empty_accounts([inside.seat.accounts[Side.SUBJECT].account_id])

    gone = " ".join(acknowledged.missing())
    assert all(f"{kind} " in gone for kind in ("role", "policy", "machine"))
    assert "of the subject" in gone


def test_who_joins_while_the_sandbox_is_gone_is_let_in(room: ServedRoom) -> None:
    os.kill(room.pids()[1], signal.SIGKILL)

    inside = enter(room.door, 1)

    assert inside.lab.prepare()
