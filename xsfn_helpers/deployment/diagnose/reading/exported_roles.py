"""Roles from pieces: several answers of the AWS CLI speak of one role, and some don't say of which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.arns import account_of, role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import UNKNOWN, NotSeen, PolicySeen, RoleSeen, read_document

Answer = Mapping[str, Any]
_NO_FILE = mark("no file holds it")


@dataclass(slots=True)
class RolePieces:
    """Everything said of roles and their policies so far."""

    _roles: dict[str, RoleSeen] = field(default_factory=dict)
    _complete: dict[str, set[str]] = field(default_factory=dict)
    # Accounts of which an answer is one page of several.
    _in_part: set[str] = field(default_factory=set)
    # (file, role, policy) -> document, until it is known whose they are
    _inline: list[tuple[str, str, str, Document]] = field(default_factory=list)
    _inline_names: list[tuple[str, list[str], bool]] = field(default_factory=list)
    _attached: list[tuple[str, list[str], bool]] = field(default_factory=list)
    _defaults: dict[str, str] = field(default_factory=dict)
    _managed: dict[str, Document] = field(default_factory=dict)
    _versions: list[tuple[str, str, Document, bool]] = field(default_factory=list)

    def role(self, given: Answer) -> None:
        """The answer of get-role: trust policy, tags and boundary, and no permissions policy."""
        role = _role(given)
        self._keep(replace(role, policies_listed=False, tags=_tags(given), boundary=_boundary(given)))

    def listing(self, given: list[Answer], *, whole: bool) -> None:
        """The answer of list-roles: every role of the account if it is the `whole`, without its policies."""
        for one in given:
            role = replace(_role(one), policies_listed=False, in_full=False)
            if not whole:
                self._in_part.add(role.account)
            self._complete.setdefault(role.account, set()).add(role.arn)
            if role.arn not in self._roles:
                self._roles[role.arn] = role

    def details(self, roles: list[Answer], policies: list[Answer], *, whole: bool) -> None:
        """The answer of get-account-authorization-details: roles with all their policies, every one in the `whole`."""
        for policy in policies:
            for version in policy.get("PolicyVersionList", []):
                if version.get("IsDefaultVersion"):
                    self._managed[_text(policy, "Arn")] = _document(version["Document"], _text(policy, "Arn"))
        for given in roles:
            role = _role(given)
            inline = tuple(
                PolicySeen(_text(one, "PolicyName"), document=_document(one["PolicyDocument"], one["PolicyName"]))
                for one in given.get("RolePolicyList", [])
            )
            attached = tuple(_unread(_text(one, "PolicyArn")) for one in given.get("AttachedManagedPolicies", []))
            if not whole:
                self._in_part.add(role.account)
            self._complete.setdefault(role.account, set()).add(role.arn)
            self._roles[role.arn] = replace(
                role, policies=(*inline, *attached), tags=_tags(given), boundary=_boundary(given)
            )

    def inline(self, file: str, role: str, policy: str, document: object) -> None:
        """The answer of get-role-policy, which tells the role's name and not its account."""
        self._inline.append((file, role, policy, _document(document, policy)))

    def inline_names(self, file: str, names: list[str], *, whole: bool) -> None:
        self._inline_names.append((file, names, whole))

    def attached(self, file: str, arns: list[str], *, whole: bool) -> None:
        self._attached.append((file, arns, whole))

    def policy(self, arn: str, default_version: str) -> None:
        self._defaults[arn] = default_version

    def version(self, file: str, version: str, document: object, given: Answer) -> None:
        """The answer of get-policy-version, which doesn't tell the policy."""
        self._versions.append((file, version, _document(document, file), given.get("IsDefaultVersion") is not False))

    def complete(self, account: str) -> frozenset[str] | None:
        """The ARNs of all roles of an account; None where no answer lists them all."""
        if account in self._in_part:
            return None
        return frozenset(self._complete[account]) if account in self._complete else None

    def assembled(self) -> tuple[dict[str, RoleSeen], list[NotSeen]]:
        """The roles, and what of the answers couldn't be told to belong to any."""
        lost: list[NotSeen] = []
        for file, name, policy, document in self._inline:
            self._add(file, name, (PolicySeen(policy, document=document),), lost)
        listed: dict[str, int] = {}
        for file, names, whole in self._inline_names:
            found = tuple(PolicySeen(name, why_not=tr(_NO_FILE)) for name in names)
            if (arn := self._add(file, "", found, lost)) is not None:
                listed[arn] = listed.get(arn, 0) + whole
        for file, arns, whole in self._attached:
            if (arn := self._add(file, "", tuple(map(_unread, arns)), lost)) is not None:
                listed[arn] = listed.get(arn, 0) + whole
        for arn, lists in listed.items():
            if lists == 2:  # inline and attached: these are all
                self._roles[arn] = replace(self._roles[arn], policies_listed=True)
        self._match_versions(lost)
        return {arn: self._with_managed(role) for arn, role in self._roles.items()}, lost

    def _keep(self, role: RoleSeen) -> None:
        known = self._roles.get(role.arn)
        if known is None or not known.in_full:
            self._roles[role.arn] = role

    def _add(self, file: str, name: str, policies: tuple[PolicySeen, ...], lost: list[NotSeen]) -> str | None:
        """Give the policies to the role of this name, or of the name in the file's; the ARN of that role."""
        arns = [arn for arn in self._roles if (role_name(arn) == name if name else role_name(arn) in file)]
        if not name:
            longest = max((len(role_name(arn)) for arn in arns), default=0)
            arns = [arn for arn in arns if len(role_name(arn)) == longest]
        if len(arns) > 1:
            arns = [arn for arn in arns if account_of(arn) in file]
        if len(arns) != 1:
            why = tr("of which account's role is it?") if name else tr("its name must hold the role's")
            lost.append(NotSeen(UNKNOWN, tr("file {name}", name=file), why))
            return None
        role = self._roles[arns[0]]
        known = {(one.name, one.arn) for one in role.policies if one.document is not None}
        new = tuple(one for one in policies if (one.name, one.arn) not in known)
        fresh = {(one.name, one.arn) for one in new}
        kept = tuple(one for one in role.policies if (one.name, one.arn) not in fresh)
        self._roles[role.arn] = replace(role, policies=(*kept, *new), in_full=True)
        return role.arn

    def _match_versions(self, lost: list[NotSeen]) -> None:
        wanted = {
            one.arn for role in self._roles.values() for one in (*role.policies, role.boundary) if one and one.arn
        }
        open_ = {arn for arn in wanted | self._defaults.keys() if arn not in self._managed}
        for file, version, document, counts in self._versions:
            named = [arn for arn in open_ if arn.rpartition("/")[2] in file]
            longest = max((len(arn.rpartition("/")[2]) for arn in named), default=0)
            named = [arn for arn in named if len(arn.rpartition("/")[2]) == longest]
            if not named and len(open_) == 1 and len(self._versions) == 1:
                named = list(open_)
            if len(named) != 1:
                why = tr("its name must hold the managed policy's")
                lost.append(NotSeen(UNKNOWN, tr("file {name}", name=file), why))
            elif counts and self._defaults.get(named[0], version) == version:
                self._managed[named[0]] = document

    def _with_managed(self, role: RoleSeen) -> RoleSeen:
        boundary = role.boundary
        return replace(
            role,
            policies=tuple(self._read(one) for one in role.policies),
            boundary=self._read(boundary) if boundary is not None else None,
        )

    def _read(self, policy: PolicySeen) -> PolicySeen:
        found = self._managed.get(policy.arn) if policy.arn else None
        return replace(policy, document=found, why_not="") if found is not None else policy


def _role(given: Answer) -> RoleSeen:
    arn = _text(given, "Arn")
    if not role_name(arn):
        raise ValueError(tr("{arn!r} is no ARN of a role", arn=arn))
    trust = _document(given["AssumeRolePolicyDocument"], tr("the trust policy of {arn}", arn=arn))
    return RoleSeen(arn, str(given.get("RoleId", "")), trust)


def _boundary(given: Answer) -> PolicySeen | None:
    boundary = given.get("PermissionsBoundary")
    return _unread(_text(boundary, "PermissionsBoundaryArn")) if isinstance(boundary, Mapping) else None


def _unread(arn: str) -> PolicySeen:
    return PolicySeen(arn.rpartition("/")[2], arn, why_not=tr(_NO_FILE))


def _tags(given: Answer) -> dict[str, str]:
    return {_text(tag, "Key"): _text(tag, "Value") for tag in given.get("Tags", [])}


def _document(given: object, what: object) -> Document:
    found = read_document(given)
    if found is None:
        raise ValueError(tr("{what} is no policy document", what=what))
    return found


def _text(answer: object, key: str) -> str:
    value = answer[key] if isinstance(answer, Mapping) else None
    if not isinstance(value, str):
        raise ValueError(tr("{key} is no text", key=key))
    return value
