"""The user that an account starts with, and whose key its owner has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from moto.iam.models import IAMBackend, User

# moto takes a region to find a user's partition; any region of it will do.
_ANY_REGION: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


@dataclass(frozen=True, slots=True)
class Administrator:
    """A user with `policy` inline, and its access key."""

    user_name: str
    policy: str
    key_id: str
    secret: str = field(repr=False)


def appoint(administrator: Administrator, iam: IAMBackend, *, instead_of: User | None = None) -> None:
    """Let `iam` have this user, unless it has one of its name, with an active key; `instead_of` is who it is."""
    name = administrator.user_name
    if name not in iam.users:
        user = iam.create_user(region_name=_ANY_REGION.get(iam.partition, "us-east-1"), user_name=name)
        iam.put_user_policy(name, "AdministratorAccess", administrator.policy)
        if instead_of is not None:
            user.id, user.create_date = instead_of.id, instead_of.create_date
    key = iam.access_keys.get(administrator.key_id)
    if key is None:
        key = iam.create_access_key(name)
        del iam.access_keys[key.access_key_id]
        key.access_key_id, key.secret_access_key = administrator.key_id, administrator.secret
        iam.access_keys[administrator.key_id] = key
    key.status = "Active"
