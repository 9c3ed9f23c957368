"""What the form of a task state shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task
from xsfn_helpers.asl.validation import DefinitionFault
from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.chain.what_if import WhatIf
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.editing import Desk
from xsfn_helpers.display.live.judgement_view import DeskView, Remark, judged


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role that can be chosen."""

    arn: str
    name: str


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task state that the form can be for."""

    name: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFormView(DeskView):
    """The judgement of a definition, with the form. `task` is the position in `tasks`, -1 where there is none."""

    tasks: tuple[TaskView, ...]
    task: int
    option: str
    value: str
    options: dict[str, str]
    roles_of: str
    roles: tuple[RoleChoice, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The form as filled in: the definition's faults and tasks, the task in question, the roles to choose from."""

    machine: str
    account: Account
    faults: tuple[DefinitionFault, ...]
    tasks: tuple[Task, ...]
    at: int
    roles: tuple[RoleChoice, ...]
    roles_account: Account
    report: WhatIf

    @property
    def task(self) -> Task | None:
        return self.tasks[self.at] if self.tasks else None

    @property
    def choice(self) -> CredentialsChoice:
        return self.task.choice if self.task else CredentialsChoice(Option.NONE)

    @property
    def verdict(self) -> str:
        return self.report.documents[0].short_verdict


def task_form_view(form: Form, desk: Desk) -> TaskFormView:
    """What to show of the form and the text on the desk."""
    return TaskFormView(
        title=tr("Task state of {machine}", machine=form.machine),
        where=str(form.account),
        label=tr("The definition (Amazon States Language)"),
        remarks=tuple(_remark(fault) for fault in form.faults),
        tasks=tuple(TaskView(task.name, task.resource) for task in form.tasks),
        task=form.at if form.tasks else -1,
        option=form.choice.option.name,
        value=form.choice.value,
        options={option.name: tr(option.value) for option in Option},
        roles_of=tr("Roles of the {account}", account=form.roles_account),
        roles=form.roles,
        **judged(desk, form.report, form.account, accepted=not form.faults),
    )


def _remark(fault: DefinitionFault) -> Remark:
    words = " ".join(filter(None, [f"{fault.code}: {fault.message}", fault.detail]))
    return Remark("fault", fault.line, fault.column, words, "")
