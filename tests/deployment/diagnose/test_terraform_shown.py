"""What Terraform itself shows: plans, with what they don't know yet, and states. What isn't known decides nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.modules import TOLD, diagnosed
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import offsets
from xsfn_helpers.deployment.diagnose import Conclusion
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.reading import texts
from xsfn_helpers.deployment.diagnose.reading.repository import Told

_ALLOWED, _DENIED, _OPEN = Conclusion.FINE, Conclusion.BROKEN, Conclusion.UNKNOWN
_HUB, _SPOKE = "111111111111", "222222222222"
_AWS: Final = 'provider["registry.terraform.io/hashicorp/aws"]'


def _policy(action: str, resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _definition(role: str = "spoke-role") -> str:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "End": True,
        "Credentials": {"RoleArn": f"arn:aws:iam::{_SPOKE}:role/{role}"},
        "Parameters": {"FunctionName": f"arn:aws:lambda:eu-west-1:{_SPOKE}:function:work"},
    }
    return json.dumps({"StartAt": "Run", "States": {"Run": state}})


_TAKES_ON: Final = _policy("sts:AssumeRole")
_CALLS: Final = _policy("lambda:InvokeFunction")
_ELSE: Final = _policy("s3:GetObject")
_SERVICE: Final = _trust(Service="states.amazonaws.com")
_LETS_IN: Final = _trust(AWS=f"arn:aws:iam::{_HUB}:role/hub-role")
_MADE_OF: Final = {"role_arn": ["aws_iam_role.hub.arn", "aws_iam_role.hub"]}
_BOUNDED: Final[dict[str, Any]] = {
    "permissions_boundary": ["var.on", "aws_iam_policy.one.arn", "aws_iam_policy.one", "aws_iam_policy.other.arn"]
}

Resource = tuple[dict[str, Any], dict[str, Any]]


def _one(address: str, values: dict[str, Any], refers: dict[str, Any] | None = None, provider: str = "aws") -> Resource:
    """A resource of a plan: as it will be, and what the configuration says that it is made from."""
    plain = address.partition("[")[0]
    kind, name = plain.split(".")
    expressions = {key: {"references": one} if isinstance(one, list) else one for key, one in (refers or {}).items()}
    shown = {"address": address, "mode": "managed", "type": kind, "name": name, "values": values}
    return shown, {"address": plain, "provider_config_key": provider, "expressions": expressions}


def _plan(*resources: Resource, **more: Any) -> dict[str, Any]:
    shown, configured = zip(*resources, strict=True)
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": list(shown)}},
        "configuration": {"provider_config": {"aws": {"name": "aws"}}, "root_module": {"resources": list(configured)}},
    } | more


def _role(
    label: str, trust: str, refers: dict[str, Any] | None = None, *, provider: str = "aws", **values: Any
) -> Resource:
    own = {"name": f"{label}-role", "path": "/", "assume_role_policy": trust, "tags": None, "tags_all": {}, **values}
    return _one(f"aws_iam_role.{label}", own, refers, provider)


def _of(label: str, policy: str, provider: str = "aws") -> Resource:
    role = {"role": [f"aws_iam_role.{label}.id", f"aws_iam_role.{label}"]}
    return _one(f"aws_iam_role_policy.{label}", {"name": "own", "policy": policy}, role, provider)


_MACHINE: Final = _one("aws_sfn_state_machine.plain", {"name": "plain", "definition": _definition()}, _MADE_OF)
_HUB_PLAN: Final = _plan(_role("hub", _SERVICE), _of("hub", _TAKES_ON), _MACHINE)
_SPOKE_PLAN: Final = _plan(_role("spoke", _LETS_IN), _of("spoke", _CALLS))
_MANAGED: Final = _one("aws_iam_policy.one", {"name": "one", "path": "/", "policy": _TAKES_ON})
_NARROW: Final = _one("aws_iam_policy.one", {"name": "one", "path": "/", "policy": _ELSE})
_THE_ONE: Final = ["aws_iam_policy.one.arn", "aws_iam_policy.one"]


def _two(hub: dict[str, Any], spoke: dict[str, Any] = _SPOKE_PLAN) -> dict[str, str]:
    return {"hub.json": json.dumps(hub, indent=1), "spoke.json": json.dumps(spoke, indent=1)}


@pytest.mark.parametrize(
    ("role", "others", "right"),
    [
        (_role("hub", _SERVICE), [_of("hub", _TAKES_ON)], _ALLOWED),
        (_role("hub", _SERVICE), [], _DENIED),
        # What it gives the role is known, by its configuration, or that it isn't.
        (_role("hub", _SERVICE, {"managed_policy_arns": _THE_ONE}), [_MANAGED], _ALLOWED),
        (_role("hub", _SERVICE, {"managed_policy_arns": ["var.arns"]}), [_MANAGED], _OPEN),
        (_role("hub", _SERVICE, managed_policy_arns=[None]), [_MANAGED], _OPEN),
        (_role("hub", _SERVICE, {"inline_policy": [{"policy": {"references": []}}]}), [], _OPEN),
        (_role("hub", _SERVICE, inline_policy=[{"name": "one"}]), [], _OPEN),
        (_role("hub", _SERVICE, inline_policy=[{"name": "one", "policy": _TAKES_ON}]), [], _ALLOWED),
        # A boundary that isn't known allows nothing.
        (_role("hub", _SERVICE, {"permissions_boundary": _THE_ONE}), [_of("hub", _TAKES_ON), _MANAGED], _ALLOWED),
        (_role("hub", _SERVICE, {"permissions_boundary": _THE_ONE}), [_of("hub", _TAKES_ON), _NARROW], _DENIED),
        (_role("hub", _SERVICE, {"permissions_boundary": ["local.arn"]}), [_of("hub", _TAKES_ON)], _OPEN),
        (_role("hub", _SERVICE, {"permissions_boundary": ["var.arn"]}), [_of("hub", _TAKES_ON)], _OPEN),
        (_role("hub", _SERVICE, _BOUNDED), [_of("hub", _TAKES_ON), _NARROW], _OPEN),
        (_role("hub", _SERVICE, _BOUNDED, permissions_boundary=None), [_of("hub", _TAKES_ON), _NARROW], _ALLOWED),
    ],
)  # fmt: skip
def test_what_a_plan_knows_of_a_role(tmp_path: Path, role: Resource, others: list[Resource], right: Conclusion) -> None:
    assert diagnosed(tmp_path, _two(_plan(role, *others, _MACHINE))).verdict is right


def _deployed(**values: Any) -> Resource:
    arn = f"arn:aws:iam::{_HUB}:role/hub-role"
    return _role("hub", _SERVICE, arn=arn, id="hub-role", **{"inline_policy": [], "managed_policy_arns": [], **values})


def _change(kind: str, before: dict[str, Any], *actions: str) -> dict[str, Any]:
    change = {"actions": list(actions), "before": before, "after": None}
    return {"address": f"{kind}.hub", "mode": "managed", "type": kind, "name": "hub", "change": change}


def _untied(*actions: str) -> dict[str, Any]:
    return _change("aws_iam_role_policy_attachment", {"role": "hub-role", "policy_arn": _ARN}, *actions)


_ARN: Final = f"arn:aws:iam::{_HUB}:policy/one"
_ONE: Final = _one("aws_iam_policy.one", {"arn": _ARN, "name": "one", "path": "/", "policy": _TAKES_ON})
_TIED: Final = _one("aws_iam_role_policy_attachment.hub", {"role": "hub-role", "policy_arn": _ARN})


@pytest.mark.parametrize(
    ("resources", "changes", "right"),
    [
        # Another resource makes the policy: what stands in the role is how it was.
        ([_deployed(inline_policy=[{"name": "own", "policy": _ELSE}]), _of("hub", _TAKES_ON)], [], _ALLOWED),
        ([_deployed(inline_policy=[{"name": "own", "policy": _TAKES_ON}]), _of("hub", _ELSE)], [], _DENIED),
        ([_deployed(inline_policy=[{"name": "own", "policy": _TAKES_ON}])], [], _ALLOWED),
        (
            [_deployed(inline_policy=[{"name": "own", "policy": _TAKES_ON}])],
            [_change("aws_iam_role_policy", {"role": "hub-role", "name": "own"}, "delete")],
            _DENIED,
        ),
        ([_deployed(managed_policy_arns=[_ARN]), _ONE], [], _ALLOWED),
        ([_deployed(managed_policy_arns=[_ARN]), _ONE], [_untied("delete")], _DENIED),
        (
            [_deployed(managed_policy_arns=[_ARN]), _ONE, _TIED],
            [_untied("delete", "create")],
            _ALLOWED,
        ),
    ],
)  # fmt: skip
def test_what_a_plan_changes_counts_as_it_will_be(
    tmp_path: Path, resources: list[Resource], changes: list[dict[str, Any]], right: Conclusion
) -> None:
    assert diagnosed(tmp_path, _two(_plan(*resources, _MACHINE, resource_changes=changes))).verdict is right


@pytest.mark.parametrize(("attached", "right"), [("a", _ALLOWED), ("b", _DENIED)])
def test_one_role_of_several_is_meant_by_its_key(tmp_path: Path, attached: str, right: Conclusion) -> None:
    several = [
        _one(f'aws_iam_role.hub["{key}"]', {"name": name, "path": "/", "assume_role_policy": _SERVICE})
        for key, name in (("a", "hub-role"), ("b", "other"))
    ]
    policy = _one(
        "aws_iam_role_policy.one",
        {"name": "one", "policy": _TAKES_ON},
        {"role": [f'aws_iam_role.hub["{attached}"].id']},
    )
    machine = _one(
        "aws_sfn_state_machine.plain",
        {"name": "plain", "definition": _definition()},
        {"role_arn": ['aws_iam_role.hub["a"].arn']},
    )

    assert diagnosed(tmp_path, _two(_plan(*several, policy, machine))).verdict is right


def test_what_a_module_gives_back_and_gets_is_followed(tmp_path: Path) -> None:
    role, configured = _role("spoke", _LETS_IN)
    policy, of = _one("aws_iam_role_policy.calls", {"name": "calls", "policy": _CALLS}, {"role": ["var.role"]})
    calls = {
        "makes": {
            "module": {
                "resources": [configured],
                "outputs": {"name": {"expression": {"references": ["aws_iam_role.spoke.id", "aws_iam_role.spoke"]}}},
            }
        },
        "allows": {
            "expressions": {"role": {"references": ["module.makes.name", "module.makes"]}},
            "module": {"resources": [of]},
        },
    }
    children = [
        {"address": f"module.{name}", "resources": [one | {"address": f"module.{name}.{one['address']}"}]}
        for name, one in (("makes", role), ("allows", policy))
    ]
    spoke = {
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": children}},
        "configuration": {"root_module": {"module_calls": calls}},
    }

    assert diagnosed(tmp_path, _two(_HUB_PLAN, spoke)).verdict is _ALLOWED


@pytest.mark.parametrize("told", [TOLD, Told()])
@pytest.mark.parametrize(("lets_in", "right"), [(_LETS_IN, _ALLOWED), (_trust(AWS="333333333333"), _DENIED)])
def test_the_providers_of_a_plan_are_accounts_of_their_own(
    tmp_path: Path, lets_in: str, right: Conclusion, told: Told
) -> None:
    plan = _plan(
        _role("hub", _SERVICE),
        _of("hub", _TAKES_ON),
        _MACHINE,
        _role("spoke", lets_in, provider="aws.spoke"),
        _of("spoke", _CALLS, "aws.spoke"),
        variables={"accounts": {"value": [_HUB]}},
    )
    deployer = {"role_arn": {"constant_value": f"arn:aws:iam::{_SPOKE}:role/deployer"}}
    plan["configuration"]["provider_config"] = {
        "aws": {"name": "aws", "expressions": {"allowed_account_ids": {"references": ["var.accounts"]}}},
        "aws.spoke": {"name": "aws", "alias": "spoke", "expressions": {"assume_role": [deployer]}},
    }

    assert diagnosed(tmp_path, {"plan.json": json.dumps(plan)}, told).verdict is right


# --- states


def _kept(kind: str, name: str, values: dict[str, Any], provider: str = _AWS, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "name": name,
        "mode": "managed",
        "provider": provider,
        "instances": [{"attributes": values, **more}],
    }


def _state(*resources: dict[str, Any]) -> str:
    return json.dumps({"version": 4, "terraform_version": "1.9.0", "resources": list(resources)})


def _role_in_state(
    label: str, account: str, trust: str, name: str = "", provider: str = _AWS, **more: Any
) -> dict[str, Any]:
    name = name or f"{label}-role"
    arn = f"arn:aws:iam::{account}:role/{name}"
    own = {
        "arn": arn,
        "name": name,
        "path": "/",
        "assume_role_policy": trust,
        "inline_policy": [],
        "managed_policy_arns": [],
    }
    return _kept("aws_iam_role", label, own | more, provider)


def _machine_in_state(role: str) -> dict[str, Any]:
    arn = f"arn:aws:states:eu-west-1:{_HUB}:stateMachine:plain"
    role_arn = f"arn:aws:iam::{_HUB}:role/{role}"
    definition = _definition("spoke-role" if role == "hub-role" else role)
    return _kept(
        "aws_sfn_state_machine", "plain", {"arn": arn, "name": "plain", "definition": definition, "role_arn": role_arn}
    )


def _policy_in_state(role: str, policy: str, label: str = "own", provider: str = _AWS, **more: Any) -> dict[str, Any]:
    return _kept("aws_iam_role_policy", label, {"name": label, "role": role, "policy": policy}, provider, **more)


_SPOKE_STATE: Final = _state(_role_in_state("spoke", _SPOKE, _LETS_IN), _policy_in_state("spoke-role", _CALLS))


@pytest.mark.parametrize(
    ("inline", "policy", "more", "right"),
    [
        ([], _TAKES_ON, {}, _ALLOWED),
        ([{"name": "own", "policy": _ELSE}], _TAKES_ON, {}, _ALLOWED),
        ([{"name": "own", "policy": _TAKES_ON}], _ELSE, {}, _DENIED),
        ([], _TAKES_ON, {"deposed": "0123abcd"}, _OPEN),
    ],
)
def test_what_makes_a_policy_says_what_is_in_it(
    tmp_path: Path, inline: list[dict[str, str]], policy: str, more: dict[str, Any], right: Conclusion
) -> None:
    hub = _state(
        _role_in_state("hub", _HUB, _SERVICE, inline_policy=inline),
        _policy_in_state("hub-role", policy, **more),
        _machine_in_state("hub-role"),
    )

    assert diagnosed(tmp_path, {"hub.tfstate": hub, "spoke.tfstate": _SPOKE_STATE}, Told()).verdict is right


@pytest.mark.parametrize(("provider", "right"), [(f"{_AWS}.spoke", _DENIED), (_AWS, _ALLOWED)])
def test_roles_of_one_name_in_two_accounts_have_policies_of_their_own(
    tmp_path: Path, provider: str, right: Conclusion
) -> None:
    lets_in = _LETS_IN.replace("hub-role", "both")
    state = _state(
        _role_in_state("hub", _HUB, _SERVICE, "both"),
        _role_in_state("spoke", _SPOKE, lets_in, "both", f"{_AWS}.spoke"),
        _policy_in_state("both", _TAKES_ON, provider=provider),
        _policy_in_state("both", _CALLS, "calls", f"{_AWS}.spoke"),
        _machine_in_state("both"),
    )

    assert diagnosed(tmp_path, {"all.tfstate": state}, Told()).verdict is right


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"version": 3, "deployment": {"manifest": {}, "resources": []}}, "Pulumi"),
        ({"version": 3, "terraform_version": "0.11.14", "modules": [{"resources": {}}]}, "terraform show -json"),
        ({"meta": {}, "encrypted_data": "x", "encryption_version": "v0"}, "tofu show -json"),
        ({"format_version": "1.0"}, "empty"),
        ({"format_version": "1.0", "values": {"root_module": {"resources": None, "child_modules": None}}}, "Terraform"),
        ({"format_version": "1.0", "values": None, "planned_values": None, "configuration": None}, "Terraform"),
        ({"terraform_version": "1", "resources": [None, {"instances": None}, {"instances": [None]}]}, "Terraform"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(tmp_path: Path, document: dict[str, Any], told: str) -> None:
    (tmp_path / "file.json").write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(ConfigError) as refused:
        diagnose_given(AskedAbout(paths=(tmp_path,)), TOLD)

    assert told in f"{refused.value} {refused.value.fix}"


def test_odd_values_are_no_crash(tmp_path: Path) -> None:
    odd = {"name": 5, "tags": ["a"], "inline_policy": "x", "managed_policy_arns": 5, "assume_role_policy": 7}
    plan = _plan(
        _one("aws_iam_role.hub", odd),
        _one(
            "aws_sfn_state_machine.plain", {"name": None, "definition": 7, "role_arn": 5, "logging_configuration": "x"}
        ),
    )
    plan["configuration"]["root_module"] |= {"resources": [None, {"expressions": None}], "module_calls": {"a": None}}

    assert diagnosed(tmp_path, {"plan.json": json.dumps(plan)}).verdict is _OPEN


def test_the_lines_of_a_plan_are_looked_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each resource: of some thousands that took minutes."""
    asked: list[str] = []

    def noted(text: str) -> Any:
        asked.append(text)
        return offsets(text)

    monkeypatch.setattr(texts, "offsets", noted)
    many = [_one(f"aws_s3_object.one{number}", {"key": "x"}) for number in range(50)]
    files = _two(_plan(_role("hub", _SERVICE), _of("hub", _TAKES_ON), *many, _MACHINE))

    assert diagnosed(tmp_path, files).verdict is _ALLOWED
    assert all(asked.count(text) <= 1 for text in files.values())
