"""The CDK's own command, where it is installed: the exported app deployed to the two accounts, neither bootstrapped."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.deployment.export.conftest import Exporting, needs_cdk
from tests.support.soak import SOAKING
from xsfn_helpers import Lab
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = [
    needs_cdk,
    pytest.mark.skipif(not SOAKING, reason="tools of others are tried in `make soak`"),
    pytest.mark.skipif(shutil.which("cdk") is None, reason="no CDK CLI on this machine: npm install aws-cdk"),
]


def test_it_deploys_checks_runs_and_destroys(lab: Lab, exported: Exporting) -> None:
    folder = exported("cdk").folder
    sandbox = Sandbox.find()
    assert sandbox is not None

    def cdk(side: Side, *command: str) -> str:
        account = sandbox.accounts[side]
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": sandbox.url_for_clients,
            "AWS_REGION": sandbox.region,
            "AWS_ACCESS_KEY_ID": account.access_key_id,
            "AWS_SECRET_ACCESS_KEY": account.secret_access_key,
        }
        done = subprocess.run(
            ["cdk", *command, side.capitalize(), "--exclusively", "--ci"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    for side in (Side.OPERATOR, Side.SUBJECT):
        assert "✅" in cdk(side, "deploy", "--require-approval", "never")
    report, run = lab.check(), lab.run()
    assert "There were no differences" in cdk(Side.OPERATOR, "diff")
    for side in (Side.SUBJECT, Side.OPERATOR):
        assert "destroyed" in cdk(side, "destroy", "--force")

    assert str(report.failed) == "All checks, what failed: 0 of 0 passed"
    assert run.succeeded
