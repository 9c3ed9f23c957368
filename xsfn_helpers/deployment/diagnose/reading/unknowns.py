"""What a repository's files leave open of where they are deployed: the region, and what a stack is called. Pure.

What has an unknown value gets a stand-in, and every value that the files speak of is a guess beside it: only what all
of them give is an answer.
Sources: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html (AWS::StackName), and
docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html (names CloudFormation makes)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import combinations, product
from typing import Final

from xsfn_helpers.common.language import mark
from xsfn_helpers.deployment.diagnose.reading.pieces import UNIQUE, Pieces, StackNames

# A stack's name in names that are made of it.
SOME_STACK: Final = StackNames("Q0Q")
_OTHER_STACK: Final = "another-stack"
_NAME: Final = re.compile(r"[\w+=,.@*?-]{3,}")
_STACK_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_UNIQUE_ID: Final = r"-(?P<unique>[A-Za-z0-9]{6,16})"
_LONGEST_ROLE: Final = 64
_CUT: Final = re.compile(rf"(?P<stack>{_STACK_NAME.pattern})-(?P<logical>[A-Za-z0-9]{{20,}}){_UNIQUE_ID}")
_STATES_REGION: Final = re.compile(r"arn:aws[\w-]*:states:([a-z]{2,4}(?:-[a-z]+)+-\d):")
_REGION: Final = re.compile(
    r"\b(?:[a-z]{2}(?:-gov|-isob?)?|eusc-[a-z]{2})-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)"
    r"-\d\b"
)
# The beginning of regions' names in a pattern, and one of them.
_OF_REGIONS: Final = re.compile(r"\b(?:af|ap|ca|eu|il|me|mx|sa|us)-(?:[a-z]+-)?(?=[*?])")
_PARTITION: Final = re.compile(r"arn:(aws(?:-[a-z]+)*):")
# The regions of each partition that stand for one that isn't known.
_STAND_INS: Final[Mapping[str, tuple[str, str]]] = {
    "aws": ("us-east-1", "eu-west-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}
ACCOUNT: Final = mark(
    "which accounts the files are deployed to, which they don't tell (--operator-account-id and "
    "--subject-account-id do)"
)
STACK: Final = mark("what the stacks are called, which the files don't tell (--parameter AWS::StackName=NAME does)")
REGION: Final = mark("which region the files are deployed to, which they don't tell (--region does)")


NOT_TOLD: Final = (ACCOUNT, STACK, REGION)


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is deployed: the account of each unit, what its stack is called, and the region."""

    accounts: Mapping[str, str]
    region: str
    stacks: Mapping[str, StackNames] = field(default_factory=dict)

    def changed(self, choices: Iterable[OtherValue]) -> Places:
        accounts, stacks, region = dict(self.accounts), dict(self.stacks), self.region
        for one in choices:
            if isinstance(one.value, StackNames):
                stacks[one.unit] = one.value
            elif one.about == REGION:
                region = one.value
            else:
                accounts[one.unit] = one.value
        return Places(accounts, region, stacks)


@dataclass(frozen=True, slots=True)
class OtherValue:
    """One value that something unknown may have."""

    about: str
    unit: str
    value: str | StackNames


def nearest_first(choices: Sequence[Sequence[OtherValue]]) -> Iterator[tuple[OtherValue, ...]]:
    """Every way of taking some of these choices, one of each: one alone first, then two, then more.

    Two accounts decide a call, so that the first of them are those that show most.
    """
    for count in range(1, len(choices) + 1):
        for some in combinations(choices, count):
            yield from product(*some)


# --- the region


@dataclass(frozen=True, slots=True)
class Regions:
    """The region that stands for the one that isn't known, and the others that it may be; none where it is known."""

    region: str
    others: tuple[str, ...] = ()


def regions_in(texts: Sequence[str]) -> Regions:
    """The region as far as the files tell it: that of the only state machine, or what they speak of."""
    of_machines = {found for text in texts for found in _STATES_REGION.findall(text)}
    if len(of_machines) == 1:
        return Regions(of_machines.pop())
    partitions = {found for text in texts for found in _PARTITION.findall(text)} & _STAND_INS.keys()
    partition = partitions.pop() if len(partitions) == 1 else "aws"
    named = {found for text in texts for found in _REGION.findall(text)}
    patterns = {found for text in texts for found in _OF_REGIONS.findall(text)}
    mentioned = sorted(named | {f"{one}1" if one.count("-") > 1 else f"{one}central-1" for one in patterns})
    usual, another = _STAND_INS[partition]
    if not mentioned and len(partitions) < 1:
        return Regions(usual)
    stand_in = mentioned[0] if len(mentioned) == 1 else usual
    of_partitions = [_STAND_INS[one][0] for one in sorted(partitions)]
    others = dict.fromkeys([*mentioned, *of_partitions, usual, another])
    return Regions(stand_in, tuple(one for one in others if one != stand_in))


# --- what a stack is called


def stack_choices(own: StackNames, of_some: Pieces, texts: Iterable[str], *, is_known: bool) -> list[StackNames]:
    """What else a stack may be called, by the names that others speak of.

    `of_some` is what it says where it is called `SOME_STACK`; `texts` are what everything says. `is_known`: whether it
    is called so for certain, and only the names that CloudFormation makes in it are not.
    """
    names = {name for name in made_names(of_some) if SOME_STACK.name in name or name.endswith(UNIQUE)}
    if not names:
        return []
    spoken = {token for text in texts for token in _NAME.findall(text)}
    found: dict[StackNames, None] = {}
    for name in sorted(names):
        for token in sorted(spoken):
            if "*" in token or "?" in token:
                found |= dict.fromkeys(_by_pattern(own, name, token))
            elif (stack := _by_name(own, name, token)) is not None:
                found[stack] = None
    found |= dict.fromkeys(_together(own, found))
    if is_known:
        return [one for one in found if one.name == own.name and one.made]
    if found and any(SOME_STACK.name in name for name in names):
        found[replace(own, name=_OTHER_STACK)] = None
    found.pop(own, None)
    return list(found)


def _together(own: StackNames, found: Iterable[StackNames]) -> Iterator[StackNames]:
    """The stacks in which all of these names are made: a trust policy may name a role and a state machine at once."""
    made: dict[str, dict[str, str]] = {}
    for one in found:
        for name, token in one.made:
            made.setdefault(one.name, {}).setdefault(name, token)
    # What begins with no stack's name may be in any.
    free = {name: token for name, token in made.get(own.name, {}).items() if not name.startswith(f"{own.name}-")}
    for stack, names in made.items():
        yield StackNames(stack, tuple((free | names).items()))


def made_names(pieces: Pieces) -> Iterator[str]:
    """The names of what a template makes, as far as others may name it."""
    for arn in (*pieces.roles, *pieces.machines, *pieces.managed, *pieces.of_resources, *pieces.named):
        yield re.split(r"[:/]", arn)[-1]


def _by_name(own: StackNames, name: str, token: str) -> StackNames | None:
    """The stack of which a name would be this one."""
    pattern = re.escape(name).replace(re.escape(SOME_STACK.name), f"(?P<stack>{_STACK_NAME.pattern})", 1)
    pattern = pattern.replace(re.escape(SOME_STACK.name), "(?P=stack)")
    pattern = re.sub(f"{re.escape(re.escape(UNIQUE))}$", lambda _: _UNIQUE_ID, pattern)
    found = re.fullmatch(pattern, token)
    if found is None:
        return _by_cut_name(name, token)
    groups = found.groupdict()
    stack = groups.get("stack") or own.name
    if not groups.get("unique"):
        return StackNames(stack)
    return StackNames(stack, ((name.replace(SOME_STACK.name, stack), token),))


def _by_cut_name(name: str, token: str) -> StackNames | None:
    """The same of a name that is as long as a role's can be: of the stack's name and the logical ID the ends are gone.

    Source: github.com/KensioSoftware/yulin/issues/1113 (observed; AWS's page doesn't say it)
    """
    before, after = f"{SOME_STACK.name}-", UNIQUE
    found = _CUT.fullmatch(token) if len(token) == _LONGEST_ROLE else None
    if found is None or not name.startswith(before) or not name.endswith(after):
        return None
    if not name[len(before) : -len(after)].startswith(found["logical"]):
        return None
    return StackNames(found["stack"], ((name.replace(SOME_STACK.name, found["stack"]), token),))


def _by_pattern(own: StackNames, name: str, pattern: str) -> Iterator[StackNames]:
    """A stack of which a name would fit this pattern, where not every stack's does."""
    known = re.split(r"[*?]", pattern)[0]
    if not known or SOME_STACK.name not in name:
        return
    if fnmatchcase(name.replace(SOME_STACK.name, own.name), pattern):
        yield own
        return
    parts = known.rstrip("-").split("-")
    tries = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    for stack in (*tries, *(f"{one}-x" for one in tries), f"{known}x"):
        if _STACK_NAME.fullmatch(stack) and fnmatchcase(name.replace(SOME_STACK.name, stack), pattern):
            yield StackNames(stack)
            return
