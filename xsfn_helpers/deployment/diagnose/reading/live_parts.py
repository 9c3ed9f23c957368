"""Roles and state machines read from AWS piece by piece, so that one denied call leaves the rest of the picture.

Each is listed and described once. Reads, never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from xsfn_helpers.aws.errors import code_of, message_of
from xsfn_helpers.common.arns import Arn, account_of, role_name
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall
from xsfn_helpers.deployment.diagnose.evidence import PolicySeen, RoleSeen, read_document
from xsfn_helpers.deployment.diagnose.mistakes import likeness
from xsfn_helpers.deployment.diagnose.reading.exported_roles import RolePieces

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# Each is a call.
_MOST_DESCRIBED: Final = 100


class RoleReader:
    """The roles of one account; `note` hears of what couldn't be read."""

    def __init__(self, account: str, client: Callable[[str], Any], note: Callable[[str, str, Exception], None]) -> None:
        self._account, self._client, self._note = account, client, note
        self._details: dict[str, RoleSeen] = {}

    @property
    def _iam(self) -> IAMClient:
        iam: IAMClient = self._client("iam")
        return iam

    def listed(self) -> list[RoleSeen]:
        """Every role of the account: name, id and trust policy. Raises `ClientError` where that is denied.

        Where everything may be read at once, no role has to be asked about again.
        """
        try:
            pages = self._iam.get_paginator("get_account_authorization_details").paginate(
                Filter=["Role", "LocalManagedPolicy"]
            )
            pieces = RolePieces()
            for page in pages:
                pieces.details(list(page["RoleDetailList"]), list(page["Policies"]), whole=True)
        except (ClientError, BotoCoreError):
            return self._listed_alone()  # what may be read of each is asked for by itself, and what may not is told
        self._details = {role.name: role for role in pieces.assembled()[0].values()}
        return [
            replace(role, policies=(), policies_listed=False, boundary=None, tags=None, in_full=False)
            for role in self._details.values()
        ]

    def _listed_alone(self) -> list[RoleSeen]:
        pages = self._iam.get_paginator("list_roles").paginate()
        return [
            RoleSeen(
                role["Arn"],
                role["RoleId"],
                read_document(role.get("AssumeRolePolicyDocument")),
                policies_listed=False,
                in_full=False,
            )
            for page in pages
            for role in page["Roles"]
        ]

    def in_full(self, name: str) -> RoleSeen:
        """One role with all its policies, as far as they may be read. Raises `ClientError` where there is none."""
        if (known := self._details.get(name)) is not None:
            policies = tuple(
                self._managed(one.arn) if one.document is None and one.arn else one for one in known.policies
            )
            boundary = known.boundary
            if boundary is not None and boundary.document is None:
                boundary = self._managed(boundary.arn)
            return replace(known, policies=policies, boundary=boundary)
        role: Mapping[str, Any] = self._iam.get_role(RoleName=name)["Role"]
        inline, inline_listed = self._inline(name)
        attached, attached_listed = self._attached(name)
        limit = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return RoleSeen(
            role["Arn"],
            role["RoleId"],
            read_document(role.get("AssumeRolePolicyDocument")),
            (*inline, *attached),
            policies_listed=inline_listed and attached_listed,
            boundary=self._managed(limit) if limit else None,
            tags={tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        )

    def _inline(self, name: str) -> tuple[tuple[PolicySeen, ...], bool]:
        try:
            pages = list(self._iam.get_paginator("list_role_policies").paginate(RoleName=name))
        except (ClientError, BotoCoreError) as error:
            what = tr("the inline policies of role {role} (iam:ListRolePolicies)", role=name)
            self._note(self._account, what, error)
            return (), False
        return tuple(self._inline_policies(name, [one for page in pages for one in page["PolicyNames"]])), True

    def _inline_policies(self, role: str, names: list[str]) -> Iterator[PolicySeen]:
        for name in names:
            try:
                found = self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            except (ClientError, BotoCoreError) as error:
                what = tr("inline policy {policy} of role {role} (iam:GetRolePolicy)", policy=name, role=role)
                self._note(self._account, what, error)
                yield PolicySeen(name, why_not=_why(error))
            else:
                yield PolicySeen(name, document=read_document(found))

    def _attached(self, name: str) -> tuple[tuple[PolicySeen, ...], bool]:
        try:
            pages = list(self._iam.get_paginator("list_attached_role_policies").paginate(RoleName=name))
        except (ClientError, BotoCoreError) as error:
            what = tr("the managed policies of role {role} (iam:ListAttachedRolePolicies)", role=name)
            self._note(self._account, what, error)
            return (), False
        arns = [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]
        return tuple(self._managed(arn) for arn in arns), True

    def _managed(self, arn: str) -> PolicySeen:
        """A managed policy in its default version, the one that counts."""
        name = arn.rpartition("/")[2]
        try:
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except (ClientError, BotoCoreError) as error:
            what = tr("managed policy {arn} (iam:GetPolicy, iam:GetPolicyVersion)", arn=arn)
            self._note(self._account, what, error)
            return PolicySeen(name, arn, why_not=_why(error))
        return PolicySeen(name, arn, read_document(found))


def _why(error: Exception) -> str:
    return f"{code_of(error)}: {message_of(error)}".rstrip(".") if isinstance(error, ClientError) else str(error)


class LiveMachines:
    """What AWS answers of the state machines of these accounts, by account its client of Step Functions."""

    def __init__(self, states: Mapping[str, Callable[[], Any]]) -> None:
        self._states = states
        self._listed: dict[str, tuple[str, ...]] = {}
        self._described: dict[str, Mapping[str, Any]] = {}

    def listed(self, account: str) -> tuple[str, ...]:
        """The ARNs of the account's state machines. Raises `ClientError` where they may not be listed."""
        if account not in self._listed:
            pages = self._states[account]().get_paginator("list_state_machines").paginate()
            self._listed[account] = tuple(one["stateMachineArn"] for page in pages for one in page["stateMachines"])
        return self._listed[account]

    def described(self, arn: str) -> Mapping[str, Any]:
        """What DescribeStateMachine answers. Raises `ClientError` where it denies, or there is no such thing."""
        if arn not in self._described:
            self._described[arn] = self._states[account_of(arn)]().describe_state_machine(stateMachineArn=arn)
        return self._described[arn]

    def concerned(self, refused: RefusedCall) -> Iterator[str]:
        """The ARNs of those that AWS's words may be about, as far as they may be read, the likeliest first.

        These run as the role that was denied, or name it, or what it asked for, in their definitions.
        """
        own = account_of(refused.asker) or account_of(refused.resource)
        names = [name for arn in (refused.asker, refused.resource) if (name := _name(arn))]
        for account in sorted(self._states, key=lambda one: one != own):
            try:
                arns = self.listed(account)
                alike = {arn: max((likeness(_name(arn), name) for name in names), default=0.0) for arn in arns}
                for arn in sorted(arns, key=lambda one: -alike[one])[:_MOST_DESCRIBED]:
                    if _is_concerned(self.described(arn), refused):
                        yield arn
            except (ClientError, BotoCoreError):
                continue  # then the words are all there is, which the answer says


def _is_concerned(described: Mapping[str, Any], refused: RefusedCall) -> bool:
    runs_as, definition = described["roleArn"], str(described.get("definition", ""))
    roles = [arn for arn in (refused.asker, refused.resource) if role_name(arn)]
    # A session's ARN doesn't have the path of its role, so the names alone are compared.
    if any((account_of(arn), role_name(arn)) == (account_of(runs_as), role_name(runs_as)) for arn in roles):
        return True
    if not roles:
        return bool(refused.resource) and f'{refused.resource}"' in definition
    named = rf":iam::{account_of(roles[0])}:role/(?:[!-~]+/)?{re.escape(role_name(roles[0]))}(?![\w+=,.@-])"
    return re.search(named, definition) is not None


def _name(arn: str) -> str:
    found = Arn.parse(arn)
    return (found.role_name or found.machine_name) if found is not None else ""
