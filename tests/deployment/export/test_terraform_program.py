"""Terraform itself, where it is installed and has its provider: the exported files applied to the two accounts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deployment.export.conftest import Exporting
from xsfn_helpers import Lab
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on this machine")
Terraform = Callable[..., subprocess.CompletedProcess[str]]
PROFILE = """[profile {side}]
aws_access_key_id = {account.access_key_id}
aws_secret_access_key = {account.secret_access_key}
"""


@pytest.fixture
def terraform(exported: Exporting, tmp_path: Path) -> Terraform:
    """Run Terraform in the export's folder, with a profile for each account of the sandbox."""
    folder = exported("terraform").folder
    sandbox = Sandbox.find()
    assert sandbox is not None
    profiles = tmp_path / "profiles"
    profiles.write_text(
        "".join(PROFILE.format(side=side, account=account) for side, account in sandbox.accounts.items()),
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "AWS_CONFIG_FILE": str(profiles),
        "AWS_ENDPOINT_URL": sandbox.endpoint_url,
        "TF_VAR_operator_profile": "operator",
        "TF_VAR_subject_profile": "subject",
        "CHECKPOINT_DISABLE": "1",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", *arguments, "-no-color"]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    prepared = run("init", "-input=false")
    if prepared.returncode != 0 and "query available provider packages" in prepared.stderr:
        pytest.skip("terraform can't get the provider hashicorp/aws here")
    assert prepared.returncode == 0, prepared.stderr
    return run


def test_it_applies_checks_runs_and_destroys(lab: Lab, terraform: Terraform) -> None:
    applied = terraform("apply", "-auto-approve", "-input=false")
    assert applied.returncode == 0, applied.stderr
    report, run = lab.check(), lab.run()
    planned = terraform("plan", "-detailed-exitcode", "-input=false")
    destroyed = terraform("destroy", "-auto-approve", "-input=false")

    assert "Apply complete! Resources: 7 added, 0 changed, 0 destroyed." in applied.stdout
    assert str(report.failed) == "All checks, what failed: 0 of 0 passed"
    assert run.succeeded
    assert planned.returncode == 0, f"a second apply would change something:\n{planned.stdout}"
    assert "Destroy complete! Resources: 7 destroyed." in destroyed.stdout


def test_it_refuses_a_bad_account_id_in_the_words_of_its_rule(terraform: Terraform) -> None:
    refused = terraform("plan", "-input=false", "-var", "subject_account_id=22")

    assert refused.returncode == 1
    assert "An account ID has exactly 12 digits." in refused.stderr
