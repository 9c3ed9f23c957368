"""Names that CloudFormation makes: what isn't the same in the template is never taken for the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.deployment.diagnose.test_repositories import HUB_ACCOUNT, SERVICE, SPOKE, _asl, _may, _template
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
