"""The types of resources that a template may have, and the calls that make, change and remove each.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/ (AWS_IAM.html, AWS_StepFunctions.html)
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from xsfn_helpers.sandbox.cloudformation.failures import GONE, CallFailed

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.cloudformation.hands import Hands

Properties = Mapping[str, Any]
Attributes = dict[str, str]
# Told as soon as a resource exists, before the rest of it is made: its physical id and attributes.
Made = Callable[[str, Attributes], None]
_RANDOM: Final = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Place:
    """The stack that a resource belongs to."""

    stack: str
    account_id: str
    region: str
    partition: str


class Kind(Protocol):
    """One type of resource."""

    @property
    def properties(self) -> Mapping[str, bool]:
        """Each property it may have, and whether it must."""
        ...

    @property
    def replaced_by(self) -> tuple[str, ...]:
        """The properties that can't be changed in place."""
        ...

    def physical_id(self, place: Place, logical: str, wanted: Properties) -> str: ...
    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        """Make it. `again` after an interruption: what is there already may be ours. Raises `CallFailed`."""
        ...

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None: ...
    def delete(self, hands: Hands, physical: str, had: Properties) -> None: ...


def text_of(document: Any) -> str:
    """A policy document or definition as CloudFormation hands it on."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def generated(place: Place, logical: str, most: int) -> str:
    """The name of what the template doesn't name: stack, logical id and twelve random characters."""
    tail = "".join(secrets.choice(_RANDOM) for _ in range(12))
    return f"{place.stack[: most // 2 - 8]}-{logical[: most // 2 - 8]}-{tail}"


def _gone_is_fine(call: Callable[..., object], *args: Any, **params: Any) -> None:
    try:
        call(*args, **params)
    except CallFailed as failure:
        if failure.code not in GONE:
            raise


def _inline(wanted: Properties) -> dict[str, str]:
    return {one["PolicyName"]: text_of(one["PolicyDocument"]) for one in wanted.get("Policies", [])}


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

    def physical_id(self, place: Place, logical: str, wanted: Properties) -> str:
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
        old_tags, new_tags = _tags(before), _tags(wanted)
        if gone := [{"": key} for key in old_tags if key not in new_tags]:
            hands.iam("UntagRole", RoleName=physical, TagKeys=gone)
        if fresh := [{"Key": key, "Value": value} for key, value in new_tags.items() if old_tags.get(key) != value]:
            hands.iam("TagRole", RoleName=physical, Tags=fresh)
        self._put(hands, physical, before, wanted)

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        for name in _inline(had):
            _gone_is_fine(hands.iam, "DeleteRolePolicy", RoleName=physical, PolicyName=name)
        for arn in had.get("ManagedPolicyArns", []):
            _gone_is_fine(hands.iam, "DetachRolePolicy", RoleName=physical, PolicyArn=arn)
        _gone_is_fine(hands.iam, "DeleteRole", RoleName=physical)

    @staticmethod
    def _put(hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        old, new = _inline(before), _inline(wanted)
        for name, text in new.items():
            if old.get(name) != text:
                hands.iam("PutRolePolicy", RoleName=physical, PolicyName=name, PolicyDocument=text)
        for name in old.keys() - new.keys():
            _gone_is_fine(hands.iam, "DeleteRolePolicy", RoleName=physical, PolicyName=name)
        had, has = before.get("ManagedPolicyArns", []), wanted.get("ManagedPolicyArns", [])
        for arn in [arn for arn in has if arn not in had]:
            hands.iam("AttachRolePolicy", RoleName=physical, PolicyArn=arn)
        for arn in [arn for arn in had if arn not in has]:
            _gone_is_fine(hands.iam, "DetachRolePolicy", RoleName=physical, PolicyArn=arn)


def _tags(properties: Properties) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}


# Who can hold a policy: the property, and the endings of the operations' names.
_HOLDERS: Final = (("Roles", "Role"), ("Users", "User"), ("Groups", "Group"))


def _holders(properties: Properties) -> set[tuple[str, str]]:
    return {(kind, name) for key, kind in _HOLDERS for name in properties.get(key, [])}


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """AWS::IAM::Policy: one document inside roles, users and groups. It has no ARN; its physical id is a name."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "PolicyName": True,
            "PolicyDocument": True,
            **dict.fromkeys(("Roles", "Users", "Groups"), False),
        }
    )
    replaced_by: tuple[str, ...] = ()

    def physical_id(self, place: Place, logical: str, wanted: Properties) -> str:
        return generated(place, logical, 128)

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        made(physical, {"Id": physical})
        self.update(hands, physical, {}, wanted)

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        name, text = wanted["PolicyName"], text_of(wanted["PolicyDocument"])
        for kind, holder in sorted(_holders(wanted)):
            hands.iam(f"Put{kind}Policy", **{f"{kind}Name": holder}, PolicyName=name, PolicyDocument=text)
        left = _holders(before) if before.get("PolicyName") != name else _holders(before) - _holders(wanted)
        self._take(hands, left, before.get("PolicyName", name))

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        self._take(hands, _holders(had), had["PolicyName"])

    @staticmethod
    def _take(hands: Hands, holders: set[tuple[str, str]], name: str) -> None:
        for kind, holder in sorted(holders):
            _gone_is_fine(hands.iam, f"Delete{kind}Policy", **{f"{kind}Name": holder}, PolicyName=name)


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

    def physical_id(self, place: Place, logical: str, wanted: Properties) -> str:
        name = wanted.get("ManagedPolicyName") or generated(place, logical, 128)
        return f"arn:{place.partition}:iam::{place.account_id}:policy{wanted.get('Path', '/')}{name}"

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        text = text_of(wanted["PolicyDocument"])
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
            text = text_of(wanted["PolicyDocument"])
            hands.iam("CreatePolicyVersion", PolicyArn=physical, PolicyDocument=text, SetAsDefault="true")
            hands.iam("DeletePolicyVersion", PolicyArn=physical, VersionId=old)
        self._attach(hands, physical, _holders(before), _holders(wanted))

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        self._attach(hands, physical, _holders(had), set())
        _gone_is_fine(hands.iam, "DeletePolicy", PolicyArn=physical)

    @staticmethod
    def _attach(hands: Hands, arn: str, before: set[tuple[str, str]], wanted: set[tuple[str, str]]) -> None:
        for kind, holder in sorted(wanted - before):
            hands.iam(f"Attach{kind}Policy", **{f"{kind}Name": holder}, PolicyArn=arn)
        for kind, holder in sorted(before - wanted):
            _gone_is_fine(hands.iam, f"Detach{kind}Policy", **{f"{kind}Name": holder}, PolicyArn=arn)


_SUBSTITUTED: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class MachineKind:
    """AWS::StepFunctions::StateMachine; its physical id, and `Ref`, is its ARN."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "RoleArn": True,
            **dict.fromkeys(("StateMachineName", "StateMachineType", "DefinitionString", "Definition"), False),
            **dict.fromkeys(("DefinitionSubstitutions", "Tags"), False),
        }
    )
    replaced_by: tuple[str, ...] = ("StateMachineName", "StateMachineType")

    def physical_id(self, place: Place, logical: str, wanted: Properties) -> str:
        tail = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
        name = wanted.get("StateMachineName") or f"{logical[:67]}-{tail}"
        return f"arn:{place.partition}:states:{place.region}:{place.account_id}:stateMachine:{name}"

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        name = physical.rpartition(":")[2]
        hands.states(
            "CreateStateMachine",
            name=name,
            definition=self._definition(wanted),
            roleArn=wanted["RoleArn"],
            type=wanted.get("StateMachineType", "STANDARD"),
            tags=_json_tags(_tags(wanted)),
        )
        made(physical, {"Arn": physical, "Name": name})

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        if any(before.get(key) != wanted.get(key) for key in (*_DEFINITION, "RoleArn")):
            definition = self._definition(wanted)
            hands.states(
                "UpdateStateMachine", stateMachineArn=physical, definition=definition, roleArn=wanted["RoleArn"]
            )
        old, new = _tags(before), _tags(wanted)
        if gone := [key for key in old if key not in new]:
            hands.states("UntagResource", resourceArn=physical, tagKeys=gone)
        if fresh := {key: value for key, value in new.items() if old.get(key) != value}:
            hands.states("TagResource", resourceArn=physical, tags=_json_tags(fresh))

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        _gone_is_fine(hands.states, "DeleteStateMachine", stateMachineArn=physical)

    @staticmethod
    def _definition(wanted: Properties) -> str:
        text = wanted["DefinitionString"] if "DefinitionString" in wanted else text_of(wanted.get("Definition", {}))
        given = wanted.get("DefinitionSubstitutions", {})
        return _SUBSTITUTED.sub(lambda found: str(given.get(found[1], found[0])), text)


_DEFINITION: Final = ("DefinitionString", "Definition", "DefinitionSubstitutions")


def _json_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


KINDS: Final[Mapping[str, Kind]] = {
    "AWS::IAM::ManagedPolicy": ManagedPolicyKind(),
    "AWS::IAM::Policy": PolicyKind(),
    "AWS::IAM::Role": RoleKind(),
    "AWS::StepFunctions::StateMachine": MachineKind(),
}
TAGGED: Final = frozenset(("AWS::IAM::Role", "AWS::StepFunctions::StateMachine"))
