"""The CDK app's templates by what they mean: roles, statements and the task. Their text is the CDK's to change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.export.conftest import needs_cdk
from xsfn_helpers import Lab, Scenario
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, OPERATOR_POLICY_NAME
from xsfn_helpers.chain.policy_diff import same_policy
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.export import Export, Route, exported_files, grants, write_export
from xsfn_helpers.deployment.export.synthesis import Synthesis, synthesise
from xsfn_helpers.deployment.resources.stack import Stack
from xsfn_helpers.sandbox.cloudformation.functions import Surroundings

pytestmark = [needs_cdk, pytest.mark.usefixtures("no_http")]
SCENARIO = Scenario(region="eu-west-1", operator_machine_name="starter", execute_role_name="let-in")
ROLE, MACHINE, POLICY = "AWS::IAM::Role", "AWS::StepFunctions::StateMachine", "AWS::IAM::Policy"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return write_export(Route.CDK, tmp_path_factory.mktemp("cdk"), exported_files(Route.CDK, SCENARIO, "mine"))


@pytest.fixture(scope="module")
def synthesis(export: Export) -> Synthesis:
    return synthesise(export)


class Template:
    """One account's template with its functions carried out; `Ref` and `GetAtt` give what the resource will be."""

    def __init__(self, synthesis: Synthesis, side: Side) -> None:
        self.resources: Mapping[str, Any] = json.loads(synthesis.templates[side])["Resources"]
        account = SCENARIO.account(side)
        values = {"AWS::Partition": "aws", "AWS::Region": SCENARIO.region, "AWS::AccountId": account.id}
        self._around = Surroundings(values, self._arn, lambda name, _: self._arn(name), {})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [self._around.resolve(one["Properties"]) for one in self.resources.values() if one["Type"] == kind]

    def role(self, name: str) -> dict[str, Any]:
        (found,) = (role for role in self.of(ROLE) if role["RoleName"] == name)
        return found

    def _arn(self, name: str) -> str:
        properties = self.resources[name]["Properties"]
        arns = (SCENARIO.operator_machine_arn, SCENARIO.subject_machine_arn, SCENARIO.operator_role_arn)
        named = properties.get("StateMachineName") or properties.get("RoleName")
        (arn,) = (one for one in (*arns, SCENARIO.subject_role_arn) if one.endswith((f":{named}", f"/{named}")))
        return arn


def inline(role: Mapping[str, Any]) -> dict[str, Any]:
    return {policy["PolicyName"]: policy["PolicyDocument"] for policy in role.get("Policies", [])}


def tags(properties: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in properties["Tags"]}


@pytest.fixture(scope="module")
def operator(synthesis: Synthesis) -> Template:
    return Template(synthesis, Side.OPERATOR)


@pytest.fixture(scope="module")
def subject(synthesis: Synthesis) -> Template:
    return Template(synthesis, Side.SUBJECT)


class TestOperator:
    def test_its_role_may_assume_the_execute_role_and_nothing_else(self, operator: Template) -> None:
        role = operator.role(SCENARIO.operator_role_name)

        assert same_policy(role["AssumeRolePolicyDocument"], documents.operator_role_trust(SCENARIO))
        assert inline(role).keys() == {OPERATOR_POLICY_NAME}
        assert same_policy(inline(role)[OPERATOR_POLICY_NAME], documents.operator_role_permissions(SCENARIO))
        assert operator.of(POLICY) == [], "nothing is added to it"
        assert tags(role) == {"xsfn:lab": "mine"}

    def test_its_task_waits_crosses_the_accounts_and_tells_the_child_its_parent(self, operator: Template) -> None:
        (machine,) = operator.of(MACHINE)

        assert json.loads(machine["DefinitionString"]) == documents.operator_definition(SCENARIO)
        assert machine["StateMachineName"] == "starter"
        assert machine["RoleArn"] == SCENARIO.operator_role_arn
        assert tags(machine) == {"xsfn:lab": "mine"}

    def test_it_is_all_there_is(self, operator: Template) -> None:
        assert sorted(one["Type"] for one in operator.resources.values()) == [ROLE, MACHINE]


class TestSubject:
    def test_the_execute_role_trusts_one_role_for_one_state_machine(self, subject: Template) -> None:
        role = subject.role("let-in")

        assert same_policy(role["AssumeRolePolicyDocument"], documents.execute_role_trust(SCENARIO))

    def test_the_execute_role_has_the_three_actions(self, subject: Template) -> None:
        held = inline(subject.role("let-in"))

        assert held.keys() == {EXECUTE_POLICY_NAME}
        # The state machine's name is asked of the machine itself, which `_arn` answers with its ARN.
        text = json.dumps(held).replace(f"execution:{SCENARIO.subject_machine_arn}", "execution:subject-statemachine")
        assert same_policy(json.loads(text)[EXECUTE_POLICY_NAME], documents.execute_role_permissions(SCENARIO))

    def test_its_state_machine_and_role(self, subject: Template) -> None:
        (machine,) = subject.of(MACHINE)
        role = subject.role(SCENARIO.subject_role_name)

        assert json.loads(machine["DefinitionString"]) == documents.subject_definition(SCENARIO)
        assert same_policy(role["AssumeRolePolicyDocument"], documents.service_trust(SCENARIO, SCENARIO.subject))
        assert inline(role) == {}

    def test_it_is_all_there_is(self, subject: Template) -> None:
        assert sorted(one["Type"] for one in subject.resources.values()) == [ROLE, ROLE, MACHINE]


def test_what_the_cdk_would_add_is_named_and_only_assume_role_is_needed(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left to itself, the CDK grants what this pattern never uses, some of it in the wrong account.

    Deployed, it runs as well, but isn't the least-privilege one, and the check names what is too much.
    """
    export = lab.export("cdk", tmp_path / "cdk")
    made = synthesise(export, context={"cdk_grants": "yes"})

    def once(asked: Export, *, context: Mapping[str, str]) -> Synthesis:
        """The CDK takes some seconds for the same app again."""
        assert (asked, context) == (export, {"cdk_grants": "yes"})
        return made

    monkeypatch.setattr(grants, "synthesise", once)
    found = list(grants.grants_of(export, lab.scenario))

    by_action = {grant.actions: grant for grant in found}
    start = by_action[("states:StartExecution",)]
    poll = by_action[("states:DescribeExecution", "states:StopExecution")]
    rule = by_action[("events:PutTargets", "events:PutRule", "events:DescribeRule")]
    assume = by_action[("sts:AssumeRole",)]
    assert len(found) == 4
    assert start.resources == (lab.scenario.subject_machine_arn,)
    assert "denied because no resource-based policy allows the states:StartExecution action" in start.why
    assert ":111111111111:execution:" in poll.resources[0], "the wrong account: executions are the Subject's"
    assert "executions in the Subject account 222222222222" in poll.why
    assert "StepFunctionsGetEventsForStepFunctionsExecutionRule" in rule.resources[0]
    assert "polls" in rule.why
    assert [[link.number for link in grant.opens] for grant in (start, poll, rule, assume)] == [[], [], [], [2]]

    for side in (Side.OPERATOR, Side.SUBJECT):
        Stack(lab.environment, side).deploy(made.templates[side], {})
    failed = list(lab.check(live=False).failed)

    assert [check.id for check in failed] == ["stage-0.operator-role"]
    assert "which no stage makes" in failed[0].evidence
    assert lab.run().succeeded
