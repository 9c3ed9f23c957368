"""The seven documents of a setup, read from the two accounts and saved there one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.blueprint import DOCUMENT_NAMES
from xsfn_helpers.chain.document_places import PolicyPlace
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, OPERATOR_POLICY_NAME, Document
from xsfn_helpers.chain.scenario import Account, Scenario, Side
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.resource import refuse_foreign

if TYPE_CHECKING:
    from xsfn_helpers.chain.blueprint import Blueprint
    from xsfn_helpers.deployment.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Home:
    """Where one document lives: the role or state machine that it is part of, and a permissions policy's name."""

    side: Side
    owner: str
    policy: str = ""

    def read(self, environment: Environment) -> Document:
        iam = environment.iam(self.side)
        found: Any
        with translated(self._account(environment)):
            if self.policy:
                found = iam.get_role_policy(RoleName=self.owner, PolicyName=self.policy)["PolicyDocument"]
            elif self.owner.startswith(_ARN):
                found = environment.states(self.side).describe_state_machine(stateMachineArn=self.owner)["definition"]
            else:
                found = iam.get_role(RoleName=self.owner)["Role"]["AssumeRolePolicyDocument"]
        document: Document = json.loads(found) if isinstance(found, str) else found
        return document

    def save(self, environment: Environment, text: str) -> None:
        iam = environment.iam(self.side)
        with translated(self._account(environment)):
            if self.policy:
                iam.put_role_policy(RoleName=self.owner, PolicyName=self.policy, PolicyDocument=text)
            elif self.owner.startswith(_ARN):
                environment.states(self.side).update_state_machine(stateMachineArn=self.owner, definition=text)
            else:
                iam.update_assume_role_policy(RoleName=self.owner, PolicyDocument=text)

    def _account(self, environment: Environment) -> Account:
        return environment.scenario.account(self.side)


_ARN: Final = "arn:"


def home_of(scenario: Scenario, name: str) -> Home:
    """Where the document of this name lives. Raises `ConfigError` for a name that there is none of."""
    homes = {
        "operator_role_trust": Home(Side.OPERATOR, scenario.operator_role_name),
        "subject_role_trust": Home(Side.SUBJECT, scenario.subject_role_name),
        "subject_definition": Home(Side.SUBJECT, scenario.subject_machine_arn),
        "execute_role_trust": Home(Side.SUBJECT, scenario.execute_role_name),
        "execute_role_permissions": Home(Side.SUBJECT, scenario.execute_role_name, EXECUTE_POLICY_NAME),
        "operator_role_permissions": Home(Side.OPERATOR, scenario.operator_role_name, OPERATOR_POLICY_NAME),
        "operator_definition": Home(Side.OPERATOR, scenario.operator_machine_arn),
    }
    if name not in homes:
        raise ConfigError(
            tr("There is no document {name!r}.", name=name),
            fix=tr("There are: {names}.", names=", ".join(DOCUMENT_NAMES)),
        )
    return homes[name]


def read_document(environment: Environment, name: str) -> Document:
    """The document as it is stored now. Raises `StepError` when its role or state machine is missing."""
    return home_of(environment.scenario, name).read(environment)


def save_documents(
    environment: Environment, blueprint: Blueprint, documents: Mapping[str, str | Mapping[str, Any]]
) -> None:
    """Save each, in the order given; `blueprint` checks them first, so that none is saved when one can't be.

    Raises `ConfigError` or `PolicyError` for a document that AWS would deny, and `StepError` when AWS denies.
    """
    checked = blueprint.using(**documents)
    for name in documents:
        home_of(environment.scenario, name).save(environment, getattr(checked, name))


def right_document(blueprint: Blueprint, name: str) -> Document:
    """The document as the blueprint has it."""
    document: Document = json.loads(getattr(blueprint, name))
    return document


def save_policy(deployment: Deployment, place: PolicyPlace, text: str) -> str:
    """Save `text` in its place and say what was done. Where its role doesn't exist yet, its stage is applied with it.

    Raises `PolicyError` for a text that AWS would deny, and `StepError` when AWS denies the call, when the role
    isn't the lab's, or when something that comes before is missing.
    """
    environment, account = deployment.environment, deployment.scenario.account(place.side)
    name = place.role_name(deployment.scenario)
    with deployment.lock():
        with translated(account):
            role = read_role(environment.iam(place.side), name)
        if role is None:
            with_text = deployment.using(**{place.document: text})
            step = with_text.stages.stage(place.stage) if place.stage else with_text.stages.prerequisites
            step.apply()
            return tr("{title}: applied with this document.", title=step.title)
        if not environment.owns(role.tags):
            refuse_foreign(environment.not_ours(account, tr("role {name}", name=name), role.tags))
        save_documents(environment, deployment.blueprint, {place.document: text})
    return tr("Saved in the {account}: the {title}.", account=account, title=place.title)
