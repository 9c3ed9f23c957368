"""One or several targets in the Subject account, reached with the article's own `Credentials`: set up, decided, tried.

The Operator role, the execute role and the Operator state machine are the lab's; only what the execute role may do and
what the task calls follow from the targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, execute_role_permissions
from xsfn_helpers.chain.links import Link, chain
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.targets import Grant, Pattern, Target
from xsfn_helpers.chain.verdicts import Verdict, decide_from
from xsfn_helpers.common.errors import ConfigError, RunError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable, picture, shown
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment import reach_runs
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.lock import locked
from xsfn_helpers.deployment.reach_runs import ReachRun
from xsfn_helpers.deployment.resources.iam import InlinePolicy
from xsfn_helpers.deployment.resources.targets import TargetResource, receive_token, things
from xsfn_helpers.deployment.runs import begin
from xsfn_helpers.deployment.snapshot import read_roles
from xsfn_helpers.deployment.stages import STAGE_NUMBERS, Steps


@dataclass(frozen=True, slots=True)
class Removal:
    """What a run came to when the execute role lacked one action."""

    target: Target
    grant: Grant
    refused: bool
    words: str

    def __str__(self) -> str:
        mark = tr("✓ denied") if self.refused else tr("✗ not denied")
        return tr(
            "{mark} without {action} on {on}: {words}",
            mark=mark,
            action=self.grant.action,
            on=self.grant.on,
            words=self.words,
        )


@dataclass(frozen=True, slots=True)
class Removals(Renderable):
    """Each single action taken away in turn, and what became of the run."""

    rows: tuple[Removal, ...]

    @property
    def all_refused(self) -> bool:
        return all(row.refused for row in self.rows)

    def __iter__(self) -> Iterator[Removal]:
        return iter(self.rows)

    def __str__(self) -> str:
        return "\n".join(str(row) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Reach:
    """These targets, from the Operator's state machine. Every method can be called again.

    `lab.set_stage(3)` afterwards brings the article's setup back.
    """

    environment: Environment
    targets: tuple[Target, ...]

    @property
    def scenario(self) -> Scenario:
        return self.environment.scenario

    @property
    def blueprint(self) -> Blueprint:
        """The lab's seven documents, as they follow from the targets."""
        return Blueprint.recommended(self.scenario, self.targets)

    @property
    def links(self) -> tuple[Link, ...]:
        """The access chain to these targets."""
        return chain(self.scenario, self.targets)

    @property
    def things(self) -> tuple[TargetResource, ...]:
        return things(self.environment, self.targets)

    def apply(self) -> Plan:
        """Make what is reached, and give the roles what it takes: no more, and no less.

        Raises `StepError` when AWS denies, or when a name is taken by something that isn't the lab's.
        """
        steps = Steps.on(self.environment, self.blueprint)
        with locked(self.environment.lab_id):
            done = list(steps.prerequisites.apply())
            done += [thing.apply() for thing in self.things]
            for number in STAGE_NUMBERS:
                done += steps.stage(number).apply()
        return Plan(
            tr("Reach {names}", names=", ".join(target.name for target in self.targets)), tuple(done), done=True
        )

    def clean(self) -> Plan:
        """Remove what was made to be reached; roles and state machines are the lab's to remove."""
        with locked(self.environment.lab_id):
            done = [thing.undo() for thing in reversed(self.things)]
        return Plan(tr("Clean"), tuple(change for change in done if change), done=True)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Every link, decided from the policies as they are stored."""
        return decide_from(self.scenario, read_roles(self.environment), self.links)

    def run(self, payload: Any = None, *, timeout: float = 60.0) -> ReachRun:
        """Start the Operator state machine and wait for its end."""
        return self.wait(self.start(payload), timeout=timeout)

    def start(self, payload: Any = None) -> str:
        """Start the Operator state machine; gives the execution's ARN."""
        return begin(self.environment, payload)

    def wait(self, execution_arn: str, *, timeout: float = 60.0) -> ReachRun:
        """Wait for the end of an execution. Raises `RunError` when it hasn't come after `timeout` seconds."""
        return reach_runs.follow(self.environment, execution_arn, timeout=timeout)

    def token(self) -> str:
        """The task token that came last into the Subject's queue; taken out of it.

        Raises `ConfigError` where no target is a queue with a token, and `RunError` where none has come.
        """
        waits = [target for target in self.targets if target.service == "sqs" and target.pattern is Pattern.CALLBACK]
        if not waits:
            raise ConfigError(
                tr("No queue here gets a token."),
                fix=tr("Reach one: targets.queue(lab.scenario, pattern=targets.Pattern.CALLBACK)."),
            )
        token = receive_token(self.environment.accounts.client(Side.SUBJECT, "sqs"), waits[0].parameters["QueueUrl"])
        if token is None:
            raise RunError(
                tr("No token has come into the queue."), where=str(self.scenario.subject), fix=tr("Start a run first.")
            )
        return token

    def refresh(self, execution_arn: str) -> ReachRun:
        """An execution as it stands now."""
        return reach_runs.look(self.environment, execution_arn)

    def check(self) -> Report:
        """Every link by the policies, and every target in one real run."""
        run = self.run()
        checks = [
            *(verdict.check for verdict in self.verdicts()),
            *(_tried(number, one, run) for number, one in enumerate(self.targets, start=1)),
        ]
        return Report(tr("All targets"), tuple(checks))

    def test_least_privilege(self) -> Removals:
        """Take each single action away in turn, run that target alone, and put everything back.

        What is asked for only when a run is stopped isn't among them: see `Target.extra`.
        """
        rows: list[Removal] = []
        with locked(self.environment.lab_id):
            for target in self.targets:
                alone = replace(self, targets=(target,))
                Steps.on(self.environment, alone.blueprint).operator_machine.apply()
                try:
                    rows += [alone._without(target, grant) for grant in target.grants if grant.in_every_run]
                finally:
                    self.apply()
        return Removals(tuple(rows))

    # Older names; they go with 1.0.
    follow, look, without_each_action = wait, refresh, test_least_privilege

    def diagram(self, report: Report | None = None) -> Any:
        """The two accounts and the links, each as the stored policies decide it; with a `report`, as it was tried."""
        return shown(picture, self, report)

    def _without(self, target: Target, grant: Grant) -> Removal:
        left = tuple(other for other in target.grants if other is not grant)
        text = json_text(execute_role_permissions(self.scenario, (replace(target, grants=left),)))
        policy = InlinePolicy(
            self.environment, Side.SUBJECT, self.scenario.execute_role_name, EXECUTE_POLICY_NAME, text
        )
        if left:
            policy.apply()
        else:  # a policy without a statement is none
            policy.undo()
        run = self.run()
        refused = not run.succeeded and f"is not authorized to perform: {grant.action.lower()}" in run.cause.lower()
        words = stable_cause(f"{run.error}: {run.cause}") if not run.succeeded else tr("the run succeeded")
        return Removal(target, grant, refused, words)


def _tried(number: int, target: Target, run: ReachRun) -> Check:
    name = f"target-{number}.live"
    end = next((task for task in run.tasks if task.state == target.title), None)
    title = tr("{operation} on the {name}, in a real run", operation=target.operation, name=target.name)
    if end is not None and end.succeeded:
        return Check(name, title, True, tr("it was called as the execute role, and answered"))
    if end is not None and end.error:
        evidence = stable_cause(f"{end.error}: {end.cause}")
    else:
        evidence = tr("it wasn't reached: the execution ended {status}", status=run.status) + (
            f" ({run.error})" if run.error else ""
        )
    return Check(name, title, False, evidence, tr("Apply the targets again: it puts the policies right."))


def reach(environment: Environment, reached: tuple[Target, ...]) -> Reach:
    """The targets, on this ground. Raises `ConfigError` for none at all."""
    if not reached:
        raise ConfigError(
            tr("There is nothing to reach."), fix=tr("Name a target: lab.calls_to(targets.function(lab.scenario)).")
        )
    return Reach(environment, reached)
