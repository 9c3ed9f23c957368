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
    SPOKE_ACCOUNT,
    TOLD,
    _asl,
    _may,
    _spoke,
    _template,
    _trust,
)
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout, asked_about
from xsfn_helpers.deployment.diagnose.asking.short import short_answer, subject_of
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


LONG: Final = "MovesTheLedgersOfEveryYearToTheirColdArchiveAndBack"
ROLE: Final = f"arn:aws:iam::{HUB_ACCOUNT}:role/"
MACHINE: Final = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:"


def _app(folder: Path, name: str, principal: str, conditions: dict[str, Any], stack: str = "") -> None:
    """An Operator whose role and state machine have no names, and a Subject that speaks of them."""
    spoke = _spoke(principal)
    spoke["SpokeRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] = conditions
    artifacts = {}
    for file, called, account, made in (
        ("hub", stack, HUB_ACCOUNT, _machine(name, SPOKE)),
        ("spoke", "spoke", SPOKE_ACCOUNT, spoke),
    ):
        (folder / f"{file}.json").write_text(json.dumps(_template(made)))
        properties = {"templateFile": f"{file}.json", "stackName": called}
        environment = f"aws://{account}/eu-west-1"
        artifacts[file] = {"type": "aws:cloudformation:stack", "environment": environment, "properties": properties}
    if stack:
        (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))


def _like(key: str, value: str) -> dict[str, Any]:
    return {"StringLike" if key == "sts:ExternalId" else "ArnLike": {key: value}}


@pytest.mark.parametrize("stack", ["", "Ledgers"])
@pytest.mark.parametrize(
    ("name", "principal", "conditions", "answer"),
    [
        # Names that CloudFormation may have made, and may not: which it did nobody knows.
        ("Move", f"{ROLE}Ledgers-MoveRole-1ABCDEFGHIJK", {}, Answer.UNKNOWN),
        ("Move", HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}Move-3ypO3dryEmXE"), Answer.UNKNOWN),
        ("Move", HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}Move-3*"), Answer.UNKNOWN),
        ("Move", HUB_ACCOUNT, _like("aws:PrincipalArn", f"{ROLE}Ledgers-MoveRole-1*"), Answer.UNKNOWN),
        ("Move", HUB_ACCOUNT, _like("aws:PrincipalArn", f"{ROLE}*-1ABCDEFGHIJK"), Answer.UNKNOWN),
        (LONG, HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}{LONG}-3ypO3dryEmXE"), Answer.UNKNOWN),
        (LONG, HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}{LONG[:27]}-3ypO3dryEmXE"), Answer.UNKNOWN),
        (LONG, f"{ROLE}Ledgers-{LONG[:43]}-1ABCDEFGHIJK", {}, Answer.UNKNOWN),
        # Both at once: that neither is right by itself is no reason to deny it.
        (
            "Move",
            f"{ROLE}Ledgers-MoveRole-1ABCDEFGHIJK",
            _like("sts:ExternalId", f"{MACHINE}Move-3ypO3dryEmXE"),
            Answer.UNKNOWN,
        ),
        # What every such name fits.
        ("Move", HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}Move-*"), Answer.ALLOWED),
        ("Move", HUB_ACCOUNT, _like("aws:PrincipalArn", f"{ROLE}*-MoveRole-*"), Answer.ALLOWED),
        # What none fits, whatever it ends in.
        ("Move", f"{ROLE}Ledgers-OtherRole-1ABCDEFGHIJK", {}, Answer.REFUSED),
        ("Move", f"{ROLE}Ledgers-MoveRole", {}, Answer.REFUSED),
        ("Move", HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}Other-3ypO3dryEmXE"), Answer.REFUSED),
        ("Move", HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}Other-*"), Answer.REFUSED),
        (LONG, f"{ROLE}Ledgers-{LONG[1:44]}-1ABCDEFGHIJK", {}, Answer.REFUSED),
    ],
)
def test_a_made_name_is_certainly_another_only_where_no_end_of_it_would_fit(
    name: str, principal: str, conditions: dict[str, Any], answer: Answer, stack: str, tmp_path: Path
) -> None:
    _app(tmp_path, name, principal, conditions, stack)
    (found,) = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)
    assert next(link.answer for link in found.links if link.number == 2) is answer, str(found)


def test_the_names_that_an_app_speaks_of_by_reference_leave_nothing_open(tmp_path: Path) -> None:
    """A dozen state machines, each with the patterns that the CDK writes for what it refers to."""
    made: dict[str, Any] = {}
    for number in range(12):
        made |= _machine(f"Move{number}", SPOKE)
        statements = made[f"Move{number}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        for other in range(12):
            child = {"Fn::Join": ["", [{"Fn::GetAtt": [f"Move{other}", "Arn"]}, "*"]]}
            statements.append({"Effect": "Allow", "Action": "states:StartExecution", "Resource": child})
    (tmp_path / "hub.json").write_text(json.dumps(_template(made)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(_spoke(HUB_ACCOUNT))))
    found = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)
    assert {link.answer for one in found for link in one.links} == {Answer.ALLOWED}


SAID: Final = "The role {role} is not authorized to assume the task state's role, {other}."


@pytest.mark.parametrize("stack", ["", "Ledgers"])
@pytest.mark.parametrize(("trusted", "answer"), [("1ABCDEFGHIJK", Answer.ALLOWED), ("9ABCDEFGHIJK", Answer.REFUSED)])
def test_a_role_of_a_made_name_in_awss_words_is_taken_for_the_templates(
    trusted: str, answer: Answer, stack: str, tmp_path: Path
) -> None:
    _app(tmp_path, "Move", f"{ROLE}Ledgers-MoveRole-{trusted}", {}, stack)
    role = f"{ROLE}Ledgers-MoveRole-1ABCDEFGHIJK"
    asked = asked_about([str(tmp_path), SAID.format(role=role, other=SPOKE)])
    (found,) = diagnose_given(asked, TOLD)

    link = subject_of(found)
    assert found.evidence.machine.role_arn == role
    assert next(one.answer for one in found.links if one.number == 2) is answer
    assert link is None or link.asker == role
    assert "Ledgers-MoveRole-1ABCDEFGHIJK is taken for MoveRole of hub.json" in short_answer(found)[-1]


def test_a_state_machine_is_found_by_the_name_that_was_made_for_it(tmp_path: Path) -> None:
    _app(tmp_path, "Move", HUB_ACCOUNT, _like("sts:ExternalId", f"{MACHINE}Move-3ypO3dryEmXE"), "Ledgers")
    (found,) = diagnose_given(asked_about([str(tmp_path), f"{MACHINE}Move-3ypO3dryEmXE"]), TOLD)
    assert next(one.answer for one in found.links if one.number == 2) is Answer.ALLOWED


def test_a_name_that_two_roles_may_have_is_taken_for_neither(tmp_path: Path) -> None:
    for file in ("one", "two"):
        (tmp_path / f"{file}.json").write_text(json.dumps(_template(_machine("Move", SPOKE))))
    asked = asked_about([str(tmp_path), SAID.format(role=f"{ROLE}Ledgers-MoveRole-1ABCDEFGHIJK", other=SPOKE)])
    for found in diagnose_given(asked, TOLD):
        assert not found.evidence.taken
        assert {link.answer for link in found.links} == {Answer.UNKNOWN}
