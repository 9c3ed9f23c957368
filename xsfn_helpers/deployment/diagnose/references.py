"""Which roles and state machines a diagnosis has to look at, as far as the evidence names them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from xsfn_helpers.common.arns import Arn, machine_arn, role_name
from xsfn_helpers.deployment.diagnose.calls import calls_of
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.mistakes import machine_slip, role_slip
from xsfn_helpers.deployment.diagnose.tasks import TaskCall, read_tasks


def wanted_roles(evidence: Evidence) -> tuple[str, ...]:
    """The ARNs of the roles of the chain, and of those that a slip probably meant."""
    return tuple(dict.fromkeys(arn for arn in _roles(evidence) if role_name(arn)))


def wanted_machines(evidence: Evidence) -> tuple[str, ...]:
    """The ARNs of the state machines that the tasks start, and of those that a slip probably meant."""
    return tuple(dict.fromkeys(_machines(evidence)))


def _roles(evidence: Evidence) -> Iterator[str]:
    yield evidence.machine.role_arn
    for task in read_tasks(evidence.machine.definition, evidence.execution):
        if task.takes_on_a_role and task.role_arn:
            yield task.role_arn
            slip = role_slip(task.role_arn, evidence)
            if slip is not None and slip.meant:
                yield slip.meant
    for arn in wanted_machines(evidence):
        machine = evidence.state_machine(arn)
        if machine is not None:
            yield machine.role_arn


def _machines(evidence: Evidence) -> Iterator[str]:
    for task in read_tasks(evidence.machine.definition, evidence.execution):
        for call in calls_of(task, evidence).calls:
            if call.action.startswith("states:Start") and call.resource and "*" not in call.resource:
                yield from _machine(call.resource, task, evidence)


def _machine(resource: str, task: TaskCall, evidence: Evidence) -> Iterator[str]:
    arn = Arn.parse(resource)
    if arn is not None and arn.machine_name:
        yield machine_arn(resource)
    slip = machine_slip(resource, evidence, task)
    if slip is not None and slip.meant:
        yield machine_arn(slip.meant)
