"""Patterns: the same answers as a plain regular expression, without its explosions."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.soak import soaked
from xsfn_helpers.iam.wildcards import Variable, Wild, glob, resolve, tokens_of


def matches(pattern, text):
    return glob(tokens_of(pattern, wildcards=True, variables=False))(text)


@settings(max_examples=soaked(short=100, long=500), deadline=None, derandomize=True)
@given(pattern=st.text("ab*?", max_size=8), text=st.text("ab", max_size=8))
def test_a_pattern_matches_what_its_regular_expression_matches(pattern, text):
    expected = re.fullmatch(pattern.replace("*", ".*").replace("?", "."), text) is not None

    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("**", "", True),
        ("a.c", "abc", False),
        ("a(b", "a(b", True),
        ("a*", "a\nb", True),
        ("?", "\n", True),
        ("?", "é", True),
        ("ab*ba", "aba", False),
        ("a?*", "a", False),
        ("*a?", "xab", True),
    ],
)
def test_edges(pattern, text, expected):
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "*b", "*a?" * 30 + "*b", "a*" * 500 + "b", "?*" * 200 + "b", "*" * 5_000 + "b"]
)
def test_wildcard_bombs_take_no_time(pattern):
    text = "a" * 8_000
    began = time.process_time()

    assert not matches(pattern, text)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a${aws:UserName}b", ("a", Variable("aws:username"), "b")),
        ("${aws:x, 'd'}", (Variable("aws:x", "d"),)),
        ("${aws:x,'d, e'}", (Variable("aws:x", "d, e"),)),
        ("${aws:x, 'd\ne'}", (Variable("aws:x", "d\ne"),)),
        ("${ aws:x }", (Variable("aws:x"),)),
        ("${*}${?}${$}", ("*", "?", "$")),
        ("*${x}?", (Wild.STAR, Variable("x"), Wild.ONE)),
        ("${never closed", ("${never closed",)),
        ("${}", (Variable(""),)),
    ],
)
def test_tokens(text, tokens):
    assert tokens_of(text, wildcards=True, variables=True) == tokens


def test_nothing_is_special_when_switched_off():
    assert tokens_of("${x}*", wildcards=False, variables=False) == ("${x}*",)
    assert tokens_of("${x}*", wildcards=False, variables=True) == (Variable("x"), "*")


class NoValues:
    def single(self, key):
        return {"known": "v*"}.get(key)


def test_resolving_a_variable_without_value_gives_nothing():
    assert resolve((Variable("unknown"),), NoValues()) is None
    assert resolve((Variable("unknown", ""), "x"), NoValues()) == ("", "x")
    assert resolve((Variable("known"), Wild.STAR), NoValues()) == ("v*", Wild.STAR)
