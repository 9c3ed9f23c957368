"""A run followed across both accounts: what it carries, which link broke, how it is stopped, how it is told."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xsfn_helpers import Lab, Side
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.targets import STARTED_BY_KEY
from xsfn_helpers.common.errors import RunError, StepError
from xsfn_helpers.deployment.runs import Run, TimelineEvent, link_refused, merge

pytestmark = pytest.mark.usefixtures("no_http")

WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
FAILS = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "NoStock", "Cause": "sold out"}}}


def waiting(lab: Lab) -> Run:
    """A run whose Subject execution has begun and waits."""
    lab.using(subject_definition=WAITS).prepare()
    return lab.run(wait=False).wait_until_started()


class TestUntilSubmitted:
    def test_it_gives_the_run_once_its_child_is_there(self, standing_lab: Lab) -> None:
        run = waiting(standing_lab)

        assert run.subject_execution_arn is not None
        assert (run.status, run.subject_status) == ("RUNNING", "RUNNING")
        run.stop()

    def test_a_run_that_fails_first_ends_the_wait(self, standing_lab: Lab) -> None:
        standing_lab.stage(2).undo()

        run = standing_lab.run(wait=False).wait_until_started()

        assert (run.status, run.subject_execution_arn) == ("FAILED", None)

    def test_it_says_so_when_time_is_over(self, standing_lab: Lab) -> None:
        never = replace(standing_lab.run(wait=False).follow(), status="RUNNING", subject_execution_arn=None)

        with pytest.raises(RunError, match="started no Subject execution within 0 s"):
            never.wait_until_started(timeout=0)


class TestSuccess:
    @pytest.fixture
    def run(self, standing_lab: Lab) -> Run:
        return standing_lab.run({"order": 7})

    def test_the_subject_execution_is_in_the_subject_account(self, standing_lab: Lab, run: Run) -> None:
        found = standing_lab.subject.client("stepfunctions").describe_execution(executionArn=run.subject_execution_arn)

        assert found["stateMachineArn"] == standing_lab.scenario.subject_machine_arn
        assert found["status"] == run.subject_status == "SUCCEEDED"

    def test_its_input_carries_the_operator_executions_id(self, run: Run) -> None:
        assert run.subject_input[STARTED_BY_KEY] == run.operator_execution_arn

    def test_the_output_is_parsed_at_every_level(self, run: Run) -> None:
        assert run.succeeded
        assert run.input == {"order": 7}
        assert run.output["Output"]["Received"]["StatePayload"] == "Hello from Step Functions!"
        assert (run.error, run.cause, run.broken_link) == (None, None, None)

    def test_the_timeline_follows_the_chain(self, run: Run) -> None:
        told = [(event.side, event.type, event.link) for event in run.events]

        assert told == [
            (Side.OPERATOR, "ExecutionStarted", None),
            (Side.OPERATOR, "TaskStateEntered", None),
            (Side.OPERATOR, "TaskScheduled", 1),
            (Side.OPERATOR, "TaskStarted", 2),
            (Side.OPERATOR, "TaskSubmitted", 3),
            (Side.SUBJECT, "ExecutionStarted", 6),
            (Side.SUBJECT, "PassStateEntered", None),
            (Side.SUBJECT, "PassStateExited", None),
            (Side.SUBJECT, "ExecutionSucceeded", None),
            (Side.OPERATOR, "TaskSucceeded", 4),
            (Side.OPERATOR, "TaskStateExited", None),
            (Side.OPERATOR, "ExecutionSucceeded", None),
        ]
        assert not any(event.failed for event in run.events)

    def test_two_runs_are_told_in_the_same_words(self, standing_lab: Lab, run: Run) -> None:
        other = standing_lab.run({"order": 7})

        assert other.operator_execution_arn != run.operator_execution_arn
        assert other._repr_mimebundle_()["text/plain"] == run._repr_mimebundle_()["text/plain"]

    def test_a_name_can_be_chosen_once(self, standing_lab: Lab) -> None:
        named = standing_lab.run(name="first")

        assert named.operator_execution_arn.endswith(":first")
        with pytest.raises(StepError, match="ExecutionAlreadyExists"):
            standing_lab.run({"another": "input"}, name="first")

    def test_progress_is_given_at_each_look(self, standing_lab: Lab) -> None:
        seen: list[Run] = []
        standing_lab.run(on_progress=seen.append)

        assert seen[-1].succeeded
        assert [len(run.events) for run in seen] == sorted(len(run.events) for run in seen)


def without_action(document: dict[str, Any], action: str) -> dict[str, Any]:
    """The policy with one action taken out of whichever statement has it."""
    changed = copy.deepcopy(document)
    statements = []
    for statement in changed["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [one for one in actions if one != action]
        statements += [statement] if statement["Action"] else []
    return {**changed, "Statement": statements}


class TestFailure:
    def test_no_permission_to_assume_breaks_link_2(self, standing_lab: Lab) -> None:
        standing_lab.stage(2).undo()
        run = standing_lab.run()
        scenario = standing_lab.scenario

        assert run.broken_link == 2
        assert run.cause == (
            f"The role {scenario.operator_role_arn} is not authorized to assume the task state's role, "
            f"{scenario.execute_role_arn}."
        )
        assert run.subject_execution_arn is None
        assert "never started" in str(run)

    def test_a_link_stands_where_it_was_answered_and_not_where_it_was_begun(self, standing_lab: Lab) -> None:
        """TaskStarted comes before the role is assumed: a link that is denied there has failed, and never passed."""
        standing_lab.stage(2).undo()

        told = [(event.type, event.link, event.failed) for event in standing_lab.run().events if event.link]
        assert told == [("TaskScheduled", 1, False), ("TaskFailed", 2, True)]

    @pytest.mark.parametrize(("action", "link"), [("states:StartExecution", 3), ("states:DescribeExecution", 4)])
    def test_a_missing_action_breaks_its_link(self, standing_lab: Lab, action: str, link: int) -> None:
        permissions = without_action(documents.execute_role_permissions(standing_lab.scenario), action)
        standing_lab.using(execute_role_permissions=permissions).stage(1).apply()
        run = standing_lab.run()
        failed = [event for event in run.events if event.type == "TaskFailed"]

        assert run.broken_link == link
        assert [(event.link, event.failed) for event in failed] == [(link, True)]
        assert action in failed[0].summary

    def test_a_missing_subject_machine_breaks_link_3(self, standing_lab: Lab) -> None:
        standing_lab.subject.client("stepfunctions").delete_state_machine(
            stateMachineArn=standing_lab.scenario.subject_machine_arn
        )

        assert standing_lab.run().broken_link == 3

    def test_an_operator_role_that_lost_its_trust_breaks_link_1(self, standing_lab: Lab) -> None:
        nobody = documents.service_trust(standing_lab.scenario, standing_lab.scenario.subject)
        standing_lab.operator.client("iam").update_assume_role_policy(
            RoleName=standing_lab.scenario.operator_role_name, PolicyDocument=json.dumps(nobody)
        )

        assert standing_lab.run().broken_link == 1

    def test_a_subject_that_fails_by_itself_breaks_no_link(self, standing_lab: Lab) -> None:
        standing_lab.using(subject_definition=FAILS).prepare()
        run = standing_lab.run()

        assert (run.status, run.subject_status, run.broken_link) == ("FAILED", "FAILED", None)
        assert json.loads(run.cause or "")["Error"] == "NoStock"
        assert "the Subject execution ended FAILED by itself: NoStock: sold out" in str(run)


@pytest.mark.parametrize(
    ("error", "cause", "link"),
    [
        ("States.TaskFailed", "The role arn:r is not authorized to assume the task state's role, arn:x.", 2),
        ("StepFunctions.AWSStepFunctionsException", "User: u is not authorized to perform: states:StartExecution …", 3),
        ("StepFunctions.StateMachineDoesNotExistException", "State Machine Does Not Exist: 'arn:m'", 3),
        (
            "StepFunctions.AWSStepFunctionsException",
            "User: u is not authorized to perform: states:DescribeExecution",
            4,
        ),
        ("States.Timeout", None, None),
        (None, None, None),
    ],
)
def test_the_link_is_read_from_awss_words(error: str | None, cause: str | None, link: int | None) -> None:
    """Texts: recorded from AWS or reported by users, see docs of `link_refused`."""
    assert link_refused(error, cause) == link


class TestStop:
    def test_stops_both_executions(self, standing_lab: Lab) -> None:
        stopped = waiting(standing_lab).stop(error="Enough", cause="changed my mind")

        assert (stopped.status, stopped.subject_status) == ("ABORTED", "ABORTED")
        assert (stopped.error, stopped.cause) == ("Enough", "changed my mind")
        assert [(e.side, e.link) for e in stopped.events if e.type == "ExecutionAborted"] == [
            (Side.OPERATOR, 5),
            (Side.SUBJECT, 5),
        ]

    def test_says_when_the_subject_goes_on(self, standing_lab: Lab) -> None:
        permissions = without_action(documents.execute_role_permissions(standing_lab.scenario), "states:StopExecution")
        standing_lab.using(execute_role_permissions=permissions).stage(1).apply()
        stopped = waiting(standing_lab).stop(timeout=0.5)

        assert (stopped.status, stopped.subject_status) == ("ABORTED", "RUNNING")
        standing_lab.subject.client("stepfunctions").stop_execution(executionArn=stopped.subject_execution_arn)

    def test_a_run_that_takes_too_long_is_told_and_goes_on(self, standing_lab: Lab) -> None:
        run = waiting(standing_lab)
        with pytest.raises(RunError, match=r"still running after 0\.1 s") as caught:
            run.wait(timeout=0.1)

        assert "`.wait()` waits for it again" in caught.value.fix
        assert run.refresh().status == "RUNNING"
        run.stop()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(side: Side, number: int, kind: str, milliseconds: int) -> TimelineEvent:
    return TimelineEvent(side, "arn", number, kind, NOW + timedelta(milliseconds=milliseconds), None, "", failed=False)


class TestMerge:
    """By time; where times tie or cross, cause before effect."""

    OPERATOR = (
        event(Side.OPERATOR, 1, "ExecutionStarted", 0),
        event(Side.OPERATOR, 2, "TaskSubmitted", 12),
        event(Side.OPERATOR, 3, "TaskSucceeded", 30),
    )
    SUBJECT = (event(Side.SUBJECT, 1, "ExecutionStarted", 10), event(Side.SUBJECT, 2, "ExecutionSucceeded", 30))

    def test_the_answer_to_start_comes_before_what_it_started(self) -> None:
        """TaskSubmitted is written when StartExecution has answered, so its time may be the later one."""
        types = [(one.side, one.type) for one in merge(self.OPERATOR, self.SUBJECT)]

        assert types == [
            (Side.OPERATOR, "ExecutionStarted"),
            (Side.OPERATOR, "TaskSubmitted"),
            (Side.SUBJECT, "ExecutionStarted"),
            (Side.SUBJECT, "ExecutionSucceeded"),
            (Side.OPERATOR, "TaskSucceeded"),
        ]

    def test_the_parents_abort_comes_before_the_childs(self) -> None:
        operator = (*self.OPERATOR[:2], event(Side.OPERATOR, 3, "ExecutionAborted", 21))
        subject = (self.SUBJECT[0], event(Side.SUBJECT, 2, "ExecutionAborted", 20))

        assert [one.side for one in merge(operator, subject)][-2:] == [Side.OPERATOR, Side.SUBJECT]

    def test_each_history_keeps_its_own_order(self) -> None:
        same_time = [replace(one, timestamp=NOW) for one in (*self.OPERATOR, *self.SUBJECT)]
        merged = merge(same_time[:3], same_time[3:])

        assert [one.event_id for one in merged if one.side is Side.OPERATOR] == [1, 2, 3]
        assert [one.event_id for one in merged if one.side is Side.SUBJECT] == [1, 2]

    def test_without_a_subject_execution_it_is_the_operators_history(self) -> None:
        assert merge(self.OPERATOR, ()) == self.OPERATOR
