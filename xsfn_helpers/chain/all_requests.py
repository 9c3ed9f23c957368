"""What two sets of roles let in, compared over all requests there are, not over some that were thought of.

Exact for the language that the chain's policies are written in: every action; ARNs and names with wildcards; keys that
have one value, under the string, ARN and Boolean operators, Null, IfExists and the set operators. A request is then a
caller, an action, a resource and, for each key that a policy asks for, a value or none. Policies look at each of these
through their patterns alone, so the texts of `iam.cells` stand for all others, and every combination of them is tried.
Where a policy is written in more than that, this says so instead of guessing.

Each policy is taken by itself, as if everything else allowed: a role's trust policy lets in whom it would let in
whatever they may do, and its permissions policies allow what they would allow wherever it is asked for. So two that are
alike here are alike in every account. What can't happen is left out: a role's name is its own in its account; a unique
ID belongs to one role, and that of a deleted one to nobody; a root user assumes no role; an action is called on the
resources that the Service Authorization Reference names. Keys are taken to be independent of each other. Pure.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import POLICY_PLACES, role_as_made
from xsfn_helpers.chain.links import DeciderKind, Node
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.stored import StoredRole
from xsfn_helpers.chain.verdicts import StoredRoles, policies_of
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.iam import Policy, PolicyKind, Principal, Request
from xsfn_helpers.iam.actions import IamAction, action, actions_of
from xsfn_helpers.iam.cells import (
    ANY_RUN,
    DIGITS,
    IS_ARN,
    LETTERS,
    NAME,
    PatternStep,
    Steps,
    arn_like,
    cells,
    like,
    literal,
    resource_like,
    run,
)
from xsfn_helpers.iam.conditions import Condition, Family
from xsfn_helpers.iam.decide import PROVIDER_ACTIONS, layer_of
from xsfn_helpers.iam.principals import global_name


class BeyondGrammar(XsfnError):
    """A policy says something that isn't compared over all requests."""


@dataclass(frozen=True, slots=True)
class PolicyOwner:
    """Whose policies are compared, and which of them: who may assume the role, or what it may do."""

    node: Node
    kind: DeciderKind

    def __str__(self) -> str:
        return tr("{role}'s {kind}", role=tr(self.node), kind=tr(self.kind))


@dataclass(frozen=True, slots=True)
class AccessDifference:
    """One request that one side allows and the other denies. `context` has None for a key that isn't sent."""

    place: PolicyOwner
    principal: str
    action: str
    resource: str
    context: Mapping[str, str | None]

    def __str__(self) -> str:
        told = tr(
            "{principal} calls {action} on {resource}",
            principal=tr("anybody") if self.principal == "anonymous" else self.principal,
            action=self.action,
            resource=self.resource,
        )
        keys = [
            tr("without {key}", key=key) if value is None else tr("with {key} {value}", key=key, value=value or '""')
            for key, value in self.context.items()
        ]
        return f"{told}, {listed(keys)}" if keys else told


@dataclass(frozen=True, slots=True)
class AccessComparison:
    """What one side allows more than the other, one request for each way, the nearest to the chain's own first.

    `undecided` says, for each place that couldn't be compared, why; `compared` is how many requests stood for all at
    the places that differ in their words.
    """

    wider: tuple[AccessDifference, ...]
    narrower: tuple[AccessDifference, ...]
    undecided: tuple[str, ...]
    compared: int

    @property
    def is_equal(self) -> bool:
        return not (self.wider or self.narrower or self.undecided)


PLACES: Final = tuple(
    PolicyOwner(node, kind)
    for node in (Node.OPERATOR_ROLE, Node.EXECUTE_ROLE, Node.SUBJECT_ROLE)
    for kind in (DeciderKind.TRUST, DeciderKind.PERMISSION)
)


def roles_as_made(scenario: Scenario, blueprint: Blueprint) -> StoredRoles:
    """The three roles as all stages make them from a blueprint."""
    roles = {node: role_as_made(scenario, blueprint, node) for node in (place.node for place in PLACES)}
    last = POLICY_PLACES["operator_role_permissions"]
    return {**roles, last.node: last.put(roles[last.node], blueprint.text(last.document))}


def compare(scenario: Scenario, stored: StoredRoles, wanted: StoredRoles) -> AccessComparison:
    """What the stored roles allow beyond the wanted ones, and short of them, over all requests.

    A role that isn't there lets nobody in, and may do nothing.
    """
    wider: list[AccessDifference] = []
    narrower: list[AccessDifference] = []
    undecided: list[str] = []
    compared = 0
    for place in PLACES:
        sides = (stored.get(place.node), wanted.get(place.node))
        if sides[0] is None and sides[1] is None:
            continue
        try:
            if _side(sides[0], place).says == _side(sides[1], place).says:
                continue
            known = {role.arn: role for roles in (wanted, stored) for role in roles.values() if role is not None}
            questions = _Questions(scenario, place, sides, known)
            requests = list(questions)
            for more, (one, other) in ((wider, questions.policies), (narrower, reversed(questions.policies))):
                more += _most_alike(
                    scenario, place, questions, [r for r in requests if one.allow(r) and not other.allow(r)]
                )
        except XsfnError as error:
            undecided.append(f"{place}: {error}")
        else:
            compared += len(requests)
    return AccessComparison(tuple(wider), tuple(narrower), tuple(undecided), compared)


def _most_alike(
    scenario: Scenario, place: PolicyOwner, questions: _Questions, found: Sequence[Request]
) -> Iterator[AccessDifference]:
    """The difference nearest to what the chain itself asks for: it shows best what was opened."""
    if not found:
        return
    usual = questions.usual

    def distance(request: Request) -> int:
        unlike = sum(request.context.get(key) != usual.get(key) for key in questions.keys)
        unlike += str(request.principal) != usual["principal"]
        unlike += request.action not in usual["action"].split()
        return 2 * unlike + (request.resource not in usual["resource"].split())

    nearest = min(found, key=distance)
    told = {key: nearest.context.get(key) for key in questions.keys if nearest.context.get(key) != usual.get(key, "\0")}
    yield AccessDifference(
        place,
        nearest.principal.role_arn or str(nearest.principal),
        nearest.action,
        nearest.resource,
        {key: None if value is None else str(value) for key, value in told.items()},
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """One side's policies of a place."""

    kind: PolicyKind
    policies: tuple[Policy, ...]
    boundaries: tuple[Policy, ...] = ()

    @property
    def says(self) -> tuple[str, ...]:
        """The documents word for word: two sides with the same ones are alike, whatever they are written in."""
        return tuple(json_text(policy.document) for policy in (*self.policies, *self.boundaries))

    def allow(self, request: Request) -> bool:
        layers = [layer_of(self.kind, self.policies, request, has_boundary=False)]
        if self.boundaries:
            layers.append(layer_of(PolicyKind.BOUNDARY, self.boundaries, request, has_boundary=False))
        return all(layer.allow is not None and not layer.denies for layer in layers)


def _side(role: StoredRole | None, place: PolicyOwner) -> _Side:
    every = policies_of(role, place.node) if role is not None else ()
    if place.kind is DeciderKind.TRUST:
        return _Side(PolicyKind.TRUST, tuple(one for one in every if one.kind is PolicyKind.TRUST))
    identity = tuple(one for one in every if one.kind is PolicyKind.IDENTITY)
    return _Side(PolicyKind.IDENTITY, identity, tuple(one for one in every if one.kind is PolicyKind.BOUNDARY))


class _Questions:
    """The requests that stand for all that a place's policies can be asked."""

    def __init__(
        self,
        scenario: Scenario,
        place: PolicyOwner,
        sides: Sequence[StoredRole | None],
        known: Mapping[str, StoredRole],
    ) -> None:
        self._scenario = scenario
        self._place = place
        self._known = known
        role = next(side for side in sides if side is not None)
        self._arn, self._account = role.arn, role.arn.split(":")[4]
        self.policies = (_side(sides[0], place), _side(sides[1], place))
        self._statements = [
            statement
            for side in self.policies
            for policy in (*side.policies, *side.boundaries)
            for statement in policy.statements
        ]
        self._conditions: dict[str, list[Condition]] = {}
        for statement in self._statements:
            for condition in statement.conditions:
                _check(condition)
                self._conditions.setdefault(condition.key_lower, []).append(condition)
        # Each key as the first policy spells it.
        self.keys = {conditions[0].key: key for key, conditions in self._conditions.items() if key not in _OF_PRINCIPAL}

    @property
    def usual(self) -> Mapping[str, str]:
        """The chain's own request at this place, to measure others by."""
        scenario, node = self._scenario, self._place.node
        if self._place.kind is DeciderKind.PERMISSION:
            calls = {
                Node.OPERATOR_ROLE: ("sts:AssumeRole", scenario.execute_role_arn),
                Node.EXECUTE_ROLE: (
                    "states:StartExecution states:DescribeExecution states:StopExecution",
                    f"{scenario.subject_machine_arn} {_run_of(scenario)}",
                ),
            }
            action_, resource = calls.get(node, ("", ""))
            return {"principal": _session_of(self._arn), "action": action_, "resource": resource}
        if node is Node.EXECUTE_ROLE:
            caller = _session_of(scenario.operator_role_arn)
            sent = {"sts:ExternalId": scenario.external_id}
        else:
            caller = "states.amazonaws.com"
            machine = scenario.operator_machine_arn if node is Node.OPERATOR_ROLE else scenario.subject_machine_arn
            sent = {"aws:SourceAccount": self._account, "aws:SourceArn": machine}
        spelled = {key.lower(): key for key in self.keys}
        context = {spelled.get(key.lower(), key): value for key, value in sent.items()}
        return {"principal": caller, "action": "sts:AssumeRole", "resource": self._arn, **context}

    def __iter__(self) -> Iterator[Request]:
        """Every request. Raises `BeyondGrammar` for more than can be tried."""
        values = [self._values(key) for key in self.keys]
        asked = list(self._callers()) if self._place.kind is DeciderKind.TRUST else list(self._calls())
        count = len(asked) * math.prod(map(len, values))
        if count > _MOST:
            raise BeyondGrammar(tr("{count} requests would have to be tried.", count=count))
        for principal, action_, resource in asked:
            account = resource.split(":")[4] if resource.count(":") > 4 else ""
            owner = account if re.fullmatch("[0-9]{12}", account) else self._account
            for given in itertools.product(*values):
                context = {key: value for key, value in zip(self.keys, given, strict=True) if value is not None}
                yield Request(principal, action_, resource, owner, context)

    # Who asks.

    def _callers(self) -> Iterator[tuple[Principal, str, str]]:
        callers = [*self._roles(), *self._users(), *self._services(), Principal.parse("*")]
        for action_ in _TRUST_ACTIONS:
            by_provider = action_.lower() in PROVIDER_ACTIONS
            for caller in self._providers() if by_provider else callers:
                yield caller, action_, self._arn

    def _named(self) -> Iterator[str]:
        for statement in self._statements:
            if statement.principal is not None:
                yield from statement.principal.texts

    def _arns_of(self, kind: str, names: Iterable[str]) -> tuple[str, ...]:
        """The ARNs of roles or users that stand for all: told apart by name, by account and by `aws:PrincipalArn`."""
        head = f"arn:{self._scenario.partition}:iam::"
        accounts = {self._account, self._scenario.operator_account_id, self._scenario.subject_account_id}
        patterns = []
        for text in self._named():
            if found := re.fullmatch(r"arn:[^:]+:(?:iam|sts)::([0-9]{12}):(.+)|([0-9]{12})", text):
                accounts.add(found[1] or found[3])
                of, _, rest = (found[2] or "").partition("/")
                if of == kind:
                    patterns.append(literal(text))
                    name = rest.rpartition("/")[2]
                    patterns += [
                        (*literal(f"{head}{found[1]}:{kind}/"), *path, *literal(name)) for path in ((), _ANY_PATH)
                    ]
                if of == "assumed-role" and kind == "role":
                    patterns.append(literal(f"{head}{found[1]}:role/{rest.partition('/')[0]}"))
        patterns += [like(f"{head}{account}:*") for account in sorted(accounts)]
        for condition in self._conditions.get("aws:principalarn", ()):
            patterns += _patterns(condition)
        for condition in self._conditions.get("aws:principalaccount", ()):
            patterns += [(*literal(head), *steps, *literal(":"), *ANY_RUN) for steps in _patterns(condition)]
        before = (*literal(head), *([PatternStep(DIGITS)] * 12), *literal(f":{kind}/"))
        accounts |= {"333333333333"}
        preferred = [
            *(text for text in self._named() if text.startswith(head) and f":{kind}/" in text),
            *(f"{head}{account}:{kind}/{name}" for account in sorted(accounts) for name in names),
        ]
        without = cells((*before, *run(NAME)), patterns, preferred=preferred)
        within = cells((*before, *run(NAME), *_ANY_PATH, *run(NAME)), patterns, preferred=preferred)
        return tuple(dict.fromkeys((*without, *within)))

    def _roles(self) -> Iterator[Principal]:
        known = {(arn.split(":")[4], arn.rpartition("/")[2]): arn for arn in self._known}
        names = ["another-role", *(f"{name[:62]}-2" for _, name in known), *(name for _, name in known)]
        sessions = [text for text in self._named() if ":assumed-role/" in text]
        for arn in dict.fromkeys((*self._arns_of("role", names), *self._known)):
            account, name = arn.split(":")[4], arn.rpartition("/")[2]
            if known.get((account, name), arn) != arn:
                continue  # a name belongs to one role of an account
            stem = f"{_session_of(arn).removesuffix(_SESSION)}"
            own = [text for text in sessions if text.startswith(stem)]
            for session in dict.fromkeys((stem + _SESSION, *own)):
                unique_id = self._known[arn].unique_id if arn in self._known else None
                yield Principal.parse(session, role_arn=arn, unique_id=unique_id)

    def _users(self) -> Iterator[Principal]:
        yield from map(Principal.parse, self._arns_of("user", ("somebody",)))

    def _services(self) -> Iterator[Principal]:
        """A service under its own name, that of a region, and one that nothing names."""
        named = {text for text in self._named() if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text)}
        for condition in self._conditions.get("aws:principalservicename", ()):
            if any("*" in value or "?" in value for value in condition.values):
                raise BeyondGrammar(_beyond(condition))
            named |= set(condition.values)
        names = {global_name(name) for name in named} | named | set(_SERVICES)
        for region in (self._scenario.region, "eu-central-2", "us-west-1"):
            for name in sorted(names):
                service, _, domain = name.partition(".")
                if domain.count(".") == 1:
                    names.add(f"{service}.{region}.{domain}")
        yield from map(Principal.parse, sorted(names))

    def _providers(self) -> Iterator[Principal]:
        here = f"arn:{self._scenario.partition}:iam::{self._account}:"
        named = [
            text for text in self._named() if "-provider/" in text or ("." in text and not text.startswith("arn:"))
        ]
        for text in dict.fromkeys((*named, "accounts.google.com", f"{here}saml-provider/another")):
            try:
                yield Principal.of_provider(text)
            except XsfnError:
                continue  # a service's name

    # What is asked for.

    def _calls(self) -> Iterator[tuple[Principal, str, str]]:
        role = self._known[self._arn]
        caller = Principal.parse(_session_of(self._arn), role_arn=self._arn, unique_id=role.unique_id)
        for name, domains in self._actions():
            patterns = [
                resource_like(pattern)
                for statement in self._statements
                if statement.action_test(name.lower()) is not statement.not_action
                for pattern in statement.resources or ()
            ]
            for resource in self._resources(patterns, domains):
                yield caller, name, resource

    def _resources(self, patterns: Sequence[Steps], domains: Sequence[Steps]) -> Iterable[str]:
        scenario = self._scenario
        preferred = [
            scenario.execute_role_arn,
            scenario.subject_machine_arn,
            _run_of(scenario),
            scenario.subject_role_arn,
            f"{scenario.subject_machine_arn}-2",
            _run_of(scenario).replace(scenario.subject_machine_name, "another-statemachine"),
            scenario.subject_machine_arn.replace(scenario.subject_machine_name, "another-statemachine"),
            f"{scenario.execute_role_arn}-2",
            scenario.operator_machine_arn,
            f"arn:{scenario.partition}:iam::333333333333:role/another-role",
            f"arn:{scenario.partition}:s3:::another-bucket/another-object",
            f"arn:{scenario.partition}:lambda:{scenario.region}:{self._account}:function:another-function",
        ]
        found: dict[str, None] = {} if domains else {"*": None}
        for domain in domains:
            found |= dict.fromkeys(cells(domain, patterns, preferred=preferred))
        return found

    def _actions(self) -> Iterator[tuple[str, tuple[Steps, ...]]]:
        """One action for each sort that the policies tell apart, and the ARNs that it is called on (none: `*`)."""
        written = [text for statement in self._statements for text in statement.actions]
        prefixes = {text.partition(":")[0].lower() for text in written} | set(_PREFIXES)
        known = [one for prefix in sorted(prefixes) if not set("*?") & set(prefix) for one in actions_of(prefix)]
        usual = [one for name in _PREFERRED if (one := action(name)) is not None]
        seen: dict[tuple[tuple[bool, ...], tuple[str, ...]], IamAction] = {}
        for one in (*usual, *known):
            arns = tuple(kind.arn for kind in one.types)
            seen.setdefault((self._matching(str(one)), arns), one)
        covered = {vector for vector, _ in seen}
        for one in seen.values():
            yield str(one), tuple(dict.fromkeys(self._of_type(kind.arn) for kind in one.types))
        # What AWS may have besides: actions that the kept data don't know, on whatever there is.
        domain = (*run(LETTERS | DIGITS | frozenset("-")), *literal(":"), *run(LETTERS | DIGITS))
        patterns = [like(text, folded=True) for text in written]
        for name in cells(domain, patterns, preferred=("otherservice:OtherAction",)):
            everywhere = any(set("*?") & set(text.partition(":")[0]) for text in self._matched(name))
            if everywhere or self._matching(name) not in covered:
                yield name, (IS_ARN,)

    def _matching(self, name: str) -> tuple[bool, ...]:
        lower = name.lower()
        return tuple(statement.action_test(lower) for statement in self._statements)

    def _matched(self, name: str) -> Iterator[str]:
        lower = name.lower()
        for statement in self._statements:
            if statement.not_action:
                yield "*"
            elif statement.action_test(lower):
                yield from statement.actions

    def _of_type(self, template: str) -> Steps:
        """The ARNs of a type of resource, from its form in the Service Authorization Reference."""
        steps: list[PatternStep] = []
        parts = re.split(r"(\$\{[^}]+\})", template)
        for at, part in enumerate(parts):
            if not part.startswith("${"):
                steps += literal(part)
            elif part == "${Partition}":
                steps += literal(self._scenario.partition)
            elif part == "${Account}":
                steps += [PatternStep(DIGITS)] * 12
            elif part == "${Region}":
                steps += run(LETTERS | DIGITS | frozenset("-"))
            else:
                is_path = parts[at - 1].endswith("/") and at >= len(parts) - 2
                apart = frozenset("*?" if is_path else ":*?")
                steps += [PatternStep(apart, besides=True), PatternStep(apart, besides=True, many=True)]
        return tuple(steps)

    # What is sent with it.

    def _values(self, key: str) -> tuple[str | None, ...]:
        """The values of one key that stand for all, and None for none."""
        lower, scenario = self.keys[key], self._scenario
        patterns = [steps for condition in self._conditions[lower] for steps in _patterns(condition)]
        if lower == "aws:sourcearn":
            # The region of a service's name is that of the source.
            for text in self._named():
                if "." in text and global_name(text) != text:
                    patterns.append(like(f"*:*:*:{text.split('.')[1]}:*"))
        theirs = self._place.node is Node.SUBJECT_ROLE
        machine = scenario.subject_machine_arn if theirs else scenario.operator_machine_arn
        name = scenario.subject_machine_name if theirs else scenario.operator_machine_name
        machines = [
            machine,
            machine.removesuffix(name) + "another-statemachine",
            f"{machine}-2",
            machine.removesuffix(name) + name.swapcase(),
            machine.replace(f":{machine.split(':')[4]}:", ":333333333333:"),
            scenario.operator_machine_arn,
            scenario.subject_machine_arn,
        ]
        preferred = {
            "sts:externalid": [*machines, "anything"],
            "aws:sourcearn": machines,
            "aws:sourceaccount": [scenario.operator_account_id, scenario.subject_account_id, "333333333333"],
        }.get(lower, [*(value for one in self._conditions[lower] for value in one.values), "anything"])
        found = cells(_DOMAINS.get(lower, ANY_RUN), patterns, preferred=preferred)
        return tuple(dict.fromkeys((*found, *(() if lower in _DOMAINS else ("",)), None)))


def _patterns(condition: Condition) -> list[Steps]:
    """What a condition can tell of a value: whether it matches each of these."""
    name = condition.operator.name
    if condition.operator.family is Family.NULL:
        return []
    if condition.operator.family is Family.BOOL:
        return [literal(value, folded=True) for value in ("true", "false", *condition.values)]
    if condition.operator.family is Family.ARN:
        return [IS_ARN, *(steps for value in condition.values if (steps := arn_like(value)) is not None)]
    if name in ("StringLike", "StringNotLike"):
        return [like(value) for value in condition.values]
    return [literal(value, folded=name.endswith("IgnoreCase")) for value in condition.values]


def _check(condition: Condition) -> None:
    """Raises `BeyondGrammar` for a condition that isn't compared over all requests."""
    key = condition.key_lower
    if (
        condition.operator.family not in _FAMILIES
        or any("${" in value or not value.isascii() for value in condition.values)
        or key in _NOT_FOLLOWED
        or key.startswith("aws:calledvia")
    ):
        raise BeyondGrammar(_beyond(condition))


def _beyond(condition: Condition) -> str:
    return tr(
        "the condition {condition} isn't compared over all requests", condition=f"{condition.spelled} {condition.key}"
    )


def _session_of(role_arn: str) -> str:
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return f"{role_arn.split(':iam::')[0]}:sts::{account}:assumed-role/{name}/{_SESSION}"


def _run_of(scenario: Scenario) -> str:
    return scenario.subject_executions_arn.removesuffix("*") + "any-execution"


_SESSION: Final = "any-session"
_MOST: Final = 300_000
_ANY_PATH: Final[Steps] = (PatternStep(NAME | frozenset("/"), many=True), *literal("/"))
_FAMILIES: Final = frozenset({Family.STRING, Family.ARN, Family.BOOL, Family.NULL})
_TRUST_ACTIONS: Final = (
    *("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"),
    *("sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"),
)
# Keys that follow from who asks, so that they come with the caller.
_OF_PRINCIPAL: Final = frozenset(
    {
        *("aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice"),
        *("aws:principalservicename", "aws:federatedprovider", "aws:resourceaccount"),
    }
)
# Keys with several values, or that follow from the caller in more ways than are compared.
_NOT_FOLLOWED: Final = frozenset(
    {
        *("aws:userid", "aws:username", "aws:principalservicenameslist", "aws:principalorgpaths", "aws:tagkeys"),
        *("aws:resourceorgpaths", "aws:sourceorgpaths", "sts:transitivetagkeys"),
    }
)
_PREFIXES: Final = ("states", "sts", "iam")
_PREFERRED: Final = (
    *("states:StartExecution", "states:DescribeExecution", "states:StopExecution", "sts:AssumeRole"),
    *("states:DescribeStateMachine", "states:UpdateStateMachine", "states:ListStateMachines", "iam:PassRole"),
    *("s3:GetObject", "lambda:InvokeFunction"),
)
_SERVICES: Final = ("states.amazonaws.com", "lambda.amazonaws.com", "ec2.amazonaws.com")
# docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; 12 digits; an ARN.
_DOMAINS: Final[Mapping[str, Steps]] = {
    "sts:externalid": run(LETTERS | DIGITS | frozenset("_+=,.@:/-"), least=2),
    "aws:sourceaccount": tuple([PatternStep(DIGITS)] * 12),
    "aws:sourcearn": (*literal("arn:"), *(IS_ARN[2:])),
}
