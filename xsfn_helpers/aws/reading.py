"""One role, one state machine, as they are stored in an account. Reads, never changes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from xsfn_helpers.chain.stored import Document, ManagedPolicy, StoredMachine, StoredRole

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_stepfunctions import SFNClient


def read_role(iam: IAMClient, name: str) -> StoredRole | None:
    """The role with all its policies, or None when there is no such role."""
    try:
        role = iam.get_role(RoleName=name)["Role"]
        inline = _inline_policies(iam, name)
        attached = [
            policy["PolicyArn"]
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
            for policy in page["AttachedPolicies"]
        ]
    except iam.exceptions.NoSuchEntityException:
        return None
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return StoredRole(
        arn=role["Arn"],
        name=role["RoleName"],
        unique_id=role["RoleId"],
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        trust=_document(role["AssumeRolePolicyDocument"]),
        inline=inline,
        attached=tuple(_managed(iam, arn) for arn in attached),
        boundary=_managed(iam, boundary) if boundary else None,
    )


def _inline_policies(iam: IAMClient, role: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            # One that is removed between the two calls is not there.
            with suppress(iam.exceptions.NoSuchEntityException):
                found[name] = _document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    return found


def _managed(iam: IAMClient, arn: str) -> ManagedPolicy:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return ManagedPolicy(arn, _document(answer["PolicyVersion"]["Document"]))


def _document(document: object) -> Document:
    """boto3 hands policies over decoded; a document it couldn't decode is still text."""
    found = json.loads(document) if isinstance(document, str) else document
    if not isinstance(found, dict):
        raise TypeError(f"IAM gave a policy document that is no JSON object: {found!r}")
    return found


def read_machine(states: SFNClient, arn: str) -> StoredMachine | None:
    """The state machine with its tags, or None when there is no such machine."""
    try:
        described = states.describe_state_machine(stateMachineArn=arn)
    except states.exceptions.StateMachineDoesNotExist:
        return None
    tags = states.list_tags_for_resource(resourceArn=arn)["tags"]
    return StoredMachine(arn, described["definition"], described["roleArn"], {tag["key"]: tag["value"] for tag in tags})
