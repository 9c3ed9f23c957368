"""One request decided from what was seen: allowed, denied, or can't tell, and then what it hangs on. Pure.

The request is decided twice. Once everything that wasn't seen allows, once it denies; only where both come out alike
is the answer certain. What it acts on may be known in part only: then a statement counts, in the one reading, if it
covers any of what it may be, in the other, if it covers all of it. An organization's policies that nobody could read
are left out of this, and told beside it: else no answer of somebody outside its management account would ever be
certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import PolicySeen
from xsfn_helpers.deployment.diagnose.placeholders import filled, names_may_decide, placeholders
from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, Request, decide
from xsfn_helpers.iam.conditions import Condition, Family
from xsfn_helpers.iam.overlap import covers, has_symbols, meets
from xsfn_helpers.iam.principal_element import Named
from xsfn_helpers.iam.statement import Statement

Document = dict[str, Any]


class Answer(StrEnum):
    ALLOWED = mark("allowed")
    REFUSED = mark("denied")
    UNKNOWN = mark("can't tell")
    NOT_ASKED = mark("not requested")


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy of a layer under the name that decisions call it by."""

    title: str
    policy: PolicySeen


@dataclass(frozen=True, slots=True)
class Layers:
    """Every policy that has a say, as seen.

    `identity_listed`: whether these are all the caller's permissions policies; `identity_unseen` says why nothing is
    known of the caller, `resource_unseen` why nothing is of the resource's policy. `resource` is None where there is
    none. `keys_unseen` are condition keys (lower-case) that AWS may fill in for this call and nobody can know here;
    `account_unseen`: whether it isn't known whose the resource is. `may_limit` are policies of an organization that
    deny the call if they are about these accounts. `filled_in_later` are the placeholders in the caller's ARN.
    `may_not_be` says of what it isn't known whether it is there at all: then the call may be denied for that.
    """

    identity: tuple[NamedPolicy, ...] = ()
    identity_listed: bool = True
    identity_unseen: str = ""
    boundary: NamedPolicy | None = None
    resource: NamedPolicy | None = None
    resource_kind: PolicyKind = PolicyKind.TRUST
    resource_unseen: str = ""
    scps: tuple[tuple[NamedPolicy, ...], ...] = ()
    rcps: tuple[tuple[NamedPolicy, ...], ...] = ()
    tags_unseen: bool = False
    resource_tags_unseen: bool = False
    filled_in_later: tuple[str, ...] = ()
    keys_unseen: frozenset[str] = frozenset()
    account_unseen: bool = False
    may_limit: tuple[NamedPolicy, ...] = ()
    may_not_be: tuple[str, ...] = ()

    def documents(self) -> list[Document]:
        """Every policy that was read."""
        single = (self.boundary, self.resource)
        levels = (self.identity, self.may_limit, *self.scps, *self.rcps)
        named = [one for one in single if one is not None] + [one for level in levels for one in level]
        return [one.policy.document for one in named if one.policy.document is not None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer, the decision that shows why, and (can't tell) what it hangs on.

    `altered` are the policies that the decision saw without their conditions on keys that nobody can know here.
    """

    answer: Answer
    decision: Decision
    open: tuple[str, ...] = ()
    altered: frozenset[str] = field(default=frozenset())


# What depends on the network, the organization or the session's random name, none of which can be read here.
_OUTSIDE: Final = frozenset(
    {
        *("aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:useragent"),
        *("aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths"),
        *("aws:sourceorgid", "aws:sourceorgpaths", "aws:tokenissuetime", "sts:rolesessionname"),
    }
)
_ANY: Final[Mapping[PolicyKind, Document]] = {
    kind: {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "*",
                **({"Principal": "*"} if kind.has_principal else {}),
                **({} if kind is PolicyKind.TRUST else {"Resource": "*"}),
            }
        ],
    }
    for kind in PolicyKind
} | {
    PolicyKind.TRUST: {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
    }
}
UNSEEN: Final = mark("what wasn't seen")


def judge(request: Request, layers: Layers, may_act_on: Sequence[str] = ()) -> Judgement:
    """The request decided.

    `may_act_on` are patterns of what it may act on, where that isn't known; then the answer is certain where it is the
    same for all of it. Raises `Unsupported` for requests that the engine doesn't cover.
    """
    later = tuple(dict.fromkeys((*layers.filled_in_later, *placeholders(dict(request.context)))))
    judgement = _judged(request, layers, may_act_on)
    if not later:
        return judgement
    caller = bool(layers.filled_in_later)
    if not names_may_decide(request, layers.documents(), may_act_on or (request.resource,), caller_named_later=caller):
        return judgement
    return _filled_in_later(judgement, later)


def _filled_in_later(judgement: Judgement, later: tuple[str, ...]) -> Judgement:
    """The answer where who asks, or for what, has values that are filled in at deployment: policies may name these.

    Only that no permission is there for such an action at all is certain whatever they turn out to be.
    """
    decision = judgement.decision
    none = not any(
        one.allows and one.action_matches(decision.request)
        for policy in decision.policies.identity
        for one in policy.statements
    )
    lacks = any(layer.kind is PolicyKind.IDENTITY for layer in decision.lacking)
    if judgement.answer is Answer.UNKNOWN or (judgement.answer is Answer.REFUSED and none and lacks):
        return judgement
    open_ = tr("{values}, filled in at deployment", values=tr(", ").join(later))
    return replace(judgement, answer=Answer.UNKNOWN, open=(open_,))


def _judged(request: Request, layers: Layers, may_act_on: Sequence[str]) -> Judgement:
    if not may_act_on:
        return _judge(request, layers, partly=False)
    judged = [_judge(replace(request, resource=one), layers, partly=True) for one in may_act_on]
    if len({one.answer for one in judged}) == 1:
        return judged[0]
    shown = next((one for one in judged if one.answer is not Answer.ALLOWED), judged[0])
    open_ = dict.fromkeys(
        reason
        for one in judged
        for reason in (one.open or (tr("what the call acts on"),) if one is shown else one.open)
    )
    return replace(shown, answer=Answer.UNKNOWN, open=tuple(open_))


def _judge(request: Request, layers: Layers, *, partly: bool) -> Judgement:
    hopeful = _Reading(request, layers, hopeful=True, partly=partly)
    fearful = _Reading(request, layers, hopeful=False, partly=partly)
    best = decide(request, hopeful.policies())
    if not best.allowed:
        return Judgement(Answer.REFUSED, best, altered=frozenset(hopeful.altered))
    worst = decide(request, fearful.policies())
    told = mark("{policy}, which would deny it, and of which it isn't known whom it limits")
    limits = [tr(told, policy=one) for one in fearful.limits(layers.may_limit)] if worst.allowed else []
    if worst.allowed:
        open_ = (*layers.may_not_be, *limits)
        return Judgement(Answer.UNKNOWN if open_ else Answer.ALLOWED, worst, open=open_)
    return Judgement(Answer.UNKNOWN, worst, open=tuple(dict.fromkeys((*fearful.open, *hopeful.open))))


class _Reading:
    """The policies as the engine takes them, with everything unseen taken for the best or for the worst."""

    def __init__(self, request: Request, layers: Layers, *, hopeful: bool, partly: bool) -> None:
        self._request, self._layers, self._hopeful, self._partly = request, layers, hopeful, partly
        self.open: list[str] = []
        self.altered: set[str] = set()

    def policies(self) -> Policies:
        layers = self._layers
        identity = list(self._known(layers.identity, PolicyKind.IDENTITY))
        if layers.identity_unseen or not layers.identity_listed:
            self.open.append(layers.identity_unseen or tr("permissions policies that weren't listed"))
            # What nobody listed may allow as well as deny.
            identity.append((_any if self._hopeful else _none)(PolicyKind.IDENTITY))
        boundaries: tuple[Policy, ...] = ()
        if layers.boundary is not None:
            boundaries = tuple(self._known((layers.boundary,), PolicyKind.BOUNDARY))
        resource = None
        if layers.resource is not None:
            resource = next(iter(self._known((layers.resource,), layers.resource_kind)), None)
        if layers.resource_unseen:
            self.open.append(layers.resource_unseen)
            if self._hopeful:
                resource = _any(layers.resource_kind)
        scps = tuple(tuple(self._known(level, PolicyKind.SCP)) for level in layers.scps)
        rcps = tuple(tuple(self._known(level, PolicyKind.RCP)) for level in layers.rcps)
        return Policies(identity=tuple(identity), resource=resource, boundaries=boundaries, scps=scps, rcps=rcps)

    def limits(self, named: tuple[NamedPolicy, ...]) -> Iterator[str]:
        """Those of an organization's policies that have a Deny for this call, or may have one; their titles."""
        for one in named:
            document = one.policy.document
            if document is None:
                yield one.title
                continue
            statements = document.get("Statement", [])
            of_resources = any("Principal" in body for body in statements if isinstance(body, dict))
            if self._request.principal.is_service and not of_resources:
                continue  # service control policies limit the accounts' own roles and users
            try:
                parsed = Policy.parse(document, kind=PolicyKind.RESOURCE if of_resources else PolicyKind.SCP)
            except XsfnError:
                yield one.title
                continue
            read = self._as_read(parsed, one.title)
            if any(not statement.allows and statement.applies(self._request) for statement in read.statements):
                yield one.title

    def _known(self, named: tuple[NamedPolicy, ...], kind: PolicyKind) -> Iterator[Policy]:
        for one in named:
            document = one.policy.document
            if document is None:
                self.open.append(tr("{policy} ({why})", policy=one.title, why=one.policy.why_not))
                yield _any(kind) if self._hopeful else _none(kind)
                continue
            try:
                read = filled(document, hopeful=self._hopeful, resource=self._request.resource)
                parsed = Policy.parse(read, kind=kind, name=one.title)
            except XsfnError as error:
                self.open.append(tr("{policy}, which the engine can't read: {why}", policy=one.title, why=error.what))
                yield _any(kind) if self._hopeful else _none(kind)
                continue
            about = {each.index for each in parsed.statements if each.action_matches(self._request)}
            if not about:
                yield parsed  # whatever else is in it decides nothing here
                continue
            bodies = [body for at, body in enumerate(_listed(document["Statement"])) if at in about]
            if later := tuple(dict.fromkeys(placeholders(bodies))):
                self.altered.add(one.title)
                self.open.append(
                    tr("{policy}: {values}, filled in at deployment", policy=one.title, values=tr(", ").join(later))
                )
            yield self._as_read(self._perhaps(parsed, one), one.title)

    def _perhaps(self, policy: Policy, named: NamedPolicy) -> Policy:
        """Of a policy that the role may not have: what it allows in the one reading, what it denies in the other."""
        if not named.policy.unsure:
            return policy
        bodies = _listed(policy.document["Statement"])
        read = list(zip(policy.statements, bodies, strict=True))
        kept = [body for one, body in read if one.allows is self._hopeful]
        if len(kept) < len(bodies) or any(one.action_matches(self._request) for one, _ in read):
            self.altered.add(named.title)
        if any(one.action_matches(self._request) for one, _ in read):
            self.open.append(tr("{policy} ({why})", policy=named.title, why=named.policy.unsure))
        if not kept:
            return _nothing(policy.kind, named.title)
        return Policy.parse({**policy.document, "Statement": kept}, kind=policy.kind, name=named.title)

    def _as_read(self, policy: Policy, title: str) -> Policy:
        """The policy as this reading takes it.

        Its conditions on keys that nobody can know are met, or not; a statement that covers some of what the call may
        act on, and not all of it, counts, or doesn't: whichever is the better for the call, or the worse.
        """
        bodies = _listed(policy.document["Statement"])
        read = [self._statement(*one, policy, title) for one in zip(policy.statements, bodies, strict=True)]
        if all(after is before for after, before in zip(read, bodies, strict=True)):
            return policy
        self.altered.add(title)
        statements = [body for body in read if body is not None]
        if not statements:
            return _nothing(policy.kind, title)
        return Policy.parse({**policy.document, "Statement": statements}, kind=policy.kind, name=title)

    def _statement(self, statement: Statement, body: Document, policy: Policy, title: str) -> Document | None:
        """One statement as this reading takes it; None where it doesn't count."""
        counts = statement.allows is self._hopeful
        unknown = [one for one in statement.conditions if self._is_open(one)]
        # What is filled in at deployment makes a known resource, too, one that the statement may be about.
        partly = self._partly or any(map(has_symbols, statement.resources or ()))
        partly = partly and self._covers_a_part(statement, policy.kind)
        named = _has_symbols(body.get("Principal")) or _has_symbols(body.get("NotPrincipal"))
        named = named and statement.named(self._request, has_boundary=False) is Named.NOT_AT_ALL
        met = [one for one in statement.conditions if self._is_met(one)]
        if not unknown and not partly and not named and not met:
            return body
        if named:
            self.open.append(tr("{policy}: a principal that is filled in at deployment", policy=title))
        self.open.extend(tr("{policy}: the value of {key}", policy=title, key=one.key) for one in unknown)
        if partly and statement.action_matches(self._request):
            told = mark("{policy}, statement {label}, which covers some of what the call may act on, and not all")
            self.open.append(tr(told, policy=title, label=statement.label))
        if not counts and (unknown or partly or named):
            return None
        changed = (
            {key: value for key, value in body.items() if key not in ("Resource", "NotResource")} if partly else body
        )
        changed = {**changed, **({"Resource": "*"} if partly else {})}
        if named:
            changed = {key: value for key, value in changed.items() if key not in ("Principal", "NotPrincipal")}
            changed["Principal"] = "*"
        if unknown or met:
            gone = {(one.spelled, one.key) for one in (*unknown, *met)}
            kept = {
                operator: {key: value for key, value in keys.items() if (operator, key) not in gone}
                for operator, keys in body["Condition"].items()
            }
            del changed["Condition"]
            if any(kept.values()):
                changed["Condition"] = {operator: keys for operator, keys in kept.items() if keys}
        return changed

    def _is_open(self, condition: Condition) -> bool:
        """Whether nobody can know here if this condition is met."""
        if self._is_unknowable(condition.key_lower):
            return True
        given = self._request.seen(condition.key_lower)
        seen = (given,) if isinstance(given, str) else given or ()
        return any(map(has_symbols, (*condition.values, *seen))) and not self._is_met(condition)

    def _is_met(self, condition: Condition) -> bool:
        """Whether it asks for the very value that is given, which is filled in at deployment on both sides."""
        given = self._request.seen(condition.key_lower)
        by_text = condition.operator.family in (Family.STRING, Family.ARN) and not condition.operator.negated
        return by_text and isinstance(given, str) and has_symbols(given) and given in condition.values

    def _covers_a_part(self, statement: Statement, kind: PolicyKind) -> bool:
        """Whether the statement is about some of what the call may act on, and not about all of it."""
        if statement.resources is None:
            return False
        known, completed = self._request.resource, kind in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY)
        if any(covers(one, known, completed=completed) for one in statement.resources):
            return False
        return any(meets(one, known) for one in statement.resources)

    def _is_unknowable(self, key: str) -> bool:
        if key in ("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths") and self._layers.account_unseen:
            return True
        if self._request.seen(key) is not None:
            return False
        if any(key == one or (one.endswith(("/", ":")) and key.startswith(one)) for one in self._layers.keys_unseen):
            return True
        if key.startswith("aws:resourcetag/"):
            return self._layers.resource_tags_unseen
        return key in _OUTSIDE or (self._layers.tags_unseen and key.startswith("aws:principaltag/"))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _has_symbols(principal: object) -> bool:
    """Whether a principal, or one of several, is filled in at deployment."""
    if isinstance(principal, str):
        return has_symbols(principal)
    if isinstance(principal, Mapping):
        return any(map(_has_symbols, principal.values()))
    return isinstance(principal, list) and any(map(_has_symbols, principal))


def _any(kind: PolicyKind) -> Policy:
    if kind is PolicyKind.RCP:
        return _nothing(kind, tr(UNSEEN))  # it allows nothing, and where it denies nothing all is well
    return Policy.parse(_ANY[kind], kind=kind, name=tr(UNSEEN))


def _none(kind: PolicyKind) -> Policy:
    document = {"Version": "2012-10-17", "Statement": [{**_ANY[kind]["Statement"][0], "Effect": "Deny"}]}
    return Policy.parse(document, kind=kind, name=tr(UNSEEN))


def _nothing(kind: PolicyKind, title: str) -> Policy:
    """A policy that speaks of no request there is."""
    statement = {**_ANY[kind]["Statement"][0]}
    if kind is PolicyKind.RCP:
        # Of one's own, these only deny.
        statement |= {"Effect": "Deny", "Condition": {"StringEquals": {"aws:PrincipalType": "nobody"}}}
    elif kind is PolicyKind.TRUST:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalType": "nobody"}}
    else:
        statement["Action"] = "none:Nothing"
    return Policy.parse({"Version": "2012-10-17", "Statement": [statement]}, kind=kind, name=title)
