"""One role as it is stored in IAM: its trust policy, permission policies and boundary. Reads, never changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy with its own ARN, in the version that counts."""

    arn: str
    document: Document

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class StoredRole:
    """What IAM says about a role right now.

    `unique_id` (`AROA…`) is what a trust policy remembers of it: a role that is made again under the same name has
    another one (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
    `written` holds, by name ("" for the trust policy), the text of a document as somebody wrote it: its lines count.
    """

    arn: str
    name: str
    unique_id: str
    tags: Mapping[str, str]
    trust: Document
    inline: Mapping[str, Document]
    attached: tuple[ManagedPolicy, ...]
    boundary: ManagedPolicy | None
    written: Mapping[str, str] = field(default_factory=dict)


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
