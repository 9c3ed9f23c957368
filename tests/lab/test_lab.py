"""The lab: brought to any stage from any other, checked by policy and by trial, cleaned to nothing."""

from __future__ import annotations

import copy
import itertools
import json
import textwrap
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from filelock import FileLock

import xsfn_helpers
from tests.conftest import fresh_names
from tests.support.interruptions import Death, Killed, dies_at, interrupted_at
from xsfn_helpers import Lab, Side, open_lab
from xsfn_helpers.aws.accounts import Accounts
from xsfn_helpers.aws.sandbox_accounts import slow_iam
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import ConfigError, SandboxError, StepError, XsfnError
from xsfn_helpers.deployment.checks import probes, trials
from xsfn_helpers.deployment.lock import locked
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.lab.walkthrough import walk
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

FULL_CHECK = (
    "stage-0.operator-role",
    "stage-0.subject-role",
    "stage-0.subject-machine",
    "stage-1.execute-role-trust",
    "stage-1.execute-role-permissions",
    "stage-2.operator-role-permissions",
    "stage-3.task-state",
    *(f"link-{number}.decided" for number in range(1, 7)),
    *(f"link-{number}.live" for number in (1, 2, 3, 6, 4, 5)),
    "refused.direct-assume-role",
    "refused.start-without-a-role",
    "refused.wrong-external-id",
    "refused.no-external-id",
    "refused.second-machine",
    "refused.other-role",
)


def failed(report: Report) -> list[str]:
    return [check.id for check in report if not check.passed]


def edited(document: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """The document with one value replaced, or removed when `to` is None."""
    changed = copy.deepcopy(document)
    *way, last = path
    place: Any = changed
    for step in way:
        place = place[step]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return changed


def left_in_both_accounts(lab: Lab) -> list[str]:
    """Every role and state machine that carries this lab's tag, and every probe, whoever's it is."""
    names = []
    for handle in (lab.operator, lab.subject):
        iam, states = handle.client("iam"), handle.client("stepfunctions")
        for role in (role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]):
            tags = iam.list_role_tags(RoleName=role["RoleName"])["Tags"]
            if any(tag["Value"] == lab.environment.lab_id for tag in tags):
                names.append(role["RoleName"])
        for machine in states.list_state_machines()["stateMachines"]:
            tags = states.list_tags_for_resource(resourceArn=machine["stateMachineArn"])["tags"]
            if any(tag["value"] == lab.environment.lab_id for tag in tags):
                names.append(machine["name"])
    return names


@pytest.fixture(scope="module")
def kept() -> Iterator[Lab]:
    """A lab with all stages applied, for tests that leave it as it is."""
    lab = open_lab(**fresh_names())
    lab.set_stage(3)
    yield lab
    assert lab.prepare().empty
    assert all(lab.stage(number).apply().empty for number in (1, 2, 3))
    lab.clean()


@pytest.fixture(scope="module")
def report(kept: Lab) -> Report:
    return kept.check()


class TestStages:
    def test_any_stage_is_reached_from_any_other(self, lab: Lab) -> None:
        """Each notebook begins here, in any order, from a fresh kernel."""
        way = (0, 1, 2, 3, 0, 2, 0, 3, 1, 3, 2, 1, 0)
        assert sorted(itertools.pairwise(way)) == list(itertools.permutations(range(4), 2)), "each way once"

        for goal in way:
            lab.set_stage(goal)
            assert [lab.stage(number).is_applied for number in (1, 2, 3)] == [number <= goal for number in (1, 2, 3)]
            assert lab.prepare().empty

    def test_it_says_the_same_from_wherever_it_starts(self, lab: Lab) -> None:
        from_nothing = lab.set_stage(2)
        lab.set_stage(3)

        assert lab.set_stage(2) == lab.set_stage(2) == from_nothing
        assert from_nothing == (
            "Both accounts are at stage 2. Applied: prerequisites, stage 1, stage 2. Not applied: stage 3."
        )

    @pytest.mark.parametrize("number", [4, -1])
    def test_a_stage_that_doesnt_exist_changes_nothing(self, lab: Lab, number: int) -> None:
        with pytest.raises(StepError, match="stages are 1, 2, 3"):
            lab.set_stage(number)

        assert left_in_both_accounts(lab) == []

    def test_status_says_what_comes_next(self, lab: Lab) -> None:
        assert "Next: lab.prepare()" in str(lab.status())
        lab.set_stage(1)
        assert "Next: lab.stage(2).apply()" in str(lab.status())
        lab.set_stage(3)
        assert "Next: lab.run()" in str(lab.status())

    def test_clean_leaves_nothing(self, standing_lab: Lab) -> None:
        assert len(left_in_both_accounts(standing_lab)) == 5

        standing_lab.clean()

        assert left_in_both_accounts(standing_lab) == []


class TestCheck:
    def test_everything_holds_once_all_stages_are_applied(self, report: Report) -> None:
        assert failed(report) == []
        assert tuple(check.id for check in report) == FULL_CHECK
        assert all(check.evidence and not check.hint for check in report)

    @pytest.mark.parametrize("stage", [0, 1, 2])
    def test_an_earlier_stage_holds_with_its_links_still_refused(self, lab: Lab, stage: int) -> None:
        lab.set_stage(stage)
        report = lab.check(stage=stage)
        opened = {2: "allowed"} if stage == 2 else {2: "denied"}

        assert failed(report) == []
        assert report["link-2.decided"].evidence.startswith(opened[2])
        assert not lab.stage(3).is_applied, "the Operator machine of the trial is taken away again"

    @pytest.mark.parametrize("stage", [1, 2, 3])
    def test_before_a_stage_its_links_and_a_run_are_refused(self, lab: Lab, stage: int) -> None:
        lab.set_stage(stage - 1)
        report = lab.stage(stage).check_denied()

        assert failed(report) == []
        assert f"before-stage-{stage}.run" in [check.id for check in report]

    @pytest.mark.parametrize("stage", [1, 2, 3])
    def test_before_a_stage_is_not_after_it(self, kept: Lab, stage: int) -> None:
        """The checks of "before" notice that the stage is there."""
        report = kept.stage(stage).check_denied()

        assert f"before-stage-{stage}.run" in failed(report)

    def test_the_words_are_the_same_each_time_and_nothing_is_left_behind(self, kept: Lab, report: Report) -> None:
        """They are compared in the notebooks' tests: no id, no time."""
        before = left_in_both_accounts(kept)

        assert str(kept.check()) == str(report)
        assert left_in_both_accounts(kept) == before
        assert kept.prepare().empty, "the Subject machine has its own definition again"

    def test_words_of_a_failure_are_the_same_each_time(self, standing_lab: Lab) -> None:
        only_start = edited(documents.execute_role_permissions(standing_lab.scenario), "Statement", 1, to=None)
        lab = standing_lab.using(execute_role_permissions=only_start)
        lab.stage(1).apply()

        assert str(lab.check()) == str(lab.check())

    def test_a_finished_run_can_be_the_trial(self, kept: Lab) -> None:
        run = kept.run()
        states = kept.operator.client("stepfunctions")
        arn = kept.scenario.operator_machine_arn
        before = len(states.list_executions(stateMachineArn=arn)["executions"])
        report = kept.check(run=run)

        # Two more: the one that is stopped for link 5, and the calls that the Operator state machine must be denied.
        assert len(states.list_executions(stateMachineArn=arn)["executions"]) == before + 2
        assert report.ok

    def test_without_live_it_only_reads(self, kept: Lab) -> None:
        with dies_at(kept, 1, Death.BEFORE):
            report = kept.check(live=False)

        assert report.ok
        assert not any(check.id.endswith(".live") or check.id.startswith("refused") for check in report)

    def test_nothing_there_fails_everything_that_needs_it(self, lab: Lab) -> None:
        report = lab.check()

        assert failed(report) == [check for check in FULL_CHECK if check not in ALWAYS_REFUSED]
        assert all(check.hint for check in report if not check.passed)


# Where there are no roles and no Subject machine, AWS denies in the same words.
ALWAYS_REFUSED = (
    "refused.direct-assume-role",
    "refused.start-without-a-role",
    "refused.second-machine",
    "refused.other-role",
)


class TestBrokenSetUps:
    """Each fault is found at its link, by policy and by trial, with the change that would mend it."""

    def broken(self, lab: Lab, **own: dict[str, Any]) -> Report:
        broken = lab.using(**own)
        broken.set_stage(3)
        return broken.check()

    def test_wrong_external_id_in_the_trust_policy(self, lab: Lab) -> None:
        trust = documents.execute_role_trust(lab.scenario)
        report = self.broken(
            lab,
            execute_role_trust=edited(
                trust, "Statement", 0, "Condition", "StringEquals", "sts:ExternalId", to="another-machine"
            ),
        )

        assert failed(report)[:2] == ["link-2.decided", "link-2.live"]
        assert "because no role trust policy allows" in report["link-2.decided"].evidence
        assert lab.scenario.external_id in report["link-2.decided"].hint
        assert report["link-2.live"].hint == report["link-2.decided"].hint

    def test_the_articles_two_names_of_the_execute_role(self, lab: Lab) -> None:
        permissions = documents.operator_role_permissions(lab.scenario)
        other_name = lab.scenario.execute_role_arn.replace("execute-role", "role-execute")
        report = self.broken(
            lab, operator_role_permissions=edited(permissions, "Statement", 0, "Resource", to=other_name)
        )

        assert failed(report)[:2] == ["link-2.decided", "link-2.live"]
        assert f'add "{lab.scenario.execute_role_arn}" to Resource' in report["link-2.decided"].hint

    def test_the_articles_execute_role_that_may_only_start(self, lab: Lab) -> None:
        permissions = documents.execute_role_permissions(lab.scenario)
        report = self.broken(lab, execute_role_permissions=edited(permissions, "Statement", 1, to=None))

        assert failed(report) == ["link-4.decided", "link-5.decided", "link-4.live", "link-5.live"]
        assert "states:DescribeExecution" in report["link-4.live"].evidence

    def test_an_execute_role_that_may_not_stop(self, lab: Lab) -> None:
        permissions = documents.execute_role_permissions(lab.scenario)
        watch_only = edited(permissions, "Statement", 1, "Action", to="states:DescribeExecution")
        report = self.broken(lab, execute_role_permissions=watch_only)
        states = lab.subject.client("stepfunctions")
        running = states.list_executions(stateMachineArn=lab.scenario.subject_machine_arn, statusFilter="RUNNING")

        assert failed(report) == ["link-5.decided", "link-5.live"]
        assert "stayed RUNNING" in report["link-5.live"].evidence
        assert running["executions"] == [], "the check stops what the parent couldn't"

    def test_a_trust_policy_without_external_id_lets_strangers_machines_in(self, lab: Lab) -> None:
        """It works, and that is the trouble: only the calls that must be denied show it (confused deputy)."""
        trust = documents.execute_role_trust(lab.scenario)
        report = self.broken(lab, execute_role_trust=edited(trust, "Statement", 0, "Condition", to=None))

        assert failed(report) == ["refused.wrong-external-id", "refused.no-external-id"]
        assert lab.scenario.external_id in report["refused.no-external-id"].hint

    def test_an_operator_role_for_any_state_machine_is_a_failed_check(self, lab: Lab) -> None:
        """Runs succeed and the execute role's trust policy is right; the second state machine gets in all the same."""
        wide = documents.service_trust(lab.scenario, lab.scenario.operator)
        report = self.broken(lab, operator_role_trust=wide)

        assert failed(report) == ["refused.second-machine"]
        assert report["refused.second-machine"].evidence == "the execute role was given"
        assert lab.scenario.operator_machine_arn in report["refused.second-machine"].hint

    def test_a_trust_policy_on_the_whole_account_lets_other_roles_in(self, lab: Lab) -> None:
        trust = documents.execute_role_trust(lab.scenario)
        root = f"arn:aws:iam::{lab.scenario.operator_account_id}:root"
        report = self.broken(lab, execute_role_trust=edited(trust, "Statement", 0, "Principal", "AWS", to=root))

        assert failed(report) == ["refused.direct-assume-role", "refused.other-role"]
        assert left_in_both_accounts(lab.using()) != []

    def test_an_explicit_deny(self, lab: Lab) -> None:
        permissions = documents.execute_role_permissions(lab.scenario)
        permissions["Statement"].append({"Sid": "Stop", "Effect": "Deny", "Action": "states:*", "Resource": "*"})
        report = self.broken(lab, execute_role_permissions=permissions)

        assert "with an explicit deny in an identity-based policy" in report["link-3.decided"].evidence
        assert "statement Stop" in report["link-3.decided"].hint
        assert report["link-4.live"].evidence == "not reached: link 3 was denied"

    def test_a_subject_machine_that_fails_by_itself(self, lab: Lab) -> None:
        fails = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "NoStock", "Cause": "sold out"}}}
        report = self.broken(lab, subject_definition=fails)

        assert failed(report) == ["link-6.live", "link-4.live", "link-5.live"]
        assert "failed by itself" in report["link-4.live"].hint

    def test_drift_is_a_failed_check_with_the_difference(self, standing_lab: Lab) -> None:
        permissions = edited(
            documents.execute_role_permissions(standing_lab.scenario), "Statement", 1, "Sid", to="Renamed"
        )
        standing_lab.using(execute_role_permissions=permissions).stage(1).apply()
        report = standing_lab.check(live=False)

        assert failed(report) == ["stage-1.execute-role-permissions"]
        assert '-      "Sid": "Renamed",' in report["stage-1.execute-role-permissions"].evidence
        assert "lab.stage(1).apply()" in report["stage-1.execute-role-permissions"].hint


class TestProbes:
    @pytest.mark.parametrize(
        "trial",
        [
            lambda lab: trials.no_external_id(lab.steps.operator_machine),
            lambda lab: trials.external_ids(lab.steps.operator_machine),
            lambda lab: trials.second_machine(lab.environment),
            lambda lab: trials.other_role(lab.environment),
            lambda lab: trials.stopped_run(lab.environment, lab.steps.subject_machine),
        ],
        ids=["probe", "probe-of-two-tasks", "second-machine", "probe-with-a-role", "stopped-run"],
    )
    def test_an_interrupted_trial_cleans_up_after_itself(
        self, standing_lab: Lab, trial: Callable[[Lab], object]
    ) -> None:
        """Ctrl-C at any call, those of the cleanup included: nothing of the trial may stay."""
        before = left_in_both_accounts(standing_lab)
        interrupted = 0
        for call in range(1, 100):
            try:
                with interrupted_at(standing_lab, call):
                    trial(standing_lab)
            except KeyboardInterrupt:
                interrupted += 1
                assert left_in_both_accounts(standing_lab) == before
                assert standing_lab.prepare().empty
                assert standing_lab.stage(3).is_applied, "the Operator machine has its own definition again"
            else:
                break
        # The least is one call, which is denied; a probe is created, started and deleted.
        assert interrupted >= 1

    def test_a_check_puts_nothing_right(self, standing_lab: Lab) -> None:
        """It says what differs and leaves it: the Subject machine that waits for a moment is put back as it stood."""
        own = edited(documents.subject_definition(standing_lab.scenario), "Comment", to="edited by hand")
        standing_lab.using(subject_definition=own).prepare()

        assert failed(standing_lab.check()) == failed(standing_lab.check()) == ["stage-0.subject-machine"]

    def test_an_interrupted_rehearsal_leaves_no_operator_machine(self, lab: Lab) -> None:
        lab.set_stage(2)
        # The call after CreateStateMachine: StartExecution.
        with pytest.raises(KeyboardInterrupt), interrupted_at(lab, 2):
            lab.check(stage=2)

        assert not lab.stage(3).is_applied
        assert len(left_in_both_accounts(lab)) == 4

    def test_what_a_killed_check_leaves_is_found_by_clean(self, standing_lab: Lab) -> None:
        left = []
        for call in (10, 14, 16):
            with pytest.raises(Killed), dies_at(standing_lab, call, Death.AFTER):
                standing_lab.check()
            left.append([name for name in left_in_both_accounts(standing_lab) if name.startswith(probes.PREFIX)])
        standing_lab.clean()

        assert any(left), "the deaths were chosen to leave a probe"
        assert left_in_both_accounts(standing_lab) == []

    def test_another_labs_probe_is_left_alone(self, standing_lab: Lab) -> None:
        other = open_lab(**fresh_names())
        other.prepare()
        with pytest.raises(Killed), dies_at(other, 3, Death.AFTER):
            probes.try_as_other_role(other.environment, probes.by_hand(other.scenario, external_id=None))
        swept = probes.sweep(standing_lab.environment)

        assert swept.empty
        assert [change.thing.split()[-1].startswith(probes.PREFIX) for change in swept.left] == [True] * len(swept)
        other.clean()
        assert left_in_both_accounts(other) == []

    def test_keys_that_a_probe_is_given_may_do_nothing(self, lab: Lab) -> None:
        """A trust policy that is too wide hands them out; a session policy makes them powerless."""
        trust = documents.execute_role_trust(lab.scenario)
        root = f"arn:aws:iam::{lab.scenario.operator_account_id}:root"
        lab.using(execute_role_trust=edited(trust, "Statement", 0, "Principal", "AWS", to=root)).set_stage(1)
        answer = lab.operator.client("sts").assume_role(
            RoleArn=lab.scenario.execute_role_arn,
            RoleSessionName="probe",
            ExternalId=lab.scenario.external_id,
            Policy=probes.POWERLESS,
        )
        keys = answer["Credentials"]
        session_client = lab.subject.session().client(
            "stepfunctions",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

        with pytest.raises(session_client.exceptions.ClientError, match="explicit deny in a session"):
            session_client.start_execution(stateMachineArn=lab.scenario.subject_machine_arn)


class TestDecide:
    def test_names_the_statements_of_both_accounts(self, kept: Lab) -> None:
        verdict = kept.evaluate(2)

        assert verdict.allowed
        assert "statement AssumeSubjectExecuteRole (line 4)" in verdict.evidence
        assert "statement OperatorStateMachine (line 4)" in verdict.evidence
        assert verdict.hint == ""

    def test_says_which_role_is_missing(self, lab: Lab) -> None:
        lab.prepare()
        verdict = lab.evaluate(3)

        assert not verdict.allowed
        assert verdict.evidence == "denied: the execute role doesn't exist"
        assert verdict.hint == "Create the execute role first: lab.stage(1).apply()."

    def test_a_boundary_has_its_say(self, standing_lab: Lab) -> None:
        iam = standing_lab.operator.client("iam")
        only_read = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}}
        arn = iam.create_policy(
            PolicyName=f"{standing_lab.environment.lab_id}-boundary", PolicyDocument=json.dumps(only_read)
        )["Policy"]["Arn"]
        role = standing_lab.scenario.operator_role_name
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
        verdict, run = standing_lab.evaluate(2), standing_lab.run()

        assert "permissions boundary" in verdict.evidence
        assert run.broken_link == 2
        iam.delete_role_permissions_boundary(RoleName=role)
        iam.delete_policy(PolicyArn=arn)

    @pytest.mark.parametrize("number", [0, 7])
    def test_a_link_that_doesnt_exist(self, lab: Lab, number: int) -> None:
        with pytest.raises(XsfnError, match="The links are 1, 2, 3, 4, 5, 6"):
            lab.evaluate(number)


class TestDiagram:
    def test_follows_the_stages(self, lab: Lab) -> None:
        lab.set_stage(1)
        diagram = lab.diagram()

        assert diagram.states == {
            1: LinkState.ALLOWED,
            2: LinkState.REFUSED,
            3: LinkState.ALLOWED,
            4: LinkState.ALLOWED,
            5: LinkState.ALLOWED,
            6: LinkState.ALLOWED,
        }
        assert "OperatorStateMachine: " in diagram.text
        assert diagram.text.count("(doesn't exist yet)") == 1

    def test_nothing_made_is_pending(self, lab: Lab) -> None:
        assert lab.diagram().states == {}

    def test_a_report_adds_what_was_tried(self, kept: Lab, report: Report) -> None:
        diagram = kept.diagram(report)

        assert set(diagram.notes.values()) == {"tried live"}
        assert set(diagram.states.values()) == {LinkState.ALLOWED}


class TestOpen:
    def test_the_packages_own_example_works(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert xsfn_helpers.__doc__ is not None
        exec(textwrap.dedent(xsfn_helpers.__doc__.partition("\n\n")[2]), {})
        printed = capsys.readouterr().out

        assert "All checks: 25 of 25 passed" in printed
        assert "Hello from subject-statemachine in account 222222222222" in printed
        assert "Clean: nothing there" not in printed

    def test_twice_is_the_same_lab(self) -> None:
        names = fresh_names()

        assert open_lab(**names).scenario == open_lab(**names).scenario

    def test_a_scenario_gives_all_names(self) -> None:
        scenario = Scenario(execute_role_name="another-execute-role")

        assert open_lab(scenario).scenario == scenario

    def test_other_ids_than_the_running_sandboxs_are_told(self) -> None:
        open_lab()
        with pytest.raises(ConfigError, match="not 999999999999") as caught:
            open_lab(operator_account_id="999999999999")

        assert "xsfn sandbox stop" in caught.value.fix

    def test_another_port_than_the_running_sandboxs_is_told(self) -> None:
        open_lab()
        sandbox = Sandbox.find()
        assert sandbox is not None
        port = int(sandbox.endpoint_url.rpartition(":")[2])

        assert open_lab(port=port).scenario == open_lab().scenario
        with pytest.raises(XsfnError, match="is running on port"):
            open_lab(port=port + 1 if port < 65535 else port - 1)

    def test_a_handle_acts_in_its_account(self, lab: Lab) -> None:
        for side, handle in ((Side.OPERATOR, lab.operator), (Side.SUBJECT, lab.subject)):
            assert handle.account == lab.scenario.account(side)
            assert handle.client("sts").get_caller_identity()["Account"] == handle.account.id


class TestSlowIam:
    """IAM changes take a while to propagate: nothing fails for that reason."""

    @pytest.fixture
    def slow(self, lab: Lab) -> Iterator[Lab]:
        sandbox = Sandbox.find()
        assert sandbox is not None
        sandbox.delay_propagation(0.4)
        yield lab
        sandbox.delay_propagation(0)

    def test_a_walkthrough_waits_for_it(self, slow: Lab) -> None:
        assert walk(slow.deployment, lambda _: None).ok

    def test_a_stage_taken_back_is_refused_once_it_has_spread(self, slow: Lab) -> None:
        slow.set_stage(3)
        assert slow.check().ok
        slow.set_stage(1)

        assert slow.check(stage=1).ok

    def test_a_change_is_shown_at_once_refused_a_while_and_waited_for(self, standing_lab: Lab) -> None:
        standing_lab.stage(2).undo()
        refused_before = standing_lab.run().broken_link
        with standing_lab.propagation_delay(2):
            standing_lab.stage(2).apply()
            decided, tried = standing_lab.evaluate(2), standing_lab.run()
            checked = standing_lab.check(stage=3)["link-2.live"]

        assert refused_before == 2
        assert decided.allowed
        assert (tried.status, tried.broken_link, tried.cause) == ("FAILED", 2, assume_refused(standing_lab))
        assert checked.passed

    def test_the_delay_is_over_with_the_while_however_it_ends(self, standing_lab: Lab) -> None:
        def broken_off() -> None:
            with standing_lab.propagation_delay(60):
                standing_lab.stage(2).undo()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            broken_off()

        assert standing_lab.run().broken_link == 2

    def test_a_delay_the_sandbox_doesnt_have_is_refused(self, lab: Lab) -> None:
        with pytest.raises(SandboxError, match=r"0 \(off\) to 120"), lab.propagation_delay(121):
            pass

    def test_elsewhere_than_in_the_sandbox_there_is_none_to_choose(self, capsys: pytest.CaptureFixture[str]) -> None:
        elsewhere = cast(Accounts, SimpleNamespace())
        with slow_iam(elsewhere, 1):
            pass

        assert "in the sandbox only; here it has a delay of its own" in capsys.readouterr().err


def assume_refused(lab: Lab) -> str:
    """What a task says whose role may not be assumed."""
    scenario = lab.scenario
    return (
        f"The role {scenario.operator_role_arn} is not authorized to assume the task state's role, "
        f"{scenario.execute_role_arn}."
    )


class TestTurns:
    def test_another_notebooks_turn_is_waited_for_and_then_told(self, lab: Lab) -> None:
        held = FileLock(SandboxFolder.default().path / f"lab-{lab.environment.lab_id}.lock", mode=0o600)
        with (
            held,
            pytest.raises(StepError, match="Another notebook or shell"),
            locked(lab.environment.lab_id, patience=0.1),
        ):
            pass

        with lab.turn(), lab.turn():
            lab.prepare()
