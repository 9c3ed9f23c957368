"""What a type of resource has to know, and what all of them share."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from xsfn_helpers.sandbox.cloudformation.failures import GONE, CallFailed

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.cloudformation.deployer_calls import Hands

POLICY_VERSION: Final = "2012-10-17"
Properties = Mapping[str, Any]
Attributes = dict[str, str]
# Told as soon as a resource exists, before the rest of it is made: its physical id and attributes.
Made = Callable[[str, Attributes], None]


@dataclass(frozen=True, slots=True)
class StackPlace:
    """The stack that a resource belongs to."""

    stack: str
    account_id: str
    region: str
    partition: str


class ResourceKind(Protocol):
    """One type of resource."""

    @property
    def properties(self) -> Mapping[str, bool]:
        """Each property it may have, and whether it must."""
        ...

    @property
    def replaced_by(self) -> tuple[str, ...]:
        """The properties that can't be changed in place."""
        ...

    def physical_id(self, place: StackPlace, logical: str, wanted: Properties) -> str: ...
    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        """Make it. `again` after an interruption: what is there already may be ours. Raises `CallFailed`."""
        ...

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None: ...
    def delete(self, hands: Hands, physical: str, had: Properties) -> None: ...


def text_of(document: Any) -> str:
    """A policy document or definition as CloudFormation hands it on."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def policy_text(document: Any) -> str:
    """An identity policy as CloudFormation hands it on.

    SAM's policy templates have no Version, and deploy; IAM's API denies such a document here. That the handler puts one
    in isn't established.
    """
    if isinstance(document, dict) and "Version" not in document:
        return text_of({"Version": POLICY_VERSION, **document})
    return text_of(document)


def generated(place: StackPlace, logical: str, most: int) -> str:
    """The name of what the template doesn't name: stack, logical id and twelve random characters."""
    part = most // 2 - 8
    return f"{place.stack[:part]}-{logical[:part]}-{random_tail().upper()}"


def random_tail() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))


def gone_is_fine(call: Callable[..., object], *args: Any, **params: Any) -> None:
    """Make a removing call; what is gone already is as good as removed."""
    try:
        call(*args, **params)
    except CallFailed as failure:
        if failure.code not in GONE:
            raise


def tags_of(properties: Properties) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags", [])}
