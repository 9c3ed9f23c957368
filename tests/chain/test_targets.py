"""Targets as data: chain, policies and task follow from what is reached, and the engine finds nothing to spare."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from xsfn_helpers.chain import documents, targets
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.links import Actor, Link, Node, chain
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.targets import Pattern, Target
from xsfn_helpers.common.aws_names import LAMBDA_PRINCIPAL
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide

SCENARIO = Scenario()
EVERY: dict[str, Target] = {
    "state machine": targets.state_machine(SCENARIO),
    "state machine, not waited for": targets.state_machine(SCENARIO, pattern=Pattern.REQUEST_RESPONSE),
    "Express state machine": targets.express_machine(SCENARIO),
    "function": targets.function(SCENARIO),
    "function, with a token": targets.function(SCENARIO, pattern=Pattern.CALLBACK),
    "table": targets.table(SCENARIO),
    "table, by the SDK": targets.table(SCENARIO, sdk=True),
    "bucket": targets.bucket(SCENARIO),
    "queue": targets.queue(SCENARIO),
    "queue, by the SDK": targets.queue(SCENARIO, sdk=True),
    "queue, with a token": targets.queue(SCENARIO, pattern=Pattern.CALLBACK),
}
each_target = pytest.mark.parametrize("target", EVERY.values(), ids=EVERY.keys())


def allowed(link: Link, policy: str) -> bool:
    """Whether a session of the execute role may make this request with the policy alone."""
    arn = f"arn:aws:sts::{SCENARIO.subject_account_id}:assumed-role/{SCENARIO.execute_role_name}/session"
    request = Request(
        principal=Principal.parse(arn, role_arn=SCENARIO.execute_role_arn),
        action=link.action,
        resource=link.resource,
        resource_account=link.resource_account.id,
    )
    return decide(request, Policies(identity=(Policy.parse(policy, kind=PolicyKind.IDENTITY),))).allowed


def made_as_execute_role(target: Target) -> list[Link]:
    return [link for link in chain(SCENARIO, (target,)) if link.asker is Actor.EXECUTE_ROLE]


class TestTheArticle:
    """The present scenario is one target among them, and nothing of it changes."""

    def test_its_links_are_those_to_its_state_machine(self) -> None:
        assert chain(SCENARIO) == chain(SCENARIO, targets.article_targets(SCENARIO))

    def test_its_documents_are_those_for_its_state_machine(self) -> None:
        plain, reached = Blueprint.recommended(SCENARIO), Blueprint.recommended(SCENARIO, [EVERY["state machine"]])
        comment = "Works in another account"

        assert replace(plain, operator_definition="") == replace(reached, operator_definition="")
        assert {**json.loads(plain.operator_definition), "Comment": comment} == json.loads(reached.operator_definition)


@each_target
def test_the_derived_policy_allows_every_request(target: Target) -> None:
    policy = json_text(documents.execute_role_permissions(SCENARIO, (target,)))

    assert [link for link in made_as_execute_role(target) if not allowed(link, policy)] == []


@each_target
def test_nothing_in_it_can_be_spared(target: Target) -> None:
    """Without any one action, that request is denied and no other."""
    links = made_as_execute_role(target)
    for number, grant in enumerate(target.grants):
        others = tuple(other for other in target.grants if other is not grant)
        if others:
            short = documents.execute_role_permissions(SCENARIO, (replace(target, grants=others),))
            policy = json_text(short)
            assert [link for link in links if not allowed(link, policy)] == [links[number]]
    assert [link.action for link in links] == [grant.action for grant in target.grants]


@each_target
def test_the_task_names_the_execute_role_and_the_integration(target: Target) -> None:
    definition = documents.operator_definition(SCENARIO, (target,))
    [task] = definition["States"].values()

    assert task["Resource"] == f"arn:aws:states:::{target.integration}{target.pattern}"
    assert task["Credentials"] == {"RoleArn": SCENARIO.execute_role_arn}
    assert ("$$.Task.Token" in json.dumps(task)) is (target.pattern is Pattern.CALLBACK)


# What each target has been documented to need, written out: the table of calls mustn't change it unseen.
NEEDED: dict[str, list[tuple[str, str]]] = {
    "state machine": [
        ("states:StartExecution", SCENARIO.subject_machine_arn),
        ("states:DescribeExecution", SCENARIO.subject_executions_arn),
        ("states:StopExecution", SCENARIO.subject_executions_arn),
    ],
    "state machine, not waited for": [("states:StartExecution", SCENARIO.subject_machine_arn)],
    "Express state machine": [
        ("states:StartSyncExecution", "arn:aws:states:ap-northeast-1:222222222222:stateMachine:subject-express")
    ],
    "function": [("lambda:InvokeFunction", "arn:aws:lambda:ap-northeast-1:222222222222:function:subject-function")],
    "table": [("dynamodb:PutItem", "arn:aws:dynamodb:ap-northeast-1:222222222222:table/subject-table")],
    "bucket": [("s3:PutObject", "arn:aws:s3:::subject-bucket-222222222222/from-the-operator.json")],
    "queue": [("sqs:SendMessage", "arn:aws:sqs:ap-northeast-1:222222222222:subject-queue")],
}


@pytest.mark.parametrize("name", EVERY)
def test_its_grants_are_those_that_are_documented(name: str) -> None:
    needed = NEEDED.get(name) or NEEDED[name.partition(",")[0]]

    assert [(one.action, one.resource) for one in EVERY[name].grants] == needed


@each_target
def test_every_partition(target: Target) -> None:
    """ARNs and addresses follow the region's partition."""
    china = Scenario(region="cn-north-1")
    same = {one.title: one for one in _made_for(china)}[target.title]

    assert all(grant.resource.startswith("arn:aws-cn:") for grant in same.grants)
    assert same.task_resource(china.partition).startswith("arn:aws-cn:states:::")


def _made_for(scenario: Scenario) -> list[Target]:
    makers: list[Callable[[Scenario], Target]] = [
        targets.state_machine,
        targets.express_machine,
        targets.function,
        targets.table,
        targets.bucket,
        targets.queue,
    ]
    return [make(scenario) for make in makers]


def test_links_are_numbered_in_the_order_of_a_run() -> None:
    """One and two are the same whatever is reached; then the calls, and last who the targets work as."""
    reached = (EVERY["function"], EVERY["queue"], EVERY["state machine"])

    links = chain(SCENARIO, reached)

    assert [link.number for link in links] == list(range(1, 10))
    assert links[:2] == chain(SCENARIO)[:2]
    assert [str(link).split(". ")[1] for link in links[2:]] == [
        "execute role -> lambda:InvokeFunction -> function subject-function",
        "execute role -> sqs:SendMessage -> queue subject-queue",
        "execute role -> states:StartExecution -> Subject state machine",
        "execute role -> states:DescribeExecution -> Subject execution",
        "execute role -> states:StopExecution -> Subject execution",
        "Lambda -> sts:AssumeRole -> Subject role",
        "Step Functions -> sts:AssumeRole -> Subject role",
    ]
    assert links[2].target is Node.TARGET


def test_a_function_works_as_a_role_that_trusts_lambda_for_it_alone() -> None:
    trust = documents.subject_role_trust(SCENARIO, (EVERY["function"],))
    [statement] = trust["Statement"]

    assert LAMBDA_PRINCIPAL in statement["Principal"]["Service"]
    assert EVERY["function"].resource in statement["Condition"]["ArnLike"]["aws:SourceArn"]


def test_targets_of_one_kind_share_a_statement() -> None:
    two = (targets.function(SCENARIO, "one"), targets.function(SCENARIO, "two"))

    [statement] = documents.execute_role_permissions(SCENARIO, two)["Statement"]

    assert statement["Action"] == "lambda:InvokeFunction"
    assert [arn.rpartition(":")[2] for arn in statement["Resource"]] == ["one", "two"]


def test_several_targets_run_side_by_side() -> None:
    definition = documents.operator_definition(SCENARIO, tuple(EVERY.values()))
    [state] = definition["States"].values()

    assert state["Type"] == "Parallel"
    assert [branch["StartAt"] for branch in state["Branches"]] == [target.title for target in EVERY.values()]
