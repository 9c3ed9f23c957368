"""Who asks, and which policies have a say, from the evidence; each under the name that answers call it by. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.arns import Arn, account_of, role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence, PolicySeen, RoleSeen
from xsfn_helpers.deployment.diagnose.judge import Layers, NamedPolicy
from xsfn_helpers.deployment.diagnose.placeholders import placeholders, without_placeholders
from xsfn_helpers.iam import Principal


class Kind(StrEnum):
    """Where a policy is kept, which decides how it is changed."""

    TRUST = "trust"
    INLINE = "inline"
    MANAGED = "managed"
    BOUNDARY = "boundary"


_TITLES: Final = {
    Kind.TRUST: mark("trust policy of role {role}"),
    Kind.INLINE: mark("inline policy {policy} of role {role}"),
    Kind.MANAGED: mark("managed policy {policy} of role {role}"),
    Kind.BOUNDARY: mark("permissions boundary {policy} of role {role}"),
}


@dataclass(frozen=True, slots=True)
class LayerPlace:
    """One policy of one role: where it is, and what is in it."""

    role: RoleSeen
    kind: Kind
    policy: PolicySeen

    @property
    def title(self) -> str:
        """What decisions call it, and so what it is found by in their answers."""
        return tr(_TITLES[self.kind], policy=self.policy.name, role=self.role.name)


def places(role: RoleSeen) -> tuple[LayerPlace, ...]:
    """Every policy of a role that was seen, by place."""
    found = [LayerPlace(role, Kind.MANAGED if one.arn else Kind.INLINE, one) for one in role.policies]
    if role.trust is not None:
        found.insert(0, LayerPlace(role, Kind.TRUST, PolicySeen("trust policy", document=role.trust)))
    if role.boundary is not None:
        found.append(LayerPlace(role, Kind.BOUNDARY, role.boundary))
    return tuple(found)


def session_of(role_arn: str, role: RoleSeen | None) -> Principal:
    """A session of the role. Step Functions picks a random name for it, which no policy should depend on."""
    arn = Arn.parse(role_arn)
    assert arn is not None  # callers have looked
    # No principal's ARN has a placeholder; that this one does is told by its layers.
    plain = without_placeholders(role_arn)
    session = f"arn:{arn.partition}:sts::{arn.account}:assumed-role/{role_name(plain)}/any-session"
    return Principal.parse(session, unique_id=role.unique_id if role else "", role_arn=plain)


def asking_layers(evidence: Evidence, role_arn: str) -> tuple[RoleSeen | None, Layers]:
    """The role that asks, as far as it was seen, and its own side of the decision."""
    role = evidence.role(role_arn)
    if role is None or not role.in_full:
        unseen = tr(
            "the permissions policies of role {role} in account {account}",
            role=role_name(role_arn),
            account=account_of(role_arn),
        )
        return role, Layers(identity_unseen=unseen, tags_unseen=True, filled_in_later=tuple(placeholders(role_arn)))
    named: dict[Kind, list[NamedPolicy]] = {kind: [] for kind in Kind}
    for place in places(role):
        named[place.kind].append(NamedPolicy(place.title, place.policy))
    return role, Layers(
        identity=(*named[Kind.INLINE], *named[Kind.MANAGED]),
        identity_listed=role.policies_listed,
        boundary=next(iter(named[Kind.BOUNDARY]), None),
        tags_unseen=role.tags is None or not role.tags_listed,
        filled_in_later=tuple(placeholders(role_arn)),
        may_not_be=may_not_be(role),
    )


def may_not_be(*roles: RoleSeen | None) -> tuple[str, ...]:
    """Of which of these roles nobody can tell whether they are there, and why."""
    return tuple(tr("role {role}: {why}", role=one.name, why=one.unsure) for one in roles if one and one.unsure)


def trust_of(role: RoleSeen | None) -> NamedPolicy | None:
    if role is None or role.trust is None:
        return None
    place = LayerPlace(role, Kind.TRUST, PolicySeen("trust policy", document=role.trust))
    return NamedPolicy(place.title, place.policy)


def trust_layers(role: RoleSeen | None, role_arn: str) -> Layers:
    """What decides where Step Functions itself asks: the trust policy alone."""
    unseen = "" if role and role.trust is not None else tr("the trust policy of {arn}", arn=role_arn)
    return Layers(resource=trust_of(role), resource_unseen=unseen, may_not_be=may_not_be(role))


def unplaced_limits(evidence: Evidence) -> tuple[NamedPolicy, ...]:
    """Policies of an organization that may deny the call, if they limit the accounts that it is about."""
    return tuple(_limit(one, is_resource_control(one)) for one in evidence.unplaced)


def _limit(policy: PolicySeen, of_resources: bool) -> NamedPolicy:
    title = mark("resource control policy {policy}") if of_resources else mark("service control policy {policy}")
    return NamedPolicy(tr(title, policy=policy.name), policy)


# What AWS attaches to every level beside the policies of one's own.
_FULL_ACCESS: Final = PolicySeen(
    "FullAWSAccess",
    document={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)


def is_resource_control(policy: PolicySeen) -> bool:
    """Whether this policy of an organization limits its resources, and not its callers."""
    return "/resource_control_policy/" in policy.arn


def scp_layers(evidence: Evidence, account_id: str) -> tuple[tuple[NamedPolicy, ...], ...]:
    """The service control policies of the caller's account, level by level; none where they couldn't be read.

    Of those that are known to be attached, beside others, what they deny counts alone.
    """
    levels = evidence.account(account_id).scps if account_id else None
    if levels is None:
        own = tuple(one for one in evidence.placed.get(account_id, ()) if not is_resource_control(one))
        levels = ((*own, _FULL_ACCESS),) if own else ()
    return tuple(tuple(_limit(one, False) for one in level) for level in levels)


def rcp_layers(evidence: Evidence, account_id: str) -> tuple[tuple[NamedPolicy, ...], ...]:
    """The resource control policies of the resource's account, likewise."""
    levels = evidence.account(account_id).rcps if account_id else None
    if levels is None:
        own = tuple(one for one in evidence.placed.get(account_id, ()) if is_resource_control(one))
        levels = (own,) if own else ()
    return tuple(tuple(_limit(one, True) for one in level) for level in levels)
