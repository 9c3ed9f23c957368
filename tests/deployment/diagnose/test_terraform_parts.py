"""What single parts of Terraform's source mean: documents, names, repetition, functions, and what is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.modules import (
    CALLS,
    DEFINITION,
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


_NO_HCL: Final = "jsonencode({ Run = { input.$ = 1 } })"


@pytest.mark.parametrize(
    ("own", "definition"),
    [
        ("", _NO_HCL),
        (f"locals {{\n  steps = {_NO_HCL}\n}}\n", "local.steps"),
        (f"locals {{\n  steps = {_NO_HCL}\n}}\nlocals {{\n  same = local.steps\n}}\n", "local.same"),
        (f"locals {{\n  steps = {_NO_HCL}\n}}\n", '"${local.steps}"'),
    ],
)
def test_a_definition_in_a_block_that_is_no_hcl_is_told_with_its_line(
    tmp_path: Path, own: str, definition: str
) -> None:
    text = own + hub(machines=machine(definition=definition))
    line = 1 + text[: text.index("input.$")].count("\n")

    found = diagnosed(tmp_path, {"hub/a.tf": text, "spoke/a.tf": spoke()})

    assert found.verdict is _OPEN
    assert f"hub/a.tf: It isn't HCL that can be read here: line {line}" in short_answer(found)[0]


@pytest.mark.parametrize("kind", ["locals", "data"])
def test_a_policy_in_a_block_that_is_no_hcl_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    block, document = {
        "locals": ("locals {\n  takes_on = jsonencode({ a.$ = 1 })\n}\n", "local.takes_on"),
        "data": (
            'data "aws_iam_policy_document" "it" {\n  statement { actions = ["sts:*"]; resources = ["*"] }\n}\n',
            "data.aws_iam_policy_document.it.json",
        ),
    }[kind]
    policies = role_policy(document, "aws_iam_role.hub.id", "takes-on")

    found = diagnosed(tmp_path, {"hub/a.tf": block + hub(policies=policies), "spoke/a.tf": spoke()})

    assert found.verdict is _OPEN
    assert any("hub/a.tf: It isn't HCL that can be read here: line 2" in one for one in short_answer(found))


@pytest.mark.parametrize("name", ["sha256(each.key)", "nobody::knows(each.key, 1)", "substr(sha256(each.key), 0, 9)"])
def test_roles_whose_names_nobody_can_work_out_are_two(tmp_path: Path, name: str) -> None:
    """What one of them may do, the other one, which the state machine runs as, may not."""
    both = 'for_each = toset(["a", "b"])\n'
    roles = role(more=both).replace('"hub-role"', f'"role-${{{name}}}"')
    policies = role_policy(TAKES_ON, 'aws_iam_role.hub["b"].id', "takes-on")
    text = hub(roles, policies, machine('aws_iam_role.hub["a"].arn'))

    trust = LETS_IN.replace("role/hub-role", "root")

    assert diagnosed(tmp_path, {"hub/a.tf": text, "spoke/a.tf": spoke(trust)}).verdict is not _ALLOWED


def test_what_is_worked_out_of_a_variable_is_asked_for_by_the_variable(tmp_path: Path) -> None:
    """And not by the expression, which nobody can give."""
    variable = 'variable "stage" {}\nlocals {\n  short = upper(replace(var.stage, "-", ""))\n}\n'
    other = machine(definition=DEFINITION.replace("spoke-role", "${local.short}-spoke"))

    policies = role_policy(TAKES_ON.replace("spoke-role", "*"), "aws_iam_role.hub.id", "takes-on")
    found = diagnosed(tmp_path, {"hub/a.tf": variable + hub("", policies, other), "spoke/a.tf": spoke()})

    asked = next(one for one in short_answer(found) if one.startswith("To settle it"))
    assert "what var.stage will be" in asked


_ROLE_MODULE: Final = """
variable "name" {}
variable "policy" { default = "" }
variable "more" { default = [] }
resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "this" {
  count  = %s ? 1 : 0
  name   = "own"
  role   = aws_iam_role.this.id
  policy = var.policy
}
resource "aws_iam_role_policy_attachment" "this" {
  for_each   = toset(var.more)
  role       = aws_iam_role.this.name
  policy_arn = each.key
}
output "arn" {
  value = aws_iam_role.this.arn
}
"""


@pytest.mark.parametrize("given", ["length(var.policy) > 0", 'var.policy != ""', '!(var.policy == "")'])
def test_a_module_has_the_defaults_that_nobody_overrides(tmp_path: Path, given: str) -> None:
    """No more policies than those it is handed; one with a value that is filled in later is a policy all the same."""
    policy = TAKES_ON.replace(
        "Statement = [", 'Statement = [{ Effect = "Allow", Action = "sns:*", Resource = var.at }, '
    )
    called = f'module "role" {{\n  source = "../role"\n  name = "hub-role"\n  policy = {policy}\n}}\n'
    text = 'variable "at" {}\n' + called + machine("module.role.arn")
    files = {"hub/a.tf": text, "role/a.tf": _ROLE_MODULE % given, "spoke/a.tf": spoke()}

    assert diagnosed(tmp_path, files).verdict is _ALLOWED


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"a${var.x}" == ""', False),
        ('"a${var.x}" != ""', True),
        ('"a${var.x}" == "b"', False),
        ('"" != "${var.x}-a"', True),
        ('length("ab${var.x}") > 1', True),
        ('length("ab${var.x}") >= 2', True),
        ('length("ab${var.x}") != 0', True),
    ],
)
def test_what_a_known_part_of_a_text_decides(expression: str, value: bool) -> None:
    assert values_of(f"x = {expression}") == {"x": value}


@pytest.mark.parametrize(
    "expression",
    [
        '"a${var.x}" == "ab"',
        '"${var.x}" == ""',
        'var.x != ""',
        '"a${var.x}" == "a${var.y}"',
        'length("ab${var.x}") > 2',
        'length("ab${var.x}") == 2',
        'length("ab${var.x}") < 9',
        "length(var.x) > 0",
    ],
)
def test_what_a_known_part_of_a_text_does_not_decide(expression: str) -> None:
    found = values_of(f"x = {expression}")["x"]
    assert isinstance(found, str)
    assert found.startswith("${")


def test_a_denial_for_a_role_by_its_name_may_be_for_one_whose_name_is_filled_in(tmp_path: Path) -> None:
    """Another folder of the same account attaches it to prod-role; the state machine's role is called STAGE-role."""
    stage = 'variable "stage" {}\n'
    own = hub(role(name="${var.stage}-role"))
    trust = LETS_IN.replace("role/hub-role", "root")
    other = TAKES_ON.replace("Allow", "Deny")
    files = {"hub/a.tf": stage + own, "spoke/a.tf": spoke(trust)}

    assert diagnosed(tmp_path / "one", files).verdict is _ALLOWED
    for name, right in (("prod-role", _OPEN), ("prod-roles", _ALLOWED)):
        denial = role_policy(other, f'"{name}"', "no")
        provider = 'provider "aws" {\n  allowed_account_ids = ["111111111111"]\n}\n'
        more = files | {"hub/p.tf": provider, "more/a.tf": provider + denial}

        assert diagnosed(tmp_path / name, more).verdict is right
