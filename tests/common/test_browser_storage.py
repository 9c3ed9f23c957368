"""What a browser keeps of the state folder: all that changed, at once; and what happens where it keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from xsfn_helpers.common.browser.storage import KeptFolder, kept_folder
from xsfn_helpers.common.errors import SandboxError


@dataclass
class Browser:
    """IndexedDB, as far as `storage.js` shows it."""

    kept: dict[str, bytes] = field(default_factory=dict)
    written: list[set[str]] = field(default_factory=list)
    ours: bool = True
    full: bool = False

    def read(self) -> Mapping[str, bytes]:
        return self.kept

    def write(self, changed: Mapping[str, bytes], gone: frozenset[str]) -> None:
        if self.full:
            raise RuntimeError("QuotaExceededError: no room\nat storage.js")
        self.written.append({*changed, *gone})
        self.kept = {name: content for name, content in {**self.kept, **changed}.items() if name not in gone}

    def is_ours(self) -> bool:
        return self.ours


def test_a_folder_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    browser, first, second = Browser(), tmp_path / "first", tmp_path / "second"
    (first / "rehearsal").mkdir(parents=True)
    (first / "journal.db").write_bytes(b"\0roles")
    (first / "rehearsal" / "config").write_bytes(b"[profile]")

    KeptFolder(first, browser).keep()
    KeptFolder(second, browser).fill()

    assert (second / "journal.db").read_bytes() == b"\0roles"
    assert (second / "rehearsal" / "config").read_bytes() == b"[profile]"
    assert second.stat().st_mode & 0o077 == 0
    assert (second / "journal.db").stat().st_mode & 0o077 == 0


def test_only_what_changed_is_written_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    browser = Browser()
    folder = KeptFolder(tmp_path, browser)
    (tmp_path / "journal.db").write_bytes(b"1")
    (tmp_path / "settings.json").write_bytes(b"{}")
    folder.keep()
    folder.keep()
    (tmp_path / "settings.json").unlink()
    (tmp_path / "journal.db").write_bytes(b"12")
    folder.keep()

    assert browser.written == [{"journal.db", "settings.json"}, {"journal.db", "settings.json"}]
    assert browser.kept == {"journal.db": b"12"}


def test_locks_and_logs_are_the_process_s_and_are_not_kept(tmp_path: Path) -> None:
    browser = Browser()
    for name in ("running.lock", "sandbox.log", "journal.db-shm", "journal.db-wal"):
        (tmp_path / name).write_bytes(b"1")

    KeptFolder(tmp_path, browser).keep()

    assert [*browser.kept] == ["journal.db-wal"]


def test_a_browser_that_has_no_room_is_told_of_and_the_folder_goes_on(tmp_path: Path) -> None:
    browser = Browser(full=True)
    folder = KeptFolder(tmp_path, browser)
    (tmp_path / "journal.db").write_bytes(b"1")

    folder.keep()
    folder.check()

    assert "keeps nothing for the page (QuotaExceededError: no room)" in folder.notice
    assert (tmp_path / "journal.db").read_bytes() == b"1"


def test_whose_folder_another_kernel_has_taken_over_writes_nothing_and_says_so(tmp_path: Path) -> None:
    browser = Browser(ours=False)
    folder = KeptFolder(tmp_path, browser)
    (tmp_path / "journal.db").write_bytes(b"1")

    folder.keep()

    assert browser.kept == {}
    with pytest.raises(SandboxError, match="restart this notebook's kernel"):
        folder.check()


def test_on_a_machine_the_folder_is_on_disk_and_stays_as_it_is(tmp_path: Path) -> None:
    folder = kept_folder(tmp_path / "state")
    folder.fill()
    folder.keep()
    folder.check()

    assert not (tmp_path / "state").exists()
    assert folder.notice == ""
