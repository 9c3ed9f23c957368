"""CloudFormation's intrinsic functions on a template that isn't deployed: what can't be known yet stays `${…}`. Pure.

Such a symbol has no colon in its name, so that nothing takes it for one of IAM's policy variables.
Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# They stand among the members of an object and add others, which show only at deployment.
_ADDS: Final = ("Fn::Transform", "Fn::ForEach::")
_IN_TEXT: Final = re.compile(r"\$\{(?P<literal>!?)(?P<name>[^${}]+)\}")
_NOT_IN_SYMBOLS: Final = re.compile(r"[^\w.@-]+")
# One of two values, by a condition that shows only at deployment; the condition's name follows, and what it hangs on.
_EITHER: Final = "Fn::If"
# docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_DYNAMIC: Final = re.compile(r"\{\{resolve:(?P<what>(?:[^{}]|\$\{[^{}]*\})+)\}\}")


class _NoValue:
    """What `AWS::NoValue` leaves: the member, or item, isn't there."""


NO_VALUE: Final = _NoValue()


def symbol(name: str) -> str:
    """What stands for a value that is known only at deployment."""
    return "${" + _NOT_IN_SYMBOLS.sub(".", name).strip(".") + "}"


def parameter_value(declared: object, given: object = None, *, by_hand: bool = True) -> Any:
    """The value of a template's parameter, that given or its default; None where the template doesn't tell it.

    An empty default is there to be filled in where somebody deploys the template `by_hand`: what comes in its place,
    nobody knows. To a nested stack its parent gives every value there is.

    The members of a list have no blanks around them, and one of Systems Manager's stands for what is stored there.
    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    told = declared if isinstance(declared, Mapping) else {}
    kind = str(told.get("Type", ""))
    if kind.startswith("AWS::SSM::Parameter::Value"):
        given = None
    elif given is None and "Default" in told:
        given = "" if told["Default"] is None else told["Default"]
        if by_hand and given in ("", []):
            return None
    if given is None or isinstance(given, list):
        return given
    value = given if isinstance(given, str) else json.dumps(given)
    return [one.strip() for one in value.split(",")] if "List" in kind and not _is_symbol(value) else value


def _is_symbol(value: str) -> bool:
    return value.startswith("${") and value.endswith("}") and "," not in value


@dataclass(slots=True)
class Resolver:
    """What names stand for in one template. `ref` and `attribute` give None for what they don't know."""

    values: Mapping[str, Any]
    ref: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    # What somebody told of symbols, by their names.
    told: Mapping[str, Any] = field(default_factory=dict)
    _deciding: set[str] = field(default_factory=set)

    def resolve(self, value: Any) -> Any:
        """`value` with every function carried out, as far as it can be."""
        if isinstance(value, list):
            return [found for item in value if (found := self.resolve(item)) is not NO_VALUE]
        if isinstance(value, str):
            return self.looked_up(value)
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name == "Condition" and isinstance(argument, str):
                held = self.holds(argument)
                return value if held is None else held
            if isinstance(name, str) and name.startswith("Fn::"):
                return self.open(name)
        if any(isinstance(name, str) and name.startswith(_ADDS) for name in value):
            return self.open("Fn::Transform")
        found_all = {key: found for key, item in value.items() if (found := self.resolve(item)) is not NO_VALUE}
        return {str(key): found for key, found in found_all.items()}

    def open(self, name: str) -> Any:
        """What stands for a value that is known only at deployment, or what was told of it."""
        stands = symbol(name)
        return self.told.get(stands[2:-1], stands)

    def looked_up(self, text: str) -> str:
        """A text with a symbol for every value that is looked up at deployment."""
        return _DYNAMIC.sub(lambda one: str(self.open(f"resolve.{one['what']}")), text) if "{{" in text else text

    def text(self, value: Any) -> str:
        """The value as text; a symbol where it is none."""
        found = self.resolve(value)
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, str | int | float):
            return str(found)
        if isinstance(found, list) and all(isinstance(one, str | int) for one in found):
            return ",".join(map(str, found))
        return "" if found is NO_VALUE or found is None else symbol("value")

    def holds(self, condition: str) -> bool | None:
        """Whether a condition of the template is true; None where that shows only at deployment."""
        if condition not in self.conditions or condition in self._deciding:
            return None
        self._deciding.add(condition)
        try:
            return _truth(self.resolve(self.conditions[condition]))
        finally:
            self._deciding.discard(condition)

    def behind(self, condition: str) -> list[str]:
        """The parameters that a condition hangs on and that nobody told, by their names."""
        found = _names_in(self.conditions.get(condition), self.conditions, frozenset({condition}))
        return [one for one in dict.fromkeys(found) if one not in self.values and one != "AWS::NoValue"]

    def named(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        found = self.ref(name)
        return self.open(name) if found is None else found

    def attribute_of(self, name: str, attribute: str) -> Any:
        found = self.attribute(name, attribute)
        return self.open(f"{name}.{attribute}") if found is None else found


def _names_in(expression: Any, conditions: Mapping[str, Any], seen: frozenset[str]) -> Iterator[str]:
    """What an expression of a condition, and the conditions that it names, refer to."""
    if isinstance(expression, list):
        for one in expression:
            yield from _names_in(one, conditions, seen)
    elif isinstance(expression, Mapping):
        for key, one in expression.items():
            if key == "Ref" and isinstance(one, str):
                yield one
            elif key == "Condition" and isinstance(one, str) and one not in seen:
                yield from _names_in(conditions.get(one), conditions, seen | {one})
            elif key == "Fn::Sub":
                text = one[0] if isinstance(one, list) and one else one
                yield from (found["name"] for found in _IN_TEXT.finditer(str(text)) if not found["literal"])
            else:
                yield from _names_in(one, conditions, seen)


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def unknown_in(value: object) -> bool:
    """Whether any text in a value holds a symbol."""
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, Mapping):
        return any(map(unknown_in, value.values()))
    return isinstance(value, list) and any(map(unknown_in, value))


def _get_att(known: Resolver, argument: Any) -> Any:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) != 2:
        return known.open("Fn::GetAtt")
    return known.attribute_of(str(parts[0]), known.text(parts[1]))


def _sub(known: Resolver, argument: Any) -> Any:
    text, own = (argument, {}) if isinstance(argument, str) else (None, {})
    if isinstance(argument, list) and len(argument) == 2:
        text, own = argument
    if not isinstance(text, str) or not isinstance(own, dict):
        return known.open("Fn::Sub")

    def value(found: re.Match[str]) -> str:
        name = found["name"].strip()
        if found["literal"]:  # ${!Literal} stands for ${Literal}
            return "${" + name + "}"
        if name in own:
            return known.text(own[name])
        logical, _, attribute = name.partition(".")
        return known.text(known.attribute_of(logical, attribute) if attribute else known.named(name))

    return known.looked_up(_IN_TEXT.sub(value, text))


def _join(known: Resolver, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        return known.open("Fn::Join")
    parts = known.resolve(argument[1])
    if isinstance(parts, str) and "${" not in parts:
        parts = parts.split(",")
    return (
        known.looked_up(argument[0].join(map(known.text, parts))) if isinstance(parts, list) else known.open("Fn::Join")
    )


def _select(known: Resolver, argument: Any) -> Any:
    found = known.resolve(argument)
    if isinstance(found, list) and len(found) == 2:
        index, values = found
        if isinstance(values, str) and "${" not in values:
            values = values.split(",")
        if isinstance(values, list) and str(index).isdecimal() and int(index) < len(values):
            return values[int(index)]
    return known.open("Fn::Select")


def _split(known: Resolver, argument: Any) -> Any:
    found = known.resolve(argument)
    if isinstance(found, list) and len(found) == 2 and all(isinstance(one, str) for one in found) and found[0]:
        return found[1].split(found[0])
    return known.open("Fn::Split")


def _if(known: Resolver, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        return known.open("Fn::If")
    held = known.holds(argument[0])
    if held is None:
        either, other = known.resolve(argument[1]), known.resolve(argument[2])
        return either if either == other else known.open(".".join((_EITHER, argument[0], *known.behind(argument[0]))))
    return known.resolve(argument[1] if held else argument[2])


def _equals(known: Resolver, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        return known.open("Fn::Equals")
    one, other = known.text(argument[0]), known.text(argument[1])
    if one == other:
        return True
    return known.open("Fn::Equals") if "${" in one + other else False


def _and(known: Resolver, argument: Any) -> Any:
    truths = [_truth(known.resolve(one)) for one in argument] if isinstance(argument, list) else [None]
    return False if False in truths else True if None not in truths else known.open("Fn::And")


def _or(known: Resolver, argument: Any) -> Any:
    truths = [_truth(known.resolve(one)) for one in argument] if isinstance(argument, list) else [None]
    return True if True in truths else False if None not in truths else known.open("Fn::Or")


def _not(known: Resolver, argument: Any) -> Any:
    inner = argument[0] if isinstance(argument, list) and len(argument) == 1 else argument
    truth = _truth(known.resolve(inner))
    return known.open("Fn::Not") if truth is None else not truth


def _find_in_map(known: Resolver, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) not in (3, 4):
        return known.open("Fn::FindInMap")
    found: Any = known.mappings
    keys = [known.text(key) for key in argument[:3]]
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if found is None and not unknown_in(keys) and isinstance(argument[-1], Mapping) and "DefaultValue" in argument[-1]:
        return known.resolve(argument[-1]["DefaultValue"])
    return known.open("Fn::FindInMap") if found is None else found


def _import_value(known: Resolver, argument: Any) -> Any:
    name = known.text(argument)
    return known.imports.get(name, known.open(f"import.{name}"))


def _base64(known: Resolver, argument: Any) -> str:
    text = known.text(argument)
    return known.open("Fn::Base64") if "${" in text else base64.b64encode(text.encode()).decode()


def _to_json(known: Resolver, argument: Any) -> str:
    return json.dumps(known.resolve(argument))


_FUNCTIONS: Final[Mapping[str, Callable[[Resolver, Any], Any]]] = {
    "Ref": lambda known, argument: known.named(str(argument)),
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
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json,
}
