"""One request decided from what was seen: allowed, refused, or can't tell, and then what it hangs on. Pure.

The request is decided twice. Once everything that wasn't seen allows, once it refuses; only where both come out alike
is the answer certain. Service control policies that nobody could read are left out of this, and told beside it: else
no answer of somebody outside the organization's management account would ever be certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import PolicySeen
from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, Request, decide

Document = dict[str, Any]


class Answer(StrEnum):
    ALLOWED = mark("allowed")
    REFUSED = mark("refused")
    UNKNOWN = mark("can't tell")
    NOT_ASKED = mark("not asked")


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy of a layer under the name that decisions call it by."""

    title: str
    policy: PolicySeen


@dataclass(frozen=True, slots=True)
class Layers:
    """Every policy that has a say, as seen.

    `identity_listed`: whether these are all the caller's permission policies; `identity_unseen` says why nothing is
    known of the caller, `resource_unseen` why nothing is of the resource's policy. `resource` is None where there is
    none.
    """

    identity: tuple[NamedPolicy, ...] = ()
    identity_listed: bool = True
    identity_unseen: str = ""
    boundary: NamedPolicy | None = None
    resource: NamedPolicy | None = None
    resource_kind: PolicyKind = PolicyKind.TRUST
    resource_unseen: str = ""
    scps: tuple[tuple[NamedPolicy, ...], ...] = ()
    tags_unseen: bool = False
    resource_tags_unseen: bool = False


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


def judge(request: Request, layers: Layers) -> Judgement:
    """The request decided. Raises `Unsupported` for requests that the engine doesn't cover."""
    hopeful, fearful = _Reading(request, layers, hopeful=True), _Reading(request, layers, hopeful=False)
    best = decide(request, hopeful.policies())
    if not best.allowed:
        return Judgement(Answer.REFUSED, best, altered=frozenset(hopeful.altered))
    worst = decide(request, fearful.policies())
    if worst.allowed:
        return Judgement(Answer.ALLOWED, worst)
    return Judgement(Answer.UNKNOWN, worst, open=tuple(dict.fromkeys((*fearful.open, *hopeful.open))))


class _Reading:
    """The policies as the engine takes them, with everything unseen taken for the best or for the worst."""

    def __init__(self, request: Request, layers: Layers, *, hopeful: bool) -> None:
        self._request, self._layers, self._hopeful = request, layers, hopeful
        self.open: list[str] = []
        self.altered: set[str] = set()

    def policies(self) -> Policies:
        layers = self._layers
        identity = list(self._known(layers.identity, PolicyKind.IDENTITY))
        if layers.identity_unseen or not layers.identity_listed:
            self.open.append(layers.identity_unseen or tr("permission policies that weren't listed"))
            if self._hopeful:
                identity.append(_any(PolicyKind.IDENTITY))
            elif layers.identity_unseen:
                identity.append(_none(PolicyKind.IDENTITY))
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
        return Policies(identity=tuple(identity), resource=resource, boundaries=boundaries, scps=scps)

    def _known(self, named: tuple[NamedPolicy, ...], kind: PolicyKind) -> Iterator[Policy]:
        for one in named:
            document = one.policy.document
            if document is None:
                self.open.append(tr("{policy} ({why})", policy=one.title, why=one.policy.why_not))
                yield _any(kind) if self._hopeful else _none(kind)
                continue
            try:
                parsed = Policy.parse(document, kind=kind, name=one.title)
            except XsfnError as error:
                self.open.append(tr("{policy}, which the engine can't read: {why}", policy=one.title, why=error.what))
                yield _any(kind) if self._hopeful else _none(kind)
                continue
            yield self._without_unknown_keys(parsed, one.title)

    def _without_unknown_keys(self, policy: Policy, title: str) -> Policy:
        """The policy with its conditions on unknowable keys met, or not, whichever this reading takes."""
        unknown = {
            statement.index: [one for one in statement.conditions if self._is_unknowable(one.key_lower)]
            for statement in policy.statements
        }
        if not any(unknown.values()):
            return policy
        self.altered.add(title)
        document = policy.document
        given = document["Statement"]
        statements = []
        for statement, body in zip(policy.statements, given if isinstance(given, list) else [given], strict=True):
            keys = unknown[statement.index]
            if not keys:
                statements.append(body)
                continue
            self.open.extend(tr("{policy}: the value of {key}", policy=title, key=one.key) for one in keys)
            if statement.allows is self._hopeful:
                for one in keys:
                    del body["Condition"][one.spelled][one.key]
                body["Condition"] = {name: rest for name, rest in body["Condition"].items() if rest}
                if not body["Condition"]:
                    del body["Condition"]
                statements.append(body)
        if not statements:
            return _nothing(policy.kind, title)
        return Policy.parse({**document, "Statement": statements}, kind=policy.kind, name=title)

    def _is_unknowable(self, key: str) -> bool:
        if self._request.seen(key) is not None:
            return False
        if key.startswith("aws:resourcetag/"):
            return self._layers.resource_tags_unseen
        return key in _OUTSIDE or (self._layers.tags_unseen and key.startswith("aws:principaltag/"))


def _any(kind: PolicyKind) -> Policy:
    return Policy.parse(_ANY[kind], kind=kind, name=tr(UNSEEN))


def _none(kind: PolicyKind) -> Policy:
    document = {"Version": "2012-10-17", "Statement": [{**_ANY[kind]["Statement"][0], "Effect": "Deny"}]}
    return Policy.parse(document, kind=kind, name=tr(UNSEEN))


def _nothing(kind: PolicyKind, title: str) -> Policy:
    """A policy that speaks of no request there is."""
    statement = {**_ANY[kind]["Statement"][0]}
    if kind is PolicyKind.TRUST:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalType": "nobody"}}
    else:
        statement["Action"] = "none:Nothing"
    return Policy.parse({"Version": "2012-10-17", "Statement": [statement]}, kind=kind, name=title)
