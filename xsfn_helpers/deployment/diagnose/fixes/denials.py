"""An explicit Deny in the way: how little of it has to go. Pure.

No Allow outweighs a Deny, so one that catches a call of the chain has to be narrowed or to go. Tried in this order: let
its condition spare the call, take the action or the resource out of its list, take the statement out, and where nothing
is left, the policy.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam import Policy, Request
from xsfn_helpers.iam.conditions import Condition, Family
from xsfn_helpers.iam.statement import Statement


def narrowed(document: Document, policy: Policy, request: Request) -> Iterator[tuple[Document | None, str]]:
    """Documents in which less is denied, the least change first, each with what was done. None: nothing is left."""
    for statement in policy.statements:
        if statement.allows or not statement.applies(request):
            continue
        label = statement.label
        for condition in statement.conditions:
            if (values := _sparing(condition, request)) is not None:
                changed, target = _copied(document, statement)
                target["Condition"][condition.spelled][condition.key] = values
                yield (
                    changed,
                    tr(
                        "make {operator} {key} of statement {statement} {values}, so that the Deny spares this call",
                        operator=condition.spelled,
                        key=condition.key,
                        statement=label,
                        values=json.dumps(values, ensure_ascii=False),
                    ),
                )
        for element, wanted in (("Action", request.action), ("Resource", request.resource)):
            listed = _listed(_statement(document, statement).get(element, []))
            rest = [one for one in listed if one.lower() != wanted.lower()]
            if 0 < len(rest) < len(listed):
                changed, target = _copied(document, statement)
                target[element] = rest[0] if len(rest) == 1 else rest
                yield (
                    changed,
                    tr(
                        "take {value} out of {element} of statement {statement}",
                        value=wanted,
                        element=element,
                        statement=label,
                    ),
                )
        if len(policy.statements) == 1:
            yield None, tr("take the policy away, of which statement {statement}, the Deny, is all", statement=label)
        else:
            changed, _ = _copied(document, statement)
            del changed["Statement"][statement.index]
            yield changed, tr("take out statement {statement}, the Deny", statement=label)


def _sparing(condition: Condition, request: Request) -> list[str] | str | None:
    """The values with which a Deny "unless" spares this request; None where they can't be told."""
    seen = request.single(condition.key_lower)
    by_text = condition.operator.family in (Family.STRING, Family.ARN)
    if seen is None or not by_text or not condition.operator.negated:
        return None
    return seen if len(condition.values) == 1 and condition.key_lower == "sts:externalid" else [*condition.values, seen]


def _copied(document: Document, statement: Statement) -> tuple[Document, dict[str, Any]]:
    changed = copy.deepcopy(document)
    return changed, _statement(changed, statement)


def _statement(document: Document, statement: Statement) -> dict[str, Any]:
    given = document["Statement"]
    found: dict[str, Any] = given if isinstance(given, dict) else given[statement.index]
    return found


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
