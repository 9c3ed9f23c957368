"""A Subject account of a hub: its names, its part of the set-up, and the links of the access chain that end there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.blueprint import Blueprint
from xsfn_helpers.chain import Link, chain
from xsfn_helpers.changes import Change
from xsfn_helpers.documents import EXECUTE_POLICY_NAME
from xsfn_helpers.ground import Ground, Resource
from xsfn_helpers.iam_resources import InlinePolicy, Role
from xsfn_helpers.scenario import Scenario, Side
from xsfn_helpers.state_machine import StateMachine
from xsfn_helpers.targets import Target, state_machine
from xsfn_helpers.things import things
from xsfn_helpers.turns import turn
from xsfn_helpers.verdicts import Verdict, decide_from, read_roles

ROLE: Final = "RoleArn"
# Names of the hub's own, so that it lives beside the two accounts' set-up.
NAMES: Final[Mapping[str, str]] = {
    "operator_machine_name": "hub-statemachine",
    "operator_role_name": "hub-statemachine-iam-role",
    "subject_machine_name": "spoke-statemachine",
    "subject_role_name": "spoke-statemachine-iam-role",
    "execute_role_name": "spoke-execute-role",
}
# What each Subject has to offer, from its scenario.
Offer = Callable[[Scenario], Sequence[Target]]


def one_state_machine(scenario: Scenario) -> Sequence[Target]:
    """What a spoke offers unless told otherwise: its state machine."""
    return (state_machine(scenario),)


def spoke_ids(count: int) -> tuple[str, ...]:
    """Account ids for so many Subjects."""
    return tuple(f"2{number:011d}" for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Spoke:
    """One Subject account: its names, its part of the set-up, and the links of the access chain that end there."""

    ground: Ground
    target: Target

    @property
    def scenario(self) -> Scenario:
        return self.ground.scenario

    @property
    def id(self) -> str:
        return self.scenario.subject_account_id

    @property
    def links(self) -> tuple[Link, ...]:
        return chain(self.scenario, (self.target,))

    @property
    def item(self) -> Mapping[str, Any]:
        """What the Operator's Map is given for this account: whom to become, and what differs in the call."""
        return {ROLE: self.scenario.execute_role_arn, **{name: self.target.parameters[name] for name in varying(self)}}

    def resources(self) -> tuple[Resource, ...]:
        """What the Subject has: the role its work runs as, its machine or thing, and the execute role."""
        scenario, ground = self.scenario, self.ground
        blueprint = Blueprint.recommended(scenario, (self.target,))
        policies = frozenset({EXECUTE_POLICY_NAME})
        own = things(ground, (self.target,)) or (
            StateMachine(
                ground,
                Side.SUBJECT,
                scenario.subject_machine_name,
                scenario.subject_role_arn,
                blueprint.subject_definition,
            ),
        )
        return (
            Role(ground, Side.SUBJECT, scenario.subject_role_name, blueprint.subject_role_trust, policies=frozenset()),
            *own,
            Role(ground, Side.SUBJECT, scenario.execute_role_name, blueprint.execute_role_trust, policies=policies),
            InlinePolicy(
                ground,
                Side.SUBJECT,
                scenario.execute_role_name,
                EXECUTE_POLICY_NAME,
                blueprint.execute_role_permissions,
            ),
        )

    def take_permission_away(self) -> Change | None:
        """The execute role may do nothing any more; `Hub.apply` gives it back."""
        scenario = self.scenario
        policy = InlinePolicy(self.ground, Side.SUBJECT, scenario.execute_role_name, EXECUTE_POLICY_NAME, "")
        with turn(self.ground.lab_id):
            return policy.undo()

    def verdicts(self) -> tuple[Verdict, ...]:
        """Every link to this account, decided from the policies as they are stored."""
        return decide_from(self.scenario, read_roles(self.ground), self.links)


def varying(spoke: Spoke) -> tuple[str, ...]:
    """The task's parameters that name the account, and so differ from one to the next."""
    return tuple(
        name for name, value in spoke.target.parameters.items() if isinstance(value, str) and spoke.id in value
    )
