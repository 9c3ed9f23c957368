"""The regions that have Step Functions, by partition, as botocore's endpoint data lists them.

Kept as data so that checking a scenario needs no boto3; `tests/common/test_regions.py` says when botocore knows more.
"""

from __future__ import annotations

from typing import Final

from xsfn_helpers.common.errors import InvalidScenario
from xsfn_helpers.common.language import tr

REGIONS: Final[dict[str, tuple[str, ...]]] = {
    "aws": (
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ),
    "aws-cn": (
        "cn-north-1",
        "cn-northwest-1",
    ),
    "aws-us-gov": (
        "us-gov-east-1",
        "us-gov-west-1",
    ),
    "aws-iso": (
        "us-iso-east-1",
        "us-iso-west-1",
    ),
    "aws-iso-b": (
        "us-isob-east-1",
        "us-isob-west-1",
    ),
    "aws-iso-e": ("eu-isoe-west-1",),
    "aws-iso-f": (
        "us-isof-east-1",
        "us-isof-south-1",
    ),
    "aws-eusc": ("eusc-de-east-1",),
}
_PARTITION: Final = {region: partition for partition, regions in REGIONS.items() for region in regions}


def partition_of(region: str) -> str:
    """The partition (`aws`, `aws-cn`, …) a region belongs to. Raises `InvalidScenario` for an unknown region."""
    try:
        return _PARTITION[region]
    except (KeyError, TypeError):
        raise InvalidScenario(
            tr("{region!r} is not a region with Step Functions.", region=region),
            where="region",
            fix=tr(
                "Known ones start with {names} …; AWS calls Tokyo 'ap-northeast-1'.",
                names=", ".join(REGIONS["aws"][:3]),
            ),
        ) from None
