"""Three answers that can't be mixed up, over generated set-ups: nothing unread or unknown is ever "allowed"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.deployment.diagnose.works import ARN, EXPRESS, INTEGRATIONS, S
from tests.support.soak import soaked
from xsfn_helpers.chain import documents
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Diagnosis, analyse
from xsfn_helpers.deployment.diagnose.as_json import diagnosis_json
from xsfn_helpers.deployment.diagnose.evidence import AccountSeen, Evidence, MachineSeen, PolicySeen, RoleSeen
from xsfn_helpers.deployment.diagnose.least_privilege import minimal_policy, needs
from xsfn_helpers.deployment.diagnose.tasks import read_tasks

NOW: Final = "2026-11-24T00:00:00Z"


def set_up(integration: str, arguments: dict[str, Any], execute: dict[str, Any] | None = None) -> Evidence:
    """A complete set-up around one task; the execute role has the smallest policy unless another is given."""
    task = {
        "Type": "Task",
        "Resource": f"{ARN}{integration}",
        "Parameters": arguments,
        "Credentials": {"RoleArn": S.execute_role_arn},
        "End": True,
    }
    definition = json.dumps({"StartAt": "T", "States": {"T": task}})
    operator = RoleSeen(
        S.operator_role_arn,
        "AROAOPERATOR",
        documents.operator_role_trust(S),
        (PolicySeen("assume", document=documents.operator_role_permissions(S)),),
        tags={},
    )
    executing = RoleSeen(S.execute_role_arn, "AROAEXECUTE", documents.execute_role_trust(S), tags={})
    subject = RoleSeen(S.subject_role_arn, "AROASUBJECT", documents.service_trust(S, S.subject), tags={})
    child = MachineSeen(
        S.subject_machine_arn,
        subject.arn,
        json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
        "EXPRESS" if integration == EXPRESS else "STANDARD",
        tags={},
    )
    machine = MachineSeen(S.operator_machine_arn, operator.arn, definition, logs=False, traces=False, tags={})
    evidence = Evidence(
        machine.arn,
        machine,
        {
            account.id: account
            for account in (
                _account(S.operator_account_id, (operator,), (machine,)),
                _account(S.subject_account_id, (executing, subject), (child,)),
            )
        },
    )
    if execute is None:
        pairs = needs(evidence, read_tasks(definition))[S.execute_role_arn]
        # Where what it acts on shows in the run only, nothing less than everything will do.
        execute = minimal_policy(tuple((action, resource or "*") for action, resource in pairs))
        assert execute is not None
    policies = (PolicySeen("task", document=execute),)
    return evidence.with_role(replace(executing, policies=policies))


def _account(account: str, roles: tuple[RoleSeen, ...], machines: tuple[MachineSeen, ...]) -> AccountSeen:
    return AccountSeen(
        account,
        {role.arn: role for role in roles},
        {machine.arn: machine for machine in machines},
        frozenset(role.arn for role in roles),
        frozenset(machine.arn for machine in machines),
        scps=(),
        rcps=(),
    )


def diagnosed(evidence: Evidence) -> Diagnosis:
    return analyse(evidence, NOW)


@pytest.mark.parametrize(("integration", "arguments"), INTEGRATIONS)
def test_the_smallest_policy_is_enough_and_nothing_in_it_can_be_spared(
    integration: str, arguments: dict[str, Any]
) -> None:
    whole = set_up(integration, arguments)
    assert diagnosed(whole).verdict is Conclusion.FINE, str(diagnosed(whole))
    policy = whole.role(S.execute_role_arn).policies[0].document  # type: ignore[union-attr]
    assert policy is not None
    for without in _each_without_one_action(policy):
        found = diagnosed(set_up(integration, arguments, without))
        assert found.verdict is not Conclusion.FINE, without


def _each_without_one_action(policy: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for at, statement in enumerate(policy["Statement"]):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            rest = [one for one in actions if one != action]
            others = [one for number, one in enumerate(policy["Statement"]) if number != at]
            kept = [{**statement, "Action": rest}] if rest else []
            nothing = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
            yield {**policy, "Statement": [*others, *kept] or [nothing]}


_ACTIONS: Final = (
    "states:*",
    "states:StartExecution",
    "glue:*",
    "glue:StartJobRun",
    "s3:GetObject",
    "ecs:*",
    "*",
    "x:Y",
)
_RESOURCES: Final = (
    "*",
    S.subject_machine_arn,
    "arn:aws:glue:*:*:job/load",
    "arn:aws:s3:::b/*",
    "arn:aws:glue:*:222222222222:job/*",
    "arn:aws:states:*:*:execution:*",
)
_STATEMENT = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
    st.sampled_from(_ACTIONS),
    st.sampled_from(_RESOURCES),
)
_POLICY = st.lists(_STATEMENT, min_size=1, max_size=4).map(lambda some: {"Version": "2012-10-17", "Statement": some})
_SETUP = st.builds(lambda one, policy: (*one, policy), st.sampled_from(INTEGRATIONS), st.none() | _POLICY)
_RANK: Final = {Conclusion.BROKEN: 0, Conclusion.UNKNOWN: 1, Conclusion.FINE: 2}


def _with_less(evidence: Evidence) -> Iterator[Evidence]:
    """The evidence with one document fewer: a role, a policy, a trust policy, a state machine, a list, the limits."""
    for account in evidence.accounts.values():

        def changed(account: AccountSeen = account, **parts: Any) -> Evidence:
            less = replace(account, **parts)
            return replace(evidence, accounts={**evidence.accounts, account.id: less})

        yield changed(all_roles=None)
        yield changed(all_machines=None)
        for arn, role in account.roles.items():
            yield changed(roles={one: kept for one, kept in account.roles.items() if one != arn}, all_roles=None)
            yield changed(roles={**account.roles, arn: replace(role, trust=None)})
            yield changed(roles={**account.roles, arn: replace(role, in_full=False, policies=())})
            for policy in role.policies:
                unread = tuple(
                    replace(one, document=None, why_not="not read") if one is policy else one for one in role.policies
                )
                yield changed(roles={**account.roles, arn: replace(role, policies=unread)})
        for arn in account.machines:
            if arn != evidence.machine.arn:
                left = {one: kept for one, kept in account.machines.items() if one != arn}
                yield changed(machines=left, all_machines=None)
    yield replace(evidence, machine=replace(evidence.machine, definition="{}"))


@given(_SETUP)
@settings(max_examples=soaked(short=8, long=1_000), deadline=None)
def test_a_document_less_never_makes_it_allowed(made: tuple[str, dict[str, Any], dict[str, Any] | None]) -> None:
    evidence = set_up(*made)
    before = diagnosed(evidence).verdict
    for less in _with_less(evidence):
        after = diagnosed(less).verdict
        assert after is not Conclusion.FINE or before is Conclusion.FINE


@given(_SETUP, _STATEMENT.filter(lambda one: one["Effect"] == "Allow"))
@settings(max_examples=soaked(short=15, long=2_000), deadline=None)
def test_a_permission_more_never_makes_it_denied(
    made: tuple[str, dict[str, Any], dict[str, Any] | None], more: dict[str, Any]
) -> None:
    evidence = set_up(*made)
    role = evidence.role(S.execute_role_arn)
    assert role is not None
    added = PolicySeen("more", document={"Version": "2012-10-17", "Statement": [more]})
    wider = evidence.with_role(replace(role, policies=(*role.policies, added)))
    before, after = diagnosed(evidence), diagnosed(wider)
    assert _RANK[after.verdict] >= _RANK[before.verdict]
    for one, other in zip(before.links, after.links, strict=True):
        assert one.answer is not Answer.ALLOWED or other.answer is Answer.ALLOWED


_ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_TWICE_DENIED: Final = {"Version": "2012-10-17", "Statement": [_ALL, *2 * [{**_ALL, "Effect": "Deny"}]]}


@example((*INTEGRATIONS[0], _TWICE_DENIED))
@given(_SETUP)
@settings(max_examples=soaked(short=15, long=2_000), deadline=None)
def test_the_fix_that_is_given_makes_that_link_allowed(made: tuple[str, dict[str, Any], dict[str, Any] | None]) -> None:
    """And all fixes together leave nothing broken."""
    evidence = set_up(*made)
    found = diagnosed(evidence)
    broken = _broken(found)
    for fix in found.fixes:
        assert fix.changes
        evidence = fix.applied(evidence)
        if fix.mends:
            still = _broken(diagnosed(evidence))
            assert still < broken
            broken = still
    assert diagnosed(evidence).verdict is not Conclusion.BROKEN


def _broken(found: Diagnosis) -> int:
    return sum(link.broken for link in found.links)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (("glue:startJobRun", {"JobName": "load"}), 0),
        (
            (
                "glue:startJobRun.sync",
                {"JobName": "load"},
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "glue:StartJobRun", "Resource": "*"}],
                },
            ),
            1,
        ),
        (
            (
                "nosuch:thing",
                {},
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
            ),
            3,
        ),
    ],
)
def test_the_exit_code_tells_the_three_answers_apart(made: Any, code: int) -> None:
    assert diagnosis_json(diagnosed(set_up(*made)))["exit_code"] == code
