"""Everything that is stored in the two accounts under the setup's names, to be read by whoever looks for a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.document_places import POLICY_PLACES, PolicyPlace
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Account, Side
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.environment import Environment

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One document: what it is, the name under which it can be repaired (empty for none), and its text."""

    account: Account
    title: str
    name: str
    text: str

    @property
    def heading(self) -> str:
        heading = tr("{title}, in {account}", title=self.title, account=self.account)
        return f"{heading} · {self.name}" if self.name else heading


@dataclass(frozen=True, slots=True)
class Scene(Renderable):
    """The documents of one account or both, as they are stored."""

    exhibits: tuple[Exhibit, ...]

    def __str__(self) -> str:
        return "\n".join(f"{exhibit.heading}\n{exhibit.text}" for exhibit in self.exhibits)


def scene(environment: Environment, sides: Sequence[Side]) -> Scene:
    """Read them. A role or state machine that isn't there is said to be missing."""
    return Scene(tuple(exhibit for side in sides for exhibit in _account(environment, side)))


def _account(environment: Environment, side: Side) -> Iterator[Exhibit]:
    for node in (Node.OPERATOR_ROLE, Node.EXECUTE_ROLE, Node.SUBJECT_ROLE):
        places = [place for place in POLICY_PLACES.values() if place.node is node and place.side is side]
        if places:
            yield from _role(environment, side, places)
    yield from _machines(environment, side)


def _role(environment: Environment, side: Side, places: Sequence[PolicyPlace]) -> Iterator[Exhibit]:
    account, name = environment.scenario.account(side), places[0].role_name(environment.scenario)
    editable = {place.policy: place.document for place in places}
    with translated(account):
        role = read_role(environment.iam(side), name)
    if role is None:
        yield Exhibit(account, tr("Role {name}", name=name), "", tr("There is no such role."))
        return
    yield _document(account, tr("Role {name}: trust policy", name=name), editable[""], role.trust)
    for policy, document in role.inline.items():
        title = tr("Role {name}: inline policy {policy}", name=name, policy=policy)
        yield _document(account, title, editable.get(policy, ""), document)
    for managed in role.attached:
        title = tr("Role {name}: managed policy {policy}", name=name, policy=managed.name)
        yield _document(account, title, "", managed.document)
    if role.boundary:
        title = tr("Role {name}: permissions boundary {policy}", name=name, policy=role.boundary.name)
        yield _document(account, title, "", role.boundary.document)


def _machines(environment: Environment, side: Side) -> Iterator[Exhibit]:
    """The setup's own state machine, and others under the same role: they are part of the story."""
    scenario, account, states = environment.scenario, environment.scenario.account(side), environment.states(side)
    own, role, known_as = {
        Side.OPERATOR: (scenario.operator_machine_arn, scenario.operator_role_arn, "operator_definition"),
        Side.SUBJECT: (scenario.subject_machine_arn, scenario.subject_role_arn, "subject_definition"),
    }[side]
    with translated(account):
        described = [machine for machine in _described(states) if own == machine["arn"] or role == machine["role"]]
    if own not in [machine["arn"] for machine in described]:
        yield Exhibit(account, _machine_title(own), "", tr("There is no such state machine."))
    for machine in described:
        editable = known_as if machine["arn"] == own else ""
        yield _document(account, _machine_title(machine["arn"]), editable, json.loads(machine["definition"]))


def _machine_title(arn: str) -> str:
    return tr("State machine {name}", name=arn.rpartition(":")[2])


def _described(states: SFNClient) -> Iterator[Mapping[str, str]]:
    for page in states.get_paginator("list_state_machines").paginate():
        for listed in page["stateMachines"]:
            machine = states.describe_state_machine(stateMachineArn=listed["stateMachineArn"])
            yield {
                "arn": machine["stateMachineArn"],
                "role": machine["roleArn"],
                "definition": machine["definition"],
            }


def _document(account: Account, title: str, name: str, document: Mapping[str, Any]) -> Exhibit:
    return Exhibit(account, title, name, json_text(document))
