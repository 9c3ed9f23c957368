"""Three-valued answers: certain where what wasn't seen can't matter, and only there."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, Final

import pytest

from xsfn_helpers.deployment.diagnose.evidence import PolicySeen
from xsfn_helpers.deployment.diagnose.judge import Answer, Layers, NamedPolicy, judge
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide

ROLE: Final = "arn:aws:iam::111111111111:role/asker"
TARGET: Final = "arn:aws:iam::222222222222:role/target"
SESSION: Final = Principal.parse("arn:aws:sts::111111111111:assumed-role/asker/any", role_arn=ROLE)


def _named(title: str, *statements: dict[str, Any], unread: bool = False) -> NamedPolicy:
    document = None if unread else {"Version": "2012-10-17", "Statement": list(statements)}
    return NamedPolicy(title, PolicySeen(title, document=document, why_not="AccessDenied" if unread else ""))


def _allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": TARGET, **more}


def _trust(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROLE}, **more}


def _answer(layers: Layers, **context: str) -> Answer:
    return judge(Request(SESSION, "sts:AssumeRole", TARGET, "222222222222", context), layers).answer


def _perhaps(statement: dict[str, Any]) -> NamedPolicy:
    named = _named("perhaps", statement)
    return replace(named, policy=replace(named.policy, unsure="whether it is made"))


IDENTITY: Final = _named("identity", _allow())
TRUST: Final = _named("trust", _trust())


def test_both_sides_seen_and_willing_is_allowed() -> None:
    assert _answer(Layers(identity=(IDENTITY,), resource=TRUST)) is Answer.ALLOWED


@pytest.mark.parametrize(
    "layers",
    [
        Layers(identity=(IDENTITY,), resource_unseen="the trust policy"),
        Layers(identity_unseen="the permissions policies", resource=TRUST),
        Layers(identity=(), identity_listed=False, resource=TRUST),
        Layers(identity=(IDENTITY, _named("other", unread=True)), resource=TRUST),
        Layers(identity=(IDENTITY,), resource=TRUST, boundary=_named("boundary", unread=True)),
        Layers(identity=(IDENTITY,), resource=TRUST, scps=((_named("scp", unread=True),),)),
    ],
    ids=["trust", "identity", "unlisted", "unread", "boundary", "scp"],
)
def test_what_wasnt_seen_leaves_it_open(layers: Layers) -> None:
    judged = judge(Request(SESSION, "sts:AssumeRole", TARGET, "222222222222"), layers)

    assert judged.answer is Answer.UNKNOWN
    assert judged.open


@pytest.mark.parametrize(
    "layers",
    [
        Layers(identity=(), resource_unseen="the trust policy"),
        Layers(identity_unseen="the permissions policies", resource=_named("trust", _trust(Principal={"AWS": TARGET}))),
        Layers(
            identity=(_named("deny", _allow(Effect="Deny")), _named("other", unread=True)),
            resource_unseen="the trust policy",
        ),
        Layers(identity=(IDENTITY, _named("other", unread=True)), resource=_named("trust", _trust(Effect="Deny"))),
    ],
    ids=["no permission", "other principal", "explicit deny", "trust denies"],
)
def test_one_certain_refusal_is_enough(layers: Layers) -> None:
    assert _answer(layers) is Answer.REFUSED


def test_a_policy_that_was_not_listed_may_deny_what_the_listed_ones_allow() -> None:
    assert _answer(Layers(identity=(IDENTITY,), identity_listed=False, resource=TRUST)) is Answer.UNKNOWN


def test_a_policy_that_the_role_may_not_have_neither_allows_nor_denies_for_certain() -> None:
    denies = _perhaps(_allow(Effect="Deny"))
    allows = _perhaps(_allow())
    elsewhere = _perhaps(_allow(Effect="Deny", Action="s3:*"))

    assert _answer(Layers(identity=(IDENTITY, denies), resource=TRUST)) is Answer.UNKNOWN
    assert _answer(Layers(identity=(allows,), resource=TRUST)) is Answer.UNKNOWN
    assert _answer(Layers(identity=(IDENTITY, allows), resource=TRUST)) is Answer.ALLOWED
    assert _answer(Layers(identity=(IDENTITY, elsewhere), resource=TRUST)) is Answer.ALLOWED
    assert _answer(Layers(identity=(elsewhere,), resource=TRUST)) is Answer.REFUSED


def test_a_role_that_may_not_be_there_is_not_allowed_for_certain_and_denied_all_the_same() -> None:
    may_not_be = ("whether it is made",)

    assert _answer(Layers(identity=(IDENTITY,), resource=TRUST, may_not_be=may_not_be)) is Answer.UNKNOWN
    assert _answer(Layers(identity=(), resource=TRUST, may_not_be=may_not_be)) is Answer.REFUSED


@pytest.mark.parametrize("key", ["aws:PrincipalOrgID", "aws:SourceIp", "aws:SourceVpc", "sts:RoleSessionName"])
def test_a_condition_that_nobody_can_look_up_leaves_it_open(key: str) -> None:
    operator = "IpAddress" if key == "aws:SourceIp" else "StringEquals"
    value = "10.0.0.0/8" if key == "aws:SourceIp" else "o-example"
    met = _named("trust", _trust(Condition={operator: {key: value}}))
    denied = _named("deny", _allow(Effect="Deny", Condition={operator: {key: value}}))

    assert _answer(Layers(identity=(IDENTITY,), resource=met)) is Answer.UNKNOWN
    assert _answer(Layers(identity=(IDENTITY, denied), resource=TRUST)) is Answer.UNKNOWN
    assert _answer(Layers(identity=(), resource=met)) is Answer.REFUSED


# docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html
_ORG_ALONE: Final = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-example"}}


@pytest.mark.parametrize(("action", "answer"), [("sts:*", Answer.UNKNOWN), ("s3:*", Answer.ALLOWED)])
def test_a_resource_control_policy_of_one_deny_that_nobody_can_look_up(action: str, answer: Answer) -> None:
    """As most organizations have it, for their own identities alone."""
    denies = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": _ORG_ALONE}
    layers = Layers(identity=(IDENTITY,), resource=TRUST, rcps=((_named("org", denies),),))

    assert _answer(layers) is answer


def test_a_missing_external_id_is_certainly_missing() -> None:
    wanted = _named("trust", _trust(Condition={"StringEquals": {"sts:ExternalId": "x"}}))

    assert _answer(Layers(identity=(IDENTITY,), resource=wanted)) is Answer.REFUSED


def test_a_policy_that_the_engine_cannot_read_leaves_it_open() -> None:
    strange = NamedPolicy("odd", PolicySeen("odd", document={"Version": "2012-10-17", "Statement": "nonsense"}))
    judged = judge(
        Request(SESSION, "sts:AssumeRole", TARGET, "222222222222"),
        Layers(identity=(IDENTITY, strange), resource=TRUST),
    )

    assert judged.answer is Answer.UNKNOWN
    assert any("can't read" in one for one in judged.open)


def test_a_certain_answer_holds_whatever_the_unread_policy_says() -> None:
    """Every pair of a seen and an unseen policy: the answer given without the unseen one is never contradicted."""
    statements = [_allow(), _allow(Effect="Deny"), _allow(Action="logs:*"), _allow(Resource=f"{TARGET}x")]
    request = Request(SESSION, "sts:AssumeRole", TARGET, "222222222222")
    trust = Policy.parse({"Version": "2012-10-17", "Statement": [_trust()]}, kind=PolicyKind.TRUST)
    for seen, hidden in itertools.product(statements, repeat=2):
        layers = Layers(identity=(_named("seen", seen), _named("hidden", unread=True)), resource=TRUST)
        answer = judge(request, layers).answer
        whole = tuple(
            Policy.parse({"Version": "2012-10-17", "Statement": [one]}, kind=PolicyKind.IDENTITY)
            for one in (seen, hidden)
        )
        truth = decide(request, Policies(identity=whole, resource=trust)).allowed

        assert answer is Answer.UNKNOWN or (answer is Answer.ALLOWED) is truth


_LATER: Final = "${var.prefix}"
_SERVICE: Final = _named("trust", _trust(Principal={"Service": "states.amazonaws.com"}))
_OWN: Final = f"arn:aws:iam::111111111111:role/{_LATER}-own"
_SOURCE: Final = f"arn:aws:states:eu-west-1:111111111111:stateMachine:{_LATER}-plain"
_ROOT: Final = {"AWS": "arn:aws:iam::111111111111:root"}


def _of_service(*more: dict[str, Any], trust: NamedPolicy = _SERVICE, **changed: Any) -> Answer:
    """Step Functions takes on a role whose name, like the state machine's, is filled in at deployment."""
    principal = Principal.parse("states.amazonaws.com")
    request = Request(principal, "sts:AssumeRole", _OWN, "111111111111", {"aws:SourceArn": _SOURCE})
    limits = (_named("rcp", *more),) if more else ()
    return judge(request, Layers(resource=trust, rcps=(limits,) if limits else (), **changed)).answer


def test_a_name_that_no_policy_speaks_of_leaves_the_answer_certain() -> None:
    others = _named("trust", _trust(Principal={"Service": "lambda.amazonaws.com"}))

    assert _of_service() is Answer.ALLOWED
    assert _of_service(trust=others) is Answer.REFUSED
    assert _of_service(trust=_named("trust", unread=True)) is Answer.UNKNOWN


@pytest.mark.parametrize(
    "policy",
    [
        _trust(Principal={"Service": "states.amazonaws.com"}, Condition={"ArnLike": {"aws:SourceArn": f"{_SOURCE}x"}}),
        _trust(Principal={"Service": "states.amazonaws.com"}, Condition={"ArnLike": {"aws:SourceArn": ROLE}}),
    ],
)
def test_a_condition_on_a_name_that_is_filled_in_leaves_it_open(policy: dict[str, Any]) -> None:
    assert _of_service(trust=_named("trust", policy)) is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("resource", "right"),
    [
        ("arn:aws:iam::*:role/prod-*", Answer.UNKNOWN),
        ("arn:aws:iam::*:role/*-other", Answer.ALLOWED),
        (_OWN, Answer.UNKNOWN),
    ],
)
def test_a_denial_by_name_may_be_about_the_name_that_is_filled_in(resource: str, right: Answer) -> None:
    assert _of_service({"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": resource}) is right


@pytest.mark.parametrize(
    ("trust", "identity", "right"),
    [
        (_trust(Principal=_ROOT), _allow(), Answer.ALLOWED),
        (_trust(Principal={"AWS": "111111111111"}), _allow(), Answer.ALLOWED),
        (_trust(Principal={"AWS": "333333333333"}), _allow(), Answer.REFUSED),
        (_trust(), _allow(), Answer.UNKNOWN),
        (_trust(Principal=_ROOT, Condition={"ArnLike": {"aws:PrincipalArn": ROLE}}), _allow(), Answer.UNKNOWN),
        (_trust(Principal=_ROOT), _allow(Resource=f"{TARGET}x"), Answer.REFUSED),
        (_trust(Principal=_ROOT), _allow(Condition={"StringEquals": {"aws:username": "x"}}), Answer.UNKNOWN),
        (_trust(Principal=_ROOT), _allow(Resource="arn:aws:iam::*:role/${aws:username}"), Answer.UNKNOWN),
    ],
)
def test_the_callers_name_matters_where_a_policy_names_callers(
    trust: dict[str, Any], identity: dict[str, Any], right: Answer
) -> None:
    layers = Layers(identity=(_named("own", identity),), resource=_named("trust", trust), filled_in_later=(_LATER,))

    assert _answer(layers) is right


_OF_ELSE: Final = {"Effect": "Allow", "Action": "kinesis:PutRecord"}


@pytest.mark.parametrize(
    "resource",
    [
        "${Stream.Arn}:*",
        "${import.stream}/consumer/c",
        "arn:aws:${service}:eu-west-1:111111111111:stream/s",
        "arn:${rest}/s",
        "${partition}:aws:kinesis:eu-west-1:111111111111:stream/s",
        "arn:aws:iam::111111111111:${kind}/r",
        "arn:aws:iam:${region}:111111111111:role/r",
        "arn:aws:s3:${region}::b",
    ],
)
def test_a_resource_that_is_filled_in_leaves_the_rest_of_its_policy_readable(resource: str) -> None:
    """Whatever stands before the sign, or where IAM takes no wildcard: only a call that it may be about hangs on it."""
    own = [{**_OF_ELSE, "Resource": resource}, _allow()]
    named = _named("trust", _trust())

    assert _answer(Layers(identity=(_named("own", *own),), resource=named)) is Answer.ALLOWED
    assert _answer(Layers(identity=(_named("own", own[0]),), resource=named)) is Answer.REFUSED


@pytest.mark.parametrize(
    ("resource", "right"),
    [
        ("${Role.Arn}", Answer.UNKNOWN),
        ("${Role.Arn}*", Answer.UNKNOWN),
        ("${start}:role/${name}", Answer.UNKNOWN),
        ("${start}:role/some-other", Answer.REFUSED),
        ("${Role.Arn}/index/i", Answer.REFUSED),
        ("arn:aws:${service}::222222222222:*", Answer.UNKNOWN),
        ("arn:aws:${service}::333333333333:*", Answer.REFUSED),
        ("arn:aws:iam::${account}:role/*", Answer.UNKNOWN),
        ("arn:aws:iam::222222222222:${kind}/*", Answer.UNKNOWN),
    ],
)
def test_a_resource_that_is_filled_in_counts_for_what_it_may_be(resource: str, right: Answer) -> None:
    """What is left of it once the sign is filled in by anything at all."""
    layers = Layers(identity=(_named("own", _allow(Resource=resource)),), resource=_named("trust", _trust()))
    denied = _named("own", _allow(), {**_allow(Resource=resource), "Effect": "Deny"})

    assert _answer(layers) is right
    assert _answer(replace(layers, identity=(denied,))) is (
        Answer.UNKNOWN if right is Answer.UNKNOWN else Answer.ALLOWED
    )


def test_what_it_hangs_on_is_what_stands_in_statements_about_the_call() -> None:
    own = _named("own", {**_OF_ELSE, "Resource": "${Stream.Arn}"}, _allow(Resource="${Role.Arn}"))
    request = Request(SESSION, "sts:AssumeRole", TARGET, "222222222222")

    open_ = judge(request, Layers(identity=(own,), resource=_named("trust", _trust()))).open

    assert any("${Role.Arn}" in one for one in open_)
    assert not any("Stream" in one for one in open_)
