"""The calls on change sets: made, told, carried out, put away. Kept as the stacks are."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from xsfn_helpers.sandbox.cloudformation.answers import STACK_TYPE
from xsfn_helpers.sandbox.cloudformation.change_sets import (
    REVIEWED,
    ChangeSet,
    changes_between,
    check_executable,
    described,
    summary,
    unknown,
)
from xsfn_helpers.sandbox.cloudformation.requests import StackRequest, on_failure_of
from xsfn_helpers.sandbox.cloudformation.stack import StackEntry, StoredStack
from xsfn_helpers.sandbox.cloudformation.template import Template, invalid
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.journal import Journal

_KIND: Final = "change set"
_TYPES: Final = ("CREATE", "UPDATE")


class StackKeeper(Protocol):
    """What change sets need of the stacks."""

    def planned(self, request: StackRequest) -> StoredStack: ...
    def updatable(self, request: StackRequest) -> StoredStack: ...
    def planned_update(self, request: StackRequest, before: StoredStack) -> StoredStack: ...
    def named(self, account_id: str, region: str, name: str) -> StoredStack | None: ...
    def review(self, stack: StoredStack) -> None: ...
    def carry_out(self, stack: StoredStack, request: StackRequest, verb: str, on_failure: str) -> None: ...


class ChangeSets:
    """The change sets of all stacks."""

    def __init__(self, journal: Journal, stacks: StackKeeper, now: Callable[[], str]) -> None:
        self._journal = journal
        self._stacks = stacks
        self._now = now
        self._lock = threading.RLock()
        self._sets = {key: ChangeSet.from_json(body) for key, body in journal.entries(_KIND)}

    def answer(self, operation: str, request: StackRequest) -> dict[str, Any]:
        return _OPERATIONS[operation](self, request)

    def empty(self, account_ids: Collection[str]) -> None:
        with self._lock:
            self._remove(one for one in self._sets.values() if one.stack.account_id in account_ids)

    def by_arn(self, arn: str, account_id: str, region: str) -> ChangeSet | None:
        """The account's change set of this ARN."""
        found = self._sets.get(arn)
        is_own = found is not None and (found.stack.account_id, found.stack.region) == (account_id, region)
        return found if is_own else None

    def forget(self, stack_id: str) -> None:
        """Put away all that a stack has, for it is gone."""
        with self._lock:
            self._remove(self._of(stack_id))

    # --- the calls ---------------------------------------------------------------------------------------------------

    def create(self, request: StackRequest) -> dict[str, Any]:
        params = request.params
        kind, name = params.get("ChangeSetType", "UPDATE"), params["ChangeSetName"]
        if kind not in _TYPES:
            raise invalid(f"The xsfn sandbox doesn't offer ChangeSetType {kind} in CreateChangeSet.")
        with self._lock:
            before, after = self._planned(request, kind)
            same = [one for one in self._of(after.id) if one.name == name]
            if any(one.execution in ("AVAILABLE", "UNAVAILABLE") for one in same):
                raise Refusal("AlreadyExistsException", f"ChangeSet {name} already exists")
            made = ChangeSet(
                id=request.arn(f"changeSet/{name}/{uuid.uuid4()}"),
                name=name,
                kind=kind,
                description=params.get("Description", ""),
                created=self._now(),
                stack=replace(after, events=(), work=None),
                on_failure=on_failure_of(params, "OnStackFailure"),
                changes=changes_between(before, after),
            )
            if kind == "UPDATE" and not made.changes and _sections(before) == _sections(after):
                made = made.nothing_to_do
            # One that was executed is history, and its name is free.
            self._remove(same)
            if kind == "CREATE":
                self._stacks.review(_reviewed(after, self._now()))
            self._keep(made)
        return {"Id": made.id, "StackId": after.id}

    def describe(self, request: StackRequest) -> dict[str, Any]:
        return described(self._seen(self._known(request)))

    def list_all(self, request: StackRequest) -> dict[str, Any]:
        return {"Summaries": [summary(self._seen(one)) for one in self._of(self._stack(request).id)]}

    def delete(self, request: StackRequest) -> dict[str, Any]:
        with self._lock:
            self._remove([self._known(request)])
        return {}

    def execute(self, request: StackRequest) -> dict[str, Any]:
        with self._lock:
            found = self._known(request)
            check_executable(self._seen(found))
            stack = self._stacks.named(request.account_id, request.region, found.stack.id)
            if stack is None:
                raise unknown(found.name)
            on_failure = found.on_failure
            if request.params.get("DisableRollback", "").lower() == "true":
                on_failure = "DO_NOTHING"
            self._keep(replace(found, execution="EXECUTE_IN_PROGRESS"))
            # What the others would change isn't what is there any more.
            self._remove(one for one in self._of(stack.id) if one.id != found.id)
            wanted = replace(found.stack, events=stack.events, status=stack.status, created=stack.created)
        self._stacks.carry_out(wanted, request, found.kind, on_failure)
        return {}

    # --- what is kept ------------------------------------------------------------------------------------------------

    def _planned(self, request: StackRequest, kind: str) -> tuple[StoredStack, StoredStack]:
        """The stack as it is and as it would be; one that isn't there yet has nothing."""
        if kind == "UPDATE":
            before = self._stacks.updatable(request)
            return before, self._stacks.planned_update(request, before)
        there = self._stacks.named(request.account_id, request.region, request.params["StackName"])
        if there is not None and there.status != REVIEWED:
            raise invalid(
                f"Stack [{there.name}] already exists and cannot be created again with the changeSet "
                f"[{request.params['ChangeSetName']}]."
            )
        after = self._stacks.planned(request)
        if there is not None:
            after = replace(after, id=there.id, created=there.created, events=there.events, status=there.status)
        return replace(after, resources={}), after

    def _stack(self, request: StackRequest) -> StoredStack:
        name = request.params.get("StackName", "")
        found = self._stacks.named(request.account_id, request.region, name)
        if found is None:
            raise invalid(f"Stack [{name}] does not exist")
        return found

    def _known(self, request: StackRequest) -> ChangeSet:
        name = request.params["ChangeSetName"]
        if found := self.by_arn(name, request.account_id, request.region):
            return found
        if "StackName" not in request.params:
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        own = self._of(self._stack(request).id)
        known = next((one for one in own if one.name == name), None)
        if known is None:
            raise unknown(name)
        return known

    def _of(self, stack_id: str) -> list[ChangeSet]:
        with self._lock:
            return [one for one in self._sets.values() if one.stack.id == stack_id]

    def _seen(self, change_set: ChangeSet) -> ChangeSet:
        """As it stands now: whether what was begun has ended is seen of the stack."""
        if change_set.execution != "EXECUTE_IN_PROGRESS":
            return change_set
        about = change_set.stack
        stack = self._stacks.named(about.account_id, about.region, about.id)
        if stack is None or stack.busy:
            return change_set
        done = stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status
        return replace(change_set, execution="EXECUTE_COMPLETE" if done else "EXECUTE_FAILED")

    def _keep(self, change_set: ChangeSet) -> None:
        self._journal.put(_KIND, change_set.id, change_set.to_json())
        self._sets[change_set.id] = change_set

    def _remove(self, change_sets: Iterable[ChangeSet]) -> None:
        gone = [one.id for one in change_sets]
        if gone:
            self._journal.remove(_KIND, gone)
        for key in gone:
            del self._sets[key]


def _sections(stack: StoredStack) -> tuple[Any, ...]:
    """What an update may change beside resources; how the template is written down is nothing of it."""
    return dict(Template.read(stack.template).outputs), dict(stack.parameters), dict(stack.tags)


def _reviewed(stack: StoredStack, now: str) -> StoredStack:
    """The stack that isn't made yet, as it stands in lists, with the event that tells so."""
    if stack.status == REVIEWED:
        return stack
    event = StackEntry(str(uuid.uuid4()), now, stack.name, stack.id, STACK_TYPE, REVIEWED, "User Initiated", "")
    return replace(stack, status=REVIEWED, events=(event,))


_OPERATIONS: Final[Mapping[str, Callable[[ChangeSets, StackRequest], dict[str, Any]]]] = {
    "CreateChangeSet": ChangeSets.create,
    "DeleteChangeSet": ChangeSets.delete,
    "DescribeChangeSet": ChangeSets.describe,
    "ExecuteChangeSet": ChangeSets.execute,
    "ListChangeSets": ChangeSets.list_all,
}
OPERATIONS: Final = frozenset(_OPERATIONS)
