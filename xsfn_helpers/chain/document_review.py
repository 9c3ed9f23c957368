"""One document judged by itself: what AWS would deny, what means trouble, what differs from the recommended one.

Pure: what it has to know of the accounts is told to it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.asl.validation import DefinitionFault
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import POLICY_PLACES, PolicyPlace
from xsfn_helpers.chain.plan import text_diff
from xsfn_helpers.chain.policy_diff import DELETED_ROLE_ID, same_each_time, same_policy
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.json_text import Path, deepest_known, json_text, place_at
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam import Policy, PolicyError, PolicyWarning, lint
from xsfn_helpers.iam.errors import MALFORMED


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """One document: what AWS would deny in it, what it would take although it means trouble, and what is different.

    `differs` are the lines in which it says something else than the recommended one, `-` recommended, `+` here.
    """

    name: str
    title: str
    text: str
    fault: PolicyError | DefinitionFault | None
    warnings: tuple[PolicyWarning, ...]
    differs: tuple[str, ...]
    is_stored: bool

    @property
    def accepted(self) -> bool:
        return self.fault is None

    @property
    def short_verdict(self) -> str:
        """One sentence on the document, without what is wrong with it."""
        is_policy = self.name in POLICY_PLACES
        if self.fault is not None:
            return tr("✗ AWS would reject it") if is_policy else tr("✗ Step Functions would reject it")
        if self.is_stored:
            return tr("✓ This is what is stored.")
        return tr("✓ AWS would take it.") if is_policy else tr("✓ The definition is valid Amazon States Language.")

    @property
    def verdict(self) -> str:
        """One sentence on the document, with where and why it would be denied."""
        if self.fault is None:
            return self.short_verdict
        return f"{self.short_verdict}: {same_each_time(str(self.fault))}"


def warning_line(warning: PolicyWarning) -> str:
    """`line 9, column 9: … [source]`"""
    words = same_each_time(f"{warning.message} {warning.fix}")
    return tr(
        "line {line}, column {column}: {words} [{source}]",
        line=warning.line,
        column=warning.column,
        words=words,
        source=warning.source,
    )


def judge_policy(
    scenario: Scenario,
    place: PolicyPlace,
    text: str,
    *,
    stored: str | None,
    missing: Collection[str],
    recommended: Blueprint,
) -> JudgedDocument:
    """A policy that would stand in `place`, where now `stored` stands; `missing` are principals that aren't there."""
    title = f"{place.title} ({scenario.account(place.side)})"
    wanted = recommended.text(place.document)
    try:
        policy = Policy.parse(text, kind=place.kind, name=place.title)
    except PolicyError as error:
        return JudgedDocument(place.document, title, text, error, (), _differs(wanted, text), is_stored=False)
    document = json.loads(text)
    same = same_policy(document, json.loads(wanted))
    return JudgedDocument(
        place.document,
        title,
        text,
        None if place.policy else _missing_principal(policy, text, missing),
        lint(policy, region=scenario.region),
        () if same else _differs(wanted, json_text(document)),
        is_stored=stored is not None and json.loads(stored) == document,
    )


def judge_definition(
    name: str, text: str, *, fault: DefinitionFault | None, stored: str, recommended: Blueprint
) -> JudgedDocument:
    """A state machine's definition, where now `stored` stands; `fault` is what Step Functions would deny first."""
    wanted = recommended.text(name)
    return JudgedDocument(
        name,
        tr("definition of the {name} state machine", name=name.partition("_")[0].capitalize()),
        text,
        fault,
        (),
        () if _same_json(text, wanted) else _differs(wanted, text),
        is_stored=_same_json(text, stored),
    )


def _differs(recommended: str, here: str) -> tuple[str, ...]:
    return text_diff(recommended, same_each_time(here))


def trust_principals(document: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each AWS principal of a trust policy, and its path in the document."""
    statements = document.get("Statement")
    listed = isinstance(statements, list)
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        if not isinstance(statement, Mapping):
            continue
        base: Path = ("Statement", index) if listed else ("Statement",)
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            values = principal.get("AWS") if isinstance(principal, Mapping) else None
            if isinstance(values, str):
                yield (*base, element, "AWS"), values
            elif isinstance(values, list):
                yield from (((*base, element, "AWS", at), value) for at, value in enumerate(values))


def _missing_principal(policy: Policy, text: str, missing: Collection[str]) -> PolicyError | None:
    """IAM saves a trust policy only when every principal in it exists.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    for path, value in trust_principals(policy.document):
        if value in missing:
            place = place_at(text, deepest_known(text, path)[1])
            deleted = DELETED_ROLE_ID.fullmatch(value)
            return PolicyError(
                f'Invalid principal in policy: "AWS":"{value}"',
                detail=tr("It is the id of a role that was deleted.")
                if deleted
                else tr("There is no such role or user."),
                code=MALFORMED,
                policy=policy.title,
                line=place.line,
                column=place.column,
                fix=tr("Write the ARN of the role that is there now.")
                if deleted
                else tr("Create it first, or correct its name."),
            )
    return None


def _same_json(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False
