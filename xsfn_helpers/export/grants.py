"""What the CDK grants the Operator role when it is let, and which link of the chain needs it: decided by the engine."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.chain import Actor, Link, Node, chain
from xsfn_helpers.documents import POLICY_VERSION, execute_role_trust, json_text
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide
from xsfn_helpers.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement of the Operator role. `opens` are the links that it makes possible; `why` tells why no other."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    opens: tuple[Link, ...]
    why: str

    def __str__(self) -> str:
        needed = ", ".join(f"link {link.number}" for link in self.opens)
        sign = "✓" if self.opens else "✗"
        return (
            f"{sign} {', '.join(self.actions)}\n    on {', '.join(self.resources)}\n"
            f"    {f'needed for {needed}' if self.opens else f'not needed: {self.why}'}"
        )


@dataclass(frozen=True, slots=True)
class Grants:
    """All of them; or, where the CDK can't run here, what it lacks."""

    grants: tuple[Grant, ...]
    missing: str = ""

    def __iter__(self) -> Iterator[Grant]:
        return iter(self.grants)

    def __str__(self) -> str:
        if self.missing:
            return f"… not tried: {self.missing}"
        needed = sum(bool(grant.opens) for grant in self.grants)
        return "\n".join(
            [
                f"The Operator role, as the CDK grants it: {needed} of {len(self.grants)} statements needed",
                *self._lines(),
            ]
        )

    def _lines(self) -> Iterator[str]:
        return (f"  {line}" for grant in self.grants for line in str(grant).splitlines())

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        return {"text/plain": str(self)}


def judged(statement: Mapping[str, Any], scenario: Scenario) -> Grant:
    """One statement of the Operator role's permission policy, held against each link of the chain."""
    document = json.dumps({"Version": POLICY_VERSION, "Statement": [dict(statement)]})
    policy = Policy.parse(document, kind=PolicyKind.IDENTITY, name="Operator role's policy")
    opens = tuple(
        link for link in chain(scenario) if link.asker is Actor.OPERATOR_ROLE and _allowed(policy, link, scenario)
    )
    return Grant(
        _as_texts(statement["Action"]), _as_texts(statement["Resource"]), opens, "" if opens else _why(policy, scenario)
    )


def _allowed(policy: Policy, link: Link, scenario: Scenario) -> bool:
    trust = None
    if link.target is Node.EXECUTE_ROLE:
        trust = Policy.parse(json_text(execute_role_trust(scenario)), kind=PolicyKind.TRUST, name="trust policy")
    return decide(_asked_by_operator(link, scenario), Policies(identity=(policy,), resource=trust)).allowed


def _why(policy: Policy, scenario: Scenario) -> str:
    """Why a statement is of no use: what would become of each link's request, were it made by the Operator role."""
    for link in chain(scenario):
        if link.asker is not Actor.EXECUTE_ROLE:
            continue
        decision = decide(_asked_by_operator(link, scenario), Policies(identity=(policy,)))
        if decision.aws_reason.startswith("because no resource-based"):
            return (
                f"link {link.number} is asked by the execute role; from the Operator role it would be refused "
                f"{decision.aws_reason}"
            )
    subject = scenario.subject
    actions = {action for statement in policy.statements for action in statement.actions or ()}
    wanted = [link for link in chain(scenario) if link.action in actions and link.asker is Actor.EXECUTE_ROLE]
    if wanted:
        numbers = " and ".join(str(link.number) for link in wanted)
        return f"links {numbers} are about executions in the {subject}, asked by the execute role"
    return (
        "no link asks for it; across accounts .sync:2 polls, and no rule in this account would see the other's events"
    )


def _asked_by_operator(link: Link, scenario: Scenario) -> Request:
    account_id = scenario.operator.id
    arn = f"arn:{scenario.partition}:sts::{account_id}:assumed-role/{scenario.operator_role_name}/any-session"
    return Request(
        principal=Principal.parse(arn, role_arn=scenario.operator_role_arn),
        action=link.action,
        resource=link.resource,
        resource_account=link.resource_account.id,
        context=dict(link.context),
    )


def _as_texts(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
