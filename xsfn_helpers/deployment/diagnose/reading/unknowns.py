"""What a repository's files leave open of where they are deployed: the region, and what a stack is called. Pure.

What has an unknown value gets a stand-in, and every value that the files speak of is a guess beside it: only what all
of them give is an answer.
Sources: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html (AWS::StackName), and
docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html (names CloudFormation makes)
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import combinations, islice, product
from typing import Final

from xsfn_helpers.common.language import mark
from xsfn_helpers.deployment.diagnose.reading.generated_names import (
    fitting,
    generated_name,
    may_be_alone,
    may_be_made,
    stack_of,
)
from xsfn_helpers.deployment.diagnose.reading.pieces import UNIQUE, MadeName, Pieces, StackNames

# A stack's name in names that are made of it.
SOME_STACK: Final = StackNames("Q0Q")
_OTHER_STACK: Final = "another-stack"
_NAME: Final = re.compile(r"[\w+=,.@*?-]{3,}")
_STACK_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
_ARN: Final = re.compile(r"(?:arn|\*):[^\s\"\\,]+")
_PARTS: Final = re.compile(r"[:/]")
_OPEN: Final = re.compile(r"[*?]")
# What of a logical ID is in every name that CloudFormation makes of it; no name is shorter.
_SHORTEST: Final = 8
# More than are looked at, so that it is told that not all were.
_MOST_ENDS: Final = 64
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


ENDS: Final = mark(
    "how the names end that CloudFormation makes, which shows only at deployment (give the ARN of the deployed state "
    "machine, or AWS's sentence)"
)
NOT_TOLD: Final = (ACCOUNT, STACK, REGION, ENDS)


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


def names_spoken_of(texts: Iterable[str]) -> frozenset[str]:
    """Every name in these texts, and the patterns of names in ARNs: what a pattern of actions ends in is no name."""
    spoken, of_arns = set[str](), set[str]()
    for text in texts:
        spoken.update(token for token in _NAME.findall(text) if not _OPEN.search(token))
        of_arns.update(part for arn in _ARN.findall(text) if _OPEN.search(arn) for part in _PARTS.split(arn))
    return frozenset(spoken) | {part for part in of_arns if _OPEN.search(part) and len(part) > 1}


def is_named_after_stack(of_some: Pieces) -> bool:
    """Whether the name of anything in a stack, which is called `SOME_STACK` here, is made of the stack's."""
    return any(SOME_STACK.name in name for name in made_names(of_some))


def stack_choices(own: StackNames, of_some: Pieces, spoken: frozenset[str], *, is_known: bool) -> list[StackNames]:
    """What else a stack may be called, and what its names end in, by the names that others speak of.

    `of_some` is what it says where it is called `SOME_STACK`; `spoken` are the names in everything. Where its name
    `is_known`, the ends of the names that CloudFormation makes are all that isn't.
    """
    told = dict(own.made)
    made = {one for one in of_some.generated if one.path not in told}
    ends = names_made(own, made, spoken, is_known=is_known)
    named = set() if is_known else {name for name in made_names(of_some) if SOME_STACK.name in name}
    for name in sorted(named):
        for token in sorted(spoken):
            if "*" in token or "?" in token:
                for one in _by_pattern(own, name, token):
                    ends.setdefault(one.name, {})
            elif (stack := _by_name(name, token)) is not None:
                ends.setdefault(stack, {})
    found = dict.fromkeys(
        replace(one, made=(*own.made, *one.made))
        for stack, paths in ends.items()
        for one in _ended(stack, paths, ends.get("", {}))
        if stack
    )
    if found and own.name and named:
        found[replace(own, name=_OTHER_STACK)] = None
    found.pop(own, None)
    return list(found)


def names_made(
    own: StackNames, generated: Iterable[MadeName], spoken: Iterable[str], *, is_known: bool
) -> dict[str, dict[str, list[str]]]:
    """By what the stack is called, and the path of what has no name of its own: the names among these it may have.

    What is named without the stack is so whatever that is called: it is under an empty name, and under the own one.
    """
    things = sorted(generated, key=lambda one: one.path)
    if not things:
        return {}
    known = own.name if is_known else ""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    # A stand-in isn't spoken of by anybody: it is this template's, or another's, own.
    tokens = sorted(token for token in spoken if not token.endswith(UNIQUE))
    patterns = [token for token in tokens if _OPEN.search(token)]
    literals = [token for token in tokens if not _OPEN.search(token) and may_be_made(token)]
    for one in things:
        begins = one.logical[:_SHORTEST]
        of_stack = own.name if one.after_stack else ""
        for token in literals:
            if begins not in token:
                continue
            stack = own.name if may_be_alone(token, one.logical) else ""
            if one.after_stack:
                stack = stack_of(token, one.logical, one.within, known) or ""
            if stack:
                found[stack][one.path].append(token)
        stands = f"{generated_name(of_stack, one.logical)}{UNIQUE}"
        for token in () if one.within else patterns:
            if not fnmatchcase(stands, token):
                found[own.name][one.path].extend(fitting(token, of_stack, one.logical))
        if not one.after_stack and own.name in found and found[own.name][one.path]:
            found[""][one.path] = found[own.name][one.path]
    return {stack: {path: names for path, names in paths.items() if names} for stack, paths in found.items()}


def told_names(
    units: Iterable[tuple[str, StackNames, Iterable[MadeName], bool]], given: Iterable[str]
) -> dict[str, StackNames]:
    """By unit: the stack as these names, which are real ones, tell it. Each must fit one thing of one unit alone.

    A unit comes with what its stack is called, what has no name of its own in it, and whether the first is known.
    """
    fits: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for key, own, generated, is_known in units:
        for stack, paths in names_made(own, generated, given, is_known=is_known).items():
            for path, names in paths.items() if stack else ():
                for name in names:
                    fits[name].append((key, stack, path))
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for name, places in fits.items():
        if len(places) == 1:
            key, stack, path = places[0]
            found[key][stack][path] = name
    # Two stacks of one template aren't both what it is.
    return {
        key: StackNames(stack, tuple(sorted(made.items())))
        for key, stacks in found.items()
        if len(stacks) == 1
        for stack, made in stacks.items()
    }


def _ended(stack: str, made: Mapping[str, list[str]], alone: Mapping[str, list[str]]) -> Iterator[StackNames]:
    """The stack with every choice of these names, all of them first."""
    ends = {**alone, **made}
    every = product(*([(path, name) for name in dict.fromkeys(names)] + [None] for path, names in ends.items()))
    for some in islice(every, _MOST_ENDS):
        yield StackNames(stack, tuple(one for one in some if one is not None))


def made_names(pieces: Pieces) -> Iterator[str]:
    """The names of what a template makes, as far as others may name it."""
    for arn in (*pieces.roles, *pieces.machines, *pieces.managed, *pieces.of_resources, *pieces.named):
        yield re.split(r"[:/]", arn)[-1]


def _by_name(name: str, token: str) -> str | None:
    """The stack of which a name would be this one."""
    pattern = re.escape(name).replace(re.escape(SOME_STACK.name), f"(?P<stack>{_STACK_NAME.pattern})", 1)
    pattern = pattern.replace(re.escape(SOME_STACK.name), "(?P=stack)")
    found = re.fullmatch(pattern, token)
    return None if found is None else found["stack"]


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
