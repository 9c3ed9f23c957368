"""IAM's actions as the Service Authorization Reference lists them: kept data, read when first asked for. Pure.

Each service's line is decoded only when it is asked for; `scripts/renew_actions.py` renews the whole, and its first
line says from what and when. What isn't in it is unknown: AWS adds actions every week.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

_LEVELS: Final = {"R": "Read", "L": "List", "W": "Write", "T": "Tagging", "P": "Permissions management"}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource that an action can be allowed on; `arn` has `${Partition}`, `${Region}` … in it."""

    name: str
    arn: str
    required: bool
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IamAction:
    """One action. Without types of resources it can be allowed on `*` only.

    `depends_on` are actions that the caller may need besides, by what the call is told to do. `keys` are condition keys
    of the action, those of its resources aside.
    """

    prefix: str
    name: str
    level: str
    types: tuple[ResourceType, ...] = ()
    keys: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()

    @property
    def on_all_only(self) -> bool:
        return not self.types

    def __str__(self) -> str:
        return f"{self.prefix}:{self.name}"


@dataclass(frozen=True, slots=True)
class KeptData:
    """Where the data come from, for what is told of them."""

    source: str
    date: str
    licence: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Kept data: a first line about the whole, then one for each name."""

    head: Mapping[str, Any]
    text: str = field(repr=False)

    @classmethod
    def read(cls, package: str, name: str) -> Lines:
        """Raises `FileNotFoundError` where the package has no such data."""
        text = gzip.decompress(files(package).joinpath("data", name).read_bytes()).decode()
        head, _, rest = text.partition("\n")
        return cls(json.loads(head), f"\n{rest}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(line.partition("\t")[0] for line in self.text.splitlines() if line)

    def get(self, name: str) -> Mapping[str, Any] | None:
        start = self.text.find(f"\n{name}\t")
        if start < 0:
            return None
        found: Mapping[str, Any] = json.loads(self.text[start + len(name) + 2 : self.text.index("\n", start + 1)])
        return found


def about() -> KeptData:
    """The source of the kept data and their date."""
    head = _lines().head
    return KeptData(head["source"], head["date"], head["licence"])


def action(name: str) -> IamAction | None:
    """The action of this name (`s3:GetObject`, in any case of letters); None for one that the data don't have."""
    prefix, _, rest = name.partition(":")
    return _service(prefix.lower()).get(rest.lower())


def actions_of(prefix: str) -> tuple[IamAction, ...]:
    """All actions of a service; none for one that the data don't have."""
    return tuple(_service(prefix.lower()).values())


def prefixes() -> tuple[str, ...]:
    """The services' prefixes."""
    return _lines().names


def heeds_resource_control_policies(prefix: str) -> bool:
    """Whether a resource control policy can deny this service's calls."""
    return prefix in _lines().head["rcp"]


@cache
def _lines() -> Lines:
    return Lines.read("xsfn_helpers.iam", "actions.gz")


@cache
def _service(prefix: str) -> Mapping[str, IamAction]:
    found = _lines().get(prefix)
    if found is None:
        return {}
    arns = found["r"]
    actions = {}
    for name, (level, keys, depends_on, types) in found["a"].items():
        of = tuple(
            ResourceType(key, arns[key][0], bool(required), tuple(dict.fromkeys((*arns[key][1], *own))))
            for key, required, own in types
        )
        actions[name.lower()] = IamAction(prefix, name, _LEVELS[level], of, tuple(keys), tuple(depends_on))
    return actions
