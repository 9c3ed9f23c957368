"""Whole set-ups with a document of every kind in them, and each of those documents to be changed or taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.deployment.diagnose.test_truth import set_up
from tests.deployment.diagnose.works import Document, Form, Integration, S
from xsfn_helpers.deployment.diagnose.calls import calls_of
from xsfn_helpers.deployment.diagnose.evidence import Evidence, PolicySeen, ResourcePolicy, RoleSeen
from xsfn_helpers.deployment.diagnose.least_privilege import minimal_policy, needs
from xsfn_helpers.deployment.diagnose.reading.own_policies import owner_of
from xsfn_helpers.deployment.diagnose.tasks import read_tasks

KEY: Final = f"arn:aws:kms:{S.region}:{S.operator_account_id}:key/11111111-2222-3333-4444-555555555555"
_ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_USES_KEY: Final = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}
ROLES: Final = (S.operator_role_arn, S.execute_role_arn, S.subject_role_arn)


def policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def furnished(integration: Integration, form: Form) -> Evidence:
    """Every link allowed, by documents of every kind: two inline and managed policies a role, boundaries, an
    organization's policies, the policies of a key and of what is called.
    """
    resource, arguments = integration
    evidence = set_up(resource, arguments)
    definition = json.dumps(form.of(resource, arguments))
    evidence = evidence.with_machine(replace(evidence.machine, definition=definition, key=KEY))
    tasks = read_tasks(definition)
    needed = needs(evidence, tasks)
    for arn in (S.operator_role_arn, S.execute_role_arn):
        role = evidence.role(arn)
        wanted = minimal_policy(tuple((action, of or "*") for action, of in needed.get(arn, ())))
        assert role is not None
        evidence = evidence.with_role(_with_policies(role, wanted["Statement"] if wanted is not None else []))
    of_resources = {KEY: ResourcePolicy(policy(_opens(S.operator_role_arn)))}
    for task in tasks:
        for call in calls_of(task, evidence).calls:
            if call.has_resource_policy and call.resource and (owner := owner_of(call.resource)):
                of_resources[owner] = ResourcePolicy(policy(_opens(S.execute_role_arn)))
    accounts = {
        account.id: replace(
            account,
            scps=((_full("scp"),), (_full("scp"), _full("more"))),
            rcps=((_full("RCPFullAWSAccess", of_resources=True), _limit()),),
        )
        for account in evidence.accounts.values()
    }
    return replace(evidence, accounts=accounts, of_resources=of_resources)


def _with_policies(role: RoleSeen, statements: list[Document]) -> RoleSeen:
    account = role.account
    kinds = [
        PolicySeen("inline", document=policy(*statements[::2], _USES_KEY)),
        PolicySeen("own", f"arn:aws:iam::{account}:policy/own", policy(*statements[1::2], _logs())),
        PolicySeen("AWSXRayDaemonWriteAccess", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess", policy(_logs())),
    ]
    fence = PolicySeen("fence", f"arn:aws:iam::{account}:policy/fence", policy(_ALL))
    return replace(role, policies=tuple(kinds), boundary=fence, tags={"team": "blue"})


def _logs() -> Document:
    return {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}


def _opens(role: str) -> Document:
    return {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "*", "Resource": "*"}


def _full(name: str, *, of_resources: bool = False) -> PolicySeen:
    statement = {**_ALL, "Principal": "*"} if of_resources else _ALL
    kind = "resource_control_policy" if of_resources else "service_control_policy"
    return PolicySeen(name, f"arn:aws:organizations::333333333333:policy/o-1/{kind}/p-{name}", policy(statement))


def _limit() -> PolicySeen:
    """A resource control policy of one's own only denies, and is for everybody.

    Source: docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
    """
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:ListBucket", "Resource": "*"}
    return replace(_full("limit", of_resources=True), document=policy(statement))


@dataclass(frozen=True)
class Place:
    """One document of a set-up. `put` gives the set-up with another in its place; None for one that wasn't read.

    `names` tells whether its statements have principals; `limits` whether they only deny, everybody.
    """

    title: str
    document: Document
    put: Callable[[Document | None], Evidence]
    names: bool = False
    trust: bool = False
    limits: bool = False


def places_of(evidence: Evidence) -> Iterator[Place]:
    """Every document there is."""
    for arn in ROLES:
        role = evidence.role(arn)
        if role is not None:
            yield from _of_role(evidence, role)
    for account in evidence.accounts.values():
        for kind in ("scps", "rcps"):
            levels: tuple[tuple[PolicySeen, ...], ...] = getattr(account, kind)
            for at, level in enumerate(levels):
                for place, one in enumerate(level):
                    if one.name == "RCPFullAWSAccess":
                        continue  # AWS's own, which nobody changes or takes away

                    def put(
                        document: Document | None,
                        account: Any = account,
                        kind: str = kind,
                        at: int = at,
                        place: int = place,
                        one: PolicySeen = one,
                        levels: Any = levels,
                    ) -> Evidence:
                        changed = _replaced(levels[at], place, _seen(one, document))
                        parts: dict[str, Any] = {kind: _replaced(levels, at, changed)}
                        return replace(evidence, accounts={**evidence.accounts, account.id: replace(account, **parts)})

                    assert one.document is not None
                    yield Place(f"{kind} {account.id}", one.document, put, names=kind == "rcps", limits=kind == "rcps")
    for arn, own in evidence.of_resources.items():

        def put_own(document: Document | None, arn: str = arn) -> Evidence:
            rest = {key: value for key, value in evidence.of_resources.items() if key != arn}
            return replace(evidence, of_resources=rest | ({arn: ResourcePolicy(document)} if document else {}))

        assert own.document is not None
        yield Place(arn, own.document, put_own, names=True)


def _of_role(evidence: Evidence, role: RoleSeen) -> Iterator[Place]:
    assert role.trust is not None
    yield Place(
        f"trust {role.name}",
        role.trust,
        lambda document: evidence.with_role(replace(role, trust=document)),
        names=True,
        trust=True,
    )
    for at, one in enumerate(role.policies):

        def put(document: Document | None, at: int = at, one: PolicySeen = one) -> Evidence:
            return evidence.with_role(replace(role, policies=_replaced(role.policies, at, _seen(one, document))))

        assert one.document is not None
        yield Place(f"{one.name} {role.name}", one.document, put)
    if role.boundary is not None:
        fence = role.boundary
        assert fence.document is not None
        yield Place(
            f"boundary {role.name}",
            fence.document,
            lambda document: evidence.with_role(replace(role, boundary=_seen(fence, document))),
        )


def _seen(one: PolicySeen, document: Document | None) -> PolicySeen:
    return replace(one, document=document, why_not="" if document else "AccessDenied")


def _replaced(some: tuple[Any, ...], at: int, new: Any) -> tuple[Any, ...]:
    return (*some[:at], new, *some[at + 1 :])


def with_less(evidence: Evidence) -> Iterator[tuple[str, Evidence]]:
    """The set-up with one thing fewer read: a document, a role, a list, tags, a state machine."""
    for place in places_of(evidence):
        yield place.title, place.put(None)
    for arn in ROLES:
        role = evidence.role(arn)
        if role is None:
            continue
        yield f"tags {arn}", evidence.with_role(replace(role, tags=None))
        yield f"list {arn}", evidence.with_role(replace(role, policies=role.policies[:-1], policies_listed=False))
        yield f"in full {arn}", evidence.with_role(replace(role, policies=(), boundary=None, tags=None, in_full=False))
        account = evidence.account(role.account)
        left = {key: one for key, one in account.roles.items() if key != arn}
        yield f"role {arn}", _with(evidence, replace(account, roles=left, all_roles=None))
    for account in evidence.accounts.values():
        yield f"roles {account.id}", _with(evidence, replace(account, all_roles=None))
        yield f"machines {account.id}", _with(evidence, replace(account, all_machines=None))
        others = {key: one for key, one in account.machines.items() if key == evidence.machine.arn}
        yield f"child {account.id}", _with(evidence, replace(account, machines=others, all_machines=None))
    yield "definition", evidence.with_machine(replace(evidence.machine, definition="{}"))


def _with(evidence: Evidence, account: Any) -> Evidence:
    return replace(evidence, accounts={**evidence.accounts, account.id: account})
