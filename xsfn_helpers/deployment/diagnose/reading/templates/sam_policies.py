"""The `Policies` of a SAM state machine: documents, statements, managed policies and SAM's policy templates. Pure.

The templates' data is that of aws-sam-translator, AWS's own.
Source: docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-templates.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.evidence import PolicySeen
from xsfn_helpers.deployment.diagnose.reading.intrinsics import Resolver
from xsfn_helpers.deployment.diagnose.reading.pieces import managed_policy, policy_seen

_DATA: Final = "samtranslator.policy_templates_data"


def sam_policies(index: int, given: Any, known: Resolver) -> Iterator[PolicySeen]:
    """The policies that one entry of `Policies` gives the role."""
    name = f"Policy{index}"
    if isinstance(given, Mapping) and len(given) == 1 and next(iter(given)) in _templates():
        title = next(iter(given))
        yield policy_seen(f"{name} ({title})", _from_template(title, given[title], known))
        return
    value = known.resolve(given)
    if isinstance(value, Mapping) and "Statement" in value:
        yield policy_seen(name, value)
    elif isinstance(value, str) and value.startswith("arn:"):
        yield managed_policy(value)
    elif isinstance(value, str):
        # SAM looks for a managed policy of AWS's by this name.
        yield managed_policy(f"arn:aws:iam::aws:policy/{value}")
    else:
        yield PolicySeen(name, why_not=tr("it shows only at deployment"))


def _from_template(title: str, given: Any, known: Resolver) -> Any:
    template = _templates()[title]
    wanted = template.get("Parameters", {})
    values = given if isinstance(given, Mapping) else {}
    return known.resolve(_with_parameters(template["Definition"], {key: values.get(key, "") for key in wanted}))


def _with_parameters(value: Any, parameters: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        if len(value) == 1 and value.get("Ref") in parameters:
            return parameters[value["Ref"]]
        return {key: _with_parameters(one, parameters) for key, one in value.items()}
    return [_with_parameters(one, parameters) for one in value] if isinstance(value, list) else value


@cache
def _templates() -> Mapping[str, Any]:
    # Its package imports nothing: the translator itself, with boto3 and pydantic, takes seconds.
    text = resources.files(_DATA).joinpath("policy_templates.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)["Templates"]
    return found
