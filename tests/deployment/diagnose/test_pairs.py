"""Every two things wrong at once, on paper: the fixes lead to a setup in which every link is allowed. No sandbox."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.support.soak import SOAKING
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Evidence, analyse
from xsfn_helpers.deployment.diagnose.evidence import AccountSeen, MachineSeen, PolicySeen, RoleSeen
from xsfn_helpers.deployment.practice.edits import edited, with_statement

NOW: Final = "2026-11-24T00:00:00Z"
S: Final = Scenario()
TASK: Final = f"States/{documents.TASK_STATE_NAME}"
Wrong = Callable[[Evidence], Evidence]


def _role(arn: str, trust: dict[str, Any], permissions: dict[str, Any] | None = None) -> RoleSeen:
    policies = (PolicySeen("task", document=permissions),) if permissions else ()
    return RoleSeen(arn, f"AROA{abs(hash(arn)):016}"[:20], trust, policies, tags={})


def right() -> Evidence:
    """The recommended setup as evidence."""
    roles = (
        _role(S.operator_role_arn, documents.operator_role_trust(S), documents.operator_role_permissions(S)),
        _role(S.execute_role_arn, documents.execute_role_trust(S), documents.execute_role_permissions(S)),
        _role(S.subject_role_arn, documents.service_trust(S, S.subject)),
    )
    machines = (
        _machine(S.operator_machine_arn, S.operator_role_arn, documents.operator_definition(S)),
        _machine(S.subject_machine_arn, S.subject_role_arn, documents.subject_definition(S)),
    )
    accounts = {
        account.id: AccountSeen(
            account.id,
            {role.arn: role for role in roles if role.account == account.id},
            {machine.arn: machine for machine in machines if machine.account == account.id},
            frozenset(role.arn for role in roles if role.account == account.id),
            frozenset(machine.arn for machine in machines if machine.account == account.id),
            scps=(),
        )
        for account in (S.operator, S.subject)
    }
    return Evidence(S.operator_machine_arn, machines[0], accounts)


def _machine(arn: str, role: str, definition: dict[str, Any]) -> MachineSeen:
    return MachineSeen(arn, role, json.dumps(definition), logs=False, traces=False, tags={})


def _trust(arn: str, changes: dict[str, Any]) -> Wrong:
    def spoilt(evidence: Evidence) -> Evidence:
        role = evidence.role(arn)
        if role is None or role.trust is None:
            return evidence
        return evidence.with_role(replace(role, trust=edited(role.trust, changes)))

    return spoilt


def _permissions(arn: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Wrong:
    def spoilt(evidence: Evidence) -> Evidence:
        role = evidence.role(arn)
        if role is None or not role.policies:
            return evidence
        (policy,) = role.policies
        assert policy.document is not None
        return evidence.with_role(replace(role, policies=(replace(policy, document=change(policy.document)),)))

    return spoilt


def _definition(changes: dict[str, Any]) -> Wrong:
    def spoilt(evidence: Evidence) -> Evidence:
        definition = edited(json.loads(evidence.machine.definition), changes)
        return evidence.with_machine(replace(evidence.machine, definition=json.dumps(definition)))

    return spoilt


def _without(arn: str) -> Wrong:
    def spoilt(evidence: Evidence) -> Evidence:
        account = evidence.account(account_of(arn))
        changed = replace(
            account,
            roles={key: role for key, role in account.roles.items() if key != arn},
            machines={key: machine for key, machine in account.machines.items() if key != arn},
            all_roles=(account.all_roles or frozenset()) - {arn},
            all_machines=(account.all_machines or frozenset()) - {arn},
        )
        return replace(evidence, accounts={**evidence.accounts, account.id: changed})

    return spoilt


def _bounded(arn: str, *actions: str) -> Wrong:
    def spoilt(evidence: Evidence) -> Evidence:
        role = evidence.role(arn)
        if role is None:
            return evidence
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        fence = PolicySeen(
            "fence",
            f"arn:aws:iam::{role.account}:policy/fence",
            {"Version": "2012-10-17", "Statement": [statement]},
        )
        return evidence.with_role(replace(role, boundary=fence))

    return spoilt


_ID: Final = "Statement/0/Condition/StringEquals/sts:ExternalId"
_DENY: Final = {"Effect": "Deny", "Action": "*", "Resource": "*"}
WRONG: Final[dict[str, Wrong]] = {
    "operator trust": _trust(S.operator_role_arn, {"Statement/0/Principal/Service": "ecs.amazonaws.com"}),
    "subject trust": _trust(S.subject_role_arn, {"Statement/0/Principal/Service": "ecs.amazonaws.com"}),
    "operator role missing": _without(S.operator_role_arn),
    "execute role missing": _without(S.execute_role_arn),
    "subject machine missing": _without(S.subject_machine_arn),
    "external ID": _trust(S.execute_role_arn, {_ID: "another"}),
    "principal": _trust(S.execute_role_arn, {"Statement/0/Principal/AWS": f"{S.operator_role_arn}-other"}),
    "deleted principal": _trust(S.execute_role_arn, {"Statement/0/Principal/AWS": "AROAEXAMPLEEXAMPLE22"}),
    "no assume role": _permissions(
        S.operator_role_arn, lambda have: edited(have, {"Statement/0/Action": "states:StartExecution"})
    ),
    "operator denies": _permissions(S.operator_role_arn, lambda have: with_statement(have, _DENY)),
    "execute denies": _permissions(S.execute_role_arn, lambda have: with_statement(have, _DENY)),
    "no start": _permissions(S.execute_role_arn, lambda have: edited(have, {"Statement/0/Action": "states:List*"})),
    "no follow": _permissions(S.execute_role_arn, lambda have: edited(have, {"Statement/1/Action": "states:List*"})),
    "operator fence": _bounded(S.operator_role_arn, "states:*"),
    "execute fence": _bounded(S.execute_role_arn, "states:StartExecution", "states:StopExecution"),
    "role misspelt": _definition({f"{TASK}/Credentials": {"RoleArn": f"{S.execute_role_arn}s"}}),
    "no credentials": _definition({f"{TASK}/Credentials": None}),
    "machine's region": _definition(
        {f"{TASK}/Parameters/StateMachineArn": S.subject_machine_arn.replace(S.region, "us-east-1")}
    ),
    "machine misspelt": _definition({f"{TASK}/Parameters/StateMachineArn": f"{S.subject_machine_arn}s"}),
}
PAIRS: Final = list(itertools.combinations(WRONG, 2))
# Each with every fourth of the others; `make soak` has them all.
TRIED: Final = PAIRS if SOAKING else PAIRS[::4]


def _mended(evidence: Evidence) -> Evidence:
    """The evidence after every fix that the diagnosis has, diagnosed anew after each, as a reader would."""
    for _ in range(15):
        fix = analyse(evidence, NOW).fix
        if fix is None:
            break
        assert fix.changes, fix.summary
        evidence = fix.applied(evidence)
    return evidence


def test_the_right_set_up_is_fine() -> None:
    found = analyse(right(), NOW)

    assert (found.verdict, found.risks) == (Conclusion.FINE, ())


@pytest.mark.parametrize("name", WRONG)
def test_one_thing_wrong_is_found(name: str) -> None:
    found = analyse(WRONG[name](right()), NOW)

    assert found.verdict is Conclusion.BROKEN
    assert found.fix is not None
    assert analyse(_mended(found.evidence), NOW).verdict is Conclusion.FINE


def test_each_is_tried_with_some_others() -> None:
    assert min(Counter(name for pair in TRIED for name in pair)[name] for name in WRONG) >= 3


@pytest.mark.parametrize("pair", TRIED, ids=" and ".join)
def test_two_things_wrong_are_both_found_and_mended(pair: tuple[str, str]) -> None:
    evidence = right()
    for name in pair:
        evidence = WRONG[name](evidence)

    found = analyse(evidence, NOW)
    after = analyse(_mended(evidence), NOW)

    assert found.verdict is Conclusion.BROKEN
    assert after.verdict is Conclusion.FINE, str(after)
    assert Answer.UNKNOWN not in {link.answer for link in after.links}
