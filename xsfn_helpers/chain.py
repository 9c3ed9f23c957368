"""The access chain as data: every request of a cross-account run, in order, and who decides it.

The same links are drawn, built, checked, run and broken. Pure.
Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from xsfn_helpers.documents import STATES_PRINCIPAL
from xsfn_helpers.scenario import Account, Scenario


class Actor(StrEnum):
    """Who asks for a link."""

    STEP_FUNCTIONS = "Step Functions"
    OPERATOR_ROLE = "Operator role"
    EXECUTE_ROLE = "execute role"


class Node(StrEnum):
    """What a link can point at; also the boxes of the diagram."""

    OPERATOR_MACHINE = "Operator state machine"
    OPERATOR_ROLE = "Operator role"
    EXECUTE_ROLE = "execute role"
    SUBJECT_MACHINE = "Subject state machine"
    SUBJECT_EXECUTION = "Subject execution"
    SUBJECT_ROLE = "Subject role"


class PolicyKind(StrEnum):
    TRUST = "trust policy"
    PERMISSION = "permission policy"


@dataclass(frozen=True, slots=True)
class Decider:
    """One policy that has a say: whose, of which kind, in which account."""

    role: Node
    role_arn: str
    kind: PolicyKind
    account: Account

    def __str__(self) -> str:
        return f"{self.role}'s {self.kind} in {self.account}"


@dataclass(frozen=True, slots=True)
class Link:
    """One request of the chain.

    `principal` is the ARN (or service name) that asks; `resource` may end in `:*` for "every execution of the machine".
    `context` holds the condition keys that Step Functions sends with the request. All `deciders` must say yes.
    """

    number: int
    asker: Actor
    principal: str
    action: str
    target: Node
    resource: str
    resource_account: Account
    deciders: tuple[Decider, ...]
    when: str
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"link-{self.number}"

    def __str__(self) -> str:
        return f"{self.number}. {self.asker} -> {self.action} -> {self.target}"


LINK_NUMBERS: Final = (1, 2, 3, 4, 5, 6)


def chain(scenario: Scenario) -> tuple[Link, ...]:
    """The six links of `scenario`, in the order in which a run makes them."""
    operator, subject = scenario.operator, scenario.subject
    operator_trust = Decider(Node.OPERATOR_ROLE, scenario.operator_role_arn, PolicyKind.TRUST, operator)
    operator_permission = Decider(Node.OPERATOR_ROLE, scenario.operator_role_arn, PolicyKind.PERMISSION, operator)
    execute_trust = Decider(Node.EXECUTE_ROLE, scenario.execute_role_arn, PolicyKind.TRUST, subject)
    execute_permission = Decider(Node.EXECUTE_ROLE, scenario.execute_role_arn, PolicyKind.PERMISSION, subject)
    subject_trust = Decider(Node.SUBJECT_ROLE, scenario.subject_role_arn, PolicyKind.TRUST, subject)

    def as_step_functions(number: int, machine_arn: str, decider: Decider, when: str) -> Link:
        return Link(
            number=number,
            asker=Actor.STEP_FUNCTIONS,
            principal=STATES_PRINCIPAL,
            action="sts:AssumeRole",
            target=decider.role,
            resource=decider.role_arn,
            resource_account=decider.account,
            deciders=(decider,),
            when=when,
            context={"aws:SourceArn": machine_arn, "aws:SourceAccount": decider.account.id},
        )

    def as_execute_role(number: int, action: str, target: Node, resource: str, when: str) -> Link:
        return Link(
            number=number,
            asker=Actor.EXECUTE_ROLE,
            principal=scenario.execute_role_arn,
            action=action,
            target=target,
            resource=resource,
            resource_account=subject,
            deciders=(execute_permission,),
            when=when,
        )

    return (
        as_step_functions(
            1, scenario.operator_machine_arn, operator_trust, "when the Operator execution runs its task"
        ),
        Link(
            number=2,
            asker=Actor.OPERATOR_ROLE,
            principal=scenario.operator_role_arn,
            action="sts:AssumeRole",
            target=Node.EXECUTE_ROLE,
            resource=scenario.execute_role_arn,
            resource_account=subject,
            deciders=(operator_permission, execute_trust),
            when="when the task state has Credentials.RoleArn",
            context={"sts:ExternalId": scenario.external_id},
        ),
        as_execute_role(
            3, "states:StartExecution", Node.SUBJECT_MACHINE, scenario.subject_machine_arn, "once, to start the Subject"
        ),
        as_execute_role(
            4,
            "states:DescribeExecution",
            Node.SUBJECT_EXECUTION,
            scenario.subject_executions_arn,
            "at each poll of .sync:2, until the Subject execution ends",
        ),
        as_execute_role(
            5,
            "states:StopExecution",
            Node.SUBJECT_EXECUTION,
            scenario.subject_executions_arn,
            "only when the Operator execution is stopped or times out",
        ),
        as_step_functions(6, scenario.subject_machine_arn, subject_trust, "when the Subject execution starts"),
    )
