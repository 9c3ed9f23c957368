"""The form of a task state: the option "IAM role for cross-account access", and the definition it is written into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task, tasks, with_choice
from xsfn_helpers.asl.validation import find_faults
from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.task_role import TakenRole
from xsfn_helpers.chain.what_if import Hypothesis, WhatIf, judge
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import JsonFault, json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.deployment.machine_history import read_machine
from xsfn_helpers.deployment.resources.state_machine import StateMachine
from xsfn_helpers.deployment.snapshot import read_snapshot
from xsfn_helpers.deployment.what_if import read_taken_role
from xsfn_helpers.display.live.editing import Desk, DeskPicture, EditingDesk
from xsfn_helpers.display.live.frontend import TaskFormFrontend
from xsfn_helpers.display.live.task_form_view import Form, RoleChoice, task_form_view
from xsfn_helpers.display.markup import code_block, escape
from xsfn_helpers.display.pictures.workflow import Workflow
from xsfn_helpers.display.what_if_report import words_html

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


class TaskForm(EditingDesk):
    """A state machine's definition and the form of one of its task states; what is done to one shows in the other.

    In a notebook both can be filled in; from a cell, `choose` sets the option and `edit` puts another definition there.
    `apply` gives the definition to the state machine. Raises `StepError` when the accounts can't be read at first.
    """

    def __init__(self, deployment: Deployment, side: Side) -> None:
        self._deployment = deployment
        self._side = side
        self._wanted = Blueprint.recommended(deployment.scenario)
        self._standing = read_snapshot(deployment.environment)
        self._roles = self._read_roles()
        self._taken: dict[CredentialsChoice, TakenRole] = {}
        self._task = ""
        desk = Desk.open(read_machine(deployment.environment, side).definition, self._machine.definition)
        super().__init__(desk, TaskFormFrontend(), deployment.environment.accounts.events)

    @property
    def report(self) -> WhatIf:
        """What the definition would do to the links. None depends on the Subject's."""
        return self._form.report

    @property
    def workflow(self) -> Workflow:
        """The graph of the definition as it is being edited, or where and why there is none."""
        machine = self._machine
        return Workflow(self.document, title=machine.name, account_id=machine.account.id)

    def choose(self, role: str | None, *, task: str = "") -> None:
        """Set the option of a task: the ARN of a role, None for no role, or the path or expression that gives the ARN.

        `task` is the state's name, for a definition with several. Raises `ConfigError` for a task that isn't there, and
        for a definition that can't be read.
        """
        with self._turn:
            if task:
                self._select(task)
            self._choose(_choice(role))

    @property
    def text(self) -> str:
        """The form, the definition and what follows, in words."""
        form = self._form
        lines = [tr("Task state of {machine} ({account})", machine=form.machine, account=form.account)]
        if form.task:
            choice = form.choice
            lines += [
                "  " + tr('State: "{state}"', state=one_line(form.task.name)),
                "  " + tr("Calls: {resource}", resource=one_line(form.task.resource)),
                "  " + tr("IAM role for cross-account access: {role}", role=_role_words(choice)),
            ]
        else:
            lines.append("  " + tr("There is no task state to be seen."))
        if form.faults:
            lines += [f"  {form.verdict}", *(f"    {one_line(str(fault))}" for fault in form.faults)]
        lines += ["  " + tr("Definition"), *(f"    {line}" for line in self._state_in_words())]
        # Where nothing would change, the links needn't be told one by one.
        (judged,) = form.report.documents
        unchanged = not self._desk.can_reset and judged.accepted
        return "\n".join([*lines, f"  {form.report.headline}" if unchanged else form.report.text])

    def _state_in_words(self) -> list[str]:
        """The lines of the task's state, where it can be read; else those of the whole definition."""
        try:
            state = json.loads(self.document)["States"][self._form.task.name] if self._form.task else None
        except (ValueError, LookupError, TypeError):  # a task inside another state, or a definition that isn't JSON
            state = None
        return (json_text({self._form.task.name: state}) if state and self._form.task else self.document).splitlines()

    def _html(self) -> str:
        parts = [self.workflow.figure_html()]
        if self._form.task:
            choice = self._form.choice
            # The role stands out: what is said around it comes before and behind it.
            around = tr("IAM role for cross-account access: {role}", role="\n").partition("\n")
            role = f"<code>{escape(_role_words(choice))}</code>".join(map(escape, (around[0], around[2])))
            parts.append(f"<p><b>{escape(self._form.task.name)}</b><br>{role}</p>")
        parts.append(code_block(self.document))
        return "".join([*parts, words_html(self._form.report)])

    @property
    def _machine(self) -> StateMachine:
        steps = self._deployment.stages
        return steps.operator_machine if self._side is Side.OPERATOR else steps.subject_machine

    @property
    def _name(self) -> str:
        return f"{self._side}_definition"

    def _read(self) -> None:
        self._standing = read_snapshot(self._deployment.environment)
        self._roles = self._read_roles()
        self._taken.clear()
        self._desk = replace(self._desk, stored=read_machine(self._deployment.environment, self._side).definition)

    def _read_roles(self) -> tuple[RoleChoice, ...]:
        """The roles of the Subject account that a task may be given: all but those that AWS keeps for its services."""
        iam = self._deployment.environment.iam(Side.SUBJECT)
        with translated(self._deployment.scenario.subject):
            pages = iam.get_paginator("list_roles").paginate()
            roles = [role for page in pages for role in page["Roles"]]
        return tuple(
            RoleChoice(role["Arn"], role["RoleName"])
            for role in sorted(roles, key=lambda role: role["RoleName"])
            if not role["Path"].startswith("/aws-service-role/")
        )

    def _judge(self) -> None:
        text, machine = self._desk.text, self._machine
        faults = find_faults(text)
        found = _tasks(text)
        names = [task.name for task in found]
        at = names.index(self._task) if self._task in names else 0
        supposed = Hypothesis(
            {self._name: text},
            taken=self._take_on(found[at]) if found and not faults and self._side is Side.OPERATOR else None,
            definition_faults={self._name: faults[0]} if faults else {},
            stored_definitions={self._name: self._desk.stored or ""},
        )
        self._form = Form(
            machine=machine.name,
            account=machine.account,
            faults=faults,
            tasks=found,
            at=at,
            roles=self._roles,
            roles_account=self._deployment.scenario.subject,
            report=judge(self._standing, supposed, recommended=self._wanted, blueprint=self._deployment.blueprint),
        )

    def _take_on(self, task: Task) -> TakenRole:
        """The role that the task assumes; each is looked up once, until something changes."""
        if task.choice not in self._taken:
            self._taken[task.choice] = read_taken_role(self._deployment.environment, task.choice, self._standing.roles)
        return self._taken[task.choice]

    def _answers(self) -> dict[str, Any]:
        return {**super()._answers(), "choose": self._chosen, "select": self._selected}

    def _chosen(self, content: Mapping[str, Any]) -> None:
        with self._turn:
            self._take(content)
            self._carefully(lambda: self._change(self._desk))
            option = Option[str(content["option"])]
            self._carefully(lambda: self._choose(CredentialsChoice(option, str(content.get("value", "")).strip())))

    def _selected(self, content: Mapping[str, Any]) -> None:
        with self._turn:
            self._take(content)
            self._carefully(lambda: self._select(str(content["task"])))

    def _select(self, task: str) -> None:
        known = _tasks(self._desk.text)
        if task not in [one.name for one in known]:
            names = ", ".join(repr(one.name) for one in known)
            raise ConfigError(
                tr("There is no task state {task!r}.", task=task),
                fix=tr("There are: {names}.", names=names) if names else tr("There are: none."),
            )
        self._task = task
        self._change(self._desk)

    def _choose(self, choice: CredentialsChoice) -> None:
        task = self._form.task
        if task is None:
            raise ConfigError(
                tr("The definition has no task state that could be read."), fix=tr("Correct the definition first.")
            )
        self._change(self._desk.put(with_choice(self._desk.text, task, choice)))

    def _state(self) -> Mapping[str, Any]:
        return task_form_view(self._form, self._desk).to_json()

    def _picture(self) -> DeskPicture | None:
        workflow = self.workflow
        return None if workflow.faults else DeskPicture(workflow.dot, workflow.svg, workflow.alt)

    def _save(self, text: str) -> str:
        deployment = self._deployment.using(**{self._name: text})
        if self._side is Side.OPERATOR:
            deployment.stage(3).apply()
        elif self._desk.stored is None:
            deployment.prepare()
        else:
            with deployment.lock():
                deployment.stages.subject_machine.apply()
        return tr(
            "Saved in the {account}: the definition of {machine}.",
            account=self._machine.account,
            machine=self._machine.name,
        )

    def _recommended(self) -> str:
        return self._wanted.text(self._name)


def _role_words(choice: CredentialsChoice) -> str:
    return one_line(choice.value) or tr(choice.option)


def _tasks(text: str) -> tuple[Task, ...]:
    try:
        return tasks(text)
    except JsonFault:
        return ()


def _choice(role: str | None) -> CredentialsChoice:
    if role is None:
        return CredentialsChoice(Option.NONE)
    at_run_time = role.startswith(("$", "{%", "States."))
    return CredentialsChoice(Option.RUN_TIME if at_run_time else Option.ARN, role)
