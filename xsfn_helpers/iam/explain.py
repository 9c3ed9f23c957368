"""A Decision in words: layer by layer, statement by statement, key by key; and the smallest change.

Everything in the text is a result (`layers`, `edits`) first; the text only reads it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from xsfn_helpers.common.language import mark, tr, tr_n
from xsfn_helpers.iam.conditions import Condition, Family, Quantifier
from xsfn_helpers.iam.decide import Decision, Hit, Layer, Outcome, StatementRef
from xsfn_helpers.iam.edits import Edit, smallest_edits
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.principal_element import Named
from xsfn_helpers.iam.principals import PrincipalKind
from xsfn_helpers.iam.request import Request, Seen
from xsfn_helpers.iam.wildcards import Test, glob, tokens_of

# A longer value is no slip of the eye.
_MOST_COMPARED: Final = 256


class LayerVerdict(StrEnum):
    """What a layer says of a request."""

    ALLOW = "allow"
    DENY = "deny"
    NO_MATCH = "no match"


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One condition key of one statement: what was wanted, what was seen (None: the key is missing)."""

    condition: Condition
    holds: bool
    seen: Seen

    @property
    def missing(self) -> bool:
        return self.seen is None

    def __str__(self) -> str:
        condition = self.condition
        seen = (self.seen,) if isinstance(self.seen, str) else self.seen or ()
        told = tr(
            self._sentence,
            condition=f"{condition.spelled} {condition.key}",
            wanted=_quoted(condition.values),
            seen=_quoted(seen),
        )
        if self.missing or condition.operator.family is Family.NULL:
            return told
        several = len(seen) > 1 and condition.quantifier is Quantifier.SINGLE
        note = tr(" (several values need ForAllValues: or ForAnyValue:)") if several else ""
        return f"{told}{note}{self._near_miss(seen)}"

    @property
    def _sentence(self) -> str:
        if self.condition.operator.family is Family.NULL:
            if self.missing:
                return mark("condition {condition}: wanted {wanted}, the request lacks the key")
            return mark("condition {condition}: wanted {wanted}, the request has the key")
        if self.condition.operator.negated:
            if self.missing:
                return mark("condition {condition}: wanted anything but {wanted}, the key is missing from the request")
            return mark("condition {condition}: wanted anything but {wanted}, the request has {seen}")
        if self.missing:
            return mark("condition {condition}: wanted {wanted}, the key is missing from the request")
        return mark("condition {condition}: wanted {wanted}, the request has {seen}")

    def _near_miss(self, seen: tuple[str, ...]) -> str:
        """What the eye overlooks: a difference in case or in white space only."""
        if self.holds or self.condition.operator.negated or len(seen) != 1:
            return ""
        for wanted in self.condition.values:
            if wanted != seen[0] and wanted.lower() == seen[0].lower():
                return tr(" (only upper and lower case differ)")
            if wanted != seen[0] and wanted.strip() == seen[0].strip():
                return tr(" (only white space differs)")
            if self._takes_signs_literally and len(wanted) <= _MOST_COMPARED and _as_pattern(wanted)(seen[0]):
                told = mark(" ({operator} takes * and ? as they are written; StringLike takes them for anything)")
                return tr(told, operator=self.condition.spelled)
        return ""

    @property
    def _takes_signs_literally(self) -> bool:
        return self.condition.operator.family is Family.STRING and "Like" not in self.condition.operator.name


def _as_pattern(text: str) -> Test:
    return glob(tokens_of(text, wildcards=True, variables=False))


@dataclass(frozen=True, slots=True)
class StatementResult:
    """Whether each element of one statement matches the request. `named` is the principal's match."""

    ref: StatementRef
    named: Named
    action_matches: bool
    resource_matches: bool
    conditions: tuple[ConditionResult, ...]

    @property
    def applies(self) -> bool:
        return (
            self.named is not Named.NOT_AT_ALL
            and self.action_matches
            and self.resource_matches
            and all(one.holds for one in self.conditions)
        )

    def failures(self, request: Request) -> tuple[str, ...]:
        """Each element that doesn't match, in words; empty when the statement applies."""
        return tuple(self._failures(request))

    def catches(self, request: Request) -> tuple[str, ...]:
        """Why a Deny that applies does so, where it isn't plain: its NotPrincipal, its conditions."""
        element = self.ref.statement.principal
        why: list[str] = []
        if element is not None and element.negated:
            missing = element.missing_exceptions(request)
            why.append(
                tr(
                    "principal: to spare this caller NotPrincipal would have to list {names}",
                    names=tr(" and ").join(missing),
                )
                if missing
                else tr("principal: a Deny with NotPrincipal catches every caller that has a permissions boundary")
            )
        return (*why, *map(str, self.conditions))

    def _failures(self, request: Request) -> Iterator[str]:
        statement = self.ref.statement
        if self.named is Named.NOT_AT_ALL and statement.principal is not None:
            element = statement.principal
            if not element.negated:
                yield tr(
                    "principal: names {names}, not {principal}",
                    names=_quoted(element.texts),
                    principal=request.principal,
                )
            elif statement.allows:
                yield tr("principal: NotPrincipal leaves out {names}", names=_quoted(element.texts))
            else:
                yield tr("principal: NotPrincipal spares {principal}", principal=request.principal)
        if not self.action_matches:
            name = "NotAction" if statement.not_action else "Action"
            yield tr(
                "action: {name} is {listed}, requested was {action}",
                name=name,
                listed=_quoted(statement.actions),
                action=request.action,
            )
        if not self.resource_matches:
            name = "NotResource" if statement.not_resource else "Resource"
            yield tr(
                "resource: {name} is {listed}, requested was {resource}",
                name=name,
                listed=_quoted(statement.resources or ()),
                resource=request.resource,
            )
        for one in self.conditions:
            if not one.holds:
                yield str(one)


@dataclass(frozen=True, slots=True)
class LayerResult:
    """One layer: whose it is, what it says, and every statement in it. `needed`: its Allow is required."""

    kind: PolicyKind
    account: str
    level: int | None
    verdict: LayerVerdict
    needed: bool
    named: Named
    statements: tuple[StatementResult, ...]

    @property
    def title(self) -> str:
        kind = self.kind.told
        if self.level == 0:
            kind = tr("{kind}, level {level} (root)", kind=kind, level=1)
        elif self.level is not None:
            kind = tr("{kind}, level {level}", kind=kind, level=self.level + 1)
        return tr("{kind} of account {account}", kind=kind, account=self.account) if self.account else kind


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a decision came out as it did. `str(explanation)` is `text`."""

    decision: Decision

    @property
    def layers(self) -> tuple[LayerResult, ...]:
        """Per layer and per statement, what matched and what didn't."""
        return tuple(_layer_result(self.decision, layer) for layer in self.decision.layers)

    @property
    def sentence(self) -> str:
        """The sentence AWS prints for this denial; empty for an allowed request."""
        return self.decision.sentence

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fewest changes that together turn this denial into an allow, verified by deciding again.

        Empty when the request is allowed, and when no added permission helps (an explicit deny).
        """
        return smallest_edits(self.decision)

    @property
    def edit(self) -> Edit | None:
        """The one change that is enough; None when there is none, or when several are needed (see `edits`)."""
        edits = self.edits
        return edits[0] if len(edits) == 1 else None

    @property
    def text(self) -> str:
        """The whole explanation, the same for the same input."""
        return "\n".join(_text(self))

    def __str__(self) -> str:
        return self.text


def explain(decision: Decision) -> Explanation:
    """The decision explained. Costs nothing until its text, layers or edits are asked for."""
    return Explanation(decision)


# A text tells of so many statements of a layer; `Explanation.layers` has them all.
_MOST_SHOWN: Final = 12


def _worth_telling(decision: Decision, layer: Layer) -> list[Hit]:
    """What decided, and the Allows for this action; a Deny that doesn't apply says nothing."""
    hits = [(policy, one) for policy in layer.policies for one in policy.statements] if _is_short(layer) else []
    if len(hits) == 1:
        return hits
    action, request = decision.request.action_lower, decision.request
    allows = (
        (policy, one)
        for policy in layer.policies
        for one in policy.about(action)
        if one.allows and one.action_matches(request)
    )
    first = list(islice(allows, _MOST_SHOWN))
    if layer.allow is not None and layer.allow not in first:
        first[-1:] = [layer.allow]
    told = [*first, *layer.denies[:_MOST_SHOWN]]
    order = {id(policy): at for at, policy in enumerate(layer.policies)}
    return sorted(told, key=lambda hit: (order[id(hit[0])], hit[1].index))


def _is_short(layer: Layer) -> bool:
    return sum(len(policy.statements) for policy in layer.policies) == 1


def _others(decision: Decision, layer: Layer) -> tuple[int, int]:
    """How many Allows are about other actions, and how many for this one aren't told of."""
    if _is_short(layer):
        return 0, 0
    request = decision.request
    allows = sum(one.allows for policy in layer.policies for one in policy.statements)
    alike = sum(
        one.allows and one.action_matches(request)
        for policy in layer.policies
        for one in policy.about(request.action_lower)
    )
    untold = max(0, alike - _MOST_SHOWN) + max(0, len(layer.denies) - _MOST_SHOWN)
    return allows - alike, untold


def _layer_result(decision: Decision, layer: Layer, *, most: int | None = None) -> LayerResult:
    """`most`: only what is worth telling, so many at most of each kind."""
    request = decision.request
    has_boundary = bool(decision.policies.boundaries)
    every = ((policy, statement) for policy in layer.policies for statement in policy.statements)
    statements = [
        StatementResult(
            ref=StatementRef(policy, statement),
            named=statement.named(request, has_boundary=has_boundary),
            action_matches=statement.action_matches(request),
            resource_matches=statement.resource_matches(request),
            conditions=tuple(
                ConditionResult(one, one.holds(request), request.seen(one.key_lower)) for one in statement.conditions
            ),
        )
        for policy, statement in (every if most is None else _worth_telling(decision, layer))
    ]
    return LayerResult(
        kind=layer.kind,
        account=account_of(decision, layer.kind),
        level=layer.level if layer.kind.is_of_organization else None,
        verdict=_verdict(layer),
        needed=layer in decision.needed,
        named=layer.named,
        statements=tuple(statements),
    )


def account_of(decision: Decision, kind: PolicyKind) -> str:
    """Whose policies of this kind are: the resource's account, or the caller's; of a VPC endpoint, nobody knows."""
    if kind is PolicyKind.ENDPOINT:
        return ""
    return decision.request.resource_account if kind.has_principal else decision.request.principal.account


def _verdict(layer: Layer) -> LayerVerdict:
    if layer.denies:
        return LayerVerdict.DENY
    return LayerVerdict.ALLOW if layer.allow is not None else LayerVerdict.NO_MATCH


_HEADLINES: Final = {
    Outcome.ALLOWED: mark("Allowed: {principal} requested {action} on {resource}."),
    Outcome.IMPLICITLY_DENIED: mark(
        "Implicitly denied: {principal} requested {action} on {resource}, and no statement allows it."
    ),
    Outcome.EXPLICITLY_DENIED: mark(
        "Explicitly denied: {principal} requested {action} on {resource}, and a Deny statement applies."
    ),
}


def _text(explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    request = decision.request
    yield tr(
        _HEADLINES[decision.outcome], principal=request.principal, action=request.action, resource=request.resource
    )
    yield _who_must_allow(decision)
    if not decision.layers:
        if decision.sentence:
            yield f"{inferred_label(decision)}: {decision.sentence}"
        return
    if decision.allowed:
        yield from _allowed_lines(decision)
        return
    for layer in decision.layers:
        yield from _layer_lines(_layer_result(decision, layer, most=_MOST_SHOWN), request, _others(decision, layer))
    yield f"{inferred_label(decision)}: {explanation.sentence}"
    yield from _change_lines(explanation)


# What the kit puts before a message that it infers: what AWS really answered is never labelled so.
INFERRED: Final = mark("Evaluated by the kit; AWS would say")
# AWS gives no reason that lies in another account's policy (…/troubleshoot_access-denied.html).
INFERRED_WITHIN: Final = mark(
    "Evaluated by the kit; AWS would say (without the reason, to a caller of another account)"
)


def inferred_label(decision: Decision) -> str:
    """What belongs before `decision.sentence`, which nobody but the kit has said."""
    kind = decision.named_kind
    elsewhere = kind is not None and account_of(decision, kind) not in ("", decision.request.principal.account)
    return tr(INFERRED_WITHIN if elsewhere and decision.request.principal.account else INFERRED)


def _who_must_allow(decision: Decision) -> str:
    request = decision.request
    principal = request.principal
    account = principal.account
    if any(layer.kind is PolicyKind.GRANT for layer in decision.needed):
        return tr("A grant of the key lets the caller in, beside what the policies allow; none of them may deny it.")
    if decision.rule is not None:
        return tr(decision.rule.value, action=request.action)
    theirs = tr("the role's trust policy") if decision.is_trust else tr("the resource's policy")
    if decision.is_by_key_policy:
        theirs = tr("the key policy")
    if principal.kind is PrincipalKind.SERVICE:
        return tr("The caller is an AWS service: {policy} alone decides.", policy=theirs)
    if principal.kind is PrincipalKind.ANONYMOUS:
        return tr("The caller isn't signed in: {policy} alone decides.", policy=theirs)
    if principal.kind is PrincipalKind.IDENTITY_PROVIDER:
        return tr("A user of an identity provider asks: {policy} alone decides.", policy=theirs)
    if request.action_lower == "sts:assumeroot":
        return tr("A root user has no policy: those of account {account}, the caller's, decide.", account=account)
    if principal.kind is PrincipalKind.ROOT and decision.is_trust:
        return tr("An account's root user can't assume roles.")
    if not request.same_account:
        return tr(
            "Two accounts: {caller} (the caller's) and {owner} (the resource's) must both allow.",
            caller=account,
            owner=request.resource_account,
        )
    if principal.kind is PrincipalKind.ROOT and not decision.is_by_key_policy:
        if decision.policies.session is not None:
            return tr(
                "One account, {account}: a session of AssumeRoot may do what its task policy allows.", account=account
            )
        return tr("One account, {account}: its root user may do everything that nothing denies.", account=account)
    named = decision.layers[-1].named
    if named is Named.DIRECTLY:
        return tr(
            "One account, {account}: {policy} names the caller directly, which is enough.",
            account=account,
            policy=theirs,
        )
    if named is Named.ROLE:
        return tr(
            "One account, {account}: {policy} names the caller's role, so no other policy need grant it.",
            account=account,
            policy=theirs,
        )
    if decision.is_trust:
        return tr("One account, {account}: the trust policy must always allow.", account=account)
    if decision.is_by_key_policy:
        return tr("One account, {account}: the key policy must always allow.", account=account)
    return tr(
        "One account, {account}: its identity-based policies or {policy} must allow.", account=account, policy=theirs
    )


def _allowed_lines(decision: Decision) -> Iterator[str]:
    for layer in decision.needed:
        if layer.allow is not None:
            yield tr(
                "  ✓ {place}: {statement} allows it.",
                place=_place(decision, layer),
                statement=StatementRef(*layer.allow),
            )


def _place(decision: Decision, layer: Layer) -> str:
    account, kind = account_of(decision, layer.kind), layer.kind.told
    if layer.kind.is_of_organization:
        kind = tr("{kind}, level {level}", kind=kind, level=layer.level + 1)
    return tr("{kind} in account {account}", kind=kind, account=account) if account else kind


_VERDICTS: Final = {
    LayerVerdict.ALLOW: mark("allows"),
    LayerVerdict.DENY: mark("denies"),
    LayerVerdict.NO_MATCH: mark("no statement allows it"),
}


def _layer_lines(layer: LayerResult, request: Request, others: tuple[int, int]) -> Iterator[str]:
    sign = {LayerVerdict.ALLOW: "✓", LayerVerdict.DENY: "✗"}.get(layer.verdict, "✗" if layer.needed else "·")
    yield f"{sign} {layer.title}: {tr(_VERDICTS[layer.verdict])}"
    elsewhere, untold = others
    if not layer.statements and not elsewhere:
        yield tr("    there is no such policy")
    for statement in layer.statements:
        allows = statement.ref.statement.allows
        if statement.applies:
            applies = mark("    {statement} allows it") if allows else mark("    {statement} denies it")
            yield tr(applies, statement=statement.ref)
            if not allows:
                yield from (f"        {reason}" for reason in statement.catches(request))
        elif not allows:
            continue  # a Deny that doesn't apply says nothing
        else:
            yield tr("    {statement} would allow it, but:", statement=statement.ref)
            yield from (f"        {failure}" for failure in statement.failures(request))
    if untold:
        yield tr_n("    {count} more statement of this kind", "    {count} more statements of this kind", untold)
    if elsewhere:
        yield tr_n(
            "    {count} statement is about other actions", "    {count} statements are about other actions", elsewhere
        )


def _change_lines(explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    if decision.outcome is Outcome.EXPLICITLY_DENIED:
        where = "; ".join(str(ref) for ref in decision.decided_by[:_MOST_SHOWN])
        yield tr(
            "Smallest change that would allow it: no added permission helps, because a Deny overrides every Allow. It "
            "is in {where}.",
            where=where,
        )
        return
    edits = explanation.edits
    if not edits:
        yield tr("Smallest change that would allow it: there is none in these policies.")
    elif len(edits) == 1:
        yield tr("Smallest change that would allow it: {edit}", edit=edits[0])
    else:
        yield tr("Smallest change that would allow it: {count} policies must change together.", count=len(edits))
        yield from (f"  {number}. {edit}" for number, edit in enumerate(edits, 1))


def _quoted(values: tuple[str, ...]) -> str:
    texts = [f'"{value}"' if len(value) <= 300 else f'"{value[:300]}…"' for value in values]
    if len(texts) > 8:
        texts = [*texts[:8], tr("{count} more", count=len(texts) - 8)]
    return tr(" or ").join(texts) if texts else tr("nothing")
