"""A journal cut short or changed by others: what is left of it is told and kept, never believed."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox.world import World
from tests.support import forks
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.journal import ArchivedExecution, Journal, JournalUnwritable, NameTaken
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

WRITTEN = 120
TRIALS = 20


def _execution(number: int, status: str) -> ArchivedExecution:
    return ArchivedExecution(f"arn:{number}", "arn:machine", status, {"name": f"run {number}", "text": "x" * 300})


def _write(journal: Journal, number: int) -> None:
    """One change, of two entries and an execution, that is complete or not there."""
    journal.put_all({("count", ""): number, ("item", str(number % 7)): {"number": number, "text": "y" * 500}})
    journal.begin_execution(_execution(number, "RUNNING"), number)
    journal.end_execution(_execution(number, "SUCCEEDED"), [{"id": 1, "number": number}] * 20)


def _assert_consistent(journal: Journal) -> int:
    """What is there must be what was there after one of the changes; gives which."""
    count = journal.get("count", "") or 0
    items = {key: body["number"] for key, body in journal.entries("item")}
    assert items == {str(number % 7): number for number in range(max(1, count - 6), count + 1)}
    executions = {execution.arn: execution for execution in journal.executions("arn:machine")}
    assert set(executions) - {f"arn:{count}"} == {f"arn:{number}" for number in range(1, count)}
    for number in range(1, count):
        assert executions[f"arn:{number}"] == _execution(number, "SUCCEEDED")
        assert journal.history(f"arn:{number}") == [{"id": 1, "number": number}] * 20
    return int(count)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a journal that nobody closed: the database, and the changes that wait to be put into it."""
    path = tmp_path_factory.mktemp("written") / "journal.db"
    journal, _ = Journal.open(path)
    for number in range(1, WRITTEN + 1):
        _write(journal, number)
        if number == WRITTEN - 20:
            with sqlite3.connect(path) as other:
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            other.close()
    left = tmp_path_factory.mktemp("left")
    for file in path.parent.iterdir():
        shutil.copy(file, left)
    journal.close()
    return left


def _copy(killed: Path, folder: Path) -> Path:
    shutil.copytree(killed, folder)
    return folder / "journal.db"


def _cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def _overwrite(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(len(data))
    data[at : at + 16] = chance.randbytes(len(data[at : at + 16]))


def _flip_a_bit(chance: random.Random, data: bytearray) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _zero_a_page(chance: random.Random, data: bytearray) -> None:
    at = chance.randrange(0, len(data), 4096)
    data[at : at + 4096] = bytes(len(data[at : at + 4096]))


def test_a_killed_journal_is_complete(killed: Path, tmp_path: Path) -> None:
    """What the damaged ones are compared with."""
    journal, notice = Journal.open(_copy(killed, tmp_path / "state"))

    assert (_assert_consistent(journal), notice) == (WRITTEN, "")
    journal.close()


@pytest.mark.parametrize("damage", [_cut, _overwrite, _flip_a_bit, _zero_a_page])
@pytest.mark.parametrize("file", ["journal.db", "journal.db-wal"])
def test_damage_is_survived_or_told(
    file: str, damage: Callable[[random.Random, bytearray], None], killed: Path, tmp_path: Path
) -> None:
    """Either what is read was true at some time (SQLite leaves out changes that aren't whole), or nothing is read.

    Then all of it is set aside as it was found, for somebody to look into; where only the latest changes are lost,
    what they were written to is.
    """
    chance = random.Random(f"{file} {damage.__name__}")
    outcomes = {"read": 0, "set aside": 0}
    for trial in range(TRIALS):
        path = _copy(killed, tmp_path / str(trial))
        damaged = path.with_name(file)
        data = bytearray(damaged.read_bytes())
        damage(chance, data)
        damaged.write_bytes(data)
        found = {suffix: path.with_name(path.name + suffix).read_bytes() for suffix in ("", "-wal")}

        journal, notice = Journal.open(path)

        if "latest changes" in notice:
            outcomes["read"] += 1
            (log,) = path.parent.glob("journal.db-wal.unreadable-*")
            assert str(log) in notice
            assert log.read_bytes() == found["-wal"]
            assert not list(path.parent.glob("journal.db.unreadable-*"))
            assert file == "journal.db-wal"
            _assert_consistent(journal)
        elif notice:
            outcomes["set aside"] += 1
            (log,) = path.parent.glob("journal.db.unreadable-*-wal")
            aside = log.with_name(log.name.removesuffix("-wal"))
            assert str(aside) in notice
            assert {"": aside.read_bytes(), "-wal": log.read_bytes()} == found
            assert journal.get("count", "") is None
            _write(journal, 1)
        else:
            outcomes["read"] += 1
            _assert_consistent(journal)
        journal.close()
    assert sum(outcomes.values()) == TRIALS
    assert outcomes["read" if file == "journal.db-wal" else "set aside"] > 0


def test_an_unreadable_journal_is_set_aside_and_told_at_start(own_folder: SandboxFolder) -> None:
    """On standard error, with exit code 0: the sandbox runs, and its reader knows why it is empty."""
    before = Sandbox.start()
    World.fresh(before).build()
    before.stop()
    own_folder.journal.write_bytes(b"this is not a database, " * 400)

    told = forks.run([sys.executable, "-m", "xsfn_helpers", "sandbox", "start"], capture_output=True, text=True)

    (kept,) = own_folder.path.glob("journal.db.unreadable-*")
    assert kept.read_bytes()[:22] == b"this is not a database"
    assert (told.returncode, told.stderr) == (
        0,
        f"The sandbox's journal couldn't be read (file is not a database) and was set aside as {kept}; "
        "the two accounts start empty.\n",
    )
    again = Sandbox.start()
    assert again.accounts == before.accounts
    assert World.fresh(again).operator_iam.list_roles()["Roles"] == []


def test_a_journal_of_another_format_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as older:
        older.execute("CREATE TABLE entries (kind TEXT, key TEXT, body TEXT)")
        older.execute("PRAGMA user_version = 1")
    older.close()

    journal, notice = Journal.open(path)

    assert "its format is 1, not 2" in notice
    journal.close()


def test_a_newer_kits_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(SandboxError, match="A newer version of this kit"):
        Journal.open(path)

    assert [file.name for file in tmp_path.iterdir()] == ["journal.db"]


def test_a_journal_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()

    with pytest.raises(SandboxError, match=r"journal can't be used: .*See that its disk has room"):
        Journal.open(tmp_path / "journal.db")


def test_one_name_is_one_execution(tmp_path: Path) -> None:
    journal, notice = Journal.open(tmp_path / "journal.db")
    journal.begin_execution(_execution(1, "RUNNING"), 1)

    with pytest.raises(NameTaken):
        journal.begin_execution(_execution(1, "RUNNING"), 2)

    assert notice == ""
    assert journal.running() == [_execution(1, "RUNNING")]
    journal.close()


def test_a_gone_machine_and_its_executions_go_together(tmp_path: Path) -> None:
    """Else a kill in between would leave a machine that has forgotten what it ran."""
    journal, _ = Journal.open(tmp_path / "journal.db")
    _write(journal, 1)
    with sqlite3.connect(tmp_path / "journal.db") as other:
        other.execute("CREATE TRIGGER denies BEFORE DELETE ON executions BEGIN SELECT RAISE(ABORT, 'no'); END")
    other.close()

    with pytest.raises((JournalUnwritable, NameTaken)):
        journal.put_all({("item", "1"): {"number": 2}}, gone_machine="arn:machine")

    assert journal.get("item", "1")["number"] == 1
    assert len(journal.executions("arn:machine")) == 1
    journal.close()
