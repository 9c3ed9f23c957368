"""The setup in two accounts, and what it takes to build, check, run and break it. A `Lab` shows what this does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, overload

from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.aws.settings import Platform
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Account, Scenario
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment import runs
from xsfn_helpers.deployment.checks import probes, trials
from xsfn_helpers.deployment.checks.validation import Checked, Validation
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.leftovers import Leftovers, by_ledger, by_tags
from xsfn_helpers.deployment.lock import locked
from xsfn_helpers.deployment.practice import extras
from xsfn_helpers.deployment.resources import stack as stacks
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.deployment.snapshot import decide_link
from xsfn_helpers.deployment.stages import STAGE_NUMBERS, Step, Steps

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class AccountHandle:
    """One of the two accounts, as its administrator."""

    account: Account
    _accounts: Accounts

    def session(self) -> boto3.Session:
        return self._accounts.session(self.account.side)

    @overload
    def client(self, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, service: Literal["stepfunctions"]) -> SFNClient: ...
    @overload
    def client(self, service: str) -> Any: ...
    def client(self, service: str) -> Any:
        """A boto3 client of this account; the same one each time."""
        return self._accounts.client(self.account.side, service)

    def __repr__(self) -> str:
        return f"<{self.account}>"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the article, with its checks."""

    step: Step
    _deployment: Deployment

    @property
    def number(self) -> int:
        return self.step.number

    @property
    def title(self) -> str:
        return self.step.title

    @property
    def is_applied(self) -> bool:
        return self.step.is_applied

    def plan(self) -> Plan:
        """What `apply` would create, change and leave."""
        return self.step.plan()

    def apply(self) -> Plan:
        """Bring the stage about. Raises `StepError` when AWS denies, or a name is taken by somebody else's thing."""
        with self._deployment.lock():
            return self.step.apply()

    def undo(self) -> Plan:
        """Take back what the stage made."""
        with self._deployment.lock():
            return self.step.undo()

    def check(self, *, live: bool = True) -> Report:
        """What must hold once this stage and those before it are applied, and later ones aren't."""
        return self._deployment.check(stage=self.number, live=live)

    def check_denied(self) -> Report:
        """What must be denied as long as this stage isn't applied."""
        with self._deployment.lock():
            return self._deployment.validation.before(self.number)

    # An older name; it goes with 1.0.
    check_before = check_denied


@dataclass(frozen=True, slots=True)
class Deployment:
    """The setup in two accounts: where, from which documents. Every method can be called again, with the same end."""

    environment: Environment
    blueprint: Blueprint

    @property
    def scenario(self) -> Scenario:
        return self.environment.scenario

    @property
    def stages(self) -> Steps:
        """Prerequisites and stages, as these documents make them."""
        return Steps.on(self.environment, self.blueprint)

    @property
    def validation(self) -> Validation:
        return Validation(self.environment, self.stages)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the setup for several steps together: another notebook or shell that works on it waits."""
        return locked(self.environment.lab_id)

    def using(self, **documents: str | Mapping[str, Any]) -> Deployment:
        """The same setup from these documents. Raises `PolicyError` or `ConfigError` for one that AWS would deny."""
        return replace(self, blueprint=self.blueprint.using(**documents))

    def as_recommended(self) -> Deployment:
        """The same setup from the recommended documents."""
        return replace(self, blueprint=Blueprint.recommended(self.scenario))

    def may_change(self, *adopted: str) -> Deployment:
        """The same setup, whose stages may change these adopted things.

        Raises `ConfigError` for one that isn't adopted.
        """
        there = self.environment.adopted
        for key in adopted:
            if key not in there.keys:
                known = ", ".join(sorted(there.keys)) or tr("nothing")
                raise ConfigError(
                    tr("{key!r} isn't on the list adopt.", key=key),
                    where="may_change",
                    fix=tr("On that list: {known}.", known=known),
                )
        return replace(
            self, environment=replace(self.environment, adopted=replace(there, may_change=frozenset(adopted)))
        )

    def prepare(self) -> Plan:
        """The prerequisites: Operator role, Subject role, Subject state machine."""
        with self.lock():
            return self.stages.prerequisites.apply()

    def stage(self, number: int) -> Stage:
        """Stage 1, 2 or 3. Raises `StepError` for any other number."""
        return Stage(self.stages.stage(number), self)

    def set_stage(self, number: int) -> str:
        """Bring both accounts to exactly this: prerequisites and stages up to `number` applied, later ones not.

        0 means the prerequisites alone. Says where the accounts stand now.
        """
        with self.lock():
            self.stages.bring_to(number)
        applied = ", ".join(
            [tr("prerequisites"), *(tr("stage {stage}", stage=stage) for stage in STAGE_NUMBERS if stage <= number)]
        )
        still = ", ".join(tr("stage {stage}", stage=stage) for stage in STAGE_NUMBERS if stage > number)
        return tr(
            "Both accounts are at stage {number}. Applied: {applied}. Not applied: {still}.",
            number=number,
            applied=applied,
            still=still or tr("none"),
        )

    def check(self, *, stage: int = STAGE_NUMBERS[-1], live: bool = True, run: Run | None = None) -> Report:
        """Check what stands, against everything that must hold at `stage`; `live=False` only reads.

        `run` is a run that has just ended, to be used as the trial.
        """
        if live:
            with self.lock():
                report = self.validation.report(stage=stage, run=run)
        else:
            report = self.validation.report(stage=stage, live=False)
        self.environment.accounts.events.publish(Checked(report))
        return report

    def evaluate(self, link: int) -> Verdict:
        """Whether link 1 to 6 is allowed by the policies as stored, and why."""
        return decide_link(self.environment, link)

    def run(
        self,
        payload: Any = None,
        *,
        name: str | None = None,
        timeout: float = 60.0,
        on_progress: Callable[[Run], None] | None = None,
    ) -> Run:
        """Start the Operator state machine and follow both executions to the end.

        On AWS, a run that is denied although the policies allow it is started again until IAM has spread them.
        """

        def attempt() -> Run:
            execution = runs.begin(self.environment, payload, name=name)
            return runs.follow(self.environment, execution, timeout=timeout, on_progress=on_progress)

        ended = attempt()
        # The sandbox shows what was done a moment ago as it is; on AWS the first run often comes too soon.
        if self.environment.accounts.target is Platform.SANDBOX or name is not None or not trials.was_refused(ended):
            return ended
        if not self.validation.allows_a_run():
            return ended
        return trials.until_seen(self.environment, attempt, allowed=True)

    def clean(self) -> Plan:
        """Remove everything that was made here, last first, leftovers of probes and faults included."""
        with self.lock():
            done = [stacks.sweep(self.environment), *(step.undo() for step in reversed(list(self.stages)))]
            done += [probes.sweep(self.environment), extras.sweep(self.environment)]
            changes = [change for plan in done for change in plan]
            # Made under other names than now; what is left alone has been told already.
            changes += [change for change in self._begun().remove() if change not in changes]
        return Plan(tr("Clean"), tuple(changes), done=True)

    def plan_clean(self) -> Plan:
        """What `clean` would remove, and leave. Reads only."""
        plans = [stacks.plan_sweep(self.environment), *(step.plan_undo() for step in reversed(list(self.stages)))]
        known = [change for plan in plans for change in plan]
        begun = [change for change in self._begun().plan if change not in known]
        return Plan(tr("Clean"), (*known, *begun))

    def find_resources(self) -> Leftovers:
        """Everything in both accounts that carries the tag of a lab, this one's and others'."""
        return by_tags(self.environment)

    def _begun(self) -> Leftovers:
        """What the ledger has of this lab, under whichever names, that still stands."""
        return by_ledger(self.environment, self.environment.accounts.agreement.changes())
