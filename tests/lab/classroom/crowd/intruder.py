"""A participant who tries to reach a neighbour's accounts in every way that two strangers on AWS could."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from xsfn_helpers.chain.documents import POLICY_VERSION, service_trust
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.lab.lab import Lab

_REFUSED: Final = ("AccessDenied", "AccessDeniedException")
_NAME: Final = "curious"
_OVER: Final = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True)
class Intruder:
    """The owner of `lab`, and the scenario of somebody else in the same room."""

    lab: Lab
    neighbour: Scenario

    def attempts(self) -> Iterator[tuple[str, bool]]:
        """What is tried, one after the other, and whether it was denied as AWS denies it."""
        for name, call in self._calls():
            yield name, _is_refused(call)
        yield "see the neighbour's things in lists", self._sees_only_its_own()
        yield "assume the neighbour's execute role in a task", self._machine_is_refused()

    def _calls(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        other = self.neighbour
        machines = (other.operator_machine_arn, other.subject_machine_arn)
        for side in Side:
            account = self.lab.operator if side is Side.OPERATOR else self.lab.subject
            sts, states = account.client("sts"), account.client("stepfunctions")
            for role in (other.operator_role_arn, other.subject_role_arn, other.execute_role_arn):
                yield (
                    f"AssumeRole {role} by the {side.value}",
                    # With the external ID that the neighbour's own Operator would give: no secret, for it is an ARN.
                    partial(
                        sts.assume_role,
                        RoleArn=role,
                        RoleSessionName="stranger",
                        ExternalId=other.operator_machine_arn,
                    ),
                )
            for arn in machines:
                for call in (states.start_execution, states.describe_state_machine, states.delete_state_machine):
                    yield f"{call.__name__} {arn} by the {side.value}", partial(call, stateMachineArn=arn)

    def _sees_only_its_own(self) -> bool:
        iam, states = self.lab.operator.client("iam"), self.lab.operator.client("stepfunctions")
        arns = [role["Arn"] for role in iam.list_roles()["Roles"]]
        arns += [machine["stateMachineArn"] for machine in states.list_state_machines()["stateMachines"]]
        return {arn.split(":")[4] for arn in arns} <= {self.lab.scenario.operator_account_id}

    def _machine_is_refused(self) -> bool:
        """A state machine of one's own, whose role may assume anything, with a task that names the neighbour's role."""
        iam, states = self.lab.operator.client("iam"), self.lab.operator.client("stepfunctions")
        account = self.lab.scenario.operator
        _made(
            lambda: iam.create_role(
                RoleName=_NAME, AssumeRolePolicyDocument=json.dumps(service_trust(self.lab.scenario, account))
            )
        )
        allowed = {
            "Version": POLICY_VERSION,
            "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
        }
        iam.put_role_policy(RoleName=_NAME, PolicyName=_NAME, PolicyDocument=json.dumps(allowed))
        arn = states.create_state_machine(
            name=_NAME,
            definition=json.dumps(_reaching(self.neighbour)),
            roleArn=f"arn:aws:iam::{account.id}:role/{_NAME}",
        )["stateMachineArn"]
        run = states.start_execution(stateMachineArn=arn)["executionArn"]
        while (ended := states.describe_execution(executionArn=run))["status"] not in _OVER:
            time.sleep(0.1)
        return ended["status"] == "FAILED" and "not authorized to assume the task state's role" in ended["cause"]


def _reaching(neighbour: Scenario) -> dict[str, Any]:
    return {
        "StartAt": "Reach",
        "States": {
            "Reach": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution",
                "Credentials": {"RoleArn": neighbour.execute_role_arn},
                "Parameters": {"StateMachineArn": neighbour.subject_machine_arn},
                "End": True,
            }
        },
    }


def _is_refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in _REFUSED
    return False


def _made(call: Callable[[], Any]) -> None:
    """Make it, unless it is there: an answer may have been lost with the room."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
