"""`xsfn diagnose` through AWS profiles, on the sandbox playing AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.aws.conftest import played
from tests.conftest import fresh_names
from tests.sandbox.world import World
from xsfn_helpers.cli import BAD_INPUT, OK, main
from xsfn_helpers.cli.parsing import FAILED, UNDECIDED
from xsfn_helpers.sandbox.process.server import Sandbox

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def ask(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    played(sandbox, fresh_names(), tmp_path, monkeypatch)

    def asked(*options: str) -> tuple[int, dict[str, Any]]:
        code = main(["diagnose", *options, "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else {}

    return asked


def test_both_profiles_see_both_accounts(world: World, ask: Ask) -> None:
    world.build()

    code, found = ask(
        world.scenario.operator_machine_arn, "--operator-profile", "work-operator", "--subject-profile", "work-subject"
    )

    assert (code, found["verdict"]) == (OK, "fine")
    kinds = ("service control policies", "resource control policies")
    assert all(sum(kind in one["what"] for one in found["not_seen"]) == 2 for kind in kinds)
    # Of each account, service and resource control policies.
    assert [one["account"] for one in found["not_seen"]] == 2 * ["111111111111"] + 2 * ["222222222222"]


def test_one_profile_sees_one_account(world: World, ask: Ask) -> None:
    world.build()

    code, found = ask(world.scenario.operator_machine_arn, "--operator-profile", "work-operator")

    assert (code, found["verdict"]) == (UNDECIDED, "unknown")
    assert "222222222222" in [one["account"] for one in found["not_seen"]]


def test_the_aws_target_takes_the_default_credentials(world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    world.build()
    monkeypatch.setenv("AWS_PROFILE", "work-operator")

    code, found = ask(world.scenario.operator_machine_arn, "--target", "aws")

    assert (code, found["verdict"]) == (UNDECIDED, "unknown")


def test_a_profile_that_there_is_not_is_told(world: World, ask: Ask) -> None:
    assert ask(world.scenario.operator_machine_arn, "--operator-profile", "nobodys") == (BAD_INPUT, {})


def test_an_account_on_the_deny_list_stays_closed(world: World, ask: Ask) -> None:
    world.build()

    code, found = ask(
        world.scenario.operator_machine_arn,
        *("--operator-profile", "work-operator", "--subject-profile", "work-subject"),
        *("--deny-accounts", "222222222222"),
    )

    assert (code, found["verdict"]) == (UNDECIDED, "unknown")
    assert any("deny_accounts" in one["why"] for one in found["not_seen"])


@pytest.mark.parametrize("profiles", [1, 2])
def test_awss_sentence_is_enough_where_profiles_are_chosen(world: World, ask: Ask, profiles: int) -> None:
    """The state machine is found by the role that was denied; what one profile can't see stays open."""
    world.build()
    world.operator_iam.delete_role_policy(
        RoleName=world.scenario.operator_role_name,
        PolicyName=world.operator_iam.list_role_policies(RoleName=world.scenario.operator_role_name)["PolicyNames"][0],
    )
    sentence = (
        f"The role {world.scenario.operator_role_arn} is not authorized to assume the task\n state's role, "
        f"{world.scenario.execute_role_arn}."
    )
    chosen = ("--operator-profile", "work-operator", "--subject-profile", "work-subject")[: 2 * profiles]

    code, found = ask(sentence, *chosen)

    assert (code, found["verdict"]) == (FAILED, "broken")
    assert found["asked"] == world.scenario.operator_machine_arn
    assert found["first_broken"]["number"] == 2


def test_a_sentence_about_others_is_all_that_there_is_to_go_on(world: World, ask: Ask) -> None:
    sentence = (
        "The role arn:aws:iam::999999999999:role/a is not authorized to assume the task state's role, "
        "arn:aws:iam::888888888888:role/b."
    )

    code, found = ask(sentence, "--operator-profile", "work-operator", "--subject-profile", "work-subject")

    assert (code, found["verdict"]) == (UNDECIDED, "unknown")
