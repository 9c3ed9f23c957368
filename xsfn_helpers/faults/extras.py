"""What faults add to the two accounts besides the set-up: made under the lab's tag, found again, and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xsfn_helpers.aws_errors import told
from xsfn_helpers.changes import Action, Change, Plan
from xsfn_helpers.documents import json_text, operator_definition, service_trust
from xsfn_helpers.faults.names import boundary_arn, loud_machine_name, twin_role_name
from xsfn_helpers.ground import LAB_TAG, Ground, Resource, refuse_foreign
from xsfn_helpers.iam_resources import Role
from xsfn_helpers.scenario import Account, Side
from xsfn_helpers.state_machine import StateMachine

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


def extras(ground: Ground) -> tuple[Resource, ...]:
    """Everything that any fault may add."""
    return (twin_role(ground), loud_machine(ground), Boundary(ground))


def sweep(ground: Ground) -> Plan:
    """Remove what faults added; others' things of these names stay. Roles must have let go of it before."""
    changes = [extra.undo() for extra in extras(ground)]
    return Plan("What faults added", tuple(change for change in changes if change), done=True)


def twin_role(ground: Ground) -> Role:
    trust = json_text(service_trust(ground.scenario, ground.scenario.operator))
    return Role(ground, Side.OPERATOR, twin_role_name(ground.scenario), trust, policies=frozenset())


def loud_machine(ground: Ground) -> StateMachine:
    scenario = ground.scenario
    definition = json_text(operator_definition(scenario))
    return StateMachine(ground, Side.OPERATOR, loud_machine_name(scenario), scenario.operator_role_arn, definition)


@dataclass(frozen=True, slots=True)
class Boundary:
    """The managed policy that bounds the Operator role: it allows Step Functions and logs, and no AssumeRole."""

    ground: Ground

    @property
    def account(self) -> Account:
        return self.ground.scenario.operator

    @property
    def arn(self) -> str:
        return boundary_arn(self.ground.scenario)

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def thing(self) -> str:
        return f"managed policy {self.name}"

    def plan(self) -> Change:
        tags = self._tags()
        if tags is None:
            return Change(Action.CREATE, self.account, self.thing)
        if not self.ground.owns(tags):
            return self.ground.not_ours(self.account, self.thing, tags)
        return Change(Action.LEAVE, self.account, self.thing)

    def apply(self) -> Change:
        change = self.plan()
        refuse_foreign(change)
        if change.action is Action.CREATE:
            with told(self.account):
                self._iam.create_policy(
                    PolicyName=self.name,
                    PolicyDocument=json_text(fence(assuming=None)),
                    Tags=[{"Key": LAB_TAG, "Value": self.ground.lab_id}],
                )
        return change

    def plan_undo(self) -> Change | None:
        tags = self._tags()
        if tags is None:
            return None
        if not self.ground.owns(tags):
            return self.ground.not_ours(self.account, self.thing, tags)
        return Change(Action.REMOVE, self.account, self.thing)

    def undo(self) -> Change | None:
        change = self.plan_undo()
        if change is not None and change.action is Action.REMOVE:
            with told(self.account):
                for version in self._iam.list_policy_versions(PolicyArn=self.arn)["Versions"]:
                    if not version["IsDefaultVersion"]:
                        self._iam.delete_policy_version(PolicyArn=self.arn, VersionId=version["VersionId"])
                self._iam.delete_policy(PolicyArn=self.arn)
        return change

    @property
    def _iam(self) -> IAMClient:
        return self.ground.iam(Side.OPERATOR)

    def _tags(self) -> dict[str, str] | None:
        with told(self.account):
            try:
                tags = self._iam.list_policy_tags(PolicyArn=self.arn)["Tags"]
            except self._iam.exceptions.NoSuchEntityException:
                return None
        return {tag["Key"]: tag["Value"] for tag in tags}


def fence(*, assuming: str | None) -> dict[str, Any]:
    """The boundary's document; `assuming` is a role that it lets the Operator role assume."""
    statements: list[dict[str, Any]] = [
        {"Sid": "Platform", "Effect": "Allow", "Action": ["states:*", "logs:*", "events:*"], "Resource": "*"}
    ]
    if assuming:
        statements.append(
            {"Sid": "AssumeExecuteRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": assuming}
        )
    return {"Version": "2012-10-17", "Statement": statements}
