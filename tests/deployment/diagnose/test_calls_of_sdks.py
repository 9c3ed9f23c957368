"""Calls through the SDKs, from files to the verdict: each resource that a call needs, and each role that it passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.deployment.diagnose.setups import Document, allow, policy
from tests.deployment.diagnose.test_own_policies import TOLD, _hub
from tests.deployment.diagnose.test_repositories import HUB_ACCOUNT, _template
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout

FINE, BROKEN, UNKNOWN = Conclusion.FINE, Conclusion.BROKEN, Conclusion.UNKNOWN
ROLES: Final = f"arn:aws:iam::{HUB_ACCOUNT}:role"


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
