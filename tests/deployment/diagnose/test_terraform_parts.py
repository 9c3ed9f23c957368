"""What single parts of Terraform's source mean: documents, names, repetition, functions, and what is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.modules import (
    CALLS,
    LETS_IN,
    SERVICE,
    TAKES_ON,
    diagnosed,
    hub,
    machine,
    role,
    role_policy,
    spoke,
)
from xsfn_helpers.deployment.diagnose import Conclusion
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.source.hcl import values_of

_ALLOWED, _DENIED, _OPEN = Conclusion.FINE, Conclusion.BROKEN, Conclusion.UNKNOWN
_STATEMENT: Final = """
  statement {
    sid       = "A"
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::222222222222:role/spoke-role"]
  }
"""
_DYNAMIC: Final = """
  dynamic "statement" {
    for_each = %s
    iterator = one
    content {
      actions   = ["sts:AssumeRole"]
      resources = ["arn:aws:iam::${one.value}:role/spoke-role"]
    }
  }
"""
_TRUST: Final = """
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:role/hub-role"]
    }
%s
  }
"""
_CONDITION: Final = '    condition {\n      test = "StringEquals"\n      variable = "%s"\n      values = ["%s"]\n    }'
_MADE: Final = """
    dynamic "condition" {
      for_each = %s
      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
"""
_ALLOWS: Final = 'data "aws_iam_policy_document" "other" {' + _STATEMENT + "}\n"
_DENIES: Final = _ALLOWS.replace("statement {", 'statement {\n    effect = "Deny"', 1)


def _document(body: str, name: str = "one") -> str:
    return f'data "aws_iam_policy_document" "{name}" {{{body}\n}}\n'


def _taken_on_by(document: str, more: str = "") -> dict[str, str]:
    policy = role_policy("data.aws_iam_policy_document.one.json", "aws_iam_role.hub.id", "takes-on")
    return {"hub/main.tf": hub(policies=policy + _document(document) + more), "spoke/main.tf": spoke()}


@pytest.mark.parametrize(
    ("document", "more", "right"),
    [
        (_STATEMENT, "", _ALLOWED),
        (_STATEMENT + "  override_json = var.more\n", "", _OPEN),
        (_STATEMENT + "  source_policy_documents = var.more\n", "", _OPEN),
        ("  source_policy_documents = [data.aws_iam_policy_document.other.json]\n", _ALLOWS, _ALLOWED),
        (_STATEMENT + "  source_policy_documents = [data.aws_iam_policy_document.other.json]\n", _DENIES, _ALLOWED),
        (_STATEMENT + "  override_policy_documents = [data.aws_iam_policy_document.other.json]\n", _DENIES, _DENIED),
        (
            _STATEMENT.replace('"A"', '"B"')
            + "  source_policy_documents = [data.aws_iam_policy_document.other.json]\n",
            _DENIES,
            _DENIED,
        ),
        (_DYNAMIC % '["222222222222"]', "", _ALLOWED),
        (_DYNAMIC % '["333333333333"]', "", _DENIED),
        (_STATEMENT.replace("spoke-role", "another") + _DYNAMIC % "[]", "", _DENIED),
        (_DYNAMIC % "var.accounts", "", _OPEN),
        (_STATEMENT + _DYNAMIC % "var.accounts", "", _OPEN),
    ],
)
def test_a_document_of_several_parts(tmp_path: Path, document: str, more: str, right: Conclusion) -> None:
    assert diagnosed(tmp_path, _taken_on_by(document, more)).verdict is right


@pytest.mark.parametrize(
    ("condition", "right"),
    [
        (_CONDITION % ("sts:ExternalId", "plane"), _DENIED),
        (_CONDITION % ("aws:PrincipalTag/team", "&{aws:PrincipalTag/team}"), _ALLOWED),
        (_CONDITION % ("aws:PrincipalTag/team", "a"), _ALLOWED),
        (_CONDITION % ("aws:PrincipalTag/team", "b"), _DENIED),
        (_MADE % '["x"]', _DENIED),
        (_MADE % "[]", _ALLOWED),
    ],
)
def test_a_document_with_conditions(tmp_path: Path, condition: str, right: Conclusion) -> None:
    files = {
        "hub/main.tf": hub(role(more='  tags = { team = "a" }\n')),
        "spoke/main.tf": _document(_TRUST % condition) + spoke("data.aws_iam_policy_document.one.json"),
    }

    assert diagnosed(tmp_path, files).verdict is right


@pytest.mark.parametrize("made", ['  tags = { team = "a" }\n', "", "  tags = var.tags\n", '  tags = { team = "b" }\n'])
def test_tags_of_the_provider(tmp_path: Path, made: str) -> None:
    """Everything that a provider makes has its tags; its own count more."""
    condition = _CONDITION % ("aws:PrincipalTag/team", "a")
    provider = 'provider "aws" {\n  default_tags {\n    tags = { team = "a" }\n  }\n}\n'
    files = {
        "hub/main.tf": provider + hub(role(more=made)),
        "spoke/main.tf": _document(_TRUST % condition) + spoke("data.aws_iam_policy_document.one.json"),
    }
    right = _OPEN if "var" in made else _DENIED if '"b"' in made else _ALLOWED

    assert diagnosed(tmp_path, files).verdict is right


@pytest.mark.parametrize("naming", ["", '  name_prefix = "hub-"\n', "  name = null\n"])
def test_a_name_that_the_provider_makes_is_not_its_label(tmp_path: Path, naming: str) -> None:
    one = role("hub-role", more=naming).replace('  name = "hub-role"\n', "")
    policy = role_policy(TAKES_ON, "aws_iam_role.hub-role.id", "takes-on")
    files = {"hub/main.tf": hub(one, policy, machine("aws_iam_role.hub-role.arn")), "spoke/main.tf": spoke()}

    found = diagnosed(tmp_path, files)

    assert found.verdict is not _ALLOWED
    assert "aws_iam_role.hub-role.name" in str(found)


def _several(repeated: str, name: str) -> str:
    return role("hub").replace('"hub-role"', name).replace("{\n", f"{{\n  {repeated}\n", 1)


@pytest.mark.parametrize(
    ("repeated", "name", "of", "runs_as", "right"),
    [
        ('for_each = toset(["hub-role", "b"])', "each.key", '["hub-role"].id', '["hub-role"].arn', _ALLOWED),
        ('for_each = toset(["hub-role", "b"])', "each.key", '["b"].id', '["hub-role"].arn', _DENIED),
        ('for_each = { a = "hub-role", b = "c" }', "each.value", '["a"].name', '["a"].arn', _ALLOWED),
        ("count = 2", '"hub-role-${count.index}"', "[0].id", "[1].arn", _DENIED),
        ("count = 1", '"hub-role"', "[*].id", ".*.arn", _ALLOWED),
        ("count = 1", '"hub-role"', "[local.first].id", "[*].arn", _ALLOWED),
        ("count = var.count", '"hub-role"', "[0].id", "[0].arn", _OPEN),
        ("for_each = var.names", "each.key", '["hub-role"].id', '["hub-role"].arn', _OPEN),
    ],
)
def test_a_role_of_several(tmp_path: Path, repeated: str, name: str, of: str, runs_as: str, right: Conclusion) -> None:
    attached, running = (
        f"one(aws_iam_role.hub{one})" if "*" in one else f"aws_iam_role.hub{one}" for one in (of, runs_as)
    )
    text = hub(_several(repeated, name), role_policy(TAKES_ON, attached, "takes-on"), machine(running))
    files = {"hub/main.tf": text + "locals {\n  first = 0\n}\n", "spoke/main.tf": spoke()}

    assert diagnosed(tmp_path, files).verdict is right


def test_policies_for_each_of_several_roles(tmp_path: Path) -> None:
    policy = role_policy(TAKES_ON, "each.value.id", "takes-on").replace("{\n", "{\n  for_each = aws_iam_role.hub\n", 1)
    several = _several('for_each = toset(["hub-role", "b"])', "each.key")
    files = {"hub/main.tf": hub(several, policy, machine('aws_iam_role.hub["hub-role"].arn')), "spoke/main.tf": spoke()}

    assert diagnosed(tmp_path, files).verdict is _ALLOWED


_LEFT_ALONE: Final = "  lifecycle {\n    ignore_changes = %s\n  }\n"


@pytest.mark.parametrize(
    ("where", "what", "right"),
    [
        ("role", "[assume_role_policy]", _OPEN),
        ("role", "all", _OPEN),
        ("role", "[description]", _ALLOWED),
        ("role", '[tags["a"], description]', _ALLOWED),
        ("role", "[inline_policy]", _OPEN),
        ("machine", "[definition]", _OPEN),
        ("machine", "[tags]", _ALLOWED),
    ],
)
def test_what_terraform_leaves_as_it_was_deployed_is_unknown(
    tmp_path: Path, where: str, what: str, right: Conclusion
) -> None:
    more = _LEFT_ALONE % what
    files = {
        "hub/main.tf": hub(machines=machine(more=more if where == "machine" else "")),
        "spoke/main.tf": spoke(more=more if where == "role" else ""),
    }
    found = diagnosed(tmp_path, files)

    assert found.verdict is right
    assert "assume" not in what or "ignore_changes" in "\n".join(short_answer(found))


_MANAGED: Final = f'resource "aws_iam_policy" "takes-on" {{\n  name = "takes-on"\n  policy = {TAKES_ON}\n}}\n'


@pytest.mark.parametrize(
    ("policies", "right"),
    [
        (
            _MANAGED
            + 'resource "aws_iam_role_policy_attachments_exclusive" "x" {\n  role_name = aws_iam_role.hub.name\n'
            "  policy_arns = [aws_iam_policy.takes-on.arn]\n}\n",
            _ALLOWED,
        ),
        (
            _MANAGED
            + 'resource "aws_iam_role_policy_attachments_exclusive" "x" {\n  role_name = aws_iam_role.hub.name\n'
            "  policy_arns = var.arns\n}\n",
            _OPEN,
        ),
        (
            role_policy(TAKES_ON, "aws_iam_role.hub.id", "takes-on")
            + 'resource "aws_iam_role_policies_exclusive" "x" {\n  role_name = aws_iam_role.hub.name\n'
            "  policy_names = []\n}\n",
            _OPEN,
        ),
        (
            role_policy(TAKES_ON, "aws_iam_role.hub.id", "takes-on")
            + 'resource "aws_iam_role_policies_exclusive" "x" {\n  role_name = aws_iam_role.hub.name\n'
            "  policy_names = [aws_iam_role_policy.takes-on.name]\n}\n",
            _ALLOWED,
        ),
    ],
)
def test_the_only_policies_of_a_role(tmp_path: Path, policies: str, right: Conclusion) -> None:
    files = {"hub/main.tf": hub(policies=policies), "spoke/main.tf": spoke()}

    assert diagnosed(tmp_path, files).verdict is right


def test_modules_that_are_used_several_times(tmp_path: Path) -> None:
    module = (
        'variable "name" {}\n'
        + role("spoke", "${var.name}", LETS_IN)
        + role_policy(CALLS, "aws_iam_role.spoke.id", "calls")
    )
    text = 'module "spokes" {\n  source = "../one"\n  for_each = toset(["a", "spoke-role"])\n  name = each.key\n}\n'

    found = diagnosed(tmp_path, {"hub/main.tf": hub(), "spoke/main.tf": text, "one/main.tf": module})

    assert found.verdict is _ALLOWED


def test_a_module_in_a_module_works_with_the_provider_that_was_handed_on(tmp_path: Path) -> None:
    account = '  allowed_account_ids = ["%s"]\n}\n'
    providers = 'provider "aws" {\n' + account % "111111111111"
    providers += 'provider "aws" {\n  alias = "spoke"\n' + account % "222222222222"
    files = {
        "main.tf": providers
        + hub()
        + 'module "outer" {\n  source = "./outer"\n  providers = {\n    aws = aws.spoke\n  }\n}\n',
        "outer/main.tf": 'module "inner" {\n  source = "../inner"\n}\n',
        "inner/main.tf": spoke(),
    }

    assert diagnosed(tmp_path, files).verdict is _ALLOWED


def test_files_of_the_root_module(tmp_path: Path) -> None:
    files = {
        "hub/main.tf": hub(),
        "spoke/main.tf": 'module "inner" {\n  source = "./inner"\n}\n',
        "spoke/inner/main.tf": spoke('file("${path.root}/trust.json")'),
        "spoke/trust.json": '{"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}]}',
        "spoke/inner/trust.json": '{"Version": "2012-10-17", "Statement": []}',
    }

    assert diagnosed(tmp_path, files).verdict is _ALLOWED


def test_a_module_from_elsewhere_has_the_name_that_it_is_given(tmp_path: Path) -> None:
    start = machine().index("  definition")
    module = (
        'module "plain" {\n  source = "terraform-aws-modules/step-functions/aws"\n  role_name = "hub-role"\n'
        '  name = "plain"\n' + machine()[start:]
    )

    assert (
        diagnosed(tmp_path, {"hub/main.tf": SERVICE + module, "spoke/main.tf": spoke()}).evidence.machine.name
        == "plain"
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('flatten([["a", ["b"]], "c"])', ["a", "b", "c"]),
        ('format("%s-%s", "a", 1)', "a-1"),
        ('format("%%s %s", "{}")', "%s {}"),
        ('formatlist("x%s", ["a", "b"])', ["xa", "xb"]),
        ('join("-", toset(["b", "a", "b"]))', "a-b"),
        ("keys({ b = 1, a = 2 })", ["a", "b"]),
        ("values({ b = 1, a = 2 })", [2, 1]),
        ('[for k, v in { b = 1, a = 2 } : "${k}${v}" if v > 1]', ["a2"]),
        ('{ for k in ["a", "b"] : k => upper(k) if k != "b" }', {"a": "A"}),
        ("[{ a = { b = 1 } }, { a = { b = 2 } }][*].a.b", [1, 2]),
        ('{ a = "x" }[lower("A")]', "x"),
        ('split(",", "a,b")[1]', "b"),
        ('contains(["a"], "a") ? "y" : "n"', "y"),
        ('coalesce(null, "", "a")', "a"),
        ("merge({ a = 1 }, null, { b = 2 })", {"a": 1, "b": 2}),
        ('yamldecode("a: [1, 2]").a', [1, 2]),
        ('title("a-b 1c")', "A-B 1c"),
        ("1 + 2 * 3", 7),
    ],
)
def test_expressions(expression: str, value: Any) -> None:
    assert values_of(f"x = {expression}\n")["x"] == value


@pytest.mark.parametrize(
    "expression",
    [
        'format("%03d", 5)',
        'format("%[2]s %[1]s", "a", "b")',
        "length(flatten([var.some]))",
        "[for k in var.some : k]",
        '[for k in ["a"] : k if var.on]',
        'contains([var.one], "a")',
        'coalesce(var.one, "a")',
        '{ a = "x" }[var.key]',
        'sort([var.one, "a"])',
        "bcrypt(1)",
    ],
)
def test_what_is_not_known_stays_a_symbol(expression: str) -> None:
    assert str(values_of(f"x = {expression}\n")["x"]).startswith("${")


@pytest.mark.parametrize(
    ("repeated", "at"),
    [
        ("count = 1", "[0]"),
        ('for_each = toset(["one"])', '["one"]'),
        ("count = length([1])", "[0]"),
    ],
)
def test_a_document_that_is_made_for_each_of_several(tmp_path: Path, repeated: str, at: str) -> None:
    block = f'data "aws_iam_policy_document" "takes_on" {{\n  {repeated}\n{_STATEMENT}}}\n'
    policy = role_policy(f"data.aws_iam_policy_document.takes_on{at}.json", "aws_iam_role.hub.id", "takes-on")

    assert diagnosed(tmp_path, {"hub/a.tf": block + hub(policies=policy), "spoke/a.tf": spoke()}).verdict is _ALLOWED


def test_a_document_that_speaks_of_its_own_index(tmp_path: Path) -> None:
    """The second one is about another role."""
    block = """data "aws_iam_policy_document" "takes_on" {
  count = 2
  statement {
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::222222222222:role/${["spoke-role", "other"][count.index]}"]
  }
}
"""
    for at, right in ((0, _ALLOWED), (1, _DENIED), (2, _OPEN)):
        policy = role_policy(f"data.aws_iam_policy_document.takes_on[{at}].json", "aws_iam_role.hub.id", "takes-on")
        files = {"hub/a.tf": block + hub(policies=policy), "spoke/a.tf": spoke()}

        assert diagnosed(tmp_path / str(at), files).verdict is right
