"""What the tests of the tab have in common: the first notebook, cells that they add, and how patient they are."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.soak import SOAKING

# On a machine with nothing else to do a notebook takes 20 to 60 s.
PATIENCE: Final = 600
FIRST: Final = "notebooks/00-start-here"
LONG: Final = pytest.mark.skipif(not SOAKING, reason="tried in `make soak`")

OPEN: Final = "from xsfn_helpers import open_lab\nlab = open_lab()\n"
STANDS: Final = """
for side in (lab.operator, lab.subject):
    roles, machines = side.client("iam"), side.client("stepfunctions")
    print(*sorted(role["Arn"] for role in roles.list_roles()["Roles"]))
    for machine in machines.list_state_machines()["stateMachines"]:
        found = machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        print(machine["stateMachineArn"], *sorted((one["name"], one["status"]) for one in found))
"""
RUNS: Final = (
    "print(*[one['status'] for one in lab.operator.client('stepfunctions').list_executions("
    "stateMachineArn=lab.scenario.operator_machine_arn)['executions']])"
)
