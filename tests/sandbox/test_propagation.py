"""IAM's eventual consistency, switched on: what decisions see lags behind what IAM shows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")

DELAY = 1.0


@pytest.fixture
def delayed(sandbox: Sandbox) -> Iterator[Sandbox]:
    sandbox.delay_propagation(DELAY)
    yield sandbox
    sandbox.delay_propagation(0)


def test_a_new_role_reaches_step_functions_later(delayed: Sandbox, world: World) -> None:
    world.create_role(Side.SUBJECT, world.scenario.subject_role_name)
    machine = {
        "name": world.scenario.subject_machine_name,
        "definition": json.dumps(documents.subject_definition(world.scenario)),
        "roleArn": world.scenario.subject_role_arn,
    }

    shown = world.subject_iam.get_role(RoleName=world.scenario.subject_role_name)["Role"]["Arn"]
    with pytest.raises(ClientError, match="Neither the global service principal"):
        world.subject_states.create_state_machine(**machine)
    time.sleep(DELAY)

    assert shown == world.scenario.subject_role_arn
    assert world.subject_states.create_state_machine(**machine)["stateMachineArn"]


def test_a_changed_permission_counts_later(sandbox: Sandbox, world: World) -> None:
    world.build()
    assert world.run().status == "SUCCEEDED"
    sandbox.delay_propagation(DELAY)
    try:
        world.operator_iam.delete_role_policy(
            RoleName=world.scenario.operator_role_name, PolicyName=documents.OPERATOR_POLICY_NAME
        )
        at_once = world.run()
        time.sleep(DELAY)
        later = world.run()
    finally:
        sandbox.delay_propagation(0)

    assert (at_once.status, later.status) == ("SUCCEEDED", "FAILED")
    assert later.cause == world.assume_refused


def test_off_by_default(sandbox: Sandbox) -> None:
    assert sandbox.propagation_seconds == 0


@pytest.mark.parametrize("seconds", [-1, 121])
def test_an_unreasonable_delay_is_refused(sandbox: Sandbox, seconds: float) -> None:
    with pytest.raises(SandboxError, match="0 \\(off\\) to 120"):
        sandbox.delay_propagation(seconds)

    assert sandbox.propagation_seconds == 0
