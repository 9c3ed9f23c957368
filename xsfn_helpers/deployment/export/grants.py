"""What the CDK grants the Operator role when it is let, and which link of the chain needs it: decided by the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.chain.documents import POLICY_VERSION, execute_role_trust
from xsfn_helpers.chain.links import Actor, Link, Node, chain
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import ConfigError, ToolMissing
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.export.folder import Export
from xsfn_helpers.deployment.export.routes import Route
from xsfn_helpers.deployment.export.synthesis import synthesise
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide


@dataclass(frozen=True, slots=True)
class DeployerGrant:
    """One statement that the CDK adds. `opens` are the links that it makes possible; `why` tells why no other."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    opens: tuple[Link, ...]
    why: str

    @property
    def reason(self) -> str:
        """What needs it, or why nothing does."""
        if self.opens:
            links = tr(", ").join(tr("link {number}", number=link.number) for link in self.opens)
            return tr("needed for {links}", links=links)
        return tr("not needed: {why}", why=self.why)

    def __str__(self) -> str:
        sign = "✓" if self.opens else "✗"
        resources = tr("on {resources}", resources=", ".join(self.resources))
        return f"{sign} {', '.join(self.actions)}\n    {resources}\n    {self.reason}"


@dataclass(frozen=True, slots=True)
class Grants(Renderable):
    """All of them; or, where the CDK can't run here, what it lacks."""

    grants: tuple[DeployerGrant, ...]
    missing: str = ""

    def __iter__(self) -> Iterator[DeployerGrant]:
        return iter(self.grants)

    @property
    def heading(self) -> str:
        needed = sum(bool(grant.opens) for grant in self.grants)
        return tr(
            "The CDK adds {count} statements to the Operator role; the chain needs {needed} of them",
            count=len(self.grants),
            needed=needed,
        )

    def __str__(self) -> str:
        if self.missing:
            return tr("… not tried: {missing}", missing=self.missing)
        lines = (f"  {line}" for grant in self.grants for line in str(grant).splitlines())
        return "\n".join([self.heading, *lines])


def grants_of(export: Export, scenario: Scenario) -> Grants:
    """Synthesise the app as the CDK would have it, and judge each statement that it adds to the Operator role.

    Raises `ConfigError` for an export of another route, and in the CDK's words for an app that it doesn't take.
    """
    if export.route is not Route.CDK:
        raise ConfigError(
            tr("This is an export of {route}.", route=export.route.value), fix=tr('Take the one of lab.export("cdk").')
        )
    try:
        template = synthesise(export, context={"cdk_grants": "yes"}).templates[Side.OPERATOR]
    except ToolMissing as error:
        return Grants((), error.what)
    return Grants(tuple(judged(statement, scenario) for statement in _statements(json.loads(template), scenario)))


def _statements(template: Mapping[str, Any], scenario: Scenario) -> Iterator[Mapping[str, Any]]:
    """Those the CDK adds, in a policy of its own beside the one that the app writes into the role."""
    # Showing what was judged needs none of the sandbox's CloudFormation.
    from xsfn_helpers.sandbox.cloudformation.functions import Surroundings

    def unknown(name: str, *_: str) -> str:
        raise ConfigError(
            tr("A permission names {name}, which only a deployment knows.", name=name), where=tr("Operator template")
        )

    values = {"AWS::Partition": scenario.partition, "AWS::Region": scenario.region}
    around = Surroundings({**values, "AWS::AccountId": scenario.operator.id}, unknown, unknown, {})
    resources = template["Resources"].values()
    for policy in [one["Properties"] for one in resources if one["Type"] == "AWS::IAM::Policy"]:
        yield from around.resolve(policy["PolicyDocument"])["Statement"]


def judged(statement: Mapping[str, Any], scenario: Scenario) -> DeployerGrant:
    """One statement of the Operator role's permissions policy, held against each link of the chain."""
    document = json.dumps({"Version": POLICY_VERSION, "Statement": [dict(statement)]})
    policy = Policy.parse(document, kind=PolicyKind.IDENTITY, name="Operator role's policy")
    opens = tuple(
        link for link in chain(scenario) if link.asker is Actor.OPERATOR_ROLE and _allowed(policy, link, scenario)
    )
    return DeployerGrant(
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
            return tr(
                "the execute role makes the request of link {number}; the Operator role's would be denied {aws_reason}",
                number=link.number,
                aws_reason=decision.aws_reason,
            )
    actions = {action for statement in policy.statements for action in statement.actions or ()}
    wanted = [link for link in chain(scenario) if link.action in actions and link.asker is Actor.EXECUTE_ROLE]
    if wanted:
        return tr(
            "the execute role makes the requests of links {numbers}, on executions in the {subject}",
            numbers=listed(link.number for link in wanted),
            subject=scenario.subject,
        )
    return tr("no link needs it: across accounts .sync:2 polls, and no rule here sees the other account's events")


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
