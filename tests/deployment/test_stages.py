"""Prerequisites and stages: apply twice is apply once, undo takes only what is ours, an interruption loses nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import fresh_names
from tests.support.interruptions import deaths
from tests.support.soak import soaked
from xsfn_helpers import Lab, open_lab
from xsfn_helpers.chain.documents import EXECUTE_POLICY_NAME, OPERATOR_POLICY_NAME, execute_role_permissions
from xsfn_helpers.chain.plan import Action, Plan
from xsfn_helpers.chain.policy_diff import same_policy
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.deployment.environment import LAB_TAG

pytestmark = pytest.mark.usefixtures("no_http")

ALL_STAGES = (1, 2, 3)


def actions(plan: Plan) -> list[Action]:
    return [change.action for change in plan]


def stored(lab: Lab) -> dict[str, Any]:
    """What both accounts hold under the lab's names, without ids and times."""
    scenario = lab.scenario
    found: dict[str, Any] = {}
    for handle, name in (
        (lab.operator, scenario.operator_role_name),
        (lab.subject, scenario.subject_role_name),
        (lab.subject, scenario.execute_role_name),
    ):
        iam = handle.client("iam")
        try:
            role = iam.get_role(RoleName=name)["Role"]
        except iam.exceptions.NoSuchEntityException:
            continue
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        found[name] = {
            "trust": role["AssumeRolePolicyDocument"],
            "tags": role.get("Tags", []),
            **{policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in policies},
        }
    for handle, arn in ((lab.operator, scenario.operator_machine_arn), (lab.subject, scenario.subject_machine_arn)):
        states = handle.client("stepfunctions")
        try:
            machine = states.describe_state_machine(stateMachineArn=arn)
        except states.exceptions.StateMachineDoesNotExist:
            continue
        tags = states.list_tags_for_resource(resourceArn=arn)["tags"]
        found[arn] = {"definition": machine["definition"], "role": machine["roleArn"], "tags": tags}
    return found


class TestApply:
    def test_makes_what_the_plan_said(self, lab: Lab) -> None:
        lab.prepare()
        planned = lab.stage(1).plan()
        done = lab.stage(1).apply()

        assert actions(planned) == [Action.CREATE, Action.CREATE]
        assert planned.changes == done.changes
        assert lab.stage(1).is_applied

    def test_a_plan_changes_nothing(self, lab: Lab) -> None:
        for number in ALL_STAGES:
            lab.stage(number).plan()

        assert stored(lab) == {}

    def test_twice_is_once(self, standing_lab: Lab) -> None:
        before = stored(standing_lab)
        again = [standing_lab.prepare(), *(standing_lab.stage(number).apply() for number in ALL_STAGES)]

        assert {action for plan in again for action in actions(plan)} == {Action.LEAVE}
        assert stored(standing_lab) == before
        assert all(plan.empty for plan in again)

    def test_everything_carries_the_labs_tag(self, standing_lab: Lab) -> None:
        lab_id = standing_lab.environment.lab_id

        for thing in stored(standing_lab).values():
            assert thing["tags"] in ([{"Key": LAB_TAG, "Value": lab_id}], [{"key": LAB_TAG, "value": lab_id}])

    def test_the_trust_policy_cant_be_saved_before_the_operator_role_exists(self, lab: Lab) -> None:
        with pytest.raises(StepError, match="Invalid principal in policy") as caught:
            lab.stage(1).apply()

        assert lab.scenario.operator_role_arn in str(caught.value)
        assert "prerequisites" in caught.value.fix
        assert stored(lab) == {}

    def test_a_permission_without_its_role_says_which_step_comes_first(self, lab: Lab) -> None:
        with pytest.raises(StepError, match="doesn't exist") as caught:
            lab.stage(2).apply()

        assert "prerequisites" in caught.value.fix

    def test_a_machine_without_its_role_is_refused_at_once(self, lab: Lab) -> None:
        """Patience is for a role that IAM hasn't spread yet, not for one that isn't there."""
        with pytest.raises(StepError, match="authorized to assume the provided role"):
            lab.stage(3).apply()

    def test_an_interrupted_apply_is_completed_by_the_next(self, lab: Lab) -> None:
        def build() -> None:
            lab.prepare()
            for number in ALL_STAGES:
                lab.stage(number).apply()

        build()
        whole = stored(lab)
        died = 0
        for _ in deaths(lab, build, first=lab.clean):
            died += 1
            build()

            assert stored(lab) == whole
        # Three roles, two policies and two machines, each call interrupted before and after.
        assert died == soaked(short=8, long=14)


class TestDrift:
    @pytest.fixture
    def execute_role(self, standing_lab: Lab) -> dict[str, str]:
        return {"RoleName": standing_lab.scenario.execute_role_name}

    def test_a_policy_edited_by_hand_is_shown_and_put_right(
        self, standing_lab: Lab, execute_role: dict[str, str]
    ) -> None:
        document = execute_role_permissions(standing_lab.scenario)
        document["Statement"][1]["Action"] = ["states:DescribeExecution"]
        standing_lab.subject.client("iam").put_role_policy(
            **execute_role, PolicyName=EXECUTE_POLICY_NAME, PolicyDocument=json.dumps(document)
        )
        plan = standing_lab.stage(1).plan()
        standing_lab.stage(1).apply()

        assert actions(plan) == [Action.LEAVE, Action.CHANGE]
        assert '+        "states:StopExecution"' in str(plan)
        assert standing_lab.stage(1).is_applied

    def test_an_extra_policy_or_boundary_on_our_role_is_drift(
        self, standing_lab: Lab, execute_role: dict[str, str]
    ) -> None:
        iam = standing_lab.subject.client("iam")
        deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "states:*", "Resource": "*"}}
        managed = iam.create_policy(
            PolicyName=f"{standing_lab.environment.lab_id}-deny", PolicyDocument=json.dumps(deny)
        )["Policy"]["Arn"]
        iam.put_role_policy(**execute_role, PolicyName="by-hand", PolicyDocument=json.dumps(deny))
        iam.attach_role_policy(**execute_role, PolicyArn=managed)
        iam.put_role_permissions_boundary(**execute_role, PermissionsBoundary=managed)
        plan = standing_lab.stage(1).plan()
        standing_lab.stage(1).apply()

        for words in ("inline policy by-hand", "managed policy test-", "permissions boundary test-"):
            assert words in str(plan)
        assert standing_lab.stage(1).is_applied
        assert standing_lab.run().succeeded
        iam.delete_policy(PolicyArn=managed)

    def test_an_operator_role_that_was_made_again_is_trusted_once_the_policy_is_saved_again(
        self, standing_lab: Lab
    ) -> None:
        """IAM keeps the deleted role's id in the trust policy; a new role of that name has another one."""
        iam = standing_lab.operator.client("iam")
        name = standing_lab.scenario.operator_role_name
        iam.delete_role_policy(RoleName=name, PolicyName=OPERATOR_POLICY_NAME)
        iam.delete_role(RoleName=name)
        standing_lab.prepare()
        standing_lab.stage(2).apply()
        plan = standing_lab.stage(1).plan()
        refused = standing_lab.run()
        standing_lab.stage(1).apply()

        assert "names a role that was deleted since" in str(plan)
        assert refused.broken_link == 2
        assert standing_lab.run().succeeded

    def test_a_definition_edited_by_hand_is_shown_and_put_right(self, standing_lab: Lab) -> None:
        scenario = standing_lab.scenario
        definition = json.loads(standing_lab.blueprint.operator_definition)
        task = next(iter(definition["States"].values()))
        task["Credentials"]["RoleArn"] = scenario.subject_role_arn
        standing_lab.operator.client("stepfunctions").update_state_machine(
            stateMachineArn=scenario.operator_machine_arn, definition=json.dumps(definition)
        )
        plan = standing_lab.stage(3).plan()
        standing_lab.stage(3).apply()

        assert f'-        "RoleArn": "{scenario.subject_role_arn}"' in str(plan)
        assert standing_lab.stage(3).is_applied

    def test_the_same_policy_in_other_words_is_no_drift(self) -> None:
        one = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": ["b", "a"]},
        }
        other = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["a", "b"], "Principal": {"AWS": ["arn:aws:iam::111111111111:root"]}}
            ],
        }

        assert same_policy(one, other)
        assert not same_policy(one, {**other, "Version": "2008-10-17"})


class TestUndo:
    def test_takes_back_one_stage_and_no_other(self, standing_lab: Lab) -> None:
        undone = standing_lab.stage(2).undo()

        assert actions(undone) == [Action.REMOVE]
        assert not standing_lab.stage(2).is_applied
        assert standing_lab.stage(1).is_applied
        assert standing_lab.stage(3).is_applied

    def test_twice_is_once(self, standing_lab: Lab) -> None:
        standing_lab.stage(1).undo()
        before = stored(standing_lab)
        again = standing_lab.stage(1).undo()

        assert actions(again) == []
        assert stored(standing_lab) == before

    def test_an_interrupted_clean_is_completed_by_the_next(self, standing_lab: Lab) -> None:
        died = 0
        for _ in deaths(standing_lab, standing_lab.clean, first=lambda: standing_lab.set_stage(3)):
            died += 1
            standing_lab.clean()

            assert stored(standing_lab) == {}

        # Two machines, two policies and three roles.
        assert died == soaked(short=8, long=14)

    def test_stops_what_still_runs(self, standing_lab: Lab) -> None:
        """A removed machine must leave no execution behind."""
        waits = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
        lab = standing_lab.using(subject_definition=waits)
        lab.prepare()
        run = lab.run(wait=False)
        while run.subject_execution_arn is None:
            run = run.refresh()
        lab.stage(3).undo()

        subject = lab.subject.client("stepfunctions").describe_execution(executionArn=run.subject_execution_arn)
        assert subject["status"] == "ABORTED"


class TestOthersThings:
    """A thing of the same name without the lab's tag belongs to somebody else."""

    @pytest.fixture
    def decoys(self, lab: Lab) -> Lab:
        """Every name of the lab is taken by somebody else's thing."""
        theirs = open_lab(lab.scenario, lab_id="somebody-else")
        theirs.set_stage(3)
        lab.subject.client("iam").untag_role(RoleName=lab.scenario.execute_role_name, TagKeys=[LAB_TAG])
        yield lab
        lab.subject.client("iam").tag_role(
            RoleName=lab.scenario.execute_role_name, Tags=[{"Key": LAB_TAG, "Value": "somebody-else"}]
        )
        theirs.clean()

    def test_apply_refuses_before_it_changes_anything(self, decoys: Lab) -> None:
        before = stored(decoys)
        with pytest.raises(StepError, match="already a role") as caught:
            decoys.prepare()

        assert "belongs to another lab" in str(caught.value)
        assert stored(decoys) == before

    @pytest.mark.parametrize("number", ALL_STAGES)
    def test_no_stage_touches_them(self, decoys: Lab, number: int) -> None:
        before = stored(decoys)
        with pytest.raises(StepError, match="There is already a"):
            decoys.stage(number).apply()

        assert stored(decoys) == before

    def test_clean_leaves_them_and_says_so(self, decoys: Lab) -> None:
        before = stored(decoys)
        cleaned = decoys.clean()

        assert cleaned.empty
        assert len(cleaned.left) == len(cleaned) == 7
        assert "has no tag xsfn:lab" in str(cleaned)
        assert stored(decoys) == before


@pytest.mark.parametrize("number", [0, 4, -1, True, "1"])
def test_a_stage_that_doesnt_exist_is_told_with_those_that_do(number: Any) -> None:
    lab = open_lab(**fresh_names())

    with pytest.raises(StepError, match="stages are 1, 2, 3"):
        lab.stage(number)
