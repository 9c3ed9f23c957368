"""Which roles a call hands to the service that it calls, so that the caller needs iam:PassRole. Pure.

Where an operation's input holds a role is kept data (`scripts/renew_actions.py`, of botocore's models); whether the
caller needs iam:PassRole for it the Service Authorization Reference says, among an action's dependent actions, though
not of every action. The role has to be one of the caller's own account:
docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from xsfn_helpers.asl.arn_forms import AskedResource, CallingPlace, one_of
from xsfn_helpers.asl.asked import By, For, Permission
from xsfn_helpers.asl.known_parts import ANY, known_part

HANDS_OVER: Final = "iam:PassRole"
_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::(?P<account>\d{12}):role/.+")
_STEP: Final = re.compile(r"(?P<name>\w+)(?P<required>!?)(?P<each>(\[\]|\{\})*)")
# In these a role's name or ARN is what the call acts on, not what it hands over.
_OWN: Final = frozenset({"iam", "sts", "sso", "rolesanywhere"})


def passed_roles(
    paths: Sequence[str], arguments: object, place: CallingPlace, prefix: str, *, passes: bool
) -> Iterator[Permission]:
    """iam:PassRole on each role that the arguments give, or may give, at one of the paths.

    `passes`: whether the reference says that the action needs it. Where it doesn't, a lack of it is no denial yet.
    """
    if not passes and prefix in _OWN:
        return
    for path in paths:
        last = _steps(path)[-1][0]
        for value, given in _values(arguments, _steps(path)):
            if not passes and not (given and _is_an_arn(last, value)):
                continue
            resource = _resource(value, last, place)
            found = _ROLE.fullmatch(value)
            elsewhere = found is not None and found["account"] != place.account
            certain = passes and given and not elsewhere
            yield Permission(HANDS_OVER, resource, For.HAND_OVER, By.ACTING, certain=certain)


def known_roles(texts: Iterable[str]) -> Iterator[str]:
    """Those of the texts that are ARNs of roles."""
    return (one for one in texts if _ROLE.fullmatch(one))


def _is_an_arn(name: str, value: str) -> bool:
    return value.startswith("arn:") or (value.startswith(ANY) and name.lower().endswith("rolearn"))


def _resource(value: str, name: str, place: CallingPlace) -> AskedResource:
    if value.startswith("arn:") and ":role/" in value:
        return AskedResource(value) if ANY not in value else one_of(value)
    roles = f"arn:{place.partition}:iam::{place.account}:role/"
    if value.startswith((ANY, "arn:")) or "instanceprofile" in name.lower():
        return one_of(f"{roles}*")
    # A name without the path that the role may have.
    return one_of(f"{roles}*{value.rpartition('/')[2]}")


def _steps(path: str) -> list[tuple[str, bool, int]]:
    """The steps of a path: a member's name, whether it is required, and how many lists or maps it is of."""
    found = (_STEP.fullmatch(step) for step in path.split("."))
    return [(one["name"], bool(one["required"]), len(one["each"]) // 2) for one in found if one]


def _values(here: object, steps: Sequence[tuple[str, bool, int]]) -> Iterator[tuple[str, bool]]:
    """What stands at a path, `*` for what shows only in the run, and whether there is a role there for certain."""
    if not steps:
        yield (known_part(here) or ANY if isinstance(here, str) else ANY), True
        return
    if not isinstance(here, Mapping):
        yield ANY, all(required and not each for _, required, each in steps)
        return
    name, _, each = steps[0]
    for key, value in here.items():
        if str(key).removesuffix(".$").lower() == name.lower() and value not in (None, ""):
            yield from _each(value, each, steps[1:])


def _each(value: object, each: int, steps: Sequence[tuple[str, bool, int]]) -> Iterator[tuple[str, bool]]:
    if not each:
        yield from _values(value, steps)
    elif isinstance(value, str):
        yield ANY, False  # a list that may be empty
    else:
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, Sequence) else ()
        for one in inner:
            yield from _each(one, each - 1, steps)
