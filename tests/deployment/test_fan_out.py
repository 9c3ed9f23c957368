"""One Operator and many Subjects: set up, checked and run together, and told apart when one of them denies."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.quiet import hold_to
from xsfn_helpers import cli
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.chain import targets
from xsfn_helpers.chain.links import chain
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import ConfigError, InvalidScenario, SandboxError
from xsfn_helpers.deployment.fan_out import Hub, one_state_machine, spoke_ids
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.display.pictures.hub_diagram import HubDiagram, SpokePicture
from xsfn_helpers.lab.opening import open_hub
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.server import Sandbox

MOST_SECONDS = 10.0


@pytest.fixture
def own_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of the test's own; what runs on it at the end is stopped."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    yield tmp_path / "state"
    if sandbox := Sandbox.find():
        sandbox.stop()


@pytest.fixture
def hub(own_sandbox: Path) -> Hub:
    return open_hub(3)


@pytest.mark.timed
def test_ten_accounts_in_one_go(own_sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Set up, run and checked within ten seconds, the sandbox's own start included."""
    begun = time.monotonic()

    hub = open_hub(10)
    hub.apply()
    run = hub.run()
    report = hub.check(run)
    took = time.monotonic() - begun

    with capsys.disabled():
        sys.stdout.write(f"\nten Subject accounts set up, run and checked in {took:.1f} s\n")
    assert run.succeeded
    assert report.ok
    assert len(report) == 20
    hold_to(took, most=MOST_SECONDS)


def test_each_works_in_its_own_account(hub: Hub) -> None:
    hub.apply()
    hub.run()

    for spoke in hub.spokes:
        states = spoke.environment.states(Side.SUBJECT)
        [execution] = states.list_executions(stateMachineArn=spoke.scenario.subject_machine_arn)["executions"]
        assert (execution["executionArn"].split(":")[4], execution["status"]) == (spoke.id, "SUCCEEDED")


def test_applied_twice_is_applied_once_and_clean_takes_all(hub: Hub) -> None:
    made = hub.apply()

    assert hub.apply().empty
    assert len(hub.clean()) == len(made)
    assert not hub.clean().changes


def test_one_that_refuses_doesnt_stop_the_others(hub: Hub) -> None:
    """Its check and its part of the picture say which link it was; the others did their work."""
    hub.apply()
    broken = hub.spokes[1]
    broken.take_permission_away()

    run = hub.run()
    report = hub.check(run)
    diagram = hub.diagram(run)

    assert [end.succeeded for end in run] == [True, False, True]
    assert {check.id for check in report.failed} == {f"spoke-{broken.id}.decided", f"spoke-{broken.id}.live"}
    assert "states:StartExecution" in report[f"spoke-{broken.id}.live"].evidence
    assert [len(spoke.refused) for spoke in diagram.spokes] == [0, 3, 0]
    assert hub.apply().changes
    assert hub.check().ok


def test_the_operator_may_become_each_role_and_no_other(hub: Hub) -> None:
    [statement] = hub.operator_permissions["Statement"]

    assert statement["Resource"] == [spoke.scenario.execute_role_arn for spoke in hub.spokes]
    assert len(set(statement["Resource"])) == 3


def test_the_same_for_functions(own_sandbox: Path) -> None:
    """What a spoke offers is a target like any other."""
    hub = open_hub(2, offer=lambda scenario: [targets.function(scenario)])
    hub.apply()

    report = hub.check()

    assert report.ok, report.failed
    [task, _] = hub.definition["States"]["In each Subject account"]["ItemProcessor"]["States"].values()
    assert (task["Credentials"], task["Parameters"]["FunctionName.$"]) == ({"RoleArn.$": "$.RoleArn"}, "$.FunctionName")


class TestAccounts:
    """The sandbox takes any number of accounts."""

    def test_further_accounts_stay_and_keep_their_keys(self, own_sandbox: Path) -> None:
        first = Sandbox.start(SandboxConfig(further_account_ids=spoke_ids(2)))
        keys = dict(first.further)
        first.stop()

        again = Sandbox.start()

        assert dict(again.further) == keys
        assert dict(again.reset().further) == keys

    def test_a_running_one_gets_more_at_its_address(self, own_sandbox: Path) -> None:
        before = Sandbox.start()
        after = Sandbox.start(SandboxConfig(further_account_ids=spoke_ids(1)))

        assert (after.endpoint_url, after.accounts) == (before.endpoint_url, before.accounts)
        assert list(after.further) == list(spoke_ids(1))

    def test_no_account_comes_twice(self) -> None:
        with pytest.raises(InvalidScenario, match="comes twice"):
            SandboxConfig(further_account_ids=("222222222222",))
        with pytest.raises(InvalidScenario, match="is not an AWS account ID"):
            SandboxConfig(further_account_ids=("12",))

    def test_the_command_line_takes_them(self, own_sandbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ids = spoke_ids(2)
        code = cli.main(["sandbox", "start", *(word for one in ids for word in ("--account", one))])

        assert code == 0
        assert all(f"Further account {one}:" in capsys.readouterr().out for one in ids[:1])
        assert cli.main(["sandbox", "status"]) == 0
        assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("Further")] == [
            f"Further account {one}" for one in ids
        ]

    def test_one_it_doesnt_have_is_told(self, hub: Hub) -> None:
        with pytest.raises(SandboxError, match="has no further account 999999999999"):
            SandboxAccounts(Sandbox.start()).with_subject("999999999999")

    def test_a_hub_needs_a_subject(self) -> None:
        with pytest.raises(ConfigError, match="reaches nobody"):
            open_hub(0)


def test_the_picture_stays_small_at_ten() -> None:
    """A chip for each link, words only where something is denied: one screen for ten accounts."""

    def spoke(account_id: str, refused: int) -> SpokePicture:
        scenario = Scenario(subject_account_id=account_id)
        links = chain(scenario, one_state_machine(scenario))
        states = {link.number: LinkState.REFUSED if link.number == refused else LinkState.ALLOWED for link in links}
        return SpokePicture(scenario.subject, links[1:], states)

    diagram = HubDiagram(Scenario(), tuple(spoke(one, 3 if one.endswith("4") else 0) for one in spoke_ids(10)))
    svg = diagram.svg()
    size = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg)

    assert size is not None
    assert float(size[1]) < 900
    assert float(size[2]) < 900
    for one in spoke_ids(10):
        assert one in svg
        assert one in diagram.alt
    assert diagram.text.count("✗ denied") == 1
    assert "prefers-color-scheme: dark" in svg
