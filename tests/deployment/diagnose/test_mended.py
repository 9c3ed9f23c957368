"""The fix that is given, done by boto3 in the sandbox, makes that link allowed, for every integration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, product
from typing import Any, Final

import pytest

from tests.deployment.diagnose.bench import carry_out, diagnose
from tests.deployment.diagnose.setups import attach, bound
from tests.deployment.diagnose.test_truth import set_up
from tests.deployment.diagnose.works import ALL, EXPRESS, FORMS, Form, Integration, S
from tests.sandbox.world import World
from tests.support.soak import SOAKING
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.least_privilege import minimal_policy, needs
from xsfn_helpers.deployment.diagnose.tasks import read_tasks

pytestmark = pytest.mark.usefixtures("no_http")

Document = dict[str, Any]
_MOST_FIXES: Final = 12
_NOTHING: Final = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
_NO_POLICY: Final = {"Version": "2012-10-17", "Statement": [_NOTHING]}
_FULL: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_SINCE: Final = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
_OLD: Final = {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}


def _each(policy: Document, **changes: Any) -> Document:
    return {**policy, "Statement": [{**one, **changes} for one in policy["Statement"]]}


# What people do to a policy that was right.
BREAKAGES: Final[dict[str, Callable[[Document], Document]]] = {
    "nothing is granted": lambda policy: {**policy, "Statement": [_NOTHING]},
    "another resource": lambda policy: _each(policy, Resource="arn:aws:sns:ap-northeast-1:222222222222:elsewhere"),
    "another action": lambda policy: _each(policy, Action="logs:PutLogEvents"),
    "a slip in the action": lambda policy: _each(policy, Action="states:StartExecutions"),
    "all is denied": lambda policy: {
        **policy,
        "Statement": [*policy["Statement"], {"Effect": "Deny", "Action": "*", "Resource": "*"}],
    },
    "what is needed is denied": lambda policy: {
        **policy,
        "Statement": [*policy["Statement"], *({**one, "Effect": "Deny"} for one in policy["Statement"])],
    },
    "denied by turning a statement round": lambda policy: _each(policy, Effect="Deny"),
    "it has run out": lambda policy: _each(policy, Condition=_OLD),
    "only without TLS": lambda policy: _each(policy, Condition={"Bool": {"aws:SecureTransport": "false"}}),
    "denied since a day": lambda policy: {
        **policy,
        "Statement": [
            *policy["Statement"],
            *({**one, "Effect": "Deny", "Condition": _SINCE} for one in policy["Statement"]),
        ],
    },
    "denied but for another": lambda policy: {
        **policy,
        "Statement": [*policy["Statement"], {"Effect": "Deny", "NotAction": "logs:*", "Resource": "*"}],
    },
    "only with MFA": lambda policy: _each(policy, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
}
DENYING: Final = frozenset(one for one in BREAKAGES if "denied" in one)
# Their resources can have policies of their own, which could grant what a role lacks; they can't take back a Deny.
WITH_OWN_POLICIES: Final = frozenset(
    {
        "lambda",
        "sns",
        "sqs",
        "dynamodb",
        "events",
        "codebuild",
        "ssm",
        "s3",
        "efs",
        "bedrock",
        "mediaconvert",
        "secretsmanager",
        "apigateway",
    }
)


def _is_broken(integration: str, breakage: str) -> bool:
    """Whether it is certain that the call is denied."""
    service = integration.removeprefix("aws-sdk:").partition(":")[0]
    return breakage in DENYING or service not in WITH_OWN_POLICIES


# Which of a set-up's documents is broken: beside the task's role's own policy, those that stand before it.
EXECUTE, MANAGED, FENCE, OPERATOR, OPERATORS_FENCE, TRUST = (
    *("its inline policy", "its managed policy", "its boundary"),
    *("the machine's role's policy", "the machine's role's boundary", "its trust policy"),
)
_SINCE_TRUST: Final = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": _SINCE}
# What people do to a trust policy that was right: its document takes other statements.
TRUST_BREAKAGES: Final[dict[str, Callable[[Document], Document]]] = {
    "somebody else is trusted": lambda trust: _each(trust, Principal={"AWS": "arn:aws:iam::222222222222:root"}),
    "another external ID": lambda trust: _each(trust, Condition={"StringEquals": {"sts:ExternalId": "old"}}),
    "a star that is taken literally": lambda trust: _each(
        trust, Condition={"StringEquals": {"sts:ExternalId": "arn:aws:states:*:111111111111:stateMachine:*"}}
    ),
    "another action": lambda trust: _each(trust, Action="sts:TagSession"),
    "denied since a day": lambda trust: {**trust, "Statement": [*trust["Statement"], _SINCE_TRUST]},
    "denied by turning it round": lambda trust: _each(trust, Effect="Deny"),
}


_RIGHTLY_OPEN: Final = ("itself", "whether AWS asks for", "which covers some of what the call may act on")


@dataclass(frozen=True)
class Case:
    """A task in one form, and one of the set-up's documents in which one thing was done."""

    integration: Integration
    form: Form
    place: str
    breakage: str

    def __str__(self) -> str:
        resource, arguments = self.integration
        version = str(arguments.get("StateMachineArn", "")).removeprefix(S.subject_machine_arn)
        return f"{resource}{version and f' of {version[1:]}'}, {self.form.name}, {self.place}: {self.breakage}"


# What the sandbox takes into a definition.
TRIED: Final = tuple(one for one in ALL if one[0] != "apigateway:invoke")


def _cases() -> Iterator[Case]:
    forms = cycle(FORMS)
    for one, breakage in product(TRIED, BREAKAGES):
        if _is_broken(one[0], breakage):
            yield Case(one, next(forms), EXECUTE, breakage)
    for number, one in enumerate(TRIED):
        for at, place in enumerate((MANAGED, FENCE, OPERATOR, OPERATORS_FENCE)):
            # What a resource allows to a session of the role by name, a boundary doesn't limit.
            names = [name for name in BREAKAGES if place in (OPERATOR, OPERATORS_FENCE) or _is_broken(one[0], name)]
            yield Case(one, next(forms), place, names[(number + 5 * at) % len(names)])
        yield Case(one, next(forms), TRUST, list(TRUST_BREAKAGES)[number % len(TRUST_BREAKAGES)])


CASES: Final = tuple(_cases())


def _few() -> Iterator[Case]:
    """Each breakage, each document and each form once at least."""
    seen: set[object] = set()
    for case in (*CASES[::17], *CASES):
        if not {case.breakage, case.place, case.form} <= seen:
            seen |= {case.breakage, case.place, case.form}
            yield case


SHORT: Final = tuple(_few())


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 450
    assert len({one.integration[0] for one in CASES}) >= 30
    assert len(SHORT) <= 30
    assert {one.breakage for one in SHORT} == {*BREAKAGES, *TRUST_BREAKAGES}
    assert {one.place for one in SHORT} == {EXECUTE, MANAGED, FENCE, OPERATOR, OPERATORS_FENCE, TRUST}
    assert {one.form for one in SHORT} == set(FORMS)


@pytest.mark.parametrize("case", CASES if SOAKING else SHORT, ids=str)
def test_the_fix_done_by_boto3_makes_that_link_allowed(world: World, case: Case) -> None:
    _build(world, case)

    found = diagnose(world)
    assert found.verdict is Conclusion.BROKEN, str(found)
    done = 0
    while found.fix is not None:
        assert done < _MOST_FIXES, str(found)
        fix = found.fix
        carry_out(world, fix)
        mended = diagnose(world)
        if fix.mends:
            assert _answers(mended, fix.task, fix.link) < _answers(found, fix.task, fix.link), fix.summary
        found, done = mended, done + 1

    assert done
    assert found.verdict is not Conclusion.BROKEN, str(found)
    # What isn't allowed for certain then hangs on something else than the roles' policies.
    told = "; ".join(reason for link in found.links if link.answer is not Answer.ALLOWED for reason in link.open)
    assert found.verdict is Conclusion.FINE or any(reason in told for reason in _RIGHTLY_OPEN), str(found)


def _answers(found: Diagnosis, task: str, link: int) -> int:
    """How many requests of one link are denied."""
    return sum(one.answer is Answer.REFUSED for one in found.links if (one.task, one.number) == (task, link))


def _build(world: World, case: Case) -> None:
    """The set-up as it would be right, by the smallest policies, but for the one document."""
    scenario = world.scenario
    resource, arguments = case.integration
    definition = case.form.of(resource, arguments)
    right = set_up(resource, arguments)
    right = right.with_machine(replace(right.machine, definition=json.dumps(definition)))
    needed = needs(right, read_tasks(json.dumps(definition)))
    smallest = {
        arn: minimal_policy(tuple((action, of or "*") for action, of in pairs)) for arn, pairs in needed.items()
    }
    operator, execute = (smallest[arn] or _FULL for arn in (S.operator_role_arn, S.execute_role_arn))
    breaks = BREAKAGES.get(case.breakage, lambda document: document)
    broken = {
        EXECUTE: breaks(execute),
        MANAGED: breaks(execute),
        OPERATOR: breaks(operator),
        FENCE: breaks(_FULL),
        OPERATORS_FENCE: breaks(_FULL),
        TRUST: _FULL,
    }[case.place]
    renamed = {S.subject_machine_name: scenario.subject_machine_name, S.execute_role_name: scenario.execute_role_name}
    renamed[S.operator_machine_name] = scenario.operator_machine_name
    written = json.dumps([definition, execute, operator, broken])
    for old, new in renamed.items():
        for sign, end in product(":/", (*'":/', "'")):
            written = written.replace(f"{sign}{old}{end}", f"{sign}{new}{end}")
    definition, execute, operator, broken = json.loads(written)
    trust = documents.execute_role_trust(scenario)
    express = resource == EXPRESS
    if express:
        world.create_role(Side.SUBJECT, f"{scenario.subject_role_name}-express")
        world.subject_states.create_state_machine(
            name=scenario.subject_machine_name,
            definition=json.dumps(documents.subject_definition(scenario)),
            roleArn=f"{scenario.subject_role_arn}-express",
            type="EXPRESS",
        )
    world.build(
        subject_machine=not express,
        operator_definition=definition,
        execute_permissions={EXECUTE: broken, MANAGED: _NO_POLICY}.get(case.place, execute),
        operator_permissions=broken if case.place == OPERATOR else operator,
        execute_trust=TRUST_BREAKAGES[case.breakage](trust) if case.place == TRUST else trust,
    )
    if case.place == MANAGED:
        attach(world, Side.SUBJECT, scenario.execute_role_name, "task", broken)
    elif case.place == FENCE:
        bound(world, Side.SUBJECT, scenario.execute_role_name, broken)
    elif case.place == OPERATORS_FENCE:
        bound(world, Side.OPERATOR, scenario.operator_role_name, broken)
