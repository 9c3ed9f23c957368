"""What goes wrong in real life, each as a clear message with the next step: botocore's own errors, raised for real."""

from __future__ import annotations

import getpass
import hashlib
import json
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from botocore.stub import Stubber

from tests.aws.playing import PlayedAws, add_profile
from xsfn_helpers import Lab, Side
from xsfn_helpers.aws.advice import CLOCK, LOG_IN, SERVICE_CONTROL
from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import AwsUnavailable, StepError, XsfnError

SUBJECT = Scenario().subject
ROLE = "arn:aws:iam::222222222222:role/r"
DENIED = f"User: arn:aws:iam::222222222222:user/me is not authorized to perform: iam:CreateRole on resource: {ROLE} "


def message_of(error: Exception) -> str:
    with pytest.raises(XsfnError) as caught, translated(SUBJECT):
        raise error
    assert str(caught.value).startswith("Subject account 222222222222: ")
    assert caught.value.fix, "there is no next step"
    return str(caught.value)


REFUSALS: dict[str, tuple[str, str, str]] = {
    "throttled": ("Throttling", "Rate exceeded", "Wait a minute and do the same again"),
    "throttled by Step Functions": ("ThrottlingException", "Rate exceeded", "Wait a minute"),
    "expired session": ("ExpiredToken", "The security token included in the request is expired", LOG_IN),
    "expired session at Step Functions": ("ExpiredTokenException", "The security token … is expired", LOG_IN),
    "clock behind": (
        "SignatureDoesNotMatch",
        "Signature expired: 20261124T100000Z is now earlier than 20261124T101500Z (20261124T103000Z - 15 min.)",
        CLOCK,
    ),
    "clock ahead": (
        "SignatureDoesNotMatch",
        "Signature not yet current: 20261124T120000Z is still later than 20261124T101500Z",
        CLOCK,
    ),
    "clock, at Step Functions": ("InvalidSignatureException", "Signature expired: 20261124T100000Z is now …", CLOCK),
    "request expired": ("RequestExpired", "Request has expired.", CLOCK),
    "wrong secret": (
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
        "copy both into your AWS profile again",
    ),
    "key of nobody": (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        "get-caller-id",
    ),
    "service control policy": (
        "AccessDenied",
        f"{DENIED}with an explicit deny in a service control policy",
        SERVICE_CONTROL,
    ),
    "service control policy, nothing allows": (
        "AccessDeniedException",
        f"{DENIED}because no service control policy allows the iam:CreateRole action",
        SERVICE_CONTROL,
    ),
    "boundary": (
        "AccessDenied",
        f"{DENIED}because no permissions boundary allows the iam:CreateRole action",
        "ask whoever set it",
    ),
    "session policy": (
        "AccessDenied",
        f"{DENIED}because no session policy allows the iam:CreateRole action",
        "take another session",
    ),
    "no permission": (
        "AccessDenied",
        f"{DENIED}because no identity-based policy allows the iam:CreateRole action",
        "Give the identity you act as this permission",
    ),
    "the machine's role, not the caller": (
        "AccessDeniedException",
        f"'{ROLE}' is not authorized to create managed-rule.",
        "The state machine's role lacks it",
    ),
    "quota": ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", "a higher quota"),
    "region not enabled": ("OptInRequired", "You are not subscribed to this service", "Enable the service"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_told_in_awss_words_with_the_next_step(what: str) -> None:
    code, message, next_step = REFUSALS[what]
    told_ = message_of(ClientError({"Error": {"Code": code, "Message": message}}, "CreateRole"))

    assert f"AWS answered CreateRole with {code}: {message}" in told_
    assert next_step in told_


UNSENT: dict[str, tuple[BotoCoreError, str]] = {
    "no credentials": (boto.NoCredentialsError(), "Name an AWS profile for each account"),
    "half a key": (boto.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key"), "needs its secret"),
    "unknown profile": (boto.ProfileNotFound(profile="nobody"), "aws configure list-profiles"),
    "SSO never logged in": (boto.SSOTokenLoadError(error_msg="Token for x does not exist"), "aws sso login"),
    "SSO expired": (boto.UnauthorizedSSOTokenError(), "aws sso login"),
    "SSO not renewed": (boto.TokenRetrievalError(provider="sso", error_msg="expired"), "aws sso login"),
    "MFA session over": (boto.RefreshWithMFAUnsupportedError(), "give a new code"),
    "process failed": (
        boto.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
        "The profile's own way to credentials failed",
    ),
    "unreadable configuration": (boto.ConfigParseError(path="/etc/aws"), "Correct your AWS configuration"),
    "no network": (boto.EndpointConnectionError(endpoint_url="https://iam.amazonaws.com/"), "Is there a network"),
    "no answer in time": (boto.ConnectTimeoutError(endpoint_url="https://iam.amazonaws.com/"), "HTTPS_PROXY"),
    "proxy": (boto.ProxyConnectionError(proxy_url="http://proxy:3128"), "HTTPS_PROXY"),
    "certificate": (boto.SSLError(endpoint_url="https://iam.amazonaws.com/", error="self-signed"), "HTTPS_PROXY"),
}


@pytest.mark.parametrize("what", UNSENT)
def test_what_isnt_sent_at_all_is_told_with_the_next_step(what: str) -> None:
    error, next_step = UNSENT[what]

    with pytest.raises(AwsUnavailable) as caught, translated(SUBJECT):
        raise error
    assert next_step in str(caught.value)


class TestMetForReal:
    """Through the lab, on the two accounts."""

    def test_throttling_is_waited_for_and_then_told(self, agreed_lab: Lab) -> None:
        iam = agreed_lab.operator.client("iam")
        with Stubber(iam) as stub:
            stub.add_client_error("get_role", "Throttling", "Rate exceeded")
            with pytest.raises(StepError, match="AWS wants fewer calls a second"):
                agreed_lab.prepare()

        assert iam.meta.config.retries["mode"] == "standard"
        assert iam.meta.config.retries["total_max_attempts"] == 8

    def test_a_service_control_policy_is_told_as_one(self, agreed_lab: Lab) -> None:
        iam = agreed_lab.operator.client("iam")
        words = f"{DENIED}with an explicit deny in a service control policy"
        with Stubber(iam) as stub:
            stub.add_client_error("get_role", "AccessDenied", words)
            with pytest.raises(StepError) as caught:
                agreed_lab.prepare()
        assert caught.value.fix == SERVICE_CONTROL

    def test_an_sso_session_that_has_expired(self, aws: PlayedAws) -> None:
        """The cache as `aws sso login` left it yesterday."""
        cache = aws.home / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True)
        url = "https://company.awsapps.com/start"
        past = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        token = {"startUrl": url, "region": "eu-west-1", "accessToken": "x", "expiresAt": past}
        # botocore names the file by the start URL.
        (cache / f"{hashlib.sha1(url.encode()).hexdigest()}.json").write_text(json.dumps(token))
        with (aws.home / ".aws" / "config").open("a") as config:
            config.write(
                f"[profile sso]\nregion = ap-northeast-1\nsso_start_url = {url}\nsso_region = eu-west-1\n"
                "sso_account_id = 111111111111\nsso_role_name = Engineer\n"
            )

        with pytest.raises(AwsUnavailable, match=r"Operator, AWS profile sso: .*aws sso login"):
            aws.lab(operator_profile="sso")

    def test_no_credentials_at_all(self, aws: PlayedAws) -> None:
        with pytest.raises(AwsUnavailable, match=r"Operator, AWS default credentials: .*Name an AWS profile"):
            aws.lab(operator_profile=None, subject_profile=None, region="ap-northeast-1")

    def test_a_process_that_fails(self, aws: PlayedAws) -> None:
        with (aws.home / ".aws" / "config").open("a") as config:
            process = f"{shlex.quote(sys.executable)} -c 1/0"
            config.write(f"[profile broken]\nregion = ap-northeast-1\ncredential_process = {process}\n")

        with pytest.raises(AwsUnavailable, match="Operator, AWS profile broken: "):
            aws.lab(operator_profile="broken")

    def test_a_wrong_secret(self, aws: PlayedAws) -> None:
        key = aws.sandbox.accounts[Side.OPERATOR].access_key_id
        add_profile(aws.home, "typo", "ap-northeast-1", key, "not-it")

        with pytest.raises(StepError, match="copy both into your AWS profile again"):
            aws.lab(operator_profile="typo")

    def test_a_clock_that_is_wrong(self, aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
        late = datetime.now(UTC) - timedelta(minutes=20)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: late.replace(tzinfo=None))

        with pytest.raises(StepError) as caught:
            aws.lab()
        assert caught.value.fix == CLOCK

    def test_nobody_at_the_endpoint(self, aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nowhere.invalid")

        with pytest.raises(AwsUnavailable, match=r"AWS can't be reached.*AWS_ENDPOINT_URL"):
            aws.lab()


class TestMfa:
    @pytest.fixture
    def guarded(self, aws: PlayedAws) -> PlayedAws:
        with (aws.home / ".aws" / "config").open("a") as config:
            config.write(
                "[profile guarded]\nregion = ap-northeast-1\nsource_profile = work-operator\n"
                "role_arn = arn:aws:iam::111111111111:role/engineer\nmfa_serial = arn:aws:iam::111111111111:mfa/me\n"
            )
        return aws

    @pytest.mark.parametrize("error", [EOFError, RuntimeError, OSError])
    def test_where_nobody_can_type_it_says_what_to_do(
        self, guarded: PlayedAws, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
    ) -> None:
        def nobody(_: str) -> str:
            raise error

        monkeypatch.setattr(getpass, "getpass", nobody)

        with pytest.raises(
            AwsUnavailable, match=r"AWS profile guarded: .*a code of your MFA device.*where you can type"
        ):
            guarded.lab(operator_profile="guarded")

    def test_the_prompt_says_which_side_asks(self, guarded: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        reply: Callable[[str], Any] = lambda prompt: asked.append(prompt) or ""  # noqa: E731 - a one-line double
        monkeypatch.setattr(getpass, "getpass", reply)

        with pytest.raises(AwsUnavailable):
            guarded.lab(operator_profile="guarded")
        assert asked[0].startswith("Operator, AWS profile guarded. Enter MFA code for arn:aws:iam::111111111111:mfa/me")
