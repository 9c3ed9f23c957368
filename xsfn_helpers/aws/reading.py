"""One role, one state machine, as they are stored in an account. Reads, never changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from xsfn_helpers.chain.stored import Document, StoredMachine, StoredPolicy, StoredRole

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import RoleDetailTypeDef, RoleTypeDef
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
    return stored_role(role, inline, attached, lambda arn: read_managed(iam, arn))


def stored_role(
    role: RoleTypeDef | RoleDetailTypeDef,
    inline: Mapping[str, Document],
    attached: Iterable[str],
    managed: Callable[[str], StoredPolicy],
) -> StoredRole:
    """A role as IAM tells of it, with these policies; `managed` gives the one of an ARN."""
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return StoredRole(
        arn=role["Arn"],
        name=role["RoleName"],
        unique_id=role["RoleId"],
        tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        trust=read_document(role["AssumeRolePolicyDocument"]),
        inline=inline,
        attached=tuple(map(managed, attached)),
        boundary=managed(boundary) if boundary else None,
    )


def new_role(role: RoleTypeDef, trust: str, tags: Mapping[str, str]) -> StoredRole:
    """The role that CreateRole answers with: it has this trust policy and these tags, and no policies yet."""
    return StoredRole(role["Arn"], role["RoleName"], role["RoleId"], tags, read_document(trust), {}, (), None)


def _inline_policies(iam: IAMClient, role: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role):
        for name in page["PolicyNames"]:
            # One that is removed between the two calls is not there.
            with suppress(iam.exceptions.NoSuchEntityException):
                found[name] = read_document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    return found


def read_managed(iam: IAMClient, arn: str) -> StoredPolicy:
    """A managed policy in the version that counts."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return StoredPolicy(arn, read_document(answer["PolicyVersion"]["Document"]))


def read_document(document: object) -> Document:
    """boto3 hands policies over decoded; a document it couldn't decode is still text."""
    found = json.loads(document) if isinstance(document, str) else document
    if not isinstance(found, dict):
        raise TypeError(f"IAM gave a policy document that is no JSON object: {found!r}")
    return found


def read_machine(
    states: SFNClient, arn: str, tags: Callable[[], Mapping[str, str]] | None = None
) -> StoredMachine | None:
    """The state machine with its tags, or None where there is none. `tags` gives those of one that is there."""
    try:
        described = states.describe_state_machine(stateMachineArn=arn)
    except states.exceptions.StateMachineDoesNotExist:
        return None
    its_tags = read_tags(states, arn) if tags is None else tags()
    return StoredMachine(arn, described["definition"], described["roleArn"], its_tags)


def read_tags(states: SFNClient, arn: str) -> dict[str, str]:
    """The tags of a state machine, by key."""
    return {tag["key"]: tag["value"] for tag in states.list_tags_for_resource(resourceArn=arn)["tags"]}
