"""IAM's answers where moto's differ: unique IDs that tell what they are of, and the fields of CreateRole."""

from __future__ import annotations

import secrets
import string
from typing import Any, Final

from moto.iam import models
from moto.iam.responses import IamResponse

_ALPHABET: Final = string.ascii_uppercase + string.digits


def answer_like_iam() -> None:
    """From now on, moto makes unique IDs as IAM does (reference_identifiers.html), and leaves out what CreateRole
    leaves out (recorded: localstack's test_create_describe_role, 2025-03-06)."""
    for kind, prefix in ((models.User, "AIDA"), (models.Group, "AGPA")):
        _give_ids(kind, prefix)
    models.random_policy_id = lambda: _unique_id("ANPA")
    leave_out = IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER["ListRolesResponse.Roles.Role.RoleLastUsed"]
    for field in ("MaxSessionDuration", "RoleLastUsed"):
        IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER[f"CreateRoleResponse.Role.{field}"] = leave_out

    for name in ("get_policy", "delete_policy"):
        _miss_policies(name)


def _miss_policies(name: str) -> None:
    """Recorded: localstack's test_delete_non_existent_policy_returns_no_such_entity (2025-03-06)."""
    method = getattr(models.IAMBackend, name)

    def found_or_missed(iam: Any, policy_arn: str) -> Any:
        if policy_arn not in iam.managed_policies:
            raise models.NotFoundException(f"Policy {policy_arn} was not found.")
        return method(iam, policy_arn)

    setattr(models.IAMBackend, name, found_or_missed)


def _give_ids(kind: Any, prefix: str) -> None:
    initialise = kind.__init__

    def init(thing: Any, *args: Any, **named: Any) -> None:
        initialise(thing, *args, **named)
        thing.id = _unique_id(prefix)

    kind.__init__ = init


def _unique_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(17))
