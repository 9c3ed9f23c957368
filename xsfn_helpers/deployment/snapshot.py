"""The chain as it stands in both accounts right now: read from them, and decided. Reads, never changes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.links import Node, chain
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.verdicts import StoredRoles, Verdict, decide_from, roles_of
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment


def read_snapshot(environment: Environment) -> ChainSnapshot:
    """One reading of both accounts. Raises `StepError` in AWS's words when it may not be read."""
    scenario = environment.scenario
    roles = read_roles(environment)
    machines = (
        (Node.OPERATOR_MACHINE, Side.OPERATOR, scenario.operator_machine_arn),
        (Node.SUBJECT_MACHINE, Side.SUBJECT, scenario.subject_machine_arn),
    )
    there = frozenset(node for node, side, arn in machines if _is_there(environment, side, arn))
    return ChainSnapshot(scenario, roles, there, decide_from(scenario, roles))


_ROLES: Final = (Node.OPERATOR_ROLE, Node.EXECUTE_ROLE, Node.SUBJECT_ROLE)


def read_roles(environment: Environment, nodes: Collection[Node] = _ROLES) -> StoredRoles:
    """The roles of the chain, or these of them, as they are stored; None for one that isn't there."""
    scenario = environment.scenario
    places = {
        Node.OPERATOR_ROLE: (Side.OPERATOR, scenario.operator_role_name),
        Node.EXECUTE_ROLE: (Side.SUBJECT, scenario.execute_role_name),
        Node.SUBJECT_ROLE: (Side.SUBJECT, scenario.subject_role_name),
    }
    return {node: environment.role(*places[node]) for node in _ROLES if node in nodes}


def decide_links(environment: Environment) -> tuple[Verdict, ...]:
    """All six links, from one reading of the three roles."""
    return decide_from(environment.scenario, read_roles(environment.at_one_look()))


def decide_link(environment: Environment, number: int) -> Verdict:
    """One link, 1 to 6, from the roles that it needs. Raises `XsfnError` for any other number."""
    for link in chain(environment.scenario):
        if link.number == number:
            roles = read_roles(environment.at_one_look(), roles_of(link))
            return decide_from(environment.scenario, roles, (link,))[0]
    links = ", ".join(str(link.number) for link in chain(environment.scenario))
    raise XsfnError(tr("There is no link {number!r}.", number=number), fix=tr("The links are {links}.", links=links))


def _is_there(environment: Environment, side: Side, machine_arn: str) -> bool:
    states = environment.states(side)
    with translated(environment.scenario.account(side)):
        try:
            states.describe_state_machine(stateMachineArn=machine_arn)
        except states.exceptions.StateMachineDoesNotExist:
            return False
    return True
