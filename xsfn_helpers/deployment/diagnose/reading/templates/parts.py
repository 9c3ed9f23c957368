"""A CloudFormation template taken apart, by what stands in it alone: sections, other files, definitions, loops. Pure.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from xsfn_helpers.common.json_text import Path
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.intrinsics import NO_VALUE, symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText

MACHINE: Final = "AWS::StepFunctions::StateMachine"
SAM_MACHINE: Final = "AWS::Serverless::StateMachine"
NESTED: Final = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_SUBSTITUTION: Final = re.compile(r"\$\{(?P<name>[^${}\n]+)\}")
_LOOP: Final = "Fn::ForEach::"
_MOST_TURNS: Final = 1000


def is_template(value: object) -> bool:
    """Whether a value is a CloudFormation or SAM template."""
    resources = value.get("Resources") if isinstance(value, Mapping) else None
    return isinstance(resources, Mapping) and any(
        isinstance(one, Mapping) and isinstance(one.get("Type"), str) and "::" in one["Type"]
        for one in resources.values()
    )


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(one)


def template_of(resource: Mapping[str, Any]) -> str:
    """Where the template of a nested stack is: its URL, or the file that the CDK made for it; empty where it isn't."""
    properties, metadata = resource.get("Properties"), resource.get("Metadata")
    url = properties.get("TemplateURL", properties.get("Location")) if isinstance(properties, Mapping) else None
    asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    return url if isinstance(url, str) else asset if isinstance(asset, str) else ""


def local_files(value: Mapping[str, Any]) -> Iterator[str]:
    """The paths of other files that a template is made of: nested templates."""
    for resource in section(value, "Resources").values():
        if isinstance(resource, Mapping) and resource.get("Type") in NESTED and (url := template_of(resource)):
            yield url


def assets_beside(where: object) -> tuple[str, ...]:
    """Where the CDK keeps what it puts into a bucket at deployment: beside the template, or beside its stage's folder.

    Source: docs.aws.amazon.com/cdk/v2/guide/assets.html
    """
    key = where.get("Key") if isinstance(where, Mapping) else None
    if not isinstance(key, str) or "/" in key:
        return ()
    return f"asset.{key}", f"../asset.{key}"


def definition_files(value: Mapping[str, Any]) -> Iterator[str]:
    """The paths of the definitions that a template names."""
    for resource in section(value, "Resources").values():
        properties = resource.get("Properties") if isinstance(resource, Mapping) else None
        if isinstance(properties, Mapping) and resource.get("Type") in (MACHINE, SAM_MACHINE):
            for key in ("DefinitionUri", "DefinitionS3Location"):
                where = properties.get(key)
                yield from [where] if isinstance(where, str) else assets_beside(where)


def definition_keys(value: Mapping[str, Any]) -> Iterator[str]:
    """The keys, in whatever bucket, of the definitions that a template names."""
    for resource in section(value, "Resources").values():
        properties = resource.get("Properties") if isinstance(resource, Mapping) else None
        if isinstance(properties, Mapping) and resource.get("Type") in (MACHINE, SAM_MACHINE):
            for key in ("DefinitionUri", "DefinitionS3Location"):
                if isinstance(place := properties.get(key), Mapping) and isinstance(place.get("Key"), str):
                    yield place["Key"]


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """What is known of files in buckets: those that an app puts there, by key, and definitions that may be there.

    `fault` says of a file beside the template why it can't be read; nothing where it can, or isn't there. `listed`:
    whether there is a list of what an app puts there.
    """

    put: Mapping[str, str] = field(default_factory=dict)
    definitions: tuple[str, ...] = ()
    fault: Callable[[str], str] = lambda _: ""
    listed: bool = False

    def alike(self, key: str) -> str:
        """The only definition that has the name which a key ends in; empty where there is none, or more than one."""
        name = key.rpartition("/")[2]
        named = [one for one in self.definitions if PurePosixPath(one).name == name]
        if len(named) > 1:
            named = [one for one in named if f"/{key}".endswith(f"/{one}")]
        return named[0] if len(named) == 1 else ""


def stored_key(place: Any) -> str:
    """The key of what lies in a bucket, by either form of its place; empty where it shows only at deployment."""
    if isinstance(place, Mapping):
        key = place.get("Key")
        return key if isinstance(key, str) and not unknown_in(key) else ""
    return place.removeprefix("s3://").partition("/")[2] if isinstance(place, str) and place.startswith("s3://") else ""


def definition_text(value: object, substitutions: Mapping[str, Any]) -> str:
    if not isinstance(value, Mapping):
        raise UnreadableText(tr("Its definition shows only at deployment."))
    return json.dumps(_filled(value, substitutions))


def _filled(value: Any, substitutions: Mapping[str, Any]) -> Any:
    """The definition with its substitutions made; an unfilled one stays as it is, under a symbol's name."""
    if isinstance(value, Mapping):
        return {_filled(key, substitutions): _filled(one, substitutions) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, substitutions) for one in value]
    if not isinstance(value, str):
        return value

    def replacement(found: re.Match[str]) -> str:
        name = found["name"].strip()
        if name in substitutions:
            filled = substitutions[name]
            return json.dumps(filled) if isinstance(filled, bool) else str(filled)
        return symbol(name)

    return _SUBSTITUTION.sub(replacement, value)


def section(template: object, name: str) -> Mapping[str, Any]:
    found = template.get(name) if isinstance(template, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def listed_in(value: object) -> list[Any]:
    if value is None or value is NO_VALUE:
        return []
    return value if isinstance(value, list) else [value]


# --- loops


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a section, with its place in the template. `value` is as it is after the loops around it."""

    name: str
    value: Any
    place: Path


def members(found: Mapping[str, Any], place: Path, items: Callable[[Any], Any]) -> Iterator[Member]:
    """The members of a section with its loops carried out; a loop over what isn't known stays as it is.

    `items` gives the value of what a loop goes over.
    Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
    """
    for name, value in found.items():
        turns = _turns(value, items) if name.startswith(_LOOP) else None
        if turns is None:
            yield Member(name, value, (*place, name))
            continue
        identifier, each, body = turns
        for item in each:
            filled = _with_item(body, identifier, item)
            for one in members(filled, (), items):
                # Where it is written, its name still has the identifier in it.
                written = next((key for key in body if _with_item(key, identifier, item) == one.place[0]), "")
                yield Member(one.name, one.value, (*place, name, 2, written, *one.place[1:]))


def _turns(loop: Any, items: Callable[[Any], Any]) -> tuple[str, list[str], Mapping[str, Any]] | None:
    if not isinstance(loop, list) or len(loop) != 3:
        return None
    identifier, each, body = loop[0], items(loop[1]), loop[2]
    if not isinstance(identifier, str) or not isinstance(each, list) or not isinstance(body, Mapping):
        return None
    if unknown_in(each) or len(each) > _MOST_TURNS or not all(isinstance(one, str | int) for one in each):
        return None
    return identifier, [str(one) for one in each], body


def _with_item(value: Any, identifier: str, item: str) -> Any:
    """A loop's body in one turn. `&{…}` stands for the item without what a logical ID can't have."""
    if isinstance(value, str):
        plain = re.sub(r"[^A-Za-z0-9]", "", item)
        return value.replace(f"${{{identifier}}}", item).replace(f"&{{{identifier}}}", plain)
    if isinstance(value, list):
        return [_with_item(one, identifier, item) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value == {"Ref": identifier}:
        return item
    return {_with_item(key, identifier, item): _with_item(one, identifier, item) for key, one in value.items()}
