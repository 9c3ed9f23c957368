"""Whether names that are filled in at deployment may decide a request: the caller's, the resource's, a context key's.

That a role is called `${prefix}-role` changes nothing where no policy speaks of its name. Pure.
Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from xsfn_helpers.iam import Request
from xsfn_helpers.iam.overlap import covers, has_symbols, meets

_VARIABLE: Final = re.compile(r"\$\{[^{}]*:[^{}]*\}")
_WHOLE_ACCOUNT: Final = re.compile(r"\*|\d{12}|arn:[\w-]+:iam::\d{12}:root")
# Condition keys that have the caller's name in them.
_OF_CALLER: Final = ("aws:principalarn", "aws:userid", "aws:username")


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


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
