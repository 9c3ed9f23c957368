"""The seven documents of a setup, read from the two accounts and saved there one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.blueprint import DOCUMENT_NAMES
from xsfn_helpers.chain.document_places import DOCUMENT_PLACES, DocumentPlace, PolicyPlace
from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.resource import refuse_foreign

if TYPE_CHECKING:
    from xsfn_helpers.chain.blueprint import Blueprint
    from xsfn_helpers.deployment.deployment import Deployment


def read_document(environment: Environment, name: str) -> Document:
    """The document as it is stored now. Raises `StepError` when its role or state machine is missing."""
    place = _place(name)
    iam, arn = environment.iam(place.side), place.arn(environment.scenario)
    found: Any
    with translated(environment.scenario.account(place.side)):
        if not isinstance(place, PolicyPlace):
            found = environment.states(place.side).describe_state_machine(stateMachineArn=arn)["definition"]
        elif place.policy:
            role = place.role_name(environment.scenario)
            found = iam.get_role_policy(RoleName=role, PolicyName=place.policy)["PolicyDocument"]
        else:
            found = iam.get_role(RoleName=place.role_name(environment.scenario))["Role"]["AssumeRolePolicyDocument"]
    document: Document = json.loads(found) if isinstance(found, str) else found
    return document


def _save(environment: Environment, place: DocumentPlace, text: str) -> None:
    iam, arn = environment.iam(place.side), place.arn(environment.scenario)
    with translated(environment.scenario.account(place.side)):
        if not isinstance(place, PolicyPlace):
            environment.states(place.side).update_state_machine(stateMachineArn=arn, definition=text)
        elif place.policy:
            role = place.role_name(environment.scenario)
            iam.put_role_policy(RoleName=role, PolicyName=place.policy, PolicyDocument=text)
        else:
            iam.update_assume_role_policy(RoleName=place.role_name(environment.scenario), PolicyDocument=text)


def _place(name: str) -> DocumentPlace:
    """Raises `ConfigError` for a name that there is no document of."""
    if name not in DOCUMENT_PLACES:
        raise ConfigError(
            tr("There is no document {name!r}.", name=name),
            fix=tr("There are: {names}.", names=", ".join(DOCUMENT_NAMES)),
        )
    return DOCUMENT_PLACES[name]


def save_documents(
    environment: Environment, blueprint: Blueprint, documents: Mapping[str, str | Mapping[str, Any]]
) -> None:
    """Save each, in the order given; `blueprint` checks them first, so that none is saved when one can't be.

    Raises `ConfigError` or `PolicyError` for a document that AWS would deny, and `StepError` when AWS denies.
    """
    checked = blueprint.using(**documents)
    for name in documents:
        _save(environment, _place(name), checked.text(name))


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
