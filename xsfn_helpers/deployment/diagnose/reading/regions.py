"""The regions that files name, and those that a set-up may be deployed to where no file tells. Pure.

Source of the names: docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# What stands for the region where nothing tells it.
ANY_REGION: Final = "us-east-1"
_OF_MACHINE: Final = re.compile(r"arn:aws[\w-]*:states:([a-z]{2}(?:-[a-z]+)+-\d):")
_NAME: Final = re.compile(r"\b(?:af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d\b")
_PATTERN: Final = re.compile(r"\b(?:af|ap|ca|eu|il|me|mx|sa|us)-(?:[a-z]+-)?(?=[*?])")
# One of them at least is no region that a file names.
_SOMEWHERE_ELSE: Final = ("ap-southeast-2", "sa-east-1", "ca-central-1")


def told_region(texts: Iterable[str]) -> str:
    """The only region that ARNs of Step Functions have in these texts; empty where it is none, or several."""
    found = {region for text in texts for region in _OF_MACHINE.findall(text)}
    return found.pop() if len(found) == 1 else ""


def other_regions(texts: Iterable[str]) -> tuple[str, ...]:
    """The regions, beside `ANY_REGION`, where the answer may be another: those named, and one that isn't named.

    None where no text names a region: then whatever names one takes it from where it is deployed. Of a template that
    looks its region up in a mapping, those that the mapping has.
    """
    named: set[str] = set()
    looked_up = False
    for text in texts:
        named |= set(_NAME.findall(text))
        named |= {f"{one}1" if one.count("-") > 1 else f"{one}west-1" for one in _PATTERN.findall(text)}
        looked_up = looked_up or ("FindInMap" in text and "AWS::Region" in text)
    if not named:
        return ()
    elsewhere = () if looked_up else tuple(one for one in _SOMEWHERE_ELSE if one not in named)[:1]
    return (*sorted(named - {ANY_REGION}), *elsewhere)
