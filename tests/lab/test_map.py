"""What the map beside the notebooks reads: the accounts as they stand, a run that goes on, and no more than it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.isolation import isolated
from xsfn_helpers import open_lab
from xsfn_helpers.lab.map.looking import AccountsReader
from xsfn_helpers.sandbox.process.server import Sandbox


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AccountsReader:
    """A map in a folder without settings, whose sandbox isn't started."""
    monkeypatch.chdir(tmp_path)
    return AccountsReader(tmp_path)


def test_from_start_to_end(reader: AccountsReader) -> None:
    with isolated():
        assert (reader.look().state, reader.look().view) == ("stopped", None)

        lab = open_lab()
        lab.set_stage(3)
        whole = reader.look()
        assert whole.state == "live"
        assert whole.text == lab.diagram().text
        assert whole.view is not None
        assert {link["state"] for link in whole.view["links"]} == {"allowed"}
        assert reader.look() is whole  # nothing has changed, so nothing is read

        lab.run()
        ran = reader.look().view
        assert ran is not None
        assert ran["said"] == "The run ended: Operator SUCCEEDED, Subject SUCCEEDED"
        assert [step["link"] for step in ran["run"]["steps"]] == [1, 2, 3, 6, 4]

        lab.stage(2).undo()
        undone = reader.look().view
        assert undone is not None
        assert undone["run"] is None
        assert undone["links"][1]["state"] == "refused"

        sandbox = Sandbox.find()
        assert sandbox is not None
        sandbox.stop()
        assert reader.look().state == "stopped"
        assert Sandbox.find() is None, "the map has started what it was to look at"


def test_aws_accounts_are_left_alone(reader: AccountsReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSFN_TARGET", "aws")

    shown = reader.look()

    assert (shown.state, shown.view, shown.code) == ("elsewhere", None, "lab.live_diagram()")


def test_settings_that_cannot_be_read_are_told(reader: AccountsReader, tmp_path: Path) -> None:
    (tmp_path / "xsfn.toml").write_text("region = 7")

    shown = reader.look()

    assert shown.state == "trouble"
    assert "region" in shown.lines[0]
