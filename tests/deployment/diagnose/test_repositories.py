"""Files as they lie in a repository: templates, cloud assemblies, Terraform, definitions, policies."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told

HUB_ACCOUNT: Final = "111111111111"
SPOKE_ACCOUNT: Final = "222222222222"
HUB: Final = f"arn:aws:iam::{HUB_ACCOUNT}:role/hub-role"
SPOKE: Final = f"arn:aws:iam::{SPOKE_ACCOUNT}:role/spoke-role"
CHILD: Final = f"arn:aws:states:eu-west-1:{SPOKE_ACCOUNT}:stateMachine:nightly"
TOLD: Final = Told(HUB_ACCOUNT, SPOKE_ACCOUNT, "eu-west-1")
SERVICE: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _trust(principal: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _may(action: str, resource: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


def _asl(role: str = SPOKE, child: str = CHILD) -> dict[str, Any]:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Credentials": {"RoleArn": role},
        "Parameters": {"StateMachineArn": child},
        "End": True,
    }
    return {"StartAt": "Run", "States": {"Run": task}}


def _spoke(trusted: str) -> dict[str, Any]:
    return {
        "SpokeRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "spoke-role",
                "AssumeRolePolicyDocument": _trust(trusted),
                "Policies": [{"PolicyName": "start", "PolicyDocument": _may("states:StartExecution", CHILD)}],
            },
        },
        "NightlyRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "nightly-role", "AssumeRolePolicyDocument": SERVICE},
        },
        "Nightly": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "nightly",
                "RoleArn": {"Fn::GetAtt": ["NightlyRole", "Arn"]},
                "DefinitionString": json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
            },
        },
    }


def _hub() -> dict[str, Any]:
    return {
        "HubRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "hub-role", "AssumeRolePolicyDocument": SERVICE},
        },
        "Assume": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "assume",
                "Roles": [{"Ref": "HubRole"}],
                "PolicyDocument": _may(
                    "sts:AssumeRole", {"Fn::Sub": "arn:${AWS::Partition}:iam::${Spoke}:role/spoke-role"}
                ),
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": "plain",
                "RoleArn": {"Fn::GetAtt": ["HubRole", "Arn"]},
                "Definition": _asl("${Role}"),
                "DefinitionSubstitutions": {
                    "Role": {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "Spoke"}, ":role/spoke-role"]]}
                },
            },
        },
    }


def _template(resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **more}


PARAMETERS: Final = {"Spoke": {"Type": "String", "Default": SPOKE_ACCOUNT}}


def _cloudformation_json(folder: Path, trusted: str) -> None:
    (folder / "hub.json").write_text(json.dumps(_template(_hub(), Parameters=PARAMETERS)))
    (folder / "spoke.json").write_text(json.dumps(_template(_spoke(trusted))))


def _cloudformation_yaml(folder: Path, trusted: str) -> None:
    hub = yaml.safe_dump(_template(_hub(), Parameters=PARAMETERS))
    (folder / "deep" / "down").mkdir(parents=True)
    (folder / "deep" / "down" / "hub.yaml").write_text(hub)
    (folder / "spoke.yml").write_bytes(yaml.safe_dump(_template(_spoke(trusted))).encode("utf-16"))


def _serverless(folder: Path, trusted: str) -> None:
    (folder / "statemachine").mkdir()
    (folder / "statemachine" / "run.asl.yaml").write_text(yaml.safe_dump(_asl("${SpokeRole}", "${Child}")))
    (folder / "template.yaml").write_text(f"""
Transform: AWS::Serverless-2016-10-31
Parameters:
  Spoke: {{Type: String, Default: '{SPOKE_ACCOUNT}'}}
Resources:
  HubRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: hub-role
      AssumeRolePolicyDocument: {json.dumps(SERVICE)}
      ManagedPolicyArns: [!Ref MayAssume]
  MayAssume:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: 2012-10-17
        Statement: {{Effect: Allow, Action: sts:AssumeRole, Resource: !Sub 'arn:aws:iam::${{Spoke}}:role/spoke-role'}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: plain
      Role: !GetAtt HubRole.Arn
      DefinitionUri: statemachine/run.asl.yaml
      DefinitionSubstitutions:
        SpokeRole: !Join ['', ['arn:aws:iam::', !Ref Spoke, ':role/spoke-role']]
        Child: !Sub 'arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{Spoke}}:stateMachine:nightly'
""")
    (folder / "spoke.yaml").write_text(yaml.safe_dump(_template(_spoke(trusted))))


def _cloud_assembly(folder: Path, trusted: str) -> None:
    out = folder / "cdk.out"
    out.mkdir()
    artifacts = {}
    for name, account, resources in (("Hub", HUB_ACCOUNT, _hub()), ("Spoke", SPOKE_ACCOUNT, _spoke(trusted))):
        file = f"{name}.template.json"
        (out / file).write_text(json.dumps(_template(resources, Parameters=PARAMETERS)))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/eu-west-1",
            "properties": {"templateFile": file},
        }
    (out / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": artifacts}))


def _resource(kind: str, label: str, **values: Any) -> dict[str, Any]:
    return {"address": f"{kind}.{label}", "mode": "managed", "type": kind, "name": label, "values": values}


def _terraform_state(folder: Path, trusted: str) -> None:
    nightly = f"arn:aws:iam::{SPOKE_ACCOUNT}:role/nightly-role"
    done = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    plain = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:plain"
    root = [
        _resource("aws_iam_role", "hub", arn=HUB, name="hub-role", assume_role_policy=json.dumps(SERVICE)),
        _resource(
            "aws_iam_policy",
            "may",
            arn=f"arn:aws:iam::{HUB_ACCOUNT}:policy/may",
            policy=json.dumps(_may("sts:AssumeRole", SPOKE)),
        ),
        _resource(
            "aws_iam_role_policy_attachment",
            "may",
            role="hub-role",
            policy_arn=f"arn:aws:iam::{HUB_ACCOUNT}:policy/may",
        ),
        _resource(
            "aws_sfn_state_machine", "plain", arn=plain, name="plain", role_arn=HUB, definition=json.dumps(_asl())
        ),
    ]
    child = [
        _resource(
            "aws_iam_role", "spoke", arn=SPOKE, name="spoke-role", assume_role_policy=json.dumps(_trust(trusted))
        ),
        _resource(
            "aws_iam_role_policy",
            "start",
            name="start",
            role="spoke-role",
            policy=json.dumps(_may("states:StartExecution", CHILD)),
        ),
        _resource("aws_iam_role", "nightly", arn=nightly, name="nightly-role", assume_role_policy=json.dumps(SERVICE)),
        _resource("aws_sfn_state_machine", "nightly", arn=CHILD, name="nightly", role_arn=nightly, definition=done),
    ]
    module = {"resources": root, "child_modules": [{"address": "module.spoke", "resources": child}]}
    (folder / "show.json").write_text(json.dumps({"format_version": "1.0", "values": {"root_module": module}}))


KINDS: Final = (_cloudformation_json, _cloudformation_yaml, _serverless, _cloud_assembly, _terraform_state)


def _diagnosed(folder: Path, told: Told = TOLD, arn: str = "") -> Diagnosis:
    (found,) = diagnose_given(AskedAbout(arn=arn, paths=(folder,)), told)
    return found


@pytest.mark.parametrize("write", KINDS)
def test_a_whole_set_up_is_allowed_however_it_is_written(tmp_path: Path, write: Any) -> None:
    write(tmp_path, HUB)

    found = _diagnosed(tmp_path)

    assert found.verdict is Conclusion.FINE, str(found)


@pytest.mark.parametrize("write", KINDS)
def test_the_broken_document_is_named_with_file_and_line(tmp_path: Path, write: Any) -> None:
    from xsfn_helpers.deployment.diagnose.asking.short import deciding_document, subject_of

    write(tmp_path, f"arn:aws:iam::{HUB_ACCOUNT}:role/old-hub-role")

    found = _diagnosed(tmp_path)

    assert found.first_broken is not None
    assert (found.first_broken.number, found.first_broken.resource) == (2, SPOKE)
    link = subject_of(found)
    assert link is not None
    document = deciding_document(link, found)
    assert document.title == "trust policy of role spoke-role"
    assert document.spot is not None
    path = next(path for path in tmp_path.rglob("*") if path.name == Path(document.spot.file).name)
    raw = path.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    # The line of the trust policy's statement, or of what holds it where it is a text in JSON.
    assert "old-hub-role" in "\n".join(text.splitlines()[document.line - 1 : document.line + 5])


def test_the_account_is_inferred_from_who_names_the_role(tmp_path: Path) -> None:
    """No account is told: the trust policy names the hub's role, the definition names the spoke's."""
    _cloudformation_json(tmp_path, HUB)

    found = _diagnosed(tmp_path, Told(region="eu-west-1"))

    assert found.evidence.machine.account == HUB_ACCOUNT
    assert found.verdict is Conclusion.FINE, str(found)


def test_an_account_that_nothing_tells_makes_no_answer_that_another_would_change(tmp_path: Path) -> None:
    """The trust policy names an account: whether it is the template's own, nobody can tell."""
    resources = _hub()
    (tmp_path / "hub.json").write_text(json.dumps(_template(resources, Parameters=PARAMETERS)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(_spoke("arn:aws:iam::333333333333:root"))))

    found = _diagnosed(tmp_path, Told(subject=SPOKE_ACCOUNT, region="eu-west-1"))

    link = next(link for link in found.links if link.number == 2)
    assert link.answer.name == "UNKNOWN"
    assert found.verdict is Conclusion.UNKNOWN


def test_a_parameter_given_counts_more_than_its_default(tmp_path: Path) -> None:
    _cloudformation_json(tmp_path, HUB)

    found = _diagnosed(tmp_path, Told(HUB_ACCOUNT, SPOKE_ACCOUNT, "eu-west-1", {"Spoke": "999999999999"}))

    assert found.tasks[0].task.role_arn == "arn:aws:iam::999999999999:role/spoke-role"


def test_a_condition_that_does_not_hold_leaves_its_resource_out(tmp_path: Path) -> None:
    hub = _hub()
    hub["Assume"]["Condition"] = "InProduction"
    more = {
        "Parameters": {**PARAMETERS, "Stage": {"Type": "String", "Default": "test"}},
        "Conditions": {"InProduction": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
    }
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub, **more)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(_spoke(HUB))))

    assert _diagnosed(tmp_path).verdict is Conclusion.BROKEN
    told = Told(HUB_ACCOUNT, SPOKE_ACCOUNT, "eu-west-1", {"Stage": "prod"})
    assert _diagnosed(tmp_path, told).verdict is Conclusion.FINE


def test_a_policy_template_of_sams_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {json.dumps(_asl())}
      Policies:
        - StepFunctionsExecutionPolicy: {{StateMachineName: nightly}}
        - Version: 2012-10-17
          Statement: [{{Effect: Allow, Action: sts:AssumeRole, Resource: '{SPOKE}'}}]
""")

    found = _diagnosed(tmp_path)

    role = found.evidence.role(found.evidence.machine.role_arn)
    assert role is not None
    assert role.trust is not None
    granted = json.dumps([one.document for one in role.policies])
    assert f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:nightly" in granted
    assert SPOKE in granted


def test_definition_and_policies_by_themselves_are_put_together_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "plain.asl.json").write_text("// our state machine\n" + json.dumps(_asl()))
    (tmp_path / "hub-role-policy.json").write_text(json.dumps(_may("sts:AssumeRole", SPOKE)))
    (tmp_path / "spoke-role.trust.json").write_text(json.dumps(_trust(f"arn:aws:iam::{HUB_ACCOUNT}:role/old-hub-role")))

    found = _diagnosed(tmp_path)

    assert found.first_broken is not None
    assert found.first_broken.number == 2
    assert [one for one in found.not_seen if "plain.asl.json" in one.what and "comments" in one.why]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("broken.json", "{"),
        ("list.json", "[]"),
        ("notes.yaml", "a: [b"),
        ("twice.yaml", "a: 1\na: 2\n"),
        ("binary.json", "\0\0\0"),
        ("package.json", '{"name": "x"}'),
        ("bomb.yaml", "a: &a [x,x]\nb: &b [*a,*a]\n"),
    ],
)
def test_a_stray_file_leaves_the_others_as_they_are(tmp_path: Path, name: str, text: str) -> None:
    _cloudformation_json(tmp_path, HUB)
    (tmp_path / name).write_text(text)

    found = _diagnosed(tmp_path)

    assert found.verdict is Conclusion.FINE


def test_nothing_that_is_known_is_told_with_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "spoke-role.trust.json").write_text(json.dumps(_trust(HUB)))

    with pytest.raises(ConfigError, match=r"spoke-role\.trust\.json"):
        _diagnosed(tmp_path)


def test_an_unfilled_value_is_never_an_answer(tmp_path: Path) -> None:
    """A parameter without a default in every place where it can stand."""
    _cloudformation_json(tmp_path, HUB)
    template = json.loads((tmp_path / "hub.json").read_text())
    del template["Parameters"]["Spoke"]["Default"]
    (tmp_path / "hub.json").write_text(json.dumps(template))

    assert _diagnosed(tmp_path).verdict is Conclusion.UNKNOWN


LATER: Final = {**PARAMETERS, "Later": {"Type": "String"}}


def _with_later(hub: dict[str, Any], spoke: dict[str, Any], place: str) -> None:
    """A parameter without a value in one place: of the identity side, the trust policy, or a name."""
    assume = hub["Assume"]["Properties"]
    trust = spoke["SpokeRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    match place:
        case "resource":
            assume["PolicyDocument"] = _may("sts:AssumeRole", {"Fn::Sub": "arn:aws:iam::${Later}:role/spoke-role"})
        case "action":
            assume["PolicyDocument"] = _may({"Ref": "Later"}, SPOKE)
        case "not resource":
            (statement,) = assume["PolicyDocument"]["Statement"]
            statement["NotResource"] = {"Fn::Sub": "arn:aws:iam::${Later}:role/x"}
            del statement["Resource"]
        case "deny":
            deny = {"Effect": "Deny", "Action": "sts:*", "Resource": {"Fn::Sub": "arn:aws:iam::*:role/${Later}"}}
            assume["PolicyDocument"]["Statement"].append(deny)
        case "principal":
            trust["Principal"] = {"AWS": {"Fn::Sub": "arn:aws:iam::${Later}:root"}}
        case "external id":
            trust["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "Later"}}}
        case "condition":
            trust["Condition"] = {"StringNotEquals": {"aws:PrincipalArn": {"Ref": "Later"}}}
        case "role name":
            hub["HubRole"]["Properties"]["RoleName"] = {"Fn::Sub": "${Later}-role"}
        case "machine name":
            hub["Machine"]["Properties"]["StateMachineName"] = {"Fn::Sub": "${Later}-plain"}
            external = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:prod-plain"
            trust["Condition"] = {"StringEquals": {"sts:ExternalId": external}}
        case "task role":
            hub["Machine"]["Properties"]["Definition"] = _asl("${Nowhere}")
        case "machine role":
            hub["Machine"]["Properties"]["RoleArn"] = {"Ref": "Later"}


@pytest.mark.parametrize(
    "place",
    [
        "resource",
        "action",
        "not resource",
        "deny",
        "principal",
        "external id",
        "condition",
        "role name",
        "machine name",
        "task role",
        "machine role",
    ],
)
def test_a_value_known_only_at_deployment_neither_allows_nor_denies(tmp_path: Path, place: str) -> None:
    hub, spoke = _hub(), _spoke(HUB)
    _with_later(hub, spoke, place)
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub, Parameters=LATER)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(spoke, Parameters=LATER)))

    found = _diagnosed(tmp_path)

    assert found.verdict is Conclusion.UNKNOWN, str(found)
    assert {link.answer.name for link in found.links if link.number == 2} == {"UNKNOWN"}


def test_what_no_value_would_allow_is_denied_all_the_same(tmp_path: Path) -> None:
    """Whatever the account turns out to be, the permission names another role."""
    hub = _hub()
    hub["Assume"]["Properties"]["PolicyDocument"] = _may(
        "sts:AssumeRole", {"Fn::Sub": "arn:aws:iam::${Later}:role/other"}
    )
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub, Parameters=LATER)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(_spoke(HUB))))

    found = _diagnosed(tmp_path)

    assert found.first_broken is not None
    assert found.first_broken.number == 2


@pytest.mark.timed
def test_a_folder_of_200_templates_is_read_and_decided_in_five_seconds(tmp_path: Path) -> None:
    for number in range(100):
        for name, resources in (("hub", _hub()), ("spoke", _spoke(HUB))):
            template = {"Parameters": {"Spoke": {"Type": "String", "Default": SPOKE_ACCOUNT}}, "Resources": resources}
            text = json.dumps(template)
            for one in ("hub-role", "spoke-role", "nightly", "plain"):
                text = re.sub(f'(?<=["/:]){one}(?=")', f"{one}-{number}", text)
            written = text if name == "hub" else yaml.safe_dump(json.loads(text))
            (tmp_path / f"{name}{number}.yaml").write_text(written, encoding="utf-8")

    start = time.process_time()
    found = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())
    taken = time.process_time() - start

    assert [one.verdict for one in found] == [Conclusion.FINE] * 100
    assert taken < 5


@pytest.mark.parametrize(
    ("operator", "wanted", "anywhere", "in_ireland"),
    [
        ("StringEquals", "eu-west-1", Conclusion.UNKNOWN, Conclusion.FINE),
        ("StringEquals", "us-east-1", Conclusion.UNKNOWN, Conclusion.BROKEN),
        ("StringLike", "eu-*", Conclusion.UNKNOWN, Conclusion.FINE),
        ("StringNotLike", "eu-west-?", Conclusion.UNKNOWN, Conclusion.BROKEN),
        ("StringEquals", "eu-*", Conclusion.BROKEN, Conclusion.BROKEN),
    ],
)
def test_what_hangs_on_the_region_is_told_only_where_the_region_is(
    tmp_path: Path, operator: str, wanted: str, anywhere: Conclusion, in_ireland: Conclusion
) -> None:
    hub, spoke = _hub(), _spoke(HUB)
    condition = {operator: {"aws:RequestedRegion": wanted}}
    hub["Assume"]["Properties"]["PolicyDocument"]["Statement"][0]["Condition"] = condition
    called = {"Resource": "arn:aws:states:::aws-sdk:ec2:describeInstances", "Parameters": {}}
    hub["Machine"]["Properties"]["Definition"]["States"]["Run"] |= called
    spoke["SpokeRole"]["Properties"]["Policies"][0]["PolicyDocument"] = _may("ec2:DescribeInstances", "*")
    del spoke["Nightly"]
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub, Parameters=PARAMETERS)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(spoke)))

    [open_] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told(HUB_ACCOUNT, SPOKE_ACCOUNT))
    [told] = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert open_.verdict is anywhere
    assert any("--region" in line for line in short_answer(open_)) is (anywhere is Conclusion.UNKNOWN)
    assert told.verdict is in_ireland


def test_where_every_region_is_the_stacks_own_none_is_asked_for(tmp_path: Path) -> None:
    own = {"Fn::Sub": CHILD.replace("eu-west-1", "${AWS::Region}").replace(SPOKE_ACCOUNT, "${Spoke}")}
    hub, spoke = _hub(), _spoke(HUB)
    machine = hub["Machine"]["Properties"]
    machine["Definition"] = _asl("${Role}", "${Child}")
    machine["DefinitionSubstitutions"]["Child"] = own
    spoke["SpokeRole"]["Properties"]["Policies"][0]["PolicyDocument"] = _may("states:StartExecution", own)
    for name, resources in (("hub", hub), ("spoke", spoke)):
        (tmp_path / f"{name}.json").write_text(json.dumps(_template(resources, Parameters=PARAMETERS)))

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), Told(HUB_ACCOUNT, SPOKE_ACCOUNT))

    assert [one.verdict for one in found if one.evidence.machine.name == "plain"] == [Conclusion.FINE]


def test_a_definition_by_itself_says_that_nothing_tells_its_role(tmp_path: Path) -> None:
    (tmp_path / "plain.asl.json").write_text(json.dumps(_asl()))
    (tmp_path / "notes.json").write_text(json.dumps({"kept": "for later"}))

    [found] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    assert found.verdict is Conclusion.UNKNOWN
    answer = "\n".join(short_answer(found))
    assert "nothing that was read tells which role state machine plain runs as" in answer
    assert f"{SPOKE} (task Run)" in answer
    assert "role-of-" not in answer
    assert "file notes.json" in str(found)


def test_an_account_that_stands_for_another_is_said_to_in_the_answer(tmp_path: Path) -> None:
    (tmp_path / "hub.json").write_text(json.dumps(_template(_hub(), Parameters=PARAMETERS)))

    [found] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    answer = "\n".join(short_answer(found))
    assert "000000000001 stands for an account that no file tells" in answer
    assert len(answer.splitlines()) <= 5


def test_of_an_app_that_wasnt_synthesized_it_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "plain.asl.json").write_text(json.dumps(_asl()))
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "npx ts-node bin/app.ts"}))

    [found] = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    assert any(line.startswith("To settle it") and "cdk synth" in line for line in short_answer(found))
