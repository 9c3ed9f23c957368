"""The work on one stack: resources made, changed and removed in order, and taken back when one fails.

Each step is kept before the next is taken, and can be taken again: after an interruption the work goes on where it was.
Events and statuses: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from xsfn_helpers.common.regions import partition_of
from xsfn_helpers.sandbox.cloudformation.answers import STACK_TYPE
from xsfn_helpers.sandbox.cloudformation.checks import properties_fault
from xsfn_helpers.sandbox.cloudformation.deployer_calls import Hands
from xsfn_helpers.sandbox.cloudformation.failures import CallFailed
from xsfn_helpers.sandbox.cloudformation.functions import Surroundings
from xsfn_helpers.sandbox.cloudformation.kind import StackPlace
from xsfn_helpers.sandbox.cloudformation.kinds import KINDS
from xsfn_helpers.sandbox.cloudformation.resolving import surroundings, wanted_properties
from xsfn_helpers.sandbox.cloudformation.stack import StackEntry, StackResource, StoredStack
from xsfn_helpers.sandbox.cloudformation.template import Template
from xsfn_helpers.sandbox.gateway.errors import Refusal

_ASKED: Final = "User Initiated"
_CANT_GO_BACK: Final = ("DO_NOTHING",)


class _Failed(Exception):
    """A resource couldn't be made or changed; its event has told why."""


class StackWorker:
    """Brings one stack to where its `work` wants it."""

    def __init__(
        self,
        stack: StoredStack,
        keep: Callable[[StoredStack], StoredStack],
        hands: Callable[[], Hands],
        now: Callable[[], str],
    ) -> None:
        self._stack = stack
        self._keep = keep
        self._hands = hands
        self._now = now
        self._template = Template.read(stack.template)
        self._place = StackPlace(stack.name, stack.account_id, stack.region, partition_of(stack.region))

    def run(self) -> None:
        """Do the work, or what is left of it."""
        assert self._stack.work is not None
        verb = self._stack.work.verb
        if verb == "DELETE":
            self._delete()
        elif self._stack.status.startswith(("ROLLBACK", "UPDATE_ROLLBACK")):
            self._go_back()
        else:
            self._build(verb)

    # --- forward -----------------------------------------------------------------------------------------------------

    def _build(self, verb: str) -> None:
        assert self._stack.work is not None
        if self._stack.status != f"{verb}_IN_PROGRESS":
            self._status(f"{verb}_IN_PROGRESS", _ASKED)
        try:
            for name in self._wanted_names():
                self._bring(name)
            outputs = self._outputs()
        except _Failed:
            failed = [one.logical for one in self._stack.resources.values() if one.status.endswith("_FAILED")]
            done = "create" if verb == "CREATE" else "update"
            reason = f"The following resource(s) failed to {done}: [{', '.join(failed)}]. "
            self._fail(verb, reason)
            return
        except Refusal as refusal:  # in the outputs, which no resource's event can tell
            self._fail(verb, refusal.message)
            return
        self._stack = replace(self._stack, outputs=outputs)
        if verb == "UPDATE":
            self._clean_up()
        self._end(f"{verb}_COMPLETE")

    def _fail(self, verb: str, reason: str) -> None:
        assert self._stack.work is not None
        if verb == "UPDATE":
            self._status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            self._go_back()
        elif self._stack.work.on_failure in _CANT_GO_BACK:
            self._end("CREATE_FAILED", reason)
        elif self._stack.work.on_failure == "DELETE":
            self._delete(f"{reason}Delete requested by user.")
        else:
            self._status("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
            self._go_back()

    def _wanted_names(self) -> list[str]:
        return [name for name in self._template.order() if self._is_wanted(self._template.resources[name])]

    def _is_wanted(self, part: Mapping[str, Any]) -> bool:
        return "Condition" not in part or self._around().holds(part["Condition"])

    def _bring(self, name: str) -> None:
        """Make the resource, or change it, unless it is as wanted."""
        there = self._stack.resources.get(name)
        kind_name = self._template.resources[name]["Type"]
        kind = KINDS[kind_name]
        try:
            wanted = self._resolved(name)
            fault = properties_fault(name, kind, wanted)
        except Refusal as refusal:
            wanted, fault = {}, refusal.message
        old = self._before().get(name)
        if fault is not None:
            failed = there or StackResource(name, kind_name, "", "", self._now())
            self._resource(replace(failed, status="UPDATE_FAILED" if old else "CREATE_FAILED", reason=fault))
            raise _Failed
        if old is None or old.kind != kind_name or _replaces(kind.replaced_by, old.wanted, wanted):
            self._make(name, kind_name, wanted, there if there is not None and there.physical != _id(old) else None)
        elif old.wanted != wanted and not (there and (there.status, there.wanted) == ("UPDATE_COMPLETE", wanted)):
            # Unless this very work has changed it already, before it was interrupted.
            self._change(old, wanted)

    def _make(self, name: str, kind_name: str, wanted: Mapping[str, Any], begun: StackResource | None) -> None:
        if begun is not None and begun.status == "CREATE_COMPLETE":
            return
        kind = KINDS[kind_name]
        again = begun is not None and begun.begun
        if begun is None or not again:
            physical = kind.physical_id(self._place, name, wanted)
            resource = StackResource(name, kind_name, physical, "CREATE_IN_PROGRESS", self._now(), wanted, begun=True)
            self._resource(resource)
        else:
            resource = begun

        def made(physical: str, attributes: Mapping[str, str]) -> None:
            nonlocal resource
            resource = replace(resource, physical=physical, attributes=attributes, made=True)
            self._resource(replace(resource, reason="Resource creation Initiated"))

        try:
            kind.create(self._hands(), resource.physical, wanted, made, again=again)
        except (CallFailed, Refusal) as failure:
            self._resource(replace(resource, status="CREATE_FAILED", reason=str(failure)))
            raise _Failed from None
        self._resource(replace(resource, status="CREATE_COMPLETE", reason=""))

    def _change(self, old: StackResource, wanted: Mapping[str, Any]) -> None:
        changing = replace(old, status="UPDATE_IN_PROGRESS", wanted=wanted, reason="")
        self._resource(changing)
        try:
            KINDS[old.kind].update(self._hands(), old.physical, old.wanted, wanted)
        except (CallFailed, Refusal) as failure:
            self._resource(replace(changing, status="UPDATE_FAILED", reason=str(failure)))
            raise _Failed from None
        self._resource(replace(changing, status="UPDATE_COMPLETE"))

    def _outputs(self) -> dict[str, dict[str, str]]:
        return {
            name: {
                "OutputValue": str(self._around().resolve(part.get("Value"))),
                "Description": part.get("Description", ""),
            }
            for name, part in self._template.outputs.items()
            if self._is_wanted(part)
        }

    def _clean_up(self) -> None:
        """Remove what the new template has no more, or has replaced."""
        wanted = set(self._wanted_names())
        old = [one for one in self._before().values() if one.physical != _id(self._stack.resources.get(one.logical))]
        old += [one for name, one in self._stack.resources.items() if name not in wanted]
        if old:
            self._status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        for resource in reversed(old):
            self._remove(resource)
        left = {name: one for name, one in self._stack.resources.items() if name in wanted}
        self._stack = replace(self._stack, resources=left)

    # --- back --------------------------------------------------------------------------------------------------------

    def _go_back(self) -> None:
        """Undo what was made and changed, last first."""
        before = self._before()
        failed = []
        for resource in reversed(list(self._stack.resources.values())):
            old = before.get(resource.logical)
            if old is not None and old.physical == resource.physical:
                if resource.wanted != old.wanted and not self._change_back(resource, old):
                    failed.append(resource.logical)
            elif not self._remove(resource):
                failed.append(resource.logical)
        assert self._stack.work is not None
        start = "UPDATE_ROLLBACK" if self._stack.work.verb == "UPDATE" else "ROLLBACK"
        if failed:
            verb = "update" if start == "UPDATE_ROLLBACK" else "delete"
            self._end(f"{start}_FAILED", f"The following resource(s) failed to {verb}: [{', '.join(failed)}]. ")
            return
        if stored := self._stack.work.before:
            old_stack = StoredStack.from_json(stored)
            kept = ("template", "original", "parameters", "tags", "capabilities", "resources", "outputs", "role_arn")
            self._stack = replace(self._stack, **{name: getattr(old_stack, name) for name in kept})
        self._end(f"{start}_COMPLETE")

    def _change_back(self, resource: StackResource, old: StackResource) -> bool:
        self._resource(replace(resource, status="UPDATE_IN_PROGRESS", reason=""))
        try:
            KINDS[old.kind].update(self._hands(), old.physical, resource.wanted, old.wanted)
        except (CallFailed, Refusal) as failure:
            self._resource(replace(resource, status="UPDATE_FAILED", reason=str(failure)))
            return False
        self._resource(replace(old, status="UPDATE_COMPLETE", reason=""))
        return True

    def _delete(self, reason: str = _ASKED) -> None:
        assert self._stack.work is not None
        if self._stack.status != "DELETE_IN_PROGRESS":
            self._status("DELETE_IN_PROGRESS", reason)
        left = [one for one in reversed(list(self._stack.resources.values())) if one.status != "DELETE_COMPLETE"]
        failed = [one.logical for one in left if not self._remove(one)]
        if failed:
            self._end("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        else:
            self._stack = replace(self._stack, deleted=self._now())
            self._end("DELETE_COMPLETE")

    def _remove(self, resource: StackResource) -> bool:
        """Remove one resource; gives whether nothing of it is left that should go."""
        work = self._stack.work
        assert work is not None
        part = self._template.resources.get(resource.logical, {})
        if resource.logical in work.retained or part.get("DeletionPolicy") == "Retain":
            self._resource(replace(resource, status="DELETE_SKIPPED", reason=""))
            return True
        if not resource.made or resource.status in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
            if resource.status == "CREATE_FAILED":
                self._resource(replace(resource, status="DELETE_COMPLETE", reason=""))
            return True
        self._resource(replace(resource, status="DELETE_IN_PROGRESS", reason=""))
        try:
            KINDS[resource.kind].delete(self._hands(), resource.physical, resource.wanted)
        except (CallFailed, Refusal) as failure:
            self._resource(replace(resource, status="DELETE_FAILED", reason=str(failure)))
            return False
        self._resource(replace(resource, status="DELETE_COMPLETE", reason="", made=False))
        return True

    # --- what is known -----------------------------------------------------------------------------------------------

    def _before(self) -> Mapping[str, StackResource]:
        """The resources as they were before this work; none at a creation."""
        work = self._stack.work
        if work is None or work.before is None:
            return {}
        return StoredStack.from_json(work.before).resources

    def _resolved(self, name: str) -> dict[str, Any]:
        return wanted_properties(self._stack, self._template, name)

    def _around(self) -> Surroundings:
        return surroundings(self._stack, self._template)

    # --- what is told ------------------------------------------------------------------------------------------------

    def _status(self, status: str, reason: str = "") -> None:
        stack = replace(self._stack, status=status, reason="" if reason == _ASKED else reason)
        self._stack = self._told(
            stack, StackResource(stack.name, STACK_TYPE, stack.id, status, self._now(), reason=reason)
        )

    def _end(self, status: str, reason: str = "") -> None:
        self._stack = replace(self._stack, work=None)
        self._status(status, reason)

    def _resource(self, resource: StackResource) -> None:
        there = self._stack.resources.get(resource.logical)
        resource = replace(resource, when=self._now())
        # An old one that was replaced has its events, but its place is taken.
        of_old = there is not None and there.physical != resource.physical and resource.status.startswith("DELETE")
        stack = self._stack if of_old else self._stack.with_resource(resource)
        self._stack = self._told(stack, resource)

    def _told(self, stack: StoredStack, about: StackResource) -> StoredStack:
        event = StackEntry(
            id=str(uuid.uuid4()) if about.kind == STACK_TYPE else f"{about.logical}-{about.status}-{about.when}",
            when=about.when,
            logical=about.logical,
            physical=about.physical,
            kind=about.kind,
            status=about.status,
            reason=about.reason,
            properties=json.dumps(about.wanted, separators=(",", ":")) if about.wanted else "",
        )
        return self._keep(replace(stack, events=(*stack.events, event)))


def _id(resource: StackResource | None) -> str:
    return resource.physical if resource is not None else ""


def _replaces(fixed: Iterable[str], old: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return any(old.get(key) != wanted.get(key) for key in fixed)
