"""The JSON reader: strict, and able to say where."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.soak import soaked
from xsfn_helpers.common.json_text import (
    JsonFault,
    Number,
    Place,
    deepest_known,
    offsets,
    path_text,
    place_at,
    plain,
    read_json,
    write_json,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=soaked(short=50, long=200), deadline=None, derandomize=True)
@given(value=values, indent=st.sampled_from((None, 1, 2, "\t")))
def test_it_reads_what_json_writes_and_writes_what_json_reads(value, indent):
    text = json.dumps(value, indent=indent)

    assert plain(read_json(text)) == value
    assert json.loads(write_json(read_json(text))) == value
    assert write_json(value) == json.dumps(value, indent=2, ensure_ascii=False)


@settings(max_examples=soaked(short=50, long=200), deadline=None, derandomize=True)
@given(value=values, indent=st.sampled_from((None, 2)))
def test_it_knows_where_everything_is(value, indent):
    text = json.dumps(value, indent=indent)

    for path, (_, at) in offsets(text).items():
        found = value
        for step in path:
            found = found[step]
        assert json.JSONDecoder().raw_decode(text, at)[0] == found


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("", 0, "The text is empty."),
        ("  ", 0, "The text is empty."),
        ("{", 1, "the text ends here"),
        ('{"a"}', 4, "A colon is missing"),
        ('{"a": }', 6, "A value is expected"),
        ('{"a": 1,}', 8, "The comma before it is one too many."),
        ("[1, 2,]", 6, "The comma before it is one too many."),
        ("[1 2]", 3, "A comma or ']' is missing"),
        ('{"a": 1 "b": 2}', 8, "A comma or '}' is missing"),
        ("{'a': 1}", 1, "A name in double quotes"),
        ("{\"a\": 'b'}", 6, "JSON texts stand in double quotes."),
        ('{"a": True}', 6, "JSON writes true in small letters."),
        ("[NaN]", 1, "JSON has no such number."),
        ("[-Infinity]", 1, "A value is expected"),
        ('{"a": 1, "a": 2}', 9, '"a" is there twice'),
        ('{"a": {"b": 1, "b": 1}}', 15, '"b" is there twice'),
        ('"\\ud800"', 0, "half of a surrogate pair"),
        ('"\\udc00\\ud800"', 0, "half of a surrogate pair"),
        ('"a\nb"', 2, "is broken"),
        ('"a', 0, "is broken"),
        ('"\\x"', 1, "is broken"),
        ("1 2", 2, "Something follows the end"),
        ("\ufeff{}", 0, "A value is expected"),
        ("[" * 100, 65, "nested more than 64 levels"),
        ("[" * 100_000, 65, "nested more than 64 levels"),
        ('{"a":' * 100_000, 325, "nested more than 64 levels"),
        ("01", 1, "Something follows the end"),
        ("/* no */ 1", 0, "A value is expected"),
    ],
)
def test_faults(text, offset, says):
    with pytest.raises(JsonFault) as caught:
        read_json(text)

    assert (caught.value.offset, says in caught.value.what) == (offset, True), caught.value.what


def test_a_whole_surrogate_pair_is_fine():
    assert read_json('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("text", ["1", "1.0", "-0", "1e3", "9" * 5_000, "1E400"])
def test_numbers_stay_as_they_were_written(text):
    number = read_json(text)

    assert isinstance(number, Number)
    assert (str(number), write_json(number)) == (text, text)


def test_numbers_too_large_for_python_stay_text():
    assert plain(read_json('["1e400", 1e400, 7, 2.5]')) == ["1e400", "1e400", 7, 2.5]


def test_places():
    text = '{"a":\n  [1,\n   {"b": 2}]}'

    assert place_at(text, 0) == Place(1, 1)
    assert place_at(text, text.index("2")) == Place(3, 10)
    assert place_at(text, deepest_known(text, ("a", 1, "b"))[0]) == Place(3, 5)
    assert deepest_known(text, ("a", 1, "missing", 5)) == deepest_known(text, ("a", 1))
    assert path_text(("Statement", 0, "Effect")) == ".Statement[0].Effect"
