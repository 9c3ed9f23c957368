"""Ways of writing a set-up of which nobody can say "every link is allowed": the answer is never that one.

Each takes the set-up that is allowed and adds one thing to it, which denies, may deny, or may not be there at all.
"""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.test_repositories import (
    HUB,
    HUB_ACCOUNT,
    PARAMETERS,
    SERVICE,
    SPOKE,
    SPOKE_ACCOUNT,
    TOLD,
    _hub,
    _may,
    _spoke,
    _template,
    _terraform_state,
)
from tests.deployment.diagnose.test_terraform_source import HUB as HUB_SOURCE
from tests.deployment.diagnose.test_terraform_source import _diagnosis as diagnosed_source
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.reading.repository import Told

Resources = dict[str, Any]
DENIES: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}]}
STAGE: Final = {"Parameters": {**PARAMETERS, "Stage": {"Type": "String"}}}
ON: Final = {**STAGE, "Conditions": {"On": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}}
ALWAYS: Final = {**PARAMETERS, "Stage": {"Type": "String", "Default": "prod"}}


def _diagnosed(folder: Path, hub: dict[str, Any], **files: Any) -> Diagnosis:
    for name, value in {"hub": hub, "spoke": _template(_spoke(HUB)), **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return next(
        one for one in diagnose_given(AskedAbout(paths=(folder,)), TOLD) if one.evidence.machine.name == "plain"
    )


def _properties(resources: Resources, logical: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[logical]["Properties"]
    return found


def _role_on_a_condition(hub: Resources) -> None:
    hub["HubRole"]["Condition"] = "On"


def _managed_policy_on_a_condition(hub: Resources) -> None:
    document = _properties(hub, "Assume")["PolicyDocument"]
    hub["Assume"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Condition": "On",
        "Properties": {"Roles": [{"Ref": "HubRole"}], "PolicyDocument": document},
    }


def _inline_policy_if(hub: Resources) -> None:
    policy = {"PolicyName": "no", "PolicyDocument": DENIES}
    _properties(hub, "HubRole")["Policies"] = [{"Fn::If": ["On", policy, {"Ref": "AWS::NoValue"}]}]


def _inline_policies_if(hub: Resources) -> None:
    policy = {"PolicyName": "no", "PolicyDocument": DENIES}
    _properties(hub, "HubRole")["Policies"] = {"Fn::If": ["On", [policy], {"Ref": "AWS::NoValue"}]}


def _managed_policies_if(hub: Resources) -> None:
    arn = f"arn:aws:iam::{HUB_ACCOUNT}:policy/no"
    _properties(hub, "HubRole")["ManagedPolicyArns"] = {"Fn::If": ["On", [arn], {"Ref": "AWS::NoValue"}]}


def _boundary_if(hub: Resources) -> None:
    arn = f"arn:aws:iam::{HUB_ACCOUNT}:policy/limit"
    _properties(hub, "HubRole")["PermissionsBoundary"] = {"Fn::If": ["On", arn, {"Ref": "AWS::NoValue"}]}


def _denying_statement_if(hub: Resources) -> None:
    document = copy.deepcopy(_properties(hub, "Assume")["PolicyDocument"])
    document["Statement"].append({"Fn::If": ["On", DENIES["Statement"][0], {"Ref": "AWS::NoValue"}]})
    _properties(hub, "Assume")["PolicyDocument"] = document


def _effect_by_stage(hub: Resources) -> None:
    document = copy.deepcopy(_properties(hub, "Assume")["PolicyDocument"])
    document["Statement"][0]["Effect"] = {"Fn::If": ["On", "Allow", "Deny"]}
    _properties(hub, "Assume")["PolicyDocument"] = document


def _roles_by_stage(hub: Resources) -> None:
    hub["No"] = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "no", "Roles": {"Ref": "Stage"}, "PolicyDocument": DENIES},
    }


def _stack_that_is_not_here(hub: Resources) -> None:
    hub["More"] = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {
            "TemplateURL": "https://bucket.s3.amazonaws.com/limits.yaml",
            "Parameters": {"Role": {"Ref": "HubRole"}},
        },
    }


def _stack_set_that_names_the_role(hub: Resources) -> None:
    policy = {"PolicyName": "no", "Roles": ["hub-role"], "PolicyDocument": DENIES}
    body = json.dumps(_template({"No": {"Type": "AWS::IAM::Policy", "Properties": policy}}))
    hub["Set"] = {"Type": "AWS::CloudFormation::StackSet", "Properties": {"StackSetName": "s", "TemplateBody": body}}


def _custom_resource_that_gets_the_role(hub: Resources) -> None:
    hub["Limit"] = {"Type": "Custom::LimitRoles", "Properties": {"ServiceToken": "x", "Roles": [{"Ref": "HubRole"}]}}


def _macro_that_adds(hub: Resources) -> None:
    hub["Fn::Transform"] = {"Name": "LimitRoles", "Parameters": {}}


ON_A_CONDITION: Final = (
    _role_on_a_condition,
    _managed_policy_on_a_condition,
    _inline_policy_if,
    _inline_policies_if,
    _managed_policies_if,
    _boundary_if,
    _denying_statement_if,
    _effect_by_stage,
    _roles_by_stage,
    _stack_that_is_not_here,
    _stack_set_that_names_the_role,
    _custom_resource_that_gets_the_role,
    _macro_that_adds,
)


@pytest.mark.parametrize("change", ON_A_CONDITION, ids=lambda change: change.__name__.strip("_"))
def test_what_a_template_leaves_to_its_deployment_is_never_allowed(
    tmp_path: Path, change: Callable[[Resources], None]
) -> None:
    hub = _hub()
    assert _diagnosed(tmp_path, _template(hub, **ON)).verdict is Conclusion.FINE
    change(hub)

    assert _diagnosed(tmp_path, _template(hub, **ON)).verdict is Conclusion.UNKNOWN


@pytest.mark.parametrize("change", [_inline_policy_if, _inline_policies_if, _denying_statement_if])
def test_a_condition_that_is_known_to_hold_brings_its_denial(
    tmp_path: Path, change: Callable[[Resources], None]
) -> None:
    hub = _hub()
    change(hub)

    found = _diagnosed(tmp_path, _template(hub, **{**ON, "Parameters": ALWAYS}))

    assert found.verdict is Conclusion.BROKEN
    assert found.first_broken is not None
    assert found.first_broken.number == 2


def test_two_templates_of_one_role_that_say_different_things_are_no_permission(tmp_path: Path) -> None:
    """Which of them is deployed, nobody knows: what one of them allows isn't allowed yet."""
    old = _hub()
    del old["Assume"], old["Machine"]

    assert _diagnosed(tmp_path, _template(_hub(), Parameters=PARAMETERS), old=_template(old)).verdict is not (
        Conclusion.FINE
    )


def test_two_templates_of_one_state_machine_that_say_different_things_are_no_answer(tmp_path: Path) -> None:
    hub = _template(_hub(), Parameters=PARAMETERS)
    assert _diagnosed(tmp_path, hub, twin=hub).verdict is Conclusion.FINE
    other = _hub()
    task = other["Machine"]["Properties"]["Definition"]["States"]["Run"]
    task["Credentials"] = {"RoleArn": f"{SPOKE}-2"}

    assert _diagnosed(tmp_path, hub, twin=_template(other, Parameters=PARAMETERS)).verdict is Conclusion.UNKNOWN


def test_a_nested_stack_of_the_cdks_is_read_from_its_asset(tmp_path: Path) -> None:
    """Its URL is made at deployment; what denies in it counts."""
    hub = _hub()
    url = {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::URLSuffix"}, "/assets/x.json"]]}
    hub["Nested"] = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": url, "Parameters": {"Role": {"Ref": "HubRole"}}},
        "Metadata": {"aws:asset:path": "inner.json"},
    }
    policy = {"PolicyName": "no", "Roles": [{"Ref": "Role"}], "PolicyDocument": DENIES}
    inner = _template(
        {"No": {"Type": "AWS::IAM::Policy", "Properties": policy}}, Parameters={"Role": {"Type": "String"}}
    )

    assert _diagnosed(tmp_path, _template(hub, Parameters=PARAMETERS), inner=inner).verdict is Conclusion.BROKEN


def test_a_connector_of_sams_may_give_what_no_policy_shows(tmp_path: Path) -> None:
    hub = _hub()
    hub["Connect"] = {
        "Type": "AWS::Serverless::Connector",
        "Properties": {
            "Source": {"Id": "Machine"},
            "Destination": {"Type": "AWS::StepFunctions::StateMachine", "Arn": "arn:aws:states:eu-west-1:1:x:y"},
            "Permissions": ["Write"],
        },
    }
    del hub["Assume"]

    assert _diagnosed(tmp_path, _template(hub, Parameters=PARAMETERS)).verdict is Conclusion.UNKNOWN


# --- Terraform's source


DENY_POLICY: Final = """
    resource "aws_iam_policy" "no" {
      name   = "no"
      policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Action = "*", Resource = "*" }] })
    }
"""
SOURCES: Final = {
    "attachment to several on a condition": DENY_POLICY
    + """
    variable "on" {}
    resource "aws_iam_policy_attachment" "no" {
      count      = var.on ? 1 : 0
      name       = "no"
      roles      = [aws_iam_role.hub.name]
      policy_arn = aws_iam_policy.no.arn
    }
    """,
    "module on a condition": """
    variable "on" {}
    module "limits" {
      source = "./limits"
      count  = var.on ? 1 : 0
      role   = aws_iam_role.hub.name
    }
    """,
    "module from elsewhere": """
    module "limits" {
      source = "terraform-aws-modules/iam/aws//modules/iam-role-for-limits"
      role   = aws_iam_role.hub.name
    }
    """,
    "boundary on a condition": """
    variable "boundary" {}
    resource "aws_iam_role" "other" {
      name                 = "other"
      assume_role_policy   = data.aws_iam_policy_document.service.json
      permissions_boundary = var.boundary
    }
    """,
}
LIMITS: Final = (
    """
    variable "role" {}
    resource "aws_iam_role_policy_attachment" "no" {
      role       = var.role
      policy_arn = aws_iam_policy.no.arn
    }
"""
    + DENY_POLICY
)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "boundary on a condition"])
def test_what_terraform_may_attach_is_never_left_out(tmp_path: Path, name: str) -> None:
    limits = tmp_path / "hub" / "limits"
    limits.mkdir(parents=True)
    (limits / "main.tf").write_text(textwrap.dedent(LIMITS), encoding="utf-8")

    assert diagnosed_source(tmp_path, HUB_SOURCE + SOURCES[name]).verdict is Conclusion.UNKNOWN


def test_a_boundary_that_terraform_fills_in_is_one_that_was_not_read(tmp_path: Path) -> None:
    hub = HUB_SOURCE.replace(
        'name               = "hub-role"',
        'name = "hub-role"\n      permissions_boundary = var.boundary',
    )

    found = diagnosed_source(tmp_path, hub + '    variable "boundary" {}\n')

    assert found.verdict is Conclusion.UNKNOWN


def test_a_module_that_is_not_made_attaches_nothing_and_one_that_is_attaches_its_denial(tmp_path: Path) -> None:
    for count, verdict in (("0", Conclusion.FINE), ("1", Conclusion.BROKEN)):
        folder = tmp_path / count
        limits = folder / "hub" / "limits"
        limits.mkdir(parents=True)
        (limits / "main.tf").write_text(textwrap.dedent(LIMITS), encoding="utf-8")
        call = f"""
    module "limits" {{
      source = "./limits"
      count  = {count}
      role   = aws_iam_role.hub.name
    }}
    """

        assert diagnosed_source(folder, HUB_SOURCE + call).verdict is verdict, count


# --- what Terraform writes


def _show(folder: Path, *more: dict[str, Any], without: str = "") -> Diagnosis:
    _terraform_state(folder, HUB)
    path = folder / "show.json"
    shown = json.loads(path.read_text(encoding="utf-8"))
    resources = shown["values"]["root_module"]["resources"]
    resources[:] = [one for one in resources if one["type"] != without]
    resources += more
    path.write_text(json.dumps(shown), encoding="utf-8")
    (found,) = diagnose_given(AskedAbout(paths=(folder,)), TOLD)
    return found


def _shown(kind: str, mode: str = "managed", **values: Any) -> dict[str, Any]:
    prefix = "data." if mode == "data" else ""
    return {"address": f"{prefix}{kind}.x", "mode": mode, "type": kind, "name": "x", "values": values}


def test_a_role_that_terraform_only_looks_up_has_policies_that_it_does_not_show(tmp_path: Path) -> None:
    """`data "aws_iam_role"` has the trust policy, and no permissions policies."""
    found = _show(
        tmp_path,
        _shown("aws_iam_role", "data", arn=HUB, name="hub-role", assume_role_policy=json.dumps(SERVICE)),
        without="aws_iam_role_policy_attachment",
    )

    assert found.verdict is Conclusion.BROKEN  # the managed one is there as well, and tells all its policies

    path = tmp_path / "show.json"
    shown = json.loads(path.read_text(encoding="utf-8"))
    root = shown["values"]["root_module"]
    root["resources"] = [one for one in root["resources"] if one["mode"] == "data" or one["type"] != "aws_iam_role"]
    path.write_text(json.dumps(shown), encoding="utf-8")

    (found,) = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert found.verdict is Conclusion.UNKNOWN


def test_a_policy_of_a_role_that_the_plan_does_not_tell_may_be_of_any(tmp_path: Path) -> None:
    found = _show(tmp_path, _shown("aws_iam_role_policy", name="no", policy=json.dumps(DENIES)))

    assert found.verdict is Conclusion.UNKNOWN


def test_a_policy_whose_role_is_another_one_changes_nothing(tmp_path: Path) -> None:
    found = _show(tmp_path, _shown("aws_iam_role_policy", name="no", role="another", policy=json.dumps(DENIES)))

    assert found.verdict is Conclusion.FINE


# --- definitions


EXPRESSIONS: Final = (
    f"{{% $states.input.old ? '{SPOKE}' : 'arn:aws:iam::{SPOKE_ACCOUNT}:role/other' %}}",
    f"{{% '{SPOKE}' & $states.input.suffix %}}",
    "{% $role %}",
    f"{{% $replace('{SPOKE}', 'spoke', $states.input.name) %}}",
    f"{{% $states.input.role ? $states.input.role : '{SPOKE}' %}}",
    f"{{% ($x := '{SPOKE}'; $states.input.x) %}}",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_role_that_an_expression_makes_is_not_taken_for_the_one_it_names(tmp_path: Path, expression: str) -> None:
    hub = _hub()
    machine = _properties(hub, "Machine")
    (task,) = machine["Definition"]["States"].values()
    machine["Definition"]["QueryLanguage"] = "JSONata"
    task["Credentials"] = {"RoleArn": expression}
    task["Arguments"] = task.pop("Parameters")

    assert _diagnosed(tmp_path, _template(hub, Parameters=PARAMETERS)).verdict is Conclusion.UNKNOWN


def test_a_role_of_another_partition_is_out_of_reach(tmp_path: Path) -> None:
    hub = _hub()
    role = SPOKE.replace("arn:aws:", "arn:aws-cn:")
    machine = _properties(hub, "Machine")
    machine["DefinitionSubstitutions"] = {"Role": role}
    _properties(hub, "Assume")["PolicyDocument"] = _may("sts:AssumeRole", "*")

    assert _diagnosed(tmp_path, _template(hub, Parameters=PARAMETERS)).verdict is not Conclusion.FINE


@pytest.mark.parametrize(
    "deny",
    [
        {"NotAction": "s3:*", "Resource": "*"},
        {"Action": "sts:AssumeRole", "NotResource": f"arn:aws:iam::{SPOKE_ACCOUNT}:role/else"},
        {"Action": "sts:Assume*", "Resource": "*", "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}},
        {"Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-x"}}},
        {"Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"sts:ExternalId": "x"}}},
        {"Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
    ],
)
def test_a_denial_in_other_words_counts(tmp_path: Path, deny: dict[str, Any]) -> None:
    hub = _hub()
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", **deny}]}
    _properties(hub, "HubRole")["Policies"] = [{"PolicyName": "no", "PolicyDocument": document}]

    assert _diagnosed(tmp_path, _template(hub, Parameters=PARAMETERS)).verdict is not Conclusion.FINE


# --- several sources of one setup


def test_a_plan_beside_its_source_counts_and_the_source_makes_no_doubt(tmp_path: Path) -> None:
    _terraform_state(tmp_path, HUB)
    source = """
    resource "aws_iam_role" "hub" {
      name               = "hub-role"
      assume_role_policy = var.trust
    }
    variable "trust" {}
    """
    (tmp_path / "main.tf").write_text(textwrap.dedent(source), encoding="utf-8")

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert [one.verdict for one in found] == [Conclusion.FINE]


@pytest.mark.parametrize("pattern", [".sync:2", ".waitForTaskToken"])
def test_an_express_state_machine_that_waits_is_not_created(tmp_path: Path, pattern: str) -> None:
    hub = _hub()
    machine = _properties(hub, "Machine")
    machine["StateMachineType"] = "EXPRESS"
    machine["Definition"]["States"]["Run"]["Resource"] += pattern
    spoke = _spoke(HUB)
    _properties(spoke, "SpokeRole")["Policies"] = [{"PolicyName": "all", "PolicyDocument": _may("*", "*")}]

    found = _diagnosed(tmp_path, _template(hub, Parameters=PARAMETERS), spoke=_template(spoke))

    assert found.verdict is Conclusion.BROKEN
    assert "Express" in found.headline


def _in_unknown_accounts(folder: Path, *, templates: int, accounts: int) -> Diagnosis:
    """A state machine of one role in one account, and policies of its role in other templates; no file tells where."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:organizations:listAccounts", "End": True}
    hub = _hub()
    _properties(hub, "Machine")["Definition"] = {"StartAt": "List", "States": {"List": task}}
    _properties(hub, "Assume")["PolicyDocument"] = _may("organizations:ListAccounts", "*")
    named = {"Accounts": [str(900000000000 + number) for number in range(accounts)]}
    folder.mkdir()
    (folder / "hub.json").write_text(json.dumps(_template(hub, Metadata=named)), encoding="utf-8")
    for number in range(templates):
        policy = {"PolicyName": f"p{number}", "Roles": ["hub-role"], "PolicyDocument": _may("logs:PutLogEvents", "*")}
        more = {"More": {"Type": "AWS::IAM::Policy", "Properties": policy}}
        (folder / f"more{number}.json").write_text(json.dumps(_template(more)), encoding="utf-8")
    found = diagnose_given(AskedAbout(paths=(folder,)), Told(region="eu-west-1"))
    return next(one for one in found if one.evidence.machine.name == "plain")


def test_a_template_alone_is_the_same_wherever_it_is_deployed(tmp_path: Path) -> None:
    assert _in_unknown_accounts(tmp_path / "few", templates=0, accounts=2).verdict is Conclusion.FINE
    assert _in_unknown_accounts(tmp_path / "many", templates=0, accounts=30).verdict is Conclusion.FINE


def test_more_places_for_templates_than_are_looked_at_leave_it_open(tmp_path: Path) -> None:
    assert _in_unknown_accounts(tmp_path / "few", templates=1, accounts=3).verdict is Conclusion.FINE
    assert _in_unknown_accounts(tmp_path / "many", templates=3, accounts=40).verdict is Conclusion.UNKNOWN


def test_two_stacks_of_one_file_name_have_roles_of_their_own(tmp_path: Path) -> None:
    """Their roles have no names, so both would be called after the file: what the one may, the other may not."""
    without = _hub()
    del without["Assume"]
    for folder, resources in (("one", without), ("two", _hub())):
        for logical in ("HubRole", "Machine"):
            _properties(resources, logical).pop("RoleName", None)
        _properties(resources, "Machine")["StateMachineName"] = folder
        (tmp_path / folder).mkdir()
        text = json.dumps(_template(resources, Parameters=PARAMETERS))
        (tmp_path / folder / "template.json").write_text(text, encoding="utf-8")

    found = {one.evidence.machine.name: one for one in diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)}

    assert found["one"].verdict is Conclusion.BROKEN
    assert found["one"].evidence.machine.role_arn != found["two"].evidence.machine.role_arn
