"""iam:SimulatePrincipalPolicy and iam:SimulateCustomPolicy, answered by the same engine that decides every request.

As on AWS, a role's trust policy isn't simulated: sts:AssumeRole is "allowed" where the identity side allows it
(reference: docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html). Shape and positions are the
recorded ones (localstack's test_simulate_principle_policy, 2025-04-21; the AWS CLI's own examples).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from xsfn_helpers.common.json_text import end_of_value, offsets, place_at
from xsfn_helpers.iam import (
    InvalidRequest,
    Outcome,
    Policies,
    Policy,
    PolicyError,
    PolicyKind,
    Principal,
    Request,
    StatementRef,
    Unsupported,
    decide,
)
from xsfn_helpers.iam.decide import is_trust_request
from xsfn_helpers.sandbox.gateway.calls import Call, Params, form_list
from xsfn_helpers.sandbox.gateway.errors import Refusal, xml_text
from xsfn_helpers.sandbox.gateway.stored import StoredPrincipal, StoredRole, StoredUser

OPERATIONS: Final = frozenset(("SimulatePrincipalPolicy", "SimulateCustomPolicy"))
_XMLNS: Final = "https://iam.amazonaws.com/doc/2010-05-08/"
_DECISIONS: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.IMPLICITLY_DENIED: "implicitDeny",
    Outcome.EXPLICITLY_DENIED: "explicitDeny",
}
_SOURCE: Final = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):(role|user)/([\w+=,.@/-]+)", re.ASCII)
_PAGE: Final = 1000


class StoredPrincipals(Protocol):
    """Who is on file."""

    def role(self, account_id: str, name: str) -> StoredRole | None: ...
    def user(self, account_id: str, name: str) -> StoredUser | None: ...


@dataclass(frozen=True, slots=True)
class _Subject:
    """Who is simulated, with which policies; a policy's name is its SourcePolicyId."""

    principal: Principal
    account_id: str
    identity: tuple[Policy, ...]
    boundaries: tuple[Policy, ...]
    resource: Policy | None
    resource_owner: str


def simulate(call: Call, account_id: str, principals: StoredPrincipals, *, request_id: str) -> bytes:
    """The call's answer as XML. Raises `Refusal` for what AWS wouldn't simulate, and for what this engine doesn't
    cover."""
    params = call.params
    actions = [item.get("", "") for item in form_list(params, "ActionNames")]
    if not actions:
        raise _invalid("Value null at 'actionNames' failed to satisfy constraint: Member must not be null")
    try:
        subject = _subject(call, account_id, principals)
        results = list(_results(subject, actions, params))
    except PolicyError as error:
        raise Refusal("InvalidInput", error.what) from None
    except (InvalidRequest, Unsupported) as error:
        raise Refusal("InvalidInput", str(error)) from None
    start = int(params["Marker"]) if params.get("Marker", "").isdecimal() else 0
    end = start + int(params.get("MaxItems") or _PAGE)
    more = f"<Marker>{end}</Marker>" if end < len(results) else ""
    page = "".join(results[start:end])
    return (
        f'<{call.operation}Response xmlns="{_XMLNS}"><{call.operation}Result>'
        f"<EvaluationResults>{page}</EvaluationResults><IsTruncated>{_bool(bool(more))}</IsTruncated>{more}"
        f"</{call.operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        f"</{call.operation}Response>"
    ).encode()


# --- who -------------------------------------------------------------------------------------------------------------


def _subject(call: Call, account_id: str, principals: StoredPrincipals) -> _Subject:
    params = call.params
    given = _inputs(params, "PolicyInputList", PolicyKind.IDENTITY)
    boundaries = _inputs(params, "PermissionsBoundaryPolicyInputList", PolicyKind.BOUNDARY)
    if call.operation == "SimulateCustomPolicy":
        if not given:
            raise _invalid("Value null at 'policyInputList' failed to satisfy constraint: Member must not be null")
        owner, principal = account_id, Principal.parse(f"arn:aws:iam::{account_id}:user/simulated")
    else:
        stored = _stored(params["PolicySourceArn"], principals)
        owner, principal = stored.account_id, Principal.parse(stored.arn, unique_id=stored.unique_id)
        given = (*_identity(stored), *given)
        if not boundaries and stored.boundary is not None:
            name, text = stored.boundary
            boundaries = (Policy.parse(text, kind=PolicyKind.BOUNDARY, name=name.rsplit("/", 1)[-1]),)
    if "CallerArn" in params:
        if ":user/" not in params["CallerArn"]:
            raise Refusal(
                "InvalidInput", f"Invalid caller ARN: {params['CallerArn']}. Only the ARN of a user is valid."
            )
        principal = Principal.parse(params["CallerArn"])
    resource = None
    if document := params.get("ResourcePolicy"):
        if ":user/" not in str(principal):
            raise Refusal("InvalidInput", "A resource-based policy can be simulated for IAM users only.")
        # A trust policy, too: read here, and left out where sts:AssumeRole is simulated.
        resource = Policy.parse(document, kind=PolicyKind.RESOURCE, name="ResourcePolicy")
    resource_owner = re.sub(r".*:([0-9]{12}):.*", r"\1", params.get("ResourceOwner") or owner)
    return _Subject(principal, owner, given, boundaries, resource, resource_owner)


def _inputs(params: Params, name: str, kind: PolicyKind) -> tuple[Policy, ...]:
    texts = [item.get("", "") for item in form_list(params, name)]
    return tuple(Policy.parse(text, kind=kind, name=f"{name}.{number}") for number, text in enumerate(texts, 1))


def _stored(arn: str, principals: StoredPrincipals) -> StoredPrincipal:
    match = _SOURCE.fullmatch(arn)
    if match is None:
        raise Refusal("InvalidInput", f"Invalid Entity Arn: {arn}. The xsfn sandbox simulates users and roles.")
    account_id, kind, name = match[1], match[2], match[3].rsplit("/", 1)[-1]
    found = principals.role(account_id, name) if kind == "role" else principals.user(account_id, name)
    if found is None or found.arn != arn:
        raise Refusal("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
    return found


def _identity(stored: StoredPrincipal) -> Iterator[Policy]:
    kind = "role" if isinstance(stored, StoredRole) else "user"
    for name, text in stored.identity_policies:
        # Attached policies go by their name, inline ones by whose they are as well.
        source = name.rsplit("/", 1)[-1] if name.startswith("arn:") else f"{kind}_{stored.name}_{name}"
        yield Policy.parse(text, kind=PolicyKind.IDENTITY, name=source)


# --- what ------------------------------------------------------------------------------------------------------------


def _results(subject: _Subject, actions: Sequence[str], params: Params) -> Iterator[str]:
    context = _context(params)
    resources = [item.get("", "") for item in form_list(params, "ResourceArns")]
    for action in actions:
        for resource in resources or ["*"]:
            yield _result(subject, action, resource, context, detailed=bool(resources))


def _context(params: Params) -> dict[str, str | list[str]]:
    context: dict[str, str | list[str]] = {}
    for entry in form_list(params, "ContextEntries"):
        values = [value for name, value in sorted(entry.items()) if name.startswith("ContextKeyValues.member.")]
        several = entry.get("ContextKeyType", "").endswith("List") or len(values) != 1
        context[entry.get("ContextKeyName", "")] = values if several else values[0]
    return context


def _result(
    subject: _Subject, action: str, resource: str, context: Mapping[str, str | list[str]], *, detailed: bool
) -> str:
    owner = subject.resource_owner if subject.resource is not None else subject.account_id
    request = Request(subject.principal, action, resource, owner, context)
    own = subject.resource
    if is_trust_request(request):
        # AWS discards a trust policy that is given as ResourcePolicy: the identity side alone decides.
        subject = replace(subject, resource=None)
        request = replace(request, resource_account=subject.account_id)
        own = _trusting(subject.account_id)
    decision = decide(request, Policies(identity=subject.identity, boundaries=subject.boundaries, resource=own))
    outcome = _DECISIONS[decision.outcome]
    matched = _matched(subject, request, decision.outcome)
    missing = _missing(subject, request)
    limits = _boundary_detail(subject, request)
    answer = f"<EvalActionName>{xml_text(action)}</EvalActionName><EvalDecision>{outcome}</EvalDecision>"
    answer += f"<EvalResourceName>{xml_text(resource)}</EvalResourceName>{matched}{missing}{limits}"
    if detailed:
        answer += (
            "<EvalDecisionDetails/><ResourceSpecificResults><member>"
            f"<EvalResourceName>{xml_text(resource)}</EvalResourceName>"
            f"<EvalResourceDecision>{outcome}</EvalResourceDecision>{matched}{missing}{limits}"
            "</member></ResourceSpecificResults>"
        )
    return f"<member>{answer}</member>"


def _trusting(account_id: str) -> Policy:
    """The trust policy that AWS doesn't look at: one that leaves the decision to the identity side."""
    statement = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:*"}
    return Policy.parse(json.dumps({"Version": "2012-10-17", "Statement": statement}), kind=PolicyKind.TRUST)


def _matched(subject: _Subject, request: Request, outcome: Outcome) -> str:
    """The statements that determine the result: of a denial, the denying ones alone."""
    policies = (*subject.identity, *([subject.resource] if subject.resource is not None else []))
    hits = [
        StatementRef(policy, statement)
        for policy in policies
        for statement in policy.statements
        if outcome is not Outcome.IMPLICITLY_DENIED
        and statement.allows is (outcome is Outcome.ALLOWED)
        and statement.applies(request)
    ]
    return f"<MatchedStatements>{''.join(map(_statement_xml, hits))}</MatchedStatements>"


def _statement_xml(ref: StatementRef) -> str:
    start, end = _span(ref)
    kind = "Resource Policy" if ref.policy.kind is PolicyKind.RESOURCE else "IAM Policy"
    return (
        f"<member><SourcePolicyId>{xml_text(ref.policy.name)}</SourcePolicyId><SourcePolicyType>{kind}</SourcePolicyType>"
        f"<StartPosition>{start}</StartPosition><EndPosition>{end}</EndPosition></member>"
    )


def _span(ref: StatementRef) -> tuple[str, str]:
    """Where the statement is in its document: from behind its own `{`, or in a list from behind what stands before
    it, to behind its `}`; lines and columns count from 1 (as recorded)."""
    text = ref.policy.text
    places = offsets(text)
    _, at = places.get(("Statement", ref.statement.index), places[("Statement",)])
    listed = ("Statement", ref.statement.index) in places
    start = len(text[:at].rstrip()) if listed else at + 1
    return _position(text, start), _position(text, end_of_value(text, at))


def _position(text: str, offset: int) -> str:
    place = place_at(text, offset)
    return f"<Line>{place.line}</Line><Column>{place.column}</Column>"


def _missing(subject: _Subject, request: Request) -> str:
    """The condition keys that the policies ask for and nobody gave."""
    keys: dict[str, str] = {}
    policies = (*subject.identity, *subject.boundaries, *([subject.resource] if subject.resource is not None else []))
    for condition in _conditions(policies):
        if request.seen(condition.lower()) is None:
            keys.setdefault(condition.lower(), condition)
    members = "".join(f"<member>{xml_text(key)}</member>" for key in keys.values())
    return f"<MissingContextValues>{members}</MissingContextValues>"


def _conditions(policies: Iterable[Policy]) -> Iterator[str]:
    for policy in policies:
        for statement in policy.statements:
            for condition in statement.conditions:
                yield condition.key


def _boundary_detail(subject: _Subject, request: Request) -> str:
    if not subject.boundaries:
        return ""
    hits = [s for policy in subject.boundaries for s in policy.statements if s.applies(request)]
    allowed = any(s.allows for s in hits) and all(s.allows for s in hits)
    return (
        "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>"
        f"{_bool(allowed)}</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
    )


def _invalid(constraint: str) -> Refusal:
    return Refusal("ValidationError", f"1 validation error detected: {constraint}")


def _bool(value: bool) -> str:
    return "true" if value else "false"
