"""Fixes of what policies say: a grant that is missing, a condition that isn't met, a Deny in the way. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from xsfn_helpers.common.language import mark, sentences, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence, PolicySeen, RoleSeen
from xsfn_helpers.deployment.diagnose.fixes.changes import Correction, detachment, policy_change
from xsfn_helpers.deployment.diagnose.fixes.denials import narrowed
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
from xsfn_helpers.deployment.diagnose.judge import Judgement
from xsfn_helpers.deployment.diagnose.layers import Kind, LayerPlace, places
from xsfn_helpers.deployment.diagnose.least_privilege import service_role_trust, task_role_trust
from xsfn_helpers.deployment.diagnose.links import TaskLink
from xsfn_helpers.deployment.diagnose.refine import refined
from xsfn_helpers.iam import Outcome, PolicyKind, Request, StatementRef
from xsfn_helpers.iam.edits import Edit, smallest_edits

ASK_FIRST: Final = mark("A Deny is somebody's decision: ask whose it is before you take it away.")
_SHARED: Final = mark(
    "A managed policy counts for everything it is attached to, and keeps five versions: where there are five, delete "
    "one that isn't the default first."
)
_SHARED_KINDS: Final = (Kind.MANAGED, Kind.BOUNDARY)


def policy_fixes(link: TaskLink, judgement: Judgement, evidence: Evidence) -> Iterator[Fix]:
    """Fixes of a denial by policies, the least first."""
    known = _places(link, evidence)
    if judgement.decision.outcome is Outcome.EXPLICITLY_DENIED:
        yield from _less_denied(link, judgement, known, evidence)
        return
    yield from _more_allowed(link, judgement, known, evidence)


def _places(link: TaskLink, evidence: Evidence) -> Mapping[str, LayerPlace]:
    """Every policy of the two roles, by the name that decisions have for it."""
    roles = [evidence.role(arn) for arn in (link.asker, link.resource)]
    return {place.title: place for role in roles if role is not None for place in places(role)}


def _less_denied(
    link: TaskLink, judgement: Judgement, known: Mapping[str, LayerPlace], evidence: Evidence
) -> Iterator[Fix]:
    request = judgement.decision.request
    for ref in judgement.decision.decided_by:
        place = known.get(ref.policy.title)
        if place is None or place.policy.document is None:
            yield _out_of_reach(link, ref)
        elif place.policy.is_awss_own:
            summary = tr("Detach {policy}, which denies the call.", policy=place.title)
            yield _fix(link, summary, detachment(place), ASK_FIRST)
        else:
            for document, done in narrowed(place.policy.document, ref.policy, request):
                if document is not None or place.kind is Kind.INLINE:
                    change = policy_change(place, document)
                    notes = (ASK_FIRST, _SHARED) if place.kind in _SHARED_KINDS else (ASK_FIRST,)
                    summary = tr(
                        "In account {account}, {policy}: {done}.",
                        account=place.role.account,
                        policy=place.title,
                        done=done,
                    )
                    yield _fix(link, summary, change, *notes)
                elif place.kind is Kind.MANAGED:
                    summary = tr("Detach {policy}: {done}.", policy=place.title, done=done)
                    yield _fix(link, summary, detachment(place), ASK_FIRST)
                else:
                    # A role has a trust policy, and a boundary something to say, always.
                    statement = _instead(place, request, evidence)
                    change = policy_change(place, {**place.policy.document, "Statement": [statement]})
                    summary = tr(
                        "In account {account}, {policy}: put {statement} in the place of its only statement, the Deny.",
                        account=place.role.account,
                        policy=place.title,
                        statement=json.dumps(statement, ensure_ascii=False),
                    )
                    yield _fix(link, summary, change, ASK_FIRST)


def _instead(place: LayerPlace, request: Request, evidence: Evidence) -> dict[str, Any]:
    """The statement that allows the request, where a policy can't be without one."""
    if place.kind is not Kind.TRUST:
        return {"Effect": "Allow", "Action": request.action, "Resource": request.resource}
    if request.principal.is_service:
        trust = service_role_trust(request.single("aws:sourcearn") or evidence.machine.arn)
    else:
        trust = task_role_trust(evidence)
    statement: dict[str, Any] = trust["Statement"][0]
    return statement


def _out_of_reach(link: TaskLink, ref: StatementRef) -> Fix:
    return Fix(
        link.number,
        link.task,
        tr(
            "{statement} denies the call, and it can't be changed in these accounts: ask the organization's "
            "administrator.",
            statement=ref,
        ),
    )


def _more_allowed(
    link: TaskLink, judgement: Judgement, known: Mapping[str, LayerPlace], evidence: Evidence
) -> Iterator[Fix]:
    edits = smallest_edits(judgement.decision)
    if not edits:
        return
    changes: list[Correction] = []
    notes: list[str] = []
    words: list[str] = []
    roles: dict[str, RoleSeen] = {}
    for edit in edits:
        place = _place_of(edit, link, known, evidence, altered=judgement.altered)
        if place is None:
            summary = sentences(str(edit), tr("It can't be changed in these accounts."))
            yield Fix(link.number, link.task, summary)
            return
        # Two changes of one role build on each other.
        role = roles.get(place.role.arn, place.role)
        place = replace(place, role=role)
        better = refined(edit, place, judgement, evidence)
        change = policy_change(place, better.document)
        changes.append(change)
        notes += better.notes
        if change.role is not None:
            roles[place.role.arn] = change.role
        if place.kind in _SHARED_KINDS:
            notes.append(tr(_SHARED))
        words.append(_told(place, better.done, first=not words))
    yield Fix(link.number, link.task, sentences(*words), tuple(changes), tuple(dict.fromkeys(notes)))


# By whether it is the first change of a fix, and whether the policy is a new one.
_TOLD: Final = {
    (True, True): mark("In account {account}, a new {policy}: {done}"),
    (True, False): mark("In account {account}, {policy}: {done}"),
    (False, True): mark("And in account {account}, a new {policy}: {done}"),
    (False, False): mark("And in account {account}, {policy}: {done}"),
}


def _told(place: LayerPlace, done: str, *, first: bool) -> str:
    message = _TOLD[first, place.policy.document is None]
    return tr(message, account=place.role.account, policy=place.title, done=done)


def _place_of(
    edit: Edit, link: TaskLink, known: Mapping[str, LayerPlace], evidence: Evidence, *, altered: frozenset[str]
) -> LayerPlace | None:
    """Where the edit is to be made: in the policy itself, or in a new inline one where that can't be changed."""
    place = known.get(edit.policy)
    if place is not None and not place.policy.is_awss_own and edit.policy not in altered:
        return place
    if edit.kind is PolicyKind.IDENTITY:
        role = evidence.role(link.asker)
        return None if role is None else LayerPlace(role, Kind.INLINE, PolicySeen(_new_name(role, link.action)))
    return None


def _new_name(role: RoleSeen, action: str) -> str:
    name = f"allow-{action.replace(':', '-')}"
    taken = {policy.name for policy in role.policies}
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 99))) if one not in taken)


def _fix(link: TaskLink, summary: str, change: Correction, *notes: str) -> Fix:
    return Fix(link.number, link.task, summary, (change,), tuple(map(tr, notes)))
