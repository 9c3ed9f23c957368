"""Request + policies -> Decision: the layers, how they combine within an account and across accounts.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
…/reference_policies_evaluation-logic-cross-account.html, and the AssumeRole page of the STS API reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.iam.errors import InvalidRequest, Unsupported
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.policy import Policy
from xsfn_helpers.iam.principal_element import Named
from xsfn_helpers.iam.principals import PrincipalKind
from xsfn_helpers.iam.request import Request
from xsfn_helpers.iam.statement import Statement


class Outcome(StrEnum):
    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that has a say in a request.

    `resource` is the resource's policy; of a role that is asked for with sts:AssumeRole, its trust policy.
    `session` is None when no session policy was passed. `scps` has one tuple per level, the organization's root
    first; () means that none apply. Raises `InvalidRequest` when a policy is of another kind than its place.
    """

    identity: tuple[Policy, ...] = ()
    resource: Policy | None = None
    boundaries: tuple[Policy, ...] = ()
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()

    def __post_init__(self) -> None:
        _check(self.identity, PolicyKind.IDENTITY, "identity")
        _check(self.boundaries, PolicyKind.BOUNDARY, "boundaries")
        _check(self.session or (), PolicyKind.SESSION, "session")
        for level in self.scps:
            _check(level, PolicyKind.SCP, "scps")
        if self.resource is not None and not self.resource.kind.has_principal:
            raise InvalidRequest(
                tr("A {kind} stands where a trust or resource-based policy belongs.", kind=self.resource.kind.told),
                where="resource",
            )


def _check(policies: tuple[Policy, ...], kind: PolicyKind, where: str) -> None:
    for policy in policies:
        if policy.kind is not kind:
            raise InvalidRequest(
                tr("A {found} stands where a {kind} belongs.", found=policy.kind.told, kind=kind.told), where=where
            )


@dataclass(frozen=True, slots=True)
class StatementRef:
    """One statement of one policy; its text reads like "trust policy, statement Operator (line 4)"."""

    policy: Policy
    statement: Statement

    @property
    def line(self) -> int | None:
        return self.policy.line_of(self.statement)

    def __str__(self) -> str:
        policy, label = self.policy.title, self.statement.label
        if self.line:
            return tr("{policy}, statement {label} (line {line})", policy=policy, label=label, line=self.line)
        return tr("{policy}, statement {label}", policy=policy, label=label)


Hit = tuple[Policy, Statement]


@dataclass(slots=True, eq=False)
class Layer:
    """What one layer says: its first matching Allow, its matching Denies. `named` is how closely a resource or
    trust policy's Allow names the caller; the other layers name nobody."""

    kind: PolicyKind
    policies: tuple[Policy, ...]
    level: int = 0  # of service control policies: 0 is the root
    allow: Hit | None = None
    named: Named = Named.NOT_AT_ALL
    denies: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome, and what is needed to explain it; see `explain`.

    `needed` are the layers that must allow this request, `lacking` those of them that don't.
    """

    request: Request
    policies: Policies
    outcome: Outcome
    is_trust: bool
    layers: tuple[Layer, ...] = field(repr=False)
    needed: tuple[Layer, ...] = field(repr=False)

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED

    @property
    def lacking(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.needed if layer.allow is None)

    @property
    def decided_by(self) -> tuple[StatementRef, ...]:
        """The statements that decided: every matching Deny, or the Allows that together let the request through."""
        if self.outcome is Outcome.EXPLICITLY_DENIED:
            return tuple(StatementRef(*hit) for layer in self.layers for hit in layer.denies)
        if self.outcome is Outcome.IMPLICITLY_DENIED:
            return ()
        return tuple(StatementRef(*layer.allow) for layer in self.needed if layer.allow is not None)

    @property
    def aws_reason(self) -> str:
        """The end of AWS's access-denied sentence; empty when the request is allowed.

        AWS names one kind of policy even when several refuse
        (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
        """
        if self.outcome is Outcome.EXPLICITLY_DENIED:
            kind = next(layer.kind for layer in _as_aws_names_them(self.layers) if layer.denies)
            return f"with an explicit deny in {kind.words.explicit}"
        if self.outcome is Outcome.IMPLICITLY_DENIED:
            kind = next(_as_aws_names_them(self.lacking)).kind
            return f"because no {kind.words.implicit} allows the {self.request.action} action"
        return ""

    @property
    def sentence(self) -> str:
        """AWS's whole access-denied sentence; empty when the request is allowed."""
        request, reason = self.request, self.aws_reason
        if not reason:
            return ""
        if self.is_trust and request.principal.kind is PrincipalKind.ROOT:
            return "Roles may not be assumed by root accounts."
        # AWS leaves the resource out where it names the trust policy.
        on = "" if "role trust policy" in reason else f" on resource: {request.resource}"
        return f"User: {request.principal} is not authorized to perform: {request.action}{on} {reason}"


_NAMING_ORDER: Final = (
    PolicyKind.SCP,
    PolicyKind.IDENTITY,
    PolicyKind.BOUNDARY,
    PolicyKind.SESSION,
    PolicyKind.TRUST,
    PolicyKind.RESOURCE,
)


def _as_aws_names_them(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for kind in _NAMING_ORDER:
        yield from (layer for layer in layers if layer.kind is kind)


# What a role's trust policy decides. The two federated calls have callers this engine doesn't know.
_TRUST_ACTIONS: Final = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})
_FEDERATED_ACTIONS: Final = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})


def decide(request: Request, policies: Policies) -> Decision:
    """Whether AWS lets this request through.

    A request is refused unless allowed, and by any matching Deny. Within one account, identity-based and
    resource-based policies are a union, except that a role's trust policy must always allow. Across accounts both
    sides must allow. SCPs (each level), permissions boundary and session policies must allow too, except that
    boundary, session and identity-based policies don't limit what a resource or trust policy of the same account
    grants directly to the caller. Services and anonymous callers have the resource's policy alone, and an
    account's root user has every permission but that of assuming a role.

    Raises `Unsupported` for requests this engine can't decide.
    """
    action = request.action_lower
    if action in _FEDERATED_ACTIONS or (action.startswith("kms:") and ":key/" in request.resource):
        raise _not_covered(request)
    is_trust = is_trust_request(request)
    principal = request.principal
    kind = PolicyKind.TRUST if is_trust else PolicyKind.RESOURCE
    resource = _scan(
        Layer(kind, (policies.resource,) if policies.resource is not None else ()),
        request,
        has_boundary=bool(policies.boundaries),
    )
    if principal.kind is PrincipalKind.SERVICE or principal.kind is PrincipalKind.ANONYMOUS:
        return _decision(request, policies, is_trust, (resource,), (resource,))
    scps: tuple[Layer, ...] = ()
    if policies.scps and not _is_service_linked(request):
        scps = tuple(_scan(Layer(PolicyKind.SCP, level, at), request) for at, level in enumerate(policies.scps))
    identity = _scan(Layer(PolicyKind.IDENTITY, policies.identity), request)
    limits: tuple[Layer, ...] = ()
    if policies.boundaries:
        limits = (_scan(Layer(PolicyKind.BOUNDARY, policies.boundaries), request),)
    if policies.session is not None:
        limits = (*limits, _scan(Layer(PolicyKind.SESSION, policies.session), request))
    layers = (*scps, identity, *limits, resource)
    granting: tuple[Layer, ...] = (identity, *limits)
    if principal.kind is PrincipalKind.ROOT:
        # Nothing can be attached to a root user: it needs no grant, and gets none for what it may not do.
        identity.allow = None
        granting = (identity,) if is_trust else ()
    if not request.same_account:
        needed = (*scps, *granting, resource)
    elif resource.named is Named.DIRECTLY and principal.kind is not PrincipalKind.ROOT:
        needed = (*scps, resource)
    elif resource.named is Named.ROLE:
        needed = (*scps, *limits, resource)
    elif is_trust:
        needed = (*scps, *granting, resource)
    else:
        needed = (*scps, *granting)
    return _decision(request, policies, is_trust, layers, needed)


def is_trust_request(request: Request) -> bool:
    """Whether a role's trust policy decides: sts:AssumeRole, and what may come with it, asked of a role."""
    action = request.action_lower
    return action == "sts:assumerole" or (action in _TRUST_ACTIONS and ":role/" in request.resource)


def _decision(
    request: Request, policies: Policies, is_trust: bool, layers: tuple[Layer, ...], needed: tuple[Layer, ...]
) -> Decision:
    outcome = Outcome.ALLOWED
    for layer in layers:
        if layer.denies:
            outcome = Outcome.EXPLICITLY_DENIED
            break
    else:
        for layer in needed:
            if layer.allow is None:
                outcome = Outcome.IMPLICITLY_DENIED
                break
    return Decision(request, policies, outcome, is_trust, layers, needed)


def _scan(layer: Layer, request: Request, *, has_boundary: bool = False) -> Layer:
    """Fill in what the layer's policies say of the request."""
    for policy in layer.policies:
        for statement in policy.statements:
            if statement.allows and layer.named is Named.DIRECTLY:
                continue  # already allowed as closely as can be
            if not statement.applies(request):
                continue
            named = Named.DIRECTLY
            if statement.principal is not None:
                named = statement.named(request, has_boundary=has_boundary)
            if named is Named.NOT_AT_ALL:
                continue
            if not statement.allows:
                layer.denies = (*layer.denies, (policy, statement))
            elif named > layer.named:
                layer.named = named
                layer.allow = (policy, statement)
    return layer


def _is_service_linked(request: Request) -> bool:
    """SCPs don't touch service-linked roles (docs.aws.amazon.com/organizations: "SCP effects on permissions")."""
    return ":role/aws-service-role/" in request.principal.role_arn


def _not_covered(request: Request) -> Unsupported:
    if request.action_lower in _FEDERATED_ACTIONS:
        return Unsupported(
            tr("{action} has a federated caller, which this engine doesn't cover.", action=request.action)
        )
    return Unsupported(tr("key policies of AWS KMS follow rules of their own, which this engine doesn't cover."))
