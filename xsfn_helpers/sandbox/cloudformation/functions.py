"""CloudFormation's intrinsic functions, as far as IAM and Step Functions need them. Pure.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.sandbox.gateway.errors import Refusal

NO_VALUE: Final = "AWS::NoValue"
_IN_TEXT: Final = re.compile(r"\$\{(!?)([^${}]+)\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What names stand for: parameters and pseudo parameters by value, resources by what asks for them."""

    values: Mapping[str, Any]
    ref: Callable[[str], str]
    attribute: Callable[[str, str], str]
    conditions: Mapping[str, Any]

    def resolve(self, value: Any) -> Any:
        """`value` with every function carried out. Raises `Refusal` for one that is misshapen."""
        if isinstance(value, list):
            return [found for item in value if (found := self.resolve(item)) is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in FUNCTIONS:
                return FUNCTIONS[name](self, argument)
        return {key: found for key, item in value.items() if (found := self.resolve(item)) is not _NOTHING}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self.conditions:
            raise _misshapen(f"unresolved condition {condition}")
        return self.resolve(self.conditions[condition]) is True

    def named(self, name: str) -> Any:
        """What `Ref` gives."""
        if name == NO_VALUE:
            return _NOTHING
        return self.values[name] if name in self.values else self.ref(name)


def references(value: Any) -> set[str]:
    """Every name that `value` refers to: parameters, pseudo parameters and resources."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    if len(value) == 1:
        name, argument = next(iter(value.items()))
        if name == "Ref":
            return {str(argument)}
        if name == "Fn::GetAtt":
            return {_attribute_of(argument)[0]}
        if name == "Fn::Sub":
            text, own = _sub_parts(argument)
            used = {found[2].split(".")[0] for found in _IN_TEXT.finditer(text) if not found[1]}
            return (used - own.keys()) | references(dict(own))
    return set().union(*map(references, value.values()))


class _Nothing:
    """What `AWS::NoValue` leaves."""


_NOTHING: Final = _Nothing()


def _misshapen(what: str) -> Refusal:
    return Refusal("ValidationError", f"Template error: {what}")


def _ref(around: Surroundings, argument: Any) -> Any:
    if not isinstance(argument, str):
        raise _misshapen("every Ref object must have a single String value.")
    return around.named(argument)


def _attribute_of(argument: Any) -> tuple[str, str]:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise _misshapen(
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
        )
    return parts[0], parts[1]


def _get_att(around: Surroundings, argument: Any) -> Any:
    return around.attribute(*_attribute_of(argument))


def _sub_parts(argument: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(argument, str):
        return argument, {}
    if (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str)
        and isinstance(argument[1], dict)
    ):
        return argument[0], argument[1]
    raise _misshapen(
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
        "and an optional second argument to specify a mapping of values to replace in the string"
    )


def _sub(around: Surroundings, argument: Any) -> str:
    text, own = _sub_parts(argument)

    def value(found: re.Match[str]) -> str:
        if found[1]:  # ${!Literal} stands for ${Literal}
            return f"${{{found[2]}}}"
        if found[2] in own:
            return _as_text(around.resolve(own[found[2]]))
        name, _, attribute = found[2].partition(".")
        return _as_text(around.attribute(name, attribute) if attribute else around.named(name))

    return _IN_TEXT.sub(value, text)


def _join(around: Surroundings, argument: Any) -> str:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise _misshapen(
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be "
            "joined."
        )
    parts = around.resolve(argument[1])
    if not isinstance(parts, list):
        raise _misshapen("Fn::Join joins a list of strings.")
    return argument[0].join(map(_as_text, parts))


def _select(around: Surroundings, argument: Any) -> Any:
    found = around.resolve(argument)
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[1], list):
        raise _misshapen("Fn::Select requires a list argument with two elements: an integer index and a list")
    if not str(found[0]).isdecimal() or int(found[0]) >= len(found[1]):
        raise _misshapen(f"Fn::Select cannot select nonexistent value at index {found[0]}")
    return found[1][int(found[0])]


def _split(around: Surroundings, argument: Any) -> list[str]:
    found = around.resolve(argument)
    if (
        not isinstance(found, list)
        or len(found) != 2
        or not all(isinstance(part, str) for part in found)
        or not found[0]
    ):
        raise _misshapen(
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split"
        )
    return str(found[1]).split(found[0])


def _if(around: Surroundings, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise _misshapen("Fn::If requires a list argument with three elements")
    return around.resolve(argument[1] if around.holds(argument[0]) else argument[2])


def _equals(around: Surroundings, argument: Any) -> bool:
    found = around.resolve(argument)
    if not isinstance(found, list) or len(found) != 2:
        raise _misshapen("every Fn::Equals object requires a list of 2 string parameters.")
    return _as_text(found[0]) == _as_text(found[1])


def _truths(around: Surroundings, argument: Any, *, name: str, least: int) -> list[bool]:
    if not isinstance(argument, list) or not least <= len(argument) <= 10:
        raise _misshapen(f"every {name} object requires a list of {least} to 10 boolean parameters.")
    return [around.resolve(item) is True for item in argument]


def _and(around: Surroundings, argument: Any) -> bool:
    return all(_truths(around, argument, name="Fn::And", least=2))


def _or(around: Surroundings, argument: Any) -> bool:
    return any(_truths(around, argument, name="Fn::Or", least=2))


def _not(around: Surroundings, argument: Any) -> bool:
    return not all(_truths(around, argument, name="Fn::Not", least=1))


def _condition(around: Surroundings, argument: Any) -> Any:
    """`Condition` is a function where conditions are written, and an ordinary key of a policy's statement elsewhere."""
    if isinstance(argument, str) and argument in around.conditions:
        return around.holds(argument)
    return {"Condition": around.resolve(argument)}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list) or value is _NOTHING or value is None:
        raise _misshapen("a function that joins text was given something else.")
    return str(value)


FUNCTIONS: Final[Mapping[str, Callable[[Surroundings, Any], Any]]] = {
    "Ref": _ref,
    "Condition": _condition,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": _and,
    "Fn::Or": _or,
    "Fn::Not": _not,
}
