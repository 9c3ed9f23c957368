"""Damage in the write-ahead log is told: SQLite takes what comes before it, and says nothing of the rest."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.write_ahead_log import is_damaged

ENTRIES = 60


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal as a kill leaves it: what was acknowledged is in its log alone."""
    folder = tmp_path_factory.mktemp("killed")
    path = folder / "journal.db"
    journal, _ = Journal.open(path)
    for number in range(ENTRIES):
        journal.put("kind", f"{number:03}", "x" * 500)
    kept = folder / "kept"
    kept.mkdir()
    for suffix in ("", "-wal", "-shm"):
        shutil.copy(f"{path}{suffix}", kept / f"journal.db{suffix}")
    journal.close()
    return kept


def _opened(killed: Path, folder: Path, log: bytes) -> tuple[int, str]:
    """How many entries are left, and what is told."""
    shutil.copy(killed / "journal.db", folder / "journal.db")
    (folder / "journal.db-wal").write_bytes(log)
    journal, notice = Journal.open(folder / "journal.db")
    left = len(journal.keys("kind"))
    journal.close()
    return left, notice


def test_a_whole_log_is_nothing_to_tell(killed: Path, tmp_path: Path) -> None:
    assert _opened(killed, tmp_path, (killed / "journal.db-wal").read_bytes()) == (ENTRIES, "")


@pytest.mark.parametrize("seed", range(25))
def test_no_entry_is_lost_without_a_word(killed: Path, tmp_path: Path, seed: int) -> None:
    log = bytearray((killed / "journal.db-wal").read_bytes())
    chance = random.Random(seed)
    log[chance.randrange(len(log))] ^= chance.randrange(1, 256)

    left, notice = _opened(killed, tmp_path, bytes(log))

    assert left == ENTRIES or notice
    if "latest changes" in notice:
        (aside,) = tmp_path.glob("journal.db-wal.unreadable-*")
        assert aside.read_bytes() == bytes(log)


@pytest.mark.parametrize("cut", [1, 24, 100, 4000])
def test_a_last_frame_that_was_cut_short_was_never_acknowledged(killed: Path, tmp_path: Path, cut: int) -> None:
    log = (killed / "journal.db-wal").read_bytes()

    assert not is_damaged(log[:-cut])


def test_what_an_earlier_log_left_behind_the_end_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal, _ = Journal.open(path)
    for number in range(20):
        journal.put("kind", str(number), "x" * 5000)
    journal._database.execute("PRAGMA wal_checkpoint(RESTART)")
    journal.put("kind", "again", "y")

    assert not is_damaged(Path(f"{path}-wal").read_bytes())
    journal.close()
