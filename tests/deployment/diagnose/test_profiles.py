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
from xsfn_helpers.cli.parsing import UNDECIDED
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
