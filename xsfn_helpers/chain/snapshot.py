"""How both accounts stand: what is there of the lab's things, and each link decided from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.verdicts import StoredRoles, Verdict


@dataclass(frozen=True, slots=True)
class ChainSnapshot:
    """The three roles as stored, the two state machines' being there, and what follows for each link."""

    scenario: Scenario
    roles: StoredRoles
    machines: frozenset[Node]
    verdicts: tuple[Verdict, ...]

    @property
    def absent(self) -> frozenset[Node]:
        """The boxes of the diagram that don't exist yet."""
        machines = {Node.OPERATOR_MACHINE, Node.SUBJECT_MACHINE}
        absent = {node for node, role in self.roles.items() if role is None} | (machines - self.machines)
        # What would run it isn't there.
        executions = {Node.SUBJECT_EXECUTION} if Node.SUBJECT_MACHINE in absent else set()
        return frozenset(absent | executions)

    @property
    def is_withheld(self) -> bool:
        """Whether evaluations are kept back, because an exercise asks for them."""
        return any(verdict.withheld for verdict in self.verdicts)

    def withholding(self, why: str) -> ChainSnapshot:
        """The same without any link's evaluation, because an exercise asks for it; `why` says so, in a sentence."""
        return replace(self, verdicts=tuple(Verdict(verdict.link, None, withheld=why) for verdict in self.verdicts))
