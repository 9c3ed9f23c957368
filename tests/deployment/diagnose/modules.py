"""Small modules of Terraform's: a hub that takes on a role of a spoke, and the spoke, in parts that can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from xsfn_helpers.deployment.diagnose import Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.reading.repository import Told

TOLD: Final = Told("111111111111", "222222222222", "eu-west-1")
SERVICE: Final = """
data "aws_iam_policy_document" "service" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
  }
}
"""
TAKES_ON: Final = (
    'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",'
    ' Resource = "arn:aws:iam::222222222222:role/spoke-role" }] })'
)
LETS_IN: Final = (
    'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",'
    ' Principal = { AWS = "arn:aws:iam::111111111111:role/hub-role" } }] })'
)
CALLS: Final = (
    'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction",'
    ' Resource = "arn:aws:lambda:eu-west-1:222222222222:function:work" }] })'
)
DEFINITION: Final = """<<-EOF
    {"StartAt": "Run", "States": {"Run": {
      "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
      "Credentials": {"RoleArn": "arn:aws:iam::222222222222:role/spoke-role"},
      "Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:222222222222:function:work"}
    }}}
  EOF"""


def role(
    label: str = "hub",
    name: str = "hub-role",
    trust: str = "data.aws_iam_policy_document.service.json",
    more: str = "",
) -> str:
    return f'resource "aws_iam_role" "{label}" {{\n  name = "{name}"\n  assume_role_policy = {trust}\n{more}}}\n'


def role_policy(policy: str, of: str, label: str) -> str:
    body = f'  name = "{label}"\n  role = {of}\n  policy = {policy}\n'
    return f'resource "aws_iam_role_policy" "{label}" {{\n{body}}}\n'


def machine(of: str = "aws_iam_role.hub.arn", definition: str = DEFINITION, more: str = "") -> str:
    body = f'  name = "plain"\n  role_arn = {of}\n  definition = {definition}\n{more}'
    return f'resource "aws_sfn_state_machine" "plain" {{\n{body}}}\n'


def hub(roles: str = "", policies: str = "", machines: str = "") -> str:
    """The module of the Operator; what is given stands in the place of a part."""
    own = policies or role_policy(TAKES_ON, "aws_iam_role.hub.id", "takes-on")
    return SERVICE + (roles or role()) + own + (machines or machine())


def spoke(trust: str = LETS_IN, more: str = "", policy: str = CALLS) -> str:
    """The module of the Subject."""
    return role("spoke", "spoke-role", trust, more) + role_policy(policy, "aws_iam_role.spoke.name", "calls")


def diagnosed(folder: Path, files: Mapping[str, str], told: Told = TOLD) -> Diagnosis:
    """The only diagnosis of these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = diagnose_given(AskedAbout(paths=(folder,)), told)
    assert len(found) == 1
    return found[0]
