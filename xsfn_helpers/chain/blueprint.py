"""The documents a lab builds with: the recommended ones of `documents.py`, unless the reader brings their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.targets import Target, article_targets
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam import Policy, PolicyKind


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The seven JSON texts of a setup, as AWS is given them."""

    operator_role_trust: str
    subject_role_trust: str
    subject_definition: str
    execute_role_trust: str
    execute_role_permissions: str
    operator_role_permissions: str
    operator_definition: str

    @classmethod
    def recommended(cls, scenario: Scenario, targets: Sequence[Target] | None = None) -> Blueprint:
        """The documents of `documents.py`, for the article's target or others."""
        reached = article_targets(scenario) if targets is None else targets
        return cls(
            operator_role_trust=json_text(documents.operator_role_trust(scenario)),
            subject_role_trust=json_text(documents.subject_role_trust(scenario, reached)),
            subject_definition=json_text(documents.subject_definition(scenario)),
            execute_role_trust=json_text(documents.execute_role_trust(scenario)),
            execute_role_permissions=json_text(documents.execute_role_permissions(scenario, targets)),
            operator_role_permissions=json_text(documents.operator_role_permissions(scenario)),
            operator_definition=json_text(documents.operator_definition(scenario, targets)),
        )

    def text(self, name: str) -> str:
        """One document's JSON text. Raises `ConfigError` for a name there is no document of."""
        _check_name(name)
        return str(getattr(self, name))

    def using(self, **texts: str | Mapping[str, Any]) -> Blueprint:
        """A blueprint with some documents replaced, each a JSON text or a mapping.

        Raises `ConfigError` for a document there is no place for or a definition that isn't JSON, and `PolicyError`
        for a policy that AWS would deny.
        """
        return replace(self, **{name: _checked(name, document) for name, document in texts.items()})


DOCUMENT_NAMES: Final = tuple(field.name for field in fields(Blueprint))


def _check_name(name: str) -> None:
    if name not in DOCUMENT_NAMES:
        raise ConfigError(
            tr("There is no document {name!r}.", name=name),
            fix=tr("There are: {names}.", names=", ".join(DOCUMENT_NAMES)),
        )


def _checked(name: str, document: str | Mapping[str, Any]) -> str:
    _check_name(name)
    text = document if isinstance(document, str) else json_text(document)
    if name.endswith("_definition"):
        _check_definition(name, text)
    else:
        kind = PolicyKind.TRUST if name.endswith("_trust") else PolicyKind.IDENTITY
        Policy.parse(text, kind=kind, name=name.replace("_", " "))
    return text


def _check_definition(name: str, text: str) -> None:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(tr("This isn't JSON: {error}.", error=error), where=name.replace("_", " ")) from error
    if not isinstance(found, dict):
        raise ConfigError(tr("A definition is a JSON object."), where=name.replace("_", " "))
