"""The preflight: before anything is changed, who you are, what you may do, what would be made, its cost, and the way
back. It only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.simulation import NotSimulated, Simulated, simulate
from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.chain.scenario import Account, Scenario, Side
from xsfn_helpers.common.arns import Arn, account_of
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import listed, mark, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.checks import probes
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.stages import Steps

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


# aws.amazon.com/step-functions/pricing: standard workflows are charged by state transition.
COST: Final = mark(
    "IAM costs nothing. Step Functions charges standard workflows by state transition, the first "
    "4,000 of a month free, then about 0.025 US dollars for 1,000. A run makes 5 or fewer, all "
    "checks together fewer than 60: less than a cent. What stands and isn't run costs nothing."
)
UNDO: Final = mark(
    "lab.clean(), or `xsfn clean`, removes all of it and nothing else: what carries the lab's tag. "
    "Killed in between, it goes on where it was; `xsfn clean --find` finds what was left, by the "
    "ledger and the tags."
)

_WHERE: Final = mark("it is in XSFN_STATE_DIR, or ~/.local/state/xsfn")


@dataclass(frozen=True, slots=True)
class Preflight(Renderable):
    """Whether the lab may begin. `notes` are what couldn't be found out; `plans` what would be made and changed."""

    report: Report
    notes: tuple[str, ...]
    plans: tuple[Plan, ...]
    ledger: str = ""
    cost: str = COST
    undo: str = UNDO

    @property
    def ok(self) -> bool:
        return self.report.ok

    def __bool__(self) -> bool:
        return self.ok

    @property
    def below(self) -> tuple[tuple[str, str], ...]:
        """What stands below the checks and the plans, each with its heading."""
        notes = tuple((tr("Not known"), note) for note in self.notes)
        ledger = ((tr("Ledger"), self.ledger),) if self.ledger else ()
        return (*notes, (tr("Cost"), tr(self.cost)), (tr("Way back"), tr(self.undo)), *ledger)

    def __str__(self) -> str:
        return "\n".join(
            [
                str(self.report),
                tr("What would be created and changed:"),
                *(f"  {line}" for plan in self.plans for line in str(plan).splitlines()),
                *(f"{heading}: {text}" for heading, text in self.below),
            ]
        )


def preflight(environment: Environment, steps: Steps) -> Preflight:
    """Look at both accounts. Two accounts of one partition and region they are already: `open_lab` sees to that."""
    identities = {side: _identity(environment, side) for side in Side}
    checks = [_who(environment, side, arn) for side, arn in identities.items()]
    checks.append(_apart(environment))
    notes: list[str] = [_adopted_machines(environment)] if _adopted_machines(environment) else []
    for side, arn in identities.items():
        found = _rights(environment, side, arn)
        if isinstance(found, str):
            notes.append(found)
        else:
            checks.append(found)
    plans, readable = _plans(environment, steps)
    checks += readable
    return Preflight(Report(tr("Preflight"), tuple(checks)), tuple(notes), plans, _ledger(environment.accounts))


def _ledger(accounts: Accounts) -> str:
    path = Path(accounts.agreement.record)
    if not path.name:
        return ""
    # Where that is on this computer stays out of a notebook that is handed on.
    return tr("every change is noted beforehand, in {name}; {where}", name=path.name, where=tr(_WHERE))


def _adopted_machines(environment: Environment) -> str:
    machines = sorted(key for key in environment.adopted.keys if key.endswith("machine"))
    if not machines:
        return ""
    return tr("what a run of your own {machines} does: checks and runs start it, for real.", machines=listed(machines))


def _identity(environment: Environment, side: Side) -> str:
    with translated(environment.scenario.account(side)):
        return environment.accounts.client(side, "sts").get_caller_identity()["Arn"]


def _who(environment: Environment, side: Side, arn: str) -> Check:
    account = environment.scenario.account(side)
    return Check(
        f"who.{side.value}",
        tr("You're authenticated in the {account}", account=account),
        account_of(arn) == account.id,
        stable(arn),
        tr("The credentials have changed since open_lab(): call it again."),
    )


def _apart(environment: Environment) -> Check:
    scenario = environment.scenario
    return Check(
        "accounts.apart",
        tr("They are two accounts of one partition and region, and neither is on the deny list"),
        scenario.operator.id != scenario.subject.id,
        f"{listed((scenario.operator.id, scenario.subject.id))}, {scenario.partition}, {scenario.region}",
    )


def _rights(environment: Environment, side: Side, arn: str) -> Check | str:
    """Whether every planned call is allowed; a text where that can't be found out."""
    account = environment.scenario.account(side)
    iam = environment.iam(side)
    if arn.endswith(":root"):
        return tr(
            "{account}: you are its root user, whom only the organization's policies limit; a role is the better way.",
            account=account,
        )
    source = source_arn(iam, account, arn)
    if source is None:
        return tr("{account}: AWS simulates users and roles only, and you are {arn}.", account=account, arn=stable(arn))
    missing: list[Simulated] = []
    calls = 0
    for planned in planned_calls(environment.scenario, side, environment.lab_id, probes.PREFIX):
        answer = simulate(
            iam, account, source, actions=planned.actions, resources=planned.resources, context=planned.context
        )
        if isinstance(answer, NotSimulated):
            return tr(
                "{account}: which permissions are missing couldn't be simulated, because AWS answered {why} A "
                "missing one would show as a denial on the way; once it's granted, the same call completes it.",
                account=account,
                why=answer.why,
            )
        calls += len(answer)
        missing += [one for one in answer if not one.allowed]
    return Check(
        f"rights.{side.value}",
        tr("You may make every planned call in the {account}", account=account),
        not missing,
        "; ".join(_told(missing))
        if missing
        else tr("{calls} actions on resources simulated, all allowed", calls=calls),
        tr("Have these actions allowed to you on these resources, or choose another profile."),
    )


def _told(missing: list[Simulated]) -> Iterator[str]:
    """Each resource once, with the actions that are missing there."""
    by_resource: dict[tuple[str, str], list[str]] = {}
    for one in missing:
        by_resource.setdefault((one.resource, one.reason), []).append(one.action)
    for (resource, reason), actions in by_resource.items():
        names = ", ".join(sorted(set(actions)))
        yield tr("{actions} on {resource}: {reason}", actions=names, resource=resource, reason=reason)


def source_arn(iam: IAMClient, account: Account, arn: str) -> str | None:
    """The user's or role's ARN behind a caller's, path included; None for others, whom AWS doesn't simulate.

    A session's ARN doesn't tell its role's path; where the role may not be read, the path is left out.
    """
    caller = Arn.of(arn)
    if caller.kind == "user":
        return arn
    if not (name := caller.session_role):
        return None
    try:
        with translated(account):
            return iam.get_role(RoleName=name)["Role"]["Arn"]
    except StepError:
        return f"arn:{caller.partition}:iam::{account.id}:role/{name}"


def _plans(environment: Environment, steps: Steps) -> tuple[tuple[Plan, ...], list[Check]]:
    plans: list[Plan] = []
    try:
        for step in steps:
            plans.append(step.plan())
    except StepError as error:
        unread = Check("plan.readable", tr("The current state can be read"), False, stable(str(error)), error.fix)
        return tuple(plans), [unread]
    foreign = [change for plan in plans for change in plan.left]
    return tuple(plans), [
        Check(
            "names.free",
            tr("No name is taken by something that isn't the lab's"),
            not foreign,
            "; ".join(
                tr(
                    "{thing} in {account}, {details}",
                    thing=change.thing,
                    account=change.account,
                    details=", ".join(change.details),
                )
                for change in foreign
            )
            or tr("every name is free, or the lab's own"),
            tr("Choose other names (xsfn.toml), or list it under adopt, to be used as it is."),
        )
    ]


@dataclass(frozen=True, slots=True)
class PlannedCalls:
    """Actions on the same resources, under the same condition keys."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, str] = field(default_factory=dict)


_ON_ROLES: Final = tuple(
    f"iam:{name}"
    for name in (
        *("CreateRole", "TagRole", "GetRole", "UpdateAssumeRolePolicy", "DeleteRole"),
        *("PutRolePolicy", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "DeleteRolePolicy"),
    )
)
_ON_MACHINES: Final = tuple(
    f"states:{name}"
    for name in (
        *("CreateStateMachine", "TagResource", "DescribeStateMachine", "ListTagsForResource", "UpdateStateMachine"),
        *("DeleteStateMachine", "StartExecution", "ListExecutions"),
    )
)
_ON_EXECUTIONS: Final = ("states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution")
_ON_ANY: Final = ("iam:ListRoles", "states:ListStateMachines")


def planned_calls(scenario: Scenario, side: Side, lab_id: str, probe_prefix: str) -> tuple[PlannedCalls, ...]:
    """What is asked of this side's account by its administrator; the chain's own requests are the roles' matter."""
    account = scenario.account(side).id
    roles = [scenario.operator_role_name]
    machines = [scenario.operator_machine_name, f"{probe_prefix}1"]
    if side is Side.SUBJECT:
        roles, machines = [scenario.subject_role_name, scenario.execute_role_name], [scenario.subject_machine_name]
    states = f"arn:{scenario.partition}:states:{scenario.region}:{account}"
    role_arns = tuple(f"arn:{scenario.partition}:iam::{account}:role/{name}" for name in (*roles, f"{probe_prefix}1"))
    tagged = {f"aws:RequestTag/{LAB_TAG}": lab_id, f"aws:ResourceTag/{LAB_TAG}": lab_id, "aws:TagKeys": LAB_TAG}
    here = {"aws:RequestedRegion": scenario.region}
    return (
        PlannedCalls(_ON_ROLES, role_arns, tagged),
        PlannedCalls(("iam:PassRole",), role_arns, {"iam:PassedToService": STATES_PRINCIPAL}),
        PlannedCalls(_ON_MACHINES, tuple(f"{states}:stateMachine:{name}" for name in machines), tagged | here),
        PlannedCalls(_ON_EXECUTIONS, tuple(f"{states}:execution:{name}:1" for name in machines), here),
        PlannedCalls(_ON_ANY, ("*",), here),
    )
