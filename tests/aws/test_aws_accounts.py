"""Two accounts by profile: the same lab as on the sandbox, checked before it does anything."""

from __future__ import annotations

import pytest

from tests.aws.playing import PlayedAws, add_profile
from xsfn_helpers import Lab, Side, open_lab
from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.common.errors import AwsUnavailable, ConfigError
from xsfn_helpers.sandbox.process.server import Sandbox


def test_each_profile_leads_to_its_account_and_region(aws: PlayedAws) -> None:
    lab = aws.lab()

    assert {side: lab.scenario.account(side).id for side in Side} == {
        side: aws.sandbox.accounts[side].account_id for side in Side
    }
    assert lab.scenario.region == aws.sandbox.region
    assert Sandbox.find() is None, "no sandbox of the lab's own was started"


def test_everything_holds_there_too(agreed_lab: Lab) -> None:
    agreed_lab.set_stage(3)
    report = agreed_lab.check()

    assert report.ok, str(report)
    assert agreed_lab.run().succeeded


def test_the_environment_chooses_as_well(aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in aws.choices.items():
        monkeypatch.setenv(f"XSFN_{key.upper()}", value)

    assert open_lab().environment.accounts.target == "aws"


def test_without_profiles_the_default_credentials_count(aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 finds them: here the Subject's come from AWS_PROFILE."""
    monkeypatch.setenv("AWS_PROFILE", "work-subject")
    lab = open_lab(target="aws", operator_profile="work-operator")

    assert lab.subject.account.id == aws.sandbox.accounts[Side.SUBJECT].account_id


class TestRefusedBeforeAnything:
    def test_the_same_account_twice(self, aws: PlayedAws) -> None:
        with pytest.raises(ConfigError, match=r"Both lead to the same account, \d{12}\. A cross-account run needs two"):
            aws.lab(subject_profile="work-operator")

    def test_different_regions(self, aws: PlayedAws) -> None:
        keys = aws.sandbox.accounts[Side.SUBJECT]
        add_profile(aws.home, "elsewhere", "eu-west-1", keys.access_key_id, keys.secret_access_key)

        with pytest.raises(ConfigError, match="names ap-northeast-1, the Subject's eu-west-1"):
            aws.lab(subject_profile="elsewhere")
        assert aws.lab(subject_profile="elsewhere", region="ap-northeast-1").scenario.region == "ap-northeast-1"

    def test_no_region(self, aws: PlayedAws) -> None:
        for side, account in aws.sandbox.accounts.items():
            add_profile(aws.home, f"bare-{side}", None, account.access_key_id, account.secret_access_key)

        with pytest.raises(ConfigError, match="Neither profile names a region"):
            aws.lab(operator_profile="bare-operator", subject_profile="bare-subject")

    def test_another_partition(self, aws: PlayedAws) -> None:
        with pytest.raises(ConfigError, match="partition aws, and cn-north-1 is in aws-cn"):
            aws.lab(region="cn-north-1")

    @pytest.mark.parametrize("side", Side)
    def test_an_account_on_the_deny_list(self, aws: PlayedAws, side: Side) -> None:
        denied = aws.sandbox.accounts[side].account_id

        with pytest.raises(ConfigError, match=f"{denied}, which is on your list deny_accounts"):
            aws.lab(deny_accounts=["999999999999", denied])

    def test_another_account_than_the_chosen(self, aws: PlayedAws) -> None:
        with pytest.raises(ConfigError, match=r"and subject_account_id is 999999999999\. Correct"):
            aws.lab(subject_account_id="999999999999")

    def test_a_profile_there_isnt(self, aws: PlayedAws) -> None:
        with pytest.raises(AwsUnavailable, match=r"Operator, AWS profile nobody: .*list-profiles"):
            aws.lab(operator_profile="nobody")


def test_no_key_is_shown(aws: PlayedAws) -> None:
    lab = aws.lab()
    accounts: Accounts = lab.environment.accounts
    shown = "".join(map(repr, (lab, lab.operator, accounts, accounts.session(Side.OPERATOR), lab.environment)))

    assert not [secret for secret in aws.secrets() if secret in shown]
