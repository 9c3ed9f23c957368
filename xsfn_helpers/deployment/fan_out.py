"""More than two accounts: one Operator and any number of Subjects, each with an execute role that trusts it.

One Operator state machine maps over the Subjects' role ARNs: the task is one, and `Credentials` change with each item.
Everything is made of the same parts as with two accounts, a scenario for each Subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from xsfn_helpers.chain import documents
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, Document
from xsfn_helpers.chain.links import Link, Node, chain
from xsfn_helpers.chain.plan import Change, Plan
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.targets import Target, state_machine
from xsfn_helpers.chain.verdicts import Verdict, decide_from
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable, picture, shown
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment import reach_runs
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.lock import locked
from xsfn_helpers.deployment.resources.iam import InlinePolicy
from xsfn_helpers.deployment.resources.resource import Resource
from xsfn_helpers.deployment.resources.setup import SetupResources
from xsfn_helpers.deployment.resources.targets import things
from xsfn_helpers.deployment.runs import begin
from xsfn_helpers.deployment.snapshot import read_roles

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
class HubRun(Renderable):
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


@dataclass(frozen=True, slots=True)
class Hub:
    """One Operator and its Subjects. Every method can be called again."""

    spokes: tuple[Spoke, ...]

    @property
    def environment(self) -> Environment:
        """Names and accounts as the first Subject sees them; the Operator's are the same for all."""
        return self.spokes[0].environment

    @property
    def operator_permissions(self) -> Document:
        """The Operator role may assume each execute role, named one by one."""
        policy = documents.operator_role_permissions(self.environment.scenario)
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
        with locked(self.environment.lab_id):
            done = [resource.apply() for resource in self._resources()]
        return Plan(tr("One Operator and {count} Subject accounts", count=len(self.spokes)), tuple(done), done=True)

    def clean(self) -> Plan:
        """Remove what `apply` made, last first."""
        with locked(self.environment.lab_id):
            done = [resource.undo() for resource in reversed(self._resources())]
        return Plan(tr("Clean"), tuple(change for change in done if change), done=True)

    def run(self, *, timeout: float = 120.0) -> HubRun:
        """Start the Operator state machine once; it goes to every Subject account."""
        items = [dict(spoke.item) for spoke in self.spokes]
        execution = begin(self.environment, {SPOKES: items})
        run = reach_runs.follow(self.environment, execution, timeout=timeout)
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

    def diagram(self, run: HubRun | None = None) -> Any:
        """Every account and every link, as the stored policies decide it; a `run` adds what went wrong where."""
        return shown(picture, self, run)

    def _resources(self) -> tuple[Resource[Any], ...]:
        """In the order IAM allows: a trust policy names only what exists."""
        setup = SetupResources(self.environment, Blueprint.recommended(self.environment.scenario))
        role = setup.role(Node.OPERATOR_ROLE)
        permission = replace(setup.policy("operator_role_permissions"), text=json_text(self.operator_permissions))
        machine = replace(setup.machine("operator_definition"), definition=json_text(self.definition))
        of_spokes = [resource for spoke in self.spokes for resource in spoke.resources()]
        return (role, *of_spokes, permission, machine)


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
    hint = "" if end.succeeded else tr("hub.apply() fixes the policies; hub.diagram() shows where it was denied.")
    return Check(f"spoke-{spoke.id}.live", title, end.succeeded, end.words, hint)


ROLE: Final = "RoleArn"
# Names of the hub's own, so that it lives beside the two accounts' setup.
NAMES: Final[Mapping[str, str]] = {
    "operator_machine_name": "hub-statemachine",
    "operator_role_name": "hub-statemachine-iam-role",
    "subject_machine_name": "spoke-statemachine",
    "subject_role_name": "spoke-statemachine-iam-role",
    "execute_role_name": "spoke-execute-role",
}
# What each Subject has to offer, from its scenario.
Offer = Callable[[Scenario], Sequence[Target]]


def one_state_machine(scenario: Scenario) -> Sequence[Target]:
    """What a spoke offers unless told otherwise: its state machine."""
    return (state_machine(scenario),)


def spoke_ids(count: int) -> tuple[str, ...]:
    """Account IDs for so many Subjects."""
    return tuple(f"2{number:011d}" for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Spoke:
    """One Subject account: its names, its part of the setup, and the links of the access chain that end there."""

    environment: Environment
    target: Target

    @property
    def scenario(self) -> Scenario:
        return self.environment.scenario

    @property
    def id(self) -> str:
        return self.scenario.subject_account_id

    @property
    def links(self) -> tuple[Link, ...]:
        return chain(self.scenario, (self.target,))

    @property
    def item(self) -> Mapping[str, Any]:
        """What the Operator's Map is given for this account: whom to become, and what differs in the call."""
        return {ROLE: self.scenario.execute_role_arn, **{name: self.target.parameters[name] for name in varying(self)}}

    def resources(self) -> tuple[Resource[Any], ...]:
        """What the Subject has: the role its work runs as, its machine or thing, and the execute role."""
        setup = SetupResources(self.environment, Blueprint.recommended(self.scenario, (self.target,)))
        return (
            setup.role(Node.SUBJECT_ROLE),
            *(things(self.environment, (self.target,)) or (setup.machine("subject_definition"),)),
            setup.role(Node.EXECUTE_ROLE),
            setup.policy("execute_role_permissions"),
        )

    def take_permission_away(self) -> Change | None:
        """The execute role may do nothing any more; `Hub.apply` gives it back."""
        scenario = self.scenario
        policy = InlinePolicy(self.environment, Side.SUBJECT, scenario.execute_role_name, EXECUTE_POLICY_NAME, "")
        with locked(self.environment.lab_id):
            return policy.undo()

    def verdicts(self) -> tuple[Verdict, ...]:
        """Every link to this account, decided from the policies as they are stored."""
        return decide_from(self.scenario, read_roles(self.environment), self.links)


def varying(spoke: Spoke) -> tuple[str, ...]:
    """The task's parameters that name the account, and so differ from one to the next."""
    return tuple(
        name for name, value in spoke.target.parameters.items() if isinstance(value, str) and spoke.id in value
    )
