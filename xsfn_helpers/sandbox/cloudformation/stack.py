"""A stack and its resources as they are kept: plain data, to the journal and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

IN_PROGRESS: Final = "_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class StackResource:
    """One resource of a stack. `made` as soon as it exists; `wanted` are its properties with every function resolved.

    `begun` is kept before the first call that makes it, so that after an interruption a thing of its name is known as
    its own.
    """

    logical: str
    kind: str
    physical: str
    status: str
    when: str
    wanted: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    begun: bool = False
    made: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class StackEntry:
    """Something that happened to a stack or one of its resources."""

    id: str
    when: str
    logical: str
    physical: str
    kind: str
    status: str
    reason: str
    properties: str


@dataclass(frozen=True, slots=True)
class Work:
    """What a stack is busy with, and in whose name; `before` is what an update goes back to."""

    verb: str
    access_key_id: str
    token: str = field(repr=False)
    on_failure: str = "ROLLBACK"
    retained: tuple[str, ...] = ()
    before: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StoredStack:
    """One stack of one account and region, deleted ones included: CloudFormation shows those by their id."""

    id: str
    name: str
    account_id: str
    region: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    role_arn: str
    status: str
    created: str
    reason: str = ""
    updated: str = ""
    deleted: str = ""
    resources: Mapping[str, StackResource] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    events: tuple[StackEntry, ...] = ()
    work: Work | None = None
    # As it was given, before its transform; empty where there is none.
    original: str = ""

    @property
    def asked_for(self) -> str:
        return self.original or self.template

    @property
    def busy(self) -> bool:
        return self.work is not None

    @property
    def gone(self) -> bool:
        return self.status == "DELETE_COMPLETE"

    def with_resource(self, resource: StackResource) -> StoredStack:
        return replace(self, resources={**self.resources, resource.logical: resource})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> StoredStack:
        work = stored["work"]
        return cls(
            **{
                **stored,
                "capabilities": tuple(stored["capabilities"]),
                "resources": {name: StackResource(**one) for name, one in stored["resources"].items()},
                "events": tuple(StackEntry(**one) for one in stored["events"]),
                "work": Work(**{**work, "retained": tuple(work["retained"])}) if work else None,
            }
        )
