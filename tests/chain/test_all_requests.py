"""Proved for all requests: the recommended documents let in the six links and nothing else; and what a repair opens.

Two proofs that know nothing of each other: `chain.all_requests` tries one text for every sort that the engine's
patterns tell apart, and a solver (z3) reasons about the documents as formulas (`smt.py`). Both must find every mutant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
import z3

from tests.chain import smt
from tests.chain.mutants import mutants
from tests.chain.smt import Found, Unknowns, allows
from tests.support.soak import SOAKING
from xsfn_helpers.chain.all_requests import AccessComparison, compare, roles_as_made
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.iam import Policy, PolicyKind, Principal, Request
from xsfn_helpers.iam.decide import layer_of

SCENARIO: Final = Scenario()
RECOMMENDED: Final = Blueprint.recommended(SCENARIO)
WANTED: Final = roles_as_made(SCENARIO, RECOMMENDED)
TRUSTS: Final = ("operator_role_trust", "execute_role_trust", "subject_role_trust")
DOCUMENTS: Final = (*TRUSTS, "execute_role_permissions", "operator_role_permissions")
each_document = pytest.mark.parametrize("name", DOCUMENTS)
MUTANTS: Final = [
    (name, title, document) for name in DOCUMENTS for title, document in mutants(json.loads(RECOMMENDED.text(name)))
]


def kind(name: str, title: str) -> tuple[bool, str, tuple[int, ...]]:
    """What was done to a document, whatever the statement and the names in it; of an ARN, which parts became a star."""
    done = title.partition(": ")[2]
    arn = re.search(r"arn:\S+", done)
    stars = [at for at, part in enumerate(arn[0].split(":")) if part == "*"] if arn else []
    return name in TRUSTS, re.sub(r"arn:\S+|\d{11,12}|(aws|sts|states):\w+", "…", done), tuple(stars)


# One of each kind; `make soak` has all of them.
OF_EACH_KIND: Final = {kind(name, title): (name, title, document) for name, title, document in MUTANTS}
TRIED: Final = MUTANTS if SOAKING else list(OF_EACH_KIND.values())
each_mutant = pytest.mark.parametrize(
    ("name", "document"), [pytest.param(name, document, id=f"{name}-{title}") for name, title, document in TRIED]
)


def links(name: str, asked: Unknowns) -> Any:
    """The links of the chain that a document decides, said once more and in another way."""

    def service(account: str, machine: Any) -> Any:
        return z3.And(
            asked.kinds[smt.SERVICE],
            smt.equals(asked, "service name", "states.amazonaws.com"),
            smt.equals(asked, asked.action, "sts:assumerole"),
            asked.has("aws:sourceaccount"),
            smt.equals(asked, "aws:sourceaccount", account),
            asked.has("aws:sourcearn"),
            machine,
        )

    if name == "operator_role_trust":  # link 1
        machine = smt.equals(asked, "aws:sourcearn", SCENARIO.operator_machine_arn)
        return service(SCENARIO.operator_account_id, machine)
    if name == "subject_role_trust":  # link 6: for every state machine of the account and region, its own among them
        stem = SCENARIO.subject_machine_arn.removesuffix(SCENARIO.subject_machine_name)
        return service(SCENARIO.subject_account_id, smt.begins(asked, "aws:sourcearn", stem))
    if name == "execute_role_trust":  # link 2, the one side
        return z3.And(
            asked.kinds[smt.ROLE],
            smt.equals(asked, "account", SCENARIO.operator_account_id),
            smt.equals(asked, "name", SCENARIO.operator_role_name),
            smt.equals(asked, asked.action, "sts:assumerole"),
            asked.has("sts:externalid"),
            smt.equals(asked, "sts:externalid", SCENARIO.operator_machine_arn),
        )
    if name == "operator_role_permissions":  # link 2, the other side
        return z3.And(
            smt.equals(asked, asked.action, "sts:assumerole"), smt.equals(asked, "resource", SCENARIO.execute_role_arn)
        )
    starts = smt.equals(asked, asked.action, "states:startexecution")  # link 3
    follows = smt.equals(asked, asked.action, "states:describeexecution")  # link 4
    stops = smt.equals(asked, asked.action, "states:stopexecution")  # link 5
    machine = smt.equals(asked, "resource", SCENARIO.subject_machine_arn)
    run = smt.begins(asked, "resource", SCENARIO.subject_executions_arn.removesuffix("*"))
    return z3.Or(z3.And(starts, machine), z3.And(z3.Or(follows, stops), run))


@each_document
def test_the_recommended_documents_let_in_the_six_links_and_nothing_else(name: str) -> None:
    asked = Unknowns(trust=name in TRUSTS)
    document = allows(json.loads(RECOMMENDED.text(name)), asked)

    assert asked.differ(document, links(name, asked)) is None


def test_all_five_policies_are_proved_and_no_role_has_another() -> None:
    held = [
        *(role.trust for role in WANTED.values()),
        *(one for role in WANTED.values() for one in role.inline.values()),
    ]

    assert sorted(map(str, held)) == sorted(str(json.loads(RECOMMENDED.text(name))) for name in DOCUMENTS)


@each_mutant
def test_every_mutant_is_caught_by_the_solver_and_by_the_engine(name: str, document: Mapping[str, Any]) -> None:
    """The solver's own request is put to the engine, which has to decide it as the solver says."""
    asked = Unknowns(trust=name in TRUSTS)
    mutant, right = allows(document, asked), links(name, asked)
    wider = asked.differ(z3.And(mutant, z3.Not(right)), z3.BoolVal(False))
    narrower = asked.differ(z3.And(right, z3.Not(mutant)), z3.BoolVal(False))
    found = compared(name, document)

    assert found.undecided == ()
    assert (bool(found.wider), bool(found.narrower)) == (wider is not None, narrower is not None)
    assert (wider, narrower) != (None, None) or _says_the_same(name, document)
    for request, allowed in ((wider, True), (narrower, False)):
        if request is not None:
            assert granted(name, document, request_of(request, asked)) is allowed
            assert granted(name, json.loads(RECOMMENDED.text(name)), request_of(request, asked)) is not allowed


def _says_the_same(name: str, document: Mapping[str, Any]) -> bool:
    """The mutants that mean what the original means, each for a reason of its own."""
    text = json.dumps(document)
    reasons = {
        "the other such calls are made by users of identity providers, whom it doesn't name": '"sts:Assu*"' in text,
        "an account is in one partition": '"arn:*:states' in text and name not in TRUSTS,
        "StartExecution starts nothing but state machines": ":*:subject-statemachine" in text,
        "12 digits and no more": '"StringLike": {"aws:SourceAccount": "' in text,
        "one of all of them": name == "subject_role_trust" and "stateMachine:0" in text,
    }
    return any(reasons.values())


def compared(name: str, document: Mapping[str, Any]) -> AccessComparison:
    return compare(SCENARIO, roles_as_made(SCENARIO, RECOMMENDED.using(**{name: document})), WANTED)


def granted(name: str, document: Mapping[str, Any], request: Request) -> bool:
    kind = PolicyKind.TRUST if name in TRUSTS else PolicyKind.IDENTITY
    layer = layer_of(kind, (Policy.parse(document, kind=kind),), request, has_boundary=False)
    return layer.allow is not None and not layer.denies


def request_of(found: Found, asked: Unknowns) -> Request:
    """What the solver found, as the engine is asked."""
    account, name = found["account"], found["name"]
    principals = {
        smt.SERVICE: found["service name"],
        smt.ROLE: f"arn:aws:sts::{account}:assumed-role/{name}/any-session",
        smt.USER: f"arn:aws:iam::{account}:user/{name}",
    }
    return Request(
        Principal.parse(principals[found.kind]),
        found[asked.action],
        found.texts.get("resource", SCENARIO.execute_role_arn),
        SCENARIO.subject_account_id,
        {key: found[key] for key in found.sent},
    )


class TestRepairs:
    """What the reader is told: the request nearest to the chain's own, and nothing where the repair is as narrow."""

    @pytest.mark.parametrize(
        ("name", "change", "told"),
        [
            (
                "execute_role_trust",
                {"Condition": {"StringEqualsIfExists": {"sts:ExternalId": SCENARIO.external_id}}},
                f"{SCENARIO.operator_role_arn} calls sts:AssumeRole on {SCENARIO.execute_role_arn}, "
                "without sts:ExternalId",
            ),
            (
                "execute_role_trust",
                {"Condition": {"StringLike": {"sts:ExternalId": f"{SCENARIO.external_id}*"}}},
                f"{SCENARIO.operator_role_arn} calls sts:AssumeRole on {SCENARIO.execute_role_arn}, "
                f"with sts:ExternalId {SCENARIO.external_id}-2",
            ),
            (
                "execute_role_trust",
                {"Principal": {"AWS": SCENARIO.operator_account_id}},
                f"arn:aws:iam::111111111111:role/another-role calls sts:AssumeRole on {SCENARIO.execute_role_arn}",
            ),
            (
                "operator_role_trust",
                {"Condition": {"StringEquals": {"aws:SourceAccount": SCENARIO.operator_account_id}}},
                f"states.amazonaws.com calls sts:AssumeRole on {SCENARIO.operator_role_arn}, with aws:SourceArn "
                "arn:aws:states:ap-northeast-1:111111111111:stateMachine:another-statemachine",
            ),
            (
                "execute_role_permissions",
                {"Action": "states:*"},
                f"{SCENARIO.execute_role_arn} calls states:DescribeStateMachine on {SCENARIO.subject_machine_arn}",
            ),
        ],
    )
    def test_what_opens_more_is_told_with_the_request(self, name: str, change: dict[str, Any], told: str) -> None:
        assert list(map(str, changed(name, **change).wider)) == [told]

    def test_other_words_for_the_same_are_the_same(self) -> None:
        by_condition = changed(
            "execute_role_trust",
            Principal={"AWS": SCENARIO.operator_account_id},
            Condition={
                "StringEquals": {"sts:ExternalId": SCENARIO.external_id},
                "ArnEquals": {"aws:PrincipalArn": SCENARIO.operator_role_arn},
            },
        )
        at_once = changed(
            "execute_role_permissions",
            Action=["states:StartExecution", "states:DescribeExecution", "states:StopExecution"],
            Resource=[SCENARIO.subject_machine_arn, SCENARIO.subject_executions_arn],
        )

        assert by_condition.is_equal
        assert at_once.is_equal, "an execution can't be started, nor a state machine stopped"

    def test_a_narrower_one_is_told_as_such(self) -> None:
        machine = {"aws:SourceArn": SCENARIO.subject_machine_arn}
        account = {"aws:SourceAccount": SCENARIO.subject_account_id}
        found = changed("subject_role_trust", Condition={"StringEquals": account, "ArnLike": machine})

        assert (found.wider, len(found.narrower)) == ((), 1)
        assert "another-statemachine" in str(found.narrower[0])

    def test_what_is_written_in_more_than_the_chains_language_is_said_not_guessed(self) -> None:
        found = changed("execute_role_trust", Condition={"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}})

        assert (found.wider, found.narrower) == ((), ())
        assert "DateLessThan aws:CurrentTime" in str(found.undecided)

    def test_a_role_that_isnt_there_lets_nobody_in(self) -> None:
        found = compare(SCENARIO, dict.fromkeys(WANTED), WANTED)

        assert (found.wider, len(found.narrower)) == ((), 5)


def changed(name: str, **change: Any) -> AccessComparison:
    document = json.loads(RECOMMENDED.text(name))
    document["Statement"][0] |= change
    return compared(name, document)
