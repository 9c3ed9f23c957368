"""How both accounts stand: what is there of the lab's things, and each link decided from it. Reads, never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from xsfn_helpers.aws_errors import told
from xsfn_helpers.chain import Node
from xsfn_helpers.ground import Ground
from xsfn_helpers.news import Called
from xsfn_helpers.scenario import Scenario, Side
from xsfn_helpers.verdicts import StoredRoles, Verdict, decide_from, read_roles

# A stack may hold any of the chain's things.
_OF_STACKS: Final = ("CreateStack", "UpdateStack", "DeleteStack")


@dataclass(frozen=True, slots=True)
class Standing:
    """The three roles as stored, the two state machines' being there, and what follows for each link."""

    scenario: Scenario
    roles: StoredRoles
    machines: frozenset[Node]
    verdicts: tuple[Verdict, ...]

    @property
    def absent(self) -> frozenset[Node]:
        """The boxes of the diagram that don't exist yet."""
        machines = {Node.OPERATOR_MACHINE, Node.SUBJECT_MACHINE}
        return frozenset(node for node, role in self.roles.items() if role is None) | (machines - self.machines)


def read_standing(ground: Ground) -> Standing:
    """One reading of both accounts. Raises `StepError` in AWS's words when it may not be read."""
    scenario = ground.scenario
    roles = read_roles(ground)
    machines = (
        (Node.OPERATOR_MACHINE, Side.OPERATOR, scenario.operator_machine_arn),
        (Node.SUBJECT_MACHINE, Side.SUBJECT, scenario.subject_machine_arn),
    )
    there = frozenset(node for node, side, arn in machines if _is_there(ground, side, arn))
    return Standing(scenario, roles, there, decide_from(scenario, roles))


def may_change(scenario: Scenario, called: Called) -> bool:
    """Whether a call may have changed how the accounts stand: it is about one of the chain's roles or machines, about
    a managed policy, or about a stack of things."""
    ours = {
        scenario.operator_role_name,
        scenario.execute_role_name,
        scenario.subject_role_name,
        scenario.operator_machine_name,
        scenario.subject_machine_name,
        scenario.operator_machine_arn,
        scenario.subject_machine_arn,
    }
    if called.is_of_executions:
        return False
    return (
        called.operation in _OF_STACKS or bool(ours & called.names) or any(":policy/" in name for name in called.names)
    )


def _is_there(ground: Ground, side: Side, machine_arn: str) -> bool:
    states = ground.states(side)
    with told(ground.scenario.account(side)):
        try:
            states.describe_state_machine(stateMachineArn=machine_arn)
        except states.exceptions.StateMachineDoesNotExist:
            return False
    return True
