"""The setup's roles, policies and state machines, each made of the documents of a blueprint that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import DOCUMENT_PLACES, POLICY_PLACES
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.iam import InlinePolicy, Role
from xsfn_helpers.deployment.resources.state_machine import StateMachine


@dataclass(frozen=True, slots=True)
class SetupResources:
    """What stands for the documents of one blueprint in the accounts of one environment."""

    environment: Environment
    blueprint: Blueprint

    def role(self, node: Node) -> Role:
        """One of the three roles with its trust policy; no other inline policies than its documents may be in it."""
        places = [place for place in POLICY_PLACES.values() if place.node is node]
        (trust,) = (place for place in places if not place.policy)
        return Role(
            self.environment,
            trust.side,
            trust.role_name(self._scenario),
            self.blueprint.text(trust.document),
            policies=frozenset(place.policy for place in places if place.policy),
        )

    def policy(self, document: str) -> InlinePolicy:
        """The permissions policy that a document is."""
        place = POLICY_PLACES[document]
        return InlinePolicy(
            self.environment,
            place.side,
            place.role_name(self._scenario),
            place.policy,
            self.blueprint.text(document),
        )

    def machine(self, document: str) -> StateMachine:
        """The state machine that a document defines, under its account's role."""
        place, scenario = DOCUMENT_PLACES[document], self._scenario
        return StateMachine(
            self.environment,
            place.side,
            place.arn(scenario).rpartition(":")[2],
            scenario.operator_role_arn if place.side is Side.OPERATOR else scenario.subject_role_arn,
            self.blueprint.text(document),
        )

    @property
    def _scenario(self) -> Scenario:
        return self.environment.scenario
