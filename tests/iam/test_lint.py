"""Warnings: each rule fires where it should, at the right place, and stays silent where it should."""

import pytest

from tests.iam.support import (
    BOUNDARY,
    IDENTITY,
    OPERATOR,
    OPERATOR_MACHINE,
    OPERATOR_ROLE,
    OPERATOR_SESSION,
    RESOURCE,
    SESSION,
    STATES,
    SUBJECT_EXECUTIONS,
    SUBJECT_MACHINE,
    TRUST,
    allow,
    distrusts,
    policy,
    trusts,
    when,
)
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.iam import Policy, lint
from xsfn_helpers.iam.lint_rules import RULES

ROOT = {"AWS": f"arn:aws:iam::{OPERATOR}:root"}
ROLE = {"AWS": OPERATOR_ROLE}
ID = {"sts:ExternalId": OPERATOR_MACHINE}
DENY_ALL_BUT = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}

FIRES = [
    ("trust-account-without-condition", TRUST, trusts(ROOT)),
    ("trust-account-without-condition", TRUST, trusts({"AWS": [OPERATOR_ROLE, OPERATOR]})),
    ("everyone-allowed", TRUST, trusts({"AWS": "*"})),
    ("everyone-allowed", TRUST, trusts({"AWS": "*"}, **when(StringEquals=ID))),
    ("everyone-allowed", TRUST, trusts({"AWS": "*"}, **when(ArnLikeIfExists={"aws:PrincipalArn": OPERATOR_ROLE}))),
    ("everyone-allowed", TRUST, trusts({"AWS": "*"}, **when(StringNotEquals={"aws:PrincipalOrgID": "o-1"}))),
    ("service-without-source", TRUST, trusts({"Service": STATES})),
    ("for-all-values-in-allow", TRUST, trusts(ROLE, **when(ForAllValues_StringEquals=ID))),
    ("if-exists-guards-nothing", TRUST, trusts(ROLE, **when(StringEqualsIfExists=ID))),
    ("negated-operator-in-allow", TRUST, trusts(ROLE, **when(StringNotEquals=ID))),
    ("wildcard-taken-literally", TRUST, trusts(ROLE, **when(StringEquals={"sts:ExternalId": "arn:*"}))),
    ("unreadable-value", IDENTITY, allow(**when(NumericLessThan={"aws:MultiFactorAuthAge": "5 min"}))),
    ("unreadable-value", IDENTITY, allow(**when(IpAddress={"aws:SourceIp": "10.0.0.0/40"}))),
    ("unreadable-value", IDENTITY, allow(**when(Bool={"aws:SecureTransport": "yes"}))),
    ("unreadable-value", IDENTITY, allow(**when(ArnLike={"aws:SourceArn": "*"}))),
    ("missing-qualifier", IDENTITY, allow(**when(StringEquals={"aws:TagKeys": "team"}))),
    ("session-arn-in-principal-arn", TRUST, trusts(ROLE, **when(ArnEquals={"aws:PrincipalArn": OPERATOR_SESSION}))),
    ("one-session-only", TRUST, trusts({"AWS": OPERATOR_SESSION})),
    ("deleted-principal", TRUST, trusts({"AWS": "AROAEXAMPLEEXAMPLEEXA"})),
    ("not-principal", RESOURCE, {**allow("s3:*"), "NotPrincipal": ROLE}),
    ("not-principal", RESOURCE, {**DENY_ALL_BUT, "NotPrincipal": {"AWS": [OPERATOR, OPERATOR_ROLE]}}),
    ("not-principal", RESOURCE, {**DENY_ALL_BUT, "NotPrincipal": {"AWS": [OPERATOR_ROLE, OPERATOR_SESSION]}}),
    (
        "external-id",
        TRUST,
        trusts(ROLE, **when(StringEquals={"sts:ExternalId": OPERATOR_MACHINE.replace("ap-n", "ap-s")})),
    ),
    (
        "external-id",
        TRUST,
        trusts(ROLE, **when(StringEquals={"sts:ExternalId": OPERATOR_MACHINE.replace(OPERATOR, "333333333333")})),
    ),
    (
        "external-id",
        TRUST,
        trusts(ROLE, **when(StringEquals={"sts:ExternalId": SUBJECT_EXECUTIONS})),
    ),
    ("variable-before-resource", IDENTITY, allow("s3:*", "arn:aws:s3::${aws:PrincipalAccount}:x")),
    ("incomplete-arn", IDENTITY, allow("sqs:*", "arn:aws:sqs")),
    ("incomplete-arn", BOUNDARY, allow("sqs:*", "arn:aws:sqs:*")),
    ("everything-else-allowed", IDENTITY, {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    ("everything-else-allowed", IDENTITY, {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::x"}),
    ("pass-role-to-anything", IDENTITY, allow("iam:PassRole")),
    ("wrong-states-resource", IDENTITY, allow("states:DescribeExecution", SUBJECT_MACHINE)),
    ("wrong-states-resource", IDENTITY, allow("states:StartExecution", SUBJECT_EXECUTIONS)),
    ("no-values", TRUST, trusts(ROLE, **when(StringEquals={"sts:ExternalId": []}))),
]

SILENT = [
    ("trust-account-without-condition", TRUST, trusts(ROOT, **when(StringEquals=ID))),
    ("trust-account-without-condition", TRUST, distrusts(ROOT)),
    ("everyone-allowed", TRUST, trusts({"AWS": "*"}, **when(StringEquals={"aws:PrincipalOrgID": "o-1"}))),
    ("everyone-allowed", TRUST, distrusts({"AWS": "*"})),
    (
        "service-without-source",
        TRUST,
        trusts({"Service": STATES}, **when(StringEquals={"aws:SourceAccount": OPERATOR})),
    ),
    (
        "for-all-values-in-allow",
        TRUST,
        trusts(ROLE, **when(ForAllValues_StringEquals=ID, Null={"sts:ExternalId": "false"})),
    ),
    ("for-all-values-in-allow", TRUST, distrusts(ROLE, **when(ForAllValues_StringEquals=ID))),
    ("if-exists-guards-nothing", TRUST, distrusts(ROLE, **when(StringEqualsIfExists=ID))),
    ("negated-operator-in-allow", TRUST, distrusts(ROLE, **when(StringNotEquals=ID))),
    ("wildcard-taken-literally", TRUST, trusts(ROLE, **when(StringLike={"sts:ExternalId": "arn:*"}))),
    ("wildcard-taken-literally", TRUST, trusts(ROLE, **when(StringEquals={"sts:ExternalId": "a${*}"}))),
    ("unreadable-value", IDENTITY, allow(**when(NumericLessThan={"aws:MultiFactorAuthAge": "300"}))),
    ("missing-qualifier", IDENTITY, allow(**when(ForAnyValue_StringEquals={"aws:TagKeys": "team"}))),
    ("one-session-only", TRUST, trusts(ROLE)),
    (
        "not-principal",
        RESOURCE,
        {**DENY_ALL_BUT, "NotPrincipal": {"AWS": [OPERATOR, OPERATOR_ROLE, OPERATOR_SESSION]}},
    ),
    ("external-id", TRUST, trusts(ROLE, **when(StringEquals=ID))),
    ("external-id", TRUST, trusts(ROLE, **when(StringEquals={"sts:ExternalId": "any other text"}))),
    ("variable-before-resource", IDENTITY, allow("iam:*", "arn:aws:iam::*:user/${aws:username}")),
    ("incomplete-arn", IDENTITY, allow()),
    ("pass-role-to-anything", IDENTITY, allow("iam:PassRole", **when(StringEquals={"iam:PassedToService": STATES}))),
    ("pass-role-to-anything", IDENTITY, allow("iam:PassRole", OPERATOR_ROLE)),
    ("wrong-states-resource", IDENTITY, allow(["states:StartExecution", "states:DescribeExecution"])),
    (
        "wrong-states-resource",
        IDENTITY,
        allow(["states:StartExecution", "states:StopExecution"], [SUBJECT_MACHINE, SUBJECT_EXECUTIONS]),
    ),
]


def rules(parsed):
    return [warning.rule for warning in lint(parsed, region="ap-northeast-1")]


@pytest.mark.parametrize(("rule", "kind", "statement"), FIRES)
def test_rule_fires(rule, kind, statement):
    assert rule in rules(policy(kind, statement))


@pytest.mark.parametrize(("rule", "kind", "statement"), SILENT)
def test_rule_is_silent(rule, kind, statement):
    assert rule not in rules(policy(kind, statement))


def test_every_rule_has_a_case_and_a_source():
    elsewhere = {"variable-in-old-version"}

    assert {rule.id for rule in RULES} == {rule for rule, _, _ in FIRES} | elsewhere
    assert all(rule.source.startswith("docs.aws.amazon.com/") for rule in RULES)


def test_rules_of_the_whole_policy():
    old = policy(IDENTITY, allow("s3:*", "arn:aws:s3:::${aws:username}"), version="2008-10-17")
    long = policy(TRUST, *(trusts(ROLE, **when(StringEquals={"sts:ExternalId": "x" * 100})) for _ in range(12)))

    assert rules(old) == ["old-version", "variable-in-old-version"]
    assert rules(long) == ["trust-policy-size"]
    assert rules(policy(SESSION, allow("s3:*"), version="2008-10-17")) == ["old-version"]
    assert rules(policy(TRUST, trusts(ROLE, **when(StringEquals={"a": "${b}"})), version="2008-10-17")) == [
        "variable-in-old-version"
    ]


def test_a_warning_points_at_the_place_in_the_text():
    text = """{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::111111111111:role/r",
                          "111111111111"]},
    "Action": "sts:AssumeRole"
  }
}"""

    (warning,) = lint(Policy.parse(text, kind=TRUST, name="mine"))

    assert (warning.line, warning.column) == (6, 27)
    assert str(warning) == (
        "mine, line 6, column 27: Everybody whom account 111111111111 lets may assume this role: "
        "no condition narrows it. "
        "Name the role that is meant, or add a condition such as sts:ExternalId. [trust-account-without-condition]"
    )


def test_a_warning_about_an_operator_points_at_the_key():
    statement = trusts(ROLE, **when(ForAllValues_StringEquals={"aws:TagKeys": ["a"]}))

    (warning,) = lint(policy(TRUST, statement))

    assert (warning.line, warning.column) == (12, 11)


def test_warnings_come_in_the_order_of_the_text():
    parsed = policy(
        TRUST, trusts({"AWS": "*"}, **when(StringEqualsIfExists=ID)), trusts(ROOT), trusts({"Service": STATES})
    )

    found = lint(parsed)

    assert [warning.line for warning in found] == sorted(warning.line for warning in found)
    assert len(found) == 4


def test_without_a_region_no_region_is_wrong():
    elsewhere = trusts(ROLE, **when(StringEquals={"sts:ExternalId": OPERATOR_MACHINE.replace("ap-n", "ap-s")}))

    assert lint(policy(TRUST, elsewhere)) == ()


def test_the_kits_own_policies_have_no_warnings():
    scenario = Scenario()

    for made, kind in (
        (documents.execute_role_trust(scenario), TRUST),
        (documents.service_trust(scenario, scenario.operator), TRUST),
        (documents.service_trust(scenario, scenario.subject), TRUST),
        (documents.execute_role_permissions(scenario), IDENTITY),
        (documents.operator_role_permissions(scenario), IDENTITY),
    ):
        assert lint(Policy.parse(made, kind=kind), region=scenario.region) == ()
