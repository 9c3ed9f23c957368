"""IAM's delay, as on AWS: waited for with growing pauses and an end, and told with its reason while it lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from tests.aws.playing import PlayedAws
from xsfn_helpers import Lab
from xsfn_helpers.aws.own_accounts import AwsAccounts
from xsfn_helpers.aws.propagation import IAM_SPREADS, Pace
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.deployment.environment import Environment

pytestmark = pytest.mark.usefixtures("no_http")

DELAY = 5.0


@pytest.fixture
def slow(own_aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Two accounts where a change takes seconds to be seen."""
    lab = own_aws.lab()
    lab.confirm_changes("yes")
    # From now on the test's state folder is the lab's; the delay belongs to the sandbox's own.
    own_aws.sandbox.delay_propagation(DELAY)
    yield lab
    own_aws.sandbox.delay_propagation(0)


def test_a_state_machine_whose_role_isnt_seen_yet(slow: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    slow.prepare()
    told = capsys.readouterr().err.splitlines()

    assert slow.steps.prerequisites.is_applied
    assert told
    assert told[0].startswith("… waiting to save state machine subject-statemachine in Subject account 222222222222: ")
    assert "Step Functions doesn't see its role yet" in told[0]
    assert told[0].endswith("of at most 30 s)")


def test_the_first_run_comes_too_soon_and_is_tried_again(slow: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    slow.set_stage(3)
    slow.stage(2).undo()
    time.sleep(DELAY)
    capsys.readouterr()
    slow.stage(2).apply()
    run = slow.run()
    told = capsys.readouterr().err

    assert run.succeeded
    assert "a run was denied, though the policies allow it in Operator account 111111111111" in told
    assert IAM_SPREADS in told


def test_a_run_that_the_policies_refuse_isnt_tried_again(agreed_lab: Lab) -> None:
    agreed_lab.set_stage(3)
    agreed_lab.stage(2).undo()
    run = agreed_lab.run()
    started = [one for one in agreed_lab.environment.accounts.agreement.changes() if one.what == "StartExecution"]

    assert run.broken_link == 2
    assert len(started) == 1


def test_a_whole_walkthrough_with_the_delay(slow: Lab) -> None:
    slow.set_stage(3)

    assert slow.check().ok


def test_patience_ends(slow: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AwsAccounts, "pace", Pace(poll=0.02, propagation=0.5))

    with pytest.raises(StepError, match="AWS answered CreateStateMachine with "):
        slow.prepare()


def test_on_aws_itself_it_looks_once_a_second_and_waits_two_minutes(
    own_aws: PlayedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = own_aws.lab()
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    lab.environment.accounts.client(lab.operator.account.side, "sts").meta._endpoint_url = "https://sts.amazonaws.com"

    assert lab.environment.accounts.pace == Pace(poll=1.0, propagation=120.0)


class TestUntilSomethingIsDone:
    def test_the_first_look_that_is_done_is_given(self) -> None:
        looks = iter((1, 2, 3, 4))

        assert Pace(poll=0.001, propagation=0).wait_until(lambda n: n == 3, lambda: next(looks), timeout=60) == (
            3,
            True,
        )

    def test_after_the_deadline_the_last_look_is_given_and_said_not_to_be_done(self) -> None:
        assert Pace(poll=0.001, propagation=0).wait_until(bool, lambda: 0, timeout=0.01) == (0, False)

    def test_a_stack_that_never_comes_to_rest_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from xsfn_helpers.deployment.resources import stack

        class Busy:
            def describe_stacks(self, *, StackName: str) -> dict[str, object]:  # noqa: N803
                return {"Stacks": [{"StackName": StackName, "StackStatus": "CREATE_IN_PROGRESS"}]}

        busy = SimpleNamespace(
            scenario=Scenario(),
            accounts=SimpleNamespace(pace=Pace(poll=0.001, propagation=0), client=lambda side, service: Busy()),
        )
        monkeypatch.setattr(stack, "_PATIENCE", 0)

        with pytest.raises(StepError, match="Stack xsfn-a is still in CREATE_IN_PROGRESS after 0 minutes"):
            stack.events_of(cast("Environment", busy), Side.OPERATOR, "xsfn-a")
