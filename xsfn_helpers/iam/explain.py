"""A Decision in words: layer by layer, statement by statement, key by key; and the smallest change.

Everything in the text is a result (`layers`, `edits`) first; the text only reads it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.iam.conditions import Condition, Family, Quantifier
from xsfn_helpers.iam.decide import Decision, Layer, Outcome, StatementRef
from xsfn_helpers.iam.edits import Edit, smallest_edits
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.principal_element import Named
from xsfn_helpers.iam.principals import PrincipalKind
from xsfn_helpers.iam.request import Request, Seen


class Verdict(StrEnum):
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
        wanted = _quoted(condition.values)
        name = f"condition {condition.spelled} {condition.key}"
        if condition.operator.family is Family.NULL:
            return f"{name}: wanted {wanted}, the request {'lacks' if self.missing else 'has'} the key"
        wish = f"wanted anything but {wanted}" if condition.operator.negated else f"wanted {wanted}"
        if self.missing:
            return f"{name}: {wish}, the key is missing from the request"
        seen = (self.seen,) if isinstance(self.seen, str) else self.seen or ()
        several = len(seen) > 1 and condition.quantifier is Quantifier.SINGLE
        note = " (several values need ForAllValues: or ForAnyValue:)" if several else ""
        return f"{name}: {wish}, the request has {_quoted(seen)}{note}{self._near_miss(seen)}"

    def _near_miss(self, seen: tuple[str, ...]) -> str:
        """What the eye overlooks: a difference in case or in white space only."""
        if self.holds or self.condition.operator.negated or len(seen) != 1:
            return ""
        for wanted in self.condition.values:
            if wanted != seen[0] and wanted.lower() == seen[0].lower():
                return " (only upper and lower case differ)"
            if wanted != seen[0] and wanted.strip() == seen[0].strip():
                return " (only white space differs)"
        return ""


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
                f"principal: to spare this caller NotPrincipal would have to list {' and '.join(missing)}"
                if missing
                else "principal: a Deny with NotPrincipal catches every caller that has a permissions boundary"
            )
        return (*why, *map(str, self.conditions))

    def _failures(self, request: Request) -> Iterator[str]:
        statement = self.ref.statement
        if self.named is Named.NOT_AT_ALL and statement.principal is not None:
            element = statement.principal
            if not element.negated:
                yield f"principal: names {_quoted(element.texts)}, not {request.principal}"
            elif statement.allows:
                yield f"principal: NotPrincipal leaves out {_quoted(element.texts)}"
            else:
                yield f"principal: NotPrincipal spares {request.principal}"
        if not self.action_matches:
            name = "NotAction" if statement.not_action else "Action"
            yield f"action: {name} is {_quoted(statement.actions)}, asked for was {request.action}"
        if not self.resource_matches:
            name = "NotResource" if statement.not_resource else "Resource"
            yield f"resource: {name} is {_quoted(statement.resources or ())}, asked for was {request.resource}"
        for one in self.conditions:
            if not one.holds:
                yield str(one)


@dataclass(frozen=True, slots=True)
class LayerResult:
    """One layer: whose it is, what it says, and every statement in it. `needed`: its Allow is required."""

    kind: PolicyKind
    account: str
    level: int | None
    verdict: Verdict
    needed: bool
    named: Named
    statements: tuple[StatementResult, ...]

    @property
    def title(self) -> str:
        level = "" if self.level is None else f", level {self.level + 1}{' (root)' if self.level == 0 else ''}"
        owner = f" of account {self.account}" if self.account else ""
        return f"{self.kind}{level}{owner}"


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
        """The sentence AWS prints for this refusal; empty for an allowed request."""
        return self.decision.sentence

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The fewest changes that together turn this refusal into an allow, verified by deciding again.

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


def _layer_result(decision: Decision, layer: Layer) -> LayerResult:
    request = decision.request
    has_boundary = bool(decision.policies.boundaries)
    statements = []
    for policy in layer.policies:
        for statement in policy.statements:
            statements.append(
                StatementResult(
                    ref=StatementRef(policy, statement),
                    named=statement.named(request, has_boundary=has_boundary),
                    action_matches=statement.action_matches(request),
                    resource_matches=statement.resource_matches(request),
                    conditions=tuple(
                        ConditionResult(one, one.holds(request), request.seen(one.key_lower))
                        for one in statement.conditions
                    ),
                )
            )
    return LayerResult(
        kind=layer.kind,
        account=account_of(decision, layer.kind),
        level=layer.level if layer.kind is PolicyKind.SCP else None,
        verdict=_verdict(layer),
        needed=layer in decision.needed,
        named=layer.named,
        statements=tuple(statements),
    )


def account_of(decision: Decision, kind: PolicyKind) -> str:
    """Whose policies of this kind are: the resource's account, or the caller's."""
    return decision.request.resource_account if kind.has_principal else decision.request.principal.account


def _verdict(layer: Layer) -> Verdict:
    if layer.denies:
        return Verdict.DENY
    return Verdict.ALLOW if layer.allow is not None else Verdict.NO_MATCH


_HEADLINES: Final = {
    Outcome.ALLOWED: "Allowed",
    Outcome.IMPLICITLY_DENIED: "Refused, because nothing allows it",
    Outcome.EXPLICITLY_DENIED: "Refused by an explicit Deny",
}


def _text(explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    request = decision.request
    yield f"{_HEADLINES[decision.outcome]}: {request.principal} asked for {request.action} on {request.resource}."
    yield _who_must_allow(decision)
    if decision.allowed:
        yield from _allowed_lines(decision)
        return
    for layer in explanation.layers:
        yield from _layer_lines(layer, request)
    yield f"AWS says: {explanation.sentence}"
    yield from _change_lines(explanation)


def _who_must_allow(decision: Decision) -> str:
    request = decision.request
    principal = request.principal
    theirs = "the role's trust policy" if decision.is_trust else "the resource's policy"
    if principal.kind is PrincipalKind.SERVICE:
        return f"An AWS service asks: {theirs} alone decides."
    if principal.kind is PrincipalKind.ANONYMOUS:
        return f"Nobody is signed in: {theirs} alone decides."
    if principal.kind is PrincipalKind.ROOT and decision.is_trust:
        return "An account's root user can't assume roles."
    if not request.same_account:
        return (
            f"Two accounts: {principal.account} (the caller's) and {request.resource_account} (the resource's) "
            "must both allow."
        )
    if principal.kind is PrincipalKind.ROOT:
        return f"One account, {principal.account}: its root user may do everything that nothing denies."
    named = decision.layers[-1].named
    if named is Named.DIRECTLY:
        return f"One account, {principal.account}: {theirs} names the caller directly, which is enough."
    if named is Named.ROLE:
        return f"One account, {principal.account}: {theirs} names the caller's role, so no other policy need grant it."
    if decision.is_trust:
        return f"One account, {principal.account}: the trust policy must always allow."
    return f"One account, {principal.account}: its identity-based policies or {theirs} must allow."


def _allowed_lines(decision: Decision) -> Iterator[str]:
    for layer in decision.needed:
        if layer.allow is not None:
            yield f"  ✓ {_place(decision, layer)}: {StatementRef(*layer.allow)} allows it."


def _place(decision: Decision, layer: Layer) -> str:
    account = account_of(decision, layer.kind)
    level = f", level {layer.level + 1}" if layer.kind is PolicyKind.SCP else ""
    return f"{layer.kind}{level}" + (f" in account {account}" if account else "")


_VERDICTS: Final = {Verdict.ALLOW: "allows", Verdict.DENY: "denies", Verdict.NO_MATCH: "no statement allows it"}


def _layer_lines(layer: LayerResult, request: Request) -> Iterator[str]:
    mark = {Verdict.ALLOW: "✓", Verdict.DENY: "✗"}.get(layer.verdict, "✗" if layer.needed else "·")
    yield f"{mark} {layer.title}: {_VERDICTS[layer.verdict]}"
    if not layer.statements:
        yield "    there is no such policy"
    others = 0
    for statement in layer.statements:
        allows = statement.ref.statement.allows
        if statement.applies:
            yield f"    {statement.ref} {'allows it' if allows else 'denies it'}"
            if not allows:
                yield from (f"        {reason}" for reason in statement.catches(request))
        elif not allows:
            continue  # a Deny that doesn't apply says nothing
        elif not statement.action_matches and len(layer.statements) > 1:
            others += 1
        else:
            yield f"    {statement.ref} would allow it, but:"
            yield from (f"        {failure}" for failure in statement.failures(request))
    if others:
        yield f"    {others} {'statement is' if others == 1 else 'statements are'} about other actions"


def _change_lines(explanation: Explanation) -> Iterator[str]:
    decision = explanation.decision
    if decision.outcome is Outcome.EXPLICITLY_DENIED:
        where = "; ".join(str(ref) for ref in decision.decided_by)
        yield f"Smallest change: no added permission helps, because a Deny overrides every Allow. It is in {where}."
        return
    edits = explanation.edits
    if not edits:
        yield "Smallest change: there is none in these policies."
    elif len(edits) == 1:
        yield f"Smallest change: {edits[0]}"
    else:
        yield f"Smallest change: {len(edits)} policies must change together."
        yield from (f"  {number}. {edit}" for number, edit in enumerate(edits, 1))


def _quoted(values: tuple[str, ...]) -> str:
    texts = [f'"{value}"' if len(value) <= 300 else f'"{value[:300]}…"' for value in values]
    if len(texts) > 8:
        texts = [*texts[:8], f"{len(texts) - 8} more"]
    return " or ".join(texts) if texts else "nothing"
