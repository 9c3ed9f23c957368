"""More than two accounts: one Operator and any number of Subjects, each with an execute role that trusts it.

One Operator state machine maps over the Subjects' role ARNs: the task is one, and `Credentials` change with each item.
Everything is made of the same parts as with two accounts, a scenario for each Subject.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers import documents, reach_runs
from xsfn_helpers.accounts import SandboxAccounts
from xsfn_helpers.changes import Plan
from xsfn_helpers.checks import Check, Report
from xsfn_helpers.documents import OPERATOR_POLICY_NAME, Document, json_text
from xsfn_helpers.errors import ConfigError
from xsfn_helpers.ground import Ground, Resource
from xsfn_helpers.iam_resources import InlinePolicy, Role
from xsfn_helpers.language import tr
from xsfn_helpers.room.seat import Seat
from xsfn_helpers.runs import begin
from xsfn_helpers.scenario import Scenario, Side
from xsfn_helpers.spokes import NAMES, ROLE, Offer, Spoke, one_state_machine, spoke_ids, varying
from xsfn_helpers.state_machine import StateMachine
from xsfn_helpers.turns import turn
from xsfn_helpers.verdicts import Verdict
from xsfn_helpers.wording import stable_cause

if TYPE_CHECKING:
    from xsfn_helpers.display.hub_diagram import HubDiagram

MAP_STATE: Final = "In each Subject account"
REFUSED_STATE: Final = "Keep what went wrong"
SPOKES: Final = "spokes"


@dataclass(frozen=True, slots=True)
class SpokeEnd:
    """What the run came to in one Subject account."""

    account_id: str
    succeeded: bool
    words: str

    def __str__(self) -> str:
        return f"{'✓' if self.succeeded else '✗'} {self.account_id}: {self.words}"


@dataclass(frozen=True, slots=True)
class HubRun:
    """One Operator execution that went to every Subject account."""

    status: str
    ends: tuple[SpokeEnd, ...]

    @property
    def succeeded(self) -> bool:
        return bool(self.ends) and all(end.succeeded for end in self.ends)

    def __iter__(self) -> Iterator[SpokeEnd]:
        return iter(self.ends)

    def __str__(self) -> str:
        good = sum(end.succeeded for end in self.ends)
        head = tr(
            "Operator execution: {status}; {good} of {count} Subject accounts did their work",
            status=self.status,
            good=good,
            count=len(self.ends),
        )
        return "\n".join([head, *(f"  {end}" for end in self.ends)])

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from xsfn_helpers.display.reach import hub_run_html

        return {"text/html": hub_run_html(self), "text/plain": str(self)}


@dataclass(frozen=True, slots=True)
class Hub:
    """One Operator and its Subjects. Every method can be called again."""

    spokes: tuple[Spoke, ...]

    @property
    def ground(self) -> Ground:
        """Names and accounts as the first Subject sees them; the Operator's are the same for all."""
        return self.spokes[0].ground

    @property
    def operator_permissions(self) -> Document:
        """The Operator role may assume each execute role, named one by one."""
        policy = documents.operator_role_permissions(self.ground.scenario)
        policy["Statement"][0]["Resource"] = [spoke.scenario.execute_role_arn for spoke in self.spokes]
        return policy

    @property
    def definition(self) -> Document:
        """One task in a Map: role and target come with each item; an account that fails doesn't stop the others."""
        first = self.spokes[0]
        task = documents.task(first.scenario, first.target)
        task["Credentials"] = {f"{ROLE}.$": f"$.{ROLE}"}
        for name in varying(first):
            del task["Parameters"][name]
            task["Parameters"][f"{name}.$"] = f"$.{name}"
        task["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": REFUSED_STATE}]
        title = first.target.title
        return {
            "Comment": "Works in many accounts",
            "StartAt": MAP_STATE,
            "States": {
                MAP_STATE: {
                    "Type": "Map",
                    "ItemsPath": f"$.{SPOKES}",
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "INLINE"},
                        "StartAt": title,
                        "States": {title: task, REFUSED_STATE: {"Type": "Pass", "End": True}},
                    },
                    "End": True,
                }
            },
        }

    def apply(self) -> Plan:
        """Make the Operator's side and every Subject's. Raises `StepError` as the stages do."""
        with turn(self.ground.lab_id):
            done = [resource.apply() for resource in self._resources()]
        return Plan(tr("One Operator and {count} Subject accounts", count=len(self.spokes)), tuple(done), done=True)

    def clean(self) -> Plan:
        """Remove what `apply` made, last first."""
        with turn(self.ground.lab_id):
            done = [resource.undo() for resource in reversed(self._resources())]
        return Plan(tr("Clean"), tuple(change for change in done if change), done=True)

    def run(self, *, timeout: float = 120.0) -> HubRun:
        """Start the Operator state machine once; it goes to every Subject account."""
        items = [dict(spoke.item) for spoke in self.spokes]
        execution = begin(self.ground, {SPOKES: items})
        run = reach_runs.follow(self.ground, execution, timeout=timeout)
        outputs = (
            run.output if isinstance(run.output, list) else [{"Error": run.error, "Cause": run.cause}] * len(items)
        )
        ends = (_end(spoke, output) for spoke, output in zip(self.spokes, outputs, strict=True))
        return HubRun(run.status, tuple(ends))

    def check(self, run: HubRun | None = None) -> Report:
        """For every Subject account: each link by the policies, and the work done there in one real run."""
        tried = {end.account_id: end for end in run or self.run()}
        checks: list[Check] = []
        for spoke in self.spokes:
            checks += [_decided(spoke, spoke.verdicts()), _tried(spoke, tried[spoke.id])]
        return Report(tr("{count} Subject accounts", count=len(self.spokes)), tuple(checks))

    def diagram(self, run: HubRun | None = None) -> HubDiagram:
        """Every account and every link, as the stored policies decide it; a `run` adds what went wrong where."""
        from xsfn_helpers.display.hub_diagram import HubDiagram, spoke_picture

        notes = {end.account_id: end.words for end in run or () if not end.succeeded}
        pictures = [
            spoke_picture(spoke.scenario, (spoke.target,), spoke.verdicts(), note=notes.get(spoke.id, ""))
            for spoke in self.spokes
        ]
        return HubDiagram(self.ground.scenario, tuple(pictures))

    def _resources(self) -> tuple[Resource, ...]:
        """In the order IAM allows: a trust policy names only what exists."""
        scenario, ground = self.ground.scenario, self.ground
        role = Role(
            ground,
            Side.OPERATOR,
            scenario.operator_role_name,
            json_text(documents.service_trust(scenario, scenario.operator)),
            policies=frozenset({OPERATOR_POLICY_NAME}),
        )
        permission = InlinePolicy(
            ground,
            Side.OPERATOR,
            scenario.operator_role_name,
            OPERATOR_POLICY_NAME,
            json_text(self.operator_permissions),
        )
        machine = StateMachine(
            ground,
            Side.OPERATOR,
            scenario.operator_machine_name,
            scenario.operator_role_arn,
            json_text(self.definition),
        )
        of_spokes = [resource for spoke in self.spokes for resource in spoke.resources()]
        return (role, *of_spokes, permission, machine)


def open_hub(subjects: int | Sequence[str], *, offer: Offer = one_state_machine, lab_id: str = "xsfn-hub") -> Hub:
    """One Operator and so many Subject accounts, or those named, on the sandbox; nothing is made in them yet.

    `offer` says what each Subject has to be reached. The sandbox is started with the accounts, or opens them where it
    runs without. Raises `ConfigError` for no account at all, and `InvalidScenario` for a bad id.
    """
    from xsfn_helpers.chosen_values import Target as Place
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.lab import start_sandbox

    ids = spoke_ids(subjects) if isinstance(subjects, int) else tuple(subjects)
    if not ids:
        raise ConfigError(tr("A hub without a Subject account reaches nobody."), fix=tr("Ask for one or more."))
    settings = load_settings({})
    if settings.target is not Place.SANDBOX:
        raise ConfigError(
            tr("A hub lives on the sandbox only."), where="target", fix=tr("Choose the sandbox: XSFN_TARGET=sandbox.")
        )
    settings, sandbox = start_sandbox(settings, further=ids)
    if isinstance(sandbox, Seat):
        sandbox = sandbox.more_accounts(len(ids))
        ids = tuple(sandbox.further)[: len(ids)]
    accounts = SandboxAccounts(sandbox)
    spokes = []
    for account_id in ids:
        scenario = Scenario(
            operator_account_id=settings.scenario.operator_account_id,
            subject_account_id=account_id,
            region=settings.scenario.region,
            **NAMES,
        )
        [target] = offer(scenario)
        spokes.append(Spoke(Ground(scenario, accounts.with_subject(account_id), lab_id), target))
    return Hub(tuple(spokes))


def _end(spoke: Spoke, output: Any) -> SpokeEnd:
    if isinstance(output, dict) and "Error" in output:
        return SpokeEnd(spoke.id, False, stable_cause(f"{output['Error']}: {output.get('Cause', '')}"))
    return SpokeEnd(
        spoke.id,
        True,
        tr(
            "{operation} on the {name}, as its {role_name}",
            operation=spoke.target.operation,
            name=spoke.target.name,
            role_name=_role_name(spoke),
        ),
    )


def _role_name(spoke: Spoke) -> str:
    return spoke.scenario.execute_role_name


def _decided(spoke: Spoke, verdicts: Sequence[Verdict]) -> Check:
    refused = [verdict for verdict in verdicts if not verdict.allowed]
    title = tr("{subject}: every link is allowed by the policies", subject=spoke.scenario.subject)
    if not refused:
        return Check(f"spoke-{spoke.id}.decided", title, True, tr("all {count} of them", count=len(verdicts)))
    evidence = "\n".join(tr("link {link}: {words}", link=verdict.link, words=verdict.evidence) for verdict in refused)
    return Check(f"spoke-{spoke.id}.decided", title, False, evidence, refused[0].hint)


def _tried(spoke: Spoke, end: SpokeEnd) -> Check:
    title = tr("{subject}: the Operator's run did its work there", subject=spoke.scenario.subject)
    hint = "" if end.succeeded else tr("hub.apply() puts the policies right; hub.diagram() shows where it was refused.")
    return Check(f"spoke-{spoke.id}.live", title, end.succeeded, end.words, hint)
