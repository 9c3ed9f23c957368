"""What IAM checks before it stores anything: documents, principals, quotas.

Texts: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and the services' own messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from xsfn_helpers.iam import Policy, PolicyError, PolicyKind
from xsfn_helpers.sandbox.calls import Call, Params
from xsfn_helpers.sandbox.errors import Refusal
from xsfn_helpers.sandbox.stored import StoredRole, StoredUser


class Principals(Protocol):
    """What the rules look up: accounts and principals on file."""

    @property
    def account_ids(self) -> frozenset[str]: ...
    def role(self, account_id: str, name: str) -> StoredRole | None: ...
    def user(self, account_id: str, name: str) -> StoredUser | None: ...
    def arn_of_unique_id(self, unique_id: str) -> str | None: ...


TRUST_POLICY_QUOTA: Final = 2048
INLINE_POLICIES_QUOTA: Final = 10240
_IDENTITY_DOCUMENTS: Final = frozenset(
    {"PutRolePolicy", "PutUserPolicy", "PutGroupPolicy", "CreatePolicy", "CreatePolicyVersion"}
)
_ROLE_MUST_EXIST: Final = frozenset(
    {
        *("GetRole", "DeleteRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "PutRolePolicy"),
        *("DeleteRolePolicy", "GetRolePolicy", "ListRolePolicies", "AttachRolePolicy", "DetachRolePolicy"),
        *("ListAttachedRolePolicies", "TagRole", "UntagRole", "ListRoleTags"),
        *("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
    }
)


def check_iam(call: Call, account_id: str, registry: Principals) -> Params:
    """Raise `Refusal` for what IAM wouldn't store; give back the parameters to store, principals resolved."""
    params = call.params
    name = params.get("RoleName", "")
    if call.operation in _ROLE_MUST_EXIST and registry.role(account_id, name) is None:
        raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    if call.operation in ("CreateRole", "UpdateAssumeRolePolicy"):
        key = "AssumeRolePolicyDocument" if call.operation == "CreateRole" else "PolicyDocument"
        return {**params, key: _checked_trust(params.get(key, ""), registry)}
    if call.operation in _IDENTITY_DOCUMENTS:
        _check_document(params.get("PolicyDocument", ""), PolicyKind.IDENTITY)
    if call.operation == "PutRolePolicy":
        _check_inline_quota(registry.role(account_id, name), params)
    return params


def _check_document(text: str, kind: PolicyKind) -> None:
    try:
        Policy.parse(text, kind=kind)
    except PolicyError as error:
        raise Refusal("MalformedPolicyDocument", error.what) from None


def _checked_trust(text: str, registry: Principals) -> str:
    """The trust policy as IAM keeps it: every principal must exist; a unique id is shown as its ARN again."""
    _check_document(text, PolicyKind.TRUST)
    if len(re.sub(r"\s", "", text)) > TRUST_POLICY_QUOTA:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_QUOTA}", 409)
    document = json.loads(text)
    changed = False
    for holder, key, value in aws_principals(document):
        arn = _existing_principal(value, registry)
        if arn is None:
            raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{value}"')
        if arn != value:
            holder[key] = arn
            changed = True
    return json.dumps(document, indent=2) if changed else text


def aws_principals(document: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """Each AWS principal of a trust policy as (the dict or list that holds it, its key or index, its text)."""
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if not isinstance(principal, dict) or "AWS" not in principal:
                continue
            values = principal["AWS"]
            if isinstance(values, list):
                yield from ((values, index, value) for index, value in enumerate(values))
            else:
                yield principal, "AWS", values


_PRINCIPAL_ARN: Final = re.compile(
    r"arn:[a-z-]+:(?P<service>iam|sts)::(?P<account>[0-9]{12}):(?:(?P<root>root)|(?P<kind>role|user|assumed-role)/(?P<rest>.+))"
)


def _existing_principal(value: str, registry: Principals) -> str | None:
    if value == "*":
        return value
    if re.fullmatch(r"[0-9]{12}", value):
        return value if value in registry.account_ids else None
    if re.fullmatch(r"A(ROA|IDA)[A-Z0-9]{10,}", value):
        return registry.arn_of_unique_id(value)
    match = _PRINCIPAL_ARN.fullmatch(value)
    if match is None or match["account"] not in registry.account_ids:
        return None
    if match["root"]:
        return value
    account, kind, rest = match["account"], match["kind"], match["rest"]
    if kind == "assumed-role":
        role_name, _, session = rest.partition("/")
        return value if session and "*" not in session and registry.role(account, role_name) else None
    lookup: Callable[[str, str], StoredRole | StoredUser | None] = registry.role if kind == "role" else registry.user
    found = lookup(account, rest.rsplit("/", 1)[-1])
    return value if found is not None and found.arn == value else None


def _check_inline_quota(role: StoredRole | None, params: Params) -> None:
    """All inline policies of a role together, white space not counted."""
    assert role is not None  # its absence was refused before
    texts = {name: text for name, text in role.identity_policies if not name.startswith("arn:")}
    texts[params.get("PolicyName", "")] = params.get("PolicyDocument", "")
    if sum(len(re.sub(r"\s", "", text)) for text in texts.values()) > INLINE_POLICIES_QUOTA:
        raise Refusal(
            "LimitExceeded", f"Maximum policy size of {INLINE_POLICIES_QUOTA} bytes exceeded for role {role.name}", 409
        )
