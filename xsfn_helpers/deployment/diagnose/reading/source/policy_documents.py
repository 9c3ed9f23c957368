"""Terraform's data source `aws_iam_policy_document`: the document that its blocks make. Pure.

Source: registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.evidence import read_document
from xsfn_helpers.deployment.diagnose.reading.intrinsics import unknown_in
from xsfn_helpers.deployment.diagnose.reading.source.functions import in_order
from xsfn_helpers.deployment.diagnose.reading.source.hcl import HclBlock, HclEvaluator

_SOURCES: Final = ("source_json", "source_policy_documents")
_OVERRIDES: Final = ("override_json", "override_policy_documents")
_NAMED: Final = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}
_PRINCIPALS: Final = {"principals": "Principal", "not_principals": "NotPrincipal"}
_MOST_MADE: Final = 500


@dataclass(frozen=True, slots=True)
class Nested:
    """A block in another one, with the names that count in it: `evaluator` is None where nobody knows what is made."""

    kind: str
    block: HclBlock
    evaluator: HclEvaluator | None

    def values(self) -> dict[str, Any]:
        """Its arguments, worked out."""
        if self.evaluator is None:
            return {}
        return {key: self.evaluator.of(node) for key, node in self.block.attributes.items()}


def nested(block: HclBlock, evaluator: HclEvaluator) -> Iterator[Nested]:
    """The blocks in a block, those that a dynamic one makes among them."""
    for one in block.blocks:
        if one.labels[0] != "dynamic":
            yield Nested(one.labels[0], one, evaluator)
            continue
        kind = one.labels[-1]
        over = evaluator.of(one.attributes.get("for_each"))
        content = next(one.inner("content"), None)
        if content is None or not isinstance(over, list | Mapping) or len(over) > _MOST_MADE:
            yield Nested(kind, one, None)
            continue
        given = one.attributes.get("iterator")
        name = str(given.serialize()).strip('"') if given is not None else kind
        for key, value in in_order(over):
            yield Nested(kind, content, evaluator.within({name: {"key": key, "value": value}}))


def policy_document(block: HclBlock, evaluator: HclEvaluator) -> str | None:
    """The document as JSON; None where parts of it aren't known."""
    statements: list[Any] = []
    for part in nested(block, evaluator):
        if part.kind == "statement":
            found = _statement(part)
            if found is None:
                return None
            statements.append(found)
    before, after = (_documents(block, evaluator, keys) for keys in (_SOURCES, _OVERRIDES))
    if before is None or after is None or block.body.broken:
        return None
    merged: list[Any] = []
    for listed in (*before, statements, *after):
        _merge(merged, listed)
    version = evaluator.of(block.attributes.get("version")) or "2012-10-17"
    return json.dumps({"Version": version, "Statement": merged})


def _documents(block: HclBlock, evaluator: HclEvaluator, keys: tuple[str, ...]) -> list[list[Any]] | None:
    """The statements of each document that these arguments give; None where one of them isn't known."""
    found = []
    for key in keys:
        given = evaluator.of(block.attributes.get(key))
        for one in as_list(given):
            if one in (None, ""):
                continue
            document = read_document(one)
            statements = document.get("Statement", []) if document is not None else None
            listed = [statements] if isinstance(statements, Mapping) else statements
            if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
                return None
            found.append(listed)
    return found


def _merge(known: list[Any], more: list[Any]) -> None:
    """Statements added to others; one with the same Sid takes the other's place."""
    for one in more:
        sid = one.get("Sid")
        at = next((at for at, other in enumerate(known) if sid and other.get("Sid") == sid), None)
        if at is None:
            known.append(one)
        else:
            known[at] = one


def _statement(part: Nested) -> dict[str, Any] | None:
    """One statement; None where a block in it may be there or not."""
    if part.evaluator is None:
        return None
    values = {key: _with_variables(value) for key, value in part.values().items()}
    found: dict[str, Any] = {"Effect": values.get("effect") or "Allow"}
    found |= {title: values[key] for key, title in _NAMED.items() if values.get(key) not in (None, [])}
    if isinstance(values.get("sid"), str) and values["sid"] and not unknown_in(values["sid"]):
        found["Sid"] = values["sid"]
    conditions: dict[str, dict[str, list[Any]]] = {}
    for one in nested(part.block, part.evaluator):
        if one.evaluator is None:
            return None
        given = {key: _with_variables(value) for key, value in one.values().items()}
        if one.kind in _PRINCIPALS:
            _add_principals(found, _PRINCIPALS[one.kind], given)
        elif one.kind == "condition":
            keys = conditions.setdefault(str(given.get("test")), {})
            keys.setdefault(str(given.get("variable")), []).extend(as_list(given.get("values")))
    return found | ({"Condition": conditions} if conditions else {})


def _add_principals(statement: dict[str, Any], title: str, given: Mapping[str, Any]) -> None:
    kind = str(given.get("type"))
    if kind == "*":
        statement[title] = "*"
    elif statement.get(title) != "*":
        who = statement.setdefault(title, {})
        who[kind] = [*who.get(kind, []), *as_list(given.get("identifiers"))]


def _with_variables(value: Any) -> Any:
    """Texts with IAM's policy variables, which the data source has as `&{…}`."""
    if isinstance(value, str):
        return value.replace("&{", "${")
    return [_with_variables(one) for one in value] if isinstance(value, list) else value


def as_list(value: Any) -> list[Any]:
    """What Terraform takes one value, or several, for."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
