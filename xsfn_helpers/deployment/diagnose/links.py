"""The links of one task's access chain, each decided from the evidence. Pure.

The same six as in `xsfn_helpers.chain.links`, made for any task: other integrations have another link 3, or several, a
task that doesn't wait has no 4 and 5, one that starts no state machine has no 6, and one without Credentials has no 2.
What a Distributed Map asks for itself is its link 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.asl.arn_forms import UNKNOWN
from xsfn_helpers.asl.credentials import Option
from xsfn_helpers.common.arns import Arn, account_of
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.common.language import listed, mark, sentences, tr
from xsfn_helpers.deployment.diagnose.calls import ServiceCall, TaskCalls, calls_of, why_unknown
from xsfn_helpers.deployment.diagnose.evidence import DEFINITION, Evidence, MachineSeen, PolicySeen, RoleSeen
from xsfn_helpers.deployment.diagnose.judge import Answer, Judgement, Layers, NamedPolicy, judge
from xsfn_helpers.deployment.diagnose.layers import (
    asking_layers,
    may_not_be,
    rcp_layers,
    scp_layers,
    session_of,
    trust_layers,
    trust_of,
    unplaced_limits,
)
from xsfn_helpers.deployment.diagnose.mistakes import Slip, SlipKind, call_slip, role_slip, unassumable_name
from xsfn_helpers.deployment.diagnose.reading.own_policies import owner_of
from xsfn_helpers.deployment.diagnose.tasks import TaskCall
from xsfn_helpers.iam import Outcome, PolicyKind, Principal, Request, Unsupported, explain
from xsfn_helpers.iam.actions import action as known_action
from xsfn_helpers.iam.explain import LayerResult
from xsfn_helpers.iam.explain import LayerVerdict as Said

ASSUME: Final = "sts:AssumeRole"
SERVICE, TAKE_ON, CALL, POLL, STOP, CHILD = 1, 2, 3, 4, 5, 6
# What Step Functions calls with an encrypted machine's key, and the key of a condition that tells which machine it is.
_KEY_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")
_ENCRYPTED_FOR: Final = "kms:EncryptionContext:aws:states:stateMachineArn"
_DELIVERY: Final = tuple(
    f"logs:{one}"
    for one in (
        *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
        *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
    )
)
# Stands for the account of a role of which only the name is known.
_SOME_ACCOUNT: Final = "000000000000"
_CALLERS_OWN: Final = (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP)
_INTEGRATIONS: Final = "docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html"


@dataclass(frozen=True, slots=True)
class TaskLink:
    """One link of a task. `why` says what decided, in one sentence; `accounts` are those whose policies have a say.

    `slip` is set where no policy is the reason but something that isn't as it is named. `unread` are documents that
    could deny it as well, were not read, and are left out of the answer.
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
    unread: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        return self.answer is Answer.REFUSED

    @property
    def aws_says(self) -> str:
        """AWS's sentence in the execution's history; empty where it isn't denied, or the words aren't known."""
        if not self.broken:
            return ""
        if self.number == TAKE_ON and self.resource and (self.slip is None or self.slip.kind is not SlipKind.NO_ROLE):
            # One sentence for every reason (recorded).
            return f"The role {self.asker} is not authorized to assume the task state's role, {self.resource}."
        if self.judgement is None or self.slip is not None or self.asker == STATES_PRINCIPAL:
            return ""
        return self.judgement.decision.sentence


def links_of(task: TaskCall, evidence: Evidence, now: str, *, first: bool = True) -> tuple[TaskLink, ...]:
    """Every link of the task, in the order in which a run makes them.

    What is asked for once only, when the state machine is made, is told with its `first` task.
    """
    chain = _Chain(task, evidence, now, first=first)
    return tuple(chain.links())


def link_of_call(call: ServiceCall, task: TaskCall, evidence: Evidence, now: str) -> TaskLink:
    """One call decided by itself, of the role that the task acts as, or of the state machine's own."""
    return _Chain(task, evidence, now, first=False).decided(call)


class _Chain:
    def __init__(self, task: TaskCall, evidence: Evidence, now: str, *, first: bool) -> None:
        self._first = first
        self._task, self._evidence, self._now = task, evidence, now
        self._machine = evidence.machine
        self._asked = calls_of(task, evidence)

    def links(self) -> Iterator[TaskLink]:
        asked = self._asked
        if self._task.fan_out is not None:
            yield from (self._call(call) for call in asked.calls)
            if asked.unknown is not None:
                yield self._unknown(0, asked)
            return
        yield self._as_service(SERVICE, self._machine, tr("when the task runs"))
        if self._machine.key:
            yield self._key(SERVICE, self._machine.role_arn, self._machine)
        if self._first and self._machine.logs and (self._machine.arn, DEFINITION) in self._evidence.spots:
            yield self._logging()
        yield self._take_on()
        if asked.candidates:
            yield self._one_of(asked)
        for call in asked.calls:
            yield self._call(call)
        if (asked.unknown is not None and not asked.candidates) or asked.outside:
            yield self._unknown(CALL, asked)
        yield from self._child()

    def decided(self, call: ServiceCall) -> TaskLink:
        """The link that is one call."""
        return self._call(call)

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

    def _logging(self) -> TaskLink:
        """Of a state machine that isn't deployed yet: its role sets up the delivery of its logs, or it isn't created.

        Source: docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
        """
        machine = self._machine
        when = tr("when the state machine is created or updated")
        link = self._blank(SERVICE, machine.role_arn, _DELIVERY[0], "*", (machine.account,), when)
        role, layers = asking_layers(self._evidence, machine.role_arn)
        context = {**self._context(machine.region), **_tags(role)}
        for action in _DELIVERY:
            request = Request(session_of(machine.role_arn, role), action, "*", machine.account, context)
            one = self._decided(replace(link, action=action), request, layers)
            if one.answer is Answer.ALLOWED:
                continue
            if one.broken and action != _DELIVERY[0]:
                # AWS lists eight of them; that it asks for every one isn't established.
                open_ = tr("whether AWS asks for {action} here", action=action)
                one = replace(one, answer=Answer.UNKNOWN, open=(open_,))
            return one
        return self._decided(link, replace(request, action=_DELIVERY[0]), layers)

    # --- 2: the machine's role becomes the task's

    def _take_on(self) -> TaskLink:
        task, machine = self._task, self._machine
        target = task.role_arn
        accounts = tuple(dict.fromkeys((machine.account, account_of(target) or machine.account)))
        link = self._blank(TAKE_ON, machine.role_arn, ASSUME, target, accounts, tr("when the task runs"))
        if not task.takes_on_a_role:
            return self._without_role(link)
        if not target:
            return self._some_role(link)
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
            resource_tags_unseen=role is None or role.tags is None or not role.tags_listed,
            resource=trust_of(role),
            resource_unseen="" if role and role.trust is not None else self._why_unseen(target),
            may_not_be=(*layers.may_not_be, *may_not_be(role)),
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
        if target == machine.role_arn and decided.broken:
            # AWS's documentation doesn't say whether a role that the run has already is assumed once more.
            why = tr("The task names the state machine's own role: whether it is assumed again AWS doesn't say.")
            return replace(decided, answer=Answer.UNKNOWN, why=why, open=(why,))
        if slip is None:
            return decided
        # An account that nobody could look into: only the caller's own side can settle that it is a slip.
        why = sentences(decided.why, slip.what)
        return replace(decided, why=why, slip=slip if decided.broken else None)

    def _some_role(self, link: TaskLink) -> TaskLink:
        """A role of which only a part of the ARN is known: what the state machine's role may do decides alone."""
        task, machine = self._task, self._machine
        known = task.known_role
        where = _role_not_known(task, self._evidence)
        open_link = replace(link, answer=Answer.UNKNOWN, why=where, open=(_value_of(task),))
        found = Arn.parse(known)
        if found is None or found.service != "iam" or not found.rest.startswith("role/"):
            return open_link
        caller, layers = asking_layers(self._evidence, machine.role_arn)
        request = Request(
            principal=session_of(machine.role_arn, caller),
            action=ASSUME,
            resource=known,
            resource_account=found.account if found.account.isdigit() else _SOME_ACCOUNT,
            context={"sts:ExternalId": machine.arn, **self._context(machine.region), **_tags(caller)},
        )
        layers = replace(
            layers,
            resource_tags_unseen=True,
            account_unseen=not found.account.isdigit(),
            resource_unseen=tr("the trust policy of the role, which shows only in the run"),
        )
        decided = self._decided(link, request, layers, may_act_on=(known,))
        if decided.broken:
            told = tr("Whichever role {arn} is in another account, it is out of reach.", arn=known)
            return replace(decided, resource=known, why=sentences(told, decided.why))
        if self._may_assume(decided):
            own = tr("Whichever role {arn} is, the state machine's role may ask for it.", arn=known)
            return replace(open_link, resource=known, why=sentences(own, where))
        return replace(open_link, resource=known)

    def _may_assume(self, decided: TaskLink) -> bool:
        """Whether the caller's own side allows it for certain, so that only the other side is open."""
        if decided.judgement is None:
            return False
        decision = decided.judgement.decision
        return decision.outcome is Outcome.IMPLICITLY_DENIED and not any(
            layer.kind in _CALLERS_OWN for layer in decision.lacking
        )

    def _without_role(self, link: TaskLink) -> TaskLink:
        across = next((call for call in self._asked.calls if call.account != self._machine.account), None)
        if across is None or across.has_resource_policy:
            own = tr("The task names no role: the state machine's own role makes its calls, in its own account.")
            other = tr(
                "The task names no role: the state machine's own role makes its calls, in another account, whose "
                "policy has to let it in."
            )
            why = own if across is None else other
            return replace(link, answer=Answer.NOT_ASKED, why=why, resource="", accounts=(self._machine.account,))
        slip = Slip.no_role(self._task, across, self._evidence)
        # What is denied is the call itself: no role is asked for.
        return replace(
            link, action=across.action, answer=Answer.REFUSED, why=slip.what, slip=slip, resource=across.resource
        )

    # --- 0, 3, 4 and 5: the calls

    def _call(self, call: ServiceCall) -> TaskLink:
        task = self._task
        own = call.own or not task.takes_on_a_role
        asker = self._machine.role_arn if own else task.role_arn
        accounts = tuple(dict.fromkeys((account_of(asker), call.account)))
        link = self._blank(call.number, asker, call.action, call.resource, accounts, tr(call.when))
        if not asker:
            at_deployment = task.choice.option is Option.ARN
            why = tr("Whose call it is shows only at run time.")
            why = tr("Whose call it is shows only at deployment.") if at_deployment else why
            return replace(link, answer=Answer.UNKNOWN, why=why, open=(_value_of(task),))
        found = Arn.parse(asker)
        if found is None or not found.role_name:
            return replace(link, answer=Answer.UNKNOWN, why=tr("There is no such role that could make the call."))
        if call.number == CALL and not call.own:
            slip = call_slip(call, self._evidence, task)
            if slip is not None:
                return replace(link, answer=Answer.REFUSED, why=slip.what, slip=slip)
        if self._evidence.lacks_role(asker):
            why = tr("The role that would make this call doesn't exist.")
            return replace(link, answer=Answer.UNKNOWN, why=why)
        return self._judged(link, call)

    def _judged(self, link: TaskLink, call: ServiceCall) -> TaskLink:
        role, layers = asking_layers(self._evidence, link.asker)
        unread: tuple[str, ...] = ()
        if call.has_resource_policy:
            unseen = tr("the policy of the resource itself")
            if call.resource:
                unseen = tr("the policy of {arn} itself", arn=call.resource)
            own = self._evidence.of_resources.get(owner_of(call.resource)) if call.resource else None
            layers = replace(layers, resource_kind=PolicyKind.RESOURCE, resource_unseen=unseen)
            if own is not None:
                title = tr("policy of {arn}", arn=owner_of(call.resource))
                named = NamedPolicy(title, PolicySeen(title, document=own.document, unsure=own.unsure))
                layers = replace(layers, resource=named if own.document else None)
                layers = replace(layers, resource_unseen="" if own.whole else unseen)
            unread = (unseen,) if layers.resource_unseen else ()
        child = self._evidence.state_machine(call.resource) if call.resource else None
        tags = child.tags if child is not None else None
        given = {key: value for key, value in call.context if "*" not in value}
        layers = replace(layers, resource_tags_unseen=tags is None, keys_unseen=_unseen_keys(call.action, given))
        context = {**self._context(self._machine.region), **_tags(role), **_resource_tags(tags), **given}
        who = session_of(link.asker, role)
        decided = link
        for asked in (call, *(replace(call, asked=one) for one in call.instead)):
            request = Request(who, call.action, asked.resource or "*", call.account, context)
            one = self._decided(link, request, layers, may_act_on=asked.may_act_on)
            if decided is link or one.answer is Answer.ALLOWED:
                decided = one
        if decided.broken and not call.certain:
            told = tr("AWS's page shows this permission; whether every run needs it isn't established.")
            open_ = tr("whether AWS asks for {action} here", action=call.action)
            decided = replace(decided, answer=Answer.UNKNOWN, why=sentences(told, decided.why), open=(open_,))
        if decided.answer is Answer.UNKNOWN and not call.resource and decided.judgement is not None:
            told = tr("What {action} acts on shows only at run time.", action=call.action)
            decided = replace(decided, why=sentences(told, decided.why))
        open_owner = not call.is_in_a_known_account and self._task.is_given_at_run_time
        if decided.answer is Answer.ALLOWED and unread and open_owner:
            # Its own role may call it; what is another account's has to let it in as well.
            told = tr("Whose it is what {action} acts on shows only at run time.", action=call.action)
            open_ = tr("the policy of the resource itself, if it is another account's")
            return replace(decided, answer=Answer.UNKNOWN, why=sentences(told, decided.why), open=(open_,))
        return replace(decided, unread=unread if decided.answer is Answer.ALLOWED else ())

    def _one_of(self, asked: TaskCalls) -> TaskLink:
        """One of several actions is asked for, which one hangs on what the call is given."""
        own = self._machine.account if not self._task.takes_on_a_role else account_of(self._task.role_arn)
        calls = [
            ServiceCall(CALL, one, UNKNOWN, own or self._machine.account, mark("once, when the task runs"))
            for one in asked.candidates
        ]
        links = [self._call(call) for call in calls]
        answers = {link.answer for link in links}
        if len(answers) == 1:
            return replace(links[0], action=" | ".join(asked.candidates))
        which = why_unknown(self._task, asked)
        why = sentences(which, *(link.why for link in links if link.answer is not Answer.ALLOWED))
        open_ = tr("which of {actions} it asks for", actions=listed(asked.candidates))
        return replace(links[0], action=" | ".join(asked.candidates), answer=Answer.UNKNOWN, why=why, open=(open_,))

    def _unknown(self, number: int, asked: TaskCalls) -> TaskLink:
        """A call of which the table doesn't know, or not all, what it asks for."""
        task = self._task
        asker = task.role_arn if task.takes_on_a_role else self._machine.role_arn
        accounts = (account_of(asker) or self._machine.account,)
        action = tr("what {resource} asks for", resource=task.resource)
        link = self._blank(number, asker, action, "", accounts, tr("once, when the task runs"))
        if asked.unknown is None:
            outside = tr(asked.outside)
            why = tr("{outside} decides as well, and isn't read here.", outside=outside)
            return replace(link, why=sentences(why), open=(outside,))
        why = why_unknown(task, asked)
        page = tr("AWS's page of the integration: {page}", page=asked.page or _INTEGRATIONS)
        return replace(link, why=why, open=(page,))

    def _key(self, number: int, asker: str, machine: MachineSeen) -> TaskLink:
        """An encrypted state machine's key, which its own policy has to open for whoever runs it.

        Source: docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
        """
        key = machine.key_arn
        accounts = tuple(dict.fromkeys((account_of(asker), account_of(key) or machine.account)))
        link = self._blank(number, asker, _KEY_ACTIONS[0], machine.key, accounts, tr("when the task runs"))
        own = self._evidence.of_resources.get(key) if key else None
        if own is None or own.document is None:
            why = tr(
                "The state machine {machine} is encrypted with a key of its own: kms:Decrypt and kms:GenerateDataKey "
                "hang on the key's policy, which wasn't read.",
                machine=machine.name,
            )
            return replace(link, why=why, open=(tr("the key policy of {key}", key=machine.key),))
        title = tr("policy of {arn}", arn=key)
        role, layers = asking_layers(self._evidence, asker)
        given = {_ENCRYPTED_FOR: machine.arn, "kms:CallerAccount": account_of(asker)}
        layers = replace(
            layers,
            resource=NamedPolicy(title, PolicySeen(title, document=own.document, unsure=own.unsure)),
            resource_kind=PolicyKind.RESOURCE,
            resource_tags_unseen=True,
        )
        context = {**self._context(machine.region), **_tags(role), **given}
        decided = []
        for action in _KEY_ACTIONS:
            unseen = _unseen_keys(action, given)
            request = Request(session_of(asker, role), action, key, account_of(key), context)
            one = self._decided(replace(link, action=action), request, replace(layers, keys_unseen=unseen))
            decided.append(self._perhaps_by_grant(one, key) if one.broken else one)
        first = {one.answer: one for one in reversed(decided)}
        return first.get(Answer.REFUSED) or first.get(Answer.UNKNOWN) or decided[0]

    def _perhaps_by_grant(self, link: TaskLink, key: str) -> TaskLink:
        """A key that nothing denies may be opened by a grant; whether a caller needs it AWS's page leaves open."""
        denied = link.judgement is not None and link.judgement.decision.outcome is Outcome.EXPLICITLY_DENIED
        if denied and link.number != CALL:
            return link
        open_ = tr("whether a grant of the key {key} lets it (`aws kms list-grants`)", key=key)
        if denied:
            open_ = tr("whether AWS asks for {action} here", action=link.action)
        return replace(link, answer=Answer.UNKNOWN, open=(open_,))

    # --- 6: the child's own role

    def _child(self) -> Iterator[TaskLink]:
        call = next((call for call in self._asked.calls if call.action.startswith("states:Start")), None)
        if call is None:
            return
        when = tr("when the started execution needs its role")
        child = self._evidence.state_machine(call.resource) if call.resource else None
        if child is not None:
            if child.key:
                asker = self._task.role_arn if self._task.takes_on_a_role else self._machine.role_arn
                yield self._key(CALL, asker, child)
            yield self._as_service(CHILD, child, when)
            if child.key:
                yield self._key(CHILD, child.role_arn, child)
            return
        link = self._blank(CHILD, STATES_PRINCIPAL, ASSUME, "", (call.account,), when)
        if call.resource and self._evidence.lacks_machine(call.resource):
            why = tr("There is no such state machine, so it has no role.")
        elif call.resource:
            why = tr("The state machine {arn} couldn't be seen.", arn=call.resource)
        else:
            why = tr("The state machine that is started couldn't be seen.")
        open_ = (tr("the started state machine and its role"),)
        yield replace(link, answer=Answer.UNKNOWN, why=why, open=open_)

    # --- common to all

    def _blank(
        self, number: int, asker: str, action: str, resource: str, accounts: tuple[str, ...], when: str
    ) -> TaskLink:
        shown = tuple(account for account in accounts if account)
        return TaskLink(number, self._task.title, asker, action, resource, shown, when, Answer.UNKNOWN, "")

    def _decided(self, link: TaskLink, request: Request, layers: Layers, may_act_on: tuple[str, ...] = ()) -> TaskLink:
        layers = replace(
            layers,
            scps=scp_layers(self._evidence, request.principal.account),
            rcps=rcp_layers(self._evidence, request.resource_account),
            may_limit=unplaced_limits(self._evidence),
        )
        try:
            judgement = judge(request, layers, may_act_on)
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


def _role_not_known(task: TaskCall, evidence: Evidence) -> str:
    """That a task's role isn't known, and what would tell it."""
    expression, execution = task.choice.value, evidence.execution
    if task.choice.option is Option.ARN:
        return tr("Which role it is, {expression}, shows only at deployment.", expression=expression)
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


def _unseen_keys(action: str, given: Mapping[str, str]) -> frozenset[str]:
    """Condition keys that the called service may fill in, by IAM's own list, and whose values nobody can know here.

    Those of Step Functions itself are known: states:StateMachineQualifier is there where a version or an alias is
    named.
    """
    found = known_action(action)
    if found is None or found.prefix in ("states", "sts"):
        return frozenset()
    keys = (*found.keys, *(key for kind in found.types for key in kind.keys))
    known = {key.lower() for key in given}
    # aws:RequestTag/${TagKey} stands for a key for each tag.
    names = {key.lower().partition("${")[0] for key in keys if not key.lower().startswith("aws:resourcetag/")}
    return frozenset(names - known)


def _reason(judgement: Judgement) -> str:
    decision = judgement.decision
    if judgement.answer is Answer.ALLOWED:
        statements = tr(" and by ").join(str(one) for one in decision.decided_by)
        return tr("Allowed by {statements}.", statements=statements)
    if judgement.answer is Answer.UNKNOWN:
        return tr("It hangs on {open}.", open=tr("; ").join(judgement.open))
    if decision.decided_by:
        statements = listed(decision.decided_by)
        return tr("Denied {reason}: {statements}.", reason=decision.aws_reason, statements=statements)
    layers = listed(_lacking(layer, decision.request) for layer in explain(decision).layers if _lacks(layer))
    asker = decision.request.principal
    # Which session of the role it is has no weight: Step Functions names each at random.
    return tr("Denied: {reasons}.", reasons=layers).replace(asker.arn, asker.role_arn or asker.arn)


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
