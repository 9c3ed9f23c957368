"""The CloudFormation API: requests checked, stacks kept, and the work on them begun."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.sandbox.cloudformation import answers, change_set_calls
from xsfn_helpers.sandbox.cloudformation.api import name_call
from xsfn_helpers.sandbox.cloudformation.change_set_calls import ChangeSets
from xsfn_helpers.sandbox.cloudformation.deployer_calls import CLOUDFORMATION, Hands
from xsfn_helpers.sandbox.cloudformation.parameters import Matches, parameter_values
from xsfn_helpers.sandbox.cloudformation.requests import (
    StackRequest,
    capabilities,
    check_auto_expand,
    check_capability,
    given_parameters,
    on_failure_of,
    stack_tags,
    template_text,
    texts_of,
)
from xsfn_helpers.sandbox.cloudformation.sam_transform import expanded, is_sam
from xsfn_helpers.sandbox.cloudformation.stack import StoredStack
from xsfn_helpers.sandbox.cloudformation.template import Template, document_of, invalid
from xsfn_helpers.sandbox.cloudformation.work import StackWorker
from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.evaluator import Evaluator
from xsfn_helpers.sandbox.guests.turns import aside
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.service import Asked

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.gateway.gateway import Gateway

_log = logging.getLogger(__name__)
_KIND: Final = "stack"
# A stack of a few roles takes less; who asks for it then finds it complete at the first look.
_PATIENCE: Final = 2.0
# One call to IAM or Step Functions takes less.
_LONGEST_STEP: Final = 5.0
_UPDATABLE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class _Abandoned(Exception):
    """The stack's account was emptied while the stack was being worked on."""


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def undone(stack: StoredStack) -> dict[str, Any]:
    """What an update that fails goes back to."""
    return stack.to_json() | {"events": [], "work": None}


class Stacks:
    """The stacks of all accounts. Safe to use from several threads; each change is in the journal before it is told."""

    def __init__(self, journal: Journal, evaluator: Evaluator) -> None:
        self._journal = journal
        self._evaluator = evaluator
        self._lock = threading.RLock()
        self._stacks = {stack_id: StoredStack.from_json(body) for stack_id, body in journal.entries(_KIND)}
        self._gateway: Gateway | None = None
        self._threads: dict[str, threading.Thread] = {}
        self._abandoned: set[str] = set()
        self._change_sets = ChangeSets(journal, self, now)

    def work_through(self, gateway: Gateway) -> None:
        """From now on the work is done through `gateway`; what an end of the process interrupted goes on."""
        self._gateway = gateway
        for stack in [stack for stack in self._stacks.values() if stack.busy]:
            self._begin(stack, wait=0)

    def read(self, request: HttpRequest, place: CallPlace) -> Call:
        """Name a request to CloudFormation. Raises `Refusal`."""

        def stack_id_of(name: str) -> str | None:
            if change_set := self._change_sets.by_arn(name, place.account_id, place.region):
                return change_set.stack.id
            # No stack's name has a colon: of others, only a name is looked up here.
            found = None if ":" in name or not name else self.named(place.account_id, place.region, name)
            return found.id if found else None

        return name_call(request, place, stack_id_of)

    def answer(self, asked: Asked) -> HttpResponse:
        """Carry out an allowed request. Raises `Refusal` in CloudFormation's words."""
        request = StackRequest(asked.asker, asked.params, asked.place, self._object_reader(asked))
        operation = asked.call.operation
        if operation in change_set_calls.OPERATIONS:
            result = self._change_sets.answer(operation, request)
        else:
            result = _OPERATIONS[operation](self, request)
        body = answers.answer_xml(operation, result, asked.request_id)
        return HttpResponse(200, body, {"content-type": "text/xml", "x-amzn-requestid": asked.request_id})

    def empty(self, account_ids: Collection[str]) -> None:
        """Forget the stacks of these accounts; what is being done on one ends with the step it is at."""
        self._change_sets.empty(account_ids)
        with self._lock:
            gone = [stack for stack in self._stacks.values() if stack.account_id in account_ids]
            self._journal.remove(_KIND, [stack.id for stack in gone])
            for stack in gone:
                del self._stacks[stack.id]
            at_work = [stack.id for stack in gone if stack.busy]
            self._abandoned.update(at_work)
        for thread in [thread for stack_id in at_work if (thread := self._threads.get(stack_id))]:
            thread.join(_LONGEST_STEP)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        stack = self._stacks.get(arn)
        return stack.tags if stack is not None else {}

    def _matches_for(self, request: StackRequest) -> Matches:
        return lambda pattern, value: self._evaluator.matches(request.place.account_id, pattern, value)

    # --- changes -----------------------------------------------------------------------------------------------------

    def create(self, request: StackRequest) -> dict[str, Any]:
        stack = self.planned(request)
        with self._lock:
            if self.named(request.account_id, request.region, stack.name):
                raise Refusal("AlreadyExistsException", f"Stack [{stack.name}] already exists")
            work = request.work("CREATE", on_failure=on_failure_of(request.params))
            kept = self._keep(replace(stack, work=work))
        self._begin(kept)
        return {"StackId": stack.id}

    def planned(self, request: StackRequest) -> StoredStack:
        """A stack as a request wants it, not yet kept. Raises `Refusal`."""
        params = request.params
        text = template_text(request)
        template = self._template(request, text, given_parameters(params, {}))
        values = parameter_values(template, given_parameters(params, {}), self._matches_for(request))
        check_capability(template, params)
        stack_id = request.arn(f"stack/{params['StackName']}/{uuid.uuid4()}")
        self._check_role(request, stack_id)
        return StoredStack(
            id=stack_id,
            name=params["StackName"],
            account_id=request.account_id,
            region=request.region,
            template=template.text,
            original=text,
            parameters=values,
            tags=stack_tags(params),
            capabilities=capabilities(params),
            role_arn=params.get("RoleARN", ""),
            status="",
            created=now(),
        )

    def _template(self, request: StackRequest, text: str, values: Mapping[str, str] | None = None) -> Template:
        """The template that a text stands for, its transform carried out. Raises `Refusal`."""
        document = document_of(text)
        if not is_sam(document):
            return Template.read(text)
        if values is not None and "ChangeSetName" not in request.params:
            check_auto_expand(request.params)
        place = request.place
        return Template.read(expanded(document, values or {}, account_id=place.account_id, region=place.region))

    def update(self, request: StackRequest) -> dict[str, Any]:
        with self._lock:
            before = self.updatable(request)
            stack = self.planned_update(request, before)
            if (stack.template, stack.parameters, stack.tags) == (before.template, before.parameters, before.tags):
                raise invalid("No updates are to be performed.")
            work = request.work("UPDATE", before=undone(before))
            kept = self._keep(replace(stack, updated=now(), work=work))
        self._begin(kept)
        return {"StackId": stack.id}

    def updatable(self, request: StackRequest) -> StoredStack:
        """The stack that a request wants to update. Raises `Refusal`."""
        name = request.params["StackName"]
        before = self.named(request.account_id, request.region, name)
        if before is None:
            raise invalid(f"Stack [{name}] does not exist")
        if before.status not in _UPDATABLE:
            raise invalid(f"Stack:{before.id} is in {before.status} state and can not be updated.")
        return before

    def planned_update(self, request: StackRequest, before: StoredStack) -> StoredStack:
        """The stack as a request would have it, not yet kept. Raises `Refusal`."""
        params = request.params
        previous = params.get("UsePreviousTemplate", "").lower() == "true"
        text = before.asked_for if previous else template_text(request)
        given = given_parameters(params, before.parameters)
        template = self._template(request, text, given)
        values = parameter_values(template, given, self._matches_for(request))
        check_capability(template, params)
        self._check_role(request, before.id)
        return replace(
            before,
            template=template.text,
            original=text,
            parameters=values,
            tags=stack_tags(params) or dict(before.tags),
            capabilities=capabilities(params),
            role_arn=params.get("RoleARN") or before.role_arn,
        )

    def review(self, stack: StoredStack) -> None:
        """Keep a stack that has a change set and nothing else yet."""
        self._keep(stack)

    def carry_out(self, stack: StoredStack, request: StackRequest, verb: str, on_failure: str) -> None:
        """Begin what a change set told. Raises `Refusal` where the stack isn't as it was any more."""
        with self._lock:
            before = self.named(stack.account_id, stack.region, stack.id)
            if before is None or before.busy or (verb == "UPDATE" and before.status not in _UPDATABLE):
                status = before.status if before else "DELETE_COMPLETE"
                raise invalid(f"Stack:{stack.id} is in {status} state and can not be updated.")
            if verb == "CREATE":
                work = request.work(verb, on_failure=on_failure)
            else:
                work = request.work(verb, on_failure=on_failure, before=undone(before))
                stack = replace(stack, resources=before.resources, outputs=before.outputs, updated=now())
            kept = self._keep(replace(stack, work=work))
        self._begin(kept)

    def delete(self, request: StackRequest) -> dict[str, Any]:
        params = request.params
        with self._lock:
            stack = self.named(request.account_id, request.region, params["StackName"])
            if stack is None or stack.gone:
                return {}
            if stack.busy:
                raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be deleted.")
            retained = tuple(texts_of(params, "RetainResources"))
            if retained and stack.status != "DELETE_FAILED":
                raise invalid(
                    f"Invalid operation on stack [{stack.id}]. When you delete a stack, specify which resources to "
                    "retain only when the stack is in the DELETE_FAILED state."
                )
            self._check_role(request, stack.id)
            stack = replace(
                stack,
                role_arn=params.get("RoleARN") or stack.role_arn,
                work=request.work("DELETE", retained=retained),
            )
            self._keep(stack)
        self._change_sets.forget(stack.id)
        self._begin(stack)
        return {}

    # --- readings ----------------------------------------------------------------------------------------------------

    def describe(self, request: StackRequest) -> dict[str, Any]:
        if "StackName" in request.params:
            return {"Stacks": [answers.described(self._known(request))]}
        return {"Stacks": [answers.described(stack) for stack in self._of(request) if not stack.gone]}

    def describe_events(self, request: StackRequest) -> dict[str, Any]:
        stack = self._known(request, "Stack [{}] does not exist")
        return {"StackEvents": [answers.event_words(stack, event) for event in reversed(stack.events)]}

    def describe_resources(self, request: StackRequest) -> dict[str, Any]:
        stack = self._known(request)
        return {"StackResources": [answers.resource_words(stack, one) for one in stack.resources.values()]}

    def template_of(self, request: StackRequest) -> dict[str, Any]:
        stack = self._known(request)
        processed = request.params.get("TemplateStage") == "Processed"
        return {
            "TemplateBody": stack.template if processed else stack.asked_for,
            "StagesAvailable": ["Original", "Processed"],
        }

    def describe_resource(self, request: StackRequest) -> dict[str, Any]:
        stack, logical = self._known(request), request.params["LogicalResourceId"]
        found = stack.resources.get(logical)
        if found is None:
            raise invalid(f"Resource {logical} does not exist for stack {stack.name}")
        return {"StackResourceDetail": answers.resource_detail(stack, found)}

    def list_resources(self, request: StackRequest) -> dict[str, Any]:
        found = self._known(request).resources.values()
        return {"StackResourceSummaries": [answers.resource_summary(one) for one in found]}

    def summarise(self, request: StackRequest) -> dict[str, Any]:
        text = self._known(request).asked_for if "StackName" in request.params else template_text(request)
        return answers.template_summary(self._template(request, text), is_sam=is_sam(document_of(text)))

    def list_all(self, request: StackRequest) -> dict[str, Any]:
        wanted = texts_of(request.params, "StackStatusFilter")
        stacks = [stack for stack in self._of(request) if not wanted or stack.status in wanted]
        return {"StackSummaries": [answers.summary(stack) for stack in stacks]}

    def validate(self, request: StackRequest) -> dict[str, Any]:
        text = template_text(request)
        template = self._template(request, text)
        template.order()
        sam = is_sam(document_of(text))
        return {
            "Parameters": [
                {
                    "ParameterKey": name,
                    "DefaultValue": known.get("Default"),
                    "NoEcho": str(known.get("NoEcho", "")).lower() == "true",
                    "Description": known.get("Description"),
                }
                for name, known in template.parameters.items()
            ],
            "Description": template.description,
            **answers.needed(template, is_sam=sam),
        }

    # --- what is kept ------------------------------------------------------------------------------------------------

    def _of(self, request: StackRequest) -> list[StoredStack]:
        with self._lock:
            place = (request.account_id, request.region)
            found = [stack for stack in self._stacks.values() if (stack.account_id, stack.region) == place]
        return sorted(found, key=lambda stack: stack.created, reverse=True)

    def named(self, account_id: str, region: str, name: str) -> StoredStack | None:
        """The account's stack of this name, or, deleted or not, of this id."""
        with self._lock:
            if (found := self._stacks.get(name)) and (found.account_id, found.region) == (account_id, region):
                return found
            place = (account_id, region, name)
            stacks = (one for one in self._stacks.values() if (one.account_id, one.region, one.name) == place)
            return next((stack for stack in stacks if not stack.gone), None)

    def _known(self, request: StackRequest, otherwise: str = "Stack with id {} does not exist") -> StoredStack:
        name = request.params.get("StackName", "")
        found = self.named(request.account_id, request.region, name)
        if found is None:
            raise invalid(otherwise.format(name))
        return found

    def _keep(self, stack: StoredStack) -> StoredStack:
        with self._lock:
            if stack.id in self._abandoned:
                raise _Abandoned(stack.id)
            self._journal.put(_KIND, stack.id, stack.to_json())
            self._stacks[stack.id] = stack
        return stack

    # --- the work ----------------------------------------------------------------------------------------------------

    def _check_role(self, request: StackRequest, source_arn: str) -> None:
        if role_arn := request.params.get("RoleARN"):
            assert self._gateway is not None
            self._gateway.assume_as_service(CLOUDFORMATION, role_arn, source_arn)

    def _begin(self, stack: StoredStack, *, wait: float = _PATIENCE) -> None:
        """Work on the stack in a thread of its own, as AWS does; most of it is done before the answer."""
        thread = threading.Thread(target=self._work, args=(stack,), name=f"stack {stack.name}", daemon=True)
        self._threads[stack.id] = thread
        thread.start()
        with aside():
            thread.join(wait)

    def _work(self, stack: StoredStack) -> None:
        try:
            StackWorker(stack, self._keep, lambda: self._hands(stack), now).run()
        except _Abandoned as stack_id:
            _log.info("stack %s is gone with all that its account had", stack_id)
        except Exception:
            # Nobody waits for this thread; the stack stays in progress, and the next start of the sandbox goes on.
            _log.exception("work on stack %s broke off", stack.id)
        finally:
            self._threads.pop(stack.id, None)

    def _object_reader(self, asked: Asked) -> Callable[[str], str]:
        def read(address: str) -> str:
            assert self._gateway is not None
            credentials = self._gateway.credentials_of(asked.asker.access_key_id, asked.asker.token)
            hands = Hands(self._gateway, credentials, asked.place.region, via=CLOUDFORMATION)
            return hands.object_at(address)

        return read

    def _hands(self, stack: StoredStack) -> Hands:
        """In the name of the stack's role where it has one, else of who asked. Raises `Refusal`."""
        assert self._gateway is not None
        assert stack.work is not None
        if stack.role_arn:
            credentials = self._gateway.assume_as_service(CLOUDFORMATION, stack.role_arn, stack.id).credentials
            return Hands(self._gateway, credentials, stack.region, via="")
        credentials = self._gateway.credentials_of(stack.work.access_key_id, stack.work.token)
        return Hands(self._gateway, credentials, stack.region, via=CLOUDFORMATION)


_OPERATIONS: Final[Mapping[str, Callable[[Stacks, StackRequest], dict[str, Any]]]] = {
    "CreateStack": Stacks.create,
    "UpdateStack": Stacks.update,
    "DeleteStack": Stacks.delete,
    "DescribeStacks": Stacks.describe,
    "DescribeStackEvents": Stacks.describe_events,
    "DescribeStackResources": Stacks.describe_resources,
    "DescribeStackResource": Stacks.describe_resource,
    "GetTemplate": Stacks.template_of,
    "GetTemplateSummary": Stacks.summarise,
    "ListStackResources": Stacks.list_resources,
    "ListStacks": Stacks.list_all,
    "ValidateTemplate": Stacks.validate,
}
