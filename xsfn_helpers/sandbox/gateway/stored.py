"""What IAM and Step Functions have on file, as plain data: the seam between the gateway and moto's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# (name, document text)
NamedPolicy = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StoredPrincipal:
    """A role or a user with everything that decides what it may do."""

    account_id: str
    name: str
    arn: str
    unique_id: str
    identity_policies: tuple[NamedPolicy, ...]
    boundary: NamedPolicy | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredRole(StoredPrincipal):
    """A role: its trust policy text, and how long its sessions may last (seconds)."""

    trust_policy: str = ""
    max_session_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class StoredUser(StoredPrincipal):
    """A user of one account."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A user's access key."""

    account_id: str
    user_name: str
    secret_access_key: str = field(repr=False)
    active: bool = True


@dataclass(frozen=True, slots=True)
class StoredMachine:
    """A state machine."""

    arn: str
    name: str
    definition: str
    role_arn: str
    type: str
    tags: Mapping[str, str] = field(default_factory=dict)
