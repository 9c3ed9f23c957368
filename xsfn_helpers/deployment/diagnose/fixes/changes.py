"""A change of one policy, role or state machine: as a diff, as API calls, as AWS CLI commands, as CloudFormation. Pure.

The calls come first: the commands are the same calls written for a shell, and applying them is what the fix means.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.chain.plan import text_diff
from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence, MachineSeen, PolicySeen, RoleSeen
from xsfn_helpers.deployment.diagnose.layers import Kind, LayerPlace

_CLI_NAMES: Final = {"stepfunctions": "stepfunctions", "iam": "iam"}


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of boto3's client for `service`, in `account`; documents are given as text."""

    account: str
    service: str
    operation: str
    parameters: Mapping[str, str | bool]

    @property
    def cli(self) -> str:
        """The same call as an AWS CLI command."""
        words = ["aws", _CLI_NAMES[self.service], self.operation.replace("_", "-")]
        for name, value in self.parameters.items():
            words.append(f"--{_dashed(name)}")
            if value is not True:
                words.append(shlex.quote(str(value)))
        return " ".join(words)


def _dashed(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing changed, made, or (`after` is empty) taken away. `role` or `machine` is how it would stand then.

    `before` and `after` are for reading; what is to be sent is in the calls. `replaces` tells that the state machine
    takes the place of the one asked about.
    """

    account: str
    thing: str
    before: str
    after: str
    calls: tuple[ApiCall, ...]
    cloudformation: Mapping[str, Any]
    role: RoleSeen | None = None
    machine: MachineSeen | None = None
    replaces: bool = False

    @property
    def diff(self) -> tuple[str, ...]:
        """The lines that differ, `-` as stored and `+` as it should be."""
        return text_diff(self.before, self.after)

    def applied(self, evidence: Evidence) -> Evidence:
        """The evidence as it would be after this change."""
        if self.role is not None:
            return evidence.with_role(self.role)
        if self.machine is not None:
            return evidence.with_machine(self.machine, replaces=self.replaces)
        return evidence


def policy_change(place: LayerPlace, after: Document | None) -> Correction:
    """The policy at `place` changed to `after`; taken away where that is None, which only an inline policy can be."""
    role, policy = place.role, place.policy
    before = json_text(policy.document) if policy.document is not None else ""
    text = json_text(after) if after is not None else ""
    return Correction(
        account=role.account,
        thing=place.title,
        before=before,
        after=text,
        calls=(_policy_call(place, after),),
        cloudformation=_policy_fragment(place, after),
        role=_with_policy(place, after),
    )


def _policy_call(place: LayerPlace, after: Document | None) -> ApiCall:
    role, policy = place.role, place.policy
    document = json.dumps(after, ensure_ascii=False)
    match place.kind:
        case Kind.TRUST:
            parameters: dict[str, str | bool] = {"RoleName": role.name, "PolicyDocument": document}
            return ApiCall(role.account, "iam", "update_assume_role_policy", parameters)
        case Kind.INLINE:
            named: dict[str, str | bool] = {"RoleName": role.name, "PolicyName": policy.name}
            if after is None:
                return ApiCall(role.account, "iam", "delete_role_policy", named)
            return ApiCall(role.account, "iam", "put_role_policy", {**named, "PolicyDocument": document})
        case _:
            version: dict[str, str | bool] = {
                "PolicyArn": policy.arn,
                "PolicyDocument": document,
                "SetAsDefault": True,
            }
            return ApiCall(role.account, "iam", "create_policy_version", version)


def _policy_fragment(place: LayerPlace, after: Document | None) -> Mapping[str, Any]:
    """The part of a CloudFormation template that says the same; empty where something is to be taken out."""
    if after is None:
        return {}
    role, policy = place.role, place.policy
    match place.kind:
        case Kind.TRUST:
            properties: dict[str, Any] = {"RoleName": role.name, "AssumeRolePolicyDocument": after}
            return _resource(role.name, "AWS::IAM::Role", properties)
        case Kind.INLINE:
            properties = {"RoleName": role.name, "PolicyName": policy.name, "PolicyDocument": after}
            return _resource(f"{role.name}-{policy.name}", "AWS::IAM::RolePolicy", properties)
        case _:
            properties = {"ManagedPolicyName": policy.name, "PolicyDocument": after}
            return _resource(policy.name, "AWS::IAM::ManagedPolicy", properties)


def _resource(name: str, kind: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    logical = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name)) or "Thing"
    return {"Resources": {logical: {"Type": kind, "Properties": dict(properties)}}}


def _with_policy(place: LayerPlace, after: Document | None) -> RoleSeen:
    role, policy = place.role, replace(place.policy, document=after)
    if place.kind is Kind.TRUST:
        assert after is not None  # a role always has one
        return replace(role, trust=after)
    if place.kind is Kind.BOUNDARY:
        return replace(role, boundary=policy)
    kept = tuple(one for one in role.policies if (one.name, one.arn) != (policy.name, policy.arn))
    return replace(role, policies=kept if after is None else (*kept, policy))


def detachment(place: LayerPlace) -> Correction:
    """A managed policy taken off a role."""
    role, policy = place.role, place.policy
    call = ApiCall(role.account, "iam", "detach_role_policy", {"RoleName": role.name, "PolicyArn": policy.arn})
    kept = tuple(one for one in role.policies if one.arn != policy.arn)
    before = json_text(policy.document) if policy.document is not None else ""
    return Correction(role.account, place.title, before, "", (call,), {}, role=replace(role, policies=kept))


def definition_change(machine: MachineSeen, after: str) -> Correction:
    """The state machine's definition changed to this text."""
    call = ApiCall(
        machine.account,
        "stepfunctions",
        "update_state_machine",
        {"stateMachineArn": machine.arn, "definition": after},
    )
    return Correction(
        machine.account,
        tr("definition of state machine {machine}", machine=machine.name),
        _readable(machine.definition),
        _readable(after),
        (call,),
        _machine_fragment(machine.name, after, machine.role_arn),
        machine=replace(machine, definition=after),
    )


def new_role(arn: str, trust: Document, policy_name: str = "", permissions: Document | None = None) -> Correction:
    """A role that isn't there yet, with one inline policy where it needs any."""
    found = Arn.parse(arn)
    assert found is not None  # callers have looked
    name, path = found.role_name, found.rest.removeprefix("role").removesuffix(found.role_name)
    place: dict[str, str | bool] = {"Path": path} if path != "/" else {}
    calls = [
        ApiCall(
            found.account,
            "iam",
            "create_role",
            {"RoleName": name, **place, "AssumeRolePolicyDocument": json.dumps(trust, ensure_ascii=False)},
        )
    ]
    properties: dict[str, Any] = {"RoleName": name, **place, "AssumeRolePolicyDocument": trust}
    parts = [tr("trust policy") + f"\n{json_text(trust)}"]
    policies: tuple[PolicySeen, ...] = ()
    if permissions is not None:
        document = json.dumps(permissions, ensure_ascii=False)
        parameters: dict[str, str | bool] = {
            "RoleName": name,
            "PolicyName": policy_name,
            "PolicyDocument": document,
        }
        calls.append(ApiCall(found.account, "iam", "put_role_policy", parameters))
        properties["Policies"] = [{"PolicyName": policy_name, "PolicyDocument": permissions}]
        title = tr("inline policy {policy}", policy=policy_name)
        parts.append(f"{title}\n{json_text(permissions)}")
        policies = (PolicySeen(policy_name, document=permissions),)
    return Correction(
        found.account,
        tr("a new role {role}", role=name),
        "",
        "\n".join(parts),
        tuple(calls),
        _resource(name, "AWS::IAM::Role", properties),
        role=RoleSeen(arn, trust=trust, policies=policies, tags={}),
    )


def new_machine(
    arn: str, definition: str, role_arn: str, kind: str = "STANDARD", *, replaces: bool = False
) -> Correction:
    """A state machine that isn't there yet."""
    machine = MachineSeen(arn, role_arn, definition, kind, tags={})
    parameters: dict[str, str | bool] = {"name": machine.name, "definition": definition, "roleArn": role_arn}
    if kind != "STANDARD":
        parameters["type"] = kind
    return Correction(
        machine.account,
        tr("a new state machine {machine}", machine=machine.name),
        "",
        _readable(definition),
        (ApiCall(machine.account, "stepfunctions", "create_state_machine", parameters),),
        _machine_fragment(machine.name, definition, role_arn),
        machine=machine,
        replaces=replaces,
    )


def _readable(definition: str) -> str:
    """A definition in lines: many are stored in one, which shows no difference."""
    return definition if "\n" in definition.strip() else json_text(json.loads(definition))


def _machine_fragment(name: str, definition: str, role_arn: str) -> Mapping[str, Any]:
    properties = {"StateMachineName": name, "RoleArn": role_arn, "Definition": json.loads(definition)}
    return _resource(name, "AWS::StepFunctions::StateMachine", properties)
