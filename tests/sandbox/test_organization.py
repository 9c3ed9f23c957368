"""Accounts in an organization: SCPs limit its principals, RCPs who gets at its resources, and conditions know it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.inside import ACCOUNT, OTHER, REGION, Inside, allow, deny, fresh, inside, outcome, policy, refusal
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.gateway.organization import Organization
from xsfn_helpers.sandbox.process.organization_file import OrganizationFile
from xsfn_helpers.sandbox.process.state import SandboxFolder

ID = "o-a1b2c3d4e5"


@pytest.fixture
def box() -> Iterator[Inside]:
    box = inside()
    yield box
    box.organizations.clear()


def organize(box: Inside, **more: Any) -> None:
    box.organizations[:] = [Organization.read({"id": ID, "members": [ACCOUNT, OTHER], **more})]


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(policy(*statements)))


def test_an_scp_limits_even_the_administrators_of_its_account(box: Inside) -> None:
    organize(box, scps={ACCOUNT: [document(deny("iam:ListUsers"))]})

    code, words = refusal(box.client("iam").list_users)
    assert code == "AccessDenied"
    assert "with an explicit deny in a service control policy" in words
    assert outcome(box.client("iam").list_roles) == "OK"
    assert outcome(box.client("iam", account=OTHER).list_users) == "OK"


def test_an_scp_of_the_root_is_for_all(box: Inside) -> None:
    organize(box, scps={"root": [document(deny("iam:ListUsers"))]})

    assert outcome(box.client("iam").list_users) == "AccessDenied"
    assert outcome(box.client("iam", account=OTHER).list_users) == "AccessDenied"


def test_who_is_no_member_is_not_limited(box: Inside) -> None:
    organize(box, members=[OTHER], scps={"root": [document(deny("iam:ListUsers"))]})

    assert outcome(box.client("iam").list_users) == "OK"


def trusting(box: Inside, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    made = box.client("iam", account=OTHER).create_role(
        RoleName=fresh("door"), AssumeRolePolicyDocument=policy({**statement, "Condition": condition})
    )
    return str(made["Role"]["Arn"])


def test_a_trust_policy_may_ask_for_the_organization(box: Inside) -> None:
    role = trusting(box, StringEquals={"aws:PrincipalOrgID": ID})
    by_path = trusting(box, **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ID}/*"}})
    sts = box.client("sts")

    def become(arn: str) -> str:
        return outcome(sts.assume_role, RoleArn=arn, RoleSessionName="session")

    assert [become(role), become(by_path)] == ["AccessDenied"] * 2
    organize(box)
    assert [become(role), become(by_path)] == ["OK"] * 2
    organize(box, id="o-zzzzzzzzzz")
    assert [become(role), become(by_path)] == ["AccessDenied"] * 2
    organize(box, members=[OTHER])
    assert [become(role), become(by_path)] == ["AccessDenied"] * 2


def test_an_rcp_keeps_strangers_from_roles_and_buckets(box: Inside) -> None:
    """The data perimeter of AWS's own examples: only principals of the organization."""
    outside = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ID},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    perimeter = document({**deny(["sts:AssumeRole", "s3:*"]), "Principal": "*", "Condition": outside})
    role = trusting(box)
    bucket = fresh("bucket")
    box.client("s3", account=OTHER).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    sts = box.client("sts")
    assert outcome(sts.assume_role, RoleArn=role, RoleSessionName="session") == "OK"
    organize(box, members=[OTHER], rcps={OTHER: [perimeter]})
    assert outcome(sts.assume_role, RoleArn=role, RoleSessionName="session") == "AccessDenied"
    assert outcome(box.client("s3", account=OTHER).list_objects_v2, Bucket=bucket) == "OK"
    organize(box, rcps={OTHER: [perimeter]})
    assert outcome(sts.assume_role, RoleArn=role, RoleSessionName="session") == "OK"


def test_an_rcp_holds_for_step_functions_too(box: Inside) -> None:
    """RCPs heed service principals as well: one that denies all stops the service from assuming the role."""
    role = box.role(allow())
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    made = {"roleArn": role, "definition": definition}
    states = box.client("stepfunctions")
    assert outcome(states.create_state_machine, name=fresh("machine"), **made) == "OK"
    organize(box, rcps={ACCOUNT: [document({**deny("sts:AssumeRole"), "Principal": "*"})]})
    assert outcome(states.create_state_machine, name=fresh("machine"), **made) == "AccessDeniedException"


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = OrganizationFile(SandboxFolder(tmp_path / "state"))
    assert file.organization is None
    file.keep({"members": [ACCOUNT], "scps": {"root": [document(deny("*"))]}})
    assert file.organization is not None
    assert len(file.organization.scps_of(ACCOUNT)[0]) == 2
    assert file.organization.scps_of(OTHER) == ()
    file.remove()
    assert file.organization is None


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"members": [ACCOUNT], "id": "o-1"},
        {"members": [ACCOUNT], "scps": {OTHER: []}},
        {"members": [ACCOUNT], "scps": {"root": [{"Version": "2012-10-17", "Statement": {"Effect": "Maybe"}}]}},
        {"members": [ACCOUNT], "rcps": {"root": ["no JSON"]}},
    ],
)
def test_what_describes_no_organization_is_refused_and_never_taken_for_none(
    tmp_path: Path, stored: dict[str, Any]
) -> None:
    folder = SandboxFolder(tmp_path / "state")
    with pytest.raises(SandboxError):
        OrganizationFile(folder).keep(stored)
    folder.keep("organization.json", stored)
    with pytest.raises(SandboxError):
        _ = OrganizationFile(folder).organization
