"""The prerequisites and the article's three stages: what each makes, in order, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.iam import InlinePolicy, Role
from xsfn_helpers.deployment.resources.resource import refuse_foreign
from xsfn_helpers.deployment.resources.setup import SetupResources
from xsfn_helpers.deployment.resources.state_machine import StateMachine

STAGE_NUMBERS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the article (1 to 3), or the prerequisites (0).

    Applying twice is applying once; undoing removes only what carries the lab's tag; after an interruption of either,
    doing it again completes it.
    """

    number: int
    title: str
    resources: tuple[Role | InlinePolicy | StateMachine, ...]

    def plan(self) -> Plan:
        """What `apply` would create, change and leave. Reads only."""
        looked = self._on(self._environment.at_one_look())
        return Plan(self.title, tuple(resource.plan() for resource in looked.resources))

    def plan_undo(self) -> Plan:
        """What `undo` would remove. Reads only."""
        looked = self._on(self._environment.at_one_look())
        changes = [resource.plan_undo() for resource in reversed(looked.resources)]
        return Plan(self.title, tuple(change for change in changes if change))

    def apply(self) -> Plan:
        """Bring the step about and say what was done.

        Raises `StepError` when AWS denies a call, and, before anything is changed, when a name is taken by something
        that isn't the lab's.
        """
        # One reading serves until something is changed; what comes after a change is looked at anew.
        resources = self._on(self._environment.for_changes()).resources
        planned = [resource.plan() for resource in resources]
        for change in planned:
            refuse_foreign(change)
        done = [
            resource.apply() if change.action.alters else change
            for resource, change in zip(resources, planned, strict=True)
        ]
        return Plan(self.title, tuple(done), done=True)

    def undo(self) -> Plan:
        """Take back what the step made, last first. What isn't the lab's is left and named in the result."""
        changes = [resource.undo() for resource in reversed(self.resources)]
        return Plan(self.title, tuple(change for change in changes if change), done=True)

    @property
    def is_applied(self) -> bool:
        """Whether everything is there and as the step wants it."""
        return all(change.action.is_there for change in self.plan())

    @property
    def _environment(self) -> Environment:
        return self.resources[0].environment

    def _on(self, environment: Environment) -> Step:
        return replace(self, resources=tuple(replace(resource, environment=environment) for resource in self.resources))


@dataclass(frozen=True, slots=True)
class Steps:
    """The prerequisites and the three stages on one ground."""

    environment: Environment
    blueprint: Blueprint
    prerequisites: Step
    execute_role: Step
    operator_role: Step
    operator_task: Step
    subject_machine: StateMachine
    operator_machine: StateMachine

    @classmethod
    def on(cls, environment: Environment, blueprint: Blueprint) -> Steps:
        setup = SetupResources(environment, blueprint)
        subject_machine, operator_machine = setup.machine("subject_definition"), setup.machine("operator_definition")
        return cls(
            environment,
            blueprint,
            prerequisites=Step(
                0,
                tr("Prerequisites: the Operator role, the Subject role and the Subject state machine"),
                (setup.role(Node.OPERATOR_ROLE), setup.role(Node.SUBJECT_ROLE), subject_machine),
            ),
            execute_role=Step(
                1,
                tr("Stage 1: the execute role in the Subject account"),
                (setup.role(Node.EXECUTE_ROLE), setup.policy("execute_role_permissions")),
            ),
            operator_role=Step(
                2, tr("Stage 2: the Operator role's permission"), (setup.policy("operator_role_permissions"),)
            ),
            operator_task=Step(3, tr("Stage 3: the Operator state machine with its task"), (operator_machine,)),
            subject_machine=subject_machine,
            operator_machine=operator_machine,
        )

    def at_one_look(self) -> Steps:
        """The same steps, to be planned from one reading of the accounts, and not to be applied."""
        return Steps.on(self.environment.at_one_look(), self.blueprint)

    def __iter__(self) -> Iterator[Step]:
        """All four, in the order in which they are applied."""
        return iter((self.prerequisites, self.execute_role, self.operator_role, self.operator_task))

    def stage(self, number: int) -> Step:
        """Stage 1, 2 or 3. Raises `StepError` for any other number."""
        for step in self:
            if step.number == number and number in STAGE_NUMBERS and not isinstance(number, bool):
                return step
        known = ", ".join(map(str, STAGE_NUMBERS))
        raise StepError(tr("Stage {number!r} does not exist; stages are {known}.", number=number, known=known))

    def bring_to(self, number: int) -> None:
        """Bring both accounts to exactly this: prerequisites and stages up to `number` applied, later ones undone.

        0 means the prerequisites alone. Raises `StepError` for a number there is no stage for.
        """
        if number != 0:
            self.stage(number)
        later = [step for step in self if step.number > number]
        for step in reversed(later):
            step.undo()
        for step in self:
            if step.number <= number:
                step.apply()
