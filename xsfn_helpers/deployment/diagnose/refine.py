"""An edit made fit to be saved and meant well: slips replaced instead of kept beside, dead principals dropped. Pure."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.chain.documents import POLICY_VERSION, Document
from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.judge import Judgement
from xsfn_helpers.deployment.diagnose.layers import LayerPlace
from xsfn_helpers.deployment.diagnose.least_privilege import needs
from xsfn_helpers.deployment.diagnose.mistakes import is_slip_of, loud_sign
from xsfn_helpers.deployment.diagnose.tasks import read_tasks
from xsfn_helpers.iam import PolicyKind, Request
from xsfn_helpers.iam.edits import Edit

_UNIQUE_ID: Final = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_EXTERNAL_ID: Final = "sts:externalid"
_STARTS: Final = ("states:start", "states:*", "*")


@dataclass(frozen=True, slots=True)
class Refined:
    """The document to save, what was done in words, and notes for whoever saves it."""

    document: Document
    done: str
    notes: tuple[str, ...]


def refined(edit: Edit, place: LayerPlace, judgement: Judgement, evidence: Evidence) -> Refined:
    """The edit as it is to be saved in this place."""
    request = judgement.decision.request
    own = place.policy.document
    done = edit.description
    if own is None or edit.before is None:
        # A policy of its own: the statement for just this request.
        after: Document = {"Version": POLICY_VERSION, "Statement": _added(edit, request)}
    else:
        after = copy.deepcopy(edit.after)
    after, notes = _tidied(after, edit, request, evidence)
    if own is not None and edit.before is not None and _grants_more(edit, after, evidence, place):
        added = {"Effect": "Allow", "Action": request.action, "Resource": request.resource}
        done = tr("add the statement {statement}.", statement=json.dumps(added, ensure_ascii=False))
        after, notes = {**edit.before, "Statement": [*_statements(edit.before), added]}, []
    return Refined(after, done, tuple(notes))


def _grants_more(edit: Edit, after: Document, evidence: Evidence, place: LayerPlace) -> bool:
    """Whether the edit opens more than the tasks need: an action on every resource of a statement, say."""
    if edit.kind not in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY) or edit.before is None:
        return False
    needed = needs(evidence, read_tasks(evidence.machine.definition, evidence.execution)).get(place.role.arn, ())
    wanted = {(action.lower(), resource) for action, resource in needed}
    opened = _pairs(after) - _pairs(edit.before)
    return bool(opened - wanted)


def _pairs(document: Document) -> set[tuple[str, str]]:
    return {
        (action.lower(), resource)
        for statement in _statements(document)
        if statement.get("Effect") == "Allow"
        for action in _as_list(statement.get("Action", []))
        for resource in _as_list(statement.get("Resource", []))
    }


def _tidied(after: Document, edit: Edit, request: Request, evidence: Evidence) -> tuple[Document, list[str]]:
    notes: list[str] = []
    for statement in _statements(after):
        _drop_slips(statement, request, evidence, notes)
        _drop_dead_principals(statement, request, notes)
        _keep_other_external_ids(statement, edit, request, evidence, notes)
        _bind_service(statement, edit, request)
    kept = [statement for statement in _statements(after) if statement.get("Principal") != {}]
    return {**after, "Statement": kept}, notes


def _statements(document: Document) -> list[dict[str, Any]]:
    given = document["Statement"]
    return [given] if isinstance(given, dict) else given


def _added(edit: Edit, request: Request) -> list[dict[str, Any]]:
    if edit.before is None:
        return copy.deepcopy(_statements(edit.after))
    return [{"Effect": "Allow", "Action": request.action, "Resource": request.resource}]


def _drop_slips(statement: dict[str, Any], request: Request, evidence: Evidence, notes: list[str]) -> None:
    """Where the statement now lists what was asked for beside an ARN that was a slip of it, the slip goes."""
    values = statement.get("Resource")
    if not isinstance(values, list) or request.resource not in values or statement.get("Effect") != "Allow":
        return
    wanted = Arn.parse(request.resource)
    slips = []
    for value in values:
        found = Arn.parse(value)
        other_kind = found is not None and wanted is not None and found.kind != wanted.kind
        if other_kind and any(action.lower().startswith(_STARTS) for action in _as_list(statement.get("Action", []))):
            continue
        if is_slip_of(value, request.resource, evidence):
            slips.append(value)
    if slips:
        kept = [value for value in values if value not in slips]
        statement["Resource"] = kept[0] if len(kept) == 1 else kept
        notes.append(tr("{arns}, which names nothing there is, was a slip for it and goes.", arns=listed(slips)))


def _drop_dead_principals(statement: dict[str, Any], request: Request, notes: list[str]) -> None:
    """IAM denies to save the id of a role that was deleted; and a session's ARN is about one visit.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or "AWS" not in principal:
        return
    values = _as_list(principal["AWS"])
    own = request.principal.role_arn
    visits = [value for value in values if own in values and _is_session_of(value, own)]
    dead = [value for value in values if _UNIQUE_ID.fullmatch(value)]
    if not visits and not dead:
        return
    if dead:
        notes.append(
            tr(
                "{ids} is what is left of a role that was deleted; one of the same name has another id.",
                ids=listed(dead),
            )
        )
    if visits:
        notes.append(
            tr("{arns} names one session, which is over: the role's own ARN takes its place.", arns=listed(visits))
        )
    kept = [value for value in values if value not in dead and value not in visits]
    rest = {kind: value for kind, value in principal.items() if kind != "AWS"}
    statement["Principal"] = rest | ({"AWS": kept[0] if len(kept) == 1 else kept} if kept else {})


def _is_session_of(value: str, role_arn: str) -> bool:
    session, role = Arn.parse(value), Arn.parse(role_arn)
    return bool(session and role and session.account == role.account and session.session_role == role.role_name)


def _keep_other_external_ids(
    statement: dict[str, Any], edit: Edit, request: Request, evidence: Evidence, notes: list[str]
) -> None:
    """A changed external ID may be another state machine's, which is there and would be locked out."""
    given = request.single(_EXTERNAL_ID)
    if given is None or edit.before is None:
        return
    before = {value for one in _statements(edit.before) for value in _external_ids(one)}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            if key.lower() != _EXTERNAL_ID or _as_list(value) != [given] or operator not in ("StringEquals",):
                continue
            others = sorted(one for one in before - {given} if _may_ask(one, evidence))
            if others:
                keys[key] = [*others, given]
                notes.append(tr("{arns} is there as well, so it stays beside the new one.", arns=listed(others)))


def _may_ask(external_id: str, evidence: Evidence) -> bool:
    """Whether this is the external ID of another state machine that is there, and whose name can be one."""
    return evidence.state_machine_is_there(external_id) and loud_sign(external_id) is None


def _external_ids(statement: Mapping[str, Any]) -> list[str]:
    found = []
    for keys in statement.get("Condition", {}).values():
        for key, value in keys.items():
            if key.lower() == _EXTERNAL_ID:
                found += _as_list(value)
    return found


def _bind_service(statement: dict[str, Any], edit: Edit, request: Request) -> None:
    """A new statement for Step Functions is for this account's machines alone (confused deputy)."""
    is_new = edit.before is None or statement not in _statements(edit.before)
    service = request.principal.is_service and statement.get("Principal") == {"Service": request.principal.name}
    source = request.single("aws:sourceaccount")
    if is_new and service and source and list(statement) == ["Effect", "Principal", "Action"]:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": source}}


def _as_list(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
