"""Nothing in AWS accounts is changed before a yes: looked at from the door of the accounts themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.aws.playing import PlayedAws
from tests.aws.recording import Recorder, recording
from xsfn_helpers import Lab, Side, attempt
from xsfn_helpers.aws import consent as agreement
from xsfn_helpers.cli import BAD_INPUT, OK, main
from xsfn_helpers.common.errors import AgreementNeeded, ConfigError


@pytest.fixture
def door(aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    with recording(aws.sandbox.endpoint_url) as recorder:
        monkeypatch.setenv("HTTP_PROXY", recorder.url)
        monkeypatch.setenv("NO_PROXY", "")
        yield recorder


CHANGES: dict[str, Callable[[Lab], object]] = {
    "prepare": lambda lab: lab.prepare(),
    "stage": lambda lab: lab.stage(1).apply(),
    "at_stage": lambda lab: lab.set_stage(3),
    "trust trial": lambda lab: lab.trust_trial().ask("*"),
    "practice": lambda lab: lab.practice().fault(1).inject(),
    "own client": lambda lab: lab.operator.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}"),
    "own session": lambda lab: lab.subject.session().client("iam").delete_role(RoleName="r"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_without_a_yes_nothing_is_sent(aws: PlayedAws, door: Recorder, change: str) -> None:
    lab = aws.lab()

    with pytest.raises(AgreementNeeded, match=r"haven't confirmed that.*lab\.confirm_changes\('yes'\)"):
        CHANGES[change](lab)
    assert door.operations
    assert door.mutating == []


@pytest.mark.parametrize("command", [["walkthrough"], ["walkthrough", "--json"], ["check"], ["apply"], ["clean"]])
def test_no_command_goes_on_without_one(
    aws: PlayedAws, door: Recorder, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    code = main([*command, *aws.options])
    said = capsys.readouterr()

    assert (code, said.out) == (BAD_INPUT, "")
    assert "you haven't confirmed that. Nothing was sent." in said.err
    assert "--yes" in said.err
    assert door.mutating == []


@pytest.mark.parametrize(
    "command", [["preflight"], ["apply", "--dry-run"], ["clean", "--dry-run"], ["clean", "--find"]], ids=" ".join
)
@pytest.mark.parametrize("standing", [False, True], ids=["nothing there", "all there"])
def test_a_dry_run_makes_no_mutating_call(
    aws: PlayedAws, door: Recorder, capsys: pytest.CaptureFixture[str], command: list[str], standing: bool
) -> None:
    """Not even where a yes was given."""
    if standing:
        assert main(["apply", "--yes", *aws.options]) == OK
    door.operations.clear()
    main([*command, *aws.options])
    told = capsys.readouterr().out

    assert door.operations
    assert door.mutating == []
    assert aws.names["operator_role_name"] in told or not standing
    assert main(["clean", "--yes", *aws.options]) == OK


def test_with_yes_a_command_does_its_work_and_the_next_one_asks_again(
    aws: PlayedAws, door: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", "--stage", "0", "--yes", *aws.options]) == OK
    assert main(["apply", *aws.options]) == BAD_INPUT
    assert main(["clean", "--yes", *aws.options]) == OK
    assert {"CreateRole", "CreateStateMachine", "DeleteRole"} < set(door.mutating)


class TestAYes:
    def test_is_the_word_and_nothing_else(self, aws: PlayedAws) -> None:
        lab = aws.lab()

        for answer in ("", "y", "no", "yes please"):
            with pytest.raises(ConfigError, match="confirms nothing"):
                lab.confirm_changes(answer)
        with pytest.raises(AgreementNeeded):
            lab.prepare()
        assert "12 hours" in str(lab.confirm_changes(" Yes "))
        lab.prepare()
        lab.clean()

    def test_is_remembered_for_these_names_alone(self, aws: PlayedAws) -> None:
        aws.lab().agree("yes")

        assert aws.lab().environment.accounts.agreement.given
        assert not aws.lab(execute_role_name="another-name").environment.accounts.agreement.given
        assert not aws.lab(lab_id="another").environment.accounts.agreement.given

    def test_can_be_withdrawn(self, aws: PlayedAws) -> None:
        lab = aws.lab()
        lab.confirm_changes("yes")
        lab.revoke_confirmation()

        for same in (lab, aws.lab()):
            with pytest.raises(AgreementNeeded):
                same.prepare()

    def test_ends_with_the_day_but_not_in_the_middle_of_the_work(
        self, aws: PlayedAws, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab = aws.lab()
        lab.confirm_changes("yes")

        class Tomorrow(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:
                return datetime.now(UTC) + timedelta(hours=13)

        monkeypatch.setattr(agreement, "datetime", Tomorrow)
        assert not aws.lab().environment.accounts.agreement.given
        lab.prepare()
        lab.clean()


def test_the_readers_own_calls_are_told_as_refused_by_the_lab(aws: PlayedAws) -> None:
    told = attempt(aws.lab().operator.client("iam").delete_role, RoleName="somebodys")

    assert str(told).startswith("✗ The lab rejected it: AgreementNeeded")


def test_the_sandbox_needs_none(lab: Lab) -> None:
    assert "No confirmation is needed here" in str(lab.confirm_changes("yes"))
    lab.prepare()


@pytest.mark.parametrize("side", Side)
def test_every_change_is_in_the_ledger_and_no_document(agreed_lab: Lab, side: Side) -> None:
    agreed_lab.set_stage(3)
    entries = [entry for entry in agreed_lab.environment.accounts.agreement.changes() if entry.what != "agreed"]
    path = agreed_lab.environment.accounts.agreement.record

    assert {"CreateRole", "PutRolePolicy"} <= {
        entry.what for entry in entries if entry.account == agreed_lab.scenario.account(side).id
    }
    with open(path) as ledger:  # noqa: PTH123 - its text as it is
        assert "Statement" not in ledger.read()
