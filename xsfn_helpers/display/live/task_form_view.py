"""What the form of a task state shows, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task
from xsfn_helpers.asl.validation import DefinitionFault
from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.chain.what_if import WhatIf
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.editing import Desk
from xsfn_helpers.display.live.judgement_view import Remark, TurnView, turn_views


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


@dataclass(frozen=True, slots=True)
class TaskFormView:
    """Everything the front end draws but the picture. `task` is the position in `tasks`, -1 where there is none."""

    title: str
    where: str
    label: str
    text: str
    answers: str
    accepted: bool
    verdict: str
    remarks: tuple[Remark, ...]
    tasks: tuple[TaskView, ...]
    task: int
    option: str
    value: str
    options: dict[str, str]
    roles_of: str
    roles: tuple[RoleChoice, ...]
    notes: tuple[str, ...]
    headline: str
    links: tuple[TurnView, ...]
    differs: tuple[str, ...]
    apply: str
    can_apply: bool
    can_reset: bool
    can_go_back: bool
    said: str
    trouble: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


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
    def is_stored(self) -> bool:
        return self.report.documents[0].is_stored

    @property
    def verdict(self) -> str:
        return self.report.documents[0].short_verdict


def task_form_view(form: Form, desk: Desk) -> TaskFormView:
    """What to show of the form and the text on the desk."""
    report = form.report
    return TaskFormView(
        title=tr("Task state of {machine}", machine=form.machine),
        where=str(form.account),
        label=tr("The definition (Amazon States Language)"),
        text=desk.text,
        answers=desk.answers,
        accepted=not form.faults,
        verdict=form.verdict,
        remarks=tuple(_remark(fault) for fault in form.faults),
        tasks=tuple(TaskView(task.name, task.resource) for task in form.tasks),
        task=form.at if form.tasks else -1,
        option=form.choice.option.name,
        value=form.choice.value,
        options={option.name: tr(option.value) for option in Option},
        roles_of=tr("Roles of the {account}", account=form.roles_account),
        roles=form.roles,
        notes=report.notes,
        headline=report.headline,
        links=turn_views(report),
        differs=report.documents[0].differs,
        apply=tr("Apply in the {account}", account=form.account),
        can_apply=not form.faults and not form.is_stored,
        can_reset=desk.can_reset,
        can_go_back=desk.can_go_back,
        said=desk.said,
        trouble=desk.trouble,
    )


def _remark(fault: DefinitionFault) -> Remark:
    words = " ".join(filter(None, [f"{fault.code}: {fault.message}", fault.detail]))
    return Remark("fault", fault.line, fault.column, words, "")
