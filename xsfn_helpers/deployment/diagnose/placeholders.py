"""Values that are filled in at deployment (`${NAME}`): the most, and the least, that policies with them may say. Pure.

And whether they may decide where they are the names of the caller or of what it acts on: that a role is called
`${prefix}-role` changes nothing where no policy speaks of its name.
A placeholder's name has no colon, so no policy variable of IAM's (`${aws:username}`) is taken for one.
Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.iam import Request
from xsfn_helpers.iam.overlap import covers, has_symbols, meets

_PLACEHOLDER: Final = re.compile(r"\$\{[\w.@-]+\}")
_LISTS: Final = ("Action", "Resource")
_NEGATED: Final = {"NotAction": "Action", "NotResource": "Resource", "NotPrincipal": "Principal"}
# The partition and the service: IAM takes a wildcard for the first, and none for the second.
_TO_SERVICE: Final = re.compile(r"arn:[^:]+:[^:*?]+:")
# What IAM's grammar takes no wildcard for, either: a region where there is none, the type of one of IAM's own.
_NO_WILDCARD: Final = re.compile(r"arn:[^:]+:(?:iam:\*|s3:\*|iam::[^:]*:\*.)")
_ARN_PARTS: Final = 6
# A resource that there isn't: IAM has no service of this name.
_NOWHERE: Final = "arn:aws:none:::none"
# A condition that no request meets, for a statement that mustn't count.
_NEVER: Final = {"StringEquals": {"aws:PrincipalType": "nobody"}}
_VARIABLE: Final = re.compile(r"\$\{[^{}]*:[^{}]*\}")
_WHOLE_ACCOUNT: Final = re.compile(r"\*|\d{12}|arn:[\w-]+:iam::\d{12}:root")
# Condition keys that have the caller's name in them.
_OF_CALLER: Final = ("aws:principalarn", "aws:userid", "aws:username")


def placeholders(value: object) -> Iterator[str]:
    """Every placeholder in a value."""
    # Most policies have none, and as one text that is seen ten times as fast.
    if isinstance(value, str) or "${" in json.dumps(value, default=str):
        yield from _found_in(value)


def _found_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _found_in(key)
            yield from _found_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _found_in(one)


def _has_placeholders(value: object) -> bool:
    if isinstance(value, str):
        return "${" in value and _PLACEHOLDER.search(value) is not None
    if isinstance(value, dict):
        return any(map(_has_placeholders, value)) or any(map(_has_placeholders, value.values()))
    return isinstance(value, list) and any(map(_has_placeholders, value))


def without_placeholders(text: str) -> str:
    """The text with the names alone of its placeholders."""
    return _PLACEHOLDER.sub(lambda found: found[0][2:-1], text)


def filled(document: Document, *, hopeful: bool, resource: str = "*") -> Document:
    """The document with its placeholders filled in so that it allows the most (`hopeful`), or the least, of a resource.

    Statements keep their places. What isn't a statement, or has a placeholder for its effect, stays as it is.
    """
    given = document.get("Statement")
    if given is None or not _has_placeholders(document):
        return document
    if isinstance(given, list):
        return {**document, "Statement": [_filled(one, hopeful, resource) for one in given]}
    return {**document, "Statement": _filled(given, hopeful, resource)}


def _filled(statement: Any, hopeful: bool, resource: str) -> Any:
    if not isinstance(statement, Mapping) or not _has_placeholders(statement):
        return statement
    if statement.get("Effect") not in ("Allow", "Deny"):
        return statement
    wide = (statement["Effect"] == "Allow") is hopeful
    return _widest(statement, resource) if wide else _narrowest(statement)


def _widest(statement: Mapping[str, Any], resource: str = "*") -> dict[str, Any]:
    """The statement as if every placeholder were what makes it catch the call."""
    wide = dict(statement)
    if "Action" in wide:
        wide["Action"] = _each(wide["Action"], _widest_action)
    if "Resource" in wide:
        wide["Resource"] = _each(wide["Resource"], lambda text: _widest_resource(text, resource))
    for key, positive in _NEGATED.items():
        if next(placeholders(wide.get(key)), None) is not None:
            del wide[key]
            wide[positive] = {"AWS": "*"} if positive == "Principal" else "*"
    if next(placeholders(wide.get("Principal")), None) is not None:
        wide["Principal"] = {"AWS": "*", "Service": "states.amazonaws.com"}
    conditions = _without_placeholders(wide.get("Condition"))
    if conditions:
        wide["Condition"] = conditions
    else:
        wide.pop("Condition", None)
    return wide


def _widest_action(text: str) -> str:
    wide = _PLACEHOLDER.sub("*", text)
    return "*" if _PLACEHOLDER.search(text.partition(":")[0]) else wide


def _widest_resource(text: str, resource: str) -> str:
    """What a pattern may be at most; where IAM takes no pattern that says it, `*` if it may be of the resource at all.

    `${Function.Arn}:*` is an ARN once it is filled in, and `*:*` is none. A symbol may have several parts in it.
    """
    if _PLACEHOLDER.search(text) is None:
        return text
    wide = _PLACEHOLDER.sub("*", text)
    whole = wide.count(":") >= _ARN_PARTS - 1 or wide.endswith("*")
    if whole and _TO_SERVICE.match(wide) and not _NO_WILDCARD.match(wide):
        return wide
    return "*" if meets(text, resource) else _NOWHERE


def _narrowest(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The statement with the values alone that are known; one that counts for nothing where that leaves none."""
    narrow = dict(statement)
    for key in _LISTS:
        if key in narrow:
            known = [one for one in _listed(narrow[key]) if next(placeholders(one), None) is None]
            if not known:
                return _never(statement)
            narrow[key] = known
    principal = narrow.get("Principal")
    if isinstance(principal, Mapping):
        left = {
            kind: known
            for kind, values in principal.items()
            if (known := [one for one in _listed(values) if next(placeholders(one), None) is None])
        }
        if not left:
            return _never(statement)
        narrow["Principal"] = left
    negated = (next(placeholders(narrow.get(key)), None) for key in (*_NEGATED, "Condition"))
    return _never(statement) if any(negated) else narrow


def _never(statement: Mapping[str, Any]) -> dict[str, Any]:
    wide = _widest(statement)
    return {**wide, "Condition": _NEVER}


def _without_placeholders(conditions: Any) -> dict[str, Any]:
    if not isinstance(conditions, Mapping):
        return {}
    kept = {
        operator: {key: values for key, values in keys.items() if next(placeholders({key: values}), None) is None}
        for operator, keys in conditions.items()
        if isinstance(keys, Mapping)
    }
    return {operator: keys for operator, keys in kept.items() if keys}


def _each(values: Any, change: Any) -> Any:
    return (
        change(values) if isinstance(values, str) else [change(one) if isinstance(one, str) else one for one in values]
    )


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def names_may_decide(
    request: Request, documents: Sequence[Mapping[str, Any]], acts_on: Sequence[str], *, caller_named_later: bool
) -> bool:
    """Whether a statement about such an action speaks of what is filled in at deployment, or may do so.

    Conditions on keys whose value is filled in aren't looked at: the readings leave them open by themselves.
    """
    known = [one for one in acts_on if has_symbols(one)]
    if any(has_symbols(part) for one in known for part in one.split(":")[4:5]):
        return True  # whose it is decides which policies have to allow it
    return any(
        _speaks_of_names(body, known, caller_named_later)
        for document in documents
        for body in _statements(document)
        if _may_be_about(body, request.action)
    )


def _statements(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in _listed(document.get("Statement")) if isinstance(one, Mapping))


def _may_be_about(body: Mapping[str, Any], action: str) -> bool:
    if "Action" not in body:
        return True
    patterns = [one.lower() for one in _listed(body["Action"]) if isinstance(one, str)]
    return any(has_symbols(one) or fnmatchcase(action.lower(), one.replace("[", "[[]")) for one in patterns)


def _speaks_of_names(body: Mapping[str, Any], acts_on: Sequence[str], caller_named_later: bool) -> bool:
    told = [text for key in ("Resource", "NotResource", "Condition") for text in _texts(body.get(key))]
    if any(map(_VARIABLE.search, told)):
        return True
    for known in acts_on:
        resources, others = _texts(body.get("Resource")), _texts(body.get("NotResource"))
        if any(not covers(one, known, completed=False) and meets(one, known) for one in resources):
            return True
        if any(meets(one, known) for one in others):
            return True
    return caller_named_later and _names_a_caller(body)


def _names_a_caller(body: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in body:
        return True
    principal = body.get("Principal")
    named = _texts(principal.get("AWS")) if isinstance(principal, Mapping) else _texts(principal)
    if not all(map(_WHOLE_ACCOUNT.fullmatch, named)):
        return True
    conditions = body.get("Condition")
    keys = (str(key) for one in (conditions or {}).values() if isinstance(one, Mapping) for key in one)
    return any(key.lower() in _OF_CALLER for key in keys)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, the keys of conditions among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield str(key)
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
