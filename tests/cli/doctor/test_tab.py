"""In a browser tab the doctor knows where it is: nothing is missing that nobody can install there."""

from __future__ import annotations

import pytest

from xsfn_helpers.cli import main
from xsfn_helpers.common.browser.storage import kept_folder
from xsfn_helpers.common.state_folder import StateFolder


def test_the_doctor_says_that_it_is_in_a_tab_and_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("xsfn_helpers.cli.around.in_browser", lambda: True)

    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "A browser tab runs the kit" in told
    assert "This browser keeps what you build." in told

    monkeypatch.setattr(kept_folder(StateFolder.default().path), "notice", "nothing is kept")
    assert main(["doctor"]) == 0
    assert "! nothing is kept" in capsys.readouterr().out
