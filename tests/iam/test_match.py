"""Actions and resources: case, wildcards, ARN parts, variables."""

import time

import pytest

from tests.iam.support import ADA, asked
from xsfn_helpers.iam.match import action_test, resource_test

MACHINE = "arn:aws:states:eu-west-1:111111111111:stateMachine:a"


def resource_matches(pattern, resource, *, variables=True, completed=True, caller=ADA, **context):
    request = asked(caller, "states:StartExecution", resource, context, account="111111111111")
    return resource_test(pattern, variables=variables, completed=completed)(request)


@pytest.mark.parametrize(
    ("patterns", "action", "expected"),
    [
        (["states:StartExecution"], "states:startexecution", True),
        (["STATES:STARTEXECUTION"], "states:startexecution", True),
        (["states:*"], "states:startexecution", True),
        (["*"], "states:startexecution", True),
        (["*:*"], "states:startexecution", True),
        (["states:Start?xecution"], "states:startexecution", True),
        (["states:*Execution", "iam:*"], "states:startexecution", True),
        (["states:Start"], "states:startexecution", False),
        (["s3:*"], "states:startexecution", False),
        (["iam:Get*", "iam:PassRole"], "iam:passrole", True),
    ],
)
def test_actions(patterns, action, expected):
    assert action_test(patterns)(action) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", MACHINE, True),
        ("*", "*", True),
        (MACHINE, MACHINE, True),
        (MACHINE, MACHINE.upper(), False),
        (MACHINE, "*", False),
        ("arn:aws:states:*:*:stateMachine:*", MACHINE, True),
        ("arn:aws:states:eu-west-?:111111111111:stateMachine:?", MACHINE, True),
        ("arn:aws:states:eu-*:111111111111:stateMachine:b", MACHINE, False),
        # In the resource part colons and slashes are plain characters.
        ("arn:aws:states:eu-west-1:111111111111:*", MACHINE, True),
        ("arn:aws:states:eu-west-1:111111111111:state*:a", MACHINE, True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3/object.jpg", True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket//test/object.jpg", True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", False),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/object.jpg", False),
        # A star stays in its part, unless it is the part's last character.
        ("arn:aws:x:*b:1:c", "arn:aws:x:a:b:1:c", False),
        ("arn:aws:x:a*:1:c", "arn:aws:x:a:b:1:c", True),
        ("arn:aws:x:a*:1:c", "arn:aws:x:a:b:2:c", False),
        ("arn:aws:x:a*:1:c", "arn:aws:x:a:1:2:c", False),
        ("arn:aws:states:*:a", MACHINE, False),
        # Fewer than six parts: AWS fills in stars in identity-based policies.
        ("arn:aws:states", MACHINE, True),
        ("arn:aws:states:us-east-1", MACHINE, False),
        ("arn:aws:s3", MACHINE, False),
    ],
)
def test_resources(pattern, resource, expected):
    assert resource_matches(pattern, resource) is expected


def test_an_incomplete_arn_is_completed_in_identity_based_policies_only():
    assert not resource_matches("arn:aws:states", MACHINE, completed=False)
    assert resource_matches("arn:aws:states:*", MACHINE, completed=False)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:states:eu-west-1:111111111111:stateMachine:${aws:PrincipalTag/m}", True),
        ("arn:aws:states:eu-west-1:111111111111:stateMachine:${aws:PrincipalTag/none, 'a'}", True),
        ("arn:aws:states:eu-west-1:111111111111:stateMachine:${aws:PrincipalTag/none}", False),
        ("arn:aws:states:*:111111111111:*${aws:PrincipalTag/m}", True),
        # Only after the fifth colon.
        ("arn:aws:states:eu-west-1:${aws:ResourceAccount}:stateMachine:a", False),
    ],
)
def test_variables(pattern, expected):
    tag = {"aws:PrincipalTag/m": "a"}

    assert resource_matches(pattern, MACHINE, **tag) is expected
    assert not resource_matches(pattern, MACHINE, variables=False, **tag)


def test_in_an_incomplete_arn_nothing_is_a_variable():
    tag = {"aws:PrincipalTag/m": "a"}

    assert not resource_matches("arn:aws:states:${aws:PrincipalTag/m}", "arn:aws:states:a", completed=False, **tag)


def test_a_variable_may_hold_colons():
    pattern = "arn:aws:states:eu-west-1:111111111111:${aws:PrincipalTag/m}"

    assert resource_matches(pattern, MACHINE, **{"aws:PrincipalTag/m": "stateMachine:a"})


def test_hostile_arns_take_no_time():
    began = time.process_time()

    assert not resource_matches("arn*:a*:b*:c*:d*:*x*y*z", "arn" + ":a" * 4_000)
    assert time.process_time() - began < 2
