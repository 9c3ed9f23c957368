"""Clients that somebody else wrote, as they come: pointed at the sandbox by its address, and changed in nothing.

Those that the tests don't install run in `make soak`, where they can be found: `sam`, and `@aws-sdk/client-sfn` by
NODE_PATH. Terraform and the CDK have tests of their own, with what the lab exports to them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import awscli
import boto3
import pytest
from awscli import clidriver

from tests.sandbox.test_change_sets import settle
from tests.sandbox.test_stacks import Stacks, machine, role
from tests.sandbox.world import World
from tests.support.soak import SOAKING
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

PASS = json.dumps({"StartAt": "Same", "States": {"Same": {"Type": "Pass", "End": True}}})


def environment(sandbox: Sandbox, side: Side = Side.OPERATOR) -> dict[str, str]:
    """What any AWS client reads, and nothing of the machine's own."""
    account = sandbox.accounts[side]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_ENDPOINT_URL": sandbox.url_for_clients,
        "AWS_REGION": sandbox.region,
        "AWS_DEFAULT_REGION": sandbox.region,
        "AWS_ACCESS_KEY_ID": account.access_key_id,
        "AWS_SECRET_ACCESS_KEY": account.secret_access_key,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def express(world: World) -> str:
    """The ARN of an Express machine that does nothing."""
    made = world.operator_states.create_state_machine(
        name=f"{world.scenario.operator_machine_name}-express",
        type="EXPRESS",
        roleArn=world.scenario.operator_role_arn,
        definition=PASS,
    )
    return str(made["stateMachineArn"])


@pytest.fixture
def built(world: World) -> World:
    return world.build()


def test_boto3_as_it_comes(built: World) -> None:
    """It puts `sync-` before the address for two of the operations."""
    account = built.sandbox.accounts[Side.OPERATOR]
    client = boto3.client(
        "stepfunctions",
        endpoint_url=built.sandbox.url_for_clients,
        region_name=built.sandbox.region,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
    )

    assert client.start_sync_execution(stateMachineArn=express(built), input='{"a":1}')["output"] == '{"a":1}'
    assert client.test_state(definition='{"Type":"Pass","End":true}', input="3")["output"] == "3"


def aws(sandbox: Sandbox, *arguments: str) -> tuple[int, str]:
    """The AWS CLI's exit code and all that it printed, run in this process."""
    said = io.StringIO()
    given = {**environment(sandbox), "AWS_DATA_PATH": str(Path(awscli.__file__).with_name("data"))}
    with (
        mock.patch.dict(os.environ, given, clear=True),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        code = clidriver.create_clidriver().main([*arguments])
    return int(code), said.getvalue()


def test_the_aws_cli_as_it_comes(built: World) -> None:
    code, said = aws(built.sandbox, "stepfunctions", "start-sync-execution", "--state-machine-arn", express(built))

    assert code == 0, said
    assert json.loads(said)["status"] == "SUCCEEDED"
    code, said = aws(built.sandbox, "stepfunctions", "test-state", "--definition", '{"Type":"Pass","End":true}')
    assert (code, json.loads(said)["status"]) == (0, "SUCCEEDED")


def test_aws_cloudformation_deploy(world: World, tmp_path: Path) -> None:
    """A first time, with a change, without one, and by way of a bucket."""
    stacks, file = Stacks(world), tmp_path / "template.json"
    bucket = f"{stacks.name}-deploys"
    region = world.sandbox.region
    world.client(Side.OPERATOR, "s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region}
    )

    def deploy(description: str, *more: str) -> str:
        resources = {"Role": role(Description=description), "Machine": machine("Role")}
        file.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
        code, said = aws(
            world.sandbox,
            *("cloudformation", "deploy", "--stack-name", stacks.name, "--template-file", str(file)),
            *("--capabilities", "CAPABILITY_IAM", *more),
        )
        assert code == 0, said
        return said

    done = f"Successfully created/updated stack - {stacks.name}"
    assert done in deploy("one")
    assert done in deploy("two")
    assert done in deploy("three", "--s3-bucket", bucket)
    unchanged = deploy("three", "--no-fail-on-empty-changeset")
    assert "No changes to deploy" in unchanged, unchanged
    assert settle(stacks) == "UPDATE_COMPLETE"
    assert world.operator_iam.get_role(RoleName=stacks.physical["Role"])["Role"]["Description"] == "three"


# --- tools that the tests don't install ------------------------------------------------------------------------------


def ran(*command: str, cwd: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=cwd, env=dict(env), capture_output=True, text=True, check=False, timeout=600)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


soak = pytest.mark.skipif(not SOAKING, reason="tools of others are tried in `make soak`")


@soak
@pytest.mark.skipif(shutil.which("sam") is None, reason="no SAM CLI on this machine: pip install aws-sam-cli")
def test_sam_deploy(world: World, tmp_path: Path) -> None:
    stacks = Stacks(world)
    definition = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", "End": True}}}
    flow = {
        "Type": "AWS::Serverless::StateMachine",
        "Properties": {"Definition": definition, "Role": {"Fn::GetAtt": ["Role", "Arn"]}},
    }
    body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Role": role(), "Flow": flow}}
    (tmp_path / "template.json").write_text(json.dumps(body), encoding="utf-8")
    said = ran(
        *("sam", "deploy", "--template-file", "template.json", "--stack-name", stacks.name),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--region", world.sandbox.region),
        cwd=tmp_path,
        env={**environment(world.sandbox), "SAM_CLI_TELEMETRY": "0"},
    )

    assert f"Successfully created/updated stack - {stacks.name}" in said
    ran_once = world.operator_states.start_execution(stateMachineArn=stacks.physical["Flow"])
    assert world.outcome(Side.OPERATOR, ran_once["executionArn"]).status == "SUCCEEDED"


JAVASCRIPT = """
const { SFNClient, StartSyncExecutionCommand, TestStateCommand } = require("@aws-sdk/client-sfn");
const client = new SFNClient({ disableHostPrefix: true });
(async () => {
  const ran = await client.send(new StartSyncExecutionCommand({ stateMachineArn: process.argv[2], input: "3" }));
  const tested = await client.send(new TestStateCommand({ definition: '{"Type":"Pass","End":true}' }));
  console.log(JSON.stringify([ran.output, tested.status]));
})();
"""


@soak
def test_the_sdk_for_javascript(built: World, tmp_path: Path) -> None:
    node = shutil.which("node")
    found: Any = node and subprocess.run(
        [node, "-e", "require.resolve('@aws-sdk/client-sfn')"], capture_output=True, check=False
    )
    if not found or found.returncode != 0:
        pytest.skip("no @aws-sdk/client-sfn on this machine: npm install it, and name its node_modules in NODE_PATH")
    (tmp_path / "try.cjs").write_text(JAVASCRIPT, encoding="utf-8")
    said = ran("node", "try.cjs", express(built), cwd=tmp_path, env=environment(built.sandbox))

    assert '["3","SUCCEEDED"]' in said
