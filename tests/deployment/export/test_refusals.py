"""What each tool says of bad parameters and missing rights is passed on, and nothing half-made is left."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tests.deployment.export.conftest import Exporting, needs_cdk
from xsfn_helpers import Lab, Scenario, XsfnError
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import ConfigError, StepError, ToolMissing
from xsfn_helpers.deployment.export import Export

pytestmark = pytest.mark.usefixtures("no_http")


def change(export: Export, name: str, old: str, new: str) -> None:
    text = export[name]
    assert old in text
    (export.folder / name).write_text(text.replace(old, new), encoding="utf-8")


def nothing_stands(lab: Lab) -> bool:
    return {one.action for step in lab.steps for one in step.plan()} == {Action.CREATE}


class TestBadParameters:
    def test_cloudformation_refuses_one_in_its_words(self, lab: Lab, exported: Exporting) -> None:
        export = exported("cloudformation")
        change(export, "operator.parameters.json", "222222222222", "2222")

        with pytest.raises(StepError, match="Parameter SubjectAccountId failed to satisfy constraint: an account ID"):
            lab.deploy(export)

        assert nothing_stands(lab)

    def test_cloudformation_refuses_one_that_the_template_does_not_have(self, lab: Lab, exported: Exporting) -> None:
        export = exported("cloudformation")
        change(export, "operator.parameters.json", "LabId", "Lab")

        with pytest.raises(StepError, match=r"Parameters: \[Lab\] do not exist in the template"):
            lab.deploy(export)

    def test_parameters_that_are_no_list(self, lab: Lab, exported: Exporting) -> None:
        export = exported("cloudformation")
        (export.folder / "operator.parameters.json").write_text('{"LabId": "x"}', encoding="utf-8")

        with pytest.raises(ConfigError, match="This isn't a list of parameters"):
            lab.deploy(export)

    def test_a_validation_rule_of_terraform_speaks(self, lab: Lab, exported: Exporting) -> None:
        export = exported("terraform")
        change(export, "terraform.tfvars", '"222222222222"', '"22"')

        with pytest.raises(ConfigError, match="Invalid value for variable subject_account_id: An account ID has"):
            lab.deploy(export)

        assert nothing_stands(lab)

    def test_a_variable_of_terraform_without_a_value(self, lab: Lab, exported: Exporting) -> None:
        export = exported("terraform")
        change(export, "terraform.tfvars", "region  ", "# region")

        with pytest.raises(ConfigError, match='input variable "region" is not set'):
            lab.deploy(export)

    def test_an_account_that_the_provider_does_not_allow(self, lab: Lab, exported: Exporting) -> None:
        export = exported("terraform")
        change(export, "terraform.tfvars", '"222222222222"', '"333333333333"')

        with pytest.raises(ConfigError, match="AWS account ID not allowed: 222222222222"):
            lab.deploy(export)

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('"operator" {', '"operator" {{', "This isn't HCL"),
            ("  name     = ", "  called   = ", "The argument 'name' is required"),
            ("provider = aws.operator\n\n  name", "name", "Provider configuration not present"),
            ("local.execute_role_arn", "local.nowhere", 'undeclared name: "local.nowhere"'),
            ("aws_iam_role.operator.arn", "aws_iam_role.nobody.arn", 'undeclared resource: "aws_iam_role" "nobody"'),
            ("templatefile(", "file(", "The function file isn't covered here"),
        ],
        ids=["syntax", "argument", "provider", "name", "resource", "function"],
    )
    def test_hcl_that_terraform_would_refuse(
        self, lab: Lab, exported: Exporting, old: str, new: str, words: str
    ) -> None:
        export = exported("terraform")
        change(export, "operator.tf", old, new)

        with pytest.raises(ConfigError, match=words):
            lab.deploy(export)

    @needs_cdk
    def test_what_the_cdk_says_of_a_bad_name_is_passed_on(self, lab: Lab, exported: Exporting) -> None:
        export = exported("cdk")
        change(export, "names.json", lab.scenario.operator_role_name, "x" * 65)

        with pytest.raises(ConfigError, match=r"Invalid roleName.*64"):
            lab.deploy(export)

        assert nothing_stands(lab)


class TestOrder:
    def test_the_subject_first_is_refused_in_iams_words(self, lab: Lab, exported: Exporting) -> None:
        from xsfn_helpers.deployment.resources.stack import Stack

        export = exported("cloudformation")
        parameters = {
            one["ParameterKey"]: one["ParameterValue"] for one in json.loads(export["subject.parameters.json"])
        }
        wrong = f'ExecuteRole: .*Invalid principal in policy: "AWS":"{lab.scenario.operator_role_arn}"'

        with pytest.raises(StepError, match=wrong):
            Stack(lab.environment, Side.SUBJECT).deploy(export["subject.yaml"], parameters)

        assert nothing_stands(lab)
        assert [one.action for one in lab.deploy(export)] == [Action.CREATE, Action.CREATE]


class TestAgain:
    def test_deploying_again_leaves_everything_and_a_new_name_is_an_update(self, lab: Lab, exported: Exporting) -> None:
        export = exported("cloudformation")
        lab.deploy(export)

        again = lab.deploy(export)
        change(export, "subject.yaml", "Hello from", "Good day from")
        changed = lab.deploy(export)

        assert [one.action for one in again] == [Action.LEAVE, Action.LEAVE]
        assert [one.action for one in changed] == [Action.LEAVE, Action.CHANGE]
        assert lab.run().output["Output"]["Message"].startswith("Good day")

    def test_somebody_elses_stack_is_left_alone(self, lab: Lab, exported: Exporting) -> None:
        from xsfn_helpers.deployment.resources.stack import Stack

        stack = Stack(lab.environment, Side.OPERATOR)
        client: Any = lab.operator.client("cloudformation")
        template = {
            "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}}
        }
        client.create_stack(
            StackName=stack.name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        try:
            with pytest.raises(StepError, match=f"There is already a stack {stack.name}"):
                lab.deploy(exported("cloudformation"))

            assert "left, not ours" in str(lab.clean())
        finally:
            client.delete_stack(StackName=stack.name)

    def test_a_stack_under_another_name_is_found_by_its_tag(self, lab: Lab, exported: Exporting) -> None:
        client: Any = lab.operator.client("cloudformation")
        client.create_stack(StackName="a-readers-own", **exported("cloudformation").stack("operator"))

        planned = str(lab.plan_clean())
        cleaned = str(lab.clean())

        assert "remove stack a-readers-own" in planned
        assert "removed stack a-readers-own" in cleaned
        assert nothing_stands(lab)

    def test_terraform_without_a_state_meets_what_is_there(self, lab: Lab, exported: Exporting) -> None:
        export = exported("terraform")
        lab.deploy(export)

        with pytest.raises(StepError, match="EntityAlreadyExists"):
            lab.deploy(export)


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def test_without_node_there_is_one_clear_line_and_the_other_routes_work(
    lab: Lab, exported: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    export = exported("cdk")

    with pytest.raises(ToolMissing) as missing:
        lab.deploy(export)
    compared = lab.compare_routes()

    assert str(missing.value).startswith("The CDK needs Node.js, which isn't installed here. Install it")
    assert str(lab.cdk_grants(export)) == "… not tried: The CDK needs Node.js, which isn't installed here."
    assert [(way.name, way.missing == "") for way in compared] == [
        ("by hand", True),
        ("cdk", False),
        ("cloudformation", True),
        ("terraform", True),
    ]
    assert "… cdk: not tried: The CDK needs Node.js, which isn't installed here." in str(compared)
    assert compared.same
    assert {way.checks for way in compared if not way.missing} == {"25 of 25"}


def test_what_is_shown_in_a_notebook_says_what_the_text_says() -> None:
    from xsfn_helpers.deployment.export.comparison import Comparison, DeployWay
    from xsfn_helpers.deployment.export.grants import Grants, judged

    scenario = Scenario()
    may_start = {"Action": "states:StartExecution", "Resource": scenario.subject_machine_arn}
    may_assume = {"Action": ["sts:AssumeRole"], "Resource": scenario.execute_role_arn}
    grants = Grants(tuple(judged({"Effect": "Allow", **one}, scenario) for one in (may_start, may_assume)))
    one = DeployWay("by hand", ("1 Allowed: x",), 1, "2 of 2", "SUCCEEDED")
    compared = Comparison((one, DeployWay("cdk", missing="No <node>."), replace(one, name="other", decisions=("2",))))

    for shown in (grants, compared):
        bundle = shown._repr_mimebundle_()
        words = {line.strip(" ✓✗…").partition(": not tried")[0] for line in str(shown).splitlines()}
        page = unescape(re.sub(r"<[^>]+>", " ", bundle["text/html"]))
        assert bundle["text/plain"] == str(shown)
        assert [one for one in words if one.partition(": ")[2].split(",")[0] not in page] == []
    assert not compared.same
    assert "No &lt;node&gt;." in compared._repr_mimebundle_()["text/html"]
    assert "the chain needs 1 of them" in str(grants)


def test_grants_are_those_of_a_cdk_export(lab: Lab, exported: Exporting) -> None:
    with pytest.raises(XsfnError, match="an export of terraform"):
        lab.cdk_grants(exported("terraform"))
