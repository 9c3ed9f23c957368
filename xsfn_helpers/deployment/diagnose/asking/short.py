"""The answer in five lines at most: what was denied, by whom, which document and line, the smallest change, how sure.

Pure. For somebody on call: the full report is `str(diagnosis)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.common.arns import Arn, account_of
from xsfn_helpers.common.language import listed, mark, sentences, tr, tr_n
from xsfn_helpers.deployment.diagnose.asking.refusal import DeniedBy, RefusedCall
from xsfn_helpers.deployment.diagnose.asking.refused_link import is_by_itself, is_supposed, named_reason, refused_link
from xsfn_helpers.deployment.diagnose.asking.values_wanted import SYMBOL, values_wanted
from xsfn_helpers.deployment.diagnose.diagnosis import (
    MARKS,
    Conclusion,
    Diagnosis,
    about_the_run,
    asker_words,
    headline,
    to_another_first,
    unread_words,
)
from xsfn_helpers.deployment.diagnose.evidence import DEFINITION, LIMITS, TRUST, PolicySeen, RoleSeen, Spot
from xsfn_helpers.deployment.diagnose.fixes.policy_fixes import ASK_FIRST
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.layers import Kind, places
from xsfn_helpers.deployment.diagnose.links import CHILD, SERVICE, STOP, TAKE_ON, TaskLink
from xsfn_helpers.deployment.diagnose.reading.own_policies import owner_of
from xsfn_helpers.deployment.diagnose.reading.pieces import UNIQUE
from xsfn_helpers.deployment.diagnose.reading.unknowns import NOT_TOLD
from xsfn_helpers.iam import Outcome, PolicyKind, StatementRef, explain
from xsfn_helpers.iam.explain import LayerResult
from xsfn_helpers.iam.explain import LayerVerdict as Said

_MOST_OPEN = 3
# Links that many a run never comes to: when they are asked for is told.
_LATER: Final = (STOP, CHILD)
# What answers with a resource's own policy, by the service of its ARN.
_OWN_POLICY: Final = {
    "kms": "aws kms get-key-policy --policy-name default --key-id",
    "lambda": "aws lambda get-policy --function-name",
    "sns": "aws sns get-topic-attributes --topic-arn",
}


@dataclass(frozen=True, slots=True)
class DecidingDocument:
    """The document that denies, or lacks the permission: what it is called, whose it is, and where it is written."""

    title: str
    account: str
    spot: Spot | None = None
    line: int = 0

    def __str__(self) -> str:
        told = tr("{thing}, account {account}", thing=self.title, account=self.account) if self.account else self.title
        return f"{told} ({self.spot.file}:{self.line})" if self.spot is not None else told


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """A diagnosis that shows its answer in five lines."""

    diagnosis: Diagnosis

    def __str__(self) -> str:
        return "\n".join(short_answer(self.diagnosis))

    __repr__ = __str__


def short_answer(diagnosis: Diagnosis) -> tuple[str, ...]:
    """At most five lines."""
    lines = tuple(_lines(diagnosis))
    if taken := diagnosis.evidence.taken:
        lines = (*lines[:-1], sentences(tr("{line}.", line=lines[-1].rstrip(".")), *taken))
    stands = sorted(one for one in diagnosis.evidence.stand_ins if any(one in line for line in lines))
    if not stands:
        return lines
    told = tr_n(
        "{accounts} stands for an account that no file tells (--operator-account-id and --subject-account-id do).",
        "{accounts} stand for accounts that no file tells (--operator-account-id and --subject-account-id do).",
        len(stands),
        accounts=listed(stands),
    )
    return (*lines[:-1], sentences(tr("{line}.", line=lines[-1].rstrip(".")), told))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    link = subject_of(diagnosis)
    if link is None or (link.answer is Answer.ALLOWED and diagnosis.verdict is Conclusion.FINE):
        yield from _fine(diagnosis)
    elif link.broken:
        yield from _broken(link, diagnosis)
    elif not diagnosis.evidence.machine.role_told:
        yield from _no_role(diagnosis)
    else:
        yield from _open(link, diagnosis)


def subject_of(diagnosis: Diagnosis) -> TaskLink | None:
    """The link to speak of: the one that AWS's words are about, the first that is broken, the first that is open.

    Of several that are broken, or open, that of a task that takes on a role.
    """
    told = refused_link(diagnosis)
    if told is not None and told.answer is not Answer.ALLOWED:
        return told
    if diagnosis.first_broken is not None:
        return diagnosis.first_broken
    links = (link for task in to_another_first(diagnosis.tasks) for link in task.links)
    return next((link for link in links if link.answer is Answer.UNKNOWN), told)


def _broken(link: TaskLink, diagnosis: Diagnosis) -> Iterator[str]:
    yield f"{MARKS[Answer.REFUSED]} " + sentences(_denied(link, diagnosis), _of_many(link, diagnosis))
    documents = "; ".join(map(str, deciding_documents(link, diagnosis)))
    yield tr(_told_of_documents(link), document=documents)
    yield tr("Why: {why}", why=link.why)
    fix = next((one for one in diagnosis.fixes if (one.link, one.task) == (link.number, link.task)), None)
    change = tr("none of what was seen helps; --all tells what was")
    if fix is not None:
        # What the change itself doesn't say: what a value is left of, who else is concerned.
        change = sentences(fix.summary, *(note for note in fix.notes if note != tr(ASK_FIRST)))
    if UNIQUE in change:
        made = tr(
            "{end} stands for what CloudFormation ends the name in: take it from the deployed stack.", end=UNIQUE[1:]
        )
        change = sentences(change, made)
    if fix is not None and fix.changes and _is_denied_on_purpose(link):
        # Whoever is on call takes no lock away that somebody put there.
        change = sentences(change, tr(ASK_FIRST))
    first = fix is not None and fix.changes and not fix.mends
    told = mark("Smallest change that would allow it: {change}")
    if first:
        told = mark("First change, and more is wrong with this link (--all): {change}")
    yield tr(told, change=change)
    yield tr("How sure: {sure}", sure=_sure(link, diagnosis))


def _open(link: TaskLink, diagnosis: Diagnosis) -> Iterator[str]:
    yield f"{MARKS[Answer.UNKNOWN]} " + tr("Can't tell: {asked}", asked=_asked(link, diagnosis))
    yield tr("Accounts: {accounts}", accounts=_both_sides(link))
    open_ = list(dict.fromkeys(link.open)) or [link.why]
    more = tr(" (and {count} more)", count=len(open_) - _MOST_OPEN) if len(open_) > _MOST_OPEN else ""
    yield tr("It hangs on: {open}", open="; ".join(open_[:_MOST_OPEN]) + more)
    yield tr("To settle it: {what}", what=_would_settle(link, diagnosis))
    others = sum(one.answer is Answer.UNKNOWN for one in diagnosis.links) - 1
    sure = tr("not sure: it is neither allowed nor denied for certain")
    if others > 0:
        sure = tr_n(
            "not sure, nor of {count} other link; --all tells it",
            "not sure, nor of {count} other links; --all tells them",
            others,
        )
    yield tr("How sure: {sure}", sure=_with_another(sure, diagnosis))


def _no_role(diagnosis: Diagnosis) -> Iterator[str]:
    """Of a state machine whose role nothing tells: what it would assume, and what tells it."""
    machine = diagnosis.evidence.machine
    unknown = tr("nothing that was read tells which role state machine {machine} runs as", machine=machine.name)
    yield f"{MARKS[Answer.UNKNOWN]} " + tr("Can't tell: {why}", why=unknown)
    at_run_time = tr("a role that shows only in a run")
    wanted = {
        tr(
            "{role} (task {task})",
            role=one.task.role_arn or (one.task.known_role.strip("*") and one.task.known_role) or at_run_time,
            task=one.task.name,
        )
        for one in diagnosis.tasks
        if one.task.takes_on_a_role
    }
    if wanted:
        more = tr(" (and {count} more)", count=len(wanted) - _MOST_OPEN) if len(wanted) > _MOST_OPEN else ""
        yield tr("Its tasks assume: {roles}", roles="; ".join(sorted(wanted)[:_MOST_OPEN]) + more)
    roles = [one.task.known_role for one in diagnosis.tasks if one.task.takes_on_a_role and not one.task.role_arn]
    later = values_wanted((machine.role_written, *roles), diagnosis.evidence.parameters) if machine.role_written else ""
    yield tr("To settle it: {what}", what=later or _machine_wanted(diagnosis))
    yield tr("How sure: {sure}", sure=tr("not sure: it is neither allowed nor denied for certain"))


def _machine_wanted(diagnosis: Diagnosis) -> str:
    """What tells more of a state machine: before it is deployed, by the kind of its file, and once it is."""
    machine = diagnosis.evidence.machine
    spot = diagnosis.evidence.spots.get((machine.arn, DEFINITION))
    deployed = tr(
        "what `aws stepfunctions describe-state-machine` answers for {machine}, once it is deployed",
        machine=machine.name,
    )
    if diagnosis.evidence.made_by:
        return diagnosis.evidence.made_by
    if spot is not None and spot.file.endswith((".tf", ".tf.json")):
        return tr("give what `terraform show -json` prints of a plan; or {deployed}", deployed=deployed)
    if machine.may_be_in:
        return tr(
            "by its name, {file} may be what is in the bucket: if it is, write its path in the place of the bucket, as "
            "before `aws cloudformation package`; or give {deployed}",
            file=machine.may_be_in,
            deployed=deployed,
        )
    if machine.lost:
        return tr("give {deployed}", deployed=deployed)
    return tr("give the template, or the Terraform source, that makes it; or {deployed}", deployed=deployed)


def _fine(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.withheld:
        yield f"{MARKS[Answer.UNKNOWN]} " + tr("Can't tell: {why}", why=headline(diagnosis))
        yield tr("To settle it: {what}", what=_machine_wanted(diagnosis))
        return
    yield f"{MARKS[Answer.ALLOWED]} {headline(diagnosis)}"
    run = about_the_run(diagnosis)
    if refused_link(diagnosis) is not None and (diagnosis.symptom is None or not diagnosis.symptom.link):
        told = tr(
            "AWS denied it then: the policies were changed since, or the change hadn't spread yet, or what is deployed "
            "isn't what was read. Start it again; if it is denied again, read what is deployed."
        )
        run = sentences(run, told)
    if run:
        yield run
    if diagnosis.risks:
        count = len(diagnosis.risks)
        risks = tr_n("{count} risk in what works (--all)", "{count} risks in what works (--all)", count)
        yield tr("Look at this once it runs: {risks}: {first}", risks=risks, first=diagnosis.risks[0].message)
    if unread := unread_words(diagnosis):
        yield tr("Not read, and left out of this: {what}. A Deny there could deny it (--all).", what=unread)


def _told_of_documents(link: TaskLink) -> str:
    if link.slip is not None:
        return mark("Written in: {document}")
    return mark("Missing from: {document}") if _is_nowhere(link) else mark("Denied by: {document}")


def _denied(link: TaskLink, diagnosis: Diagnosis) -> str:
    return tr("Denied: {asked}.", asked=_asked(link, diagnosis))


def _asked(link: TaskLink, diagnosis: Diagnosis) -> str:
    asked = tr("{action} on {resource}", action=link.action, resource=link.resource) if link.resource else link.action
    if is_supposed(diagnosis.evidence.machine):
        return tr("{asker} → {asked} (link {link})", asker=asker_words(link), asked=asked, link=link.number)
    if is_by_itself(link):
        return tr(
            "{asker} → {asked} (no task of state machine {machine} asks for it)",
            asker=asker_words(link),
            asked=asked,
            machine=diagnosis.evidence.machine.name,
        )
    if link.number in _LATER:
        return tr(
            "{asker} → {asked} (link {link} of task {task}, {when})",
            asker=asker_words(link),
            asked=asked,
            link=link.number,
            task=link.task,
            when=link.when,
        )
    return tr(
        "{asker} → {asked} (link {link} of task {task})",
        asker=asker_words(link),
        asked=asked,
        link=link.number,
        task=link.task,
    )


def _of_many(link: TaskLink, diagnosis: Diagnosis) -> str:
    """How many of a task's runs are denied like this one; empty for a task that ran once."""
    own = next((one.task for one in diagnosis.tasks if link in one.links), None)
    if own is None or not own.run:
        return ""
    runs = [one for one in diagnosis.tasks if one.task.name == own.name and one.task.where == own.where]
    refused = [one for one in runs if one.broken is not None]
    accounts = Counter(account_of(one.task.role_arn) for one in refused)
    named = listed(list(accounts)[:5]) + (" …" if len(accounts) > 5 else "")
    return tr(
        "{refused} of {runs} runs of task {task} are denied: account {accounts}.",
        refused=len(refused),
        runs=len(runs),
        task=own.name,
        accounts=named,
    )


def _both_sides(link: TaskLink) -> str:
    asking = tr("{asker} of {account}", asker=asker_words(link), account=account_of(link.asker) or tr("Step Functions"))
    if not link.resource or not link.accounts:
        return asking
    if (found := Arn.parse(link.resource)) is not None and found.role_name and SYMBOL.search(found.account):
        return f"{asking} → {link.resource}"
    return f"{asking} → " + tr("{resource} of {account}", resource=link.resource, account=link.accounts[-1])


def _would_settle(link: TaskLink, diagnosis: Diagnosis) -> str:
    if reason := named_reason(link, diagnosis.evidence):
        return _reading(reason, link)
    if told := [one for one in link.open if one in map(tr, NOT_TOLD)]:
        return tr("tell {what}", what=tr("; ").join(told))
    at_run_time = tr("give the ARN of an execution, with its history")
    if not link.asker or (link.number == TAKE_ON and not link.resource):
        return values_wanted(link.open, diagnosis.evidence.parameters) or at_run_time
    if link.number == TAKE_ON and link.resource and not SYMBOL.search(link.resource):
        asking, target = diagnosis.evidence.role(link.asker), diagnosis.evidence.role(link.resource)
        if asking is None or target is None:
            return _roles_wanted(link, own_is_known=asking is not None and len(link.open) == 1)
    if is_supposed(diagnosis.evidence.machine):
        return _asked_for(link)
    read = (str(one) for one in diagnosis.not_seen if any(one.what in text for text in link.open))
    if wanted := values_wanted((link.resource, *link.open, *read), diagnosis.evidence.parameters):
        return wanted
    concerned = {account_of(link.asker), *link.accounts}
    own = [one for one in diagnosis.not_seen if one.account in concerned]
    named = [one for one in own if any(one.what in text for text in (*link.open, link.why))]
    if not named and not (link.judgement is not None and link.open):
        named = [one for one in own if one.what not in map(tr, LIMITS)]
    if named:
        return str(named[0])
    if asked := next((one for text in link.open if (one := _own_policy_call(text))), ""):
        return tr("give what `{call}` answers, or the template that makes it", call=asked)
    return tr("find out about {what}", what=link.open[0]) if link.judgement is not None and link.open else at_run_time


def _roles_wanted(link: TaskLink, *, own_is_known: bool) -> str:
    """What tells whether a role is let in that was named and not read."""
    owner, target = account_of(link.asker), account_of(link.resource)
    asker, role = asker_words(link), link.resource
    if own_is_known:
        return tr(
            "in account {target}, whether the trust policy of {role} lets {asker} in, with its sts:ExternalId. Give "
            "the template that makes it, or `aws iam get-account-authorization-details` of that account",
            target=target,
            role=role,
            asker=asker,
        )
    return tr(
        "in account {owner}, whether {asker} may sts:AssumeRole on {role}; in account {target}, whether that "
        "role's trust policy lets it in, with its sts:ExternalId. Give the templates, or `aws iam "
        "get-account-authorization-details` of both",
        owner=owner,
        asker=asker,
        role=role,
        target=target,
    )


def _own_policy_call(open_: str) -> str:
    """The AWS CLI's command that reads the policy of the resource that this speaks of; empty for any other text."""
    found = next((arn for word in open_.split() if (arn := Arn.parse(word.strip(".,;:()"))) is not None), None)
    call = _OWN_POLICY.get(found.service, "") if found is not None else ""
    return f"{call} {found}" if found is not None and call and not SYMBOL.search(str(found)) else ""


def _asked_for(link: TaskLink) -> str:
    """What would settle it where AWS's sentence is all that was given."""
    if link.number == SERVICE:
        return tr(
            "whether the role that the state machine runs as trusts states.amazonaws.com. Give the ARN of the "
            "execution or of the state machine, or the templates"
        )
    return tr(
        "in account {account}, whether {asker} may {action} on {resource}. Give the ARN of the execution, the "
        "templates, or `aws iam get-account-authorization-details`",
        account=account_of(link.asker),
        asker=asker_words(link),
        action=link.action,
        resource=link.resource or "*",
    )


# docs.aws.amazon.com/cli/latest/reference/organizations/list-policies-for-target.html
_LISTED: Final = {DeniedBy.SCP: "SERVICE_CONTROL_POLICY", DeniedBy.RCP: "RESOURCE_CONTROL_POLICY"}


def _reading(one: RefusedCall, link: TaskLink) -> str:
    """How to get at the policy that AWS names as the reason."""
    if one.by in _LISTED:
        return tr(
            "in the organization's management account, `aws organizations list-policies-for-target --target-id "
            "{account} --filter {kind}`, for its organizational units and the root as well, and `aws organizations "
            "describe-policy` of each",
            account=account_of(link.asker) if one.by is DeniedBy.SCP else one.account,
            kind=_LISTED[one.by],
        )
    if one.policy:
        return tr("read it: `aws iam get-policy-version`, of {policy}", policy=one.policy)
    if one.by is DeniedBy.BOUNDARY:
        return tr("`aws iam get-role` of {asker}, which tells its boundary, and that policy", asker=asker_words(link))
    return tr(
        "look at the {kind} where the call goes through; nothing that is read here holds it", kind=tr(one.by.value)
    )


def _is_nowhere(link: TaskLink) -> bool:
    """Whether no statement speaks of the call at all."""
    if link.judgement is None or link.slip is not None or link.judgement.decision.decided_by:
        return False
    layers = explain(link.judgement.decision).layers
    return not any(_near(layer) for layer in layers if layer.needed and layer.verdict is Said.NO_MATCH)


def _near(layer: LayerResult) -> list[StatementRef]:
    """The statements of a layer that would allow the action, under another condition or for something else."""
    return [one.ref for one in layer.statements if one.ref.statement.allows and one.action_matches]


def _is_denied_on_purpose(link: TaskLink) -> bool:
    return link.judgement is not None and link.judgement.decision.outcome is Outcome.EXPLICITLY_DENIED


def _sure(link: TaskLink, diagnosis: Diagnosis) -> str:
    others = len({(one.number, one.task) for one in diagnosis.links if one.broken}) - 1
    told = tr("certain, by the documents read; nothing that wasn't read could allow it")
    if others > 0:
        more = tr_n("{count} other link is denied too (--all).", "{count} other links are denied too (--all).", others)
        told = tr("{told}. {more}", told=told, more=more)
    return _with_another(told, diagnosis)


def _with_another(sure: str, diagnosis: Diagnosis) -> str:
    """With it that AWS's words are about another link than the one that is told of, where they are."""
    told = refused_link(diagnosis)
    if told is None or told.answer is not Answer.ALLOWED:
        return sure
    more = tr(
        "AWS's words are about another call, {action} on {resource}, which the documents allow.",
        action=told.action,
        resource=told.resource,
    )
    return tr("{told}. {more}", told=sure.rstrip("."), more=more)


def deciding_document(link: TaskLink, diagnosis: Diagnosis) -> DecidingDocument:
    """The document that denies this link, or that ought to allow it; the first of several."""
    return deciding_documents(link, diagnosis)[0]


def deciding_documents(link: TaskLink, diagnosis: Diagnosis) -> tuple[DecidingDocument, ...]:
    """Every document that denies this link, or else for each side that lacks a permission the one that ought to."""
    evidence = diagnosis.evidence
    if is_by_itself(link) and link.slip is not None:
        title = tr("the roles that account {account} has", account=account_of(link.resource))
        return (DecidingDocument(title, account_of(link.resource)),)
    if link.slip is not None or link.judgement is None:
        spot = evidence.spots.get((evidence.machine.arn, DEFINITION))
        title = tr("definition of state machine {machine}", machine=evidence.machine.name)
        return (DecidingDocument(title, evidence.machine.account, spot, spot.line if spot else 0),)
    decision = link.judgement.decision
    found: list[DecidingDocument] = []
    if decision.decided_by:
        found = [_named(ref.policy.name, ref.statement.index, link, diagnosis) for ref in decision.decided_by]
    for layer in explain(decision).layers:
        if not layer.needed or layer.verdict is not Said.NO_MATCH:
            continue
        if near := _near(layer):
            found.append(_named(near[0].policy.name, near[0].statement.index, link, diagnosis))
        else:
            found.append(_lacking(layer.kind, link, diagnosis))
    return tuple(dict.fromkeys(found)) or (DecidingDocument(asker_words(link), account_of(link.asker)),)


def _named(title: str, statement: int | None, link: TaskLink, diagnosis: Diagnosis) -> DecidingDocument:
    """The document of this title; one that is no role's is an organization's, or that of what is called."""
    evidence = diagnosis.evidence
    for arn in (link.asker, link.resource, evidence.machine.role_arn):
        role = evidence.role(arn)
        if role is not None and (found := _place(role, title)) is not None:
            return _document(diagnosis, found, statement)
    return DecidingDocument(title, link.accounts[-1] if link.accounts else "")


def _lacking(kind: PolicyKind, link: TaskLink, diagnosis: Diagnosis) -> DecidingDocument:
    """Where no statement speaks of it at all: the place where the permission would be written."""
    if kind is PolicyKind.RESOURCE:
        title = tr("policy of {arn}", arn=owner_of(link.resource) or link.resource)
        return DecidingDocument(title, link.accounts[-1] if link.accounts else "")
    trusts = kind.has_principal
    role = diagnosis.evidence.role(link.resource if trusts else link.asker)
    if role is None:
        return DecidingDocument(asker_words(link), account_of(link.asker))
    if trusts:
        return _document(diagnosis, (role, Kind.TRUST, PolicySeen(TRUST, document=role.trust)), None)
    wanted = (Kind.BOUNDARY,) if kind is PolicyKind.BOUNDARY else (Kind.INLINE, Kind.MANAGED)
    place = next((one for one in places(role) if one.kind in wanted), None)
    if place is not None:
        return _document(diagnosis, (role, place.kind, place.policy), None)
    spot = diagnosis.evidence.spots.get((role.arn, TRUST))
    title = tr("permissions policies of role {role}", role=role.name)
    return DecidingDocument(title, role.account, spot, spot.line if spot else 0)


def _place(role: RoleSeen, title: str) -> tuple[RoleSeen, Kind, PolicySeen] | None:
    found = next((one for one in places(role) if one.title == title), None)
    return None if found is None else (role, found.kind, found.policy)


def _document(
    diagnosis: Diagnosis, place: tuple[RoleSeen, Kind, PolicySeen], statement: int | None
) -> DecidingDocument:
    role, kind, policy = place
    name = TRUST if kind is Kind.TRUST else policy.name
    spots = diagnosis.evidence.spots
    spot = spots.get((role.arn, name)) or spots.get((policy.arn, policy.name))
    title = next((one.title for one in places(role) if one.kind is kind and one.policy.name == policy.name), "")
    title = title or tr("trust policy of role {role}", role=role.name)
    return DecidingDocument(title, role.account, spot, spot.line_of(statement) if spot else 0)
