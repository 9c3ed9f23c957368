"""The decision engine in Japanese: what it explains, warns of and denies."""

from __future__ import annotations

import json

import pytest

from tests.language.prose import english_in
from xsfn_helpers.common.language import ENGLISH, speaking
from xsfn_helpers.iam import (
    Decision,
    Policies,
    Policy,
    PolicyError,
    PolicyKind,
    Principal,
    Request,
    decide,
    explain,
    lint,
)
from xsfn_helpers.iam.jsonlines import answer, decide_lines

MACHINE = "arn:aws:states:eu-west-1:111111111111:stateMachine:Operator"
ROLE = "arn:aws:iam::222222222222:role/Execute"
REQUEST = Request(
    Principal.parse("arn:aws:sts::111111111111:assumed-role/OperatorRole/x"),
    "sts:AssumeRole",
    ROLE,
    "222222222222",
    {"sts:ExternalId": MACHINE},
)
ASSUMES = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}
TRUSTS = {"Sid": "Operator", "Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
FOR_ANOTHER = {**TRUSTS, "Condition": {"StringEquals": {"sts:ExternalId": MACHINE.lower()}}}
DENIES = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}


def _policy(statement: object, kind: PolicyKind = PolicyKind.IDENTITY) -> Policy:
    return Policy.parse(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2), kind=kind)


def _decision(*identity: object, trust: object) -> Decision:
    policies = Policies(identity=tuple(map(_policy, identity)), resource=_policy(trust, PolicyKind.TRUST))
    return decide(REQUEST, policies)


REFUSALS = {
    "an external ID": _decision(ASSUMES, trust=FOR_ANOTHER),
    "no policy": _decision(trust=FOR_ANOTHER),
    "another resource": _decision({**ASSUMES, "Resource": f"{ROLE}2"}, trust=TRUSTS),
    "another action": _decision({**ASSUMES, "Action": "s3:GetObject"}, ASSUMES, trust={**TRUSTS, "Action": "sts:Tag*"}),
    "another principal": _decision(ASSUMES, trust={**TRUSTS, "Principal": {"AWS": "333333333333"}}),
    "a Deny": _decision(ASSUMES, DENIES, trust=TRUSTS),
}


def test_a_refusal_is_explained() -> None:
    with speaking("ja"):
        text = explain(REFUSALS["an external ID"]).text
    assert "両方で許可が必要です" in text
    assert "(大文字と小文字だけが違います)" in text
    assert f'StringEquals sts:ExternalId を "{MACHINE.lower()}" から "{MACHINE}" に変更。' in text


@pytest.mark.parametrize("name", REFUSALS)
def test_no_english_is_left_but_that_of_aws(name: str) -> None:
    decision = REFUSALS[name]
    with speaking("ja"):
        text = explain(decision).text
    assert not english_in(text, spared=[decision.sentence])


def test_the_outcome_is_the_same_in_every_language() -> None:
    with speaking("ja"):
        assert _decision(ASSUMES, trust=FOR_ANOTHER).outcome is REFUSALS["an external ID"].outcome


def test_what_is_allowed_is_told_by_whom() -> None:
    with speaking("ja"):
        text = explain(_decision(ASSUMES, trust=TRUSTS)).text
    assert text.startswith("許可: ")
    assert "「ロールの信頼ポリシー」のステートメント Operator (4 行目) が許可しています。" in text
    assert not english_in(text)


def test_a_warning() -> None:
    with speaking("ja"):
        (warning,) = lint(_policy(TRUSTS, PolicyKind.TRUST))
        told = str(warning)
    assert told.startswith("ロールの信頼ポリシー、8 行 16 列: ")
    assert "絞り込む条件がありません" in told
    assert not english_in(told)


@pytest.mark.parametrize(
    ("document", "aws", "ours"),
    [
        (
            '{"Statement": {"Effect": "allow", "Action": "s3:*", "Resource": "*"}}',
            "The policy failed legacy parsing",
            'Effect が "allow" になっています。',
        ),
        ('{"Statement": [,]}', "Syntax errors in policy.", "ここには値が必要です"),
        ('{"Statment": []}', "Syntax errors in policy.", "Statement ではありませんか?"),
        (
            '{"Statement": {"Effect": "Allow", "Action": "s3", "Resource": "*"}}',
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            "先頭にサービス名がありません。",
        ),
    ],
)
def test_a_refused_policy_keeps_the_words_of_aws(document: str, aws: str, ours: str) -> None:
    with speaking("ja"), pytest.raises(PolicyError) as told:
        Policy.parse(document, kind=PolicyKind.IDENTITY)
    assert told.value.message == aws
    assert ours in str(told.value)
    assert not english_in(str(told.value), spared=[aws])


def test_the_same_document_is_refused_in_each_readers_language() -> None:
    """What is compiled is kept, a denial isn't."""
    said = []
    for language in ("ja", ENGLISH):
        with speaking(language), pytest.raises(PolicyError) as told:
            Policy.parse("{}", kind=PolicyKind.IDENTITY)
        said.append(told.value.detail)
    assert said == ["ポリシーに Statement がありません。", "The policy has no Statement."]


def test_lines_are_answered_in_the_readers_language() -> None:
    line = json.dumps(
        {
            "request": {
                "principal": str(REQUEST.principal),
                "action": REQUEST.action,
                "resource": ROLE,
                "resourceAccount": "222222222222",
            }
        }
    )
    told: list[str] = []
    with speaking("ja"):
        decide_lines([line, ""], told.append)
        assert told[0] == answer(line) + "\n"
    decided, failed = map(json.loads, told)
    assert decided["outcome"] == "ImplicitlyDenied"
    assert "このポリシーはありません" in decided["explanation"]
    assert failed == {"error": "行が空です。"}
