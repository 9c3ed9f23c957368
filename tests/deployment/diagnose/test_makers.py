"""What a folder holds besides what is read, a program or a document, is told with what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.deployment.diagnose.test_repositories import HUB, SPOKE, _asl, _hub, _template
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told


def _put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def _refused(folder: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        diagnose_given(AskedAbout(paths=(folder,)), Told())
    return str(refused.value)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("cdktf.json", '{"app": "npx ts-node main.ts"}'),
        ("lib/stack.ts", "import { SfnStateMachine } from '@cdktf/provider-aws/lib/sfn-state-machine';\n"),
    ],
)
def test_of_an_app_of_cdk_for_terraform_it_says_what_to_run(tmp_path: Path, file: str, text: str) -> None:
    _put(tmp_path, file, text)

    assert "cdktf synth" in _refused(tmp_path)


@pytest.mark.parametrize("file", ["ledgers.feature", "README.md", "fixtures/ledgers.ts", "ledgers.py"])
@pytest.mark.parametrize("beside", ["", "package.json"])
def test_a_definition_in_a_text_is_named_with_how_to_give_it(tmp_path: Path, file: str, beside: str) -> None:
    _put(tmp_path, file, f"Given a state machine\n{json.dumps(_asl(), indent=2)}\n")
    if beside:
        _put(tmp_path, beside, '{"name": "ledgers"}')

    told = _refused(tmp_path)

    assert f"{Path(file).name} has a definition in its text" in told
    assert "NAME.asl.json" in told
    assert "package.json" not in told


def test_another_projects_program_says_nothing_of_a_definition_beside_it(tmp_path: Path) -> None:
    _put(tmp_path, "one/plain.asl.json", json.dumps(_asl()))
    _put(tmp_path, "other/cdk.json", json.dumps({"app": "npx ts-node bin/app.ts"}))

    [found] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    assert "cdk synth" not in "\n".join(short_answer(found))


def test_a_program_says_nothing_of_what_a_template_makes(tmp_path: Path) -> None:
    hub = _hub()
    hub["Machine"]["Properties"]["RoleArn"] = {"Ref": "HubRoleArn"}
    parameters = {"HubRoleArn": {"Type": "String"}, "Spoke": {"Type": "String", "Default": "222222222222"}}
    _put(tmp_path, "cfn/hub.json", json.dumps(_template(hub, Parameters=parameters)))
    _put(tmp_path, "cdk.json", json.dumps({"app": "npx ts-node bin/app.ts"}))

    [found] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    answer = "\n".join(short_answer(found))
    assert "cdk synth" not in answer
    assert "HubRoleArn" in answer


def test_two_definitions_of_one_name_in_two_folders_are_two_state_machines(tmp_path: Path) -> None:
    for folder, account in (("one", "222222222222"), ("other", "333333333333")):
        _put(tmp_path, f"{folder}/states/main.asl.json", json.dumps(_asl(f"arn:aws:iam::{account}:role/spoke-role")))

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    assert {one.evidence.machine.name for one in found} == {"one-states-main", "other-states-main"}
    assert {one.tasks[0].task.role_arn[13:25] for one in found} == {"222222222222", "333333333333"}


def test_a_role_that_shows_only_in_a_run_asks_for_the_run_whatever_else_was_not_read(tmp_path: Path) -> None:
    hub = _hub()
    definition = _asl()
    definition["States"]["Run"]["Credentials"] = {"RoleArn.$": "$.role"}
    hub["Machine"]["Properties"]["Definition"] = definition
    table = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": {"TableName": "ledgers"}}
    definition["States"]["Look"] = table | {"Next": "Run"}
    definition["StartAt"] = "Look"
    may = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}
    hub["Assume"]["Properties"]["PolicyDocument"]["Statement"].append(may)
    parameters = {"Spoke": {"Type": "String", "Default": "222222222222"}}
    _put(tmp_path, "hub.json", json.dumps(_template(hub, Parameters=parameters)))

    [found] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told("111111111111"))

    assert "To settle it: give the ARN of an execution, with its history" in short_answer(found)


MISPLACED = f"""\
Resources:
  HubRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: hub-role
      AssumeRolePolicyDocument: {{}}
  Machine:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    RoleArn: {HUB}
    DefinitionString: '{json.dumps(_asl(SPOKE))}'
"""


def test_a_resource_whose_lines_stand_beside_it_is_named_with_its_line(tmp_path: Path) -> None:
    _put(tmp_path, "hub.yaml", MISPLACED)

    told = _refused(tmp_path)

    assert "hub.yaml:7: Machine" in told
    assert "indented" in told
