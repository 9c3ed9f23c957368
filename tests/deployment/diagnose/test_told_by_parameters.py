"""Roles whose ARNs are parameters of a template: the answer asks for the parameters, by their names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.deployment.diagnose.test_repositories import (
    CHILD,
    HUB,
    HUB_ACCOUNT,
    SERVICE,
    SPOKE,
    SPOKE_ACCOUNT,
    _asl,
    _hub,
    _may,
    _spoke,
    _template,
    _trust,
)
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told


def _diagnosed(folder: Path, **parameters: str) -> Diagnosis:
    told = Told(HUB_ACCOUNT, SPOKE_ACCOUNT, "eu-west-1", parameters)
    found = diagnose_given(AskedAbout(paths=(folder,)), told)
    [one] = [one for one in found if one.evidence.machine.account == HUB_ACCOUNT]
    return one


def _line(found: Diagnosis, start: str) -> str:
    return next(line for line in short_answer(found) if line.startswith(start))


def _written(folder: Path, **machine: Any) -> None:
    """The state machine's stack takes both roles' ARNs as parameters; other stacks make the roles."""
    hub = _hub()
    hub["Machine"]["Properties"] |= machine
    parameters = {name: {"Type": "String"} for name in ("HubRoleArn", "SpokeRoleArn", "Spoke")}
    alone = {"Machine": hub.pop("Machine")}
    (folder / "machine.json").write_text(json.dumps(_template(alone, Parameters=parameters)))
    hub["Assume"]["Properties"]["PolicyDocument"] = _may("sts:AssumeRole", SPOKE)
    (folder / "roles.json").write_text(json.dumps(_template(hub)))
    (folder / "spoke.json").write_text(json.dumps(_template(_spoke(HUB))))


def test_a_state_machine_whose_role_is_a_parameter_asks_for_it(tmp_path: Path) -> None:
    role = {"Ref": "SpokeRoleArn"}
    _written(tmp_path, RoleArn={"Ref": "HubRoleArn"}, DefinitionSubstitutions={"Role": role})

    wanted = _line(_diagnosed(tmp_path), "To settle it")
    assert "HubRoleArn and SpokeRoleArn" in wanted
    assert "--parameter" in wanted
    assert _diagnosed(tmp_path, HubRoleArn=HUB, SpokeRoleArn=SPOKE).verdict is Conclusion.FINE


def test_a_task_whose_roles_account_is_a_parameter_asks_for_it_and_says_no_account_of_it(tmp_path: Path) -> None:
    _written(tmp_path, RoleArn=HUB)

    found = _diagnosed(tmp_path)
    assert "what Spoke will be" in _line(found, "To settle it")
    assert "--parameter" in _line(found, "To settle it")
    assert _line(found, "Accounts").count(HUB_ACCOUNT) == 1
    assert "run time" not in next(link.why for link in found.links if link.number == 2)
    assert _diagnosed(tmp_path, Spoke=SPOKE_ACCOUNT).verdict is Conclusion.FINE


def test_where_the_callers_side_is_settled_the_other_sides_alone_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "hub.json").write_text(
        json.dumps(_template(_hub(), Parameters={"Spoke": {"Type": "String", "Default": SPOKE_ACCOUNT}}))
    )

    wanted = _line(_diagnosed(tmp_path), "To settle it")

    assert f"in account {SPOKE_ACCOUNT}" in wanted
    assert f"in account {HUB_ACCOUNT}" not in wanted


def test_a_definition_alone_whose_first_state_is_a_distributed_map_says_that_nothing_tells_its_role(
    tmp_path: Path,
) -> None:
    inner = _asl()
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    each = {"Type": "Map", "ItemProcessor": inner | config, "End": True}
    (tmp_path / "each.asl.json").write_text(json.dumps({"StartAt": "Each", "States": {"Each": each}}))

    answer = "\n".join(short_answer(_diagnosed(tmp_path)))

    assert "nothing that was read tells which role state machine each runs as" in answer
    assert f"{SPOKE} (task Run)" in answer
    assert "role-of-" not in answer


def test_of_several_open_links_the_one_to_the_other_account_is_told(tmp_path: Path) -> None:
    """What the role does in its own account hangs on something as well, and comes first in the definition."""
    own = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter", "Parameters": {"Name": "a"}}
    run = _asl(SPOKE, CHILD)["States"]["Run"]
    definition = {"StartAt": "Look", "States": {"Look": own | {"Next": "Run"}, "Run": run}}
    unread = {"ManagedPolicyArns": ["arn:aws:iam::111111111111:policy/not-given"]}
    hub = {
        "HubRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "hub-role", "AssumeRolePolicyDocument": SERVICE, **unread},
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"StateMachineName": "plain", "RoleArn": HUB, "DefinitionString": json.dumps(definition)},
        },
    }
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(_spoke(HUB))))

    assert "link 2 of task Run" in short_answer(_diagnosed(tmp_path))[0]


def test_a_trust_policy_whose_external_id_is_a_parameter_has_one(tmp_path: Path) -> None:
    spoke = _spoke(HUB)
    trust = _trust(HUB)
    trust["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "MachineArn"}}}
    spoke["SpokeRole"]["Properties"]["AssumeRolePolicyDocument"] = trust
    parameters = {"MachineArn": {"Type": "String"}, "Spoke": {"Type": "String", "Default": SPOKE_ACCOUNT}}
    (tmp_path / "hub.json").write_text(json.dumps(_template(_hub(), Parameters=parameters)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(spoke, Parameters=parameters)))

    assert "missing-external-id" not in {risk.id for risk in _diagnosed(tmp_path).risks}


def test_only_the_statements_about_the_call_are_told_to_be_open(tmp_path: Path) -> None:
    """A statement about something else has a value that comes later: it says nothing of this call."""
    hub = _hub()
    other = {"Effect": "Allow", "Action": "sns:Publish", "Resource": {"Ref": "Bell"}}
    hub["Bell"] = {"Type": "AWS::SNS::Subscription", "Properties": {}}
    hub["Assume"]["Properties"]["PolicyDocument"]["Statement"].append(other)
    spoke = _spoke(HUB)
    trust = _trust(HUB)
    trust["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "MachineArn"}}}
    spoke["SpokeRole"]["Properties"]["AssumeRolePolicyDocument"] = trust
    parameters = {"MachineArn": {"Type": "String"}, "Spoke": {"Type": "String", "Default": SPOKE_ACCOUNT}}
    (tmp_path / "hub.json").write_text(json.dumps(_template(hub, Parameters=parameters)))
    (tmp_path / "spoke.json").write_text(json.dumps(_template(spoke, Parameters=parameters)))

    [open_] = next(link.open for link in _diagnosed(tmp_path).links if link.number == 2)

    assert "MachineArn" in open_
    assert "Bell" not in open_
