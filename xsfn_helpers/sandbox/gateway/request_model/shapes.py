"""What is inside the lists and structures of a JSON request: of the kind that the service's model says, and complete.

`constraint_rules` checks the parameters themselves. AWS's words for what is deeper down aren't recorded; these follow
the recorded ones of the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader

from xsfn_helpers.sandbox.gateway.errors import Refusal

# The model doesn't say so, but a tag without either is none.
_ALSO_REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {"Tag": ("key", "value")}
# The model's kind -> (what JSON must have, what AWS calls it)
_KINDS: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "structure": (dict, "an Object"),
    "map": (dict, "an Object"),
    "list": (list, "a List"),
    "string": (str, "a String"),
    "boolean": (bool, "a Boolean"),
    "integer": (int, "an Integer"),
    "long": (int, "a Long"),
    "float": ((int, float), "a Float"),
    "double": ((int, float), "a Double"),
}


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    members: Mapping[str, _Shape]
    required: frozenset[str]
    item: _Shape | None


def check_shapes(operation: str, params: Mapping[str, Any]) -> None:
    """Raise `Refusal` for a Step Functions request with something inside that can't be read as what it should be."""
    shape = _inputs().get(operation)
    if shape is None:
        return
    faults = [
        f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
        for place in _missing(params, shape, "")
    ]
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise Refusal("ValidationException", f"{count}: {'; '.join(faults)}")


def _missing(value: Any, shape: _Shape, place: str) -> Iterator[str]:
    """Where something required isn't there. Raises `Refusal` at the first value of another kind."""
    wanted, called = _KINDS[shape.kind]
    is_right: bool = isinstance(value, wanted)
    if not is_right or (isinstance(value, bool) and shape.kind != "boolean"):
        raise Refusal("SerializationException", f"{place}: {type(value).__name__} can not be converted to {called}")
    if shape.kind == "structure":
        for name, member in shape.members.items():
            within = f"{place}.{name}" if place else name
            if value.get(name) is not None:
                yield from _missing(value[name], member, within)
            elif name in shape.required:
                yield within
    elif shape.item is not None:
        items = (
            value.items() if shape.kind == "map" else ((f"{number}.member", one) for number, one in enumerate(value, 1))
        )
        for name, one in items:
            if one is None:
                yield f"{place}.{name}"
            else:
                yield from _missing(one, shape.item, f"{place}.{name}")


@cache
def _inputs() -> Mapping[str, _Shape]:
    model = Loader().load_service_model("stepfunctions", "service-2")
    return {
        name: _shape(operation["input"]["shape"], model["shapes"])
        for name, operation in model["operations"].items()
        if "input" in operation
    }


def _shape(name: str, shapes: Mapping[str, Any]) -> _Shape:
    """None of the service's requests holds itself, so this comes to an end."""
    described = shapes[name]
    item = described.get("member") or described.get("value")
    return _Shape(
        kind=described["type"],
        members={name: _shape(member["shape"], shapes) for name, member in described.get("members", {}).items()},
        required=frozenset(described.get("required", _ALSO_REQUIRED.get(name, ()))),
        item=_shape(item["shape"], shapes) if item else None,
    )
