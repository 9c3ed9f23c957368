"""Revisions, versions and aliases of state machines.

Recorded: localstack's test_sfn_api_versioning (2023-08 to 2024-07) and test_sfn_api_aliasing (2025-04-09).
Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import copy
import random
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.models import StateMachine, StateMachineAlias, StateMachineVersion
from moto.stepfunctions.responses import StepFunctionResponse

from xsfn_helpers.sandbox.gateway.calls import unqualified
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import present
from xsfn_helpers.sandbox.moto_bridge.page_tokens import page_start, page_token

_VERSION: Final = re.compile(r":stateMachine:[^:]+:[0-9]+$")
_MOST_ROUTES: Final = 2
_PAGE: Final = 100
# What moto's StateMachineVersion takes over from its machine only in part.
_COPIED: Final = ("encryptionConfiguration", "loggingConfiguration", "tracingConfiguration")


def offer_versions() -> None:
    """From now on, moto's machines have revisions, and answer every call about versions and aliases."""
    create = StepFunctionResponse.create_state_machine

    def create_checked(response: StepFunctionResponse) -> ActionResult:
        _check_description(response)
        created: ActionResult = create(response)
        return created

    def update_revised(response: StepFunctionResponse) -> ActionResult:
        _check_description(response)
        machine = _machine(response, response._get_param("stateMachineArn"))
        before = _contents(machine)
        publish, described = response._get_param("publish"), response._get_param("versionDescription")
        response.stepfunction_backend.update_state_machine(
            arn=machine.arn,
            definition=response._get_param("definition"),
            role_arn=response._get_param("roleArn"),
            tracing_configuration=response._get_param("tracingConfiguration"),
            encryption_configuration=response._get_param("encryptionConfiguration"),
            logging_configuration=response._get_param("loggingConfiguration"),
        )
        if _contents(machine) != before:
            machine.revision_id = str(uuid.uuid4())
        version = _publish(machine, described) if publish else None
        return ActionResult(
            present(
                updateDate=machine.update_date,
                revisionId=revision_of(machine),
                stateMachineVersionArn=version.arn if version else None,
            )
        )

    StepFunctionResponse.create_state_machine = create_checked
    StepFunctionResponse.update_state_machine = update_revised
    StepFunctionResponse.publish_state_machine_version = _publish_version
    StepFunctionResponse.list_state_machine_versions = _list_versions
    StepFunctionResponse.delete_state_machine_version = _delete_version
    StepFunctionResponse.create_state_machine_alias = _create_alias
    StepFunctionResponse.update_state_machine_alias = _update_alias
    StepFunctionResponse.delete_state_machine_alias = _delete_alias
    StepFunctionResponse.list_state_machine_aliases = _list_aliases


@dataclass(frozen=True, slots=True)
class StartTarget:
    """What StartExecution's ARN leads to: the machine, what of it is run (itself or a version), and by which names."""

    machine: StateMachine
    source: Any
    version_arn: str | None = None
    alias_arn: str | None = None

    def snapshot(self) -> Any:
        """The machine as an execution has it: a later update doesn't reach what has begun."""
        found = copy.copy(self.source)
        found.arn, found.executions = self.machine.arn, []
        return found


def target_of(backend: Any, arn: str) -> StartTarget:
    """Raises `Refusal` where there is no such machine, version or alias."""
    machine_arn = unqualified(arn)
    machine = next((one for one in backend.state_machines if one.arn == machine_arn), None)
    if machine is not None and machine_arn == arn:
        return StartTarget(machine, machine)
    if machine is not None:
        qualifier = arn.removeprefix(f"{machine_arn}:")
        alias = machine.aliases.get(qualifier)
        version = (
            routed(machine, alias) if alias else machine.versions.get(int(qualifier) if qualifier.isdecimal() else 0)
        )
        if version is not None:
            return StartTarget(machine, version, version.arn, alias.arn if alias else None)
    raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def revision_of(machine: Any) -> str | None:
    """The id of what the machine is since its last change; None for one that is as it was made."""
    found: str | None = getattr(machine, "revision_id", None)
    return found


def routed(machine: StateMachine, alias: StateMachineAlias) -> StateMachineVersion | None:
    """The version that an execution started by this alias gets: each as often as its weight says."""
    routes = alias.routing_configuration
    arns = [route["stateMachineVersionArn"] for route in routes]
    (arn,) = random.choices(arns, weights=[route["weight"] for route in routes])  # noqa: S311 - traffic, no secret
    return next((version for version in machine.versions.values() if version.arn == arn), None)


def _contents(machine: StateMachine) -> tuple[Any, ...]:
    return (machine.definition, machine.roleArn, *(getattr(machine, name) for name in _COPIED))


def _machine(response: StepFunctionResponse, arn: str) -> StateMachine:
    found: StateMachine | None = next(
        (machine for machine in response.stepfunction_backend.state_machines if machine.arn == arn), None
    )
    if found is None:
        raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return found


def _check_description(response: StepFunctionResponse) -> None:
    if response._get_param("versionDescription") and not response._get_param("publish"):
        raise Refusal("ValidationException", "Version description can only be set when publish is true")


# --- versions --------------------------------------------------------------------------------------------------------


def _publish(machine: StateMachine, description: str | None) -> StateMachineVersion:
    """The version of the current revision: a new one, unless there is one already."""
    latest = machine.versions.get(machine.latest_version_number)
    if latest is not None and revision_of(latest) == revision_of(machine):
        return latest
    machine.publish(description)
    version: StateMachineVersion = machine.versions[machine.latest_version_number]
    version.revision_id = revision_of(machine)
    return version


def _publish_version(response: StepFunctionResponse) -> ActionResult:
    machine = _machine(response, response._get_param("stateMachineArn"))
    wanted, current = response._get_param("revisionId"), revision_of(machine)
    if wanted and wanted != (current or "INITIAL"):
        raise Refusal(
            "ConflictException",
            f"Failed to publish the State Machine version for revision {wanted}. The current State Machine revision "
            f"is {current or 'INITIAL'}.",
        )
    version = _publish(machine, response._get_param("description"))
    return ActionResult({"creationDate": version.creation_date, "stateMachineVersionArn": version.arn})


def _list_versions(response: StepFunctionResponse) -> ActionResult:
    machine = _machine(response, response._get_param("stateMachineArn"))
    versions = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
    items = [{"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in versions]
    return _page(response, "stateMachineVersions", items)


def _delete_version(response: StepFunctionResponse) -> ActionResult:
    """To delete what isn't there is no error (recorded)."""
    arn = response._get_param("stateMachineVersionArn")
    if not _VERSION.search(arn):
        raise Refusal("InvalidArn", f"Invalid Arn: '{arn}'")
    machine_arn, _, number = arn.rpartition(":")
    machine = next((one for one in response.stepfunction_backend.state_machines if one.arn == machine_arn), None)
    if machine is None:
        return ActionResult({})
    if using := [alias.name for alias in machine.aliases.values() if arn in _routes(alias.routing_configuration)]:
        raise Refusal(
            "ConflictException",
            "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this "
            f"version: [{', '.join(using)}]",
        )
    machine.versions.pop(int(number), None)
    return ActionResult({})


# --- aliases ---------------------------------------------------------------------------------------------------------


def _create_alias(response: StepFunctionResponse) -> ActionResult:
    name, routes = response._get_param("name"), response._get_param("routingConfiguration")
    description = response._get_param("description")
    machine = _checked_routes(response, routes)
    existing = machine.aliases.get(name)
    if existing is None:
        existing = machine.aliases[name] = StateMachineAlias(name, machine.arn, routes, description)
    elif (existing.routing_configuration, existing.description) != (routes, description):
        raise Refusal(
            "ConflictException",
            "Failed to create alias because an alias with the same name and a different routing configuration already "
            "exists.",
        )
    return ActionResult({"creationDate": existing.creation_date, "stateMachineAliasArn": existing.arn})


def _update_alias(response: StepFunctionResponse) -> ActionResult:
    description, routes = response._get_param("description"), response._get_param("routingConfiguration")
    if description is None and routes is None:
        raise Refusal("ValidationException", "Either description or routing configuration must be set.")
    arn = response._get_param("stateMachineAliasArn")
    machine_arn, _, name = arn.rpartition(":")
    machine = next((one for one in response.stepfunction_backend.state_machines if one.arn == machine_arn), None)
    alias = machine.aliases.get(name) if machine is not None else None
    if alias is None:
        raise Refusal("ResourceNotFound", "Request references a resource that does not exist.")
    if routes is not None:
        _checked_routes(response, routes)
    alias.update(description=description, routing_configuration=routes)
    return ActionResult({"updateDate": alias.update_date})


def _delete_alias(response: StepFunctionResponse) -> ActionResult:
    """To delete what isn't there is no error (recorded: test_delete_no_such_alias_arn)."""
    machine_arn, _, name = response._get_param("stateMachineAliasArn").rpartition(":")
    for machine in response.stepfunction_backend.state_machines:
        if machine.arn == machine_arn:
            machine.aliases.pop(name, None)
    return ActionResult({})


def _list_aliases(response: StepFunctionResponse) -> ActionResult:
    arn = response._get_param("stateMachineArn")
    is_version = _VERSION.search(arn)
    machine = _machine(response, arn.rpartition(":")[0] if is_version else arn)
    aliases = sorted(machine.aliases.values(), key=lambda one: (one.creation_date, one.name))
    items = [
        {"stateMachineAliasArn": one.arn, "creationDate": one.creation_date}
        for one in aliases
        if not is_version or arn in _routes(one.routing_configuration)
    ]
    return _page(response, "stateMachineAliases", items)


def _routes(routing: Sequence[Mapping[str, Any]]) -> list[str]:
    return [route["stateMachineVersionArn"] for route in routing]


def _checked_routes(response: StepFunctionResponse, routes: Sequence[Mapping[str, Any]]) -> StateMachine:
    """The machine that all routes lead to. Raises `Refusal` in the words that are recorded."""
    arns, weights = _routes(routes), [route["weight"] for route in routes]
    shown = f"[{', '.join(arns)}]"
    if len(routes) > _MOST_ROUTES:
        items = ", ".join(
            f"RoutingConfigurationListItem(stateMachineVersionArn={arn}, weight={weight})"
            for arn, weight in zip(arns, weights, strict=True)
        )
        raise _invalid(f"[{items}]", "routingConfiguration", "Member must have length less than or equal to 2")
    for number, weight in enumerate(weights, start=1):
        if not 0 <= weight <= 100:
            bound = "less than or equal to 100" if weight > 100 else "greater than or equal to 0"
            raise _invalid(weight, f"routingConfiguration.{number}.member.weight", f"Member must have value {bound}")
    if not all(map(_VERSION.search, arns)):
        words = f"Routing configuration must contain state machine version ARNs. Received: {shown}"
        raise Refusal("ValidationException", words)
    if len(set(arns)) < len(arns):
        words = f"Routing configuration must contain distinct state machine version ARNs. Received: {shown}"
        raise Refusal("ValidationException", words)
    if sum(weights) != 100:
        received = ", ".join(map(str, weights))
        words = f"Sum of routing configuration weights must equal 100. Received: [{received}]"
        raise Refusal("ValidationException", words)
    machines = {arn.rpartition(":")[0] for arn in arns}
    if len(machines) > 1:
        words = f"Routing configuration must contain versions of one state machine. Received: {shown}"
        raise Refusal("ValidationException", words)
    machine = _machine(response, machines.pop())
    for arn in arns:
        if int(arn.rpartition(":")[2]) not in machine.versions:
            raise Refusal("ResourceNotFound", "Request references a resource that does not exist.")
    return machine


def _invalid(value: object, place: str, constraint: str) -> Refusal:
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: {constraint}",
    )


def _page(response: StepFunctionResponse, name: str, items: Sequence[Mapping[str, Any]]) -> ActionResult:
    try:
        start = page_start(response._get_param("nextToken"))
    except ValueError:
        raise Refusal("InvalidToken", "Invalid Token: 'Invalid token'") from None
    most = response._get_param("maxResults") or _PAGE
    following = page_token(start + most) if start + most < len(items) else None
    return ActionResult(present(**{name: items[start : start + most]}, nextToken=following))
