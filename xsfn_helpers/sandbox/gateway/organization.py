"""The organization that accounts of the sandbox may be members of: its policies, and the condition keys that it makes.

Sources: docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html and …_rcps.html, and
IAM's reference_policies_condition-keys.html. As there, `FullAWSAccess` and `RCPFullAWSAccess` are attached at each
level. None of the accounts is the management account, whom no such policy limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from xsfn_helpers.iam import Policy, PolicyKind

Levels = tuple[tuple[Policy, ...], ...]
ROOT: Final = "root"
DEFAULT_ID: Final = "o-xsfnsandbox"
_ID: Final = re.compile(r"o-[a-z0-9]{10,32}")
_ROOT_ID: Final = "r-xsfn"
_FULL: Final = {
    PolicyKind.SCP: ("FullAWSAccess", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
    PolicyKind.RCP: ("RCPFullAWSAccess", {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
}


@dataclass(frozen=True, slots=True)
class Organization:
    """`members` are account ids; policies are by account id, and under `root` for all."""

    id: str
    members: frozenset[str]
    scps: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)
    rcps: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Organization:
        """The organization that a JSON object describes.

        Raises `ValueError` for an id that AWS wouldn't have and for a policy of an account that is no member,
        `PolicyError` for a document that isn't one.
        """
        id_, members = str(stored.get("id") or DEFAULT_ID), frozenset(map(str, stored["members"]))
        if not _ID.fullmatch(id_):
            raise ValueError(f"{id_} is not the id of an organization: o- and 10 to 32 of a-z 0-9.")
        found = {}
        for kind, key in ((PolicyKind.SCP, "scps"), (PolicyKind.RCP, "rcps")):
            by_place = stored.get(key) or {}
            if strange := by_place.keys() - members - {ROOT}:
                raise ValueError(f"{min(strange)} is neither {ROOT} nor a member of the organization.")
            found[key] = {place: tuple(_parsed(kind, place, texts)) for place, texts in by_place.items()}
        return cls(id_, members, found["scps"], found["rcps"])

    def scps_of(self, account_id: str) -> Levels:
        """What limits the account's principals, the root first; nothing where it is no member."""
        return self._levels(PolicyKind.SCP, self.scps, account_id)

    def rcps_of(self, account_id: str) -> Levels:
        """What limits who gets at the account's resources."""
        return self._levels(PolicyKind.RCP, self.rcps, account_id)

    def _levels(self, kind: PolicyKind, by_place: Mapping[str, tuple[Policy, ...]], account_id: str) -> Levels:
        if account_id not in self.members:
            return ()
        name, statement = _FULL[kind]
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        full = Policy.parse(document, kind=kind, name=name)
        return tuple((full, *by_place.get(place, ())) for place in (ROOT, account_id))

    def keys_of(self, account_id: str, what: str) -> dict[str, str | list[str]]:
        """The condition keys of a member account, as the `Principal`'s, the `Resource`'s or the `Source`'s."""
        if account_id not in self.members:
            return {}
        return {f"aws:{what}OrgID": self.id, f"aws:{what}OrgPaths": [f"{self.id}/{_ROOT_ID}/"]}


def _parsed(kind: PolicyKind, place: str, documents: Iterable[Any]) -> Iterable[Policy]:
    for number, document in enumerate(documents, 1):
        text = document if isinstance(document, str) else json.dumps(document)
        yield Policy.parse(text, kind=kind, name=f"{place} {number}")
