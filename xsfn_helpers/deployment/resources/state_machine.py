"""The Step Functions thing a stage makes: a standard state machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import ROLE_NOT_ASSUMABLE, code_of, message_of, retry_while, translated
from xsfn_helpers.aws.propagation import Waiting
from xsfn_helpers.chain.plan import Change, text_diff
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.stored import StoredMachine
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.resources.resource import Resource, refuse_foreign
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_NOT_YET: Final = mark("Step Functions doesn't see its role yet, or a machine of this name is still being deleted")


@dataclass(frozen=True, slots=True)
class StateMachine(Resource[StoredMachine]):
    """A state machine with this definition, running under this role."""

    name: str
    role_arn: str
    definition: str

    @property
    def arn(self) -> str:
        scenario = self.environment.scenario
        return f"arn:{scenario.partition}:states:{scenario.region}:{self.account.id}:stateMachine:{self.name}"

    @property
    def thing(self) -> str:
        return tr("state machine {name}", name=self.name)

    def create(self) -> None:
        """Make it, without a look at what stands there."""
        self._save(
            lambda: self._states.create_state_machine(
                name=self.name,
                definition=self.definition,
                roleArn=self.role_arn,
                tags=[{"key": LAB_TAG, "value": self.environment.lab_id}],
            )
        )

    def save(self) -> None:
        """Save it over what stands there, without a look. Raises `StepError` where there is no such state machine."""
        self._save(
            lambda: self._states.update_state_machine(
                stateMachineArn=self.arn, definition=self.definition, roleArn=self.role_arn
            )
        )

    def delete(self) -> None:
        """Take it away, without a look at whose it is and what it runs: for what was just made, and has run."""
        with translated(self.account):
            self._states.delete_state_machine(stateMachineArn=self.arn)

    def as_stored(self) -> StateMachine:
        """The same state machine with the definition and role it has now.

        Raises `StepError` when it isn't there, and when it isn't the lab's.
        """
        with translated(self.account):
            stored = self._states.describe_state_machine(stateMachineArn=self.arn)
        tags = self.environment.machine_tags(self.side, self.arn)
        if not self.environment.owns(tags):
            refuse_foreign(self.environment.not_ours(self.account, self.thing, tags))
        return replace(self, definition=stored["definition"], role_arn=stored["roleArn"])

    def _stored(self) -> StoredMachine | None:
        return self.environment.machine(self.side, self.arn)

    def _tags(self, stored: StoredMachine) -> Mapping[str, str]:
        return stored.tags

    def _difference(self, stored: StoredMachine, *, owned: bool) -> tuple[str, ...]:
        details: list[str] = []
        if stored.role_arn != self.role_arn:
            details.append(tr("role: {stored} becomes {role_arn}", stored=stored.role_arn, role_arn=self.role_arn))
        there, wanted = json.loads(stored.definition), json.loads(self.definition)
        if there != wanted:
            details += ["definition:", *text_diff(json_text(there), json_text(wanted))]
        return tuple(details)

    def _make(self, change: Change) -> Change:
        self.create()
        return change

    def _alter(self, stored: StoredMachine) -> None:
        self.save()

    def _remove(self, stored: StoredMachine) -> None:
        # DeleteStateMachine lets running executions go on; a lab leaves nothing running.
        for execution in self._running():
            self._states.stop_execution(executionArn=execution, cause="its state machine is being removed")
        self._states.delete_state_machine(stateMachineArn=self.arn)
        self._wait_until_gone()

    @property
    def _known_as(self) -> str:
        return self.name

    @property
    def _adopted(self) -> str | None:
        return self.environment.adopted.machine(self.environment.scenario, self.side, self.name)

    @property
    def _kept_as(self) -> str:
        return f"{self.account.id} state machine {self.name}"

    def _now(self, stored: StoredMachine) -> list[str]:
        return [stored.definition, stored.role_arn]

    def _wanted(self) -> list[str]:
        return [self.definition, self.role_arn]

    def _restore(self, before: list[str]) -> None:
        definition, role_arn = before
        self._states.update_state_machine(stateMachineArn=self.arn, definition=definition, roleArn=role_arn)

    @property
    def _states(self) -> SFNClient:
        return self.environment.states(self.side)

    def _is_there(self) -> bool:
        try:
            self._states.describe_state_machine(stateMachineArn=self.arn)
        except self._states.exceptions.StateMachineDoesNotExist:
            return False
        return True

    def _running(self) -> list[str]:
        """Executions under way. Those of an Express machine can't be listed, and end by themselves in five minutes."""
        pages = self._states.get_paginator("list_executions").paginate(stateMachineArn=self.arn, statusFilter="RUNNING")
        try:
            return [execution["executionArn"] for page in pages for execution in page["executions"]]
        except self._states.exceptions.StateMachineTypeNotSupported:
            return []

    def _save(self, call: Callable[[], object]) -> None:
        """Save, with patience while IAM hasn't spread the role or a machine of this name is still being deleted.

        Terraform's provider and AWS's own CloudFormation handler wait for the same two. A role that doesn't exist, or
        doesn't trust Step Functions, is told at once.
        """

        def not_yet(error: ClientError) -> bool:
            if ROLE_NOT_ASSUMABLE in message_of(error):
                return step_functions_may_assume(
                    self.environment, self.side, self.role_arn.rpartition("/")[2], self.arn
                )
            return code_of(error) == "StateMachineDeleting"

        budget = self.environment.accounts.pace.propagation

        def say(waited: float) -> None:
            self.environment.accounts.tell_waiting(
                Waiting(self.account, tr("waiting to save {thing}", thing=self.thing), tr(_NOT_YET), waited, budget)
            )

        with translated(self.account):
            retry_while(call, not_yet, budget=budget, say=say)
        self.environment.changed()

    def _wait_until_gone(self) -> None:
        pace = self.environment.accounts.pace
        _, gone = pace.wait_until(lambda there: not there, self._is_there, timeout=pace.propagation)
        if not gone:
            raise StepError(
                tr(
                    "State machine {name} is still being deleted after {propagation:.0f} s.",
                    name=self.name,
                    propagation=pace.propagation,
                ),
                where=str(self.account),
                fix=tr("AWS ends its executions first; do the same again in a minute."),
            )


def step_functions_may_assume(environment: Environment, side: Side, role_name: str, machine_arn: str) -> bool:
    """Whether a role exists and its trust policy lets Step Functions assume it for this state machine."""
    role = environment.at_one_look().role(side, role_name)
    if role is None:
        return False
    account_id = environment.scenario.account(side).id
    request = Request(
        principal=Principal.parse(STATES_PRINCIPAL),
        action="sts:AssumeRole",
        resource=role.arn,
        resource_account=account_id,
        context={"aws:SourceArn": machine_arn, "aws:SourceAccount": account_id},
    )
    trust = Policy.parse(json_text(role.trust), kind=PolicyKind.TRUST, name=tr("{role}'s trust policy", role=role_name))
    return decide(request, Policies(resource=trust)).allowed
