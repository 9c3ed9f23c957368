"""What IAM doesn't let go while something else still needs it, and names that are taken: moto looks at few of these.

Which deletions conflict is in the IAM API Reference (DeleteUser, DeleteGroup, DeletePolicy, DeleteRole: DeleteConflict,
409). The words are those that IAM's users quote; they aren't recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from moto.iam.models import IAMBackend, ManagedPolicy

from xsfn_helpers.sandbox.gateway.errors import Refusal

_Params = Mapping[str, str]


def check_references(operation: str, params: _Params, iam: IAMBackend) -> None:
    """Raise `Refusal` for a change that would leave something in the account pointing at nothing."""
    if check := _CHECKS.get(operation):
        check(params, iam)


def attach_once() -> None:
    """From now on, a policy that is attached again is attached once, and is counted once."""
    attach = ManagedPolicy.attach_to

    def attach_to(policy: ManagedPolicy, obj: Any) -> None:
        if policy.arn not in obj.managed_policies:
            attach(policy, obj)

    ManagedPolicy.attach_to = attach_to


def _user(params: _Params, iam: IAMBackend) -> None:
    user = iam.users.get(params["UserName"])
    if user is None:
        raise Refusal("NoSuchEntity", f"The user with name {params['UserName']} cannot be found.", 404)
    if user.access_keys:
        raise _conflict("must delete access keys first.")
    if any(user in group.users for group in iam.groups.values()):
        raise _conflict("must remove users from group first.")
    _check_policies(user)


def _group(params: _Params, iam: IAMBackend) -> None:
    group = iam.groups.get(params["GroupName"])
    if group is None:
        raise Refusal("NoSuchEntity", f"The group with name {params['GroupName']} cannot be found.", 404)
    if group.users:
        raise _conflict("must remove users from group first.")
    _check_policies(group)


def _check_policies(holder: Any) -> None:
    if holder.managed_policies:
        raise _conflict("must detach all policies first.")
    if holder.policies:
        raise _conflict("must delete policies first.")


def _policy(params: _Params, iam: IAMBackend) -> None:
    arn = params["PolicyArn"]
    policy = iam.managed_policies.get(arn)
    if policy is None:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)
    if any(arn in holder.managed_policies for holder in _holders(iam)) or _limits(arn, iam):
        raise Refusal("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        words = (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
        raise Refusal("DeleteConflict", words, 409)


def _holders(iam: IAMBackend) -> Iterable[Any]:
    return (*iam.roles.values(), *iam.users.values(), *iam.groups.values())


def _limits(arn: str, iam: IAMBackend) -> bool:
    """Whether the policy is somebody's permissions boundary, which would be no boundary any more without it."""
    return any(getattr(holder, "permissions_boundary_arn", None) == arn for holder in _holders(iam))


def _policy_version(params: _Params, iam: IAMBackend) -> None:
    policy = iam.managed_policies.get(params["PolicyArn"])
    if policy is None:
        raise Refusal("NoSuchEntity", f"Policy {params['PolicyArn']} was not found.", 404)
    version = params["VersionId"]
    if all(one.version_id != version for one in policy.versions):
        words = f"Policy {params['PolicyArn']} version {version} does not exist or is not attachable."
        raise Refusal("NoSuchEntity", words, 404)


def _new_user(params: _Params, iam: IAMBackend) -> None:
    _check_name("User", params["UserName"], iam.users)


def _new_group(params: _Params, iam: IAMBackend) -> None:
    _check_name("Group", params["GroupName"], iam.groups)


def _check_name(kind: str, name: str, known: Iterable[str]) -> None:
    """Names are unique whatever their case (IAM User Guide, reference_iam-quotas.html)."""
    if name.lower() in {one.lower() for one in known}:
        raise Refusal("EntityAlreadyExists", f"{kind} with name {name} already exists.", 409)


def _new_policy(params: _Params, iam: IAMBackend) -> None:
    name = params["PolicyName"]
    if name.lower() in {policy.name.lower() for policy in iam.managed_policies.values()}:
        words = f"A policy called {name} already exists. Duplicate names are not allowed."
        raise Refusal("EntityAlreadyExists", words, 409)


def _conflict(words: str) -> Refusal:
    return Refusal("DeleteConflict", f"Cannot delete entity, {words}", 409)


_CHECKS: Final[Mapping[str, Callable[[_Params, IAMBackend], None]]] = {
    "CreateGroup": _new_group,
    "CreatePolicy": _new_policy,
    "CreateUser": _new_user,
    "DeleteGroup": _group,
    "DeletePolicy": _policy,
    "DeletePolicyVersion": _policy_version,
    "DeleteUser": _user,
    "SetDefaultPolicyVersion": _policy_version,
}
