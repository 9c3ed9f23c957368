"""Fixes of slips: the ARN that was meant, or the thing that is missing. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, with_choice, with_value
from xsfn_helpers.common.arns import Arn, account_of
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.language import mark, sentences, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence, RoleSeen
from xsfn_helpers.deployment.diagnose.fixes.changes import Correction, definition_change, new_machine, new_role
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
from xsfn_helpers.deployment.diagnose.judge import Answer, judge
from xsfn_helpers.deployment.diagnose.layers import trust_layers
from xsfn_helpers.deployment.diagnose.least_privilege import minimal_policy, needs, service_role_trust, task_role_trust
from xsfn_helpers.deployment.diagnose.links import SERVICE, TaskLink
from xsfn_helpers.deployment.diagnose.mistakes import Slip, SlipKind, likeness
from xsfn_helpers.deployment.diagnose.tasks import TaskCall, read_tasks
from xsfn_helpers.iam import Principal, Request

_ROLE_SLIPS: Final = (SlipKind.ROLE_MISSING, SlipKind.NOT_A_ROLE, SlipKind.NO_ROLE)
_ELSEWHERE: Final = (SlipKind.OTHER_ACCOUNT, SlipKind.OTHER_PARTITION)
_LOUD: Final = re.compile(r"[^\w+=.@-]", re.ASCII)
_POLICY_NAME: Final = "task"
_PLACEHOLDER: Final = {
    "Comment": "Stands for the work itself",
    "StartAt": "Work",
    "States": {"Work": {"Type": "Pass", "End": True}},
}
_ITS_WORK: Final = mark("The definition is the smallest that runs: put the state machine's own in its place.")


def slip_fixes(link: TaskLink, slip: Slip, task: TaskCall, evidence: Evidence) -> Iterator[Fix]:
    """Fixes of a slip, the likeliest first."""
    if slip.kind is SlipKind.LOUD_NAME:
        yield _quieter_name(link, evidence)
    elif link.number == SERVICE:
        yield _own_role(link, evidence)
    elif slip.kind in _ROLE_SLIPS or (slip.kind in _ELSEWHERE and ":iam:" in slip.meant):
        yield from _role(link, slip, task, evidence)
    elif slip.kind is SlipKind.OTHER_PARTITION and slip.written == task.task.resource:
        yield _resource(link, slip, task, evidence)
    elif slip.kind in (SlipKind.EXPRESS, SlipKind.STANDARD, SlipKind.NO_ACCOUNT) or (
        slip.kind is SlipKind.OTHER_ACCOUNT and not slip.meant
    ):
        yield Fix(link.number, link.task, slip.what)
    else:
        yield from _machine(link, slip, task, evidence)


def _role(link: TaskLink, slip: Slip, task: TaskCall, evidence: Evidence) -> Iterator[Fix]:
    if task.choice.option is Option.RUN_TIME:
        source = tr("It comes from {expression}, at run time.", expression=task.choice.value)
        hint = tr("Give {arn} there.", arn=slip.meant) if slip.meant else tr("Give the ARN of a role that is there.")
        yield Fix(link.number, link.task, sentences(slip.what, source, hint))
        return
    if slip.meant:
        text = with_choice(evidence.machine.definition, task.task, CredentialsChoice(Option.ARN, slip.meant))
        change = definition_change(evidence.machine, text)
        summary = tr("In the Credentials of task {task}, write {arn}.", task=task.title, arn=slip.meant)
        yield Fix(link.number, link.task, summary, (change,))
    elif slip.kind is SlipKind.NO_ROLE:
        yield _new_task_role(link, task, evidence)
    elif (arn := Arn.parse(slip.written)) is not None and arn.role_name:
        made = _task_role(slip.written, task, evidence)
        summary = tr("Make the role {role} in account {account}.", role=arn.role_name, account=arn.account)
        yield Fix(link.number, link.task, summary, (made,))


def _task_role(arn: str, task: TaskCall, evidence: Evidence) -> Correction:
    """A role for this task: it trusts the state machine's role, and may do what the task asks for."""
    acting = replace(task, role_arn=arn)
    permissions = minimal_policy(needs(evidence, (acting,)).get(arn, ()))
    return new_role(arn, task_role_trust(evidence), _POLICY_NAME, permissions)


def _new_task_role(link: TaskLink, task: TaskCall, evidence: Evidence) -> Fix:
    machine = Arn.parse(evidence.machine.arn)
    partition = machine.partition if machine else "aws"
    name = f"{_LOUD.sub('-', evidence.machine.name)[:56]}-execute"
    arn = f"arn:{partition}:iam::{account_of(link.resource)}:role/{name}"
    text = with_choice(evidence.machine.definition, task.task, CredentialsChoice(Option.ARN, arn))
    made = _task_role(arn, _with_role(text, task), evidence)
    summary = tr(
        "Make a role in account {account}, and name it in the Credentials of task {task}.",
        account=account_of(arn),
        task=task.title,
    )
    return Fix(link.number, link.task, summary, (made, definition_change(evidence.machine, text)))


def _with_role(text: str, task: TaskCall) -> TaskCall:
    """The task as the changed definition has it."""
    return next(one for one in read_tasks(text) if one.task.state.path == task.task.state.path)


def _own_role(link: TaskLink, evidence: Evidence) -> Fix:
    machine = evidence.machine
    permissions = minimal_policy(needs(evidence, read_tasks(machine.definition, evidence.execution))[machine.role_arn])
    made = new_role(machine.role_arn, service_role_trust(machine.arn), _POLICY_NAME, permissions)
    summary = tr(
        "Make the state machine's own role, {role}, in account {account}.", role=link.resource, account=machine.account
    )
    return Fix(link.number, link.task, summary, (made,))


def _resource(link: TaskLink, slip: Slip, task: TaskCall, evidence: Evidence) -> Fix:
    text = with_value(evidence.machine.definition, (*task.task.state.path, "Resource"), json.dumps(slip.meant))
    summary = tr("In task {task}, write {arn} as Resource.", task=task.title, arn=slip.meant)
    return Fix(link.number, link.task, summary, (definition_change(evidence.machine, text),))


def _machine(link: TaskLink, slip: Slip, task: TaskCall, evidence: Evidence) -> Iterator[Fix]:
    path = (*task.arguments_path, "StateMachineArn")
    literal = slip.written in evidence.machine.definition
    made = _missing_machine(link, slip, evidence)
    if slip.meant and literal:
        text = with_value(evidence.machine.definition, path, json.dumps(slip.meant, ensure_ascii=False))
        change = definition_change(evidence.machine, text)
        summary = tr("In task {task}, start {arn}.", task=task.title, arn=slip.meant)
        yield Fix(link.number, link.task, summary, (change,))
    elif slip.meant:
        hint = tr("It is known at run time only: give {arn} there.", arn=slip.meant)
        yield Fix(link.number, link.task, sentences(slip.what, hint))
    elif made is not None:
        yield made


def _missing_machine(link: TaskLink, slip: Slip, evidence: Evidence) -> Fix | None:
    """The state machine that everybody names and nobody has made."""
    arn = Arn.parse(slip.written)
    if slip.kind is not SlipKind.MACHINE_MISSING or arn is None:
        return None
    definition = json.dumps(_PLACEHOLDER)
    roles = [role for role in evidence.account(arn.account).roles.values() if _serves(role, slip.written)]
    changes: tuple[Correction, ...] = ()
    if roles:
        role_arn = max(roles, key=lambda role: (likeness(role.name, arn.machine_name), role.arn)).arn
    else:
        role_arn = f"arn:{arn.partition}:iam::{arn.account}:role/{_LOUD.sub('-', arn.machine_name)[:59]}-role"
        changes = (new_role(role_arn, service_role_trust(slip.written)),)
    changes = (*changes, new_machine(slip.written, definition, role_arn))
    summary = tr(
        "Make the state machine {machine} in account {account}, {region}.",
        machine=arn.machine_name,
        account=arn.account,
        region=arn.region,
    )
    return Fix(link.number, link.task, summary, changes, (tr(_ITS_WORK),))


def _serves(role: RoleSeen, machine: str) -> bool:
    """Whether Step Functions may assume this role for the state machine."""
    request = Request(
        Principal.parse(STATES_PRINCIPAL),
        "sts:AssumeRole",
        role.arn,
        role.account,
        {"aws:SourceArn": machine, "aws:SourceAccount": account_of(machine)},
    )
    return judge(request, trust_layers(role, role.arn)).answer is Answer.ALLOWED


def _quieter_name(link: TaskLink, evidence: Evidence) -> Fix:
    machine = evidence.machine
    found = Arn.parse(machine.arn)
    assert found is not None  # a state machine has an ARN
    name = _LOUD.sub("", machine.name) or "state-machine"
    names = (name, *(f"{name}-{number}" for number in range(2, 99)))
    arns = (str(replace(found, rest=f"stateMachine:{one}")) for one in names)
    arn = next(one for one in arns if not evidence.state_machine_is_there(one))
    made = new_machine(arn, machine.definition, machine.role_arn, machine.type, replaces=True)
    return Fix(
        link.number,
        link.task,
        tr(
            "Make the state machine anew under a name that an external ID can have: {machine}.",
            machine=arn.rpartition(":")[2],
        ),
        (made,),
        (tr("Start that one from now on; the trust policies that name the old ARN have to follow."),),
        continues_as=arn,
    )
