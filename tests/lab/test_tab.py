"""What a reader of a browser tab calls in place of a terminal: the same on a machine."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from xsfn_helpers import tab
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.lab.lab import Lab


def test_what_was_built_and_written_is_handed_out_as_one_file(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.ipynb").write_text("{}", encoding="utf-8")

    given = tab.download()

    with zipfile.ZipFile(io.BytesIO(given.content)) as packed:
        names = packed.namelist()
        assert packed.testzip() is None
    assert {"accounts/journal.db", "notebooks/mine.ipynb"} <= set(names)
    assert not [name for name in names if name.endswith(".lock")]
    assert str(given).startswith(f"xsfn-work.zip: {len(names)} files")
    shown = given._repr_mimebundle_()
    assert shown["text/plain"] == str(given)
    assert 'download="xsfn-work.zip" href="data:application/zip;base64,' in shown["text/html"]


def test_reset_empties_the_accounts(lab: Lab) -> None:
    lab.prepare()

    assert tab.reset() == "The accounts are empty."
    assert lab.operator.client("iam").list_roles()["Roles"] == []


def test_the_place_is_told_in_a_tab_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tab.place_told() == ()

    monkeypatch.setattr("xsfn_helpers.lab.tab.in_browser", lambda: True)
    assert "this browser keeps them" in tab.place_told()[0]
    kept = tab.kept_folder(StateFolder.default().path)
    monkeypatch.setattr(kept, "notice", "nothing is kept")
    assert tab.place_told() == ("nothing is kept",)
