"""What is left of labs in both accounts: found by its tag, and by the ledger, whoever made it and however it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.ledger import Entry
from xsfn_helpers.chain.plan import Change, Plan
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.environment import LAB_TAG, Environment
from xsfn_helpers.deployment.resources.iam import ManagedPolicy, Role
from xsfn_helpers.deployment.resources.state_machine import StateMachine
from xsfn_helpers.deployment.resources.targets import KINDS, found
from xsfn_helpers.deployment.resources.targets import TargetResource as Reached

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

# Roles under these paths belong to AWS's services and to its single sign-on.
_AWS_PATHS: Final = ("/aws-service-role/", "/aws-reserved/")
# In the order in which they let go of one another: a machine or function of its role, a role of its boundary.
Thing = StateMachine | Reached | Role | ManagedPolicy
_ORDER: Final[tuple[type[Thing], ...]] = (StateMachine, Reached, Role, ManagedPolicy)
# What `lab.reach` makes in the Subject account besides machines, and the parameter that names it when it is made.
_REACHED: Final = {
    "CreateFunction": ("FunctionName", KINDS["Invoke"]),
    "CreateTable": ("TableName", KINDS["PutItem"]),
    "CreateBucket": ("Bucket", KINDS["PutObject"]),
    "CreateQueue": ("QueueName", KINDS["SendMessage"]),
}
_OF_A_REGION: Final = ("CreateStateMachine", *_REACHED)


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing with the tag `xsfn:lab`, and whose it is."""

    lab_id: str
    thing: Thing

    def remove(self) -> Change | None:
        """Take it away, if it is still that lab's."""
        return self.thing.undo()


@dataclass(frozen=True, slots=True)
class Leftovers(Renderable):
    """Everything that was found; `notes` are where couldn't be looked, and why."""

    lab_id: str
    found: tuple[Leftover, ...]
    notes: tuple[str, ...] = ()

    @property
    def own(self) -> tuple[Leftover, ...]:
        """Those of this lab's id."""
        return tuple(one for one in self.found if one.lab_id == self.lab_id)

    @property
    def plan(self) -> Plan:
        """What `remove` would do."""
        changes = (one.thing.plan_undo() for one in self.own)
        return Plan(tr("Left of lab {lab_id!r}", lab_id=self.lab_id), tuple(change for change in changes if change))

    def remove(self) -> Plan:
        """Remove this lab's, machines first. Others' labs keep theirs."""
        changes = [one.remove() for one in self.own]
        return Plan(
            tr("Left of lab {lab_id!r}", lab_id=self.lab_id), tuple(change for change in changes if change), done=True
        )

    def __len__(self) -> int:
        return len(self.found)

    def __str__(self) -> str:
        others: dict[str, int] = {}
        for one in self.found:
            if one.lab_id != self.lab_id:
                others[one.lab_id] = others.get(one.lab_id, 0) + 1
        lines = [str(self.plan)]
        lines += [
            tr("Lab {lab!r} has {count}: --lab-id {lab} shows them.", lab=lab, count=count)
            for lab, count in sorted(others.items())
        ]
        return "\n".join([*lines, *self.notes])


def by_tags(environment: Environment) -> Leftovers:
    """Look at every state machine, role and managed policy of both accounts, in the lab's region, and at the Subject's
    functions, tables, buckets and queues."""
    left: list[Leftover] = []
    notes: list[str] = []
    for what, look in _looks(environment):
        try:
            left += [Leftover(lab_id, thing) for lab_id, thing in look()]
        except StepError as error:
            notes.append(tr("Not every one of the {what} could be looked at: {why}", what=what, why=stable(str(error))))
    return Leftovers(environment.lab_id, _in_order(left), tuple(notes))


def _looks(environment: Environment) -> Iterator[tuple[str, Callable[[], Iterator[tuple[str, Thing]]]]]:
    """Where to look, and how; each gives the things with a lab's tag, and that lab's id."""
    for side in Side:
        yield tr("state machines"), partial(_machines, environment, side)
        yield tr("roles"), partial(_roles, environment, side)
        yield tr("managed policies"), partial(_policies, environment, side)
    names = (tr("functions"), tr("tables"), tr("buckets"), tr("queues"))
    for what, (_, kind) in zip(names, _REACHED.values(), strict=True):
        yield what, partial(found, environment, kind)


def by_ledger(environment: Environment, entries: Iterable[Entry]) -> Leftovers:
    """Look up what the ledger says this lab has begun to make in these accounts."""
    mine = [entry for entry in entries if entry.lab == environment.lab_id]
    sides = {environment.scenario.account(side).id: side for side in Side}
    things: dict[tuple[Side, str], Thing] = {}
    elsewhere: set[str] = set()
    for entry in mine:
        side = sides.get(entry.account)
        if side is None:
            continue
        if entry.what == "CreateRole":
            things[side, f"role {entry.names.get('RoleName')}"] = _role(
                environment, side, entry.names.get("RoleName", "")
            )
        elif entry.what == "CreatePolicy":
            name = entry.names.get("PolicyName", "")
            arn = f"arn:{environment.scenario.partition}:iam::{entry.account}:policy/{name}"
            things[side, f"policy {name}"] = ManagedPolicy(environment, side, arn, "")
        elif entry.region != environment.scenario.region:
            if entry.what in _OF_A_REGION:
                elsewhere.add(entry.region)
        elif entry.what == "CreateStateMachine":
            name = entry.names.get("name", "")
            things[side, f"machine {name}"] = _machine(environment, side, name)
        elif entry.what in _REACHED and side is Side.SUBJECT:
            named, kind = _REACHED[entry.what]
            name = entry.names.get(named, "")
            things[side, f"{entry.what} {name}"] = Reached(environment, kind.target(environment.scenario, name))
    left = [Leftover(environment.lab_id, thing) for thing in things.values() if thing.plan_undo() is not None]
    notes = tuple(
        tr("The ledger knows of things in {region}, too: --region {region} looks there.", region=region)
        for region in sorted(elsewhere)
    )
    return Leftovers(environment.lab_id, _in_order(left), notes)


def _in_order(left: list[Leftover]) -> tuple[Leftover, ...]:
    def place(one: Leftover) -> tuple[int, str, str]:
        return _ORDER.index(type(one.thing)), one.thing.side.value, one.thing.thing

    return tuple(sorted(left, key=place))


def _machines(environment: Environment, side: Side) -> Iterator[tuple[str, Thing]]:
    states = environment.states(side)
    with translated(environment.scenario.account(side)):
        for page in states.get_paginator("list_state_machines").paginate():
            for machine in page["stateMachines"]:
                tags = states.list_tags_for_resource(resourceArn=machine["stateMachineArn"])["tags"]
                for lab_id in (tag["value"] for tag in tags if tag["key"] == LAB_TAG):
                    yield lab_id, _machine(replace(environment, lab_id=lab_id), side, machine["name"])


def _roles(environment: Environment, side: Side) -> Iterator[tuple[str, Thing]]:
    iam: IAMClient = environment.iam(side)
    with translated(environment.scenario.account(side)):
        for page in iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if role["Path"].startswith(_AWS_PATHS):
                    continue
                for lab_id in _labs(iam.list_role_tags(RoleName=role["RoleName"])["Tags"]):
                    yield lab_id, _role(replace(environment, lab_id=lab_id), side, role["RoleName"])


def _policies(environment: Environment, side: Side) -> Iterator[tuple[str, Thing]]:
    iam: IAMClient = environment.iam(side)
    with translated(environment.scenario.account(side)):
        for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
            for policy in page["Policies"]:
                for lab_id in _labs(iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"]):
                    yield lab_id, ManagedPolicy(replace(environment, lab_id=lab_id), side, policy["Arn"], "")


def _labs(tags: Iterable[Any]) -> Iterator[str]:
    return (tag["Value"] for tag in tags if tag["Key"] == LAB_TAG)


def _role(environment: Environment, side: Side, name: str) -> Role:
    return Role(environment, side, name, trust="", policies=frozenset())


def _machine(environment: Environment, side: Side, name: str) -> StateMachine:
    return StateMachine(environment, side, name, role_arn="", definition="")
