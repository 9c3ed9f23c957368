"""Request + policies -> Decision: the layers, how they combine within an account and across accounts.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html,
…/reference_policies_evaluation-logic-cross-account.html, the AssumeRole page of the STS API reference,
docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html and …_rcps.html,
docs.aws.amazon.com/kms/latest/developerguide/key-policies.html, …/grants.html,
docs.aws.amazon.com/vpc/latest/privatelink.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.iam.actions import heeds_resource_control_policies
from xsfn_helpers.iam.errors import InvalidRequest, Unsupported
from xsfn_helpers.iam.grants import check_delegation
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.policy import Policy
from xsfn_helpers.iam.principal_element import Named
from xsfn_helpers.iam.principals import PrincipalKind
from xsfn_helpers.iam.request import Request
from xsfn_helpers.iam.resource_policies import works_across_accounts
from xsfn_helpers.iam.statement import Statement


class Outcome(StrEnum):
    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"


# The root, five organizational units in each other, the account:
# docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
_MOST_LEVELS: Final = 7


@dataclass(frozen=True, slots=True)
class Policies:
    """Every policy that has a say in a request.

    `resource` is the resource's policy; of a role that is asked for with sts:AssumeRole, its trust policy; of a KMS
    key, its key policy. `session` is None when no session policy was passed. `scps` (those of the caller's account) and
    `rcps` (those of the resource's account) have one tuple per level, the organization's root first; () means that none
    apply. `endpoint` are the policies of the VPC endpoint that the request goes through, () if through none; `grants`
    those of a KMS key that is used (`grants.grant_of`).
    Raises `InvalidRequest` when a policy is of another kind than its place.
    """

    identity: tuple[Policy, ...] = ()
    resource: Policy | None = None
    boundaries: tuple[Policy, ...] = ()
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    rcps: tuple[tuple[Policy, ...], ...] = ()
    endpoint: tuple[Policy, ...] = ()
    grants: tuple[Policy, ...] = ()

    def __post_init__(self) -> None:
        _check(self.identity, PolicyKind.IDENTITY, "identity")
        _check(self.boundaries, PolicyKind.BOUNDARY, "boundaries")
        _check(self.session or (), PolicyKind.SESSION, "session")
        for levels, where in ((self.scps, "scps"), (self.rcps, "rcps")):
            if len(levels) > _MOST_LEVELS:
                raise InvalidRequest(
                    tr(
                        "An organization has {most} levels at most, the account included; here are {count}.",
                        most=_MOST_LEVELS,
                        count=len(levels),
                    ),
                    where=where,
                )
        for level in self.scps:
            _check(level, PolicyKind.SCP, "scps")
        for level in self.rcps:
            _check(level, PolicyKind.RCP, "rcps")
        _check(self.endpoint, PolicyKind.ENDPOINT, "endpoint")
        _check(self.grants, PolicyKind.GRANT, "grants")
        if self.resource is not None and self.resource.kind not in (PolicyKind.TRUST, PolicyKind.RESOURCE):
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
    level: int = 0  # of an organization's policies: 0 is the root
    allow: Hit | None = None
    named: Named = Named.NOT_AT_ALL
    denies: tuple[Hit, ...] = ()


class OwnRule(StrEnum):
    """What AWS decides for one call or one caller without asking any policy."""

    NEEDS_NO_PERMISSION = mark("No permissions are required for {action}, and no policy can deny it.")
    NOT_WITH_SESSION = mark("{action} takes the long-term credentials of a user, not those of a session.")
    NOT_FOR_FEDERATED_USERS = mark(
        "A session of GetFederationToken can call nothing of IAM, and of STS nothing but GetCallerIdentity."
    )
    NOT_FOR_ROOT = mark("{action} isn't called with the credentials of a root user.")
    NOT_UNSIGNED = mark("AWS takes no unsigned request for {action}.")
    OTHER_PARTITION = mark("Caller and resource are in two partitions of AWS: no policy lets a request cross over.")
    OWN_ACCOUNT_ONLY = mark("{action} works in the resource's own account only: no policy gives it to another account.")
    ROOT_KEEPS_BUCKET_POLICY = mark(
        "The root user of the bucket's account may always read, write and delete the bucket's policy; only policies of "
        "the organization and of a VPC endpoint can deny it."
    )


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
    rule: OwnRule | None = None

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED

    @property
    def is_by_key_policy(self) -> bool:
        """Whether a KMS key's policy decided, too."""
        return is_key_request(self.request)

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

        AWS names one kind of policy even when several deny
        (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
        """
        kind = self.named_kind
        if kind is None:
            return "" if self.rule is None or self.allowed else _RULE_SAYS.get(self.rule, "")
        if self.outcome is Outcome.EXPLICITLY_DENIED:
            return f"with an explicit deny in {kind.words.explicit}"
        return f"because no {kind.words.implicit} allows the {self.request.action} action"

    @property
    def named_kind(self) -> PolicyKind | None:
        """The kind of policy that AWS names as the reason; None where it names none."""
        if self.outcome is Outcome.EXPLICITLY_DENIED:
            return next(layer.kind for layer in _as_aws_names_them(self.layers) if layer.denies)
        if self.outcome is Outcome.IMPLICITLY_DENIED and self.lacking:
            return next(_as_aws_names_them(self.lacking)).kind
        return None

    @property
    def sentence(self) -> str:
        """AWS's whole access-denied sentence; empty when the request is allowed."""
        request, reason = self.request, self.aws_reason
        if self.allowed:
            return ""
        if self.rule is OwnRule.NOT_WITH_SESSION:
            return f"Cannot call {request.action.partition(':')[2]} with session credentials"
        if self.is_trust and request.principal.kind is PrincipalKind.ROOT:
            return "Roles may not be assumed by root accounts."
        # AWS leaves the resource out where it names the trust policy.
        on = "" if "role trust policy" in reason else f" on resource: {request.resource}"
        return f"User: {request.principal} is not authorized to perform: {request.action}{on} {reason}".rstrip()


_RULE_SAYS: Final = {OwnRule.NOT_WITH_SESSION: "with session credentials"}
_NAMING_ORDER: Final = (
    PolicyKind.SCP,
    PolicyKind.RCP,
    PolicyKind.ENDPOINT,
    PolicyKind.IDENTITY,
    PolicyKind.BOUNDARY,
    PolicyKind.SESSION,
    PolicyKind.TRUST,
    PolicyKind.RESOURCE,
    PolicyKind.GRANT,
)


def _as_aws_names_them(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for kind in _NAMING_ORDER:
        yield from (layer for layer in layers if layer.kind is kind)


# What a role's trust policy decides, beside sts:AssumeRole and the calls of an identity provider's users.
_TRUST_ACTIONS: Final = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})
PROVIDER_ACTIONS: Final = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
# docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
# docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
_FREE_ACTIONS: Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
_LONG_TERM_ONLY: Final = frozenset({"sts:getsessiontoken", "sts:getfederationtoken"})
_SESSIONS: Final = frozenset({PrincipalKind.SESSION, PrincipalKind.ROLE, PrincipalKind.FEDERATED_USER})
# docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
_BUCKET_POLICY_ACTIONS: Final = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
_BY_RESOURCE_ALONE: Final = frozenset({PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS, PrincipalKind.IDENTITY_PROVIDER})


def decide(request: Request, policies: Policies) -> Decision:
    """Whether AWS lets this request through.

    A request is denied unless allowed, and by any matching Deny. Within one account, identity-based and
    resource-based policies are a union, except that a role's trust policy and a KMS key's policy must always allow.
    Across accounts both sides must allow. SCPs (each level), permissions boundary and session policies must allow too,
    except that boundary, session and identity-based policies don't limit what a resource or trust policy of the same
    account grants directly to the caller. Services, users of identity providers and anonymous callers have the
    resource's policy alone, and an account's root user has every permission but that of assuming a role.
    RCPs can deny everybody but service-linked roles; the policy of a VPC endpoint must allow what goes through it.
    A grant of a KMS key is as good as a key policy that names its grantee, and is enough across accounts, too.

    Raises `Unsupported` for requests this engine can't decide.
    """
    action = request.action_lower
    principal = request.principal
    is_trust = is_trust_request(request)
    is_root = principal.kind is PrincipalKind.ROOT
    if rule := _own_rule(request):
        allowed = rule is OwnRule.NEEDS_NO_PERMISSION
        outcome = Outcome.ALLOWED if allowed else Outcome.IMPLICITLY_DENIED
        return Decision(request, policies, outcome, is_trust, (), (), rule)
    _check_caller(request)
    by_key_policy = is_key_request(request)
    kind = PolicyKind.TRUST if is_trust else PolicyKind.RESOURCE
    has_boundary = bool(policies.boundaries)
    resource = Layer(kind, (policies.resource,) if policies.resource is not None else ())
    keeps_bucket_policy = is_root and request.same_account and action in _BUCKET_POLICY_ACTIONS
    if not keeps_bucket_policy:
        _scan(resource, request, has_boundary=has_boundary)
    rcps: tuple[Layer, ...] = ()
    if policies.rcps and not _is_service_linked(request) and heeds_rcps(request):
        # AWS attaches RCPFullAWSAccess to every level, for good: an RCP can deny, and never fails to allow.
        rcps = tuple(
            _scan(Layer(PolicyKind.RCP, level, at), request, has_boundary=has_boundary)
            for at, level in enumerate(policies.rcps)
        )
    grants: tuple[Layer, ...] = ()
    if by_key_policy and policies.grants:
        grants = (_scan(Layer(PolicyKind.GRANT, policies.grants), request),)
    granted = next((layer for layer in grants if layer.allow is not None), None)
    if principal.kind in _BY_RESOURCE_ALONE:
        through: tuple[Layer, ...] = ()
        if policies.endpoint and principal.kind is not PrincipalKind.SERVICE:
            through = (_scan(Layer(PolicyKind.ENDPOINT, policies.endpoint), request),)
        letting_in = resource if granted is None or resource.allow is not None else _by_grant(granted, request)
        return _decision(request, policies, is_trust, (*rcps, *through, *grants, resource), (*through, letting_in))
    scps: tuple[Layer, ...] = ()
    if policies.scps and not _is_service_linked(request):
        scps = tuple(_scan(Layer(PolicyKind.SCP, level, at), request) for at, level in enumerate(policies.scps))
    always = scps
    if policies.endpoint:
        always = (*scps, _scan(Layer(PolicyKind.ENDPOINT, policies.endpoint), request, has_boundary=has_boundary))
    identity = _scan(Layer(PolicyKind.IDENTITY, policies.identity), request)
    limits: tuple[Layer, ...] = ()
    if policies.boundaries:
        limits = (_scan(Layer(PolicyKind.BOUNDARY, policies.boundaries), request),)
    if policies.session is not None or principal.kind is PrincipalKind.FEDERATED_USER:
        # Without a session policy, a session of GetFederationToken has no permission of its user.
        limits = (*limits, _scan(Layer(PolicyKind.SESSION, policies.session or ()), request))
    layers = (*scps, *rcps, *always[len(scps) :], identity, *limits, *grants, resource)
    granting: tuple[Layer, ...] = (identity, *limits)
    if is_root:
        # Nothing can be attached to a root user: it needs no grant, and gets none for what it may not do.
        identity.allow = None
        # A session of AssumeRoot does what its task policy says, which is its session policy.
        granting = (*((identity,) if is_trust else ()), *(one for one in limits if one.kind is PolicyKind.SESSION))
    if action == "sts:assumeroot" or keeps_bucket_policy:
        # A root user has no policy that could let somebody in, and loses no bucket policy to one.
        needed = (*always, *granting)
    elif not request.same_account:
        needed = (*always, *granting, resource)
    elif resource.named is Named.DIRECTLY and not is_root:
        needed = (*always, resource)
    elif resource.named is Named.ROLE:
        needed = (*always, *limits, resource)
    elif is_trust or by_key_policy:
        needed = (*always, *granting, resource)
    else:
        needed = (*always, *granting)
    if granted is not None and any(layer.allow is None for layer in needed):
        # Beside what the policies say; a grant to an account leaves it to that account's policies.
        by_named = {Named.DIRECTLY: (), Named.ROLE: limits, Named.ACCOUNT: granting}
        needed = (*always, *by_named[granted.named], _by_grant(granted, request))
    decision = _decision(
        request,
        policies,
        is_trust,
        layers,
        needed,
        OwnRule.ROOT_KEEPS_BUCKET_POLICY if keeps_bucket_policy else None,
    )
    if principal.kind is PrincipalKind.FEDERATED_USER:
        _check_issuer(decision, resource, limits)
    return decision


def _by_grant(layer: Layer, request: Request) -> Layer:
    check_delegation(request)
    return layer


def _own_rule(request: Request) -> OwnRule | None:
    action, kind = request.action_lower, request.principal.kind
    if action.startswith(("sts:", "iam:")):
        if action in _LONG_TERM_ONLY and kind in _SESSIONS:
            return OwnRule.NOT_WITH_SESSION
        if action in _FREE_ACTIONS and kind not in _BY_RESOURCE_ALONE:
            return OwnRule.NEEDS_NO_PERMISSION
        if kind is PrincipalKind.FEDERATED_USER:
            return OwnRule.NOT_FOR_FEDERATED_USERS
        if kind is PrincipalKind.ROOT and action == "sts:assumeroot":
            return OwnRule.NOT_FOR_ROOT
    if kind is PrincipalKind.ANONYMOUS:
        signed = action.startswith(("kms:", "iam:")) or is_trust_request(request)
        return OwnRule.NOT_UNSIGNED if signed else None
    if kind in _BY_RESOURCE_ALONE:
        return None
    resource = request.resource_parts
    if len(resource) > 1 and resource[0] == "arn" and not request.principal.arn.startswith(f"arn:{resource[1]}:"):
        return OwnRule.OTHER_PARTITION
    return None if request.same_account or works_across_accounts(action) else OwnRule.OWN_ACCOUNT_ONLY


def _check_caller(request: Request) -> None:
    """Users of identity providers ask for a role, in two calls that nobody else makes."""
    by_provider = request.principal.kind is PrincipalKind.IDENTITY_PROVIDER
    if request.action_lower in PROVIDER_ACTIONS and not by_provider:
        raise Unsupported(
            tr(
                "{action} isn't called with credentials of AWS: give the identity provider as the principal.",
                action=request.action,
            )
        )
    if by_provider and request.action_lower not in PROVIDER_ACTIONS | _TRUST_ACTIONS:
        raise Unsupported(
            tr(
                "a user of an identity provider calls sts:AssumeRoleWithSAML or sts:AssumeRoleWithWebIdentity, and "
                "then asks as a session of the role: give that session as the principal."
            )
        )
    if by_provider and request.action_lower in PROVIDER_ACTIONS:
        by_saml = ":saml-provider/" in request.principal.arn
        if by_saml is not (request.action_lower == "sts:assumerolewithsaml"):
            raise Unsupported(
                tr(
                    "users of a SAML provider call sts:AssumeRoleWithSAML, those of any other identity provider "
                    "sts:AssumeRoleWithWebIdentity."
                )
            )


def _check_issuer(decision: Decision, resource: Layer, limits: tuple[Layer, ...]) -> None:
    """Refuse to guess who called GetFederationToken, where that decides: the session's ARN doesn't say."""
    if decision.outcome is not Outcome.IMPLICITLY_DENIED or any(layer.allow is None for layer in limits):
        return
    request = decision.request
    for policy in resource.policies:
        for statement in policy.statements:
            element = statement.principal
            if element is None or element.negated or not element.may_name_issuer(request.principal):
                continue
            if statement.allows and statement.applies(request):
                raise Unsupported(
                    tr("which user called GetFederationToken for this session isn't in its ARN, and decides here.")
                )


def is_trust_request(request: Request) -> bool:
    """Whether a role's trust policy decides: the three calls that assume a role, and what may come with them."""
    action = request.action_lower
    return (
        action == "sts:assumerole"
        or action in PROVIDER_ACTIONS
        or (action in _TRUST_ACTIONS and ":role/" in request.resource)
    )


def is_key_request(request: Request) -> bool:
    """Whether a KMS key's policy decides, without which no policy of IAM opens the key."""
    return request.action_lower.startswith("kms:") and ":key/" in request.resource


def _decision(
    request: Request,
    policies: Policies,
    is_trust: bool,
    layers: tuple[Layer, ...],
    needed: tuple[Layer, ...],
    rule: OwnRule | None = None,
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
    return Decision(request, policies, outcome, is_trust, layers, needed, rule)


def _scan(layer: Layer, request: Request, *, has_boundary: bool = False) -> Layer:
    """Fill in what the layer's policies say of the request."""
    denies: list[Hit] = []
    for policy in layer.policies:
        for statement in policy.about(request.action_lower):
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
                denies.append((policy, statement))
            elif named > layer.named:
                layer.named = named
                layer.allow = (policy, statement)
    layer.denies = tuple(denies)
    return layer


def layer_of(kind: PolicyKind, policies: tuple[Policy, ...], request: Request, *, has_boundary: bool) -> Layer:
    """What policies of one kind say of a request, by themselves."""
    return _scan(Layer(kind, policies), request, has_boundary=has_boundary)


def _is_service_linked(request: Request) -> bool:
    """Neither SCPs nor RCPs touch service-linked roles (docs.aws.amazon.com/organizations: "SCP effects on
    permissions", "Resources and entities not restricted by RCPs")."""
    return ":role/aws-service-role/" in request.role_arn


def heeds_rcps(request: Request) -> bool:
    """Whether RCPs apply to the call. No RCP can deny kms:RetireGrant
    (docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html)."""
    action = request.action_lower
    return heeds_resource_control_policies(action.partition(":")[0]) and action != "kms:retiregrant"
