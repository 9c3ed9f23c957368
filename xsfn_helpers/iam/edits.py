"""The smallest change of policies that turns a denial into an allow, found by trying and verified by deciding."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.iam.conditions import Condition, Family, Quantifier
from xsfn_helpers.iam.decide import Decision, Layer, Outcome, Policies, decide, layer_of
from xsfn_helpers.iam.grammar import CURRENT_VERSION
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.policy import MAX_LENGTH, Policy
from xsfn_helpers.iam.principal_element import Named
from xsfn_helpers.iam.principals import PrincipalKind
from xsfn_helpers.iam.request import Request
from xsfn_helpers.iam.statement import Statement

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edit:
    """One policy's change: `before` (None for a policy to be added) becomes `after`."""

    account: str
    policy: str
    kind: PolicyKind
    before: Document | None
    after: Document
    description: str

    def __str__(self) -> str:
        if not self.account:
            return f"{self.policy}: {self.description}"
        return tr(
            "in account {account}, {policy}: {description}",
            account=self.account,
            policy=self.policy,
            description=self.description,
        )


def smallest_edits(decision: Decision) -> tuple[Edit, ...]:
    """The fewest edits that together let the request through; () if it is through, or if none can.

    Each edit is the least that its layer needs: a condition's value before a whole statement. The result has
    been decided again; an explicit deny is never edited away.
    """
    if decision.outcome is not Outcome.IMPLICITLY_DENIED or not decision.lacking:
        return ()
    edits: list[Edit] = []
    current = decision
    while not current.allowed:  # each round makes one silent layer allow, so it ends
        found = _edit_layer(current, _first_to_edit(current))
        if found is None:
            return ()
        edit, current = found
        edits.append(edit)
    return tuple(edits)


def _first_to_edit(decision: Decision) -> Layer:
    """Within one account the trust policy first: naming the caller there may be all that is needed."""
    lacking = decision.lacking
    if decision.is_trust and decision.request.same_account:
        return next((layer for layer in lacking if layer.kind is PolicyKind.TRUST), lacking[0])
    return lacking[0]


def _edit_layer(decision: Decision, layer: Layer) -> tuple[Edit, Decision] | None:
    """The first candidate that makes this layer allow, and the decision with it.

    A changed statement is tried alone before the whole document is written, read and decided anew.
    """
    request, has_boundary = decision.request, bool(decision.policies.boundaries)
    drafts = {id(policy): _Draft(policy) for policy in layer.policies}
    for candidate in _candidates(decision, layer, drafts):
        policy = candidate.policy
        draft = drafts[id(policy)] if policy is not None else None
        if draft is not None and not draft.holds(candidate):
            continue
        version = policy.version if policy is not None else CURRENT_VERSION
        try:
            alone = Policy.parse_part(f'{{"Version": "{version}", "Statement": [{candidate.text}]}}', kind=layer.kind)
            if layer_of(layer.kind, (alone,), request, has_boundary=has_boundary).allow is None:
                continue
        except XsfnError:
            continue
        after = (
            draft.with_(candidate) if draft is not None else {"Version": version, "Statement": [candidate.statement]}
        )
        retried = decide(request, _with(decision.policies, layer, alone))
        if _same_layer(retried, layer).allow is not None:
            edit = Edit(
                account=_owner(request, layer.kind),
                policy=policy.title if policy else tr("a new {kind}", kind=layer.kind.told),
                kind=layer.kind,
                before=draft.document if draft is not None else None,
                after=after,
                description=candidate.description,
            )
            return edit, retried
    return None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A statement in place of that with the index, or (None) a new one; of a policy, or (None) of a new policy."""

    policy: Policy | None
    index: int | None
    statement: Document
    text: str  # the statement's own
    description: str


class _Draft:
    """A policy's document, read when the first change of it is tried."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._document: Document | None = None
        self._length: int | None = None

    @property
    def document(self) -> Document:
        if self._document is None:
            self._document = self._policy.document
        return self._document

    def statement(self, statement: Statement) -> Document:
        """A copy of one statement as it is written, to be changed."""
        copy: Document = _copied(_statements(self.document)[statement.index])
        return copy

    def holds(self, candidate: _Candidate) -> bool:
        """Whether the policy has room for the change."""
        # With all the spaces that there could be it is never twice as long.
        if 2 * len(self._policy.written) + len(candidate.text) < MAX_LENGTH:
            return True
        if self._length is None:
            self._length = len(_compact(self.document))
        given = _statements(self.document)
        replaced = 0 if candidate.index is None else len(_compact(given[candidate.index]))
        return self._length + len(candidate.text) - replaced + 2 <= MAX_LENGTH

    def with_(self, candidate: _Candidate) -> Document:
        """The whole document with the change."""
        given = self.document["Statement"]
        statements = list(_statements(self.document))
        if candidate.index is None:
            statements.append(candidate.statement)
        else:
            statements[candidate.index] = candidate.statement
        alone = isinstance(given, dict) and candidate.index is not None
        return {**self.document, "Statement": statements[0] if alone else statements}


def _owner(request: Request, kind: PolicyKind) -> str:
    if kind is PolicyKind.ENDPOINT:
        return ""
    return request.resource_account if kind.has_principal else request.principal.account


def _same_layer(decision: Decision, layer: Layer) -> Layer:
    return next(one for one in decision.layers if one.kind is layer.kind and one.level == layer.level)


def _with(policies: Policies, layer: Layer, new: Policy) -> Policies:
    """The policies with that layer's replaced by one that allows: the others of it say neither Allow nor Deny."""
    match layer.kind:
        case PolicyKind.IDENTITY:
            return replace(policies, identity=(new,))
        case PolicyKind.BOUNDARY:
            return replace(policies, boundaries=(new,))
        case PolicyKind.SESSION:
            return replace(policies, session=(new,))
        case PolicyKind.SCP:
            levels = list(policies.scps)
            levels[layer.level] = (new,)
            return replace(policies, scps=tuple(levels))
        case PolicyKind.ENDPOINT:
            return replace(policies, endpoint=(new,))
        case _:
            return replace(policies, resource=new)


Drafts = dict[int, _Draft]


def _candidates(decision: Decision, layer: Layer, drafts: Drafts) -> Iterator[_Candidate]:
    """Possible changes, smallest first: conditions, one element, a new statement, a new policy."""
    request = decision.request
    near: dict[int, list[tuple[Policy, Statement]]] = {}
    for policy in layer.policies:
        alike = {one.index for one in policy.about(request.action_lower) if one.action_matches(request)}
        for statement in policy.statements:
            if statement.allows:
                distance = _distance(statement, request, action_matches=statement.index in alike)
                if distance < _TOO_FAR:
                    near.setdefault(distance, []).append((policy, statement))
    for distance in sorted(near):
        for policy, statement in near[distance]:
            yield from _statement_changes(policy, statement, request, drafts[id(policy)])
    new = tuple((added, _compact(added)) for added in _new_statements(request, layer.kind))
    if layer.policies:
        for added, text in new:
            told = tr("add the statement {statement}.", statement=_cut(text, _LONGEST_SHOWN))
            yield _Candidate(layer.policies[-1], None, added, text, told)
    if not layer.policies or layer.kind is PolicyKind.IDENTITY:  # of identity-based policies there may be another one
        for added, text in new:
            told = tr("with the statement {statement}.", statement=_cut(text, _LONGEST_SHOWN))
            yield _Candidate(None, None, added, text, told)


_TOO_FAR: Final = 1_000


def _distance(statement: Statement, request: Request, *, action_matches: bool) -> int:
    """How much of a statement stands in the way. Two elements at once would grant more than was asked for."""
    elements = 0 if action_matches else 1
    if not statement.resource_matches(request):
        if elements:
            return _TOO_FAR
        elements = 1
    if statement.principal is not None:
        elements += statement.named(request, has_boundary=False) is Named.NOT_AT_ALL
        if elements > 1:
            return _TOO_FAR
    if not statement.conditions:
        return 10 * elements
    failing = sum(not condition.holds(request) for condition in statement.conditions)
    return _TOO_FAR if elements and failing else 10 * elements + failing


def _statement_changes(policy: Policy, statement: Statement, request: Request, draft: _Draft) -> Iterator[_Candidate]:
    label = statement.label
    if not statement.action_matches(request):
        yield from _element_changes(policy, statement, "Action", request.action, draft)
    elif not statement.resource_matches(request):
        yield from _element_changes(policy, statement, "Resource", request.resource, draft)
    elif statement.principal is not None and statement.named(request, has_boundary=False) is Named.NOT_AT_ALL:
        yield from _principal_changes(policy, statement, request, draft)
    else:
        failing = [one for one in statement.conditions if not one.holds(request)]
        for change in (_condition_fixed, _condition_removed):
            changed, words = _conditions_changed(draft.statement(statement), failing, request, change)
            told = tr("in statement {label}, {changes}.", label=label, changes=tr(" and ").join(words))
            yield _Candidate(policy, statement.index, changed, _compact(changed), told)


def _element_changes(
    policy: Policy, statement: Statement, name: str, wanted: str, draft: _Draft
) -> Iterator[_Candidate]:
    """Add what was asked for to Action or Resource; a NotAction or NotResource is left to a new statement."""
    if (statement.not_action, statement.not_resource)[name == "Resource"]:
        return
    target = draft.statement(statement)
    target[name] = [*_listed(target[name]), wanted]
    told = tr('add "{wanted}" to {name} of statement {label}.', wanted=wanted, name=name, label=statement.label)
    yield _Candidate(policy, statement.index, target, _compact(target), told)


def _principal_changes(policy: Policy, statement: Statement, request: Request, draft: _Draft) -> Iterator[_Candidate]:
    if statement.principal is None or statement.principal.negated:
        return
    kind, text = _principal_entry(request)
    target = draft.statement(statement)
    target["Principal"] = {**target["Principal"], kind: [*_listed(target["Principal"].get(kind, [])), text]}
    told = tr('add "{text}" to Principal {kind} of statement {label}.', text=text, kind=kind, label=statement.label)
    yield _Candidate(policy, statement.index, target, _compact(target), told)


ConditionChange = Callable[[Condition, list[str], Request], tuple[list[str] | None, str]]


def _conditions_changed(
    target: Document, failing: list[Condition], request: Request, change: ConditionChange
) -> tuple[Document, list[str]]:
    words = []
    for condition in failing:
        keys = target["Condition"][condition.spelled]
        new, word = change(condition, list(condition.values), request)
        words.append(word)
        if new is None:
            del keys[condition.key]
        else:
            keys[condition.key] = new[0] if len(new) == 1 else new
    target["Condition"] = {spelled: keys for spelled, keys in target["Condition"].items() if keys}
    if not target["Condition"]:
        del target["Condition"]
    return target, words


def _condition_removed(condition: Condition, values: list[str], request: Request) -> tuple[None, str]:
    removed = mark("remove {operator} {key}")
    if condition.missing(request) and condition.operator.family is not Family.NULL:
        removed = mark("remove {operator} {key} (or send {key} with the request)")
    return None, tr(removed, operator=condition.spelled, key=condition.key)


def _condition_fixed(condition: Condition, values: list[str], request: Request) -> tuple[list[str] | None, str]:
    """Make the wanted value what was seen; where that makes no sense, remove the key."""
    seen = request.seen(condition.key_lower)
    given = [seen] if isinstance(seen, str) else list(seen or ())
    by_value = condition.operator.name in _BY_VALUE
    if not given or not by_value or (len(given) > 1 and condition.quantifier is Quantifier.SINGLE):
        return _condition_removed(condition, values, request)
    if condition.operator.negated:
        kept = [value for value in values if value not in given]
        if not kept or kept == values:
            return _condition_removed(condition, values, request)
        return kept, tr(
            "take {values} out of {operator} {key}",
            values=_names(given),
            operator=condition.spelled,
            key=condition.key,
        )
    if len(values) == 1 and len(given) == 1:
        return given, tr(
            'change {operator} {key} from "{before}" to "{after}"',
            operator=condition.spelled,
            key=condition.key,
            before=_cut(values[0]),
            after=_cut(given[0]),
        )
    added = [value for value in given if value not in values]
    return [*values, *added], tr(
        "add {values} to {operator} {key}", values=_names(added), operator=condition.spelled, key=condition.key
    )


_BY_VALUE: Final = frozenset(
    {
        *(f"String{relation}" for relation in ("Equals", "NotEquals", "Like", "NotLike")),
        *(f"String{relation}IgnoreCase" for relation in ("Equals", "NotEquals")),
        *(f"Arn{relation}" for relation in ("Equals", "NotEquals", "Like", "NotLike")),
        *(f"Numeric{relation}" for relation in ("Equals", "NotEquals")),
        *(f"Date{relation}" for relation in ("Equals", "NotEquals")),
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
    }
)


def _names(values: list[str]) -> str:
    """The values as a sentence quotes them: a few, and none at any length."""
    quoted = [f'"{_cut(value)}"' for value in values[:_MOST_NAMED]]
    more = [tr("{count} more", count=len(values) - _MOST_NAMED)] if len(values) > _MOST_NAMED else []
    return ", ".join((*quoted, *more))


_MOST_NAMED: Final = 8
_LONGEST: Final = 300
_LONGEST_SHOWN: Final = 4_096  # of a statement in a sentence; the edit itself has it whole


def _cut(text: str, length: int = _LONGEST) -> str:
    return text if len(text) <= length else f"{text[:length]}…"


def _new_statements(request: Request, kind: PolicyKind) -> Iterator[Document]:
    """Statements that allow just this request, narrowest first."""
    statement: Document = {"Effect": "Allow", "Action": request.action}
    if kind.has_principal:
        type_, text = _principal_entry(request)
        statement = {"Effect": "Allow", "Principal": {type_: text}, "Action": request.action}
    external_id = request.single("sts:externalid")
    if kind is PolicyKind.TRUST:
        if external_id is not None:
            yield {**statement, "Condition": {"StringEquals": {"sts:ExternalId": external_id}}}
        yield statement
        return
    yield {**statement, "Resource": request.resource}
    yield {**statement, "Resource": "*"}


def _principal_entry(request: Request) -> tuple[str, str]:
    principal = request.principal
    if principal.kind is PrincipalKind.SERVICE:
        return "Service", principal.name
    if principal.kind is PrincipalKind.ANONYMOUS:
        return "AWS", "*"
    if principal.kind is PrincipalKind.IDENTITY_PROVIDER:
        # A provider's address is that of one in the role's own account, but for those that need none there.
        known = principal.account or principal.name in _WITHOUT_PROVIDER
        partition = request.resource.split(":", 2)[1]
        arn = f"arn:{partition}:iam::{request.resource_account}:oidc-provider/{principal.name}"
        return "Federated", principal.arn if known else arn
    return "AWS", request.role_arn or principal.arn


_WITHOUT_PROVIDER: Final = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)


def _statements(document: Document) -> list[Document]:
    given = document["Statement"]
    return [given] if isinstance(given, dict) else given


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list) else [given]


def _compact(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False)


def _copied(value: Any) -> Any:
    """A JSON value anew."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
