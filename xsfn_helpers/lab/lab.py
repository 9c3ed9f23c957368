"""The `Lab` class: one scenario in two accounts, with its stages, checks and runs.

Notebooks get one from `open_lab()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsfn_helpers.aws.advice import is_loopback
from xsfn_helpers.aws.consent import YES, Question
from xsfn_helpers.aws.sandbox_accounts import slow_iam
from xsfn_helpers.aws.seat import seat_of
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import POLICY_PLACES, document_name
from xsfn_helpers.chain.links import Link, chain
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment import runs
from xsfn_helpers.deployment.checks.trust_trial import TrustTrial
from xsfn_helpers.deployment.checks.validation import Validation
from xsfn_helpers.deployment.deployment import AccountHandle, Deployment, Stage
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.leftovers import Leftovers
from xsfn_helpers.deployment.practice.score import place_told
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.deployment.snapshot import read_snapshot
from xsfn_helpers.deployment.stages import STAGE_NUMBERS, Steps
from xsfn_helpers.deployment.status import Status, read_status
from xsfn_helpers.lab import tab
from xsfn_helpers.sandbox.assumptions import NotEstablished

if TYPE_CHECKING:
    from xsfn_helpers.chain import targets
    from xsfn_helpers.chain.what_if import WhatIf
    from xsfn_helpers.deployment.diagnose.asking.short import ShortAnswer
    from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
    from xsfn_helpers.deployment.export import Export
    from xsfn_helpers.deployment.export.comparison import Comparison
    from xsfn_helpers.deployment.export.grants import Grants
    from xsfn_helpers.deployment.practice.exercise import Practice
    from xsfn_helpers.deployment.preflight import Preflight
    from xsfn_helpers.deployment.reach import Reach
    from xsfn_helpers.deployment.second_opinion import SecondOpinion
    from xsfn_helpers.display.annotated import Annotated
    from xsfn_helpers.display.live.chain import LiveDiagram
    from xsfn_helpers.display.live.editor import PolicyEditor
    from xsfn_helpers.display.live.status import LiveStatus
    from xsfn_helpers.display.live.task_form import TaskForm
    from xsfn_helpers.display.pictures.diagram import Diagram
    from xsfn_helpers.display.pictures.workflow import Workflow


def _side(side: Side | str) -> Side:
    try:
        return Side(side)
    except ValueError:
        raise ConfigError(
            tr("There is no side {side!r}.", side=side), fix=tr("There are: {names}.", names=", ".join(Side))
        ) from None


@dataclass(slots=True)
class _Live:
    """The live displays of a lab, made when first shown: one of each kind, however often it is shown."""

    diagram: LiveDiagram | None = None
    status: LiveStatus | None = None
    editors: dict[tuple[str, Blueprint], PolicyEditor] = field(default_factory=dict)
    forms: dict[tuple[Side, Blueprint], TaskForm] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lab:
    """One scenario on two accounts. Every method can be called again: the same state comes out."""

    deployment: Deployment
    _live: _Live = field(default_factory=lambda: _Live(), repr=False, compare=False)

    @property
    def environment(self) -> Environment:
        """Where it stands: its names, its accounts, and the id that marks what it made."""
        return self.deployment.environment

    @property
    def blueprint(self) -> Blueprint:
        """The documents that its stages apply."""
        return self.deployment.blueprint

    @property
    def scenario(self) -> Scenario:
        """The two accounts, and the names of what is in them."""
        return self.deployment.scenario

    @property
    def operator(self) -> AccountHandle:
        """The Operator account, as its administrator."""
        return AccountHandle(self.scenario.operator, self.environment.accounts)

    @property
    def subject(self) -> AccountHandle:
        """The Subject account, as its administrator."""
        return AccountHandle(self.scenario.subject, self.environment.accounts)

    @property
    def links(self) -> tuple[Link, ...]:
        """The six links of the access chain, in the order in which a run makes them."""
        return chain(self.scenario)

    @property
    def steps(self) -> Steps:
        """Prerequisites and stages, as this lab's documents make them."""
        return self.deployment.stages

    @property
    def validation(self) -> Validation:
        """The checks, each for itself; `check` makes them all."""
        return self.deployment.validation

    def may_change(self, *adopted: str) -> Lab:
        """The same lab, whose stages may change these adopted things: look at what `plan()` shows of them first.

        Raises `ConfigError` for one that isn't adopted.
        """
        return replace(self, deployment=self.deployment.may_change(*adopted))

    def preflight(self) -> Preflight:
        """Before any change: who you are, which permissions are missing, what would be made, the cost, the way back.

        Reads only.
        """
        from xsfn_helpers.deployment.preflight import preflight

        return preflight(self.environment, self.steps)

    def confirm_changes(self, answer: str | None = None) -> Question:
        """Say yes, in so many letters, to changes in two AWS accounts; on the sandbox nothing needs it.

        Without an answer it asks: in a notebook with a box to type it into. Where the endpoint is on this computer,
        as in a rehearsal, nobody is asked. Raises `ConfigError` for any other answer.
        """
        accounts = self.environment.accounts
        if answer is None and is_loopback(self.operator.client("sts").meta.endpoint_url):
            answer = YES
        said = accounts.agreement.give(answer) if answer is not None else ""
        return Question(accounts.agreement, self.scenario.operator, self.scenario.subject, said)

    def revoke_confirmation(self) -> str:
        """Take the yes back: nothing is changed any more."""
        return self.environment.accounts.agreement.withdraw()

    def turn(self) -> AbstractContextManager[None]:
        """Hold the lab for several steps together: another notebook or shell that works on it waits."""
        return self.deployment.lock()

    def using(self, **documents: str | Mapping[str, Any]) -> Lab:
        """The same lab with documents of the reader's own, as JSON text or mapping.

        The names are `execute_role_trust`, `execute_role_permissions`, `operator_role_permissions`,
        `operator_definition` …; stages then apply, and checks expect, these documents. Raises `PolicyError` or
        `ConfigError` for one that AWS would deny.
        """
        return replace(self, deployment=self.deployment.using(**documents))

    def document(self, name: str) -> Annotated:
        """One of the documents the lab builds with, and why its lines are there.

        The names are those of `using`. Raises `ConfigError` for another.
        """
        from xsfn_helpers.display.annotated import annotated

        return annotated(self.blueprint, Blueprint.recommended(self.scenario), name)

    def prepare(self) -> Plan:
        """The prerequisites: Operator role, Subject role, Subject state machine."""
        return self.deployment.prepare()

    def calls_to(self, *reached: targets.Target) -> Reach:
        """Other things of the Subject's, reached with the same roles and the same `Credentials` (see `targets`).

        `reach.apply()` makes them and gives the roles what it takes; `set_stage(3)` brings the lab's own setup back.
        Raises `ConfigError` for no target at all.
        """
        from xsfn_helpers.deployment.reach import reach

        return reach(self.environment, reached)

    def stage(self, number: int) -> Stage:
        """Stage 1, 2 or 3. Raises `StepError` for another number."""
        return self.deployment.stage(number)

    def set_stage(self, number: int) -> str:
        """Bring both accounts to exactly this: prerequisites and stages up to `number` applied, later ones not.

        0 means the prerequisites alone. Says where the accounts stand now.
        """
        return self.deployment.set_stage(number)

    def propagation_delay(self, seconds: float) -> AbstractContextManager[None]:
        """For a `with`: changes in IAM take so many seconds (up to 120) to count for decisions, as they may on AWS.

        IAM shows a change at once, STS and Step Functions decide by what has reached them. Afterwards the sandbox is
        as quick as before. On AWS, which has a delay of its own, it changes nothing, and says so. Raises `SandboxError`
        for other figures.
        """
        return slow_iam(self.environment.accounts, seconds)

    def check(self, *, stage: int = STAGE_NUMBERS[-1], live: bool = True, run: Run | None = None) -> Report:
        """Check what stands, against everything that must hold at `stage` (the last one unless told).

        `live=False` only reads; `run` is a run that has just ended, to be used as the trial.
        """
        return self.deployment.check(stage=stage, live=live, run=run)

    def evaluate(self, link: int) -> Verdict:
        """Whether link 1 to 6 is allowed by the policies as stored, and why."""
        return self.deployment.evaluate(link)

    def compare_with_aws(self) -> SecondOpinion:
        """Every link and policy as AWS itself judges it, beside the engine's answer, where AWS may be asked."""
        from xsfn_helpers.deployment.second_opinion import second_opinion

        return second_opinion(self.environment)

    def diagnose(self, arn: str | None = None) -> Diagnosis:
        """Why a setup doesn't work, and the smallest change that makes it; the Operator's, unless told.

        `arn` is that of any state machine or execution in one of the two accounts. Reads, and changes nothing. Raises
        `ConfigError` where there is no such thing.
        """
        from xsfn_helpers.deployment.diagnose.ask import diagnose_accounts

        return diagnose_accounts(arn or self.scenario.operator_machine_arn, self.environment.accounts)

    def diagnose_error(self, words: str) -> ShortAnswer:
        """What AWS's words come from, in five lines: paste the error as it is.

        Reads, and changes nothing. Of a role in another account, it says what you would need. Raises `ConfigError`
        where the words tell of no denial.
        """
        from xsfn_helpers.deployment.diagnose.ask import diagnose_words
        from xsfn_helpers.deployment.diagnose.asking.short import ShortAnswer

        return ShortAnswer(diagnose_words(words, self.environment.accounts))

    def trust_trial(self, caller: Side = Side.OPERATOR) -> TrustTrial:
        """AssumeRole tried out with trust policies of your own; the calling role is in the `caller`'s account."""
        return TrustTrial(self.environment, caller)

    def run(
        self,
        input: Any = None,  # noqa: A002 - what Step Functions calls it
        *,
        name: str | None = None,
        wait: bool = True,
        live: bool = False,
        timeout: float = 60.0,
        on_progress: Callable[[Run], None] | None = None,
    ) -> Run:
        """Start the Operator state machine and follow both executions to the end.

        `wait=False` gives the run as it has begun: `.wait()` waits for it, `.stop()` stops it, `.watch()` shows it.
        `live=True` shows, in a notebook, both histories while the run goes on, with a button that stops it.
        On AWS, a run that is denied although the policies allow it is started again until IAM has spread them.
        """
        if not wait:
            return runs.start(self.environment, input, name=name)
        if live:
            from xsfn_helpers.display.live.show import follow_live

            return follow_live(runs.start(self.environment, input, name=name), timeout=timeout)
        return self.deployment.run(input, name=name, timeout=timeout, on_progress=on_progress)

    def diagram(self, report: Report | None = None) -> Diagram:
        """The two accounts and the six links, each as the stored policies decide it.

        A `report` adds what was tried: a link whose live check failed is shown denied.
        """
        from xsfn_helpers.display.pictures.chain_picture import picture

        return picture(read_snapshot(self.environment), report)

    def live_diagram(self) -> LiveDiagram:
        """The same diagram, live: it changes in place as steps are applied, checks made and runs go on.

        Point at a link, or move to it with Tab, for its decision; open a role for its policies.
        """
        from xsfn_helpers.display.live.chain import LiveDiagram

        if self._live.diagram is None:
            self._live.diagram = LiveDiagram(self.environment)
        return self._live.diagram

    def workflow(self, side: Side | str = Side.OPERATOR, run: Run | None = None) -> Workflow:
        """The workflow graph of the Operator's or the Subject's state machine, as Step Functions' own editor draws it.

        A `run` colours each state by what became of it. A state machine that doesn't exist yet is shown as its stage
        would make it. Raises `ConfigError` for another side.
        """
        from xsfn_helpers.display.pictures.machine_workflow import workflow_of

        return workflow_of(self.deployment, _side(side), run)

    def what_if(self, **documents: str | Mapping[str, Any]) -> WhatIf:
        """What these documents would do to the chain, before anything is applied: every link, and who else gets in.

        The names are those of `using`; texts that AWS would deny are told with line and column. Reads both accounts,
        changes nothing. Raises `ConfigError` for a name there is no document of.
        """
        # Loaded when asked for: it knows all of ASL, and the lab opens faster without.
        from xsfn_helpers.deployment.what_if import what_if

        return what_if(self.deployment, documents)

    def edit(self, name: str) -> PolicyEditor | TaskForm:
        """One of the lab's documents, open for editing: judged at each change, applied only when asked to.

        The names are those of `using`, as one says them: `execute-role trust`, `operator-role permissions`. A
        definition opens as `task_form` does. Raises `ConfigError` for another name.
        """
        from xsfn_helpers.display.live.editor import PolicyEditor

        document = document_name(name)
        place = POLICY_PLACES.get(document)
        if place is None:
            return self.task_form(document.partition("_")[0])
        found = self._live.editors.get((document, self.blueprint))
        if found is None:
            found = self._live.editors[document, self.blueprint] = PolicyEditor(self.deployment, place)
        return found

    def task_form(self, side: Side | str = Side.OPERATOR) -> TaskForm:
        """The form of a task state with its option "IAM role for cross-account access", beside the definition.

        The article's second picture: what is chosen in the form is written into the definition, and back.
        """
        from xsfn_helpers.display.live.task_form import TaskForm

        side = _side(side)
        found = self._live.forms.get((side, self.blueprint))
        if found is None:
            found = self._live.forms[side, self.blueprint] = TaskForm(self.deployment, side)
        return found

    def status(self) -> Status:
        """Where the lab stands, what comes next, and about how long the rest takes. In a notebook it keeps up."""
        seat = seat_of(self.environment.accounts)
        return replace(self._status(), live=self._show_status, room=place_told(seat) if seat else tab.place_told())

    def _status(self) -> Status:
        scenario = self.scenario
        return read_status(self.environment.lab_id, self.steps, operator=scenario.operator, subject=scenario.subject)

    def _show_status(self, status: Status) -> dict[str, Any]:
        from xsfn_helpers.display.live.status import LiveStatus

        if self._live.status is None:
            self._live.status = LiveStatus(self._status, self.environment.accounts.events)
        return self._live.status.bundle(status)

    def export(self, route: str, folder: Path | str | None = None) -> Export:
        """The lab's setup as infrastructure code: `cdk`, `cloudformation` or `terraform`, in files of their own.

        The folder is `exported/` and the route's name unless given. Raises `ConfigError` for another route, for files
        in the way, and for a lab with documents of its own: what is exported are the recommended ones.
        """
        from xsfn_helpers.deployment.export.set_up import export_set_up

        return export_set_up(self.deployment, route, folder)

    def deploy(self, export: Export) -> Plan:
        """Deploy an export to both accounts, as its tool would; `clean` takes it back.

        Raises `StepError` in AWS's words when it denies, `ConfigError` in the tool's words for files it can't use.
        """
        from xsfn_helpers.deployment.export.deploy import deploy

        with self.turn():
            return deploy(export, self.environment)

    def cdk_grants(self, export: Export) -> Grants:
        """What the CDK grants the Operator role, were it let, and which link of the chain needs each statement.

        Where the CDK can't run, the result says what it lacks. Raises `ConfigError` for an export of another route.
        """
        from xsfn_helpers.deployment.export.grants import grants_of

        return grants_of(export, self.scenario)

    def compare_routes(self, *routes: str) -> Comparison:
        """The setup made by hand and by each route in turn, decided, checked and run; leaves both accounts clean.

        All three routes unless some are named. Raises `ConfigError` for another.
        """
        from xsfn_helpers.deployment.export import Route, route_named
        from xsfn_helpers.deployment.export.comparison import compare

        with self.turn():
            return compare(self.deployment, [route_named(route) for route in routes or Route])

    def stack_events(self, side: Side | str, name: str) -> list[str]:
        """What happened to a stack, oldest first, once its work is done. Raises `StepError` where there is none."""
        from xsfn_helpers.deployment.resources.stack import events_of

        return [str(event) for event in events_of(self.environment, _side(side), name)]

    def deployer(self, *actions: str, side: Side | str = Side.OPERATOR) -> str:
        """The ARN of a role for CloudFormation to deploy as, allowed these actions alone. `clean` removes it."""
        from xsfn_helpers.deployment.export.deployer import make_deployer

        return make_deployer(self.environment, _side(side), actions)

    def undocumented(self, *, everything: bool = False) -> NotEstablished:
        """What nobody has written down of AWS, and what the sandbox does there: the few points of the walkthrough."""
        return NotEstablished.everything() if everything else NotEstablished.likely_met()

    def practice(self) -> Practice:
        """Break and fix: faults to break this setup with and to find, with hints, and a score card that stays.

        Raises `ConfigError` where something is adopted: only the lab's own things are broken.
        """
        from xsfn_helpers.deployment.practice.exercise import Practice

        return Practice.on(self.deployment)

    def clean(self) -> Plan:
        """Remove everything the lab made, last first, leftovers of probes and faults included. Others' things stay."""
        return self.deployment.clean()

    def plan_clean(self) -> Plan:
        """What `clean` would remove, and leave. Reads only."""
        return self.deployment.plan_clean()

    def find_resources(self) -> Leftovers:
        """Everything in both accounts that carries the tag of a lab, this one's and others': `.remove()` takes this
        one's away, also what has other names than now."""
        return self.deployment.find_resources()

    # Older names; they go with 1.0.
    agree, withdraw = confirm_changes, revoke_confirmation
    at_stage, decide = set_stage, evaluate
    reach, leftovers = calls_to, find_resources
    second_opinion, not_established = compare_with_aws, undocumented

    def __repr__(self) -> str:
        return f"<Lab {self.environment.lab_id!r}: {self.scenario.operator}, {self.scenario.subject}>"
