"""The regions kept as data are botocore's, so that no reader's region is denied by mistake."""

from __future__ import annotations

import boto3
import pytest

from xsfn_helpers.common.errors import InvalidScenario
from xsfn_helpers.common.regions import REGIONS, partition_of

SESSION = boto3.Session()


@pytest.mark.parametrize("partition", SESSION.get_available_partitions())
def test_every_region_that_botocore_knows_is_known(partition: str) -> None:
    """Older releases of botocore know fewer; a newer one that knows more means a line to add."""
    botocore = set(SESSION.get_available_regions("stepfunctions", partition_name=partition))

    assert botocore - set(REGIONS.get(partition, ())) == set(), "add these to xsfn_helpers/common/regions.py"


@pytest.mark.parametrize(("partition", "region"), [(name, region) for name in REGIONS for region in REGIONS[name]])
def test_each_region_belongs_to_the_partition_that_botocore_says(partition: str, region: str) -> None:
    assert SESSION.get_partition_for_region(region) == partition == partition_of(region)


@pytest.mark.parametrize("region", ["", "tokyo", "ap-northeast-9", "AP-NORTHEAST-1", "ap-northeast-1 ", "us-east-1a"])
def test_an_unknown_region_is_refused_and_tokyo_named(region: str) -> None:
    with pytest.raises(InvalidScenario) as refusal:
        partition_of(region)

    assert repr(region) in str(refusal.value)
    assert "ap-northeast-1" in refusal.value.fix


@pytest.mark.parametrize("region", [None, 1, ["us-east-1"]])
def test_what_is_not_text_is_refused_the_same_way(region: object) -> None:
    with pytest.raises(InvalidScenario, match="is not a region"):
        partition_of(region)  # type: ignore[arg-type]
