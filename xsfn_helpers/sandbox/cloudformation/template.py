"""A template's text read: YAML with CloudFormation's short forms, or JSON, checked for what can be seen without values.

Texts: CloudFormation's own messages, as users report them; structure:
docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from xsfn_helpers.sandbox.cloudformation.functions import FUNCTIONS, references
from xsfn_helpers.sandbox.cloudformation.kinds import KINDS
from xsfn_helpers.sandbox.gateway.errors import Refusal

_SECTIONS: Final = (
    *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Conditions", "Resources", "Outputs"),
    *("Mappings", "Rules", "Transform", "Hooks"),
)
_LEFT_OUT: Final = ("Mappings", "Rules", "Transform", "Hooks")
_ATTRIBUTES: Final = (
    *("Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"),
    *("CreationPolicy", "UpdatePolicy"),
)
_NAMED: Final = ("RoleName", "ManagedPolicyName")


def invalid(message: str) -> Refusal:
    """CloudFormation has one code for everything that is wrong with a request."""
    return Refusal("ValidationError", message)


@dataclass(frozen=True, slots=True)
class Template:
    """A template, each section as it was written; functions in their long form."""

    text: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    version: str = ""

    @classmethod
    def read(cls, text: str) -> Template:
        """Raises `Refusal` in CloudFormation's words for a template it wouldn't take."""
        document = document_of(text)
        unknown = [name for name in document if name not in _SECTIONS]
        if unknown:
            raise invalid(f"Invalid template property or properties [{', '.join(map(str, unknown))}]")
        for name in _LEFT_OUT:
            if name in document:
                raise invalid(f"The xsfn sandbox doesn't offer {name} in templates.")
        template = cls(
            text=text,
            description=str(document.get("Description", "")),
            parameters=_section(document, "Parameters"),
            conditions=_mapping(document.get("Conditions", {}), "Conditions"),
            resources=_section(document, "Resources"),
            outputs=_section(document, "Outputs"),
            version=str(document.get("AWSTemplateFormatVersion", "")),
        )
        if not template.resources:
            raise invalid("Template format error: At least one Resources member must be defined.")
        _check_parameters(template)
        _check_resources(template)
        _check_references(template)
        return template

    @property
    def capability(self) -> str:
        """The capability that must be acknowledged; empty where none."""
        iam = [one for one in self.resources.values() if one["Type"].startswith("AWS::IAM::")]
        if any(name in one.get("Properties", {}) for one in iam for name in _NAMED):
            return "CAPABILITY_NAMED_IAM"
        return "CAPABILITY_IAM" if iam else ""

    def depends_on(self, name: str) -> frozenset[str]:
        """The resources that must be there before this one."""
        resource = self.resources[name]
        named = resource.get("DependsOn", [])
        used = references(resource.get("Properties", {})) & self.resources.keys()
        return frozenset(used | set(named if isinstance(named, list) else [named]))

    def order(self) -> list[str]:
        """Each resource after those it depends on, else as written. Raises `Refusal` for a circle."""
        placed: list[str] = []
        left = list(self.resources)
        while left:
            ready = [name for name in left if self.depends_on(name) <= set(placed)]
            if not ready:
                raise invalid(f"Circular dependency between resources: [{', '.join(left)}]")
            placed.append(ready[0])
            left.remove(ready[0])
        return placed


def document_of(text: str) -> dict[str, Any]:
    """A template's text as data, functions in their long form. Raises `Refusal` in CloudFormation's words."""
    is_json = text.lstrip().startswith("{")
    try:
        found = json.loads(text) if is_json else yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader of ours
    except json.JSONDecodeError as error:
        raise invalid(
            f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed.{place}") from None
    # Its constructors raise Python's own errors for a scalar that isn't what its tag or its form says, and so does a
    # number of too many digits.
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, KeyError, AttributeError):
        raise invalid(f"Template format error: {'JSON' if is_json else 'YAML'} not well-formed.") from None
    if not isinstance(found, dict):
        raise invalid("Template format error: unsupported structure.")
    return found


class _Loader(yaml.SafeLoader):
    """Plain values only, dates as they are written, and `!Sub` for `Fn::Sub`."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # a small text with these can stand for an endless one
            raise invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)
# "2012-10-17" without quotes is a policy's version, not a day.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise invalid(f"Template format error: {where} must be an object.")
    return value


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any]]:
    """A section whose members are objects themselves."""
    section = _mapping(document.get(name, {}), name)
    for key, value in section.items():
        _mapping(value, f"[/{name}/{key}] every {name} member")
        if not key.isalnum():
            raise invalid(f"Template format error: {name} name {key} is non alphanumeric.")
    return section


# Attributes of a parameter, and what each may be.
_PARAMETER: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(("Type", "Description", "AllowedPattern", "ConstraintDescription"), str),
    **dict.fromkeys(("MinLength", "MaxLength", "MinValue", "MaxValue"), (int, float)),
    **dict.fromkeys(("Default", "NoEcho"), (str, int, float, bool)),
    "AllowedValues": list,
}


def _check_parameters(template: Template) -> None:
    for name, known in template.parameters.items():
        if "Type" not in known:
            raise invalid(f"Template format error: Every Parameters object must contain a Type member. ({name})")
        for key, value in known.items():
            if key not in _PARAMETER:
                raise invalid(f"Invalid template parameter property '{key}'")
            if not isinstance(value, _PARAMETER[key]):
                raise invalid(f"Template format error: {key} of parameter {name} is of the wrong type.")


def _check_resources(template: Template) -> None:
    unknown = []
    for name, resource in template.resources.items():
        kind = resource.get("Type")
        if not isinstance(kind, str):
            raise invalid(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
            )
        stray = [key for key in resource if key not in _ATTRIBUTES]
        if stray:
            raise invalid(f"Invalid template resource property '{stray[0]}'")
        _mapping(resource.get("Properties", {}), f"[/Resources/{name}/Properties]")
        named = resource.get("DependsOn", [])
        if not all(isinstance(one, str) for one in (named if isinstance(named, list) else [named])):
            raise invalid(f"Template format error: DependsOn of resource {name} must be a string or list of strings.")
        if kind not in KINDS and kind not in unknown:
            unknown.append(kind)
    if unknown:
        raise invalid(
            f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]. "
            f"(The xsfn sandbox has {', '.join(KINDS)}.)"
        )


def _check_references(template: Template) -> None:
    known = {*template.resources, *template.parameters}
    for name, part in [*template.resources.items(), *template.outputs.items()]:
        block = "Resources" if name in template.resources else "Outputs"
        missing = sorted(used for used in references(part) if used not in known and not used.startswith("AWS::"))
        if missing:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} block "
                "of the template"
            )
        if block == "Resources":
            absent = sorted(template.depends_on(name) - template.resources.keys())
            if absent:
                raise invalid(
                    f"Template format error: Unresolved resource dependencies [{', '.join(absent)}] in the Resources "
                    "block of the template"
                )
        condition = part.get("Condition")
        if condition is not None and (not isinstance(condition, str) or condition not in template.conditions):
            raise invalid(
                f"Template format error: Unresolved condition dependency {condition} in the {block} block of the "
                "template"
            )
        for function in _functions(part):
            if function not in FUNCTIONS:
                raise invalid(f"The xsfn sandbox doesn't offer {function} in templates.")


def _functions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if len(value) == 1 and (name := next(iter(value))).startswith("Fn::"):
            yield name
        for inner in value.values():
            yield from _functions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _functions(inner)
