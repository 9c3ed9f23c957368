"""Which files a module of Terraform's or OpenTofu's has: JSON, overrides, and those of two names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.modules import CALLS, LETS_IN, TOLD, diagnosed, hub, role, role_policy, spoke
from xsfn_helpers.deployment.diagnose import Conclusion
from xsfn_helpers.deployment.diagnose.asking.short import short_answer

_ALLOWED, _DENIED, _OPEN = Conclusion.FINE, Conclusion.BROKEN, Conclusion.UNKNOWN
_DENY: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "lambda:*", "Resource": "*"}]}
_OTHERS: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "333333333333"}}],
}
_CLOSED: Final = f"""
resource "aws_iam_role" "spoke" {{
  assume_role_policy = {LETS_IN.replace("hub-role", "another")}
}}
"""


def _in_json(values: dict[str, Any], kind: str = "aws_iam_role_policy", label: str = "more") -> str:
    return json.dumps({"resource": {kind: {label: values}}}, indent=1)


def _allowed(text: str) -> dict[str, Any]:
    return {"name": "more", "role": "${aws_iam_role.spoke.name}", "policy": text}


@pytest.mark.parametrize(
    ("files", "right"),
    [
        ({"more.tf.json": _in_json(_allowed(json.dumps(_DENY)))}, _DENIED),
        ({"more.tf.json": _in_json(_allowed("${var.more}"))}, _OPEN),
        ({"more.tf.json": "{"}, _ALLOWED),
        ({"override.tf": _CLOSED}, _DENIED),
        ({"local_override.tf": _CLOSED}, _DENIED),
        ({"override.tofu": _CLOSED}, _DENIED),
        ({"overrides.tf": "# no override\n"}, _ALLOWED),
        ({"override.tf": 'resource "aws_iam_role" "spoke" { a="b"; c="d" }\n'}, _OPEN),
        (
            {
                "a_override.tf": _CLOSED,
                "b_override.tf": f'resource "aws_iam_role" "spoke" {{\n  assume_role_policy = {LETS_IN}\n}}\n',
            },
            _ALLOWED,
        ),
        ({"override.tf.json": _in_json({"assume_role_policy": json.dumps(_OTHERS)}, "aws_iam_role", "spoke")}, _DENIED),
        ({"override.tf": 'resource "aws_iam_role" "nowhere" {\n  name = "x"\n}\n'}, _ALLOWED),
        ({"main.tofu": spoke()}, _ALLOWED),
        ({"main.tofu": spoke().replace("hub-role", "another")}, _OPEN),
    ],
)
def test_every_file_of_a_module_counts(tmp_path: Path, files: dict[str, str], right: Conclusion) -> None:
    found = diagnosed(
        tmp_path, {"hub/main.tf": hub(), "spoke/main.tf": spoke()} | {f"spoke/{k}": v for k, v in files.items()}
    )

    assert found.verdict is right, str(found)


def test_an_override_that_decides_is_named_with_its_line(tmp_path: Path) -> None:
    files = {"hub/main.tf": hub(), "spoke/main.tf": spoke(), "spoke/override.tf": _CLOSED}

    assert "spoke/override.tf:2" in short_answer(diagnosed(tmp_path, files))[1]


@pytest.mark.parametrize("name", ["more.tf.json", "override.tf"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    files = {"hub/main.tf": hub(), "spoke/main.tf": spoke(), f"spoke/{name}": '{ "a": \n resource x {'}

    assert any(f"spoke/{name}" in str(one) for one in diagnosed(tmp_path, files).not_seen)


@pytest.mark.parametrize("block", ['variable "name" {{\n  default = "{}"\n}}\n', 'locals {{\n  name = "{}"\n}}\n'])
def test_a_name_can_be_overridden(tmp_path: Path, block: str) -> None:
    of = "var" if "variable" in block else "local"
    files = {
        "hub/main.tf": hub(role("hub", f"${{{of}.name}}")) + block.format("hub-role"),
        "hub/override.tf": block.format("another"),
        "spoke/main.tf": spoke(),
    }

    assert diagnosed(tmp_path, files).verdict is _DENIED


def test_blocks_of_an_override_replace_those_of_their_kind(tmp_path: Path) -> None:
    inline = '  inline_policy {{\n    name = "a"\n    policy = {}\n  }}\n'
    files = {
        "hub/main.tf": hub(),
        "spoke/main.tf": role("spoke", "spoke-role", LETS_IN, inline.format(CALLS)),
        "spoke/override.tf": 'resource "aws_iam_role" "spoke" {\n'
        + inline.format(CALLS.replace("Allow", "Deny"))
        + "}\n",
    }

    assert diagnosed(tmp_path, files).verdict is _DENIED


def test_what_cdktf_makes_is_read(tmp_path: Path) -> None:
    stack = {
        "//": {"metadata": {"stackName": "spoke"}},
        "provider": {"aws": [{"region": "eu-west-1", "allowed_account_ids": ["222222222222"]}]},
        "data": {
            "aws_iam_policy_document": {
                "trust": {
                    "statement": [
                        {
                            "actions": ["sts:AssumeRole"],
                            "principals": [{"type": "AWS", "identifiers": ["arn:aws:iam::111111111111:role/hub-role"]}],
                        }
                    ]
                }
            }
        },
        "resource": {
            "aws_iam_role": {
                "spoke": {
                    "name": "spoke-role",
                    "assume_role_policy": "${data.aws_iam_policy_document.trust.json}",
                    "inline_policy": [
                        {
                            "name": "a",
                            "policy": '${jsonencode({"Statement" = [{"Effect" = "Allow", '
                            '"Action" = "lambda:InvokeFunction", "Resource" = "*"}]})}',
                        }
                    ],
                }
            }
        },
    }
    files = {"hub/main.tf": hub(), "cdktf.out/stacks/spoke/cdk.tf.json": json.dumps(stack, indent=2)}

    assert diagnosed(tmp_path, files).verdict is _ALLOWED


def test_the_lines_of_json_are_told(tmp_path: Path) -> None:
    denies = _in_json({"name": "a", "role": "spoke-role", "policy": json.dumps(_DENY)})
    files = {"hub/main.tf": hub(), "spoke/main.tf": spoke(), "spoke/more.tf.json": denies}

    assert "spoke/more.tf.json:4" in short_answer(diagnosed(tmp_path, files, TOLD))[1]


def test_a_role_policy_beside_another_of_the_same_label(tmp_path: Path) -> None:
    """Two modules, each with a nameless policy of one role: both count."""
    module = 'variable "policy" {}\n' + role_policy("var.policy", '"spoke-role"', "this").replace(
        '  name = "this"\n', ""
    )
    deny = f"jsonencode({json.dumps(_DENY)})"
    calls = "".join(
        f'module "{name}" {{\n  source = "../module"\n  policy = {policy}\n}}\n'
        for name, policy in (("a", CALLS), ("b", deny))
    )
    files = {
        "hub/main.tf": hub(),
        "spoke/main.tf": role("spoke", "spoke-role", LETS_IN) + calls,
        "module/main.tf": module,
    }

    assert diagnosed(tmp_path, files).verdict is _DENIED
