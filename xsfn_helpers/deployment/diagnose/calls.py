"""What one task asks AWS for, as the links of its chain: which call, on what, by which role, and when. Pure.

The actions and resources come from the table of calls (`xsfn_helpers.asl.integrations`); only numbers and words are
made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.asl.arn_forms import AskedResource, CallingPlace
from xsfn_helpers.asl.asked import AskedPermissions, By, For, Permission, TaskCaller, Unknown
from xsfn_helpers.asl.distributed_map import asked_of_map
from xsfn_helpers.asl.integrations import asked_of
from xsfn_helpers.asl.known_parts import ANY
from xsfn_helpers.common.arns import Arn, account_of
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.tasks import TaskCall
from xsfn_helpers.iam.actions import action as known_action
from xsfn_helpers.iam.overlap import has_symbols
from xsfn_helpers.iam.resource_policies import may_be_let_in_by_the_resource

FAN_OUT, START, POLL, STOP = 0, 3, 4, 5
_NUMBERS: Final = {
    For.CALL: START,
    For.HAND_OVER: START,
    For.FOLLOW: POLL,
    For.RULE: POLL,
    For.STOP: STOP,
    For.REDRIVE: STOP,
}
_WHEN: Final = {
    For.CALL: mark("once, when the task runs"),
    For.HAND_OVER: mark("once, when the task runs"),
    For.FOLLOW: mark("at each poll, until it ends"),
    For.RULE: mark("when the state machine is created or updated"),
    For.STOP: mark("only when the task is stopped or times out"),
    For.REDRIVE: mark("only when the run is redriven"),
}
_POLLS_EXECUTION: Final = mark("at each poll, until the execution ends")
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One call to AWS that a task makes or has made. `own`: by the state machine's own role, whoever the task acts as.

    `account` owns what it acts on. Of a call that isn't `certain`, AWS's pages show the permission, not that every run
    needs it; `instead` are resources on which it does as well.
    """

    number: int
    action: str
    asked: AskedResource
    account: str
    when: str
    own: bool = False
    context: tuple[tuple[str, str], ...] = ()
    certain: bool = True
    instead: tuple[AskedResource, ...] = ()
    partition: str = "aws"

    @property
    def resource(self) -> str:
        """The ARN it acts on, with `*` for what isn't known of it; empty where nothing is."""
        return "" if self.asked.unknown else self.asked.arn

    @property
    def may_act_on(self) -> tuple[str, ...]:
        """What isn't known in full, as patterns of what it may be; empty where the resource is known."""
        if self.asked.exact and not has_symbols(self.asked.arn):
            return ()
        if not self.asked.unknown:
            return (self.asked.arn,)
        if self.asked.either:
            return self.asked.either
        found = known_action(self.action)
        if found is None or not any(kind.required for kind in found.types):
            return (ANY,)
        return tuple(dict.fromkeys(_VARIABLE.sub(self._given, kind.arn) for kind in found.types))

    def _given(self, variable: re.Match[str]) -> str:
        return self.partition if variable[1] == "Partition" else ANY

    @property
    def is_in_a_known_account(self) -> bool:
        """Whether the ARN of what it acts on tells the account, or can't, as that of a bucket."""
        account = account_of(self.asked.arn)
        return not self.asked.unknown and (account.isdigit() or account == "")

    @property
    def has_resource_policy(self) -> bool:
        """Whether what it acts on may have a policy of its own, which could allow or deny as well."""
        return may_be_let_in_by_the_resource(self.action, self.resource)


@dataclass(frozen=True, slots=True)
class TaskCalls:
    """All that a task asks for, as far as it is known.

    `unknown` says why it may ask for more than that, and `candidates` what it may be; `outside` what decides besides
    IAM; `beyond` are permissions that hang on the data, which are told and not decided.
    """

    calls: tuple[ServiceCall, ...]
    unknown: Unknown | None = None
    candidates: tuple[str, ...] = ()
    page: str = ""
    outside: str = ""
    beyond: tuple[str, ...] = ()


def calls_of(task: TaskCall, evidence: Evidence) -> TaskCalls:
    """The calls of a task, made in the account of the role that it acts as."""
    machine = evidence.machine
    found = Arn.parse(machine.arn)
    partition = found.partition if found else "aws"
    own = CallingPlace(machine.account, machine.region, partition)
    acting = CallingPlace(acting_account(task, evidence), machine.region, partition)
    if task.fan_out is not None:
        asked = asked_of_map(task.fan_out, machine.arn, own)
        calls = tuple(_of_map(asked, own, evidence))
    else:
        caller = TaskCaller(acting, own, machine.arn, credentials=task.takes_on_a_role)
        asked = asked_of(task.task.resource, task.arguments, caller)
        calls = tuple(_call(one, _NUMBERS[one.purpose], acting, own) for one in _decided(asked))
    beyond = dict.fromkeys(one.action for one in asked.permissions if one.purpose is For.BEYOND)
    return TaskCalls(calls, asked.unknown, asked.candidates, asked.page, asked.outside, tuple(beyond))


def acting_account(task: TaskCall, evidence: Evidence) -> str:
    """The account in which a task's calls are made; that of the state machine where its role isn't known."""
    known = account_of(task.role_arn) or account_of(task.known_role)
    return known if known.isdigit() else evidence.machine.account


def _decided(asked: AskedPermissions) -> Iterable[Permission]:
    return sorted(
        (one for one in asked.permissions if one.purpose is not For.BEYOND), key=lambda one: _NUMBERS[one.purpose]
    )


def _call(one: Permission, number: int, acting: CallingPlace, own: CallingPlace) -> ServiceCall:
    place = own if one.by is By.OWN else acting
    when = _WHEN[one.purpose]
    if one.purpose is For.FOLLOW and one.action == "states:DescribeExecution":
        when = _POLLS_EXECUTION
    return ServiceCall(
        number,
        one.action,
        one.resource,
        # states:InvokeHTTPEndpoint names the state machine, in whatever account the role is that asks for it.
        place.account if one.action == "states:InvokeHTTPEndpoint" else _owner(one.resource.arn, place),
        when,
        own=one.by is By.OWN,
        context=one.context,
        certain=one.certain,
        partition=place.partition,
    )


def _of_map(asked: AskedPermissions, own: CallingPlace, evidence: Evidence) -> Iterator[ServiceCall]:
    """A Distributed Map's executions are listed as NAME/LABEL, and some templates allow them under that name."""
    labelled = AskedResource(f"{evidence.machine.arn.replace(':stateMachine:', ':execution:')}/*", exact=False)
    for one in asked.permissions:
        # What a redrive needs is no part of a run: it is told among the risks.
        if one.purpose in (For.BEYOND, For.REDRIVE):
            continue
        call = _call(one, FAN_OUT, own, own)
        if not one.certain:
            call = replace(call, instead=(labelled,))
        yield call


def _owner(resource: str, place: CallingPlace) -> str:
    account = account_of(resource)
    return account if account.isdigit() else place.account


def why_unknown(task: TaskCall, asked: TaskCalls) -> str:
    """Why it isn't known what a task asks for, and what would settle it."""
    resource = task.task.resource
    if asked.unknown is Unknown.NO_RESOURCE and "${" in resource:
        return tr("What the task calls is filled in at deployment only: {resource}.", resource=resource)
    words = {
        Unknown.NO_RESOURCE: mark("{resource!r} is no Resource of a task that AWS has."),
        Unknown.INTEGRATION: mark("The table of calls has no integration {resource}: what it asks for isn't known."),
        Unknown.PATTERN: mark("The table of calls doesn't have this integration waiting in this way: {resource}."),
        Unknown.SERVICE: mark("The table of calls has no such service of the AWS SDKs: {resource}."),
        Unknown.OPERATION: mark("The table of calls has no such operation of this service: {resource}."),
        Unknown.ACTION: mark("Which IAM action AWS asks for here isn't known: {resource}."),
        Unknown.BY_CONTENT: mark("Which action AWS asks for hangs on what the call is given: {resource}."),
    }
    assert asked.unknown is not None  # callers have looked
    return tr(words[asked.unknown], resource=resource)
