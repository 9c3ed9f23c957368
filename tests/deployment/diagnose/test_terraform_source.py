"""Terraform's source as it lies in a repository: read as far as it can be, and never further."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final

import pytest

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told

HUB_ACCOUNT: Final = "111111111111"
SPOKE_ACCOUNT: Final = "222222222222"
TOLD: Final = Told(HUB_ACCOUNT, SPOKE_ACCOUNT, "eu-west-1")

HUB: Final = """
    data "aws_iam_policy_document" "service" {
      statement {
        actions = ["sts:AssumeRole"]
        principals {
          type        = "Service"
          identifiers = ["states.amazonaws.com"]
        }
      }
    }

    locals {
      spoke = "arn:aws:iam::222222222222:role/${var.spoke_name}"
    }

    variable "spoke_name" {
      default = "spoke-role"
    }

    resource "aws_iam_role" "hub" {
      name               = "hub-role"
      assume_role_policy = data.aws_iam_policy_document.service.json
    }

    resource "aws_iam_role_policy" "hub" {
      name   = "assume"
      role   = aws_iam_role.hub.id
      policy = jsonencode({
        Version   = "2012-10-17"
        Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Resource = local.spoke }]
      })
    }

    resource "aws_sfn_state_machine" "plain" {
      name       = "plain"
      role_arn   = aws_iam_role.hub.arn
      definition = <<-EOF
        {"StartAt": "Run", "States": {"Run": {
          "Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": true,
          "Credentials": {"RoleArn": "${local.spoke}"},
          "Parameters": {"StateMachineArn": "arn:aws:states:eu-west-1:222222222222:stateMachine:nightly"}
        }}}
      EOF
    }
"""

SPOKE: Final = """
    resource "aws_iam_role" "spoke" {
      name               = "spoke-role"
      assume_role_policy = jsonencode({
        Version   = "2012-10-17"
        Statement = [{
          Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111111111111:role/hub-role" }
        }]
      })
      inline_policy {
        name   = "start"
        policy = jsonencode({
          Version   = "2012-10-17"
          Statement = [
            { Effect = "Allow", Action = "states:StartExecution", Resource = aws_sfn_state_machine.nightly.arn }
          ]
        })
      }
    }

    resource "aws_iam_role" "nightly" {
      name               = "nightly-role"
      assume_role_policy = <<POLICY
    {"Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    POLICY
    }

    resource "aws_sfn_state_machine" "nightly" {
      name       = "nightly"
      role_arn   = aws_iam_role.nightly.arn
      definition = file("${path.module}/nightly.asl.json")
    }
"""
NIGHTLY: Final = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'


def _diagnosis(folder: Path, hub: str = HUB, spoke: str = SPOKE, told: Told = TOLD) -> Diagnosis:
    for name, text in (("hub", hub), ("spoke", spoke)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "main.tf").write_text(textwrap.dedent(text), encoding="utf-8")
    (folder / "spoke" / "nightly.asl.json").write_text(NIGHTLY, encoding="utf-8")
    found = [one for one in diagnose_given(AskedAbout(paths=(folder,)), told) if one.evidence.machine.name == "plain"]
    assert len(found) == 1
    return found[0]


def test_two_folders_of_source_are_two_accounts_and_every_link_is_allowed(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path)

    assert found.verdict is Conclusion.FINE, str(found)
    assert {link.number for link in found.links} >= {1, 2, 3}


def test_a_denied_link_is_told_with_the_file_and_the_line(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, spoke=SPOKE.replace("role/hub-role", "role/another"))

    assert found.verdict is Conclusion.BROKEN
    assert "spoke/main.tf:" in short_answer(found)[1]


def test_a_value_that_only_terraform_knows_stays_open(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, spoke=SPOKE.replace("arn:aws:iam::111111111111:role/hub-role", "${var.who}"))

    assert found.verdict is Conclusion.UNKNOWN
    assert "var.who" in "\n".join(short_answer(found))


@pytest.mark.parametrize("default", ['""', "[]", "null"])
def test_an_empty_default_is_no_value(tmp_path: Path, default: str) -> None:
    spoke = SPOKE.replace('"arn:aws:iam::111111111111:role/hub-role"', "var.who")

    found = _diagnosis(tmp_path, spoke=spoke + f'    variable "who" {{\n      default = {default}\n    }}\n')

    assert found.verdict is Conclusion.UNKNOWN


@pytest.mark.parametrize("condition", ["count = var.on ? 1 : 0", "for_each = var.roles", "count = length(var.roles)"])
def test_a_policy_that_may_not_be_made_allows_nothing(tmp_path: Path, condition: str) -> None:
    hub = HUB.replace('      name   = "assume"', f'      {condition}\n      name   = "assume"')

    found = _diagnosis(tmp_path, hub=hub)

    assert found.verdict is Conclusion.UNKNOWN


def test_a_policy_that_is_not_made_is_not_there(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, hub=HUB.replace('      name   = "assume"', '      count = 0\n      name   = "assume"'))

    assert found.verdict is Conclusion.BROKEN


def test_a_document_with_parts_from_elsewhere_is_unread(tmp_path: Path) -> None:
    hub = HUB.replace('document" "service" {', 'document" "service" {\n      source_policy_documents = [var.more]')

    assert _diagnosis(tmp_path, hub=hub).verdict is Conclusion.UNKNOWN


def test_a_module_gets_what_it_is_handed(tmp_path: Path) -> None:
    (tmp_path / "modules" / "chain").mkdir(parents=True)
    (tmp_path / "modules" / "chain" / "main.tf").write_text(textwrap.dedent(HUB), encoding="utf-8")
    hub = 'module "chain" {\n  source     = "../modules/chain"\n  spoke_name = "elsewhere"\n}\n'

    found = _diagnosis(tmp_path, hub=hub)

    assert any("role/elsewhere" in link.resource for link in found.links)


def test_providers_of_one_folder_are_accounts_of_their_own(tmp_path: Path) -> None:
    providers = """
        provider "aws" {
          allowed_account_ids = ["111111111111"]
          region              = "eu-west-1"
        }
        provider "aws" {
          alias  = "spoke"
          region = "eu-west-1"
          assume_role {
            role_arn = "arn:aws:iam::222222222222:role/deployer"
          }
        }
    """
    spoke = SPOKE.replace('" {\n      name ', '" {\n      provider = aws.spoke\n      name ')
    (tmp_path / "main.tf").write_text(textwrap.dedent(HUB) + textwrap.dedent(spoke) + textwrap.dedent(providers))
    (tmp_path / "nightly.asl.json").write_text(NIGHTLY, encoding="utf-8")

    found = diagnose_given(AskedAbout(paths=(tmp_path,)), Told())

    assert [one.verdict for one in found] == [Conclusion.FINE], str(found[0])
    assert found[0].evidence.machine.account == HUB_ACCOUNT


def test_a_block_that_is_no_hcl_hides_only_itself(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, hub=HUB + '    resource "aws_iam_policy" "y" { a="b"; c="d" }\n')

    assert found.verdict is Conclusion.FINE
    assert any("hub/main.tf" in str(one) and "HCL" in str(one) for one in found.not_seen)


def test_a_block_that_is_no_hcl_and_that_nobody_needs_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, hub=HUB + '    data "x" "y" { a="b"; c="d" }\n')

    assert found.verdict is Conclusion.FINE
    assert any("hub/main.tf" in str(one) and "HCL" in str(one) for one in found.not_seen)


def test_what_a_merge_left_behind_hides_no_block(tmp_path: Path) -> None:
    left = "    <<<<<<< HEAD\n    locals {\n      a = 1\n    }\n    =======\n    >>>>>>> other\n"

    found = _diagnosis(tmp_path, hub=HUB + left)

    assert found.verdict is Conclusion.FINE
    assert any("hub/main.tf" in str(one) and "HCL" in str(one) for one in found.not_seen)


@pytest.mark.parametrize("text", ['module "m" { a="b"; c="d" }', 'module "m" {\n    }'])
def test_a_module_that_cannot_be_read_may_do_anything(tmp_path: Path, text: str) -> None:
    assert _diagnosis(tmp_path, hub=HUB + f"    {text}\n").verdict is Conclusion.UNKNOWN


def test_a_policy_that_is_no_hcl_may_say_anything_of_any_role(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, hub=HUB + '    resource "aws_iam_role_policy" "y" { a="b"; c="d" }\n')

    assert found.verdict is Conclusion.UNKNOWN


@pytest.mark.parametrize(
    "between",
    [
        '    resource "null_resource" "x" {\n      script = <<EOF\nif [ -f x ]; then\nrun {\n}\nfi\nEOF\n    }\n',
        "    /* a comment\n    resource is {\n    */\n",
        '    locals { a = "}" }\n    # the end\n',
        "    locals {\n      a = 1 } # closed\n",
    ],
)
def test_a_text_that_looks_like_the_beginning_of_a_block_hides_nothing(tmp_path: Path, between: str) -> None:
    assert _diagnosis(tmp_path, hub=between + HUB).verdict is Conclusion.FINE
    assert _diagnosis(tmp_path / "after", hub=HUB + between).verdict is Conclusion.FINE


def test_a_definition_that_nobody_has_is_neither_allowed_nor_denied(tmp_path: Path) -> None:
    start, end = HUB.index("      definition ="), HUB.index("      EOF") + len("      EOF")

    found = _diagnosis(tmp_path, hub=HUB[:start] + "      definition = var.asl" + HUB[end:])

    assert found.verdict is Conclusion.UNKNOWN
    assert short_answer(found)[0].startswith("? ")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("cdk.json", '{"app": "node app.js"}', "cdk synth"),
        ("serverless.yml", "service: a\n", "serverless package"),
        ("lib/stack.ts", "import * as sfn from 'aws-cdk-lib/aws-stepfunctions';\n", "cdk synth"),
    ],
)
def test_what_a_program_makes_is_asked_for_in_words(tmp_path: Path, file: str, text: str, told: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert told in str(refused.value)


def test_codebuilds_buildspec_is_no_cloud_assembly(tmp_path: Path) -> None:
    (tmp_path / "buildspec.yml").write_text("version: 0.2\nartifacts:\n  files:\n    - out\n", encoding="utf-8")

    assert _diagnosis(tmp_path).verdict is Conclusion.FINE


def test_a_role_that_takes_itself_on_is_not_denied_for_certain(tmp_path: Path) -> None:
    found = _diagnosis(tmp_path, hub=HUB.replace('"${local.spoke}"', '"${aws_iam_role.hub.arn}"'))

    assert next(link for link in found.links if link.number == 2).answer.name == "UNKNOWN"


def test_a_definition_that_a_module_from_elsewhere_gets_is_read_and_its_role_is_not_known(tmp_path: Path) -> None:
    start, end = HUB.index('    resource "aws_sfn_state_machine"'), HUB.rindex("    }") + len("    }")
    machine = HUB[start:end]
    called = machine.replace(
        'resource "aws_sfn_state_machine" "plain" {', 'module "plain" {\n      source = "git::https://x"'
    )

    found = _diagnosis(tmp_path, hub=HUB.replace(machine, called))

    assert found.verdict is Conclusion.UNKNOWN
    assert found.tasks[0].task.role_arn == f"arn:aws:iam::{SPOKE_ACCOUNT}:role/spoke-role"
    assert "git::https://x" in str(found)
