"""What lives in the two accounts of the diagram, by the article's names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Account, Scenario, Side
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.plain_text import one_line

# The article's names ("図のOperatorStateMachine IAMRole" …); the article has no word for the started execution.
TITLES: Final[Mapping[Node, str]] = {
    Node.OPERATOR_MACHINE: "OperatorStateMachine",
    Node.OPERATOR_ROLE: "Operator role",
    Node.EXECUTE_ROLE: "execute role",
    Node.SUBJECT_ROLE: "Subject role",
    Node.SUBJECT_MACHINE: "SubjectStateMachine",
    Node.SUBJECT_EXECUTION: mark("Subject execution"),
}
RUNS_AS: Final[Mapping[Node, Node]] = {
    Node.OPERATOR_MACHINE: Node.OPERATOR_ROLE,
    Node.SUBJECT_MACHINE: Node.SUBJECT_ROLE,
}
ROLES: Final = frozenset({Node.OPERATOR_ROLE, Node.EXECUTE_ROLE, Node.SUBJECT_ROLE})
NOT_MADE: Final = mark("doesn't exist yet")
_SIDES: Final[Mapping[Side, tuple[Node, ...]]] = {
    Side.OPERATOR: (Node.OPERATOR_ROLE, Node.OPERATOR_MACHINE),
    Side.SUBJECT: (Node.EXECUTE_ROLE, Node.SUBJECT_ROLE, Node.SUBJECT_MACHINE, Node.SUBJECT_EXECUTION),
}


@dataclass(frozen=True, slots=True)
class Box:
    """One box inside an account: its name in the article, its name in this scenario, and whether it exists."""

    node: Node
    title: str
    name: str
    account: Account
    made: bool


def title_of(node: Node) -> str:
    """A box by its title, as the reader is told it."""
    return tr(TITLES[node])


def boxes(scenario: Scenario, side: Side, *, absent: Collection[Node]) -> tuple[Box, ...]:
    """The boxes of one account, with the names of `scenario`; those in `absent` aren't made yet."""
    names = {
        Node.OPERATOR_MACHINE: scenario.operator_machine_name,
        Node.OPERATOR_ROLE: scenario.operator_role_name,
        Node.EXECUTE_ROLE: scenario.execute_role_name,
        Node.SUBJECT_ROLE: scenario.subject_role_name,
        Node.SUBJECT_MACHINE: scenario.subject_machine_name,
        Node.SUBJECT_EXECUTION: f"{scenario.subject_machine_name}:*",
    }
    account = scenario.account(side)
    return tuple(Box(node, title_of(node), one_line(names[node]), account, node not in absent) for node in _SIDES[side])
