"""A resource's properties held to its type, before any call is made for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.sandbox.cloudformation.kind import ResourceKind

# Properties that are lists, and what each member must have; an empty tuple stands for plain texts.
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Policies": ("PolicyName", "PolicyDocument"),
    "Tags": ("Key", "Value"),
    **dict.fromkeys(("ManagedPolicyArns", "Roles", "Users", "Groups", "Architectures"), ()),
}
_DOCUMENTS: Final = (
    *("AssumeRolePolicyDocument", "PolicyDocument", "Definition", "DefinitionSubstitutions"),
    *("Code", "Environment"),
)


def properties_fault(name: str, kind: ResourceKind, wanted: Mapping[str, Any]) -> str | None:
    """What is wrong with the properties of resource `name`, in CloudFormation's words; None if nothing is."""
    faults = [f"#: extraneous key [{key}] is not permitted" for key in wanted if key not in kind.properties]
    faults += [
        f"#: required key [{key}] not found" for key, must in kind.properties.items() if must and key not in wanted
    ]
    faults += [fault for key in kind.properties if key in wanted for fault in _faults(key, wanted[key])]
    return f"Properties validation failed for resource {name} with message:\n[{', '.join(faults)}]" if faults else None


def _faults(key: str, value: Any) -> Iterator[str]:
    if key in _LISTS:
        if not isinstance(value, list):
            yield f"#/{key}: expected type: JSONArray, found: {_called(value)}"
            return
        for number, member in enumerate(value):
            yield from _member_faults(f"#/{key}/{number}", member, _LISTS[key])
    elif key in _DOCUMENTS:
        if not isinstance(value, dict) and not (isinstance(value, str) and key.endswith("Document")):
            yield f"#/{key}: expected type: JSONObject, found: {_called(value)}"
    elif not isinstance(value, str | int) or isinstance(value, bool):
        yield f"#/{key}: expected type: String, found: {_called(value)}"


def _member_faults(place: str, member: Any, needed: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(member, dict if needed else str):
        yield f"{place}: expected type: {'JSONObject' if needed else 'String'}, found: {_called(member)}"
        return
    for key in needed:
        if key not in member:
            yield f"{place}: required key [{key}] not found"


def _called(value: Any) -> str:
    names = {dict: "JSONObject", list: "JSONArray", str: "String", bool: "Boolean", type(None): "Null"}
    return names.get(type(value), "Number")
