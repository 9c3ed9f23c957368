"""A lab's CloudFormation stacks, one for each account: deployed, brought up to date, and deleted with all they made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import cause_code, message_of, translated
from xsfn_helpers.chain.plan import Action, Change, Plan
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.resources.resource import Removable, refuse_foreign

# Nobody is to make a named role unknowingly:
# docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
CAPABILITIES: Final = ("CAPABILITY_NAMED_IAM",)
_NO_CHANGE: Final = "No updates are to be performed."
_FAILED_FIRST: Final = "ROLLBACK_COMPLETE"
# Roles and state machines take a minute or two; a stack that is rolled back takes longer.
_PATIENCE: Final = 30 * 60
_DENIED: Final = ("AccessDenied", "AccessDeniedException")


@dataclass(frozen=True, slots=True)
class Stack(Removable[Mapping[str, Any]]):
    """The stack of one account. What it makes carries the lab's tag through it."""

    chosen_name: str = ""

    @property
    def name(self) -> str:
        return self.chosen_name or stack_name(self.environment.lab_id, self.side)

    @property
    def thing(self) -> str:
        return tr("stack {name}", name=self.name)

    def deploy(self, template: str, parameters: Mapping[str, str]) -> Change:
        """Create the stack or bring it up to date, and wait for its end.

        Raises `StepError` in CloudFormation's words for a template or parameters it denies, with the failed resources'
        own words when it had to take everything back, and for a stack of this name that isn't the lab's.
        """
        stored = self._stored()
        if stored is not None:
            refuse_foreign(self._compare_undo(stored))
            if stored["StackStatus"] == _FAILED_FIRST:  # nothing is left of it but its name, which must go first
                self.undo()
                stored = None
        request: dict[str, Any] = {
            "StackName": self.name,
            "TemplateBody": template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": list(CAPABILITIES),
            "Tags": [{"Key": LAB_TAG, "Value": self.environment.lab_id}],
        }
        with translated(self.account):
            if stored is None:
                self._client.create_stack(**request)
                return self._ended(Action.CREATE, "CREATE_COMPLETE")
            try:
                self._client.update_stack(**request)
            except ClientError as error:
                if message_of(error) != _NO_CHANGE:
                    raise
                return Change(Action.LEAVE, self.account, self.thing)
            return self._ended(Action.CHANGE, "UPDATE_COMPLETE")

    @property
    def _client(self) -> Any:
        return self.environment.accounts.client(self.side, "cloudformation")

    def _stored(self) -> Mapping[str, Any] | None:
        """What CloudFormation says of the stack. Who may not ask has none: only whoever deployed can take it back."""
        try:
            with translated(self.account):
                found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except StepError as error:
            if cause_code(error) in ("ValidationError", *_DENIED):
                return None
            raise
        return found

    def _tags(self, stored: Mapping[str, Any]) -> Mapping[str, str]:
        return {tag["Key"]: tag["Value"] for tag in stored.get("Tags", [])}

    def _remove(self, stored: Mapping[str, Any]) -> None:
        self._client.delete_stack(StackName=stored["StackId"])
        self._ended(Action.REMOVE, "DELETE_COMPLETE", stack_id=stored["StackId"])

    @property
    def _known_as(self) -> str:
        return self.name

    def _ended(self, action: Action, wanted: str, *, stack_id: str | None = None) -> Change:
        found = _at_rest(self.environment, self.side, stack_id or self.name)
        events = self._client.describe_stack_events(StackName=found["StackId"])["StackEvents"]
        if found["StackStatus"] != wanted:
            reasons = [
                f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
                for event in reversed(events)
                if event["ResourceStatus"].endswith("_FAILED") and event["LogicalResourceId"] != self.name
            ]
            raise StepError(
                tr(
                    "The {thing} ended {status}. {reasons}",
                    thing=self.thing,
                    status=found["StackStatus"],
                    reasons=" ".join(reasons),
                ),
                where=str(self.account),
                fix=tr("Fix what its events report, and deploy again."),
            )
        return Change(action, self.account, self.thing, tuple(self._made(found["StackId"], action)))

    def _made(self, stack_id: str, action: Action) -> list[str]:
        if action is Action.REMOVE:
            return []
        resources = self._client.describe_stack_resources(StackName=stack_id)["StackResources"]
        return [
            f"{resource['LogicalResourceId']}: {resource['PhysicalResourceId'].rpartition(':')[2]}"
            for resource in resources
        ]


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One thing that happened to a stack or a resource of it."""

    logical: str
    status: str
    reason: str

    def __str__(self) -> str:
        return f"{self.logical} {self.status}" + (f": {stable(self.reason)}" if self.reason else "")


def events_of(environment: Environment, side: Side, name: str) -> list[StackEvent]:
    """The events of a stack of this name or id, oldest first, once its work is done."""
    client: Any = environment.accounts.client(side, "cloudformation")
    with translated(environment.scenario.account(side)):
        found = _at_rest(environment, side, name)
        events = client.describe_stack_events(StackName=found["StackId"])["StackEvents"]
    return [
        StackEvent(event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", ""))
        for event in reversed(events)
    ]


def _at_rest(environment: Environment, side: Side, name: str) -> Mapping[str, Any]:
    """What CloudFormation says of the stack of this name or id once its work is done."""
    client: Any = environment.accounts.client(side, "cloudformation")

    def at_rest(stack: Mapping[str, Any]) -> bool:
        return not stack["StackStatus"].endswith("PROGRESS")

    def look() -> Mapping[str, Any]:
        found: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
        return found

    stack, done = environment.accounts.pace.wait_until(at_rest, look, timeout=_PATIENCE)
    if not done:
        raise StepError(
            tr(
                "Stack {name} is still in {status} after {minutes} minutes.",
                name=stack["StackName"],
                status=stack["StackStatus"],
                minutes=_PATIENCE // 60,
            ),
            where=str(environment.scenario.account(side)),
            fix=tr("CloudFormation goes on: do the same again when it is done."),
        )
    return stack


def sweep(environment: Environment) -> Plan:
    """Delete every stack of the lab with all it made, the Subject's first: they name roles of the Operator's."""
    changes = [stack.undo() for stack in _all_of(environment)]
    return Plan(tr("The lab's stacks"), tuple(change for change in changes if change), done=True)


def plan_sweep(environment: Environment) -> Plan:
    """What `sweep` would delete. Reads only."""
    changes = [stack.plan_undo() for stack in _all_of(environment)]
    return Plan(tr("The lab's stacks"), tuple(change for change in changes if change))


def _all_of(environment: Environment) -> Iterator[Stack]:
    """Those that `deploy` makes, and what else carries the lab's tag: a reader may have chosen the name."""
    for side in (Side.SUBJECT, Side.OPERATOR):
        deployed = Stack(environment, side)
        yield deployed
        for name in _tagged(environment, side):
            if name != deployed.name:
                yield Stack(environment, side, name)


def _tagged(environment: Environment, side: Side) -> list[str]:
    client: Any = environment.accounts.client(side, "cloudformation")
    try:
        with translated(environment.scenario.account(side)):
            found = [stack for page in client.get_paginator("describe_stacks").paginate() for stack in page["Stacks"]]
    except StepError as error:
        if cause_code(error) in _DENIED:
            return []
        raise
    return [
        stack["StackName"]
        for stack in found
        if environment.owns({tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])})
    ]


def stack_name(lab_id: str, side: Side) -> str:
    """The stack of one account. A stack's name takes letters, digits and hyphens only."""
    return f"xsfn-{re.sub('[^A-Za-z0-9]', '-', lab_id)}-{side.value}"
