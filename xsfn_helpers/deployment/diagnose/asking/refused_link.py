"""What AWS denied, found among a diagnosis's links, or decided by itself where no state machine is known. Pure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from xsfn_helpers.common.arns import Arn, account_of, role_name
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis, TaskDiagnosis
from xsfn_helpers.deployment.diagnose.evidence import AccountSeen, Evidence, MachineSeen, NotSeen
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.links import SERVICE, TAKE_ON, TaskLink
from xsfn_helpers.deployment.diagnose.mistakes import SlipKind

# The name of a state machine that nobody named.
_UNNAMED: Final = "state-machine-that-is-not-named"
_UNTOLD: Final = "${unknown}"
_NOBODYS: Final = "000000000000"
_EXTERNAL_ID: Final = "sts:externalid"


def supposed_machine(refused: RefusedCall) -> MachineSeen:
    """A state machine that runs as the role that was denied: all that its sentence tells."""
    found = Arn.parse(refused.resource) or Arn.parse(refused.asker)
    region = found.region if found and found.region else "us-east-1"
    partition = found.partition if found else "aws"
    account = account_of(refused.asker) or account_of(refused.resource) or _NOBODYS
    taken = {"Credentials": {"RoleArn": refused.resource}} if refused.link == TAKE_ON else {}
    task = {"Type": "Task", "Resource": f"arn:{partition}:states:::{_UNTOLD}", **taken, "End": True}
    name = tr("the denied task")
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


def with_refusal(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with the task first that AWS's words are about; of a supposed machine, that link alone."""
    evidence = diagnosis.evidence
    if not evidence.refused:
        return diagnosis
    if is_supposed(evidence.machine):
        refused = evidence.refused[0]
        tasks = tuple(replace(task, links=_of_sentence(task, refused, evidence)) for task in diagnosis.tasks)
        broken = any(link.broken for task in tasks for link in task.links)
        return replace(diagnosis, tasks=tasks, fixes=diagnosis.fixes if broken else (), risks=(), least=())
    order = sorted(diagnosis.tasks, key=lambda task: not any(_is_it(link, evidence.refused) for link in task.links))
    return replace(diagnosis, tasks=tuple(order))


def refused_link(diagnosis: Diagnosis) -> TaskLink | None:
    """The link that AWS's words are about; None where there are none, or it is no link of this state machine."""
    refused = diagnosis.evidence.refused
    return next((link for link in diagnosis.links if _is_it(link, refused)), None)


def _is_it(link: TaskLink, refused: tuple[RefusedCall, ...]) -> bool:
    return any(
        (link.number == one.link or _lacks_its_role(link, one))
        and _same_role(link.asker, one.asker)
        and (not one.resource or _same_role(link.resource, one.resource) or link.action == one.action)
        for one in refused
    )


def _lacks_its_role(link: TaskLink, refused: RefusedCall) -> bool:
    """Whether this is link 2 of a task without Credentials, which AWS's words about its call are about."""
    return link.slip is not None and link.slip.kind is SlipKind.NO_ROLE and link.action == refused.action


def _same_role(one: str, other: str) -> bool:
    return one == other or (
        bool(role_name(one)) and (account_of(one), role_name(one)) == (account_of(other), role_name(other))
    )


def _of_sentence(task: TaskDiagnosis, refused: RefusedCall, evidence: Evidence) -> tuple[TaskLink, ...]:
    """The denied link by itself. Of a state machine that nobody named, no external ID is known either."""
    link = next((one for one in task.links if one.number == refused.link), None)
    if link is None or refused.link != TAKE_ON:
        open_ = tr("the policies of {asker}, and those of what it asked for", asker=refused.asker or refused.action)
        if refused.link == SERVICE and not refused.resource:
            open_ = tr("the trust policy of the role that the state machine runs as, which AWS's sentence doesn't name")
        blank = task.links[0]
        return (
            replace(
                blank,
                number=refused.link,
                asker=refused.asker,
                action=refused.action,
                resource=refused.resource,
                accounts=tuple(dict.fromkeys(filter(None, (account_of(refused.asker), refused.account)))),
                answer=Answer.UNKNOWN,
                why=tr("It hangs on {open}.", open=open_),
                judgement=None,
                slip=None,
                open=(open_,),
            ),
        )
    role = evidence.role(link.resource)
    if link.answer is not Answer.UNKNOWN and role is not None and _EXTERNAL_ID in json.dumps(role.trust).lower():
        open_ = tr("the value of sts:ExternalId, which is the ARN of the state machine")
        return (replace(link, answer=Answer.UNKNOWN, why=tr("It hangs on {open}.", open=open_), open=(open_,)),)
    return (link,)
