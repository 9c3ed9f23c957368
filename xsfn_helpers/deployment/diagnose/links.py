"""The links of one task's access chain, each decided from the evidence. Pure.

The same six as in `xsfn_helpers.chain.links`, made for any task: other integrations have another link 3, a task that
doesn't wait has no 4 and 5, one that starts no state machine has no 6, and one without Credentials has no 2.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.asl.integrations import AT_RUN_TIME, ResourcePlace, ServiceCall, calls_of
from xsfn_helpers.common.arns import Arn, account_of
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.language import listed, sentences, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence, MachineSeen, RoleSeen
from xsfn_helpers.deployment.diagnose.judge import Answer, Judgement, Layers, judge
from xsfn_helpers.deployment.diagnose.layers import asking_layers, scp_layers, session_of, trust_layers, trust_of
from xsfn_helpers.deployment.diagnose.mistakes import Slip, SlipKind, machine_slip, role_slip, unassumable_name
from xsfn_helpers.deployment.diagnose.tasks import TaskCall
from xsfn_helpers.iam import PolicyKind, Principal, Request, Unsupported, explain
from xsfn_helpers.iam.explain import LayerResult
from xsfn_helpers.iam.explain import LayerVerdict as Said

ASSUME: Final = "sts:AssumeRole"
SERVICE, TAKE_ON, CALL, POLL, STOP, CHILD = 1, 2, 3, 4, 5, 6
# Stands for an execution's own name, which is a new one for each.
_SOME_EXECUTION: Final = str(uuid.UUID(int=0))


@dataclass(frozen=True, slots=True)
class TaskLink:
    """One link of a task. `why` says what decided, in one sentence; `accounts` are those whose policies have a say.

    `slip` is set where no policy is the reason but something that isn't as it is named.
    """

    number: int
    task: str
    asker: str
    action: str
    resource: str
    accounts: tuple[str, ...]
    when: str
    answer: Answer
    why: str
    judgement: Judgement | None = None
    slip: Slip | None = None
    open: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        return self.answer is Answer.REFUSED

    @property
    def aws_says(self) -> str:
        """AWS's sentence in the execution's history; empty where it isn't refused, or the words aren't known."""
        if not self.broken:
            return ""
        if self.number == TAKE_ON and self.resource and (self.slip is None or self.slip.kind is not SlipKind.NO_ROLE):
            # One sentence for every reason (recorded).
            return f"The role {self.asker} is not authorized to assume the task state's role, {self.resource}."
        if self.judgement is None or self.slip is not None or self.asker == STATES_PRINCIPAL:
            return ""
        return self.judgement.decision.sentence


def links_of(task: TaskCall, evidence: Evidence, now: str) -> tuple[TaskLink, ...]:
    """Every link of the task, in the order in which a run makes them."""
    chain = _Chain(task, evidence, now)
    return tuple(chain.links())


class _Chain:
    def __init__(self, task: TaskCall, evidence: Evidence, now: str) -> None:
        self._task, self._evidence, self._now = task, evidence, now
        self._machine = evidence.machine

    def links(self) -> Iterator[TaskLink]:
        yield self._as_service(SERVICE, self._machine, tr("when the task runs"))
        yield self._take_on()
        for call in self._calls():
            yield self._call(call)
        if (child := self._child()) is not None:
            yield child

    # --- 1 and 6: Step Functions becomes a state machine's role

    def _as_service(self, number: int, machine: MachineSeen, when: str) -> TaskLink:
        role = self._evidence.role(machine.role_arn)
        link = self._blank(number, STATES_PRINCIPAL, ASSUME, machine.role_arn, (machine.account,), when)
        if role is None and self._evidence.lacks_role(machine.role_arn):
            slip = role_slip(machine.role_arn, self._evidence, own=True)
            return replace(link, answer=Answer.REFUSED, why=slip.what if slip else "", slip=slip)
        request = Request(
            principal=Principal.parse(STATES_PRINCIPAL),
            action=ASSUME,
            resource=machine.role_arn,
            resource_account=account_of(machine.role_arn) or machine.account,
            context={
                "aws:SourceArn": machine.arn,
                "aws:SourceAccount": machine.account,
                **self._context(machine.region),
            },
        )
        return self._decided(link, request, trust_layers(role, machine.role_arn))

    # --- 2: the machine's role becomes the task's

    def _take_on(self) -> TaskLink:
        task, machine = self._task, self._machine
        target = task.role_arn
        accounts = tuple(dict.fromkeys((machine.account, account_of(target) or machine.account)))
        link = self._blank(TAKE_ON, machine.role_arn, ASSUME, target, accounts, tr("when the task runs"))
        if not task.takes_on_a_role:
            return self._without_role(link)
        if not target:
            known = _role_at_run_time(task, self._evidence)
            return replace(link, answer=Answer.UNKNOWN, why=known, open=(_value_of(task),))
        slip = unassumable_name(machine) or role_slip(target, self._evidence)
        role = self._evidence.role(target)
        if slip is not None and slip.certain:
            return replace(link, answer=Answer.REFUSED, why=slip.what, slip=slip)
        found = Arn.parse(target)
        if found is None or not found.role_name:
            return replace(link, answer=Answer.REFUSED, why=tr("{arn!r} is no ARN of a role.", arn=target))
        caller, layers = asking_layers(self._evidence, machine.role_arn)
        layers = replace(
            layers,
            resource_tags_unseen=role is None or role.tags is None,
            resource=trust_of(role),
            resource_unseen="" if role and role.trust is not None else self._why_unseen(target),
        )
        request = Request(
            principal=session_of(machine.role_arn, caller),
            action=ASSUME,
            resource=target,
            resource_account=found.account,
            context={
                "sts:ExternalId": machine.arn,
                **self._context(machine.region),
                **_tags(caller),
                **_resource_tags(role.tags if role is not None else None),
            },
        )
        decided = self._decided(link, request, layers)
        if slip is None:
            return decided
        # An account that nobody could look into: only the caller's own side can settle that it is a slip.
        why = sentences(decided.why, slip.what)
        return replace(decided, why=why, slip=slip if decided.broken else None)

    def _without_role(self, link: TaskLink) -> TaskLink:
        calls = self._calls()
        across = next((call for call in calls if call.account != self._machine.account), None)
        if across is None or across.has_resource_policy:
            own = tr("The task names no role: the state machine's own role makes its calls, in its own account.")
            other = tr(
                "The task names no role: the state machine's own role makes its calls, in another account, whose "
                "policy has to let it in."
            )
            why = own if across is None else other
            return replace(link, answer=Answer.NOT_ASKED, why=why, resource="", accounts=(self._machine.account,))
        slip = Slip.no_role(self._task, across, self._evidence)
        return replace(link, answer=Answer.REFUSED, why=slip.what, slip=slip, resource=across.resource)

    # --- 3, 4 and 5: the calls

    def _calls(self) -> tuple[ServiceCall, ...]:
        machine = Arn.parse(self._machine.arn)
        partition = machine.partition if machine else "aws"
        acting = account_of(self._task.role_arn) or self._machine.account
        place = ResourcePlace(acting, self._machine.region, partition)
        return calls_of(self._task.task.resource, self._task.arguments, place)

    def _call(self, call: ServiceCall) -> TaskLink:
        task = self._task
        asker = task.role_arn if task.takes_on_a_role else self._machine.role_arn
        accounts = tuple(dict.fromkeys((account_of(asker), call.account)))
        link = self._blank(call.number, asker, call.action, call.resource, accounts, tr(call.when))
        if not asker:
            why = tr("Whose call it is shows only at run time.")
            return replace(link, answer=Answer.UNKNOWN, why=why, open=(_value_of(task),))
        found = Arn.parse(asker)
        if found is None or not found.role_name:
            return replace(link, answer=Answer.UNKNOWN, why=tr("There is no such role that could make the call."))
        if call.number == CALL and call.action.startswith("states:Start"):
            slip = machine_slip(call.resource, self._evidence, task)
            if slip is not None:
                return replace(link, answer=Answer.REFUSED, why=slip.what, slip=slip)
        if self._evidence.lacks_role(asker):
            why = tr("The role that would make this call doesn't exist.")
            return replace(link, answer=Answer.UNKNOWN, why=why)
        role, layers = asking_layers(self._evidence, asker)
        if call.has_resource_policy:
            unseen = tr("the policy of the resource itself")
            if call.resource:
                unseen = tr("the policy of {arn} itself", arn=call.resource)
            layers = replace(layers, resource_kind=PolicyKind.RESOURCE, resource_unseen=unseen)
        asked = [call.resource or "*"]
        if call.resource.endswith(":*"):
            asked.append(call.resource[:-1] + _SOME_EXECUTION)
        child = self._evidence.state_machine(call.resource) if call.resource else None
        tags = child.tags if child is not None else None
        layers = replace(layers, resource_tags_unseen=tags is None)
        context = {**self._context(self._machine.region), **_tags(role), **_resource_tags(tags)}
        decided = link
        for resource in asked:
            request = Request(session_of(asker, role), call.action, resource, call.account, context)
            one = self._decided(link, request, layers)
            if decided is link or one.answer is Answer.ALLOWED:
                decided = one
        if call.resource == AT_RUN_TIME:
            return _of_unknown_resource(decided, call)
        return decided

    # --- 6: the child's own role

    def _child(self) -> TaskLink | None:
        call = next((call for call in self._calls() if call.action.startswith("states:Start")), None)
        if call is None:
            return None
        when = tr("when the started execution needs its role")
        child = self._evidence.state_machine(call.resource) if call.resource else None
        if child is not None:
            return self._as_service(CHILD, child, when)
        link = self._blank(CHILD, STATES_PRINCIPAL, ASSUME, "", (call.account,), when)
        if call.resource and self._evidence.lacks_machine(call.resource):
            why = tr("There is no such state machine, so it has no role.")
        elif call.resource:
            why = tr("The state machine {arn} couldn't be seen.", arn=call.resource)
        else:
            why = tr("The state machine that is started couldn't be seen.")
        return replace(link, answer=Answer.UNKNOWN, why=why, open=(tr("the started state machine and its role"),))

    # --- common to all

    def _blank(
        self, number: int, asker: str, action: str, resource: str, accounts: tuple[str, ...], when: str
    ) -> TaskLink:
        shown = tuple(account for account in accounts if account)
        return TaskLink(number, self._task.title, asker, action, resource, shown, when, Answer.UNKNOWN, "")

    def _decided(self, link: TaskLink, request: Request, layers: Layers) -> TaskLink:
        layers = replace(layers, scps=scp_layers(self._evidence, request.principal.account))
        try:
            judgement = judge(request, layers)
        except Unsupported as error:
            return replace(link, answer=Answer.UNKNOWN, why=error.what, open=(error.what,))
        return replace(link, answer=judgement.answer, why=_reason(judgement), judgement=judgement, open=judgement.open)

    def _context(self, region: str) -> dict[str, str]:
        return {
            "aws:RequestedRegion": region,
            "aws:SecureTransport": "true",
            "aws:ViaAWSService": "false",
            "aws:CurrentTime": self._now,
        }

    def _why_unseen(self, arn: str) -> str:
        account = account_of(arn)
        why = next((str(one) for one in self._evidence.not_seen if one.account == account and arn in one.what), "")
        return why or tr("the trust policy of {arn}, which nobody gave or could read", arn=arn)


def _role_at_run_time(task: TaskCall, evidence: Evidence) -> str:
    """That a task's role isn't known, and what would tell it."""
    expression, execution = task.choice.value, evidence.execution
    if execution is None:
        return tr(
            "Which role it is shows only at run time, from {expression}: give the ARN of an execution.",
            expression=expression,
        )
    if not execution.has_history:
        return tr(
            "Which role it is shows only at run time, from {expression}: the execution's history tells it, and wasn't "
            "read. Add the answer of `aws stepfunctions get-execution-history`.",
            expression=expression,
        )
    return tr(
        "Which role it is shows only at run time, from {expression}, and in this execution the task didn't run.",
        expression=expression,
    )


def _value_of(task: TaskCall) -> str:
    return tr("the value of {expression}", expression=task.choice.value)


def _tags(role: RoleSeen | None) -> dict[str, str]:
    tags: Mapping[str, str] = (role.tags if role else None) or {}
    return {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def _resource_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    return {f"aws:ResourceTag/{key}": value for key, value in (tags or {}).items()}


def _of_unknown_resource(link: TaskLink, call: ServiceCall) -> TaskLink:
    """A permission for `*` covers whatever it will be; another one may, or may not."""
    if link.answer is Answer.ALLOWED or link.judgement is None:
        return link
    request = link.judgement.decision.request
    policies = link.judgement.decision.policies.identity
    any_allow = any(s.allows and s.action_matches(request) for policy in policies for s in policy.statements)
    if any_allow or link.answer is Answer.UNKNOWN:
        why = tr("What {action} acts on shows only at run time, and a permission for it is there.", action=call.action)
        return replace(link, answer=Answer.UNKNOWN, why=why, open=(*link.open, tr("the resource of the call")))
    return link


def _reason(judgement: Judgement) -> str:
    decision = judgement.decision
    if judgement.answer is Answer.ALLOWED:
        statements = tr(" and by ").join(str(one) for one in decision.decided_by)
        return tr("Allowed by {statements}.", statements=statements)
    if judgement.answer is Answer.UNKNOWN:
        return tr("It hangs on {open}.", open=tr("; ").join(judgement.open))
    if decision.decided_by:
        statements = listed(decision.decided_by)
        return tr("Refused {reason}: {statements}.", reason=decision.aws_reason, statements=statements)
    layers = listed(_lacking(layer, decision.request) for layer in explain(decision).layers if _lacks(layer))
    asker = decision.request.principal
    # Which session of the role it is has no weight: Step Functions names each at random.
    return tr("Refused: {reasons}.", reasons=layers).replace(asker.arn, asker.role_arn or asker.arn)


def _lacks(layer: LayerResult) -> bool:
    return layer.needed and layer.verdict is Said.NO_MATCH


def _lacking(layer: LayerResult, request: Request) -> str:
    kind = tr(layer.kind.value)
    lacking = tr("no {policy} allows it", policy=kind)
    if layer.account:
        lacking = tr("no {policy} in account {account} allows it", policy=kind, account=layer.account)
    near = [one for one in layer.statements if one.ref.statement.allows and one.action_matches]
    but = tr("; ").join(
        tr("{statement} has {failures}", statement=one.ref, failures=tr(", ").join(one.failures(request)))
        for one in near
    )
    return tr("{lacking} ({near})", lacking=lacking, near=but) if but else lacking
