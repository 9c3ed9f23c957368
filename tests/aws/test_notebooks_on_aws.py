"""The same notebooks on two AWS accounts: every cell runs, and says what it says on the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.aws.notebooks_there import differences, run_there
from tests.aws.playing import PlayedAws
from tests.aws.recording import Recorder, kept, leaked
from tests.notebooks.references import NOTEBOOKS
from tests.support.soak import SOAKING

# Cells that must say something else there, by what they call: IAM can't be slowed down on AWS.
_OTHERWISE: Final = {
    "00-start-here": {"choose_target()"},
    "03b-when-a-run-fails": {"lab.propagation_delay("},
    "05-break-and-fix": {'practice.fault("too-soon")'},
    "06-your-own-accounts": {"rehearse()"},
}
_ALL_IS_SEEN: Final = ("04-why-it-was-decided", "06-your-own-accounts")
# What these three build link by link, each of the others builds at once; `make soak` runs them, too.
_LINK_BY_LINK: Final = ("01-", "02-", "03-")
_ALL: Final = sorted(NOTEBOOKS.glob("0[0-6]*.ipynb"))
TRIED: Final = [path for path in _ALL if SOAKING or not path.stem.startswith(_LINK_BY_LINK)]


@pytest.fixture
def chosen(own_aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> PlayedAws:
    """AWS chosen as a reader does it who wants no other names; agreed to once, for all notebooks."""
    for key, value in own_aws.choices.items():
        monkeypatch.setenv(f"XSFN_{key.upper()}", value)
    own_aws.lab().agree("yes")
    return own_aws


def test_what_needs_more_than_two_accounts_says_so(chosen: PlayedAws) -> None:
    """Everything before it runs: tasks of other services are decided and made on the two accounts, too."""
    with pytest.raises(CellExecutionError, match=r"A hub lives on the sandbox only\. Choose the sandbox"):
        run_there(NOTEBOOKS / "08-beyond-step-functions.ipynb")


@pytest.mark.parametrize("path", TRIED, ids=lambda path: path.stem)
def test_every_cell_runs_and_says_the_same(chosen: PlayedAws, request: pytest.FixtureRequest, path: Path) -> None:
    """And no key is saved with it: neither one that it was run with nor, where all is seen, one given out meanwhile."""
    door: Recorder | None = request.getfixturevalue("door") if path.stem in _ALL_IS_SEEN else None
    there = run_there(path)
    other = {difference.source for difference in differences(path, there)}
    expected = _OTHERWISE.get(path.stem, set())

    assert [source for source in other if not any(call in source for call in expected)] == []
    assert not [secret for secret in chosen.secrets() if secret in str(there)]
    if door:
        assert "CreateRole" in door.operations
        assert leaked(nbformat.writes(there), chosen, door) == []
        assert leaked(kept(chosen.home.parent / "state"), chosen, door) == []
