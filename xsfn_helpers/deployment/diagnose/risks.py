"""What is wrong with a setup that works: doors that stand open, and rights that nobody needs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.arns import account_of, role_name
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence, RoleSeen
from xsfn_helpers.deployment.diagnose.judge import Answer, judge
from xsfn_helpers.deployment.diagnose.layers import Kind, LayerPlace, places, session_of, trust_layers
from xsfn_helpers.deployment.diagnose.least_privilege import Needs, minimal_policy, perhaps_needed
from xsfn_helpers.deployment.diagnose.placeholders import filled
from xsfn_helpers.deployment.diagnose.tasks import TaskCall
from xsfn_helpers.iam import Policy, PolicyKind, Principal, Request, lint
from xsfn_helpers.iam.match import action_test
from xsfn_helpers.iam.overlap import meets
from xsfn_helpers.iam.principals import ACCOUNT_ID
from xsfn_helpers.iam.statement import Statement

_DEPUTY: Final = "docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html"
_LEAST: Final = "docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"
_CALLBACK: Final = "docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"
_MAP: Final = "docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"
_KINDS: Final = {
    Kind.TRUST: PolicyKind.TRUST,
    Kind.INLINE: PolicyKind.IDENTITY,
    Kind.MANAGED: PolicyKind.IDENTITY,
    Kind.BOUNDARY: PolicyKind.BOUNDARY,
}
# What a state machine's role may do for the machine itself, beside its tasks.
_FOR_THE_MACHINE: Final = ("logs:", "xray:", "events:", "cloudwatch:")


@dataclass(frozen=True, slots=True)
class Risk:
    """One finding: a stable id, the account and place, what it means, what to do, and the page behind it."""

    id: str
    account: str
    where: str
    message: str
    fix: str
    source: str

    def __str__(self) -> str:
        return tr(
            "{where}, account {account}: {message} {fix} [{id}]",
            where=self.where,
            account=self.account,
            message=self.message,
            fix=self.fix,
            id=self.id,
        )


@dataclass(frozen=True, slots=True)
class LeastPrivilege:
    """What one role needs for these tasks: the smallest policy, None where part of it shows only at run time."""

    role_arn: str
    policy: Document | None

    @property
    def text(self) -> str:
        return json_text(self.policy) if self.policy else ""


def risks_of(evidence: Evidence, tasks: tuple[TaskCall, ...], needed: Mapping[str, Needs]) -> tuple[Risk, ...]:
    """Everything found, each once, the open doors first."""
    found: list[Risk] = []
    for arn in dict.fromkeys(task.role_arn for task in tasks if task.role_arn):
        if (role := evidence.role(arn)) is not None and role.trust is not None:
            found += _open_doors(role, evidence)
    found += _second_machine(evidence, tasks)
    for arn, pairs in needed.items():
        if (role := evidence.role(arn)) is not None:
            found += _linted(role, evidence)
            found += _superfluous(role, pairs, perhaps_needed(evidence, tasks, arn), evidence)
    for task in tasks:
        found += _of_task(task, evidence)
    return tuple(dict.fromkeys(found))


def least_privilege(needed: Mapping[str, Needs]) -> tuple[LeastPrivilege, ...]:
    """The smallest permissions policy of each role of the chain."""
    return tuple(LeastPrivilege(arn, minimal_policy(pairs)) for arn, pairs in needed.items() if arn and pairs)


def _open_doors(role: RoleSeen, evidence: Evidence) -> Iterator[Risk]:
    """Who else a task's role lets in: asked of its trust policy, as somebody would ask who tries."""
    where = tr("trust policy of role {role}", role=role.name)
    machine, caller = evidence.machine, evidence.role(evidence.machine.role_arn)

    # What is filled in at deployment may be the external ID that is asked for.
    strict = replace(role, trust=filled(role.trust, hopeful=False)) if role.trust is not None else role

    def lets_in(external_id: str | None, role: RoleSeen = strict) -> bool:
        context = {} if external_id is None else {"sts:ExternalId": external_id}
        who = session_of(machine.role_arn, caller)
        request = Request(who, "sts:AssumeRole", role.arn, role.account, context)
        # The caller's own side is taken for willing.
        layers = replace(trust_layers(role, role.arn), identity_listed=False)
        return judge(request, layers).answer is not Answer.REFUSED

    if machine.account == role.account or not lets_in(machine.arn, role):
        return
    condition = f'"StringEquals": {{"sts:ExternalId": "{machine.arn}"}}'
    if lets_in(None):
        yield Risk(
            "missing-external-id",
            role.account,
            where,
            tr("It lets the caller in without an external ID, so whatever runs as the state machine's role gets in."),
            tr("Add {condition}.", condition=condition),
            _DEPUTY,
        )
    elif lets_in(f"{machine.arn}-another"):
        yield Risk(
            "loose-external-id",
            role.account,
            where,
            tr("Other state machines' ARNs pass as external ID, too."),
            tr("Write {condition}.", condition=condition),
            _DEPUTY,
        )


def _second_machine(evidence: Evidence, tasks: tuple[TaskCall, ...]) -> Iterator[Risk]:
    """Whether another state machine of the account may have this one's role, and with it send any external ID."""
    machine = evidence.machine
    role = evidence.role(machine.role_arn)
    across = any(task.role_arn and account_of(task.role_arn) != machine.account for task in tasks)
    if role is None or role.trust is None or not across:
        return

    def may_have_it(machine_arn: str) -> bool:
        context = {"aws:SourceArn": machine_arn, "aws:SourceAccount": machine.account}
        principal = Principal.parse(STATES_PRINCIPAL)
        request = Request(principal, "sts:AssumeRole", role.arn, role.account, context)
        return judge(request, trust_layers(role, role.arn)).answer is Answer.ALLOWED

    if may_have_it(machine.arn) and may_have_it(f"{machine.arn}-another"):
        yield Risk(
            "role-for-any-state-machine",
            role.account,
            tr("trust policy of role {role}", role=role.name),
            tr(
                "Other state machines of the account may have this role. Such a machine can call sts:AssumeRole "
                "itself and send any external ID, {arn} included.",
                arn=machine.arn,
            ),
            tr("Write {condition}.", condition=f'"ArnLike": {{"aws:SourceArn": "{machine.arn}"}}'),
            _DEPUTY,
        )


def _linted(role: RoleSeen, evidence: Evidence) -> Iterator[Risk]:
    for place in places(role):
        if place.policy.document is None or place.policy.is_awss_own:
            continue
        try:
            policy = Policy.parse(place.policy.document, kind=_KINDS[place.kind], name=place.title)
        except XsfnError:
            continue  # told among what couldn't be seen
        for warning in lint(policy, region=evidence.machine.region):
            yield Risk(warning.rule, role.account, place.title, warning.message, warning.fix, warning.source)


def _superfluous(role: RoleSeen, pairs: Needs, perhaps: frozenset[str], evidence: Evidence) -> Iterator[Risk]:
    """Grants that no task of this state machine uses, and wildcards wider than its tasks."""
    if any(not resource for _, resource in pairs):
        return
    for place in places(role):
        if place.kind not in (Kind.INLINE, Kind.MANAGED) or place.policy.document is None:
            continue
        try:
            policy = Policy.parse(place.policy.document, kind=PolicyKind.IDENTITY, name=place.title)
        except XsfnError:
            continue
        for statement in policy.statements:
            if statement.allows:
                yield from _of_statement(statement, place, pairs, perhaps, evidence)


def _of_statement(
    statement: Statement, place: LayerPlace, pairs: Needs, perhaps: frozenset[str], evidence: Evidence
) -> Iterator[Risk]:
    role = place.role
    who = session_of(role.arn, role)
    requests = [
        Request(who, action, resource, _digits(account_of(resource)) or role.account)
        for action, resource in pairs
        if resource
    ]
    label = tr("{policy}, statement {statement}", policy=place.title, statement=statement.label)
    used = [one for one in requests if statement.action_matches(one) and _is_about(statement, one)]
    unused = [
        action
        for action in statement.actions
        if not any(_covers(action, one) for one in (*(one.action for one in used), *perhaps))
        and not _for_the_machine(action, evidence)
    ]
    if not statement.not_action and unused:
        words = tr(", ").join(unused)
        why = tr("No task of this state machine needs {actions} as it is granted here.", actions=words)
        fix = tr("Unless something else works as this role, take it out: see the smallest policy.")
        yield Risk("superfluous-grant", role.account, label, why, fix, _LEAST)
    wide = [action for action in statement.actions if "*" in action and action not in unused]
    if wide:
        why = tr("{actions} grants more actions than the tasks need.", actions=tr(", ").join(wide))
        yield Risk("wildcard-action", role.account, label, why, tr("List the actions that are needed."), _LEAST)
    exact = {one.resource for one in used}
    loose = [
        resource
        for resource in statement.resources or ()
        if used and resource not in exact and ("*" in resource.removesuffix(":*") or resource == "*")
    ]
    if loose and not statement.not_resource:
        why = tr("{resources} covers more than the tasks ask for.", resources=tr(", ").join(loose))
        fix = tr("Name {resources}.", resources=listed(sorted(exact)))
        yield Risk("wildcard-resource", role.account, label, why, fix, _LEAST)


def _is_about(statement: Statement, request: Request) -> bool:
    """Whether it covers what is asked for, or some of what that may be."""
    if statement.resource_matches(request):
        return True
    if statement.not_resource or "*" not in request.resource:
        return False
    return any(meets(one, request.resource) for one in statement.resources or ())


def _digits(account: str) -> str:
    """An account's id; empty where it isn't known or is none, or the service's ARNs have none."""
    return account if ACCOUNT_ID.fullmatch(account) else ""


def _covers(pattern: str, action: str) -> bool:
    return action_test([pattern])(action.lower())


def _for_the_machine(action: str, evidence: Evidence) -> bool:
    return action.lower().startswith(_FOR_THE_MACHINE) and (
        evidence.machine.logs is not False or evidence.machine.traces is not False
    )


def _of_task(task: TaskCall, evidence: Evidence) -> Iterator[Risk]:
    machine = evidence.machine
    across = bool(task.role_arn) and account_of(task.role_arn) != machine.account
    where = tr("task {task} of {machine}", task=task.title, machine=machine.name)
    if across and task.pattern.name == "CALLBACK":
        yield Risk(
            "callback-across-accounts",
            machine.account,
            where,
            tr("A task token must be returned from the task's own account, {account}.", account=machine.account),
            tr("Give the other side a role of this account, or wait with .sync:2."),
            _CALLBACK,
        )
    if across and task.distributed:
        yield Risk(
            "external-id-of-a-distributed-map",
            machine.account,
            where,
            tr(
                "Which external ID a Distributed Map's child execution sends isn't documented; {arn} is assumed.",
                arn=machine.arn,
            ),
            tr("Try it, and look in CloudTrail for the AssumeRole of {role}.", role=role_name(task.role_arn)),
            _MAP,
        )
