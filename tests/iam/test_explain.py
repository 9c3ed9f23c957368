"""The explanation: whole texts for the cases learners meet, and the facts behind them."""

from tests.iam.support import (
    ADA,
    BOUNDARY,
    EXECUTE_ROLE,
    EXECUTE_SESSION,
    EXTERNAL_ID,
    IDENTITY,
    OPERATOR,
    OPERATOR_MACHINE,
    OPERATOR_ROLE,
    OPERATOR_SESSION,
    RESOURCE,
    SCP,
    STATES,
    STRANGER,
    SUBJECT,
    SUBJECT_MACHINE,
    TRUST,
    allow,
    asked,
    decided,
    deny,
    distrusts,
    identity,
    policy,
    trusts,
    when,
)
from xsfn_helpers.iam import explain
from xsfn_helpers.iam.explain import LayerVerdict
from xsfn_helpers.iam.principal_element import Named

PERMISSION = (policy(IDENTITY, allow(resource=EXECUTE_ROLE, Sid="Assume"), name="Operator role's policy"),)


def trust_policy(*statements):
    return policy(TRUST, *statements, name="execute role's trust policy")


RIGHT = trusts({"AWS": OPERATOR_ROLE}, Sid="Operator", **when(StringEquals=EXTERNAL_ID))


def text(request, **policies):
    return explain(decided(request, **policies)).text


def test_an_allowed_request_names_the_statements_that_let_it_through():
    assert text(asked(OPERATOR_SESSION, context=EXTERNAL_ID), identity=PERMISSION, resource=trust_policy(RIGHT)) == (
        "Allowed: arn:aws:sts::111111111111:assumed-role/operator-role/run-1 requested sts:AssumeRole on "
        "arn:aws:iam::222222222222:role/execute-role.\n"
        "Two accounts: 111111111111 (the caller's) and 222222222222 (the resource's) must both allow.\n"
        "  ✓ identity-based policy in account 111111111111: Operator role's policy, statement Assume (line 4) "
        "allows it.\n"
        "  ✓ role trust policy in account 222222222222: execute role's trust policy, statement Operator (line 4) "
        "allows it."
    )


def test_a_wrong_external_id_shows_wanted_seen_and_the_change():
    assert text(
        asked(OPERATOR_SESSION, context={"sts:ExternalId": "other"}), identity=PERMISSION, resource=trust_policy(RIGHT)
    ) == (
        "Implicitly denied: arn:aws:sts::111111111111:assumed-role/operator-role/run-1 requested "
        "sts:AssumeRole on arn:aws:iam::222222222222:role/execute-role, and no statement allows it.\n"
        "Two accounts: 111111111111 (the caller's) and 222222222222 (the resource's) must both allow.\n"
        "✓ identity-based policy of account 111111111111: allows\n"
        "    Operator role's policy, statement Assume (line 4) allows it\n"
        "✗ role trust policy of account 222222222222: no statement allows it\n"
        "    execute role's trust policy, statement Operator (line 4) would allow it, but:\n"
        f'        condition StringEquals sts:ExternalId: wanted "{OPERATOR_MACHINE}", the request has "other"\n'
        "Evaluated by the kit; to a caller of the same account, AWS would say: "
        "User: arn:aws:sts::111111111111:assumed-role/operator-role/run-1 is not authorized to perform: "
        "sts:AssumeRole because no role trust policy allows the sts:AssumeRole action\n"
        "Smallest change that would allow it: in account 222222222222, execute role's trust policy: in statement "
        "Operator, change "
        f'StringEquals sts:ExternalId from "{OPERATOR_MACHINE}" to "other".'
    )


def test_missing_is_told_apart_from_different():
    missing = text(asked(OPERATOR_SESSION), identity=PERMISSION, resource=trust_policy(RIGHT))
    other_case = text(
        asked(OPERATOR_SESSION, context={"sts:ExternalId": OPERATOR_MACHINE.upper()}),
        identity=PERMISSION,
        resource=trust_policy(RIGHT),
    )
    space = text(
        asked(OPERATOR_SESSION, context={"sts:ExternalId": OPERATOR_MACHINE + " "}),
        identity=PERMISSION,
        resource=trust_policy(RIGHT),
    )

    assert f'wanted "{OPERATOR_MACHINE}", the key is missing from the request' in missing
    assert "remove StringEquals sts:ExternalId (or send sts:ExternalId with the request)." in missing
    assert "(only upper and lower case differ)" in other_case
    assert "(only white space differs)" in space


def test_a_deny_says_where_it_is_and_that_no_permission_helps():
    explanation = explain(
        decided(
            asked(OPERATOR_SESSION, context=EXTERNAL_ID),
            identity=PERMISSION,
            resource=trust_policy(
                RIGHT, distrusts({"AWS": "*"}, Sid="Never", **when(Bool={"aws:PrincipalIsAWSService": "false"}))
            ),
        )
    )

    assert explanation.edits == ()
    assert explanation.edit is None
    assert explanation.sentence == (
        f"User: {OPERATOR_SESSION} is not authorized to perform: sts:AssumeRole with an explicit deny in the role "
        "trust policy"
    )
    assert explanation.text.startswith("Explicitly denied: ")
    assert explanation.text.endswith(
        "Smallest change that would allow it: no added permission helps, because a Deny overrides every Allow. "
        "It is in execute role's trust policy, statement Never (line 17)."
    )


def test_a_deny_says_why_it_applies():
    spared = {"AWS": [f"arn:aws:iam::{OPERATOR}:root", OPERATOR_ROLE]}
    all_spared = {"AWS": [*spared["AWS"], OPERATOR_SESSION]}
    unless = distrusts({"AWS": "*"}, **when(StringNotEquals=EXTERNAL_ID))
    request = asked(OPERATOR_SESSION)

    def said(statement, **more):
        return text(request, identity=PERMISSION, resource=trust_policy(statement), **more)

    assert f'StringNotEquals sts:ExternalId: wanted anything but "{OPERATOR_MACHINE}", the key is missing' in said(
        unless
    )

    reading = asked(OPERATOR_SESSION, "s3:GetObject", "arn:aws:s3:::b/x", account=SUBJECT)

    def bucket(names, **more):
        denies = {"Effect": "Deny", "NotPrincipal": names, "Action": "s3:*", "Resource": "*"}
        return text(reading, identity=PERMISSION, resource=policy(RESOURCE, denies), **more)

    assert f"NotPrincipal would have to list {OPERATOR_SESSION}\n" in bucket(spared)
    assert "catches every caller that has a permissions boundary" in bucket(
        all_spared, boundaries=(policy(BOUNDARY, allow("*")),)
    )


def test_every_failing_element_is_named():
    statement = trusts(
        {"AWS": f"arn:aws:iam::{STRANGER}:root"},
        "sts:TagSession",
        **when(
            StringNotEquals={"sts:ExternalId": "x"},
            ForAnyValue_StringLike={"aws:TagKeys": ["team*", "stage"]},
            Null={"aws:SourceIdentity": "false"},
            NumericLessThan={"aws:MultiFactorAuthAge": "300"},
        ),
    )
    decision = decided(
        asked(OPERATOR_SESSION, context={"sts:ExternalId": "x", "aws:TagKeys": ["a", "b"]}),
        identity=PERMISSION,
        resource=trust_policy(statement),
    )

    assert explain(decision).layers[-1].statements[0].failures(decision.request) == (
        'principal: names "arn:aws:iam::333333333333:root", not '
        "arn:aws:sts::111111111111:assumed-role/operator-role/run-1",
        'action: Action is "sts:TagSession", requested was sts:AssumeRole',
        'condition StringNotEquals sts:ExternalId: wanted anything but "x", the request has "x"',
        'condition ForAnyValue:StringLike aws:TagKeys: wanted "team*" or "stage", the request has "a" or "b"',
        'condition Null aws:SourceIdentity: wanted "false", the request lacks the key',
        'condition NumericLessThan aws:MultiFactorAuthAge: wanted "300", the key is missing from the request',
    )


def test_negated_elements_are_named_as_written():
    request = asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE)
    decision = decided(
        request,
        identity=identity(
            {"Effect": "Allow", "NotAction": "states:*", "NotResource": [SUBJECT_MACHINE, "arn:aws:s3:::x"]}
        ),
    )

    assert explain(decision).layers[0].statements[0].failures(request) == (
        'action: NotAction is "states:*", requested was states:StartExecution',
        f'resource: NotResource is "{SUBJECT_MACHINE}" or "arn:aws:s3:::x", requested was {SUBJECT_MACHINE}',
    )


def test_several_values_need_a_set_operator_and_the_text_says_so():
    refused = text(
        asked(OPERATOR_SESSION, context={"sts:ExternalId": ["a", "b"]}),
        identity=PERMISSION,
        resource=trust_policy(RIGHT),
    )

    assert 'the request has "a" or "b" (several values need ForAllValues: or ForAnyValue:)' in refused


def test_layers_are_results():
    layers = explain(
        decided(
            asked(OPERATOR_SESSION, context=EXTERNAL_ID),
            identity=(),
            resource=trust_policy(RIGHT),
            boundaries=(policy(BOUNDARY, deny("sts:*")),),
            scps=((policy(SCP, allow("*")),), (policy(SCP, allow("s3:*")),)),
        )
    ).layers

    assert [(layer.title, layer.verdict, layer.needed, layer.named) for layer in layers] == [
        ("service control policy, level 1 (root) of account 111111111111", LayerVerdict.ALLOW, True, Named.DIRECTLY),
        ("service control policy, level 2 of account 111111111111", LayerVerdict.NO_MATCH, True, Named.NOT_AT_ALL),
        ("identity-based policy of account 111111111111", LayerVerdict.NO_MATCH, True, Named.NOT_AT_ALL),
        ("permissions boundary of account 111111111111", LayerVerdict.DENY, True, Named.NOT_AT_ALL),
        ("role trust policy of account 222222222222", LayerVerdict.ALLOW, True, Named.ROLE),
    ]


def test_statements_about_other_actions_are_counted_not_listed():
    refused = text(
        asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE),
        identity=identity(
            allow("s3:*"), allow("iam:*"), allow("states:*", "arn:aws:states:*:*:activity:*"), deny("s3:*")
        ),
    )

    assert "2 statements are about other actions" in refused
    assert "identity-based policy, statement 3 (line 14) would allow it, but:" in refused
    assert "Deny" not in refused


def test_a_single_statement_about_another_action_is_shown():
    refused = text(asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE), identity=identity(allow("s3:*")))

    assert 'action: Action is "s3:*", requested was states:StartExecution' in refused


def test_a_layer_that_is_not_needed_says_so():
    layers = explain(decided(asked(ADA), resource=trust_policy(trusts({"AWS": ADA})))).layers

    assert [(layer.kind, layer.needed) for layer in layers] == [(IDENTITY, False), (TRUST, True)]


def test_each_way_to_be_asked_has_its_sentence():
    start = ("states:StartExecution", SUBJECT_MACHINE)

    def line_2(request, **policies):
        return text(request, **policies).splitlines()[1]

    assert (
        line_2(asked(STATES, resource=OPERATOR_ROLE))
        == "The caller is an AWS service: the role's trust policy alone decides."
    )
    assert line_2(asked("*", *start)) == "The caller isn't signed in: the resource's policy alone decides."
    assert line_2(asked(f"arn:aws:iam::{SUBJECT}:root")) == "An account's root user can't assume roles."
    assert line_2(asked(f"arn:aws:iam::{SUBJECT}:root", *start)) == (
        "One account, 222222222222: its root user may do everything that nothing denies."
    )
    assert line_2(asked(ADA, *start)) == (
        "One account, 222222222222: its identity-based policies or the resource's policy must allow."
    )
    assert line_2(asked(ADA)) == "One account, 222222222222: the trust policy must always allow."
    assert line_2(asked(ADA), resource=trust_policy(trusts({"AWS": ADA}))) == (
        "One account, 222222222222: the role's trust policy names the caller directly, which is enough."
    )
    assert line_2(asked(EXECUTE_SESSION), resource=trust_policy(trusts({"AWS": EXECUTE_ROLE}))) == (
        "One account, 222222222222: the role's trust policy names the caller's role, so no other policy need grant it."
    )


def test_the_root_user_gets_awss_own_sentence():
    refused = explain(decided(asked(f"arn:aws:iam::{SUBJECT}:root"), resource=trust_policy(trusts({"AWS": "*"}))))

    assert refused.sentence == "Roles may not be assumed by root accounts."
    assert refused.text.endswith("Smallest change that would allow it: there is none in these policies.")


def test_long_lists_and_texts_are_cut():
    refused = text(
        asked(EXECUTE_SESSION, "states:StartExecution", SUBJECT_MACHINE),
        identity=identity(allow("states:StartExecution", [f"arn:aws:s3:::{'x' * 400}{n}" for n in range(12)])),
    )

    assert "or 4 more, requested was" in refused
    assert "x" * 301 not in refused


def test_str_is_the_text():
    explanation = explain(decided(asked(ADA)))

    assert str(explanation) == explanation.text
