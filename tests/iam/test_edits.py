"""The smallest change: which policy, which words; what it does is tested by the properties."""

import pytest

from tests.iam.support import (
    ADA,
    BOUNDARY,
    EXECUTE_ROLE,
    EXECUTE_SESSION,
    EXTERNAL_ID,
    OPERATOR,
    OPERATOR_MACHINE,
    OPERATOR_ROLE,
    OPERATOR_SESSION,
    SCP,
    SESSION,
    STATES,
    SUBJECT,
    SUBJECT_EXECUTION,
    SUBJECT_MACHINE,
    TRUST,
    allow,
    asked,
    decided,
    deny,
    identity,
    policy,
    trusts,
    when,
)
from xsfn_helpers.iam import Policy, PolicyKind, explain


def edits(request, **policies):
    return explain(decided(request, **policies)).edits


def trust(principal, **more):
    return policy(TRUST, trusts(principal, **more), name="trust")


def only(request, **policies):
    found = edits(request, **policies)
    assert len(found) == 1
    return found[0]


def changed_condition(condition, context):
    edit = only(
        asked(OPERATOR_SESSION, context=context),
        identity=identity(allow()),
        resource=trust({"AWS": OPERATOR_ROLE}, Condition=condition),
    )
    assert (edit.account, edit.policy, edit.kind) == (SUBJECT, "trust", PolicyKind.TRUST)
    return edit.after["Statement"][0].get("Condition")


@pytest.mark.parametrize(
    ("condition", "context", "after"),
    [
        ({"StringEquals": {"sts:ExternalId": "a"}}, {"sts:ExternalId": "b"}, {"StringEquals": {"sts:ExternalId": "b"}}),
        (
            {"StringEquals": {"sts:ExternalId": ["a", "c"]}},
            {"sts:ExternalId": "b"},
            {"StringEquals": {"sts:ExternalId": ["a", "c", "b"]}},
        ),
        ({"StringEquals": {"sts:ExternalId": "a"}}, {}, None),
        ({"StringEquals": {"sts:ExternalId": "a"}}, {"sts:ExternalId": ["a", "b"]}, None),
        (
            {"StringNotEquals": {"sts:ExternalId": ["a", "b"]}},
            {"sts:ExternalId": "b"},
            {"StringNotEquals": {"sts:ExternalId": "a"}},
        ),
        ({"StringNotLike": {"sts:ExternalId": "b*"}}, {"sts:ExternalId": "b"}, None),
        ({"StringNotEquals": {"sts:ExternalId": "b"}}, {"sts:ExternalId": "b"}, None),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "5"}}, {"aws:MultiFactorAuthAge": "6"}, None),
        (
            {"Bool": {"aws:SecureTransport": "true"}},
            {"aws:SecureTransport": "false"},
            {"Bool": {"aws:SecureTransport": "false"}},
        ),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "maybe"}, None),
        (
            {"StringEquals": {"sts:ExternalId": "a", "aws:SourceIdentity": "ada"}, "Null": {"aws:SourceIp": "false"}},
            {"sts:ExternalId": "b", "aws:SourceIdentity": "ada"},
            {"StringEquals": {"sts:ExternalId": "b", "aws:SourceIdentity": "ada"}},
        ),
        (
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
            {"aws:TagKeys": ["a", "b"]},
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
        ),
        # The value seen would be a variable in this version, so it can't be written: the key goes.
        ({"StringEquals": {"sts:ExternalId": "a"}}, {"sts:ExternalId": "${x}"}, None),
    ],
)
def test_conditions(condition, context, after):
    assert changed_condition(condition, context) == after


def test_an_action_or_a_resource_is_added():
    describe = asked(EXECUTE_SESSION, "states:DescribeExecution", SUBJECT_EXECUTION)

    action = only(describe, identity=identity(allow("states:StopExecution", SUBJECT_EXECUTION, Sid="Follow")))
    resource = only(describe, identity=identity(allow(["states:DescribeExecution"], SUBJECT_MACHINE)))

    assert action.description == 'add "states:DescribeExecution" to Action of statement Follow.'
    assert action.after["Statement"][0]["Action"] == ["states:StopExecution", "states:DescribeExecution"]
    assert resource.description == f'add "{SUBJECT_EXECUTION}" to Resource of statement 1.'
    assert resource.before["Statement"][0]["Resource"] == SUBJECT_MACHINE


def test_the_nearest_statement_is_changed():
    far = allow(**when(StringEquals={"aws:PrincipalTag/a": "1", "aws:PrincipalTag/b": "1"}))
    near = allow(**when(StringEquals={"aws:PrincipalTag/a": "1"}))
    context = {"aws:PrincipalTag/a": "2", "aws:PrincipalTag/b": "2"}

    edit = only(
        asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE, context),
        identity=identity({**far, "Action": "states:*"}, {**near, "Action": "states:*"}),
    )

    assert edit.after["Statement"][0] == {**far, "Action": "states:*"}
    assert edit.after["Statement"][1]["Condition"] == {"StringEquals": {"aws:PrincipalTag/a": "2"}}


def test_a_principal_is_added():
    wrong = trust({"AWS": f"arn:aws:iam::{OPERATOR}:role/other"}, **when(StringEquals=EXTERNAL_ID))

    edit = only(asked(OPERATOR_SESSION, context=EXTERNAL_ID), identity=identity(allow()), resource=wrong)
    service = only(asked(STATES, resource=OPERATOR_ROLE), resource=trust({"AWS": OPERATOR_ROLE}))

    assert edit.description == f'add "{OPERATOR_ROLE}" to Principal AWS of statement 1.'
    assert service.after["Statement"][0]["Principal"] == {"AWS": OPERATOR_ROLE, "Service": [STATES]}
    assert (
        str(service)
        == 'in account 111111111111, trust: add "states.amazonaws.com" to Principal Service of statement 1.'
    )


def test_where_nothing_is_near_a_statement_is_added():
    edit = only(
        asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE),
        identity=identity(allow("s3:*", "arn:aws:s3:::x")),
    )

    assert edit.after["Statement"][1] == allow("states:StartExecution", SUBJECT_MACHINE)
    assert len(edit.before["Statement"]) == 1


def test_where_there_is_no_policy_one_is_added():
    edit = only(asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE))
    listing = only(asked(ADA, "states:ListStateMachines", "*", account=SUBJECT))

    assert (edit.before, edit.policy, edit.account) == (None, "a new identity-based policy", SUBJECT)
    assert listing.after["Statement"] == [allow("states:ListStateMachines", "*")]


def test_a_new_trust_statement_keeps_the_external_id():
    edit = only(asked(OPERATOR_SESSION, context=EXTERNAL_ID), identity=identity(allow()))

    assert edit.after["Statement"] == [
        trusts({"AWS": OPERATOR_ROLE}, Condition={"StringEquals": {"sts:ExternalId": OPERATOR_MACHINE}})
    ]


def test_both_sides_are_listed_when_both_refuse():
    found = edits(asked(OPERATOR_SESSION))

    assert [(edit.account, edit.kind) for edit in found] == [
        (OPERATOR, PolicyKind.IDENTITY),
        (SUBJECT, PolicyKind.TRUST),
    ]
    explanation = explain(decided(asked(OPERATOR_SESSION)))
    assert explanation.edit is None
    assert (
        "Smallest change that would allow it: 2 policies must change together.\n  1. in account 111111111111"
        in explanation.text
    )


def test_in_one_account_naming_the_caller_is_enough():
    edit = only(asked(ADA))

    assert (edit.kind, edit.after["Statement"][0]["Principal"]) == (PolicyKind.TRUST, {"AWS": ADA})


def test_every_limit_that_is_silent_is_edited():
    found = edits(
        asked(OPERATOR_SESSION),
        identity=identity(allow()),
        resource=trust({"AWS": OPERATOR_ROLE}),
        boundaries=(policy(BOUNDARY, allow("s3:*"), name="boundary"),),
        session=(policy(SESSION, allow("s3:*"), name="session"),),
        scps=((policy(SCP, allow("s3:*"), name="root"),), ()),
    )

    assert [edit.policy for edit in found] == ["root", "a new service control policy", "boundary", "session"]


def test_a_negated_element_is_left_alone():
    request = asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE)

    edit = only(request, identity=identity({"Effect": "Allow", "NotAction": "states:*", "Resource": "*"}))

    assert edit.after["Statement"][0]["NotAction"] == "states:*"
    assert edit.after["Statement"][1] == allow("states:StartExecution", SUBJECT_MACHINE)


def test_a_single_statement_stays_readable():
    written = policy(TRUST, trusts({"AWS": OPERATOR_ROLE}), name="trust")
    single = {**written.document, "Statement": trusts({"AWS": OPERATOR}, **when(StringEquals=EXTERNAL_ID))}

    edit = only(
        asked(OPERATOR_SESSION, context={"sts:ExternalId": "b"}),
        identity=identity(allow()),
        resource=Policy.parse(single, kind=TRUST),
    )

    assert edit.after["Statement"]["Condition"] == {"StringEquals": {"sts:ExternalId": "b"}}


@pytest.mark.parametrize(
    "policies",
    [
        {"identity": identity(allow("*"), deny("states:*"))},
        {"identity": identity(allow("*"))},
    ],
)
def test_nothing_to_edit(policies):
    assert edits(asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE), **policies) == ()


def test_resources_that_no_policy_can_name_get_a_star():
    edit = only(asked(ADA, "states:StartExecution", "just a name", account=SUBJECT))

    assert edit.after["Statement"][0]["Resource"] == "*"


def test_a_role_is_named_not_its_session():
    edit = only(asked(EXECUTE_SESSION, resource=EXECUTE_ROLE))

    assert edit.after["Statement"][0]["Principal"] == {"AWS": EXECUTE_ROLE}
