"""Calls through the SDKs, from files to the verdict: each resource that a call needs, and each role that it passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.setups import Document, allow, deny, policy
from tests.deployment.diagnose.test_own_policies import TOLD, _hub
from tests.deployment.diagnose.test_repositories import HUB_ACCOUNT, _template
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout

FINE, BROKEN, UNKNOWN = Conclusion.FINE, Conclusion.BROKEN, Conclusion.UNKNOWN
ROLES: Final = f"arn:aws:iam::{HUB_ACCOUNT}:role"
EC2: Final = f"arn:aws:ec2:eu-west-1:{HUB_ACCOUNT}"
STATES: Final = f"arn:aws:states:eu-west-1:{HUB_ACCOUNT}"


def _found(folder: Path, call: str, arguments: dict[str, Any], *statements: Document) -> Diagnosis:
    hub = _hub(call, arguments, "none:Nothing", "*")
    hub["HubRole"]["Properties"]["Policies"][0]["PolicyDocument"] = policy(*statements)
    (folder / "hub.json").write_text(json.dumps(_template(hub)), encoding="utf-8")
    return diagnose_given(AskedAbout(paths=(folder,)), TOLD)[0]


KNOWN: Final = {"RoleArn": f"{ROLES}/invoker"}
LATE: Final = {"RoleArn.$": "$.role"}


@pytest.mark.parametrize(
    ("target", "passed", "verdict"),
    [
        (KNOWN, None, BROKEN),
        (KNOWN, f"{ROLES}/other", BROKEN),
        (KNOWN, f"{ROLES}/invoker", FINE),
        (LATE, None, BROKEN),
        (LATE, "arn:aws:iam::333333333333:role/invoker", BROKEN),
        (LATE, f"{ROLES}/invoker", UNKNOWN),
        (LATE, f"{ROLES}/*", FINE),
        (LATE, "*", FINE),
        ({}, None, FINE),
    ],
)
def test_a_nested_role_needs_pass_role(
    tmp_path: Path, target: dict[str, str], passed: str | None, verdict: Conclusion
) -> None:
    grants = [allow("iam:PassRole", passed)] if passed else []
    arguments = {"Name": "n", "Target": {"Arn": "arn:aws:sqs:eu-west-1:111111111111:q", **target}}

    found = _found(
        tmp_path, "aws-sdk:scheduler:createSchedule", arguments, allow("scheduler:CreateSchedule", "*"), *grants
    )

    assert found.verdict is verdict, str(found)
    told = "; ".join(one.message for one in found.risks if one.id == "superfluous-grant")
    assert verdict is BROKEN or "iam:PassRole" not in told


def test_a_pass_role_that_the_data_may_ask_for_is_not_called_superfluous(tmp_path: Path) -> None:
    """A task definition's own roles: whether it has any isn't in the state machine."""
    found = _found(
        tmp_path,
        "ecs:runTask",
        {"TaskDefinition": "t:1", "Cluster": "c"},
        allow("ecs:RunTask", "*"),
        allow("iam:PassRole", f"{ROLES}/of-the-task"),
    )

    assert "iam:PassRole" not in "; ".join(one.message for one in found.risks if one.id == "superfluous-grant")


ATTACH: Final = ("ec2:attachVolume", {"InstanceId": "i-1", "VolumeId": "vol-1"}, "ec2:AttachVolume")
LATE_VOLUME: Final = ("ec2:attachVolume", {"InstanceId": "i-1", "VolumeId.$": "$.v"}, "ec2:AttachVolume")
SNAPSHOT: Final = ("ec2:createSnapshot", {"VolumeId": "vol-1"}, "ec2:CreateSnapshot")
# A catalogue may have a policy of its own.
DATABASE: Final = ("glue:getDatabase", {"Name": "d"}, "glue:GetDatabase")
GLUE: Final = f"arn:aws:glue:eu-west-1:{HUB_ACCOUNT}"
UNITS: Final = (
    "organizations:moveAccount",
    {"AccountId.$": "$.a", "SourceParentId.$": "$.s", "DestinationParentId.$": "$.d"},
    "organizations:MoveAccount",
)
LISTENER: Final = f"arn:aws:elasticloadbalancing:eu-west-1:{HUB_ACCOUNT}:listener/app/a/1/2"
LISTENERS: Final = (
    "elasticloadbalancingv2:modifyListener",
    {"ListenerArn": LISTENER},
    "elasticloadbalancing:ModifyListener",
)


@pytest.mark.parametrize(
    ("call", "granted", "verdict"),
    [
        (ATTACH, [f"{EC2}:instance/i-1", f"{EC2}:volume/vol-1"], FINE),
        (ATTACH, [f"{EC2}:instance/i-1"], BROKEN),
        (ATTACH, [f"{EC2}:volume/vol-1"], BROKEN),
        (LATE_VOLUME, [f"{EC2}:instance/i-1"], BROKEN),
        (LATE_VOLUME, [f"{EC2}:instance/*", f"{EC2}:volume/vol-1"], UNKNOWN),
        (LATE_VOLUME, [f"{EC2}:instance/*", f"{EC2}:volume/*"], FINE),
        (SNAPSHOT, [f"{EC2}:volume/*"], BROKEN),
        (SNAPSHOT, [f"{EC2}:volume/*", "arn:aws:ec2:*::snapshot/*"], FINE),
        (DATABASE, [f"{GLUE}:database/d"], UNKNOWN),
        (DATABASE, [f"{GLUE}:database/d", f"{GLUE}:catalog"], FINE),
        (UNITS, ["arn:aws:organizations::*:account/o-*/*"], UNKNOWN),
        (UNITS, ["arn:aws:organizations::*:*/o-*"], FINE),
        # An organization's delegation policy could allow it, too.
        (UNITS, ["arn:aws:organizations::*:root/o-*/*"], UNKNOWN),
        (LISTENERS, [LISTENER], FINE),
    ],
)
def test_every_resource_that_a_call_needs_is_decided(
    tmp_path: Path, call: tuple[str, dict[str, Any], str], granted: list[str], verdict: Conclusion
) -> None:
    operation, arguments, action = call

    found = _found(tmp_path, f"aws-sdk:{operation}", arguments, allow(action, granted))

    assert found.verdict is verdict, str(found)


def test_a_deny_of_one_of_its_resources_is_enough(tmp_path: Path) -> None:
    operation, arguments, action = ATTACH
    for resource in (f"{EC2}:instance/*", f"{EC2}:volume/vol-1"):
        found = _found(tmp_path, f"aws-sdk:{operation}", arguments, allow(action, "*"), deny(action, resource))

        assert found.verdict is BROKEN


@pytest.mark.parametrize("name", ["SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"])
@pytest.mark.parametrize(
    ("granted", "verdict"),
    [
        ("*", FINE),
        (f"{STATES}:*", FINE),
        (f"{STATES}:stateMachine:central", UNKNOWN),
        # An activity's token is its own.
        (f"{STATES}:stateMachine:*", UNKNOWN),
        (f"{STATES}:activity:by-hand", UNKNOWN),
        ("arn:aws:states:eu-west-1:333333333333:stateMachine:*", BROKEN),
    ],
)
def test_a_tasks_token_is_of_a_state_machine_or_an_activity_of_the_account(
    tmp_path: Path, name: str, granted: str, verdict: Conclusion
) -> None:
    arguments = {"TaskToken.$": "$.token", "Output": "{}"}

    found = _found(tmp_path, f"aws-sdk:sfn:{name[0].lower()}{name[1:]}", arguments, allow(f"states:{name}", granted))

    assert found.verdict is verdict, str(found)


def test_a_grant_on_one_of_those_that_it_may_be_is_not_called_superfluous(tmp_path: Path) -> None:
    operation, arguments, action = LATE_VOLUME
    found = _found(
        tmp_path, f"aws-sdk:{operation}", arguments, allow(action, [f"{EC2}:instance/*", f"{EC2}:volume/vol-1"])
    )

    assert "superfluous-grant" not in {one.id for one in found.risks}
