"""Requests: what they must be, and the condition keys AWS derives from them."""

import pytest

from tests.iam.support import ADA, EXECUTE_ROLE, EXECUTE_SESSION, STATES, SUBJECT, SUBJECT_MACHINE, asked
from xsfn_helpers.iam import InvalidRequest, Principal, Request

CALLER = Principal.parse(ADA)


@pytest.mark.parametrize(
    ("action", "resource", "account", "context", "says"),
    [
        ("states", "*", SUBJECT, {}, "action"),
        ("states:*", "*", SUBJECT, {}, "action"),
        (None, "*", SUBJECT, {}, "action"),
        ("states:List", "", SUBJECT, {}, "resource"),
        ("states:List", None, SUBJECT, {}, "resource"),
        ("states:List", "x" * 9_000, SUBJECT, {}, "resource"),
        ("states:List", "*", "22222222222", {}, "resource account"),
        ("states:List", "*", None, {}, "resource account"),
        ("states:List", "*", SUBJECT, [], "context"),
        ("states:List", "*", SUBJECT, {"a": 1}, "context 'a'"),
        ("states:List", "*", SUBJECT, {"a": [1]}, "context 'a'"),
        ("states:List", "*", SUBJECT, {1: "a"}, "context"),
        ("states:List", "*", SUBJECT, {"a": "1", "A": "1"}, "context"),
    ],
)
def test_bad_parts_are_named(action, resource, account, context, says):
    with pytest.raises(InvalidRequest) as caught:
        Request(CALLER, action, resource, account, context)

    assert caught.value.where == says


@pytest.mark.parametrize(
    ("caller", "facts", "expected"),
    [
        (
            ADA,
            {"unique_id": "AIDAEXAMPLEEXAMPLEEXA"},
            {
                "aws:principalarn": ADA,
                "aws:principalaccount": SUBJECT,
                "aws:principaltype": "User",
                "aws:userid": "AIDAEXAMPLEEXAMPLEEXA",
                "aws:username": "ada",
                "aws:principalisawsservice": "false",
                "aws:principalservicename": None,
                "aws:resourceaccount": SUBJECT,
            },
        ),
        (
            EXECUTE_SESSION,
            {"unique_id": "AROAEXAMPLEEXAMPLEEXA"},
            {
                "aws:principalarn": EXECUTE_ROLE,
                "aws:principalaccount": SUBJECT,
                "aws:principaltype": "AssumedRole",
                "aws:userid": "AROAEXAMPLEEXAMPLEEXA:run-1",
                "aws:username": None,
            },
        ),
        (EXECUTE_SESSION, {}, {"aws:userid": None}),
        (
            f"arn:aws:iam::{SUBJECT}:root",
            {},
            {"aws:principaltype": "Account", "aws:userid": SUBJECT, "aws:username": None},
        ),
        (
            STATES,
            {},
            {
                "aws:principalarn": None,
                "aws:principalaccount": None,
                "aws:principaltype": None,
                "aws:principalisawsservice": "true",
                "aws:principalservicename": STATES,
            },
        ),
        (
            "anonymous",
            {},
            {"aws:principalarn": None, "aws:principalaccount": "anonymous", "aws:principalisawsservice": None},
        ),
    ],
)
def test_derived_keys(caller, facts, expected):
    """Source: "Availability" and "Principal key values" of the pages on global keys and policy variables."""
    request = asked(caller, "states:StartExecution", SUBJECT_MACHINE, **facts)

    assert {key: request.seen(key) for key in expected} == expected


def test_given_keys_win_over_derived_ones():
    request = asked(ADA, context={"AWS:PrincipalArn": "arn:aws:iam::222222222222:user/other"})

    assert request.seen("aws:principalarn") == "arn:aws:iam::222222222222:user/other"


def test_an_empty_list_is_no_key():
    request = asked(ADA, context={"aws:TagKeys": [], "aws:CalledVia": ["a"]})

    assert request.seen("aws:tagkeys") is None
    assert (request.seen("aws:calledvia"), request.single("aws:calledvia")) == (("a",), "a")


def test_the_context_is_copied():
    context = {"a": "1"}
    request = asked(ADA, context=context)
    context["a"] = "2"

    assert request.seen("a") == "1"
