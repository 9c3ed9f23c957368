"""Definitions and policies by themselves: which names their files tell, and which files are of one thing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.deployment.diagnose.test_repositories import (
    HUB_ACCOUNT,
    SERVICE,
    SPOKE,
    TOLD,
    _asl,
    _diagnosed,
    _may,
    _trust,
)
from xsfn_helpers.common.arns import role_name
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout


def _of_one_stage(folder: Path, stage: str, allowed: str) -> None:
    """A definition and the policies of its role, the stage in the files' names behind a dot."""
    (folder / f"ledgers.{stage}.asl.json").write_text(json.dumps(_asl()))
    (folder / f"ledgers.{stage}.trust.json").write_text(json.dumps(SERVICE))
    (folder / f"ledgers.policy.{stage}.json").write_text(json.dumps(_may("sts:AssumeRole", allowed)))
    (folder / "spoke-role.trust.json").write_text(json.dumps(_trust(HUB_ACCOUNT)))


def test_files_that_differ_behind_a_dot_alone_are_of_two_state_machines_and_two_roles(tmp_path: Path) -> None:
    for stage, allowed in (("dev", "arn:aws:iam::333333333333:role/another"), ("prod", SPOKE)):
        _of_one_stage(tmp_path, stage, allowed)

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)
    seen = {one.evidence.machine.name: one for one in found}
    assert {name: role_name(one.evidence.machine.role_arn) for name, one in seen.items()} == {
        "ledgers.dev": "ledgers.dev",
        "ledgers.prod": "ledgers.prod",
    }
    granted = {name: one.evidence.role(one.evidence.machine.role_arn) for name, one in seen.items()}
    assert {name: role and [one.name for one in role.policies] for name, role in granted.items()} == {
        f"ledgers.{stage}": [f"ledgers.policy.{stage}.json"] for stage in ("dev", "prod")
    }


def test_what_stands_behind_a_dot_is_no_part_of_a_name_that_nobody_else_has(tmp_path: Path) -> None:
    _of_one_stage(tmp_path, "prod", SPOKE)
    (tmp_path / "ledgers.logs.json").write_text(json.dumps(_may("logs:CreateLogDelivery", "*")))

    (found,) = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)
    machine = found.evidence.machine
    assert (machine.name, role_name(machine.role_arn)) == ("ledgers", "ledgers")
    role = found.evidence.role(machine.role_arn)
    assert role is not None
    assert len(role.policies) == 2


def test_no_role_has_the_trust_policies_of_two(tmp_path: Path) -> None:
    for stage, trusted in (("dev", "444444444444"), ("prod", HUB_ACCOUNT)):
        (tmp_path / f"spoke-role.{stage}.trust.json").write_text(json.dumps(_trust(trusted)))
    (tmp_path / "plain.asl.json").write_text(json.dumps(_asl(SPOKE + ".dev")))
    (tmp_path / "hub-role-policy.json").write_text(json.dumps(_may("sts:AssumeRole", "*")))

    found = _diagnosed(tmp_path)
    assert found.first_broken is not None
    assert found.first_broken.resource == f"{SPOKE}.dev"
