"""A lab of a test's own taken away when the test is over: by its names, in a dozen calls.

`lab.clean()` reads and compares before it removes, and looks for what else there may be: forty calls, and tests of its
own. Nobody hears of this one: live displays that a test leaves behind don't draw what goes.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from botocore.exceptions import EndpointConnectionError

from tests.sandbox.world import client_with
from xsfn_helpers import Lab, Side
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, OPERATOR_POLICY_NAME


def clear(lab: Lab) -> None:
    """Remove the lab's roles and state machines; `lab.clean()` does where there is more to them, or nobody answers."""
    try:
        gone = _cleared(lab)
    except EndpointConnectionError:
        gone = False
    if not gone:
        lab.clean()


def _cleared(lab: Lab) -> bool:
    scenario = lab.scenario
    machines = {Side.OPERATOR: scenario.operator_machine_arn, Side.SUBJECT: scenario.subject_machine_arn}
    roles = {
        Side.OPERATOR: {scenario.operator_role_name: OPERATOR_POLICY_NAME},
        Side.SUBJECT: {scenario.execute_role_name: EXECUTE_POLICY_NAME, scenario.subject_role_name: None},
    }
    for side, machine in machines.items():
        _clear_machine(_client(lab, side, "stepfunctions"), machine)
    gone = [
        _clear_role(_client(lab, side, "iam"), name, policy) for side in Side for name, policy in roles[side].items()
    ]
    return all(gone)


def _clear_machine(states: Any, arn: str) -> None:
    try:
        for execution in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
            states.stop_execution(executionArn=execution["executionArn"])
    except states.exceptions.StateMachineDoesNotExist:
        return
    states.delete_state_machine(stateMachineArn=arn)


def _clear_role(iam: Any, name: str, policy: str | None) -> bool:
    """Whether it is gone: one that has more to it than a stage gave it stays."""
    if policy:
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
    with suppress(iam.exceptions.NoSuchEntityException):
        try:
            iam.delete_role(RoleName=name)
        except iam.exceptions.DeleteConflictException:
            return False
    return True


_clients: Final[dict[tuple[str, str, str], Any]] = {}


def _client(lab: Lab, side: Side, service: str) -> Any:
    """As that side's administrator; made once for all labs of a sandbox."""
    accounts = lab.environment.accounts
    assert isinstance(accounts, SandboxAccounts)
    sandbox = accounts.sandbox
    keys = sandbox.accounts[side]
    known = sandbox.endpoint_url, keys.access_key_id, service
    if known not in _clients:
        _clients[known] = client_with(sandbox, service, keys.access_key_id, keys.secret_access_key)
    return _clients[known]
