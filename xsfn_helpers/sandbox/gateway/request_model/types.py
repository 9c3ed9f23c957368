"""What is inside a JSON request's parameters, held to the service's own model: types, and what must be there.

The models are the ones that AWS publishes with botocore. AWS's words for each fault aren't established; the codes are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from xsfn_helpers.sandbox.gateway.errors import Refusal

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


def check_types(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Raise `Refusal` for a value of another kind than the model's, and for a part without what it must have."""
    shape = _model(service).operation_model(operation).input_shape
    if shape is not None:
        _check(params, shape, operation, _DEEPEST)


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


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
