"""The values of a template's parameters: given, kept from before or by default, each held to what the template asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from xsfn_helpers.sandbox.cloudformation.template import Template, invalid
from xsfn_helpers.sandbox.guests.evaluator import NotEvaluated

_TYPES: Final = ("String", "Number", "CommaDelimitedList", "List<Number>")
HIDDEN: Final = "****"


# (pattern, value) -> does the whole value match; raises `NotEvaluated` for what is no pattern, or takes too long
Matches = Callable[[str, str], bool]


def parameter_values(template: Template, given: Mapping[str, str], matches: Matches) -> dict[str, str]:
    """Every parameter's text. Raises `Refusal` in CloudFormation's words."""
    strangers = [name for name in given if name not in template.parameters]
    if strangers:
        raise invalid(f"Parameters: [{', '.join(strangers)}] do not exist in the template")
    values = {name: str(known["Default"]) for name, known in template.parameters.items() if "Default" in known}
    values |= given
    missing = [name for name in template.parameters if name not in values]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, known in template.parameters.items():
        _check(name, known, values[name], matches)
    return values


def typed(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """The values as functions see them: lists are lists."""
    return {
        name: [part.strip() for part in values[name].split(",")] if "List" in known["Type"] else values[name]
        for name, known in template.parameters.items()
    }


def shown(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """The values as CloudFormation shows them."""
    hidden = {name for name, known in template.parameters.items() if str(known.get("NoEcho", "")).lower() == "true"}
    return {name: HIDDEN if name in hidden else value for name, value in values.items()}


def _check(name: str, known: Mapping[str, Any], value: str, matches: Matches) -> None:
    kind = known["Type"]
    if kind not in _TYPES:
        raise invalid(f"The xsfn sandbox doesn't offer parameters of type {kind} ({name}). It has {', '.join(_TYPES)}.")
    described = known.get("ConstraintDescription")
    fault = _fault(name, known, value, matches)
    if fault is not None:
        raise invalid(f"Parameter {name} failed to satisfy constraint: {described}" if described else fault)


def _fault(name: str, known: Mapping[str, Any], value: str, matches: Matches) -> str | None:
    if "AllowedValues" in known and value not in [str(one) for one in known["AllowedValues"]]:
        return f"Parameter '{name}' must be one of AllowedValues"
    if known["Type"] == "Number":
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value):
            return f"Parameter '{name}' must be a number."
        if "MinValue" in known and float(value) < float(known["MinValue"]):
            return f"Parameter '{name}' must be a number not less than {known['MinValue']}"
        if "MaxValue" in known and float(value) > float(known["MaxValue"]):
            return f"Parameter '{name}' must be a number not greater than {known['MaxValue']}"
    if "MinLength" in known and len(value) < int(known["MinLength"]):
        return f"Parameter '{name}' must contain at least {known['MinLength']} characters"
    if "MaxLength" in known and len(value) > int(known["MaxLength"]):
        return f"Parameter '{name}' must contain at most {known['MaxLength']} characters"
    if "AllowedPattern" in known and not _matches(name, str(known["AllowedPattern"]), value, matches):
        return f"Parameter '{name}' must match pattern {known['AllowedPattern']}"
    return None


def _matches(name: str, pattern: str, value: str, matches: Matches) -> bool:
    try:
        return matches(pattern, value)
    except NotEvaluated as error:
        if error.code == "PATTERN":
            words = f"Template format error: AllowedPattern of parameter {name} is no regular expression."
        else:
            words = f"The xsfn sandbox can't match AllowedPattern of parameter {name}: {error}"
        raise invalid(words) from None
