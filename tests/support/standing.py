"""How the accounts stand at a stage, made from the documents alone: no sandbox, no call."""

from __future__ import annotations

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import POLICY_PLACES, role_as_made
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.verdicts import decide_from

SCENARIO = Scenario()
RECOMMENDED = Blueprint.recommended(SCENARIO)


def standing_at(stage: int, **documents: str) -> ChainSnapshot:
    """The roles as `stage` leaves them, some documents replaced; 0 stands for the prerequisites, -1 for nothing."""
    blueprint = RECOMMENDED.using(**documents)
    made = {
        Node.OPERATOR_ROLE: stage >= 0,
        Node.EXECUTE_ROLE: stage >= 1,
        Node.SUBJECT_ROLE: stage >= 0,
    }
    roles = {node: role_as_made(SCENARIO, blueprint, node) if is_made else None for node, is_made in made.items()}
    operator_role = roles[Node.OPERATOR_ROLE]
    if stage >= 2 and operator_role is not None:
        place = POLICY_PLACES["operator_role_permissions"]
        roles[Node.OPERATOR_ROLE] = place.put(operator_role, blueprint.text(place.document))
    machines = {Node.SUBJECT_MACHINE: stage >= 0, Node.OPERATOR_MACHINE: stage >= 3}
    there = frozenset(node for node, is_made in machines.items() if is_made)
    return ChainSnapshot(SCENARIO, roles, there, decide_from(SCENARIO, roles))
