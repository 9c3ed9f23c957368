"""Terraform's functions, as far as they are carried out here; what isn't known before it runs stays unknown. Pure.

Source: developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.texts import parsed

_TITLE: Final = re.compile(r"(?<![A-Za-z0-9_])[a-z]")
_VERB: Final = re.compile(r"%(?:%|(?P<verb>[svdq])|.)|%$")


class HclSet(list[Any]):
    """What `toset` gives: each item once, in order; the key of an item is itself."""


def as_text(value: Any) -> str:
    """A value in a text; a symbol where it can't stand in one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    return "" if value is None else symbol("value")


def in_order(over: Any) -> list[tuple[Any, Any]]:
    """What a `for` or a `for_each` goes through, each with its key: an object's in the order of the keys."""
    if isinstance(over, Mapping):
        return sorted(over.items(), key=lambda pair: str(pair[0]))
    return [(one, one) for one in over] if isinstance(over, HclSet) else list(enumerate(over))


def carried_out(name: str, values: Sequence[Any]) -> Any:
    """What a function gives; None where nobody can tell yet, or it isn't known here."""
    if (partly := _OF_PARTLY_KNOWN.get(name)) is not None:
        return partly(*values)
    if (whole := _OF_KNOWN.get(name)) is not None and not any(unknown_in(one) for one in values):
        return whole(*values)
    return None


def _first_known(*values: Any) -> Any:
    """`try`: its first argument, where that is known; whether it fails shows only when Terraform runs."""
    return None if not values or unknown_in(values[0]) or values[0] is None else values[0]


def _coalesce(*values: Any) -> Any:
    for one in values:
        if one not in (None, ""):
            return None if unknown_in(one) else one
    return None


def _merge(*values: Any) -> Any:
    given = [one for one in values if one is not None]
    if not all(isinstance(one, Mapping) for one in given):
        return None
    return {key: item for one in given for key, item in one.items()}


def _concat(*values: Any) -> Any:
    return [item for one in values for item in one] if all(isinstance(one, list) for one in values) else None


def _flattened(values: Any) -> list[Any]:
    items = values if isinstance(values, list) else [values]
    return [found for one in items for found in (_flattened(one) if isinstance(one, list) else [one])]


def _set(values: Any) -> Any:
    if not isinstance(values, list):
        return None
    return HclSet(sorted(_once(values), key=str)) if all(isinstance(one, str) for one in values) else _once(values)


def _compact(values: Any) -> Any:
    return [one for one in values if one not in (None, "")] if isinstance(values, list) else None


def _once(values: Sequence[Any]) -> list[Any]:
    return [one for index, one in enumerate(values) if one not in values[:index]]


def _join(between: Any, *lists: Any) -> Any:
    return str(between).join(as_text(item) for one in lists for item in one) if all(map(_is_list, lists)) else None


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _format(pattern: Any, *values: Any) -> Any:
    """`format`, of the verbs that give a value as it is; of any other nobody knows here what it gives."""
    if unknown_in(pattern):
        return None
    left = iter(values)
    known = True

    def filled(found: re.Match[str]) -> str:
        nonlocal known
        if found[0] == "%%":
            return "%"
        if found["verb"] is None:
            known = False
            return ""
        text = as_text(next(left))
        return json.dumps(text) if found["verb"] == "q" else text

    try:
        text = _VERB.sub(filled, str(pattern))
    except StopIteration:
        return None
    return text if known else None


def _format_list(pattern: Any, *values: Any) -> Any:
    lists = [one for one in values if isinstance(one, list)]
    if not lists or len({len(one) for one in lists}) != 1:
        return None
    rows = [[one[at] if isinstance(one, list) else one for one in values] for at in range(len(lists[0]))]
    found = [_format(pattern, *row) for row in rows]
    return None if None in found else found


def _replaced(text: Any, old: Any, new: Any) -> Any:
    """By a regular expression where `old` is between slashes."""
    text, old, new = str(text), str(old), str(new)
    if unknown_in(text) and not text.lstrip().startswith("{"):
        return None
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        return re.sub(old[1:-1], re.sub(r"\$\{?(\d+)\}?", r"\\\1", new), text)
    return text.replace(old, new)


def _contains(values: Any, wanted: Any) -> Any:
    if not isinstance(values, list) or unknown_in(wanted):
        return None
    return True if wanted in values else None if unknown_in(values) else False


def _element(values: Any, index: Any) -> Any:
    return values[int(index) % len(values)] if _is_list(values) else None


def _lookup(values: Any, key: Any, default: Any = None) -> Any:
    return values.get(key, default) if isinstance(values, Mapping) and not unknown_in(key) else None


def _one(values: Any) -> Any:
    return values[0] if isinstance(values, list) and len(values) == 1 else None


def _zipped(keys: Any, values: Any) -> Any:
    return dict(zip(keys, values, strict=True)) if _is_list(keys) and _is_list(values) else None


def _length(value: Any) -> Any:
    if isinstance(value, str):
        return None if unknown_in(value) else len(value)
    if isinstance(value, list) and any(isinstance(one, str) and unknown_in(one) for one in value):
        return None  # one of them may stand for several, or for none
    return len(value) if isinstance(value, list | Mapping) else None


def _members(at: int) -> Callable[[Any], Any]:
    return lambda value: [pair[at] for pair in in_order(value)] if isinstance(value, Mapping) else None


def _set_operation(keep: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    return lambda one, other: _set([item for item in one if keep(item, other)])


def _sub_string(text: Any, start: Any, length: Any) -> Any:
    return None if start < 0 else text[start:] if length < 0 else text[start : start + length]


def _yaml(text: Any) -> Any:
    return parsed(str(text), as_yaml=True).value


# Carried out though parts of what they are given aren't known: what isn't stays a symbol in what they give.
_OF_PARTLY_KNOWN: Final[Mapping[str, Callable[..., Any]]] = {
    "jsonencode": json.dumps,
    "try": _first_known,
    "coalesce": _coalesce,
    "join": _join,
    "merge": _merge,
    "concat": _concat,
    "flatten": _flattened,
    "format": _format,
    "formatlist": _format_list,
    "replace": _replaced,
    "tostring": lambda value: as_text(value) if value is not None else None,
    "trimspace": lambda text: str(text).strip(),
    "nonsensitive": lambda value: value,
    "sensitive": lambda value: value,
    "tolist": lambda values: list(values) if _is_list(values) else None,
    "toset": _set,
    "distinct": lambda values: _once(values) if _is_list(values) else None,
    "compact": _compact,
    "tomap": lambda value: value,
    "contains": _contains,
    "element": _element,
    "lookup": _lookup,
    "one": _one,
    "keys": _members(0),
    "values": _members(1),
    "zipmap": _zipped,
    "length": _length,
}
_OF_KNOWN: Final[Mapping[str, Callable[..., Any]]] = {
    "jsondecode": json.loads,
    "yamldecode": _yaml,
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "title": lambda text: _TITLE.sub(lambda found: found[0].upper(), str(text)),
    "trimprefix": lambda text, start: str(text).removeprefix(str(start)),
    "trimsuffix": lambda text, end: str(text).removesuffix(str(end)),
    "startswith": lambda text, start: str(text).startswith(str(start)),
    "endswith": lambda text, end: str(text).endswith(str(end)),
    "strcontains": lambda text, part: str(part) in str(text),
    "split": lambda between, text: str(text).split(str(between)),
    "substr": _sub_string,
    "sort": lambda values: sorted(values) if all(isinstance(one, str) for one in values) else None,
    "reverse": lambda values: list(reversed(values)),
    "slice": lambda values, start, end: values[int(start) : int(end)],
    "setunion": lambda *values: _set(_flattened(list(values))),
    "setsubtract": _set_operation(lambda item, other: item not in other),
    "setintersection": _set_operation(lambda item, other: item in other),
    "anytrue": lambda values: any(one is True for one in values),
    "alltrue": lambda values: all(one is True for one in values),
    "abs": abs,
    "max": max,
    "min": min,
    "tonumber": lambda value: int(value),
    "tobool": lambda value: {"true": True, "false": False}.get(value, value),
}
