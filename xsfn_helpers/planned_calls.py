"""Which calls the lab makes with the reader's own identity, from the first stage to the clean-up: for the preflight.

Actions and resources: the Service Authorization Reference,
docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html and
list_awsstepfunctions.html. Making and tagging are one call and two permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from xsfn_helpers.documents import STATES_PRINCIPAL
from xsfn_helpers.ground import LAB_TAG
from xsfn_helpers.scenario import Scenario, Side


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """Actions on the same resources, under the same condition keys."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, str] = field(default_factory=dict)


_ON_ROLES: Final = tuple(
    f"iam:{name}"
    for name in (
        *("CreateRole", "TagRole", "GetRole", "UpdateAssumeRolePolicy", "DeleteRole"),
        *("PutRolePolicy", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "DeleteRolePolicy"),
    )
)
_ON_MACHINES: Final = tuple(
    f"states:{name}"
    for name in (
        *("CreateStateMachine", "TagResource", "DescribeStateMachine", "ListTagsForResource", "UpdateStateMachine"),
        *("DeleteStateMachine", "StartExecution", "ListExecutions"),
    )
)
_ON_EXECUTIONS: Final = ("states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution")
_ON_ANY: Final = ("iam:ListRoles", "states:ListStateMachines")


def planned_calls(scenario: Scenario, side: Side, lab_id: str, probe_prefix: str) -> tuple[PlannedCalls, ...]:
    """What is asked of this side's account by its administrator; the chain's own requests are the roles' matter."""
    account = scenario.account(side).id
    roles = [scenario.operator_role_name]
    machines = [scenario.operator_machine_name, f"{probe_prefix}1"]
    if side is Side.SUBJECT:
        roles, machines = [scenario.subject_role_name, scenario.execute_role_name], [scenario.subject_machine_name]
    states = f"arn:{scenario.partition}:states:{scenario.region}:{account}"
    role_arns = tuple(f"arn:{scenario.partition}:iam::{account}:role/{name}" for name in (*roles, f"{probe_prefix}1"))
    tagged = {f"aws:RequestTag/{LAB_TAG}": lab_id, f"aws:ResourceTag/{LAB_TAG}": lab_id, "aws:TagKeys": LAB_TAG}
    here = {"aws:RequestedRegion": scenario.region}
    return (
        PlannedCalls(_ON_ROLES, role_arns, tagged),
        PlannedCalls(("iam:PassRole",), role_arns, {"iam:PassedToService": STATES_PRINCIPAL}),
        PlannedCalls(_ON_MACHINES, tuple(f"{states}:stateMachine:{name}" for name in machines), tagged | here),
        PlannedCalls(_ON_EXECUTIONS, tuple(f"{states}:execution:{name}:1" for name in machines), here),
        PlannedCalls(_ON_ANY, ("*",), here),
    )
