"""IAM's types of resources: roles, and the policies inside and beside them.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xsfn_helpers.sandbox.cloudformation.failures import CallFailed
from xsfn_helpers.sandbox.cloudformation.kind import (
    Made,
    Properties,
    StackPlace,
    generated,
    gone_is_fine,
    policy_text,
    tags_of,
    text_of,
)

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.cloudformation.deployer_calls import Hands


def _inline(wanted: Properties) -> dict[str, str]:
    return {one["PolicyName"]: policy_text(one["PolicyDocument"]) for one in wanted.get("Policies", [])}


@dataclass(frozen=True, slots=True)
class RoleKind:
    """AWS::IAM::Role; its physical id, and `Ref`, is its name."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "AssumeRolePolicyDocument": True,
            **dict.fromkeys(("RoleName", "Policies", "ManagedPolicyArns", "PermissionsBoundary", "Path"), False),
            **dict.fromkeys(("Description", "MaxSessionDuration", "Tags"), False),
        }
    )
    replaced_by: tuple[str, ...] = ("RoleName", "Path")

    def physical_id(self, place: StackPlace, logical: str, wanted: Properties) -> str:
        return str(wanted.get("RoleName") or generated(place, logical, 64))

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        trust = text_of(wanted["AssumeRolePolicyDocument"])
        try:
            found = hands.iam(
                "CreateRole",
                RoleName=physical,
                AssumeRolePolicyDocument=trust,
                Path=wanted.get("Path"),
                Description=wanted.get("Description"),
                MaxSessionDuration=wanted.get("MaxSessionDuration"),
                PermissionsBoundary=wanted.get("PermissionsBoundary"),
                Tags=wanted.get("Tags", []),
            )
        except CallFailed as failure:
            if not again or failure.code != "EntityAlreadyExists":
                raise
            found = hands.iam("GetRole", RoleName=physical)
        made(physical, {"Arn": found["Arn"], "RoleId": found["RoleId"]})
        self._put(hands, physical, {}, wanted)

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        if before["AssumeRolePolicyDocument"] != wanted["AssumeRolePolicyDocument"]:
            trust = text_of(wanted["AssumeRolePolicyDocument"])
            hands.iam("UpdateAssumeRolePolicy", RoleName=physical, PolicyDocument=trust)
        if any(before.get(name) != wanted.get(name) for name in ("Description", "MaxSessionDuration")):
            seconds = wanted.get("MaxSessionDuration", 3600)
            hands.iam(
                "UpdateRole", RoleName=physical, Description=wanted.get("Description", ""), MaxSessionDuration=seconds
            )
        if before.get("PermissionsBoundary") != wanted.get("PermissionsBoundary"):
            if boundary := wanted.get("PermissionsBoundary"):
                hands.iam("PutRolePermissionsBoundary", RoleName=physical, PermissionsBoundary=boundary)
            else:
                hands.iam("DeleteRolePermissionsBoundary", RoleName=physical)
        old_tags, new_tags = tags_of(before), tags_of(wanted)
        if gone := [{"": key} for key in old_tags if key not in new_tags]:
            hands.iam("UntagRole", RoleName=physical, TagKeys=gone)
        if fresh := [{"Key": key, "Value": value} for key, value in new_tags.items() if old_tags.get(key) != value]:
            hands.iam("TagRole", RoleName=physical, Tags=fresh)
        self._put(hands, physical, before, wanted)

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        for name in _inline(had):
            gone_is_fine(hands.iam, "DeleteRolePolicy", RoleName=physical, PolicyName=name)
        for arn in had.get("ManagedPolicyArns", []):
            gone_is_fine(hands.iam, "DetachRolePolicy", RoleName=physical, PolicyArn=arn)
        gone_is_fine(hands.iam, "DeleteRole", RoleName=physical)

    @staticmethod
    def _put(hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        old, new = _inline(before), _inline(wanted)
        for name, text in new.items():
            if old.get(name) != text:
                hands.iam("PutRolePolicy", RoleName=physical, PolicyName=name, PolicyDocument=text)
        for name in old.keys() - new.keys():
            gone_is_fine(hands.iam, "DeleteRolePolicy", RoleName=physical, PolicyName=name)
        had, has = before.get("ManagedPolicyArns", []), wanted.get("ManagedPolicyArns", [])
        for arn in [arn for arn in has if arn not in had]:
            hands.iam("AttachRolePolicy", RoleName=physical, PolicyArn=arn)
        for arn in [arn for arn in had if arn not in has]:
            gone_is_fine(hands.iam, "DetachRolePolicy", RoleName=physical, PolicyArn=arn)


# Who can hold a policy: the property, and the endings of the operations' names.
_HOLDERS: Final = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))


def _holders(properties: Properties) -> set[tuple[str, str]]:
    return {(kind, name) for key, kind in _HOLDERS for name in properties.get(key, [])}


@dataclass(frozen=True, slots=True)
class PolicyResource:
    """AWS::IAM::Policy: one document inside roles, users and groups. It has no ARN; its physical id is a name."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "PolicyName": True,
            "PolicyDocument": True,
            **dict.fromkeys(("Roles", "Users", "Groups"), False),
        }
    )
    replaced_by: tuple[str, ...] = ()

    def physical_id(self, place: StackPlace, logical: str, wanted: Properties) -> str:
        return generated(place, logical, 128)

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        made(physical, {"Id": physical})
        self.update(hands, physical, {}, wanted)

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        name, text = wanted["PolicyName"], policy_text(wanted["PolicyDocument"])
        for kind, holder in sorted(_holders(wanted)):
            hands.iam(f"Put{kind}Policy", **{f"{kind}Name": holder}, PolicyName=name, PolicyDocument=text)
        left = _holders(before) if before.get("PolicyName") != name else _holders(before) - _holders(wanted)
        self._take(hands, left, before.get("PolicyName", name))

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        self._take(hands, _holders(had), had["PolicyName"])

    @staticmethod
    def _take(hands: Hands, holders: set[tuple[str, str]], name: str) -> None:
        for kind, holder in sorted(holders):
            gone_is_fine(hands.iam, f"Delete{kind}Policy", **{f"{kind}Name": holder}, PolicyName=name)


@dataclass(frozen=True, slots=True)
class ManagedPolicyKind:
    """AWS::IAM::ManagedPolicy; its physical id, and `Ref`, is its ARN."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "PolicyDocument": True,
            **dict.fromkeys(("ManagedPolicyName", "Description", "Path", "Roles", "Users", "Groups"), False),
        }
    )
    replaced_by: tuple[str, ...] = ("ManagedPolicyName", "Description", "Path")

    def physical_id(self, place: StackPlace, logical: str, wanted: Properties) -> str:
        name = wanted.get("ManagedPolicyName") or generated(place, logical, 128)
        return f"arn:{place.partition}:iam::{place.account_id}:policy{wanted.get('Path', '/')}{name}"

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        text = policy_text(wanted["PolicyDocument"])
        details = {"Path": wanted.get("Path"), "Description": wanted.get("Description")}
        try:
            hands.iam("CreatePolicy", PolicyName=physical.rpartition("/")[2], PolicyDocument=text, **details)
        except CallFailed as failure:
            if not again or failure.code != "EntityAlreadyExists":
                raise
        made(physical, {"PolicyArn": physical})
        self._attach(hands, physical, set(), _holders(wanted))

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        if before["PolicyDocument"] != wanted["PolicyDocument"]:
            old = hands.iam("GetPolicy", PolicyArn=physical)["DefaultVersionId"]
            text = policy_text(wanted["PolicyDocument"])
            hands.iam("CreatePolicyVersion", PolicyArn=physical, PolicyDocument=text, SetAsDefault="true")
            hands.iam("DeletePolicyVersion", PolicyArn=physical, VersionId=old)
        self._attach(hands, physical, _holders(before), _holders(wanted))

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        self._attach(hands, physical, _holders(had), set())
        gone_is_fine(hands.iam, "DeletePolicy", PolicyArn=physical)

    @staticmethod
    def _attach(hands: Hands, arn: str, before: set[tuple[str, str]], wanted: set[tuple[str, str]]) -> None:
        for kind, holder in sorted(wanted - before):
            hands.iam(f"Attach{kind}Policy", **{f"{kind}Name": holder}, PolicyArn=arn)
        for kind, holder in sorted(before - wanted):
            gone_is_fine(hands.iam, f"Detach{kind}Policy", **{f"{kind}Name": holder}, PolicyArn=arn)
