"""Names that CloudFormation makes: what isn't the same in the template is never taken for the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.test_repositories import (
    HUB,
    HUB_ACCOUNT,
    SERVICE,
    SPOKE,
    TOLD,
    _asl,
    _may,
    _spoke,
    _template,
    _trust,
)
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.reading.generated_names import generated_name
from xsfn_helpers.deployment.diagnose.reading.repository import Told

STACK: Final = "the-long-name-of-a-stack-that-moves-ledgers-to-their-archive"


def _machine(name: str, allowed: str) -> dict[str, Any]:
    """A state machine and its role, neither with a name of its own."""
    policy = {"PolicyName": "assume", "PolicyDocument": _may("sts:AssumeRole", allowed)}
    role = {"AssumeRolePolicyDocument": SERVICE, "Policies": [policy]}
    machine = {"RoleArn": {"Fn::GetAtt": [f"{name}Role", "Arn"]}, "DefinitionString": json.dumps(_asl())}
    return {
        f"{name}Role": {"Type": "AWS::IAM::Role", "Properties": role},
        name: {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
    }


def test_machines_of_a_stack_with_a_long_name_are_told_apart_with_their_roles(tmp_path: Path) -> None:
    elsewhere = "arn:aws:iam::333333333333:role/another"
    made = _machine("LedgersThatMayNot", elsewhere) | _machine("LedgersThatMay", SPOKE)
    (tmp_path / f"{STACK}.json").write_text(json.dumps(_template(made)))
    found = diagnose_given(AskedAbout(paths=(tmp_path,)), Told(HUB_ACCOUNT))
    assert len({one.evidence.machine.arn for one in found}) == 2
    # What one role may do the other may not, so one is denied and the other hangs on the account that nobody read.
    assert {link.answer for one in found for link in one.links if link.number == 2} == {Answer.REFUSED, Answer.UNKNOWN}


def test_a_name_that_had_to_be_cut_begins_as_cloudformation_cuts_it() -> None:
    stack, logical = "ArchiveOfAllTheLedgersOfOurs", "MovesLedgersToTheirArchiveRole4F0C"
    assert generated_name(stack, logical).startswith("ArchiveOfAllTheLedgersOfO-MovesLedgersToTheirArchiv-")
    assert generated_name("short", "x" * 60).startswith(f"short-{'x' * 45}-")
    assert generated_name("s" * 60, "Role").startswith(f"{'s' * 46}-Role-")
    assert generated_name("short", "Role") == "short-Role"


def test_no_two_cut_names_are_the_same() -> None:
    names = {generated_name(f"{STACK}{stack}", f"{'Role' * 15}{role}") for stack in "ab" for role in "ab"}
    assert len(names) == 4
    assert all(len(one) <= 64 for one in names)


@pytest.mark.parametrize(
    ("logical", "deployed"),
    [
        ("LedgersOfAllAccountsThatAreArchived", "archive-of-the-ledgers-th-LedgersOfAllAccountsThatA-A1B2C3D4E5F6"),
        ("Ledgers", "archive-of-the-ledgers-that-we-have-to-LedgersRole-A1B2C3D4E5F6"),
    ],
)
def test_a_trust_policy_that_names_a_role_whose_name_was_cut_is_not_said_to_deny(
    tmp_path: Path, logical: str, deployed: str
) -> None:
    (tmp_path / "hub.json").write_text(json.dumps(_template(_machine(logical, SPOKE))))
    spoke = _spoke(f"arn:aws:iam::{HUB_ACCOUNT}:role/{deployed}")
    (tmp_path / "spoke.json").write_text(json.dumps(_template(spoke)))

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert [link.answer for one in found for link in one.links if link.number == 2] == [Answer.UNKNOWN]


def test_a_trust_policy_that_names_role_and_state_machine_as_they_were_made_is_not_said_to_deny(tmp_path: Path) -> None:
    """Neither name is in the template: the other account's trust policy has both of them, as they are deployed."""
    role = f"arn:aws:iam::{HUB_ACCOUNT}:role/archive-LedgersRole-A1B2C3D4E5F6"
    machine = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:Ledgers-F6E5D4C3B2A1"
    trust = _trust(role)
    trust["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": machine}}
    spoke = _spoke(HUB)
    spoke["SpokeRole"]["Properties"]["AssumeRolePolicyDocument"] = trust
    (tmp_path / "hub.json").write_text(json.dumps(_template(_machine("Ledgers", SPOKE))))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(spoke)))

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert [link.answer for one in found for link in one.links if link.number == 2] == [Answer.UNKNOWN]
