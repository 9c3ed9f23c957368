"""One text for each sort that patterns tell apart: none is missed, and the patterns mean what the engine means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.soak import soaked
from xsfn_helpers.iam import Policy, PolicyKind, Principal, Request
from xsfn_helpers.iam.cells import (
    ANY_RUN,
    DIGITS,
    PatternStep,
    Steps,
    TooManyCellsError,
    arn_like,
    cells,
    like,
    literal,
    resource_like,
    run,
)
from xsfn_helpers.iam.match import resource_test

_PATTERNS = st.lists(st.text(alphabet="ab*?", max_size=5), min_size=1, max_size=4)
_HEADS = st.lists(st.sampled_from(["", "a", "b", "*", "a*", "*b", "a?"]), min_size=5, max_size=5)
_ARN_PATTERN = st.builds(lambda head, tail: ":".join((*head, tail)), _HEADS, st.text(alphabet="ab:*?", max_size=4))
_ARN = st.text(alphabet="ab:", max_size=14)
_WHO = Principal.parse("arn:aws:iam::111111111111:user/ada")


def vector(patterns: list[Steps], text: str) -> tuple[bool, ...]:
    """Which patterns match the text: the text is the one sort that is left of all with these letters."""
    return tuple(cells(literal(text), [steps], preferred=[text]) != () and _matches(steps, text) for steps in patterns)


def _matches(steps: Steps, text: str) -> bool:
    """By trying every way, slowly: nothing of the automaton's in it."""
    if not steps:
        return text == ""
    first, *rest = steps
    if first.many:
        return _matches(tuple(rest), text) or (text != "" and first.takes(text[0]) and _matches(steps, text[1:]))
    return text != "" and first.takes(text[0]) and _matches(tuple(rest), text[1:])


@given(_PATTERNS, st.text(alphabet="abc", max_size=6))
@settings(max_examples=soaked(short=300, long=20_000), deadline=None)
def test_whatever_text_there_is_one_stands_for_it(patterns: list[str], text: str) -> None:
    steps = [like(pattern) for pattern in patterns]
    found = [vector(steps, one) for one in cells(ANY_RUN, steps)]

    assert vector(steps, text) in found
    assert len(set(found)) == len(found), "one for each sort"


@given(_ARN_PATTERN, _ARN)
@settings(max_examples=soaked(short=500, long=20_000), deadline=None)
def test_a_resource_is_matched_as_the_engine_matches_it(pattern: str, resource: str) -> None:
    engine = resource_test(pattern, variables=False, completed=True)

    assert not resource or _matches(resource_like(pattern), resource) is engine(_request(resource=resource))


@given(_ARN_PATTERN, _ARN)
@settings(max_examples=soaked(short=500, long=20_000), deadline=None)
def test_arn_like_is_matched_as_the_engine_matches_it(pattern: str, value: str) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": pattern}},
    }
    policy = Policy.parse({"Version": "2012-10-17", "Statement": statement}, kind=PolicyKind.IDENTITY)
    steps = arn_like(pattern)

    assert (steps is not None and _matches(steps, value)) is policy.statements[0].conditions_hold(_request(value))


def _request(source: str = "", *, resource: str = "*") -> Request:
    return Request(_WHO, "s3:GetObject", resource, "111111111111", {"aws:SourceArn": source})


def test_the_domain_bounds_what_is_found() -> None:
    account = tuple([PatternStep(DIGITS)] * 12)

    assert cells(account, [like("1*")]) == ("000000000000", "100000000000")
    assert cells(run("ab", least=2), [literal("AA", folded=True)]) == ("aa", "ab")
    assert cells(account, [literal("12")]) == ("000000000000",), "no account is that short"


def test_a_preferred_text_stands_for_its_sort() -> None:
    assert cells(ANY_RUN, [like("a*")], preferred=["apple", "avocado", "pear"]) == ("apple", "pear")


def test_too_many_sorts_are_said_in_words() -> None:
    patterns = [like(f"*{one}?????????{other}*") for one in "abcdef" for other in "abcdef"]

    with pytest.raises(TooManyCellsError):
        cells(ANY_RUN, patterns)
