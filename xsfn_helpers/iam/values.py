"""What the typed condition operators compare: numbers, instants, booleans, bytes, addresses.

Each reader gives None for a text that isn't such a value.
Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from decimal import Decimal
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,100}(?:\.[0-9]{1,100})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_EPOCH: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_LAST_EPOCH: Final = 9_223_372_036_854_775_807
# W3C's profile of ISO 8601 (www.w3.org/TR/NOTE-datetime), as leniently as AWS takes it.
_ISO: Final = re.compile(
    r"(-?[0-9]{1,9})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?"
    r"(?:[tT](?:([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?)?)?"
    r"([zZ]|[+-][0-9]{2}(?::[0-9]{2})?)?)?",
    re.ASCII,
)
_NANOSECONDS: Final = 1_000_000_000


def number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def octets(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def network(text: str) -> Network | None:
    """A CIDR range; an address without a prefix length is a range of one."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def instant(text: str) -> int | None:
    """Nanoseconds since 1970, from epoch seconds or an ISO 8601 date; without a zone it is UTC."""
    if _EPOCH.fullmatch(text):
        seconds = int(text)
        return seconds * _NANOSECONDS if seconds <= _LAST_EPOCH else None
    found = _ISO.fullmatch(text)
    # Digits alone are epoch seconds, and too many of them are no year either.
    if found is None or text.isdigit():
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    parts = (int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    if not (1 <= parts[0] <= 12 and 1 <= parts[1] <= 31 and parts[2] <= 23 and parts[3] <= 59 and parts[4] <= 59):
        return None
    offset = _zone_minutes(zone or "Z")
    if offset is None:
        return None
    minutes = (_days(int(year), parts[0], parts[1]) * 24 + parts[2]) * 60 + parts[3] - offset
    return (minutes * 60 + parts[4]) * _NANOSECONDS + int((fraction or "0").ljust(9, "0"))


def _zone_minutes(zone: str) -> int | None:
    if zone in ("Z", "z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6] or 0)
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year (datetime stops at 9999)."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468
