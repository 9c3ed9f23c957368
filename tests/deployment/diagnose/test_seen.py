"""What is read: nothing but readings; one account's view; missing rights; executions and what they tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.recording import recording
from tests.deployment.diagnose.bench import diagnose, repair, run
from tests.deployment.diagnose.correct import recommended
from tests.deployment.diagnose.sessions import administrator, limited
from tests.deployment.diagnose.setups import ONE, TASK, allow, deny, execute, policy, task, trust
from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import AwsUnavailable, ConfigError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_sessions
from xsfn_helpers.deployment.practice.edits import edited

pytestmark = pytest.mark.usefixtures("no_http")

READ = allow(["iam:Get*", "iam:List*", "states:Describe*", "states:List*", "states:GetExecutionHistory"], "*")


def _answers(found: Diagnosis) -> dict[int, Answer]:
    return {link.number: link.answer for link in found.links}


@pytest.mark.usefixtures("over_http")
@pytest.mark.parametrize("name", ["n4-n9", "n17", "managed-deny"])
def test_no_call_that_changes_anything_reaches_the_gateway(world: World, name: str) -> None:
    next(one for one in ONE if one.name == name).build(world)
    failed = run(world, world.scenario.operator_machine_arn)

    with recording(world.sandbox.endpoint_url) as recorder:
        sessions = [administrator(world, side, recorder.url) for side in Side]
        for arn in (world.scenario.operator_machine_arn, failed["executionArn"]):
            assert diagnose_sessions(arn, sessions).verdict is Conclusion.BROKEN

    assert {"GetCallerIdentity", "DescribeStateMachine", "GetAccountAuthorizationDetails", "DescribeExecution"} <= set(
        recorder.operations
    )
    assert recorder.mutating == []
    assert "AssumeRole" not in recorder.operations


def test_the_operators_side_alone_leaves_open_what_the_subject_decides(world: World) -> None:
    recommended(world)

    found = diagnose_sessions(world.scenario.operator_machine_arn, [administrator(world, Side.OPERATOR)])

    assert found.verdict is Conclusion.UNKNOWN
    assert _answers(found) == {
        1: Answer.ALLOWED,
        **dict.fromkeys((2, 3, 4, 5, 6), Answer.UNKNOWN),
    }
    (second,) = (link for link in found.links if link.number == 2)
    assert any("trust policy" in one or "no session leads" in one for one in second.open)
    assert any(one.account == "222222222222" and "no session leads" in one.why for one in found.not_seen)
    assert "Link 2 of task" in str(found)


def test_the_operators_side_alone_still_finds_its_own_fault(world: World) -> None:
    """One account's denial is enough, whatever the other says."""
    world.build(operator_permissions=policy(allow("logs:*", "*")))

    found = diagnose_sessions(world.scenario.operator_machine_arn, [administrator(world, Side.OPERATOR)])

    assert found.first_broken is not None
    assert found.first_broken.number == 2
    assert found.fix is not None
    assert found.fix.accounts == ("111111111111",)


def test_the_subjects_side_alone_cannot_see_the_state_machine(world: World) -> None:
    recommended(world)

    with pytest.raises(ConfigError, match="in account 111111111111, which can't be looked into; 222222222222 can"):
        diagnose_sessions(world.scenario.operator_machine_arn, [administrator(world, Side.SUBJECT)])


@pytest.mark.parametrize(
    ("refused", "open_links"),
    [
        ("iam:GetRolePolicy", {2, 3, 4, 5}),
        ("iam:ListRolePolicies", {2, 3, 4, 5}),
        ("iam:GetRole", {2, 3, 4, 5}),
        ("iam:ListRoles", set()),
        # One that nobody listed may deny what the others allow.
        ("iam:ListAttachedRolePolicies", {2, 3, 4, 5}),
        ("states:ListStateMachines", set()),
        ("states:ListTagsForResource", {3}),
    ],
)
def test_a_missing_right_is_told_and_leaves_open_what_hangs_on_it(
    world: World, refused: str, open_links: set[int]
) -> None:
    # Tags are read where a policy asks for them.
    tagged = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    changed = {"Statement/0/Condition": tagged} if open_links == {3} else {}
    world.build(execute_permissions=execute(world, changed))
    sessions = [limited(world, side, READ, deny([refused, "iam:GetAccountAuthorizationDetails"], "*")) for side in Side]

    found = diagnose_sessions(world.scenario.operator_machine_arn, sessions)

    unknown = {number for number, answer in _answers(found).items() if answer is Answer.UNKNOWN}
    assert Answer.REFUSED not in _answers(found).values()
    assert unknown == open_links
    assert any(refused in one.what and "AccessDenied" in one.why for one in found.not_seen)


def test_without_any_right_it_says_so(world: World) -> None:
    recommended(world)
    nobody = limited(world, Side.OPERATOR, allow("iam:ListUsers", "*"))

    with pytest.raises(ConfigError, match="can't be read: AccessDeniedException"):
        diagnose_sessions(world.scenario.operator_machine_arn, [nobody])


def test_keys_that_nobody_knows_are_told(world: World) -> None:
    stranger = administrator(world, Side.OPERATOR)
    wrong = type(stranger)(world.sandbox, "AKIAIOSFODNN7EXAMPLE", "x" * 40)

    with pytest.raises(AwsUnavailable, match="InvalidClientTokenId"):
        diagnose_sessions(world.scenario.operator_machine_arn, [wrong])


def test_an_account_on_the_deny_list_is_not_looked_into(world: World) -> None:
    recommended(world)
    sessions = [administrator(world, side) for side in Side]

    found = diagnose_sessions(world.scenario.operator_machine_arn, sessions, ["222222222222"])

    assert found.evidence.account("222222222222").roles == {}
    assert "deny_accounts" in str(found)


# --- executions


def _at_run_time(world: World, expression: str) -> dict[str, Any]:
    return edited(documents.operator_definition(world.scenario), {f"{TASK}/Credentials": {"RoleArn.$": expression}})


def test_a_role_known_at_run_time_is_open_without_an_execution(world: World) -> None:
    world.build(operator_definition=_at_run_time(world, "$.roleArn"))

    found = diagnose(world)

    assert found.verdict is Conclusion.UNKNOWN
    assert "give the ARN of an execution" in str(found)


@pytest.mark.parametrize("expression", ["$.roleArn", "$$.Execution.Input.roleArn", "States.Format('{}', $.roleArn)"])
def test_an_execution_tells_which_role_it_was(world: World, expression: str) -> None:
    world.build(
        operator_definition=_at_run_time(world, expression),
        execute_trust=trust(world, {"Condition/StringEquals/sts:ExternalId": "old"}),
    )
    given = f'{{"roleArn": "{world.scenario.execute_role_arn}"}}'
    failed = run(world, world.scenario.operator_machine_arn, given)

    found = diagnose(world, failed["executionArn"])
    repair(world, failed["executionArn"])

    assert found.first_broken is not None
    assert found.first_broken.number == 2
    assert found.tasks[0].task.from_run
    assert found.symptom is not None
    assert found.symptom.link == 2
    assert run(world, world.scenario.operator_machine_arn, given)["status"] == "SUCCEEDED"


def test_a_role_given_wrong_at_run_time_is_told_to_whoever_gives_it(world: World) -> None:
    world.build(operator_definition=_at_run_time(world, "$.roleArn"))
    given = f'{{"roleArn": "{world.scenario.execute_role_arn}s"}}'
    failed = run(world, world.scenario.operator_machine_arn, given)

    found = diagnose(world, failed["executionArn"])

    assert found.fix is not None
    assert found.fix.changes == ()
    assert f"Give {world.scenario.execute_role_arn} there" in found.fix.summary


def test_a_child_that_fails_by_itself_is_no_broken_link(world: World) -> None:
    """N8: the chain lets it through, and says so."""
    fails = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "SomeFailure", "Cause": "its own reason"}}}
    world.build(subject_definition=fails)
    failed = run(world, world.scenario.operator_machine_arn)

    found = diagnose(world, failed["executionArn"])

    assert found.verdict is Conclusion.FINE
    assert found.symptom is not None
    assert found.symptom.by_itself
    assert "SomeFailure: its own reason" in str(found)
    assert "the reason is the started state machine's own" in str(found)


def test_the_task_that_failed_comes_first(world: World) -> None:
    right = dict(documents.operator_definition(world.scenario)["States"][documents.TASK_STATE_NAME])
    wrong = {**right, "Credentials": {"RoleArn": f"{world.scenario.execute_role_arn}x"}}
    rest = {key: value for key, value in right.items() if key != "End"}
    world.build(operator_definition={"StartAt": "A", "States": {"A": {**rest, "Next": "B"}, "B": wrong}})
    failed = run(world, world.scenario.operator_machine_arn)

    found = diagnose(world, failed["executionArn"])

    assert [one.task.name for one in found.tasks] == ["B", "A"]


def test_a_missing_state_machine_or_execution_is_told(world: World) -> None:
    recommended(world)
    arn = world.scenario.operator_machine_arn

    with pytest.raises(ConfigError, match=r"There is no such state machine\. There are: .*operator-machine"):
        diagnose(world, f"{arn}-x")
    with pytest.raises(ConfigError, match="There is no such execution"):
        diagnose(world, f"{arn.replace('stateMachine', 'execution')}:nobody")


# --- the same account, and no role at all


def test_a_task_without_credentials_in_its_own_account_needs_no_link_2(world: World) -> None:
    """The N17 of one account: the state machine's own role makes the call, and that is told."""
    world.build()
    s = world.scenario
    own = s.operator_machine_arn.replace(s.operator_machine_name, f"{s.operator_machine_name}-child")
    role = f"{s.operator_role_arn}-child"
    world.create_role(Side.OPERATOR, f"{s.operator_role_name}-child")
    states = world.operator_states
    states.create_state_machine(
        name=f"{s.operator_machine_name}-child",
        definition=json_text(documents.subject_definition(s)),
        roleArn=role,
    )
    plain = {"Credentials": None, "Resource": "arn:aws:states:::states:startExecution"}
    definition = task(world, {**plain, "Parameters/StateMachineArn": own})
    states.update_state_machine(stateMachineArn=s.operator_machine_arn, definition=json_text(definition))

    broken = diagnose(world)
    repair(world, s.operator_machine_arn)
    found = diagnose(world)

    assert broken.first_broken is not None
    assert broken.first_broken.number == 3
    assert _answers(found) == {1: Answer.ALLOWED, 2: Answer.NOT_ASKED, 3: Answer.ALLOWED, 6: Answer.ALLOWED}
    assert "the state machine's own role makes its calls, in its own account" in str(found)
    assert run(world, s.operator_machine_arn)["status"] == "SUCCEEDED"


def test_a_role_of_the_same_account_is_taken_on_within_it(world: World) -> None:
    """Whoever is named directly by a trust policy of the own account needs no permission for it."""
    world.build(
        operator_permissions=policy(allow("logs:CreateLogStream", "*")),
        execute_permissions=execute(world, {}),
    )
    s = world.scenario
    iam = world.operator_iam
    iam.create_role(
        RoleName=s.execute_role_name,
        AssumeRolePolicyDocument=json_text(documents.execute_role_trust(s)),
    )
    own = s.execute_role_arn.replace(s.subject_account_id, s.operator_account_id)
    definition = json_text(task(world, {"Credentials/RoleArn": own}))
    world.operator_states.update_state_machine(stateMachineArn=s.operator_machine_arn, definition=definition)

    found = diagnose(world)

    assert _answers(found)[2] is Answer.ALLOWED
    assert found.first_broken is not None
    assert found.first_broken.number == 3
