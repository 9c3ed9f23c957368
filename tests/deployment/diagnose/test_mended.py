"""The fix that is given, done by boto3 in the sandbox, makes that link allowed, for every integration."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any, Final

import pytest

from tests.deployment.diagnose.bench import carry_out, diagnose
from tests.deployment.diagnose.test_truth import set_up
from tests.deployment.diagnose.works import ARN, EXPRESS, INTEGRATIONS, S
from tests.sandbox.world import World
from tests.support.soak import SOAKING
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Diagnosis

pytestmark = pytest.mark.usefixtures("no_http")

Document = dict[str, Any]
_MOST_FIXES: Final = 12
_NOTHING: Final = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
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
WITH_OWN_POLICIES: Final = frozenset({"lambda", "sns", "sqs", "dynamodb", "events", "codebuild", "ssm", "s3", "efs"})


def _is_broken(integration: str, breakage: str) -> bool:
    """Whether it is certain that the call is denied."""
    service = integration.removeprefix("aws-sdk:").partition(":")[0]
    return breakage in DENYING or service not in WITH_OWN_POLICIES


# The world's state machine is a Standard one, which startSyncExecution can't run.
TRIED: Final = tuple(one for one in INTEGRATIONS if one[0] != EXPRESS)
CASES: Final = tuple((one, breakage) for one, breakage in product(TRIED, BREAKAGES) if _is_broken(one[0], breakage))
SHORT: Final = CASES[::7]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 200
    assert len({integration for (integration, _), _ in CASES}) >= 20
    assert {breakage for _, breakage in SHORT} == set(BREAKAGES)


@pytest.mark.parametrize("number", range(len(CASES)) if SOAKING else range(0, len(CASES), 7))
def test_the_fix_done_by_boto3_makes_that_link_allowed(world: World, number: int) -> None:
    (integration, arguments), breakage = CASES[number]
    right = set_up(integration, arguments).role(S.execute_role_arn)
    assert right is not None
    document = right.policies[0].document
    assert document is not None
    _build(world, integration, arguments, BREAKAGES[breakage](document))

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


def _answers(found: Diagnosis, task: str, link: int) -> int:
    """How many requests of one link are denied."""
    return sum(one.answer is Answer.REFUSED for one in found.links if (one.task, one.number) == (task, link))


def _build(world: World, integration: str, arguments: dict[str, Any], execute: Document) -> None:
    scenario = world.scenario
    task = {
        "Type": "Task",
        "Resource": f"{ARN}{integration}",
        "Parameters": arguments,
        "Credentials": {"RoleArn": scenario.execute_role_arn},
        "End": True,
    }
    definition = json.dumps({"StartAt": "T", "States": {"T": task}})
    renamed = {S.subject_machine_name: scenario.subject_machine_name, S.execute_role_name: scenario.execute_role_name}
    written = json.dumps([json.loads(definition), execute])
    for old, new in renamed.items():
        written = written.replace(f":{old}", f":{new}").replace(f'/{old}"', f'/{new}"')
    operator_definition, permissions = json.loads(written)
    world.build(operator_definition=operator_definition, execute_permissions=permissions)
