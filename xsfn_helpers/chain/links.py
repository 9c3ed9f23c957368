"""The access chain as data: every request of a cross-account run, in order, and who decides it.

The same links are drawn, built, checked, run and broken. Pure.
Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from xsfn_helpers.chain.scenario import Account, Scenario
from xsfn_helpers.chain.targets import Grant, Target, WorksAs, article_targets
from xsfn_helpers.common.aws_names import LAMBDA_PRINCIPAL, STATES_PRINCIPAL
from xsfn_helpers.common.language import mark, tr


class Actor(StrEnum):
    """Who asks for a link."""

    STEP_FUNCTIONS = "Step Functions"
    OPERATOR_ROLE = mark("Operator role")
    EXECUTE_ROLE = mark("execute role")
    LAMBDA = "Lambda"


class Node(StrEnum):
    """What a link can point at; also the boxes of the diagram."""

    OPERATOR_MACHINE = mark("Operator state machine")
    OPERATOR_ROLE = mark("Operator role")
    EXECUTE_ROLE = mark("execute role")
    SUBJECT_MACHINE = mark("Subject state machine")
    SUBJECT_EXECUTION = mark("Subject execution")
    SUBJECT_ROLE = mark("Subject role")
    TARGET = mark("target")


class DeciderKind(StrEnum):
    TRUST = mark("trust policy")
    PERMISSION = mark("permissions policy")


@dataclass(frozen=True, slots=True)
class Decider:
    """One policy that has a say: whose, of which kind, in which account."""

    role: Node
    role_arn: str
    kind: DeciderKind
    account: Account

    def __str__(self) -> str:
        return tr("{role}'s {kind} in {account}", role=tr(self.role), kind=tr(self.kind), account=self.account)


@dataclass(frozen=True, slots=True)
class Link:
    """One request of the chain.

    `principal` is the ARN (or service name) that asks; `resource` may end in `:*` for "every execution of the machine".
    `context` holds the condition keys that Step Functions sends with the request. All `deciders` must say yes. `thing`
    names what is asked for where that is none of the article's boxes.
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
    thing: str = ""

    @property
    def id(self) -> str:
        return f"link-{self.number}"

    def __str__(self) -> str:
        return f"{self.number}. {tr(self.asker)} -> {self.action} -> {self.thing or tr(self.target)}"


LINK_NUMBERS: Final = (1, 2, 3, 4, 5, 6)


def chain(scenario: Scenario, targets: Sequence[Target] | None = None) -> tuple[Link, ...]:
    """The links of `scenario`, in the order in which a run makes them: the article's six, or those to other `targets`.

    Links 1 and 2 are the same whatever is reached; then come the requests for each target, and last, for each that
    works as a role, that role being assumed.
    """
    reached = article_targets(scenario) if targets is None else tuple(targets)
    grants = [grant for target in reached for grant in target.grants]
    workers = [target.works_as for target in reached if target.works_as]
    assumed = Decider(Node.SUBJECT_ROLE, scenario.subject_role_arn, DeciderKind.TRUST, scenario.subject)
    return (
        *_to_the_execute_role(scenario),
        *(_as_execute_role(number, scenario, grant) for number, grant in enumerate(grants, start=3)),
        *(_as_service(number, worker, assumed) for number, worker in enumerate(workers, start=3 + len(grants))),
    )


def _to_the_execute_role(scenario: Scenario) -> tuple[Link, Link]:
    operator_trust = Decider(Node.OPERATOR_ROLE, scenario.operator_role_arn, DeciderKind.TRUST, scenario.operator)
    own_machine = WorksAs(
        STATES_PRINCIPAL, scenario.operator_machine_arn, tr("when the Operator execution runs its task")
    )
    return (
        _as_service(1, own_machine, operator_trust),
        Link(
            number=2,
            asker=Actor.OPERATOR_ROLE,
            principal=scenario.operator_role_arn,
            action="sts:AssumeRole",
            target=Node.EXECUTE_ROLE,
            resource=scenario.execute_role_arn,
            resource_account=scenario.subject,
            deciders=(
                replace(operator_trust, kind=DeciderKind.PERMISSION),
                Decider(Node.EXECUTE_ROLE, scenario.execute_role_arn, DeciderKind.TRUST, scenario.subject),
            ),
            when=tr("when the task state has Credentials.RoleArn"),
            context={"sts:ExternalId": scenario.external_id},
        ),
    )


def _as_execute_role(number: int, scenario: Scenario, grant: Grant) -> Link:
    target = Node(grant.on) if grant.on in _BOXES else Node.TARGET
    return Link(
        number=number,
        asker=Actor.EXECUTE_ROLE,
        principal=scenario.execute_role_arn,
        action=grant.action,
        target=target,
        resource=grant.resource,
        resource_account=scenario.subject,
        deciders=(Decider(Node.EXECUTE_ROLE, scenario.execute_role_arn, DeciderKind.PERMISSION, scenario.subject),),
        when=grant.when,
        thing=grant.on if target is Node.TARGET else "",
    )


def _as_service(number: int, worker: WorksAs, decider: Decider) -> Link:
    return Link(
        number=number,
        asker=_SERVICES[worker.service],
        principal=worker.service,
        action="sts:AssumeRole",
        target=decider.role,
        resource=decider.role_arn,
        resource_account=decider.account,
        deciders=(decider,),
        when=worker.when,
        context={"aws:SourceArn": worker.source, "aws:SourceAccount": decider.account.id},
    )


_BOXES: Final = frozenset((Node.SUBJECT_MACHINE.value, Node.SUBJECT_EXECUTION.value))
_SERVICES: Final = {STATES_PRINCIPAL: Actor.STEP_FUNCTIONS, LAMBDA_PRINCIPAL: Actor.LAMBDA}
