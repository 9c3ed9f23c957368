"""What is inside a JSON request's parameters, held to the service's own model: of its kind, and complete.

`constraints` checks the parameters themselves. The models are the ones that AWS publishes with botocore. AWS's words
for what is deeper down aren't recorded: those for Step Functions follow the recorded ones of the parameters, of the
others the codes are established.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

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
_SCALARS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "blob": (str,),  # base64
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
}
# Half of a character, which JSON can say and nobody can store.
_HALF: Final = re.compile("[\ud800-\udfff]")
_DEEPEST: Final = 100


def check_shapes(operation: str, params: Mapping[str, Any]) -> None:
    """Raise `Refusal` for a Step Functions request with something inside that can't be read as what it should be."""
    shape = _input("stepfunctions", operation)
    if shape is None:
        return
    faults = [
        f"Value null at '{place}' failed to satisfy constraint: Member must not be null"
        for place in _missing(params, shape, "")
    ]
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise Refusal("ValidationException", f"{count}: {'; '.join(faults)}")


def _missing(value: Any, shape: Shape, place: str) -> Iterator[str]:
    """Where something required isn't there. Raises `Refusal` at the first value of another kind."""
    wanted, called = _KINDS[shape.type_name]
    is_right: bool = isinstance(value, wanted)
    if not is_right or (isinstance(value, bool) and shape.type_name != "boolean"):
        raise Refusal("SerializationException", f"{place}: {type(value).__name__} can not be converted to {called}")
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            within = f"{place}.{name}" if place else name
            if value.get(name) is not None:
                yield from _missing(value[name], member, within)
            elif name in (shape.required_members or _ALSO_REQUIRED.get(shape.name, ())):
                yield within
    elif isinstance(shape, ListShape | MapShape):
        inner = shape.member if isinstance(shape, ListShape) else shape.value
        items = value.items() if isinstance(value, dict) else ((f"{at}.member", one) for at, one in enumerate(value, 1))
        for name, one in items:
            if one is None:
                yield f"{place}.{name}"
            else:
                yield from _missing(one, inner, f"{place}.{name}")


def check_types(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Raise `Refusal` for a value of another kind than the model's, and for a part without what it must have."""
    shape = _input(service, operation)
    if shape is not None:
        _check(params, shape, operation, _DEEPEST)


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def _input(service: str, operation: str) -> Shape | None:
    """What an operation takes; None where that is nothing, and for an operation that there isn't."""
    model = _model(service)
    return model.operation_model(operation).input_shape if operation in model.operation_names else None


def _check(value: Any, shape: Shape, place: str, depth: int) -> None:
    if depth == 0:
        raise Refusal("SerializationException", "The request is nested too deeply.")
    if isinstance(shape, StructureShape):
        given = _of(dict, value, place)
        for name in shape.required_members:
            if given.get(name) is None:
                raise Refusal("ValidationException", f"{place} needs {name}.")
        for name, member in shape.members.items():
            if given.get(name) is not None:
                _check(given[name], member, name, depth - 1)
    elif isinstance(shape, ListShape):
        for item in _of(list, value, place):
            _check(item, shape.member, place, depth - 1)
    elif isinstance(shape, MapShape):
        for name, item in _of(dict, value, place).items():
            _check(name, shape.key, place, depth - 1)
            _check(item, shape.value, place, depth - 1)
    elif isinstance(value, bool) != (shape.type_name == "boolean") or not isinstance(value, _SCALARS[shape.type_name]):
        raise Refusal("SerializationException", f"{place}: {value!r:.60} is no {shape.type_name}.")
    elif isinstance(value, str) and _HALF.search(value):
        raise Refusal("SerializationException", f"{place}: {value!r:.60} is no text.")


def _of(kind: type, value: Any, place: str) -> Any:
    if not isinstance(value, kind):
        what = "an object" if kind is dict else "a list"
        raise Refusal("SerializationException", f"{place}: {value!r:.60} is not {what}.")
    return value
