"""Random conditions that hold, or just about don't, for a given request context."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from tests.iam.differential.text import chance, near_miss, respelled, wildcarded
from tests.iam.differential.world import KEYS, KeyType

Context = Mapping[str, str | list[str]]
Conditions = dict[str, dict[str, str | list[str]]]

_POSITIVE: Final = {
    KeyType.STRING: ("StringEquals", "StringEquals", "StringLike", "StringEqualsIgnoreCase"),
    KeyType.STRINGS: ("StringEquals", "StringLike", "StringEqualsIgnoreCase"),
    KeyType.NUMBER: (
        "NumericEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ),
    KeyType.DATE: ("DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"),
    KeyType.BOOL: ("Bool",),
    KeyType.IP: ("IpAddress",),
    KeyType.ARN: ("ArnEquals", "ArnLike"),
    KeyType.BINARY: ("BinaryEquals",),
}
_NEGATED: Final = {
    "StringEquals": "StringNotEquals",
    "StringLike": "StringNotLike",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
}


def conditions(rng: Random, context: Context, usable: Sequence[str], *, holding: bool, variables: bool) -> Conditions:
    """One to three conditions. `holding` is aimed at, not promised."""
    found: Conditions = {}
    count = rng.choice((1, 1, 1, 2, 2, 3))
    failing = -1 if holding else rng.randrange(count)
    for index in range(count):
        operator, key, values = _condition(rng, context, usable, holding=index != failing, variables=variables)
        keys = found.setdefault(operator, {})
        if key.lower() not in {other.lower() for other in keys}:
            keys[key] = values[0] if len(values) == 1 and chance(rng, 0.7) else values
    return found


def _condition(
    rng: Random, context: Context, usable: Sequence[str], *, holding: bool, variables: bool
) -> tuple[str, str, list[str]]:
    present = [key for key in context if key not in _PLAIN_TEXT]
    key = rng.choice(present) if present and chance(rng, 0.8) else rng.choice(usable)
    seen = context.get(key)
    spelled = respelled(rng, key)
    if chance(rng, 0.08):
        return "Null", spelled, [("true" if seen is None else "false") if holding else rng.choice(("true", "false"))]
    key_type = KEYS[key][0] if key in KEYS else (KeyType.ARN if key == "aws:PrincipalArn" else KeyType.STRING)
    family = key_type
    if key_type in (KeyType.ARN, KeyType.IP, KeyType.BOOL, KeyType.NUMBER, KeyType.BINARY) and chance(rng, 0.2):
        family = KeyType.STRING
    elif chance(rng, 0.03):
        family = rng.choice(list(KeyType))  # an operator of another type than the key's
    operator = rng.choice(_POSITIVE[family])
    negated = operator in _NEGATED and chance(rng, 0.3)
    if seen is None:
        values = [_any_value(rng, key) for _ in range(rng.choice((1, 1, 2)))]
        suffix = "IfExists" if chance(rng, 0.6 if holding and not negated else 0.2) else ""
    else:
        one = seen if isinstance(seen, str) else rng.choice(seen)
        wanted = holding is not negated
        values = [_matching(rng, operator, one, context, variables) if wanted else _missing(rng, operator, one)]
        if not isinstance(seen, str) and chance(rng, 0.6):
            values += [other for other in seen if other != one]
        values += [_any_value(rng, key) for _ in range(rng.choice((0, 0, 0, 1, 2)))]
        if variables and chance(rng, 0.04):
            values.append(rng.choice(_VARIABLES))
        rng.shuffle(values)
        suffix = "IfExists" if chance(rng, 0.15) else ""
    quantifier = ""
    if chance(rng, 0.85 if key_type is KeyType.STRINGS else 0.08):
        quantifier = rng.choice(("ForAllValues:", "ForAnyValue:"))
    if operator.startswith("Date"):  # AWS takes nothing but dates here
        values = [one if _moment(one) else "2026-11-24T09:00:00Z" for one in values]
    name = _NEGATED[operator] if negated else operator
    return f"{quantifier}{name}{suffix}", spelled, values


_PLAIN_TEXT: Final = frozenset({"aws:userid"})
_VARIABLES: Final = (
    "${aws:username}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/none, 'red'}",
    "${aws:SourceAccount}",
    "${sts:RoleSessionName}",
    "${aws:TagKeys}",
    "${*}",
    "${$}red",
)


def _any_value(rng: Random, key: str) -> str:
    if key in KEYS:
        return rng.choice(KEYS[key][1])
    return rng.choice(("ada", "User", "true", "111111111111", "arn:aws:iam::111111111111:role/operator-role"))


def _matching(rng: Random, operator: str, value: str, context: Context, variables: bool) -> str:
    """A policy value that `operator` finds equal to the request's `value` (or smaller, greater …)."""
    if operator.startswith("Numeric") and (number := _number(value)) is not None:
        step = rng.choice((1, 0.5, 100))
        above, below = _decimal(number + step), _decimal(number - step)
        equal = rng.choice((value, value, f"{number:.1f}"))
        return {
            "NumericEquals": equal,
            "NumericLessThan": above,
            "NumericLessThanEquals": rng.choice((equal, above)),
            "NumericGreaterThan": below,
            "NumericGreaterThanEquals": rng.choice((equal, below)),
        }[operator]
    if operator.startswith("Date") and (moment := _moment(value)) is not None:
        interval = timedelta(seconds=rng.choice((1, 60, 86400)))
        equal = _written(rng, moment)
        later, earlier = _written(rng, moment + interval), _written(rng, moment - interval)
        return {
            "DateEquals": equal,
            "DateLessThan": later,
            "DateLessThanEquals": rng.choice((equal, later)),
            "DateGreaterThan": earlier,
            "DateGreaterThanEquals": rng.choice((equal, earlier)),
        }[operator]
    if operator == "IpAddress":
        return _network(rng, value)
    if operator == "Bool":
        return rng.choice((value, value.capitalize(), value.upper()))
    if operator == "BinaryEquals":
        return value
    if operator == "StringEqualsIgnoreCase" and chance(rng, 0.5):
        return respelled(rng, value)
    if variables and chance(rng, 0.25):
        return _with_variable(rng, value, context)
    if operator == "StringLike" and chance(rng, 0.6):
        return wildcarded(rng, value)
    if operator.startswith("Arn") and value.count(":") >= 5 and chance(rng, 0.6):
        parts = value.split(":", 5)
        at = rng.choice((3, 4, 5, 5))
        parts[at] = wildcarded(rng, parts[at]) if parts[at] else "*"
        return ":".join(parts)
    return value


def _missing(rng: Random, operator: str, value: str) -> str:
    """A policy value that just about doesn't match."""
    if operator.startswith("Numeric") and (number := _number(value)) is not None:
        turned = {"Less": -1, "Grea": 1}.get(operator.removeprefix("Numeric")[:4], rng.choice((-1, 1)))
        return _decimal(number + turned * rng.choice((1, 0.5)))
    if operator.startswith("Date") and (moment := _moment(value)) is not None:
        turned = {"Less": -1, "Grea": 1}.get(operator.removeprefix("Date")[:4], rng.choice((-1, 1)))
        return _written(rng, moment + turned * timedelta(seconds=rng.choice((1, 3600))))
    if operator == "IpAddress":
        return rng.choice(("203.0.113.8", "203.0.112.0/24", "10.0.0.0/32", "2001:db8::/48", "2001:db8:1234:5678::2"))
    if operator == "Bool":
        return "false" if value.lower() == "true" else "true"
    missed = near_miss(rng, value)
    if operator == "StringEqualsIgnoreCase" and missed.lower() == value.lower():
        return f"{missed}x"
    return missed


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _decimal(number: float) -> str:
    """Without an exponent, of which AWS's pages say nothing."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _moment(value: str) -> datetime | None:
    if value.isdigit() and len(value) == 10:
        return datetime.fromtimestamp(int(value), UTC)
    try:
        return datetime.fromisoformat(value) if value[4:5] == "-" else None  # the basic form isn't W3C's
    except ValueError:
        return None


def _written(rng: Random, moment: datetime) -> str:
    forms = [f"{moment:%Y-%m-%dT%H:%M:%SZ}"] * 3
    forms.append(f"{moment + timedelta(hours=9):%Y-%m-%dT%H:%M:%S}+09:00")
    forms.append(f"{moment:%Y-%m-%dT%H:%M:%S}.000Z")
    forms.append(str(int(moment.timestamp())))
    if moment.second == 0:
        forms.append(f"{moment:%Y-%m-%dT%H:%MZ}")
    return rng.choice(forms)


def _network(rng: Random, value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return "203.0.113.0/24"
    lengths = (8, 16, 24, 31, 32) if address.version == 4 else (32, 48, 64, 127, 128)
    if chance(rng, 0.2):
        return value
    return str(ipaddress.ip_network((value, rng.choice(lengths)), strict=False))


def _with_variable(rng: Random, value: str, context: Context) -> str:
    """The value, with a policy variable in the place of (part of) it."""
    inside = [
        (key, seen)
        for key, seen in context.items()
        if isinstance(seen, str) and seen and seen in value and not key.startswith("aws:Source")
    ]
    if inside and chance(rng, 0.6):
        key, seen = rng.choice(inside)
        name = respelled(rng, key)
        variable = f"${{{name}, 'nobody'}}" if chance(rng, 0.2) else f"${{{name}}}"
        return value.replace(seen, variable, 1)
    for special in "*?$":
        if special in value and chance(rng, 0.7):
            return value.replace(special, f"${{{special}}}")
    return f"${{aws:PrincipalTag/none, '{value}'}}"
