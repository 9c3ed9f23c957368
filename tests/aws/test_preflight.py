"""The preflight: who, whether, what, how much, and how back; it tells what it couldn't find out."""

from __future__ import annotations

import json

import pytest

from tests.aws.playing import PlayedAws
from xsfn_helpers import Side
from xsfn_helpers.cli import BAD_INPUT, FAILED, OK, main
from xsfn_helpers.deployment.preflight import COST, UNDO

pytestmark = pytest.mark.usefixtures("no_http")

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_tells_who_you_are_what_would_be_made_the_cost_and_the_way_back(aws: PlayedAws) -> None:
    looked = aws.lab().preflight()
    told = str(looked)

    assert looked.ok
    for side, account in aws.sandbox.accounts.items():
        assert f"arn:aws:iam::{account.account_id}:user/administrator" in looked.report[f"who.{side}"].evidence
    for name in aws.names.values():
        if name != aws.names["lab_id"]:
            assert f"{name} in " in told
    assert COST in told
    assert UNDO in told
    assert "aws-ledger.jsonl" in told


class TestPermissions:
    def test_missing_ones_are_named_with_their_resource(self, aws: PlayedAws) -> None:
        denied = {"Effect": "Deny", "Action": ["iam:PassRole", "states:CreateStateMachine"], "Resource": "*"}
        profile = aws.as_user("no-machines", [EVERYTHING, denied])
        looked = aws.lab(operator_profile=profile).preflight()
        told = looked.report["rights.operator"]

        assert not looked.ok
        assert looked.report["rights.subject"].passed
        role, machine = aws.names["operator_role_name"], aws.names["operator_machine_name"]
        assert f"iam:PassRole on arn:aws:iam::111111111111:role/{role}: a policy denies it" in told.evidence
        assert (
            f"states:CreateStateMachine on arn:aws:states:ap-northeast-1:111111111111:stateMachine:{machine}"
            in told.evidence
        )

    def test_one_that_no_policy_gives_is_missing(self, aws: PlayedAws) -> None:
        given = {"Effect": "Allow", "NotAction": "iam:TagRole", "Resource": "*"}
        told = aws.lab(operator_profile=aws.as_user("no-tags", [given])).preflight().report["rights.operator"]

        assert not told.passed
        assert told.evidence.startswith("iam:TagRole on ")
        assert told.evidence.endswith("no policy allows it")

    def test_conditions_on_the_labs_tag_are_taken_in(self, aws: PlayedAws) -> None:
        """As a company restricts what people may make to what carries the right tag."""
        tagged = {"StringEquals": {"aws:RequestTag/xsfn:lab": aws.names["lab_id"]}}
        others = {"Effect": "Allow", "NotAction": "iam:CreateRole", "Resource": "*"}
        make = {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*", "Condition": tagged}
        lab = aws.lab(operator_profile=aws.as_user("tagging", [others, make]))

        assert lab.preflight().ok

    def test_where_aws_wont_simulate_it_says_why(self, aws: PlayedAws) -> None:
        denied = {"Effect": "Deny", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
        looked = aws.lab(operator_profile=aws.as_user("blind", [EVERYTHING, denied])).preflight()

        assert looked.ok
        (note,) = looked.notes
        assert note.startswith("Operator account 111111111111: which permissions are missing couldn't be simulated")
        assert "AccessDenied" in note
        assert "explicit deny" in note

    def test_of_a_roles_session_the_role_is_simulated(self, aws: PlayedAws) -> None:
        iam = aws.client(Side.OPERATOR, "iam")
        role = f"{aws.names['lab_id']}-engineer"
        trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName=role,
            Path="/people/",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        iam.put_role_policy(
            RoleName=role,
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [EVERYTHING]}),
        )
        with (aws.home / ".aws" / "config").open("a") as config:
            config.write(
                f"[profile engineer]\nregion = ap-northeast-1\nsource_profile = work-operator\n"
                f"role_arn = arn:aws:iam::111111111111:role/people/{role}\n"
            )
        looked = aws.lab(operator_profile="engineer").preflight()

        assert f"assumed-role/{role}/" in looked.report["who.operator"].evidence
        assert looked.report["rights.operator"].passed


def test_a_name_that_is_taken_is_told(aws: PlayedAws) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.client(Side.SUBJECT, "iam").create_role(
        RoleName=aws.names["execute_role_name"],
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    check = aws.lab().preflight().report["names.free"]

    assert not check.passed
    assert f"role {aws.names['execute_role_name']} in Subject account 222222222222" in check.evidence


class TestOnTheCommandLine:
    def test_ready(self, aws: PlayedAws, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["preflight", *aws.options]) == OK
        assert "Nothing was changed. To go on: xsfn apply --yes" in capsys.readouterr().out

    def test_not_ready(self, aws: PlayedAws, capsys: pytest.CaptureFixture[str]) -> None:
        profile = aws.as_user("reader", [{"Effect": "Allow", "Action": ["iam:*"], "Resource": "*"}])

        assert main(["preflight", *aws.options, "--operator-profile", profile]) == FAILED
        assert "states:CreateStateMachine" in capsys.readouterr().out

    def test_the_same_account_twice(self, aws: PlayedAws, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["preflight", *aws.options, "--subject-profile", "work-operator"]) == BAD_INPUT
        assert "lead to the same account" in capsys.readouterr().err
