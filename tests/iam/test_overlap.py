"""Patterns against patterns: never more certain than the engine is of each single resource."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.soak import soaked
from xsfn_helpers.iam import Principal, Request
from xsfn_helpers.iam.match import resource_test
from xsfn_helpers.iam.overlap import covers, meets

READER = "arn:aws:iam::*:role/inventory-reader"


@pytest.mark.parametrize(
    ("pattern", "known", "all_of_it", "some_of_it"),
    [
        ("*", READER, True, True),
        ("arn:aws:iam::*:role/inventory-reader", READER, True, True),
        ("arn:aws:iam::*:role/*", READER, True, True),
        ("arn:aws:iam::*:role/inventory-*", READER, True, True),
        ("arn:aws:iam::222222222222:role/inventory-reader", READER, False, True),
        ("arn:aws:iam::222222222222:role/inventory-raeder", READER, False, False),
        ("arn:aws:iam::*:role/inventory-raeder", READER, False, False),
        ("arn:aws:iam::*:role/team/*", READER, False, False),
        ("arn:aws:iam::2*:role/inventory-reader", READER, False, True),
        ("arn:aws:iam::?22222222222:role/inventory-reader", READER, False, True),
        ("arn:aws:iam::*", READER, True, True),
        ("arn:aws:s3:::*", READER, False, False),
        ("arn:aws:secretsmanager:*:*:secret:app-*", "arn:aws:secretsmanager:eu-west-1:1:secret:app-??????", True, True),
        ("arn:aws:secretsmanager:*:*:secret:app", "arn:aws:secretsmanager:eu-west-1:1:secret:app-??????", False, False),
        ("arn:aws:states:*:*:execution:child:*", "arn:aws:states:eu-west-1:1:execution:child:*", True, True),
        ("arn:aws:states:*:*:execution:child:nightly", "arn:aws:states:eu-west-1:1:execution:child:*", False, True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/*/report", True, True),
        ("arn:aws:s3:::${aws:PrincipalAccount}/*", "arn:aws:s3:::bucket/*", False, True),
        ("arn:aws:lambda:*:*:function:a", "*", False, True),
    ],
)
def test_a_pattern_is_held_against_what_is_known(pattern: str, known: str, all_of_it: bool, some_of_it: bool) -> None:
    assert covers(pattern, known) is all_of_it
    assert meets(pattern, known) is some_of_it


def _single(pattern: str, resource: str) -> bool:
    who = Principal.parse("arn:aws:iam::111111111111:user/ada")
    request = Request(who, "s3:GetObject", resource, "111111111111")
    return resource_test(pattern, variables=False, completed=True)(request)


_HEADS = st.lists(st.sampled_from(["", "a", "b", "*", "a*", "*b", "a?"]), min_size=5, max_size=5)
_TAIL = st.text(alphabet="ab:*?/", min_size=1, max_size=6)
_PATTERN = st.builds(lambda head, tail: ":".join((*head, tail)), _HEADS, _TAIL)
_FILLING = ["", "a", "b", "ab", "ba", "aab"]


@given(_PATTERN, _PATTERN)
@settings(max_examples=soaked(short=300, long=20_000), deadline=None)
@example(":::a:a?::", ":::a:a:::")
def test_the_engine_agrees_on_every_resource_that_it_may_be(pattern: str, known: str) -> None:
    """Whatever is put in the place of the stars: covered means matched, and disjoint means not matched."""
    all_of_it, some_of_it = covers(pattern, known), meets(pattern, known)
    assert some_of_it or not all_of_it
    stars = known.count("*")
    for filling in itertools.islice(itertools.product(_FILLING, repeat=stars), 200):
        left = iter(filling)
        resource = "".join(next(left) if sign == "*" else "a" if sign == "?" else sign for sign in known)
        matched = _single(pattern, resource)
        assert matched or not all_of_it
        assert some_of_it or not matched


@pytest.mark.parametrize(
    ("pattern", "known", "all_of_it", "some_of_it"),
    [
        ("arn:aws:iam::${Spoke}:role/reader", "arn:aws:iam::${Spoke}:role/reader", True, True),
        ("arn:aws:iam::${Hub}:role/reader", "arn:aws:iam::${Spoke}:role/reader", False, True),
        ("arn:aws:iam::*:role/reader", "arn:aws:iam::${Spoke}:role/reader", True, True),
        ("arn:aws:iam::${Spoke}:role/writer", "arn:aws:iam::${Spoke}:role/reader", False, False),
        ("${ReaderArn}", "arn:aws:iam::222222222222:role/reader", False, True),
        ("${ReaderArn}", "${ReaderArn}", True, True),
    ],
)
def test_the_same_name_is_the_same_value_at_deployment(
    pattern: str, known: str, all_of_it: bool, some_of_it: bool
) -> None:
    assert covers(pattern, known) is all_of_it
    assert meets(pattern, known) is some_of_it
