"""Who is calling: an access key resolved to a principal, with the policies that decide for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal
from xsfn_helpers.sandbox.gateway.errors import expired_session, unknown_key
from xsfn_helpers.sandbox.gateway.sessions import RoleSession, SessionOffice
from xsfn_helpers.sandbox.gateway.stored import NamedPolicy, StoredKey, StoredPrincipal, StoredRole, StoredUser


class Directory(Protocol):
    """What is on file in IAM, in every account."""

    def key(self, access_key_id: str) -> StoredKey | None: ...
    def user(self, account_id: str, name: str) -> StoredUser | None: ...
    def role(self, account_id: str, name: str) -> StoredRole | None: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated principal. `context` holds the condition keys that come with it."""

    account_id: str
    arn: str
    user_id: str
    principal: Principal
    identity: tuple[Policy, ...]
    boundaries: tuple[Policy, ...]
    session: tuple[Policy, ...] | None
    context: Mapping[str, str]
    is_session: bool = field(default=False)

    def policies(self, resource: Policy | None) -> Policies:
        """Everything that decides a request of this caller, together with the resource's own policy."""
        return Policies(
            identity=self.identity, resource=resource, boundaries=self.boundaries, session=self.session, scps=()
        )


def secret_of(access_key_id: str, *, directory: Directory, sessions: SessionOffice, token: str, service: str) -> str:
    """The secret that must have signed; `token` is the session token sent along (empty for users).

    Raises `Refusal` for a key that isn't known, is switched off or expired, or comes with another session's token.
    """
    if session := sessions.session(access_key_id, token):
        if session.expired():
            raise expired_session(service)
        return session.secret_access_key
    key = directory.key(access_key_id)
    if key is None or not key.active or token:
        raise unknown_key(service)
    return key.secret_access_key


def resolve(access_key_id: str, *, directory: Directory, sessions: SessionOffice, token: str, service: str) -> Caller:
    """The caller behind an access key whose signature has been verified.

    A session of a role that has been deleted since is nobody any more, as on AWS.
    """
    if session := sessions.session(access_key_id, token):
        role = directory.role(session.account_id, session.role_name)
        if role is None or role.unique_id != session.role_id:
            raise unknown_key(service)
        return _session_caller(session, role)
    key = directory.key(access_key_id)
    user = directory.user(key.account_id, key.user_name) if key else None
    if user is None:
        raise unknown_key(service)
    return _user_caller(user)


def _user_caller(user: StoredUser) -> Caller:
    return Caller(
        account_id=user.account_id,
        arn=user.arn,
        user_id=user.unique_id,
        principal=Principal.parse(user.arn, unique_id=user.unique_id),
        identity=_identity(user),
        boundaries=_boundary(user),
        session=None,
        context={
            "aws:PrincipalArn": user.arn,
            "aws:PrincipalAccount": user.account_id,
            "aws:PrincipalType": "User",
            "aws:userid": user.unique_id,
            "aws:username": user.name,
            **{f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()},
        },
    )


def _session_caller(session: RoleSession, role: StoredRole) -> Caller:
    tags = {**role.tags, **session.tags}
    context = {
        "aws:PrincipalArn": role.arn,
        "aws:PrincipalAccount": role.account_id,
        "aws:PrincipalType": "AssumedRole",
        "aws:userid": session.user_id,
        "aws:TokenIssueTime": session.issued.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
    }
    if session.source_identity:
        context["aws:SourceIdentity"] = session.source_identity
    return Caller(
        account_id=session.account_id,
        arn=session.arn,
        user_id=session.user_id,
        principal=Principal.parse(session.arn, unique_id=role.unique_id, role_arn=role.arn),
        identity=_identity(role),
        boundaries=_boundary(role),
        session=tuple(_parsed(policy, PolicyKind.SESSION) for policy in session.session_policies) or None,
        context=context,
        is_session=True,
    )


def _identity(principal: StoredPrincipal) -> tuple[Policy, ...]:
    return tuple(_parsed(policy, PolicyKind.IDENTITY) for policy in principal.identity_policies)


def _boundary(principal: StoredPrincipal) -> tuple[Policy, ...]:
    return (_parsed(principal.boundary, PolicyKind.BOUNDARY),) if principal.boundary else ()


def _parsed(policy: NamedPolicy, kind: PolicyKind) -> Policy:
    name, text = policy
    return Policy.parse(text, kind=kind, name=name)
