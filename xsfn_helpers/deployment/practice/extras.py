"""What faults add to the two accounts besides the setup: made under the lab's tag, found again, and removed."""

from __future__ import annotations

from typing import Any

from xsfn_helpers.chain.documents import operator_definition, service_trust
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.practice.names import boundary_arn, loud_machine_name, twin_role_name
from xsfn_helpers.deployment.resources.iam import ManagedPolicy, Role
from xsfn_helpers.deployment.resources.resource import Resource
from xsfn_helpers.deployment.resources.state_machine import StateMachine


def extras(environment: Environment) -> tuple[Resource[Any], ...]:
    """Everything that any fault may add."""
    return (twin_role(environment), loud_machine(environment), boundary(environment))


def sweep(environment: Environment) -> Plan:
    """Remove what faults added; others' things of these names stay. Roles must have let go of it before."""
    changes = [extra.undo() for extra in extras(environment)]
    return Plan(tr("What faults added"), tuple(change for change in changes if change), done=True)


def twin_role(environment: Environment) -> Role:
    trust = json_text(service_trust(environment.scenario, environment.scenario.operator))
    return Role(environment, Side.OPERATOR, twin_role_name(environment.scenario), trust, policies=frozenset())


def loud_machine(environment: Environment) -> StateMachine:
    scenario = environment.scenario
    definition = json_text(operator_definition(scenario))
    return StateMachine(environment, Side.OPERATOR, loud_machine_name(scenario), scenario.operator_role_arn, definition)


def boundary(environment: Environment) -> ManagedPolicy:
    """The managed policy that bounds the Operator role: it allows Step Functions and logs, and no AssumeRole."""
    return ManagedPolicy(
        environment, Side.OPERATOR, boundary_arn(environment.scenario), json_text(fence(assuming=None))
    )


def fence(*, assuming: str | None) -> dict[str, Any]:
    """The boundary's document; `assuming` is a role that it lets the Operator role assume."""
    statements: list[dict[str, Any]] = [
        {"Sid": "Platform", "Effect": "Allow", "Action": ["states:*", "logs:*", "events:*"], "Resource": "*"}
    ]
    if assuming:
        statements.append(
            {"Sid": "AssumeExecuteRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": assuming}
        )
    return {"Version": "2012-10-17", "Statement": statements}
