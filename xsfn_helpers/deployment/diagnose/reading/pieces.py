"""What files in a repository say: roles, state machines, and where each of their documents is written. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Final

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.arns import account_of, role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import (
    DEFINITION,
    TRUST,
    WITHHELD,
    MachineSeen,
    NotSeen,
    PolicySeen,
    ResourcePolicy,
    RoleSeen,
    Spot,
    read_document,
)
from xsfn_helpers.deployment.diagnose.reading.generated_names import generated_name
from xsfn_helpers.deployment.diagnose.reading.own_policies import joined
from xsfn_helpers.deployment.diagnose.reading.texts import Written

_WHOSE: Final = mark("whose it is shows only at deployment")
_TWICE: Final = mark("two files make it and say different things: which of them is deployed isn't known")
_WHICH: Final = mark("it is written twice: which of them is made shows only at deployment")
_ONE_NAME: Final = mark("two policies have this name, of which the role has the one that is written last")
_LIMITS: Final = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_GOVERNMENT: Final = "us-gov-"
_CHINA: Final = "cn-"
# What stands for the unique part of a name that CloudFormation makes, and how long the rest of it can be.
UNIQUE: Final = "-XXXXXXXXXXXX"
_SYMBOL: Final = re.compile(r"\$\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class StackNames:
    """What a stack is called; `made` are names that CloudFormation made in it, by the paths of logical IDs to them."""

    name: str
    made: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MadeName:
    """What has no name of its own: its logical ID, those of the nested stacks that it is in, and what names it."""

    logical: str
    within: tuple[str, ...] = ()
    after_stack: bool = True

    @property
    def path(self) -> str:
        return "/".join((*self.within, self.logical))


@dataclass(frozen=True, slots=True)
class StackSite:
    """Where a template is deployed: the stack's name, its account and region; and the nested stacks it is in."""

    name: str
    account: str
    region: str
    made: tuple[tuple[str, str], ...] = ()
    within: tuple[str, ...] = ()

    def generated(self, logical: str, *, after_stack: bool = True) -> str:
        """The name that CloudFormation makes for what has none, with `UNIQUE` for what nobody knows of it.

        Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
        """
        name = f"{generated_name(self.name if after_stack else '', logical)}{UNIQUE}"
        return dict(self.made).get(MadeName(logical, self.within).path, name)

    @property
    def partition(self) -> str:
        if self.region.startswith(_GOVERNMENT):
            return "aws-us-gov"
        return "aws-cn" if self.region.startswith(_CHINA) else "aws"

    def role(self, name: str, path: str = "/") -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{path}{name}"

    def managed_policy(self, name: str, path: str = "/") -> str:
        return f"arn:{self.partition}:iam::{self.account}:policy{path}{name}"

    def regional(self, service: str, rest: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{rest}"


@dataclass(slots=True)
class Pieces:
    """Everything said so far. A role that is made in one file can get its policies in another."""

    roles: dict[str, RoleSeen] = field(default_factory=dict)
    machines: dict[str, MachineSeen] = field(default_factory=dict)
    spots: dict[tuple[str, str], Spot] = field(default_factory=dict)
    managed: dict[str, Document] = field(default_factory=dict)
    not_seen: list[NotSeen] = field(default_factory=list)
    of_resources: dict[str, ResourcePolicy] = field(default_factory=dict)
    # The ARNs of what else a template makes, of which others may speak.
    named: set[str] = field(default_factory=set)
    # What CloudFormation makes a name for.
    generated: set[MadeName] = field(default_factory=set)
    # Policies of an organization: of which it isn't known whom they limit, and those that limit an account for certain.
    unplaced: list[PolicySeen] = field(default_factory=list)
    placed: dict[str, list[PolicySeen]] = field(default_factory=dict)
    _attached: list[tuple[str, PolicySeen]] = field(default_factory=list)
    # Policies of which nobody can tell whose they are, with a pattern of the role's ARN.
    _of_some_role: list[tuple[str, PolicySeen]] = field(default_factory=list)
    _looked_up: dict[str, RoleSeen] = field(default_factory=dict)
    _made: dict[str, RoleSeen] = field(default_factory=dict)
    # Whether it is Terraform's plan or state; and the roles that are in one.
    is_shown: bool = False
    _shown: set[str] = field(default_factory=set)

    def add_role(self, role: RoleSeen, spot: Spot | None = None) -> None:
        known = self.roles.get(role.arn)
        if known is not None:  # two files of one role: a trust policy here, its permissions there
            role = replace(
                role,
                trust=role.trust or known.trust,
                policies=(*known.policies, *(one for one in role.policies if one not in known.policies)),
                policies_listed=known.policies_listed or role.policies_listed,
                boundary=role.boundary or known.boundary,
            )
        self.roles[role.arn] = role
        if spot is not None:
            self.spots[role.arn, TRUST] = spot

    def add_looked_up(self, role: RoleSeen) -> None:
        """A role that is made elsewhere and merely named here: it has policies that this doesn't show."""
        self._looked_up[role.arn] = replace(role, policies_listed=False)

    def add_machine(self, machine: MachineSeen, spot: Spot) -> None:
        before = self.machines.get(machine.arn)
        if before is not None and before != machine:  # each on a condition of its own
            machine = replace(machine, definition=WITHHELD, lost=tr(_WHICH))
            self.not_seen.append(NotSeen(machine.account, tr("the definition of {arn}", arn=machine.arn), machine.lost))
        self.machines[machine.arn] = machine
        self.spots[machine.arn, DEFINITION] = spot

    def add_resource_policy(self, arn: str, policy: ResourcePolicy) -> None:
        """A policy, or one statement of it, that a resource has itself."""
        self.of_resources[arn] = joined(self.of_resources.get(arn), policy)

    def limit(self, kind: str, name: str, content: object, targets: list[str]) -> None:
        """A service or resource control policy, and what it is attached to: accounts, or what isn't looked into."""
        if kind not in _LIMITS:
            return
        arn = f"arn:aws:organizations::aws:policy/o/{kind.lower()}/{name}"
        seen = policy_seen(name, content, arn)
        if not targets or not all(one.isdigit() for one in targets):
            self.unplaced.append(seen)
        for account in targets:
            self.placed.setdefault(account, []).append(seen)

    def take_in(self, other: Pieces) -> None:
        """Everything that another file, or stack, says."""
        whole = other.assembled()
        if other.is_shown:
            self._shown |= other.roles.keys()
        for role in other.roles.values():
            self.add_role(role)
            self._check_twin(whole[role.arn])
        self.machines |= other.machines
        self.spots |= other.spots
        self.managed |= other.managed
        for arn, policy in other.of_resources.items():
            self.add_resource_policy(arn, policy)
        self.not_seen += other.not_seen
        self._attached += other._attached
        self.unplaced += other.unplaced
        for account, limits in other.placed.items():
            self.placed.setdefault(account, []).extend(limits)
        self._of_some_role += other._of_some_role
        self._looked_up |= other._looked_up

    def _check_twin(self, role: RoleSeen) -> None:
        """Two that make one role and say different things: which of them is deployed, nobody knows."""
        before = self._made.setdefault(role.arn, role)
        if role.arn in self._shown:
            # What Terraform shows is how it is, or will be; its source beside it says the same, less exactly.
            self.roles[role.arn] = before
            return
        same_trust = before.trust == role.trust
        both = before.policies_listed and role.policies_listed
        same = same_trust and (not both or (before.policies, before.boundary) == (role.policies, role.boundary))
        if before.trust is None or role.trust is None or same:
            return
        known = self.roles[role.arn]
        trust = known.trust if same_trust else None
        self.roles[role.arn] = replace(known, trust=trust, policies_listed=False)
        self.not_seen.append(NotSeen(role.account, tr("the role {arn}", arn=role.arn), tr(_TWICE)))

    def attach(self, role_arn: str, policy: PolicySeen, spot: Spot | None = None) -> None:
        """A policy of a role that may be told of later, or nowhere."""
        self._attached.append((role_arn, policy))
        if spot is not None:
            self.spots[role_arn, policy.name] = spot

    def attach_to_some(self, pattern: str, policy: PolicySeen) -> None:
        """A policy of a role of which only a pattern of the ARN is known: each that may be meant may have it."""
        known = _SYMBOL.sub("*", pattern)
        self._of_some_role.append((known, replace(policy, unsure=policy.unsure or tr(_WHOSE))))

    def texts(self) -> Iterator[str]:
        """Everything that its documents say, as texts."""
        for machine in self.machines.values():
            yield machine.definition
        for role in self.assembled().values():
            documents = [role.trust, *(one.document for one in role.policies), role.boundary and role.boundary.document]
            yield json.dumps(documents)
        yield json.dumps([one.document for one in self.of_resources.values()])

    def assembled(self) -> dict[str, RoleSeen]:
        """The roles with all policies that any file gives them."""
        roles = {**self._looked_up, **self.roles}
        for arn, policy in self._attached:
            role = roles.get(arn)
            if role is None:
                # Only a policy of it is here: what else it may do, and whom it trusts, isn't.
                role = RoleSeen(arn, policies_listed=False)
            roles[arn] = replace(role, policies=_with_policy(role.policies, policy))
            if arn not in self.roles:
                self._of_a_twin(arn, policy, roles)
        for pattern, policy in self._of_some_role:
            for arn, role in roles.items():
                if fnmatchcase(_SYMBOL.sub("*", arn), pattern) or fnmatchcase(pattern, _SYMBOL.sub("*", arn)):
                    roles[arn] = replace(role, policies=(*role.policies, policy))
        return {arn: self._read(role) for arn, role in roles.items()}

    def _of_a_twin(self, arn: str, policy: PolicySeen, roles: dict[str, RoleSeen]) -> None:
        """A policy of a role that no file makes: one whose name is filled in at deployment may be the one meant."""
        for other, role in roles.items():
            if other != arn and _SYMBOL.search(other) and fnmatchcase(arn, _SYMBOL.sub("*", other)):
                perhaps = replace(policy, unsure=policy.unsure or tr(_WHOSE))
                roles[other] = replace(role, policies=(*role.policies, perhaps))

    def _read(self, role: RoleSeen) -> RoleSeen:
        return replace(
            role,
            policies=tuple(self._with_document(one) for one in role.policies),
            boundary=None if role.boundary is None else self._with_document(role.boundary),
        )

    def _with_document(self, policy: PolicySeen) -> PolicySeen:
        if policy.document is not None or policy.arn not in self.managed:
            return policy
        return replace(policy, document=self.managed[policy.arn], why_not="")


def _with_policy(known: tuple[PolicySeen, ...], more: PolicySeen) -> tuple[PolicySeen, ...]:
    """The policies of a role with one more; of two inline ones of one name nobody can tell which the role has."""
    twins = [one for one in known if (one.name, one.arn) == (more.name, more.arn)]
    same = next((one for one in twins if replace(one, unsure="") == replace(more, unsure="")), None)
    if same is not None:
        plain = same if same.unsure in ("", tr(_ONE_NAME)) else replace(same, unsure=more.unsure)
        return tuple(plain if one is same else one for one in known)
    if not twins or more.arn:
        return known if twins else (*known, more)
    doubtful = tuple(replace(one, unsure=tr(_ONE_NAME)) if one in twins else one for one in known)
    return (*doubtful, replace(more, unsure=tr(_ONE_NAME)))


def spot_of(file: str, written: Written, *path: str | int, document: object = None) -> Spot:
    """Where in a file a document is, and each of its statements."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    count = len(statements) if isinstance(statements, list) else 0
    lines = tuple(written.line(*path, "Statement", index) for index in range(count))
    return Spot(file, written.line(*path), lines)


def shows_later(given: object) -> str:
    """Why something can't be read before it is deployed, with the values that it hangs on."""
    values = dict.fromkeys(_SYMBOL.findall(given)) if isinstance(given, str) else ()
    if values:
        return tr("it shows only at deployment, by {values}", values=tr(", ").join(values))
    return tr("it shows only at deployment")


def policy_seen(name: str, given: object, arn: str = "") -> PolicySeen:
    """A policy as a template or a file has it; one that is no document is named with that."""
    document = read_document(given)
    if document is None:
        return PolicySeen(name, arn, why_not=shows_later(given))
    return PolicySeen(name, arn, document)


def managed_policy(arn: str) -> PolicySeen:
    """A managed policy by its ARN alone."""
    return PolicySeen(arn.rpartition("/")[2] or arn, arn, why_not=tr("no file holds it"))


def roles_by_name(roles: Mapping[str, Any], name: str, account: str) -> list[str]:
    """The ARNs of an account's roles of this name."""
    return [arn for arn in roles if role_name(arn) == name and account_of(arn) == account]
