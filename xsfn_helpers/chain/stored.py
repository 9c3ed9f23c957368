"""Roles and state machines as they are stored in an account, as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy with its own ARN, in the version that counts."""

    arn: str
    document: Document

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class StoredRole:
    """What IAM says about a role right now.

    `unique_id` (`AROA…`) is what a trust policy remembers of it: a role that is re-created under the same name has
    another one (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
    `written` holds, by name ("" for the trust policy), the text of a document as somebody wrote it: its lines count.
    """

    arn: str
    name: str
    unique_id: str
    tags: Mapping[str, str]
    trust: Document
    inline: Mapping[str, Document]
    attached: tuple[StoredPolicy, ...]
    boundary: StoredPolicy | None
    written: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredMachine:
    """What Step Functions says about a state machine right now; `definition` is its ASL as text."""

    arn: str
    definition: str
    role_arn: str
    tags: Mapping[str, str]
