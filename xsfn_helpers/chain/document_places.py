"""Where each of the seven documents lives: in which role or state machine, made by which stage. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.chain.blueprint import DOCUMENT_NAMES, Blueprint
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, OPERATOR_POLICY_NAME
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.stored import StoredRole
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam import PolicyKind


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    """One document's place: the role or state machine it is part of. `stage` makes it, 0 for the prerequisites."""

    document: str
    node: Node
    side: Side
    stage: int

    def arn(self, scenario: Scenario) -> str:
        """The ARN of the role or state machine."""
        return _arn(scenario, self.node)


@dataclass(frozen=True, slots=True)
class PolicyPlace(DocumentPlace):
    """The place of a policy. `policy` is the inline policy's name, empty for a trust policy."""

    policy: str = ""

    @property
    def kind(self) -> PolicyKind:
        return PolicyKind.IDENTITY if self.policy else PolicyKind.TRUST

    @property
    def title(self) -> str:
        """As the decisions name it: `execute role's trust policy`."""
        if self.policy:
            return tr("{role}'s inline policy {policy}", role=tr(self.node), policy=self.policy)
        return tr("{role}'s trust policy", role=tr(self.node))

    @property
    def made_by(self) -> str:
        return tr("stage {stage}", stage=self.stage) if self.stage else tr("the prerequisites")

    def role_name(self, scenario: Scenario) -> str:
        return self.arn(scenario).rpartition("/")[2]

    def stored_text(self, role: StoredRole | None) -> str | None:
        """The document as it is stored, in lines; None where the role, or the policy in it, isn't there."""
        if role is None:
            return None
        document = role.inline.get(self.policy) if self.policy else role.trust
        return None if document is None else json_text(document)

    def put(self, role: StoredRole, text: str) -> StoredRole:
        """The role with `text` in this place. The text must be a policy that AWS takes."""
        written = {**role.written, self.policy: text}
        document = json.loads(text)
        if self.policy:
            return replace(role, inline={**role.inline, self.policy: document}, written=written)
        return replace(role, trust=document, written=written)


POLICY_PLACES: Final[Mapping[str, PolicyPlace]] = {
    place.document: place
    for place in (
        PolicyPlace("execute_role_trust", Node.EXECUTE_ROLE, Side.SUBJECT, 1),
        PolicyPlace("execute_role_permissions", Node.EXECUTE_ROLE, Side.SUBJECT, 1, EXECUTE_POLICY_NAME),
        PolicyPlace("operator_role_permissions", Node.OPERATOR_ROLE, Side.OPERATOR, 2, OPERATOR_POLICY_NAME),
        PolicyPlace("operator_role_trust", Node.OPERATOR_ROLE, Side.OPERATOR, 0),
        PolicyPlace("subject_role_trust", Node.SUBJECT_ROLE, Side.SUBJECT, 0),
    )
}
DOCUMENT_PLACES: Final[Mapping[str, DocumentPlace]] = {
    **POLICY_PLACES,
    "subject_definition": DocumentPlace("subject_definition", Node.SUBJECT_MACHINE, Side.SUBJECT, 0),
    "operator_definition": DocumentPlace("operator_definition", Node.OPERATOR_MACHINE, Side.OPERATOR, 3),
}


def document_name(name: str) -> str:
    """A document's name however it is spelled: `execute-role trust` is `execute_role_trust`.

    Raises `ConfigError` for a name there is no document of.
    """
    known = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    if known not in DOCUMENT_NAMES:
        names = ", ".join(one.replace("_", " ") for one in DOCUMENT_NAMES)
        raise ConfigError(tr("There is no document {name!r}.", name=name), fix=tr("There are: {names}.", names=names))
    return known


def role_as_made(scenario: Scenario, blueprint: Blueprint, node: Node) -> StoredRole:
    """A role as its stage would make it from `blueprint`: what a document that isn't there yet is judged in."""
    arn = _arn(scenario, node)
    role = StoredRole(
        arn=arn,
        name=arn.rpartition("/")[2],
        unique_id="",
        tags={},
        trust={},
        inline={},
        attached=(),
        boundary=None,
    )
    for place in POLICY_PLACES.values():
        # The Operator role's permission comes with a stage of its own.
        if place.node is node and place.document != "operator_role_permissions":
            role = place.put(role, blueprint.text(place.document))
    return role


def _arn(scenario: Scenario, node: Node) -> str:
    arns = {
        Node.OPERATOR_ROLE: scenario.operator_role_arn,
        Node.EXECUTE_ROLE: scenario.execute_role_arn,
        Node.SUBJECT_ROLE: scenario.subject_role_arn,
        Node.OPERATOR_MACHINE: scenario.operator_machine_arn,
        Node.SUBJECT_MACHINE: scenario.subject_machine_arn,
    }
    return arns[node]
