"""Two policy documents compared by what they say, and their difference for a reader."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from xsfn_helpers.chain.plan import text_diff
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.json_text import json_text

DELETED_ROLE_ID: Final = re.compile(r"AROA[A-Z0-9]+")


def same_policy(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether both say the same, whatever the order of their lists and statements.

    IAM takes a lone value and a list of one, and a bare account ID and its root ARN, for the same thing.
    """
    return _canonical(stored) == _canonical(wanted)


def policy_diff(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """The lines in which they differ. A deleted role's id is shown as `AROA…`: it is another one each time."""
    return text_diff(same_each_time(json_text(stored)), json_text(wanted))


def same_each_time(text: str) -> str:
    """The text with a deleted role's id as `AROA…`: it is another one each time, and the story is the same."""
    return DELETED_ROLE_ID.sub("AROA…", text)


def trusts_deleted_role(trust: Mapping[str, Any]) -> bool:
    """Whether a trust policy names a role that was deleted after the policy was saved.

    IAM then shows the role's unique ID where its ARN was, and a new role of that name isn't trusted:
    docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    return any(
        DELETED_ROLE_ID.fullmatch(str(principal))
        for statement in _as_list(trust.get("Statement", []))
        if isinstance(statement.get("Principal"), Mapping)
        for principal in _as_list(statement["Principal"].get("AWS", []))
    )


def _canonical(document: Mapping[str, Any]) -> tuple[object, list[str]]:
    statements = (_canonical_value(statement) for statement in _as_list(document.get("Statement", [])))
    return document.get("Version"), sorted(json.dumps(statement, sort_keys=True) for statement in statements)


def _canonical_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical_value(inner) for key, inner in value.items()}
    return sorted(_as_text(item) for item in _as_list(value))


def _as_text(item: Any) -> str:
    text = item if isinstance(item, str) else json.dumps(item)
    is_root = text.endswith(":root")
    return (is_root and account_of(text)) or text


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
