"""Change sets: what a template would change of a stack, told before it is done, and done when it is asked for.

Answers and texts: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html, and as users
of the AWS CLI and the CDK report them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from xsfn_helpers.sandbox.cloudformation.kinds import KINDS
from xsfn_helpers.sandbox.cloudformation.parameters import shown
from xsfn_helpers.sandbox.cloudformation.resolving import surroundings, wanted_properties
from xsfn_helpers.sandbox.cloudformation.stack import StackResource, StoredStack
from xsfn_helpers.sandbox.cloudformation.template import Template
from xsfn_helpers.sandbox.gateway.errors import Refusal

NO_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
# What AWS writes for a value that only the deployment gives.
_KNOWN_LATER: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
REVIEWED: Final = "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A stack as it would be, and what that would change of it; `stack` is without events and work."""

    id: str
    name: str
    kind: str
    description: str
    created: str
    stack: StoredStack
    on_failure: str = "ROLLBACK"
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    changes: tuple[Mapping[str, Any], ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        read = {"stack": StoredStack.from_json(stored["stack"]), "changes": tuple(stored["changes"])}
        return cls(**{**stored, **read})

    @property
    def nothing_to_do(self) -> Self:
        return replace(self, status="FAILED", reason=NO_CHANGES, execution="UNAVAILABLE")


def changes_between(before: StoredStack, after: StoredStack) -> tuple[Mapping[str, Any], ...]:
    """The changes of resources that bring `before` to `after`, in the order in which they are written."""
    return tuple({"Type": "Resource", "ResourceChange": change} for change in _changes(before, after))


def _changes(before: StoredStack, after: StoredStack) -> Iterator[dict[str, Any]]:
    template = Template.read(after.template)
    # What is new or replaced has no attributes yet.
    known = dict(before.resources)
    there = replace(after, resources=known)
    wanted = [
        name
        for name in template.order()
        if "Condition" not in template.resources[name]
        or surroundings(there, template).holds(template.resources[name]["Condition"])
    ]
    for name in wanted:
        kind, old = template.resources[name]["Type"], before.resources.get(name)
        if old is None:
            known[name] = _to_come(name, kind, template)
            yield {"Action": "Add", "LogicalResourceId": name, "ResourceType": kind}
            continue
        properties = wanted_properties(replace(after, resources=known), template, name)
        changed = sorted(key for key in {*properties, *old.wanted} if properties.get(key) != old.wanted.get(key))
        replaced = old.kind != kind or bool(set(changed) & set(KINDS[kind].replaced_by))
        if not changed and not replaced:
            continue
        if replaced:
            known[name] = _to_come(name, kind, template)
        yield {
            "Action": "Modify",
            "LogicalResourceId": name,
            "PhysicalResourceId": old.physical,
            "ResourceType": kind,
            "Replacement": "True" if replaced else "False",
            "Scope": [*(["Tags"] if "Tags" in changed else []), *(["Properties"] if set(changed) - {"Tags"} else [])],
            "Details": [_detail(key, replaced=key in KINDS[kind].replaced_by) for key in changed],
        }
    for name, old in reversed(list(before.resources.items())):
        if name not in wanted:
            yield {
                "Action": "Remove",
                "LogicalResourceId": name,
                "PhysicalResourceId": old.physical,
                "ResourceType": old.kind,
            }


class _Later(dict[str, str]):
    """Every attribute of a resource that isn't there yet."""

    def get(self, key: str, default: Any = None) -> str:
        return _KNOWN_LATER


def _to_come(name: str, kind: str, template: Template) -> StackResource:
    return StackResource(name, kind, _KNOWN_LATER, "", "", attributes=_Later())


def _detail(key: str, *, replaced: bool) -> dict[str, Any]:
    target = (
        {"Attribute": "Tags", "RequiresRecreation": "Never"}
        if key == "Tags"
        else {"Attribute": "Properties", "Name": key, "RequiresRecreation": "Always" if replaced else "Never"}
    )
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def described(change_set: ChangeSet) -> dict[str, Any]:
    """DescribeChangeSet's words."""
    stack = change_set.stack
    values = shown(Template.read(stack.template), stack.parameters)
    return {
        **summary(change_set),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Capabilities": list(stack.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "Changes": list(change_set.changes),
        "OnStackFailure": change_set.on_failure if change_set.kind == "CREATE" else "",
    }


def summary(change_set: ChangeSet) -> dict[str, Any]:
    """ListChangeSets' words for one."""
    return {
        "ChangeSetId": change_set.id,
        "ChangeSetName": change_set.name,
        "StackId": change_set.stack.id,
        "StackName": change_set.stack.name,
        "Description": change_set.description,
        "CreationTime": change_set.created,
        "ExecutionStatus": change_set.execution,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
        "IncludeNestedStacks": False,
    }


def unknown(name: str) -> Refusal:
    return Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


def check_executable(change_set: ChangeSet) -> None:
    """Raises `Refusal` for one that can't be executed, or was."""
    if change_set.execution != "AVAILABLE":
        state = change_set.status if change_set.status == "FAILED" else change_set.execution
        raise Refusal(
            "InvalidChangeSetStatus",
            f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{state}]",
        )
