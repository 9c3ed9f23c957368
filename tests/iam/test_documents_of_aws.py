"""Every type of resource that AWS documents, and every form of statement in its managed policies, is taken.

The data are kept; `scripts/renew_actions.py` and `scripts/renew_managed_policies.py` renew them.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.iam.support import allow, document
from xsfn_helpers.iam import Policy, PolicyKind, actions

KEPT: dict[str, Any] = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "managed_policies.gz").read_bytes())
)
VALUES = {"Partition": "aws", "Region": "eu-west-1", "Account": "111111111111"}


def documented() -> list[str]:
    """Each documented type's ARN, with something in the place of its variables."""
    found = {
        kind.arn for prefix in actions.prefixes() for action in actions.actions_of(prefix) for kind in action.types
    }
    return sorted(re.sub(r"\$\{(\w+)\}", lambda name: VALUES.get(name[1], "x"), arn) for arn in found)


@pytest.mark.parametrize("kind", [PolicyKind.IDENTITY, PolicyKind.SESSION], ids=lambda kind: kind.name.lower())
def test_every_documented_type_of_resource(kind: PolicyKind) -> None:
    arns = documented()
    assert len(arns) > 1_900

    refused = [arn for arn in arns if not takes(allow("*", arn), kind)]

    assert refused == []


def test_every_resource_of_a_managed_policy() -> None:
    assert KEPT["versions"] > 6_000

    assert [one for one in KEPT["resources"] if not takes(allow("*", one))] == []


def test_every_service_of_a_managed_policy() -> None:
    assert [one for one in KEPT["actions"] if not takes(allow("*" if one == "*" else f"{one}:Get*"))] == []


def test_every_condition_of_a_managed_policy() -> None:
    given = [json.loads(one) for one in KEPT["conditions"]]

    assert [one for one in given if not takes({**allow("*"), "Condition": {one[0]: {one[1]: one[2]}}})] == []


def test_every_element_of_a_managed_policy() -> None:
    values = {"Sid": "", "Action": "*", "NotAction": "*", "Resource": "*", "NotResource": "*", "Condition": {}}
    given = [json.loads(one) for one in KEPT["statements"]]

    assert [names for names, effect in given if not takes({name: values.get(name, effect) for name in names})] == []


def takes(statement: dict[str, Any], kind: PolicyKind = PolicyKind.IDENTITY) -> bool:
    try:
        Policy.parse(document(statement), kind=kind)
    except ValueError:
        return False
    return True
