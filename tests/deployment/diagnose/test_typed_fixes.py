"""A fix is a command to type only where every name and account in it is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployment.diagnose.test_repositories import TOLD
from tests.deployment.diagnose.test_templates import BROKEN, Setup
from xsfn_helpers.deployment.diagnose.as_json import diagnosis_json
from xsfn_helpers.deployment.diagnose.reading.repository import Told


def _trusts_only(made: Setup, other: str) -> None:
    made.trusted()["Principal"] = {"AWS": other}


@pytest.mark.parametrize("told", [TOLD, Told()], ids=["accounts told", "no account told"])
def test_what_is_made_at_deployment_is_no_command_to_type(tmp_path: Path, told: Told) -> None:
    """A role that CloudFormation gives its name, and an account that stands for one that no file tells."""
    made = Setup()
    _trusts_only(made, "arn:aws:iam::111111111111:role/somebody-else")
    del made.of_hub("HubRole")["RoleName"]

    found = made.diagnosed(tmp_path, told)

    assert found.verdict is BROKEN
    fix = found.fixes[0]
    assert any("deployed" in note for note in fix.notes)
    assert "As AWS CLI commands" not in str(found)
    changes = [change for one in diagnosis_json(found)["fixes"] for change in one["changes"]]
    assert changes
    assert all(change["cloudformation"] is None for change in changes)
    assert all(call["cli"] is None for change in changes for call in change["calls"])


def test_what_is_known_is_a_command_to_type(tmp_path: Path) -> None:
    made = Setup()
    _trusts_only(made, "arn:aws:iam::111111111111:role/somebody-else")

    found = made.diagnosed(tmp_path)

    assert not found.fixes[0].notes
    assert "As AWS CLI commands" in str(found)
