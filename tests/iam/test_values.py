"""Numbers, instants, booleans, bytes and addresses as the condition operators read them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.soak import soaked
from xsfn_helpers.iam import values


@settings(max_examples=soaked(short=60, long=300), deadline=None, derandomize=True)
@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_what_datetime_says(moment):
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (moment.resolution) * 1_000

    assert values.instant(moment.isoformat()) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("2026", 2026),
        ("1970-01-02", 86_400),
        ("1970-02", 31 * 86_400),
        ("1970-01-01T01:00Z", 3_600),
        ("1970-01-01t1:00:00z", 3_600),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:00-01", 3_600),
        ("0001-01-01", -62_135_596_800),
        ("-0001-12-31", -62_167_305_600),
    ],
)
def test_instants(text, seconds):
    assert values.instant(text) == seconds * 1_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "234-13", "2016-12-32", "2016-12-13T24:00", "2016-12-13T2:60", "2016-12-13t2:00:00.593194+1",
        "2016-12-13t2:00:00.1999999999+10:59", "9223372036854775808", "12345678901234567890", "1.5",
        "2016-12-13T2:00+24:00", "٣", "2026-11-24 09:00",
    ],
)  # fmt: skip
def test_no_instants(text):
    assert values.instant(text) is None


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("-1.50", "-1.5"), ("+2", 2), ("1e3", 1000), ("0.1", "0.1")])
def test_numbers(text, number):
    assert values.number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "one", "1,5", "0x10", "NaN", "Infinity", "1e9999", "1" * 101, " 1", "1.", "٣"])
def test_no_numbers(text):
    assert values.number(text) is None


def test_the_rest():
    assert (values.boolean("True"), values.boolean("FALSE"), values.boolean("1")) == (True, False, None)
    assert (values.octets("QQ=="), values.octets("Q"), values.octets("é")) == (b"A", None, None)
    assert (str(values.network("10.1.2.3/8")), values.network("10.0.0.0/33")) == ("10.0.0.0/8", None)
    assert (str(values.network("::1")), values.address("10.0.0.256")) == ("::1/128", None)
