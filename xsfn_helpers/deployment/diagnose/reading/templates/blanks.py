"""What people fill in by hand, `<ACCOUNT_ID>` and its like in ARNs: values that come later, or were told. Pure.

No ARN that is deployed has an angle bracket, or letters for its account: docs.aws.amazon.com/IAM/latest/UserGuide/
reference-arns.html. The accounts `aws` and `cloudfront` are AWS's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol
from xsfn_helpers.deployment.diagnose.reading.texts import Written

_BLANK: Final = re.compile(r"<(?P<name>[A-Za-z][\w .-]*)>")
# One with blanks in its blank goes on after them.
_ARN: Final = re.compile(r"arn:aws[\w-]*:(?:<[A-Za-z][\w .-]*>|[^\"'\s\\<])*")
_PLACE: Final = re.compile(
    r"^(?P<before>arn:aws[\w-]*:[\w-]+:)(?P<region>[^:]*):(?P<account>(?!aws:|cloudfront:)[A-Za-z][\w-]*):"
)
_REGION: Final = re.compile(r"^(?P<before>arn:aws[\w-]*:[\w-]+:)(?P<region>[A-Z][A-Z0-9_-]*):")


def with_blanks(written: Written, told: Mapping[str, str] | None = None) -> Written:
    """The same with each blank as the value told for its name, else as a symbol; itself where there is none."""
    known = told or {}
    if not any(_filled_in(found, known) != found[0] for found in _ARN.finditer(written.text)):
        return written
    return replace(written, value=_each(written.value, known))


def _each(value: Any, told: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _each(one, told) for key, one in value.items()}
    if isinstance(value, list):
        return [_each(one, told) for one in value]
    return _ARN.sub(lambda found: _filled_in(found, told), value) if isinstance(value, str) else value


def _filled_in(found: re.Match[str], told: Mapping[str, str]) -> str:
    def value(name: str) -> str:
        sign = symbol(name)
        return told.get(name, told.get(sign[2:-1], sign))

    arn = _BLANK.sub(lambda blank: value(blank["name"]), found[0])
    arn = _REGION.sub(lambda place: f"{place['before']}{value(place['region'])}:", arn)
    return _PLACE.sub(lambda place: f"{place['before']}{place['region']}:{value(place['account'])}:", arn)
