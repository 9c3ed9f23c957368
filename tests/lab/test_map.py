"""What the map beside the notebooks reads: the accounts as they stand, a run that goes on, and no more than it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.isolation import isolated
from xsfn_helpers import open_lab
from xsfn_helpers.lab.map.looking import AccountsReader, MapAnswer
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


def test_it_says_nothing_that_an_exercise_asks_for(reader: AccountsReader) -> None:
    """Which link is denied, by which policy, and what would change it: the reader is to find that."""
    with isolated():
        lab = open_lab()
        fault = lab.practice().fault("two-names")
        fault.inject()
        before = reader.look()
        fault.symptom()

        shown = reader.look()
        assert shown.view is not None
        assert {link["state"] for link in shown.view["links"]} == {"pending"}
        assert {(link["sentence"], link["change"]) for link in shown.view["links"]} == {("", "")}
        assert {link["outcome"] for link in shown.view["links"]} == {before_outcome(before)}
        assert [role["policies"] != [] for role in shown.view["roles"]] == [True, True, True]
        assert not any(line["marks"] for line in lines_of(shown))
        assert shown.view["said"] == "The run ended: Operator FAILED, Subject never started"
        assert shown.view["run"]["steps"] == ()
        assert "✗" not in shown.text.partition("Operator execution")[0]

        fault.apply_solution()
        assert states_of(reader.look()) == {"allowed"}, "it shows everything again once the answer was shown"


def test_what_is_wrong_beside_an_exercise_that_was_left_is_shown(reader: AccountsReader) -> None:
    """Another notebook has set the accounts to its stage: no machine to run, so no exercise goes on."""
    with isolated():
        lab = open_lab()
        lab.practice().fault("two-names").inject()
        lab.set_stage(1)

        assert states_of(reader.look()) == {"allowed", "refused"}


def test_a_probe_is_no_run_of_the_reader(reader: AccountsReader) -> None:
    with isolated():
        lab = open_lab()
        lab.set_stage(3)
        reader.look()
        assert lab.check().ok

        shown = reader.look().view
        assert shown is not None
        assert "FAILED" not in shown["said"]
        assert states_of(reader.look()) == {"allowed"}


def before_outcome(shown: MapAnswer) -> str:
    assert shown.view is not None
    said = str(shown.view["links"][0]["outcome"])
    assert "practice.restore()" in said, "how to end the exercise"
    return said


def lines_of(shown: MapAnswer) -> list[dict[str, object]]:
    assert shown.view is not None
    return [line for role in shown.view["roles"] for policy in role["policies"] for line in policy["lines"]]


def states_of(shown: MapAnswer) -> set[str]:
    assert shown.view is not None
    return {link["state"] for link in shown.view["links"]}


def test_aws_accounts_are_left_alone(reader: AccountsReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSFN_TARGET", "aws")

    shown = reader.look()

    assert (shown.state, shown.view, shown.code) == ("elsewhere", None, "lab.live_diagram()")


def test_settings_that_cannot_be_read_are_told(reader: AccountsReader, tmp_path: Path) -> None:
    (tmp_path / "xsfn.toml").write_text("region = 7")

    shown = reader.look()

    assert shown.state == "trouble"
    assert "region" in shown.lines[0]
