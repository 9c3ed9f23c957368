"""The condition operators, one row each; missing keys, several values, wrong types."""

import pytest

from tests.iam.support import ADA, EXECUTE_SESSION, asked
from xsfn_helpers.iam.conditions import OPERATORS, make_condition, parse_operator

KEY = "aws:Key"
NOTHING = object()


def holds(operator, wanted, seen=NOTHING, *, variables=True, caller=EXECUTE_SESSION, **others):
    parsed = parse_operator(operator)
    assert parsed is not None, operator
    values = [wanted] if isinstance(wanted, str) else wanted
    context = dict(others) if seen is NOTHING else {KEY: seen, **others}
    return make_condition(operator, parsed, KEY, values, variables=variables).holds(asked(caller, context=context))


ARN = "arn:aws:states:eu-west-1:111111111111:stateMachine:a"
ROWS = [
    # operator, wanted, seen, holds
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", "a*", "ab", False),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringEqualsIgnoreCase", "aB", "Ab", True),
    ("StringNotEqualsIgnoreCase", "aB", "Ab", False),
    ("StringLike", "a*c", "abbc", True),
    ("StringLike", "a?c", "abbc", False),
    ("StringLike", "*", "", True),
    ("StringLike", "A*", "abc", False),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", ["x*", "y*"], "abc", True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", "1e1", "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", "10", "10", False),
    ("NumericLessThan", "10", "9.5", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "-1", "0", True),
    ("NumericGreaterThanEquals", "10", "9", False),
    ("DateEquals", "2026-11-24T09:00:00Z", "2026-11-24T10:00:00+01:00", True),
    ("DateEquals", "1795510800", "2026-11-24T09:00:00Z", True),
    ("DateNotEquals", "2026-11-24", "2026-11-25", True),
    ("DateLessThan", "2026-11-24", "2026-11-23T23:59:59.999Z", True),
    ("DateLessThanEquals", "2026-11-24", "2026-11-24", True),
    ("DateGreaterThan", "2026-11-24", "2026-11-24T00:00:00.5Z", True),
    ("DateGreaterThanEquals", "2026-11-24", "2026-11-23", False),
    ("Bool", "true", "TRUE", True),
    ("Bool", "True", "false", False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("IpAddress", ["198.51.100.0/24", "2001:db8::/32"], "2001:db8:1::1", True),
    ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
    ("NotIpAddress", "203.0.113.0/24", "2001:db8::1", True),
    ("ArnEquals", "arn:aws:states:*:111111111111:stateMachine:*", ARN, True),
    ("ArnLike", "arn:aws:states:*:stateMachine:a", ARN, False),
    ("ArnLike", "arn:aws:states:eu-west-?:*:stateMachine:a", ARN, True),
    ("ArnEquals", ARN.upper(), ARN, False),
    ("ArnNotEquals", ARN, ARN, False),
    ("ArnNotLike", "arn:aws:states:*:222222222222:*", ARN, True),
    ("Null", "true", NOTHING, True),
    ("Null", "false", NOTHING, False),
    ("Null", "false", "x", True),
    ("Null", "true", [], True),
]


@pytest.mark.parametrize(("operator", "wanted", "seen", "expected"), ROWS)
def test_operator(operator, wanted, seen, expected):
    assert holds(operator, wanted, seen) is expected


def test_every_operator_of_the_table_has_a_row():
    assert {row[0] for row in ROWS} == {operator.name for operator in OPERATORS.values()}


NEGATED = [one.name for one in OPERATORS.values() if one.negated]
POSITIVE = [one.name for one in OPERATORS.values() if not one.negated and one.name != "Null"]
VALUES = {"Numeric": "1", "Date": "2026-11-24", "Bool": "true", "Binary": "QQ==", "Ip": "10.0.0.1", "Arn": ARN}


def some_value(operator):
    plain = operator.replace("Not", "")
    return next((value for prefix, value in VALUES.items() if plain.startswith(prefix)), "a")


@pytest.mark.parametrize("operator", POSITIVE)
def test_a_missing_key_is_a_mismatch(operator):
    value = some_value(operator)

    assert not holds(operator, value)
    assert holds(f"{operator}IfExists", value)
    assert holds(f"ForAllValues:{operator}", value)
    assert not holds(f"ForAnyValue:{operator}", value)
    assert holds(f"ForAnyValue:{operator}IfExists", value)


@pytest.mark.parametrize("operator", NEGATED)
def test_a_missing_key_is_a_match_for_negated_operators(operator):
    value = some_value(operator)

    assert holds(operator, value)
    assert holds(f"{operator}IfExists", value)
    assert not holds(f"ForAnyValue:{operator}", value)


@pytest.mark.parametrize("operator", [*POSITIVE, *NEGATED])
def test_several_values_without_a_set_operator_match_nothing(operator):
    """Multivalued keys require a set operator (the page on single- and multivalued context keys)."""
    value = some_value(operator)

    assert not holds(operator, value, [value, "b"])
    assert not holds(f"{operator}IfExists", value, [value, "b"])


@pytest.mark.parametrize("operator", [*POSITIVE, *NEGATED])
def test_a_list_of_one_is_that_one_value(operator):
    """What counts is the number of values in the request (same page)."""
    value = some_value(operator)

    assert holds(operator, value, [value]) is holds(operator, value, value)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], "a", True),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "a"], False),
        ("ForAnyValue:StringEquals", ["a"], ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["a"], ["c", "d"], False),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
        ("ForAnyValue:StringNotEquals", ["a"], ["a"], False),
        ("ForAnyValue:StringLike", ["arn:*"], ["x", "arn:y"], True),
        ("ForAllValues:StringEquals", ["a"], [], True),
        ("ForAnyValue:StringEquals", ["a"], [], False),
        ("ForAllValues:StringEquals", ["a"], "", True),
        ("ForAnyValue:StringEquals", [""], "", False),
        ("ForAllValues:NumericLessThan", ["10"], ["1", "2"], True),
        ("ForAllValues:ArnLike", ["arn:aws:*:*:*:*"], [ARN, ARN], True),
    ],
)
def test_set_operators(operator, wanted, seen, expected):
    assert holds(operator, wanted, seen) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "seen"),
    [
        ("NumericEquals", "10", "ten"),
        ("NumericNotEquals", "10", "ten"),
        ("NumericNotEquals", ["10", "ten"], "11"),
        ("DateNotEquals", "2026-11-24", "yesterday"),
        ("Bool", "true", "yes"),
        ("IpAddress", "10.0.0.0/8", "10.0.0"),
        ("NotIpAddress", "10.0.0.0/8", "10.0.0"),
        ("ArnLike", "arn:aws:states:*:*:*", "not-an-arn"),
        ("ArnNotLike", "arn:aws:states:*:*:*", "not-an-arn"),
        ("ArnNotLike", "*", ARN),
        ("BinaryEquals", "a", "a"),
    ],
)
def test_a_value_of_the_wrong_type_never_matches_negated_or_not(operator, wanted, seen):
    assert not holds(operator, wanted, seen)


@pytest.mark.parametrize(
    ("operator", "wanted", "seen", "expected"),
    [
        ("StringEquals", "${aws:username}", "ada", True),
        ("StringEquals", "${AWS:UserName}", "ada", True),
        ("StringEquals", "x-${aws:username}-y", "x-ada-y", True),
        ("StringEqualsIgnoreCase", "${aws:username}", "ADA", True),
        ("StringLike", "${aws:username}/*", "ada/x", True),
        ("StringLike", "${*}", "*", True),
        ("StringLike", "${*}", "x", False),
        ("StringEquals", "${$}{x}", "${x}", True),
        ("StringLike", "a${?}", "a?", True),
        ("StringLike", "a${?}", "ab", False),
        ("StringEquals", "${aws:PrincipalTag/team, 'blue'}", "blue", True),
        ("StringEquals", "${aws:PrincipalTag/team, ''}", "", True),
        ("StringEquals", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team}", False),
        ("StringNotEquals", "${aws:PrincipalTag/team}", "blue", True),
        ("StringNotLike", "${aws:PrincipalTag/team}", "blue", True),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}", ADA, True),
        ("ArnEquals", "arn:aws:iam::${aws:PrincipalTag/team}:user/x", ADA, False),
        ("ArnEquals", "${aws:PrincipalArn}", ADA, True),
        ("ArnNotEquals", "${aws:PrincipalArn}", ADA, False),
        ("ArnLike", "${aws:PrincipalTag/none, 'arn:aws:iam::222222222222'}:user/*", ADA, True),
        ("ArnNotLike", "${aws:PrincipalTag/none}", ADA, True),
        ("Bool", "${aws:PrincipalIsAWSService}", "false", True),
    ],
)
def test_variables(operator, wanted, seen, expected):
    """A variable without a value equals nothing, so negated operators match (page on policy variables)."""
    assert holds(operator, wanted, seen, caller=ADA) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "seen"),
    [("Null", "${aws:PrincipalIsAWSService}", "x"), ("NumericEquals", "${aws:PrincipalAccount}", "222222222222")],
)
def test_no_variables_in_other_operators(operator, wanted, seen):
    assert not holds(operator, wanted, seen, caller=ADA)


def test_variables_are_literal_text_in_the_old_version():
    assert not holds("StringEquals", "${aws:username}", "ada", variables=False, caller=ADA)
    assert holds("StringEquals", "${aws:username}", "${aws:username}", variables=False, caller=ADA)


def test_the_value_of_a_variable_is_never_a_pattern():
    tag = {"aws:PrincipalTag/team": "b*"}

    assert not holds("StringLike", "${aws:PrincipalTag/team}", "blue", **tag)
    assert holds("StringLike", "${aws:PrincipalTag/team}", "b*", **tag)


def test_a_key_with_several_values_is_no_variable():
    assert not holds("StringEquals", "${aws:TagKeys}", "a", **{"aws:TagKeys": ["a", "b"]})
    assert holds("StringEquals", "${aws:TagKeys}", "a", **{"aws:TagKeys": ["a"]})


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Equals",
        "StringEqual",
        "NullIfExists",
        "ForSomeValues:StringEquals",
        "a:b:StringEquals",
    ],
)
def test_no_such_operator(name):
    assert parse_operator(name) is None


def test_operator_names_are_read_without_case():
    assert parse_operator("forallvalues:stringequalsifexists") == parse_operator("ForAllValues:StringEqualsIfExists")
