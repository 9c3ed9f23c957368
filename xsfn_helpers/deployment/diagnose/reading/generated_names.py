"""The names that CloudFormation makes for roles and state machines that are given none. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

# A role's name has 64 characters at most; a hyphen and twelve at random end one that CloudFormation makes.
_LONGEST: Final = 64 - 13
# A state machine's name has 80; where its beginning is cut, nothing tells: names of 40 characters were seen.
_LONGEST_ALONE: Final = 80 - 13
_SHORTEST_CUT: Final = 27
_SHORTEST_PART: Final = 8
_UNIQUE: Final = 12
_MADE: Final = re.compile(r"(?P<head>.+)-(?P<unique>[A-Za-z0-9]{6,16})")
_STACK_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


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


def stack_of(name: str, logical: str, within: tuple[str, ...], stack: str) -> str | None:
    """The stack in which CloudFormation may have given this name to what is of this logical ID; None where in none.

    `stack` is what the stack is called, empty where that isn't known; `within` are the nested stacks between them.
    """
    found = _MADE.fullmatch(name)
    if found is None:
        return None
    before, _, own = found["head"].rpartition("-")
    is_cut = len(found["head"]) >= _LONGEST - 3
    if not before or not _begins(logical, own, is_cut=is_cut):
        return None
    for one in reversed(within):
        inner = re.fullmatch(rf"(.+)-{re.escape(one)}(?:-[A-Za-z0-9]{{1,16}})?-?", before)
        if inner is None and not is_cut:
            return None
        before = inner[1] if inner else before
    if stack:
        return stack if _begins(stack, before, is_cut=is_cut) else None
    return before if _STACK_NAME.fullmatch(before) else None


def may_be_made(name: str) -> bool:
    """Whether a name has an end as those have that CloudFormation makes."""
    return _MADE.fullmatch(name) is not None


def may_be_alone(name: str, logical: str) -> bool:
    """Whether CloudFormation may have given this name to what it names without the stack: a state machine."""
    found = _MADE.fullmatch(name)
    return found is not None and (
        found["head"] == logical or (len(found["head"]) >= _SHORTEST_CUT and logical.startswith(found["head"]))
    )


def _begins(whole: str, written: str, *, is_cut: bool) -> bool:
    return written == whole or (is_cut and len(written) >= _SHORTEST_PART and whole.startswith(written))


def fitting(pattern: str, stack: str, logical: str) -> Iterator[str]:
    """Names that it may have which fit a pattern: by the end that nobody knows, or by where its beginning is cut."""
    first, *_, last = re.split(r"[*?]", pattern)
    near = (stack or logical)[:_SHORTEST_PART]
    if not (first.startswith(near) or near.startswith(first)):
        return
    beginning = re.sub(r"-[A-Za-z0-9]*$", "", first) if stack else first.partition("-")[0]
    heads = [f"{stack}-{logical}" if stack else logical, beginning, first]
    for head in dict.fromkeys(heads):
        rest = first.removeprefix(f"{head}-") if first.startswith(f"{head}-") else ""
        for end in (rest.ljust(_UNIQUE, "X"), last.rpartition("-")[2].rjust(_UNIQUE, "X")):
            name = f"{head}-{end}"
            longest = _LONGEST if stack else _LONGEST_ALONE
            if len(head) > longest or not head or not fnmatchcase(name, pattern):
                continue
            if stack_of(name, logical, (), stack) if stack else may_be_alone(name, logical):
                yield name
