"""AWS's denials as errors of ours, and patience that ends."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from xsfn_helpers.aws.errors import cause_code, missing_principal, retry_while, translated
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import SandboxError, StepError

SUBJECT = Scenario().subject


def refusal(code: str, message: str = "no", operation: str = "CreateRole") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class TestTold:
    def test_a_refusal_is_told_in_awss_words_with_the_account(self) -> None:
        with pytest.raises(StepError) as caught, translated(SUBJECT):
            raise refusal("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000")

        assert str(caught.value) == (
            "Subject account 222222222222: AWS answered CreateRole with LimitExceeded: Cannot exceed quota for "
            "RolesPerAccount: 1000 Remove what is no longer needed in this account, or ask AWS for a higher quota."
        )
        assert cause_code(caught.value) == "LimitExceeded"

    def test_nobody_there_is_about_the_sandbox(self) -> None:
        with pytest.raises(SandboxError, match="xsfn sandbox start"), translated(SUBJECT):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    def test_a_call_that_cant_be_made_is_told(self) -> None:
        with pytest.raises(StepError, match="couldn't be made"), translated(SUBJECT):
            raise ParamValidationError(report="RoleName is too long")

    def test_errors_of_our_own_pass(self) -> None:
        with pytest.raises(ZeroDivisionError), translated(SUBJECT):
            _ = 1 / 0


def test_the_principal_that_iam_cant_find_is_read_from_its_message() -> None:
    message = 'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/gone"'

    assert missing_principal(refusal("MalformedPolicyDocument", message)) == "arn:aws:iam::111111111111:role/gone"
    assert missing_principal(refusal("MalformedPolicyDocument", "This policy contains invalid Json")) is None
    assert missing_principal(refusal("AccessDenied", message)) is None


class TestRetry:
    def attempt(self, failures: int, *, budget: float) -> tuple[int, list[float]]:
        """How often a call that fails so many times was made, and the pauses between."""
        made = 0
        pauses: list[float] = []

        def call() -> int:
            nonlocal made
            made += 1
            if made <= failures:
                raise refusal("NotYet")
            return made

        retry_while(call, lambda error: error.response["Error"]["Code"] == "NotYet", budget=budget, sleep=pauses.append)
        return made, pauses

    def test_waits_longer_each_time_up_to_five_seconds(self) -> None:
        assert self.attempt(7, budget=60) == (8, [0.25, 0.5, 1, 2, 4, 5, 5])

    def test_success_needs_no_pause(self) -> None:
        assert self.attempt(0, budget=0) == (1, [])

    def test_gives_up_when_the_budget_is_spent(self) -> None:
        pauses: list[float] = []

        def never() -> None:
            raise refusal("NotYet")

        with pytest.raises(ClientError, match="NotYet"):
            retry_while(never, lambda _: True, budget=3, sleep=pauses.append)
        assert sum(pauses) == 3

    def test_another_refusal_is_final(self) -> None:
        with pytest.raises(ClientError, match="AccessDenied"):
            retry_while(
                lambda: (_ for _ in ()).throw(refusal("AccessDenied")), lambda _: False, budget=60, sleep=pytest.fail
            )
