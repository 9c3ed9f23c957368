"""What Step Functions checks before it stores or starts anything: names, definitions, roles, inputs.

Texts: the recorded ones (localstack's AWS-validated tests, named at each rule) and Step Functions' own messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Protocol

from xsfn_helpers.asl import definition_rules, json_errors
from xsfn_helpers.asl.definition_rules import MANAGED_RULE, MANAGED_RULE_ACTIONS, Diagnostic
from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.aws_names import FORBIDDEN_IN_MACHINE_NAMES
from xsfn_helpers.sandbox.gateway.calls import Call, Params
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.machine_options import check_encryption, check_options, check_place
from xsfn_helpers.sandbox.gateway.stored import StoredMachine

NOT_ASSUMABLE: Final = Refusal(
    "AccessDeniedException",
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role.",
)


def refusal(diagnostics: Iterable[Diagnostic]) -> Refusal:
    """What CreateStateMachine and UpdateStateMachine answer to a definition with these faults (REC)."""
    parts = [
        f"{one.code}: {one.message}" if one.code == "INVALID_JSON_DESCRIPTION" else str(one) for one in diagnostics
    ]
    return Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(parts)}'")


class Machines(Protocol):
    """The state machines on file."""

    def machine(self, account_id: str, region: str, arn: str) -> StoredMachine | None: ...
    def has_activity(self, account_id: str, region: str, arn: str) -> bool: ...


class MachineRights(Protocol):
    """What Step Functions itself may do with a machine's role."""

    def assumable_by_step_functions(self, role_arn: str, machine_arn: str) -> bool: ...
    def allowed_as_machine(self, role_arn: str, machine_arn: str, actions: Iterable[str], resource: str) -> bool: ...


def check_states(
    call: Call, account_id: str, region: str, machines: Machines, *, rights: MachineRights, partition: str
) -> None:
    """Raise `Refusal` for what Step Functions wouldn't accept."""
    params, operation = call.params, call.operation
    check_place(call, partition=partition, region=region)
    if operation in _ABOUT_TAGS:
        _check_tagged(params["resourceArn"], account_id, region, machines)
    if operation == "CreateActivity":
        check_encryption(params.get("encryptionConfiguration"))
    if operation in _NAMING and (name := params.get("name")) is not None and FORBIDDEN_IN_MACHINE_NAMES.search(name):
        raise Refusal("InvalidName", f"Invalid Name: '{name}'")
    if operation in ("CreateStateMachine", "UpdateStateMachine"):
        machine_arn = call.demands[0].resource
        existing = machines.machine(account_id, region, machine_arn)
        if operation == "CreateStateMachine":
            _check_machine(params, params["roleArn"], params.get("type") or "STANDARD", machine_arn, rights)
            _check_not_taken(params, existing)
        elif existing is None:
            raise Refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine_arn}'")
        else:
            _check_update(params)
            _check_machine(params, params.get("roleArn") or existing.role_arn, existing.type, machine_arn, rights)
    if operation in ("StartExecution", "StartSyncExecution", "ListExecutions"):
        machine = machines.machine(account_id, region, call.demands[0].resource)
        _check_type(operation, machine)
    if operation in ("StartExecution", "StartSyncExecution"):
        _check_input(params.get("input"))


_ABOUT_TAGS: Final = frozenset(("TagResource", "UntagResource", "ListTagsForResource"))
_NAMING: Final = frozenset(("CreateStateMachine", "CreateActivity", "StartExecution", "StartSyncExecution"))


def _check_tagged(arn: str, account_id: str, region: str, machines: Machines) -> None:
    """Tags are a thing's own: put on what isn't there yet, they would be given to whatever comes.

    Versions and aliases have none (localstack: test_tag_state_machine_version, 2023-08).
    """
    if machines.machine(account_id, region, arn) is None and not machines.has_activity(account_id, region, arn):
        raise Refusal("ResourceNotFound", f"Resource not found: '{arn}'")


def _check_machine(params: Params, role_arn: str, kind: str, machine_arn: str, rights: MachineRights) -> None:
    definition = params.get("definition")
    if definition is not None and (faults := definition_rules.diagnose(definition, express=kind == "EXPRESS")):
        raise refusal(faults)
    if not rights.assumable_by_step_functions(role_arn, machine_arn):
        raise NOT_ASSUMABLE
    check_options(params, role_arn, machine_arn, rights)
    if definition is None or not definition_rules.waits_for_own_executions(json.loads(definition)):
        return
    rule_arn = str(replace(Arn.of(machine_arn), service="events", rest=MANAGED_RULE))
    if not rights.allowed_as_machine(role_arn, machine_arn, MANAGED_RULE_ACTIONS, rule_arn):
        raise Refusal("AccessDeniedException", f"'{role_arn}' is not authorized to create managed-rule.")


def _check_update(params: Params) -> None:
    given = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
    if not any(params.get(name) for name in given):
        # Recorded: localstack's test_create_update_state_machine_base_update_none (2023-08-08).
        raise Refusal(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
            "specified",
        )


def _check_type(operation: str, machine: StoredMachine | None) -> None:
    """Express executions leave no trace to list; only they can be waited for (localstack: test_sfn_api_express)."""
    wrong = "STANDARD" if operation == "StartSyncExecution" else "EXPRESS" if operation == "ListExecutions" else ""
    if machine is not None and machine.type == wrong:
        raise Refusal("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")


def _check_input(text: str | None) -> None:
    """Any JSON value will do, but JSON it must be (localstack: test_invalid_start_execution_input, 2023-06-22)."""
    if text is None:
        return
    try:
        json_errors.read(text)
    except json_errors.InvalidJson as error:
        words = error.fault.message if text.strip() else "Invalid execution input."
        raise Refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{words}'") from None


def _check_not_taken(params: Params, existing: StoredMachine | None) -> None:
    """The same request again gives the same machine; the same name with anything else is denied."""
    if existing is None:
        return
    asked = (params["definition"], params["roleArn"], params.get("type") or "STANDARD")
    if asked != (existing.definition, existing.role_arn, existing.type):
        raise Refusal("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
