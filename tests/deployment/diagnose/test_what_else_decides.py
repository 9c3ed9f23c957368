"""What decides beside roles' policies, from files and from AWS: keys, an organization's policies, functions' own."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.test_own_policies import FUNCTION, INVOKES
from tests.deployment.diagnose.test_own_policies import _diagnosis as diagnosed_call
from tests.deployment.diagnose.test_repositories import (
    HUB,
    HUB_ACCOUNT,
    PARAMETERS,
    SPOKE_ACCOUNT,
    TOLD,
    _hub,
    _spoke,
    _template,
)
from tests.deployment.diagnose.test_terraform_source import HUB as HUB_SOURCE
from tests.deployment.diagnose.test_terraform_source import _diagnosis as diagnosed_source
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.evidence import ResourcePolicy
from xsfn_helpers.deployment.diagnose.reading.live import _read_own_policy

KEY: Final = f"arn:aws:kms:eu-west-1:{HUB_ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
MACHINE: Final = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}:stateMachine:plain"
USES: Final = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}
OPEN: Final = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": "kms:*", "Resource": "*"}
FOR_THIS: Final = {
    **OPEN,
    "Condition": {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": MACHINE}},
}
FOR_ANOTHER: Final = {
    **OPEN,
    "Condition": {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": f"{MACHINE}-2"}},
}
CLOSED: Final = {**OPEN, "Principal": {"AWS": f"arn:aws:iam::{HUB_ACCOUNT}:role/admin"}}
DENIED: Final = {**OPEN, "Effect": "Deny", "Action": "kms:GenerateDataKey"}
BY_SERVICE: Final = {**OPEN, "Condition": {"StringEquals": {"kms:ViaService": "states.eu-west-1.amazonaws.com"}}}
KEY_POLICIES: Final[tuple[tuple[list[dict[str, Any]], Conclusion], ...]] = (
    ([OPEN], Conclusion.FINE),
    ([FOR_THIS], Conclusion.FINE),
    # A grant could open it.
    ([FOR_ANOTHER], Conclusion.UNKNOWN),
    ([CLOSED], Conclusion.UNKNOWN),
    ([BY_SERVICE], Conclusion.UNKNOWN),
    ([OPEN, DENIED], Conclusion.BROKEN),
)


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _encrypted(key: Any) -> dict[str, Any]:
    hub = _hub()
    hub["Machine"]["Properties"]["EncryptionConfiguration"] = {"Type": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": key}
    hub["HubRole"]["Properties"]["Policies"] = [{"PolicyName": "key", "PolicyDocument": _document(USES)}]
    return hub


def _diagnosed(folder: Path, hub: dict[str, Any], **files: Any) -> Diagnosis:
    written = {"hub": _template(hub, Parameters=PARAMETERS), "spoke": _template(_spoke(HUB)), **files}
    for name, value in written.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return next(
        one for one in diagnose_given(AskedAbout(paths=(folder,)), TOLD) if one.evidence.machine.name == "plain"
    )


@pytest.mark.parametrize(("statements", "verdict"), KEY_POLICIES)
@pytest.mark.parametrize("named", ["arn", "id", "alias"])
def test_a_keys_policy_in_the_template_decides(
    tmp_path: Path, statements: list[dict[str, Any]], verdict: Conclusion, named: str
) -> None:
    key = {"arn": {"Fn::GetAtt": ["Key", "Arn"]}, "id": {"Ref": "Key"}, "alias": {"Ref": "Alias"}}[named]
    hub = _encrypted(key)
    hub["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": _document(*statements)}}
    alias = {"AliasName": "alias/machines", "TargetKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}
    hub["Alias"] = {"Type": "AWS::KMS::Alias", "Properties": alias}

    assert _diagnosed(tmp_path, hub).verdict is verdict


@pytest.mark.parametrize(("statements", "verdict"), KEY_POLICIES)
def test_what_aws_kms_get_key_policy_answers_decides(
    tmp_path: Path, statements: list[dict[str, Any]], verdict: Conclusion
) -> None:
    answer = {"Policy": json.dumps(_document(*statements)), "PolicyName": "default"}

    assert _diagnosed(tmp_path, _encrypted(KEY), **{f"policy-of-{KEY.rpartition('/')[2]}": answer}).verdict is verdict


def test_a_key_of_which_no_policy_was_read_is_named(tmp_path: Path) -> None:
    found = _diagnosed(tmp_path, _encrypted(KEY))

    assert found.verdict is Conclusion.UNKNOWN
    assert f"the key policy of {KEY}" in str(found)
    settles = next(line for line in short_answer(found) if line.startswith("To settle it"))
    assert f"aws kms get-key-policy --policy-name default --key-id {KEY}" in settles


def test_allowed_names_the_organizations_policies_that_nobody_read(tmp_path: Path) -> None:
    hub = _encrypted({"Ref": "Key"})
    hub["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": _document(OPEN)}}

    found = _diagnosed(tmp_path, hub)

    assert found.verdict is Conclusion.FINE
    assert found.headline == "Every link is allowed by the policies that were read."
    unread = next(line for line in short_answer(found) if line.startswith("Not read"))
    accounts = f"(account {HUB_ACCOUNT} and {SPOKE_ACCOUNT})"
    assert f"service control policies and resource control policies {accounts}" in unread
    assert f"service control policies and resource control policies {accounts}" in found.brief


def test_a_key_made_without_a_policy_leaves_it_to_the_accounts_own(tmp_path: Path) -> None:
    hub = _encrypted({"Ref": "Key"})
    hub["Key"] = {"Type": "AWS::KMS::Key", "Properties": {}}
    assert _diagnosed(tmp_path, hub).verdict is Conclusion.FINE

    del hub["HubRole"]["Properties"]["Policies"]
    assert _diagnosed(tmp_path, hub).verdict is Conclusion.UNKNOWN


def test_a_key_on_a_condition_opens_nothing(tmp_path: Path) -> None:
    hub = _encrypted({"Ref": "Key"})
    hub["Key"] = {"Type": "AWS::KMS::Key", "Condition": "On", "Properties": {"KeyPolicy": _document(OPEN)}}

    assert _diagnosed(tmp_path, hub).verdict is Conclusion.UNKNOWN


ENCRYPTED: Final = """
    encryption_configuration {
        type       = "CUSTOMER_MANAGED_KMS_KEY"
        kms_key_id = KEY
      }
      definition = <<-EOF"""
SOURCE_KEY: Final = """
    resource "aws_kms_key" "key" {
      policy = jsonencode(POLICY)
    }
    resource "aws_iam_role_policy" "uses" {
      name   = "uses"
      role   = aws_iam_role.hub.name
      policy = jsonencode({ Version = "2012-10-17", Statement = [
        { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = aws_kms_key.key.arn }
      ] })
    }
"""


@pytest.mark.parametrize(("statements", "verdict"), KEY_POLICIES)
@pytest.mark.parametrize("attribute", ["arn", "key_id"])
def test_a_keys_policy_in_terraforms_source_decides(
    tmp_path: Path, statements: list[dict[str, Any]], verdict: Conclusion, attribute: str
) -> None:
    hub = HUB_SOURCE.replace("definition = <<-EOF", ENCRYPTED.replace("KEY\n", f"aws_kms_key.key.{attribute}\n"))
    policy = json.dumps(_document(*statements)).replace('": ', '" = ')

    found = diagnosed_source(tmp_path, hub + SOURCE_KEY.replace("POLICY", policy))

    assert found.verdict is verdict, str(found)


def test_a_key_policy_that_terraform_fills_in_opens_nothing(tmp_path: Path) -> None:
    hub = HUB_SOURCE.replace("definition = <<-EOF", ENCRYPTED.replace("KEY\n", "aws_kms_key.key.arn\n"))

    found = diagnosed_source(tmp_path, hub + SOURCE_KEY.replace("jsonencode(POLICY)", "var.policy"))

    assert found.verdict is Conclusion.UNKNOWN


# --- an organization's policies


SCP: Final = _document({"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"})
RCP: Final = _document({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"})
HARMLESS: Final = _document({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
ATTACHED: Final = (
    ("SERVICE_CONTROL_POLICY", SCP, HUB_ACCOUNT, Conclusion.BROKEN),
    ("SERVICE_CONTROL_POLICY", SCP, SPOKE_ACCOUNT, Conclusion.FINE),
    ("SERVICE_CONTROL_POLICY", SCP, "ou-abcd-11111111", Conclusion.UNKNOWN),
    ("SERVICE_CONTROL_POLICY", SCP, "r-abcd", Conclusion.UNKNOWN),
    ("SERVICE_CONTROL_POLICY", HARMLESS, HUB_ACCOUNT, Conclusion.FINE),
    ("RESOURCE_CONTROL_POLICY", RCP, SPOKE_ACCOUNT, Conclusion.BROKEN),
    ("RESOURCE_CONTROL_POLICY", RCP, "ou-abcd-11111111", Conclusion.UNKNOWN),
    ("TAG_POLICY", {"tags": {}}, HUB_ACCOUNT, Conclusion.FINE),
)


@pytest.mark.parametrize(("kind", "document", "target", "verdict"), ATTACHED)
def test_an_organizations_policy_in_a_template_limits_what_it_is_attached_to(
    tmp_path: Path, kind: str, document: dict[str, Any], target: str, verdict: Conclusion
) -> None:
    properties = {"Name": "limit", "Type": kind, "Content": document, "TargetIds": [target]}
    limits = _template({"Limit": {"Type": "AWS::Organizations::Policy", "Properties": properties}})

    found = _diagnosed(tmp_path, _hub(), limits=limits)

    assert found.verdict is verdict
    if verdict is Conclusion.BROKEN:
        assert "control policy limit" in short_answer(found)[1]
        assert "administrator" in short_answer(found)[3]


@pytest.mark.parametrize(("kind", "document", "target", "verdict"), ATTACHED)
def test_an_organizations_policy_in_terraform_likewise(
    tmp_path: Path, kind: str, document: dict[str, Any], target: str, verdict: Conclusion
) -> None:
    source = f"""
    resource "aws_organizations_policy" "limit" {{
      name    = "limit"
      type    = "{kind}"
      content = jsonencode({json.dumps(document).replace('": ', '" = ')})
    }}
    resource "aws_organizations_policy_attachment" "limit" {{
      policy_id = aws_organizations_policy.limit.id
      target_id = "{target}"
    }}
    """
    folder = tmp_path / "organization"
    folder.mkdir()
    (folder / "main.tf").write_text(textwrap.dedent(source), encoding="utf-8")
    role = 'resource "aws_iam_role" "any" {\n  name = "any"\n  assume_role_policy = "{}"\n}\n'
    (folder / "role.tf").write_text(role, encoding="utf-8")

    assert diagnosed_source(tmp_path).verdict is verdict


# --- a function's own policy


@pytest.mark.parametrize(
    ("principal", "more", "verdict"),
    [
        (HUB, "", Conclusion.FINE),
        (HUB_ACCOUNT, "", Conclusion.FINE),
        (f"arn:aws:iam::{HUB_ACCOUNT}:role/another", "", Conclusion.UNKNOWN),
        (HUB, 'qualifier = "live"', Conclusion.UNKNOWN),
        (HUB, 'event_source_token = "x"', Conclusion.UNKNOWN),
        (HUB, 'function_url_auth_type = "AWS_IAM"', Conclusion.UNKNOWN),
        (HUB, "count = var.many", Conclusion.UNKNOWN),
    ],
)
def test_a_permission_in_terraform_lets_in(tmp_path: Path, principal: str, more: str, verdict: Conclusion) -> None:
    source = f"""
    variable "many" {{}}
    resource "aws_lambda_permission" "let" {{
      statement_id  = "let"
      function_name = "{FUNCTION}"
      action        = "lambda:InvokeFunction"
      principal     = "{principal}"
      {more}
    }}
    """
    (tmp_path / "main.tf").write_text(textwrap.dedent(source), encoding="utf-8")

    assert diagnosed_call(tmp_path, INVOKES).verdict is verdict


class _Keys:
    def get_key_policy(self, **given: str) -> dict[str, str]:
        assert given == {"KeyId": KEY, "PolicyName": "default"}
        return {"Policy": json.dumps(_document(OPEN))}


def test_a_keys_policy_is_asked_for() -> None:
    assert _read_own_policy(lambda _: _Keys(), KEY) == ResourcePolicy(_document(OPEN))


# --- where logs go

DELIVERY: Final = (
    *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
    *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)


@pytest.mark.parametrize(
    ("actions", "verdict"),
    [
        (DELIVERY, Conclusion.FINE),
        (("CreateLogStream", "PutLogEvents"), Conclusion.BROKEN),
        (DELIVERY[:-1], Conclusion.UNKNOWN),
        (("*",), Conclusion.FINE),
    ],
)
def test_a_machine_that_writes_logs_needs_a_role_that_may_have_them_delivered(
    tmp_path: Path, actions: tuple[str, ...], verdict: Conclusion
) -> None:
    hub = _hub()
    hub["Machine"]["Properties"]["LoggingConfiguration"] = {"Level": "ALL", "Destinations": []}
    statement = {"Effect": "Allow", "Action": [f"logs:{one}" for one in actions], "Resource": "*"}
    hub["HubRole"]["Properties"]["Policies"] = [{"PolicyName": "logs", "PolicyDocument": _document(statement)}]

    found = _diagnosed(tmp_path, hub)

    assert found.verdict is verdict, str(found)
    if verdict is Conclusion.BROKEN:
        assert found.fix is not None
        assert "logs:CreateLogDelivery" in found.fix.summary


# --- values of Terraform's variables

ROLE_BY_NAME: Final = HUB_SOURCE.replace('default = "spoke-role"', "type = string")


@pytest.mark.parametrize(
    ("files", "verdict"),
    [
        ({}, Conclusion.UNKNOWN),
        ({"terraform.tfvars": 'spoke_name = "spoke-role"'}, Conclusion.FINE),
        ({"terraform.tfvars.json": '{"spoke_name": "spoke-role"}'}, Conclusion.FINE),
        ({"x.auto.tfvars": 'spoke_name = "spoke-role"', "terraform.tfvars": 'spoke_name = "no"'}, Conclusion.FINE),
        ({"prod.tfvars": 'spoke_name = "spoke-role"'}, Conclusion.UNKNOWN),
        ({"terraform.tfvars": 'spoke_name = "spoke-role"', "prod.tfvars": 'spoke_name = "no"'}, Conclusion.UNKNOWN),
        ({"terraform.tfvars": "spoke_name = ["}, Conclusion.UNKNOWN),
    ],
)
def test_values_beside_the_source_are_those_that_terraform_takes(
    tmp_path: Path, files: dict[str, str], verdict: Conclusion
) -> None:
    (tmp_path / "hub").mkdir()
    for name, text in files.items():
        (tmp_path / "hub" / name).write_text(f"{text}\n", encoding="utf-8")

    assert diagnosed_source(tmp_path, ROLE_BY_NAME).verdict is verdict


def test_a_default_that_a_deployment_replaces_is_no_certain_value(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "prod.tfvars").write_text('spoke_name = "another"\n', encoding="utf-8")

    assert diagnosed_source(tmp_path).verdict is Conclusion.UNKNOWN
