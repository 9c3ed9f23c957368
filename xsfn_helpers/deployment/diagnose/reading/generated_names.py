"""The names that CloudFormation makes for roles and state machines that are given none. Pure."""

from __future__ import annotations

import hashlib
from typing import Final

# A role's name has 64 characters at most; a hyphen and twelve at random end one that CloudFormation makes.
_LONGEST: Final = 64 - 13


def generated_name(stack: str, logical: str) -> str:
    """What such a name begins with, and something that no other begins with where it had to be cut.

    AWS's page tells of the stack's name, the logical ID and the end; how long ones are cut is observed: what is left of
    the length is shared by both, and the one that needs less leaves it to the other.
    Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html;
    github.com/KensioSoftware/yulin/issues/1113
    """
    whole = f"{stack}-{logical}" if stack else logical
    if len(whole) <= _LONGEST:
        return whole
    # Two that begin alike are two all the same: their roles have not the same policies.
    mark = hashlib.sha256(whole.encode()).hexdigest()[:12]
    if not stack:
        return f"{logical[:_LONGEST]}-{mark}"
    room = _LONGEST - 1
    for_stack = max(room - room // 2, room - len(logical))
    kept = stack[:for_stack]
    return f"{kept}-{logical[: room - len(kept)]}-{mark}"
