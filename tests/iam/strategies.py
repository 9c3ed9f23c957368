"""Random requests and policies from a small world, in which things often match, nearly match, or just don't."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.iam.support import OPERATOR, SUBJECT
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request

ACCOUNTS = (OPERATOR, SUBJECT)
ROLES = tuple(f"arn:aws:iam::{account}:role/{name}" for account in ACCOUNTS for name in ("runner", "watcher"))
SESSIONS = tuple(
    f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    for account in ACCOUNTS
    for name in ("runner", "watcher")
    for session in ("one", "two")
)
USERS = tuple(f"arn:aws:iam::{account}:user/ada" for account in ACCOUNTS)
ROOTS = tuple(f"arn:aws:iam::{account}:root" for account in ACCOUNTS)
SERVICES = ("states.amazonaws.com", "lambda.amazonaws.com")
MACHINES = tuple(
    f"arn:aws:states:eu-west-1:{account}:stateMachine:{name}" for account in ACCOUNTS for name in ("a", "b")
)

callers = st.sampled_from((*ROLES, *SESSIONS, *USERS, *ROOTS, *SERVICES, "*"))
actions = st.sampled_from(("sts:AssumeRole", "states:StartExecution", "states:DescribeExecution"))
STS_PATTERNS = ("sts:*", "sts:AssumeRole", "STS:assumerole", "sts:Assume?ole", "sts:TagSession")
ACTION_PATTERNS = ("*", *STS_PATTERNS, "states:*", "states:St?rt*", "states:*Execution", "iam:*")
INCOMPLETE = "arn:aws:states:*"
RESOURCE_PATTERNS = (
    "*",
    "arn:aws:states:eu-west-1:*:stateMachine:*",
    "arn:aws:states:eu-west-1:111111111111:stateMachine:${aws:username}",
    "arn:aws:states:eu-west-1:222222222222:stateMachine:${aws:PrincipalTag/team, 'a'}",
    *MACHINES,
    *ROLES,
)
principal_texts = st.sampled_from((*ROLES, *SESSIONS, *USERS, *ROOTS, *ACCOUNTS, "*"))

KEYS = {
    "sts:ExternalId": ("x", "X", "y", ""),
    "aws:PrincipalTag/team": ("a", "b"),
    "aws:TagKeys": ("a", "b", "c"),
    "aws:SourceArn": MACHINES,
    "aws:SourceIp": ("203.0.113.7", "2001:db8::1", "not an address"),
    "aws:MultiFactorAuthAge": ("5", "10", "ten"),
    "aws:CurrentTime": ("2026-11-24T09:00:00Z", "1700000000", "soon"),
    "aws:SecureTransport": ("true", "false"),
}
_STRINGS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
_OPERATORS = {
    **dict.fromkeys(("sts:ExternalId", "aws:PrincipalTag/team", "aws:TagKeys"), _STRINGS),
    "aws:SourceArn": ("ArnEquals", "ArnLike", "ArnNotEquals", *_STRINGS),
    "aws:SourceIp": ("IpAddress", "NotIpAddress"),
    "aws:MultiFactorAuthAge": ("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"),
    "aws:CurrentTime": ("DateEquals", "DateLessThan", "DateGreaterThan", "DateNotEquals"),
    "aws:SecureTransport": ("Bool",),
}
_WANTED = {
    **KEYS,
    "sts:ExternalId": ("x", "y", "*", "?", "${aws:username}", "${aws:PrincipalTag/team, 'x'}"),
    "aws:SourceIp": ("203.0.113.0/24", "2001:db8::/32", "203.0.113.7"),
    "aws:MultiFactorAuthAge": ("5", "7.5", "10"),
    "aws:CurrentTime": ("2026-01-01", "2027-01-01T00:00:00Z", "1700000000"),
    "aws:SourceArn": (*MACHINES, "arn:aws:states:*:*:stateMachine:a", "no-arn"),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """A Condition element of up to two operators."""
    block: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=2, unique=True)):
        if draw(st.integers(0, 5)) == 0:
            block.setdefault("Null", {})[key] = draw(st.sampled_from(("true", "false")))
            continue
        name = draw(st.sampled_from(("", "", "", "ForAllValues:", "ForAnyValue:")))
        name += draw(st.sampled_from(_OPERATORS[key])) + draw(st.sampled_from(("", "", "IfExists")))
        wanted = draw(st.lists(st.sampled_from(_WANTED[key]), min_size=1, max_size=2, unique=True))
        block.setdefault(name, {})[key] = wanted[0] if len(wanted) == 1 else wanted
    return block


@st.composite
def statements(draw: st.DrawFn, kind: PolicyKind, effect: str | None = None) -> dict[str, Any]:
    """A statement that this kind of policy may have."""
    given: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(("Allow", "Allow", "Deny")))}
    if kind.has_principal:
        listed = draw(st.lists(principal_texts, min_size=1, max_size=3, unique=True))
        named: Any = {"AWS": listed}
        if draw(st.integers(0, 4)) == 0:
            named = {"Service": draw(st.sampled_from(SERVICES))}
        negated = draw(st.integers(0, 5)) == 0 and kind is not PolicyKind.TRUST
        given["NotPrincipal" if negated else "Principal"] = named
    trust = kind is PolicyKind.TRUST
    patterns = STS_PATTERNS if trust else ACTION_PATTERNS
    name = "NotAction" if not trust and draw(st.integers(0, 6)) == 0 else "Action"
    given[name] = draw(st.lists(st.sampled_from(patterns), min_size=1, max_size=2, unique=True))
    if not trust:
        # A session policy takes no ARN of fewer than six parts.
        arns = RESOURCE_PATTERNS if kind is PolicyKind.SESSION else (INCOMPLETE, *RESOURCE_PATTERNS)
        name = "NotResource" if draw(st.integers(0, 6)) == 0 else "Resource"
        given[name] = draw(st.lists(st.sampled_from(arns), min_size=1, max_size=2, unique=True))
    if block := draw(conditions()):
        given["Condition"] = block
    return given


@st.composite
def documents(draw: st.DrawFn, kind: PolicyKind, max_size: int = 3) -> dict[str, Any]:
    return {
        "Version": draw(st.sampled_from(("2012-10-17", "2012-10-17", "2008-10-17"))),
        "Statement": draw(st.lists(statements(kind), min_size=1, max_size=max_size)),
    }


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request whose context has some keys, some with several values."""
    action = draw(actions)
    resource = draw(st.sampled_from(ROLES if action == "sts:AssumeRole" else MACHINES))
    context: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=4, unique=True)):
        given = draw(st.lists(st.sampled_from(KEYS[key]), min_size=1, max_size=2, unique=True))
        context[key] = given if key == "aws:TagKeys" else given[0]
    return Request(Principal.parse(draw(callers)), action, resource, resource.split(":")[4], context)


# The documents of every layer, by the names of `Policies`' fields.
Layers = dict[str, Any]


@st.composite
def layers(draw: st.DrawFn, request: Request) -> Layers:
    """Documents for each layer; the optional layers are there in a third of the cases."""

    def some(kind: PolicyKind) -> list[dict[str, Any]]:
        return [draw(documents(kind))] if draw(st.integers(0, 2)) == 0 else []

    resource_kind = PolicyKind.TRUST if request.action == "sts:AssumeRole" else PolicyKind.RESOURCE
    return {
        "identity": draw(st.lists(documents(PolicyKind.IDENTITY), max_size=2)),
        "resource": draw(documents(resource_kind)) if draw(st.integers(0, 4)) else None,
        "boundaries": some(PolicyKind.BOUNDARY),
        "session": some(PolicyKind.SESSION) or None,
        "scps": [[one] for one in some(PolicyKind.SCP)],
    }


def parsed(request: Request, given: Layers) -> Policies:
    """The layers' documents as policies."""
    resource_kind = PolicyKind.TRUST if request.action == "sts:AssumeRole" else PolicyKind.RESOURCE

    def each(kind: PolicyKind, documents_: list[dict[str, Any]]) -> tuple[Policy, ...]:
        return tuple(Policy.parse(one, kind=kind, name=f"{kind} {at}") for at, one in enumerate(documents_))

    return Policies(
        identity=each(PolicyKind.IDENTITY, given["identity"]),
        resource=None if given["resource"] is None else Policy.parse(given["resource"], kind=resource_kind),
        boundaries=each(PolicyKind.BOUNDARY, given["boundaries"]),
        session=None if given["session"] is None else each(PolicyKind.SESSION, given["session"]),
        scps=tuple(each(PolicyKind.SCP, level) for level in given["scps"]),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Request, Layers]:
    """A request and the policies that decide it."""
    request = draw(requests())
    return request, draw(layers(request))
