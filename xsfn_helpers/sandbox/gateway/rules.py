"""What IAM checks before it stores anything: documents, principals, quotas.

Texts: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and the services' own messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from xsfn_helpers.iam import Policy, PolicyError, PolicyKind, Unsupported
from xsfn_helpers.sandbox.gateway.calls import Call, Params
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.stored import StoredRole, StoredUser


class Principals(Protocol):
    """What the rules look up: accounts and principals on file."""

    @property
    def account_ids(self) -> frozenset[str]: ...
    def role(self, account_id: str, name: str) -> StoredRole | None: ...
    def user(self, account_id: str, name: str) -> StoredUser | None: ...
    def arn_of_unique_id(self, unique_id: str) -> str | None: ...
    def has_policy(self, account_id: str, arn: str) -> bool: ...
    def named_like(self, account_id: str, kind: str, name: str) -> str | None: ...


TRUST_POLICY_QUOTA: Final = 2048
INLINE_POLICIES_QUOTA: Final = 10240
MANAGED_POLICY_QUOTA: Final = 6144
ATTACHED_POLICIES_QUOTA: Final = 10
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


_USER_MUST_EXIST: Final = frozenset(
    ("UpdateUser", "TagUser", "UntagUser", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary")
)


def check_iam(call: Call, account_id: str, registry: Principals) -> Params:
    """Raise `Refusal` for what IAM wouldn't store; give back the parameters to store, principals resolved."""
    params, operation = call.params, call.operation
    name = params.get("RoleName", "")
    role = registry.role(account_id, name) if name else None
    if operation in _ROLE_MUST_EXIST and role is None:
        raise Refusal("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    if not params.get("Marker", "0").isdecimal():
        raise Refusal("ValidationError", "Invalid Marker.")  # AWS's words for it aren't established
    user_name = params.get("UserName", "")
    if operation in _USER_MUST_EXIST and registry.user(account_id, user_name) is None:
        raise Refusal("NoSuchEntity", f"The user with name {user_name} cannot be found.", 404)
    _check_new(operation, params, role, account_id, registry)
    _check_boundary(params, account_id, registry)
    if operation in ("CreateRole", "UpdateAssumeRolePolicy"):
        key = "AssumeRolePolicyDocument" if operation == "CreateRole" else "PolicyDocument"
        return {**params, key: _checked_trust(params[key], registry)}
    if operation in _IDENTITY_DOCUMENTS:
        _check_document(params["PolicyDocument"], PolicyKind.IDENTITY)
    if role is not None:
        _check_role_policies(operation, params, role)
    if operation in ("CreatePolicy", "CreatePolicyVersion") and _size(params["PolicyDocument"]) > MANAGED_POLICY_QUOTA:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_POLICY_QUOTA}", 409)
    return params


def _check_new(operation: str, params: Params, role: StoredRole | None, account_id: str, registry: Principals) -> None:
    """Names are taken whatever their case (IAM User Guide, reference_iam-quotas.html)."""
    if operation == "CreateRole" and role is not None:
        raise Refusal("EntityAlreadyExists", f"Role with name {params['RoleName']} already exists.", 409)
    if operation == "CreateUser" and registry.named_like(account_id, "user", params["UserName"]):
        raise Refusal("EntityAlreadyExists", f"User with name {params['UserName']} already exists.", 409)
    if operation == "CreateGroup" and registry.named_like(account_id, "group", params["GroupName"]):
        raise Refusal("EntityAlreadyExists", f"Group with name {params['GroupName']} already exists.", 409)
    new = params.get("NewUserName", "")
    taken = registry.named_like(account_id, "user", new) if operation == "UpdateUser" and new else None
    if taken not in (None, params.get("UserName")):
        raise Refusal("EntityAlreadyExists", f"User with name {new} already exists.", 409)


def _check_boundary(params: Params, account_id: str, registry: Principals) -> None:
    """A limit must be there to limit. Words: as users report them (`Scope ARN: … does not exist …`)."""
    arn = params.get("PermissionsBoundary")
    if arn is not None and not registry.has_policy(account_id, arn):
        raise Refusal("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def _check_role_policies(operation: str, params: Params, role: StoredRole) -> None:
    attached = {name for name, _ in role.identity_policies if name.startswith("arn:")}
    inline = {name: text for name, text in role.identity_policies if name not in attached}
    name = params.get("PolicyName", "")
    if operation in ("GetRolePolicy", "DeleteRolePolicy") and name not in inline:
        raise Refusal("NoSuchEntity", f"The role policy with name {name} cannot be found.", 404)
    if operation == "PutRolePolicy":
        inline[name] = params["PolicyDocument"]
        if sum(map(_size, inline.values())) > INLINE_POLICIES_QUOTA:
            words = f"Maximum policy size of {INLINE_POLICIES_QUOTA} bytes exceeded for role {role.name}"
            raise Refusal("LimitExceeded", words, 409)
    if operation == "AttachRolePolicy" and len(attached | {params["PolicyArn"]}) > ATTACHED_POLICIES_QUOTA:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {ATTACHED_POLICIES_QUOTA}", 409)


def _size(document: str) -> int:
    """How IAM counts a policy: without white space."""
    return len(re.sub(r"\s", "", document))


def _check_document(text: str, kind: PolicyKind) -> None:
    try:
        Policy.parse(text, kind=kind)
    except PolicyError as error:
        raise malformed(error) from None


def malformed(error: PolicyError) -> Refusal:
    """AWS's answer to a policy document: its message alone. Line and column are the engine's to tell, not IAM's."""
    if isinstance(error, Unsupported):
        return Refusal("MalformedPolicyDocument", str(error))
    if error.message.startswith("Member must"):
        words = f"1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: {error.message}"
        return Refusal(error.code, words)
    return Refusal(error.code, error.message)


def _checked_trust(text: str, registry: Principals) -> str:
    """The trust policy as IAM keeps it: every principal must exist; a unique ID is shown as its ARN again."""
    _check_document(text, PolicyKind.TRUST)
    if _size(text) > TRUST_POLICY_QUOTA:
        raise Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_QUOTA}", 409)
    document = json.loads(text)
    for _, _, service in _principals(document, "Service"):
        if _SERVICE.fullmatch(service) is None or service.split(".")[0] in _NOT_A_SERVICE:
            raise Refusal("MalformedPolicyDocument", f'Invalid principal in policy: "SERVICE":"{service}"')
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
    return _principals(document, "AWS")


def _principals(document: dict[str, Any], kind: str) -> Iterator[tuple[Any, Any, str]]:
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if not isinstance(principal, dict) or kind not in principal:
                continue
            values = principal[kind]
            if isinstance(values, list):
                yield from ((values, index, value) for index, value in enumerate(values))
            else:
                yield principal, kind, values


_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)")
# AWS knows its services; the sandbox knows only how Step Functions is often miscalled.
_NOT_A_SERVICE: Final = frozenset(("state", "stepfunction", "stepfunctions", "step-functions", "sfn"))
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
