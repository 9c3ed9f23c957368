"""What AWS denied, found among a diagnosis's links, or decided by itself where no state machine is known. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from xsfn_helpers.asl.arn_forms import UNKNOWN, AskedResource
from xsfn_helpers.common.arns import Arn, account_of, machine_arn, role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.asking.refusal import ASSUME, DeniedBy, RefusedCall, refused_in
from xsfn_helpers.deployment.diagnose.calls import ServiceCall, calls_of
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis, TaskDiagnosis
from xsfn_helpers.deployment.diagnose.evidence import (
    TRUST,
    AccountSeen,
    Evidence,
    ExecutionSeen,
    MachineSeen,
    NotSeen,
)
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
from xsfn_helpers.deployment.diagnose.fixes.repair import fix_for
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.links import SERVICE, TAKE_ON, TaskLink, link_of_call, links_of
from xsfn_helpers.deployment.diagnose.tasks import TaskCall, may_be, read_tasks
from xsfn_helpers.iam.actions import action as known_action
from xsfn_helpers.iam.overlap import meets

# The name of a state machine that nobody named.
_UNNAMED: Final = "state-machine-that-is-not-named"
_UNTOLD: Final = "${unknown}"
_NOBODYS: Final = "000000000000"
_EXTERNAL_ID: Final = "sts:externalid"
_DENIED: Final = mark("the denied task")
# CloudTrail's files hold the denials of a whole account.
_MOST_DENIALS: Final = 20


def supposed_machine(refused: RefusedCall) -> MachineSeen:
    """A state machine that runs as the role that was denied: all that its sentence tells."""
    found = Arn.parse(refused.resource) or Arn.parse(refused.asker)
    region = found.region if found and found.region else "us-east-1"
    partition = found.partition if found else "aws"
    account = account_of(refused.asker) or account_of(refused.resource) or _NOBODYS
    taken = {"Credentials": {"RoleArn": refused.resource}} if refused.link == TAKE_ON else {}
    task = {"Type": "Task", "Resource": f"arn:{partition}:states:::{_UNTOLD}", **taken, "End": True}
    name = tr(_DENIED)
    arn = f"arn:{partition}:states:{region}:{account}:stateMachine:{_UNNAMED}"
    named = next((one for one in (refused.asker, refused.resource) if role_name(one)), "")
    # What AWS says of link 1 names no role at all.
    role = named or f"arn:{partition}:iam::{account}:role/{_UNNAMED}"
    return MachineSeen(arn, role, json.dumps({"StartAt": name, "States": {name: task}}))


def is_supposed(machine: MachineSeen) -> bool:
    return machine.name == _UNNAMED


def evidence_of_words(refused: tuple[RefusedCall, ...]) -> Evidence:
    """The evidence where AWS's words are all there is: of nobody's policies anything is known."""
    machine = supposed_machine(refused[0])
    arns = dict.fromkeys(arn for one in refused for arn in (one.asker, one.resource) if role_name(arn))
    not_seen = tuple(
        NotSeen(account_of(arn), tr("the role {arn}", arn=arn), tr("only AWS's sentence was given")) for arn in arns
    )
    accounts = {account: AccountSeen(account) for account in dict.fromkeys(map(account_of, arns))}
    return Evidence(refused[0].about or machine.arn, machine, accounts, not_seen=not_seen, refused=refused)


def is_by_itself(link: TaskLink) -> bool:
    """Whether a link is of no task that is known: what AWS denied, and nothing else."""
    return link.task.startswith(tr(_DENIED))


def denials_of(evidence: Evidence) -> tuple[RefusedCall, ...]:
    """What AWS denied: as it was given, or else in the execution."""
    if evidence.refused or evidence.execution is None:
        return evidence.refused
    return denied_in(evidence.execution)


def denied_in(execution: ExecutionSeen) -> tuple[RefusedCall, ...]:
    """What AWS denied in an execution: in its end, and in what its tasks ended with, caught or not."""
    failed = [run.failed for runs in execution.runs.values() for run in runs if run.failed]
    found: dict[tuple[str, str, str], RefusedCall] = {}
    for words in (execution.cause, *failed):
        for one in refused_in(words):
            found.setdefault((one.asker, one.action, one.resource), one)
    return tuple(found.values())


def with_refusal(diagnosis: Diagnosis, now: str) -> Diagnosis:
    """The diagnosis with the task first that AWS's words are about; of a supposed machine, what was denied alone.

    What the words tell of a run (the role, the resource) is taken from them. What no task of the state machine asks
    for is decided by itself: that the tasks' own calls are allowed is no answer to it.
    """
    evidence = diagnosis.evidence
    refused = denials_of(evidence)
    if not refused:
        return diagnosis
    if is_supposed(evidence.machine):
        pairs = [_by_itself(one, evidence, now, number) for number, one in enumerate(refused[:_MOST_DENIALS])]
        return _shown(diagnosis, evidence, pairs, [], now, alone=True)
    pairs, known = [], list[TaskDiagnosis]()
    own = [one for one in refused if _by_machine(one) in ("", evidence.machine.arn)]
    for task in diagnosis.tasks:
        changed = list(_as_told(task, own, evidence, now))
        pairs += changed
        known += [] if changed else [task]
    every = [*(task for task, _ in pairs), *known]
    links = [link for task in every for link in task.links]
    machine = evidence.machine.arn
    missing = [
        one for one in refused if _by_machine(one) not in ("", machine) or not any(_is_it(link, one) for link in links)
    ]
    concerned = [one for one in missing if _concerns(one, every, evidence.machine)]
    if not concerned and len(missing) == len(refused):
        concerned = missing[:1]  # of another setup: then nothing is known of it here
    pairs += [_by_itself(one, evidence, now, number) for number, one in enumerate(concerned[:_MOST_DENIALS])]
    return _shown(diagnosis, evidence, pairs, known, now)


def refused_link(diagnosis: Diagnosis) -> TaskLink | None:
    """The link that AWS's words are about; None where there are none, or it is no link of this state machine."""
    refused = denials_of(diagnosis.evidence)
    machine = diagnosis.evidence.machine
    found = [
        link
        for link in diagnosis.links
        if any(
            _is_it(link, one) and (is_supposed(machine) or is_by_itself(link) or _by_machine(one) in ("", machine.arn))
            for one in refused
        )
    ]
    return next((link for link in found if link.answer is not Answer.ALLOWED), next(iter(found), None))


# What decides a task, or a denied call, on any evidence; a fix is tried with it.
_Decide = Callable[[Evidence], TaskDiagnosis]
_Decided = tuple[TaskDiagnosis, _Decide]


def _shown(
    diagnosis: Diagnosis,
    evidence: Evidence,
    told: Sequence[_Decided],
    known: Sequence[TaskDiagnosis],
    now: str,
    *,
    alone: bool = False,
) -> Diagnosis:
    """The diagnosis of these tasks: `told` by AWS's words, with how each is decided, and `known` without them."""
    fixes: list[Fix] = []
    for task, decide in told:
        if task.broken is not None and (fix := _fix(task, task.broken, decide, evidence, now)) is not None:
            fixes.append(fix)
    tasks = [_with_named(task, evidence) for task in (*(task for task, _ in told), *known)]
    tasks.sort(key=lambda task: not any(_is_it(link, one) for link in task.links for one in denials_of(evidence)))
    if alone:
        return replace(
            diagnosis, evidence=evidence, tasks=tuple(tasks), fixes=tuple(fixes), risks=(), least=(), symptom=None
        )
    return replace(diagnosis, evidence=evidence, tasks=tuple(tasks), fixes=(*fixes, *diagnosis.fixes))


def _fix(task: TaskDiagnosis, broken: TaskLink, decide: _Decide, evidence: Evidence, now: str) -> Fix | None:
    if broken.slip is not None and is_by_itself(broken):
        # Whoever wrote it did so in a definition that isn't here.
        told = mark("In the definition that asks for it, write {meant} in the place of {written}.")
        if not broken.slip.meant:
            told = mark("Make {written}, or write another in the definition that asks for it.")
        summary = tr(told, meant=broken.slip.meant, written=broken.slip.written or broken.resource)
        return Fix(broken.number, broken.task, summary)

    def again(changed: Evidence) -> TaskLink | None:
        links = decide(changed).links
        return next((one for one in links if (one.number, one.action) == (broken.number, broken.action)), None)

    return fix_for(broken, task.task, evidence, now, again)


# --- what a task did, by AWS's words


def _as_told(task: TaskDiagnosis, refused: Sequence[RefusedCall], evidence: Evidence, now: str) -> Iterator[_Decided]:
    """The task as AWS's words tell of it: nothing where they tell no more than is known."""
    own = task.task
    roles: list[str] = []
    if own.fan_out is None and own.takes_on_a_role and not own.role_arn:
        told = (_role_told(one, evidence) for one in refused)
        roles = [one for one in dict.fromkeys(told) if one and may_be(own.known_role, one)]
    if not roles:
        if (exact := _exactly(task, refused, evidence, now)) is not task:
            yield exact, lambda seen: _exactly(_links(own, seen, now), refused, seen, now)
        return
    for role in roles:
        named = tr("account {account}", account=account_of(role)) if len(roles) > 1 else own.run
        yield _decided_by(_taking_on(replace(own, role_arn=role, from_run=True, run=named), refused, now), evidence)


def _taking_on(call: TaskCall, refused: Sequence[RefusedCall], now: str) -> _Decide:
    return lambda seen: _exactly(_links(call, seen, now), refused, seen, now)


def _decided_by(decide: _Decide, evidence: Evidence) -> _Decided:
    return decide(evidence), decide


def _links(call: TaskCall, evidence: Evidence, now: str) -> TaskDiagnosis:
    return TaskDiagnosis(call, links_of(call, evidence, now, first=False), calls_of(call, evidence).beyond)


def _role_told(one: RefusedCall, evidence: Evidence) -> str:
    """The role that a task took on, or was to take on, where the words tell it."""
    if _same_role(one.asker, evidence.machine.role_arn):
        return one.resource if one.link == TAKE_ON else ""
    return _known_role(one.asker, evidence) if role_name(one.asker) else ""


def _exactly(task: TaskDiagnosis, refused: Sequence[RefusedCall], evidence: Evidence, now: str) -> TaskDiagnosis:
    """The task with the resource that AWS names in the place of one that isn't known."""
    links = list(task.links)
    for at, link in enumerate(links):
        told = next((one for one in refused if one.resource and _is_it(link, one)), None)
        if told is None or link.answer is not Answer.UNKNOWN or link.number == TAKE_ON or told.action == ASSUME:
            continue
        if link.resource == told.resource or not role_name(link.asker):
            continue
        asked = _asked_for(told, link.number, link.when, own=_same_role(link.asker, evidence.machine.role_arn))
        links[at] = replace(link_of_call(asked, task.task, evidence, now), task=link.task, when=link.when)
    return task if tuple(links) == task.links else replace(task, links=tuple(links))


def _asked_for(one: RefusedCall, number: int, when: str, *, own: bool) -> ServiceCall:
    known = known_action(one.action)
    resource = AskedResource(one.resource) if one.resource else UNKNOWN
    return ServiceCall(number, str(known or one.action), resource, one.account, when, own=own)


# --- what no task asks for


def _by_itself(one: RefusedCall, evidence: Evidence, now: str, number: int) -> _Decided:
    """What was denied, decided from what is known of the two sides."""
    asker = _known_role(one.asker, evidence)
    machine = supposed_machine(replace(one, asker=asker))
    by_machine = _by_machine(one)
    if by_machine:
        machine = replace(machine, arn=by_machine)
    if one.link > TAKE_ON and role_name(asker):
        # Whose state machine it was doesn't matter: the call is its role's.
        machine = replace(machine, role_arn=asker)

    def decide(seen: Evidence) -> TaskDiagnosis:
        seen = replace(seen, machine=machine)
        (call,) = read_tasks(machine.definition)
        name = call.name if not number else f"{call.name} {number + 1}"
        call = replace(call, run="" if not number else str(number + 1))
        link = replace(_alone(one, call, seen, now, bool(by_machine)), task=name)
        if link.answer is Answer.ALLOWED and is_supposed(evidence.machine):
            # One call is let through; of the others that its state machine makes nothing is known.
            open_ = tr("the state machine, which no file describes; this call of it the documents allow")
            link = replace(link, answer=Answer.UNKNOWN, why=tr("It hangs on {open}.", open=open_), open=(open_,))
        return TaskDiagnosis(call, (link,))

    return _decided_by(decide, evidence)


def _by_machine(one: RefusedCall) -> str:
    """The ARN of the state machine whose external ID CloudTrail recorded."""
    found = Arn.parse(one.external_id)
    return machine_arn(one.external_id) if found is not None and found.machine_name else ""


def _alone(one: RefusedCall, call: TaskCall, evidence: Evidence, now: str, named: bool) -> TaskLink:
    """The denied link by itself. Of a state machine that nobody named, no external ID is known either."""
    links = links_of(call, evidence, now)
    if one.link == TAKE_ON and role_name(one.asker) and one.resource:
        link = next(link for link in links if link.number == TAKE_ON)
        role = evidence.role(link.resource)
        if link.answer is Answer.UNKNOWN or named or role is None:
            return link
        if _EXTERNAL_ID not in json.dumps(role.trust).lower():
            return link
        open_ = tr("the value of sts:ExternalId, which is the ARN of the state machine")
        return replace(link, answer=Answer.UNKNOWN, why=tr("It hangs on {open}.", open=open_), open=(open_,))
    if one.link > TAKE_ON and role_name(one.asker) and one.resource:
        return link_of_call(_asked_for(one, one.link, links[0].when, own=True), call, evidence, now)
    open_ = tr("the policies of {asker}, and those of what it asked for", asker=one.asker or one.action)
    if one.link == SERVICE and not one.resource:
        open_ = tr("the trust policy of the role that the state machine runs as, which AWS's sentence doesn't name")
    return replace(
        links[0],
        number=one.link,
        asker=one.asker,
        action=one.action,
        resource=one.resource,
        accounts=tuple(dict.fromkeys(filter(None, (account_of(one.asker), one.account)))),
        answer=Answer.UNKNOWN,
        why=tr("It hangs on {open}.", open=open_),
        judgement=None,
        slip=None,
        open=(open_,),
    )


def _concerns(one: RefusedCall, tasks: Iterable[TaskDiagnosis], machine: MachineSeen) -> bool:
    """Whether a denial is of a role that this state machine has, or takes on."""
    roles = {machine.role_arn, *(task.task.role_arn for task in tasks)}
    return any(_same_role(one.asker, role) for role in roles if role)


def _known_role(arn: str, evidence: Evidence) -> str:
    """The role with its path, which its sessions' ARNs leave out."""
    roles = evidence.account(account_of(arn)).roles
    return next((one for one in roles if _same_role(one, arn)), arn)


# --- whether it is the same


def _is_it(link: TaskLink, one: RefusedCall) -> bool:
    """Whether a link is what was denied, as far as either is known."""
    if link.answer is Answer.NOT_ASKED or one.action.lower() not in link.action.lower().split(" | "):
        return False
    if not _same_role(link.asker, one.asker):
        return False
    if not one.resource or not link.resource:
        # A role that shows only in the run may be any; what was told of it is in the link by now.
        return bool(link.resource) or link.number != TAKE_ON or not one.resource
    return (
        _same_role(link.resource, one.resource)
        or meets(one.resource, link.resource)
        or one.resource.startswith(f"{link.resource}:")
    )


def _same_role(one: str, other: str) -> bool:
    return one == other or (
        bool(role_name(one)) and (account_of(one), role_name(one)) == (account_of(other), role_name(other))
    )


# --- what AWS names as the reason


def _with_named(task: TaskDiagnosis, evidence: Evidence) -> TaskDiagnosis:
    """The task with a link open that AWS says a policy denies which wasn't read."""
    links = tuple(_named(link, evidence) if link.answer is Answer.ALLOWED else link for link in task.links)
    return replace(task, links=links)


def _named(link: TaskLink, evidence: Evidence) -> TaskLink:
    for one in denials_of(evidence):
        if _is_it(link, one) and (open_ := _unread_reason(one, link, evidence)):
            return replace(link, answer=Answer.UNKNOWN, why=tr("It hangs on {open}.", open=open_), open=(open_,))
    return link


def named_reason(link: TaskLink, evidence: Evidence) -> RefusedCall | None:
    """The denial for whose reason a link is open: AWS names a policy that wasn't read."""
    if link.answer is not Answer.UNKNOWN:
        return None
    own = (one for one in denials_of(evidence) if _is_it(link, one))
    return next((one for one in own if _unread_reason(one, link, evidence) in link.open), None)


def _unread_reason(one: RefusedCall, link: TaskLink, evidence: Evidence) -> str:
    """The policy that AWS names as the reason, where it wasn't read; empty where what it names was."""
    asking, owner = evidence.account(account_of(link.asker)), evidence.account(one.account)
    role = evidence.role(link.asker)
    if one.by in (DeniedBy.SESSION, DeniedBy.ENDPOINT):
        unread = True
    elif one.by is DeniedBy.SCP:
        unread = asking.scps is None
    elif one.by is DeniedBy.RCP:
        unread = owner.rcps is None
    elif one.policy:
        known = (*role.policies, *filter(None, (role.boundary,))) if role is not None else ()
        unread = role_name(link.asker) != "" and one.policy not in {policy.arn for policy in known}
    else:
        # A template doesn't tell what the account adds to its roles.
        from_template = role is not None and (role.arn, TRUST) in evidence.spots
        unread = one.by is DeniedBy.BOUNDARY and from_template and role is not None and role.boundary is None
    if not unread:
        return ""
    kind = tr(one.by.value)
    if one.policy:
        told = mark("the {kind} {policy}, which AWS names as the reason, and which wasn't read")
        return tr(told, kind=kind, policy=one.policy)
    return tr("a {kind}, which AWS names as the reason, and which wasn't read", kind=kind)
