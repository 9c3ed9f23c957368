"""What is made is the lab's own, and only that is taken away: killed at any call, found again, nothing missed."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws.playing import PlayedAws, add_profile
from tests.deployment.test_fewer_calls import calls_of
from tests.deployment.test_reach import every_target
from tests.support.interruptions import Death, Killed, dies_at
from tests.support.soak import soaked
from xsfn_helpers import Lab, Side
from xsfn_helpers.aws.ledger import Ledger
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.cli import FAILED, OK, main
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.deployment.environment import LAB_TAG
from xsfn_helpers.deployment.practice.names import boundary_arn, loud_machine_name, twin_role_name

pytestmark = pytest.mark.usefixtures("no_http")

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
PASS = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
Stock = dict[str, Any]


class Owner:
    """Somebody else who works in both accounts: puts decoys there, and takes stock."""

    def __init__(self, aws: PlayedAws) -> None:
        self._clients = {side: (aws.client(side, "iam"), aws.client(side, "stepfunctions")) for side in Side}
        self._region = aws.sandbox.region

    def role(self, side: Side, name: str, *, tags: dict[str, str] | None = None) -> None:
        """A role with an inline policy in it."""
        iam, _ = self._clients[side]
        tagged = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, Tags=tagged)
        iam.put_role_policy(RoleName=name, PolicyName="assume-subject-execute-role", PolicyDocument=POLICY)

    def machine(self, side: Side, account: str, name: str, role: str, *, tags: dict[str, str] | None = None) -> None:
        _, states = self._clients[side]
        tagged = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        states.create_state_machine(
            name=name, definition=PASS, roleArn=f"arn:aws:iam::{account}:role/{role}", tags=tagged
        )

    def policy(self, side: Side, name: str) -> None:
        self._clients[side][0].create_policy(PolicyName=name, PolicyDocument=POLICY)

    def names(self) -> set[str]:
        """What there is in both accounts, each with what it gets anew when it is re-created."""
        found: set[str] = set()
        for iam, states in self._clients.values():
            found |= {f"{role['Arn']} {role['RoleId']}" for role in iam.list_roles()["Roles"]}
            found |= {f"{one['Arn']} {one['PolicyId']}" for one in iam.list_policies(Scope="Local")["Policies"]}
            machines = states.list_state_machines()["stateMachines"]
            found |= {f"{machine['stateMachineArn']} {machine['creationDate']}" for machine in machines}
        return found

    def stock(self) -> Stock:
        """The same, down to every document."""
        found: Stock = {}
        for side, (iam, states) in self._clients.items():
            for role in iam.get_paginator("list_roles").paginate().build_full_result()["Roles"]:
                names = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
                inline = {
                    name: iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                    for name in names
                }
                found[f"{side} role {role['RoleName']}"] = (role["AssumeRolePolicyDocument"], inline, role["RoleId"])
            for policy in iam.get_paginator("list_policies").paginate(Scope="Local").build_full_result()["Policies"]:
                found[f"{side} policy {policy['Arn']}"] = policy["PolicyId"]
            machines = states.get_paginator("list_state_machines").paginate().build_full_result()["stateMachines"]
            for machine in machines:
                described = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
                found[f"{side} machine {machine['name']}"] = (described["definition"], described["creationDate"])
        return found


@pytest.fixture
def owner(own_aws: PlayedAws) -> Owner:
    return Owner(own_aws)


@pytest.fixture
def decoys(own_aws: PlayedAws, owner: Owner) -> Stock:
    """One of each kind that a careless cleanup would take along: same beginnings, same names, no tag or another's."""
    scenario = own_aws.lab().scenario
    for side in Side:
        account = scenario.account(side).id
        owner.role(side, "xsfn-probe-decoy")
        owner.role(side, f"{scenario.operator_role_name}-2")
        owner.role(side, "another-labs", tags={LAB_TAG: "another"})
        owner.machine(side, account, "xsfn-probe-decoy", "xsfn-probe-decoy")
        owner.machine(side, account, f"{scenario.subject_machine_name}-2", "xsfn-probe-decoy")
        owner.machine(side, account, "another-labs", "another-labs", tags={LAB_TAG: "another"})
        owner.policy(side, "xsfn-decoy")
    # The lab's names, in the account where they aren't the lab's.
    owner.role(Side.SUBJECT, scenario.operator_role_name)
    owner.role(Side.OPERATOR, scenario.execute_role_name)
    owner.machine(Side.SUBJECT, scenario.subject.id, scenario.operator_machine_name, "xsfn-probe-decoy")
    # What faults would make, already there and somebody's.
    owner.role(Side.OPERATOR, twin_role_name(scenario))
    owner.machine(Side.OPERATOR, scenario.operator.id, loud_machine_name(scenario), "xsfn-probe-decoy")
    owner.policy(Side.OPERATOR, boundary_arn(scenario).rpartition("/")[2])
    return owner.stock()


def deaths_at_every_call(
    aws: PlayedAws, doing: Callable[[Lab], object], *, first: Callable[[Lab], object]
) -> Iterator[int]:
    """Let the process die at each call of `doing`, of whatever kind, until it gets through.

    To die before a call is to die after the one before it, so each call is died after, and the first one before, too.
    `make test` takes every third.
    """
    for when in (Death.BEFORE, Death.AFTER):
        for call in range(1, 500, soaked(short=3, long=1)):
            lab = aws.lab()
            first(lab)
            try:
                with dies_at(lab, call, when, counting=("",)):
                    doing(lab)
            except Killed:
                yield call
                if when is Death.BEFORE:
                    break
            else:
                return


def calls_of_apply(aws: PlayedAws) -> int:
    """How many calls it takes to apply everything, where nobody dies; nothing of it is left."""
    lab = aws.lab()
    with calls_of(lab) as calls:
        lab.set_stage(3)
    lab.clean()
    return calls.total()


class TestKilledAtEverySingleCall:
    def test_of_apply_clean_leaves_nothing_and_touches_nothing_else(
        self, own_aws: PlayedAws, owner: Owner, decoys: Stock
    ) -> None:
        own_aws.lab().agree("yes")
        calls = calls_of_apply(own_aws)
        died, names = 0, owner.names()
        for call in deaths_at_every_call(own_aws, lambda lab: lab.set_stage(3), first=lambda _: None):
            died += 1
            own_aws.lab().clean()
            assert owner.names() == names, f"killed at call {call} of apply"

        # Before the first call, and after each that is tried.
        assert died == 1 + len(range(1, calls + 1, soaked(short=3, long=1)))
        own_aws.lab().clean()
        assert owner.stock() == decoys

    def test_of_clean_the_next_one_completes_it(self, own_aws: PlayedAws, owner: Owner, decoys: Stock) -> None:
        own_aws.lab().agree("yes")
        died, names = 0, owner.names()
        for call in deaths_at_every_call(own_aws, lambda lab: lab.clean(), first=lambda lab: lab.set_stage(3)):
            died += 1
            own_aws.lab().clean()
            assert owner.names() == names, f"killed at call {call} of clean"

        assert died > soaked(short=11, long=35)
        assert owner.stock() == decoys

    def test_of_apply_find_knows_it_by_its_tag_alone(self, own_aws: PlayedAws, owner: Owner, decoys: Stock) -> None:
        """As on another computer, without the ledger, and with the names forgotten."""
        own_aws.lab().agree("yes")
        calls = calls_of_apply(own_aws)
        for call in (calls // 4, calls // 2, 3 * calls // 4, calls):
            lab = own_aws.lab()
            with pytest.raises(Killed), dies_at(lab, call, Death.AFTER, counting=("",)):
                lab.set_stage(3)
            other_names = own_aws.lab(operator_role_name="x", subject_machine_name="y", execute_role_name="z")
            Path(Ledger.default().path).unlink()
            other_names.confirm_changes("yes")
            other_names.find_resources().remove()
            assert owner.stock() == decoys, f"killed at call {call} of apply"
            own_aws.lab().agree("yes")


class TestSameNameWithoutTag:
    """What has one of the lab's names and not its tag is left alone, whatever kind it is, and said so."""

    @pytest.fixture
    def lab(self, own_aws: PlayedAws) -> Lab:
        lab = own_aws.lab()
        lab.confirm_changes("yes")
        return lab

    @pytest.mark.parametrize("which", ["operator_role", "subject_role", "execute_role"])
    def test_a_role_and_its_inline_policy(self, lab: Lab, owner: Owner, which: str) -> None:
        side = Side.OPERATOR if which == "operator_role" else Side.SUBJECT
        owner.role(side, getattr(lab.scenario, f"{which}_name"))
        before = owner.stock()

        self.refused_and_left(lab, owner, before)

    @pytest.mark.parametrize("which", ["operator_machine", "subject_machine"])
    def test_a_state_machine(self, lab: Lab, owner: Owner, which: str) -> None:
        side = Side.OPERATOR if which == "operator_machine" else Side.SUBJECT
        owner.role(side, "somebodys")
        owner.machine(side, lab.scenario.account(side).id, getattr(lab.scenario, f"{which}_name"), "somebodys")
        before = owner.stock()

        self.refused_and_left(lab, owner, before)

    def refused_and_left(self, lab: Lab, owner: Owner, before: Stock) -> None:
        with pytest.raises(StepError, match=r"There is already a .*It was left as it is"):
            lab.set_stage(3)
        cleaned = lab.clean()

        assert owner.stock() == before
        (left,) = {change.thing.rpartition(" of ")[2]: change for change in cleaned.left}.values()
        assert "it has no tag xsfn:lab" in left.details[0]


class TestFind:
    def test_on_the_command_line_lists_then_removes(self, aws: PlayedAws, capsys: pytest.CaptureFixture[str]) -> None:
        main(["apply", "--yes", *aws.options])
        capsys.readouterr()

        renamed = [*aws.options, "--operator-machine-name", "now-another", "--execute-role-name", "now-another"]
        assert main(["clean", "--find", *renamed]) == FAILED
        listed = capsys.readouterr().out
        for name in ("operator_machine_name", "execute_role_name", "subject_role_name"):
            assert aws.names[name] in listed
        assert "Nothing was removed: with --yes it is." in listed
        assert main(["clean", "--find", "--yes", *renamed]) == OK
        assert "- removed state machine" in capsys.readouterr().out
        assert main(["clean", "--find", *renamed]) == OK

    def test_others_labs_are_told_and_kept(self, aws: PlayedAws) -> None:
        Owner(aws).role(Side.SUBJECT, f"{aws.names['lab_id']}-neighbour", tags={LAB_TAG: f"{aws.names['lab_id']}-b"})
        left = aws.lab().find_resources()

        assert left.own == ()
        assert f"Lab '{aws.names['lab_id']}-b' has 1: --lab-id {aws.names['lab_id']}-b shows them." in str(left)

    def test_where_it_may_not_look_it_says_so(self, aws: PlayedAws) -> None:
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        denied = {"Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"}
        left = aws.lab(operator_profile=aws.as_user("short-sighted", [everything, denied])).find_resources()

        assert any("Not every one of the roles could be looked at: Operator account" in note for note in left.notes)

    def test_what_a_reach_left_is_found_and_removed(self, agreed_lab: Lab, aws: PlayedAws) -> None:
        reached = every_target(agreed_lab)
        agreed_lab.calls_to(*reached).apply()
        aws.client(Side.SUBJECT, "sqs").create_queue(QueueName=f"{agreed_lab.environment.lab_id}-others")
        another = aws.lab(subject_machine_name="now-another")
        another.confirm_changes("yes")
        left = another.find_resources()
        planned = {change.thing for change in left.plan}
        removed = {change.thing for change in left.remove()}

        names = {target.name.removeprefix("Express ") for target in reached}
        assert names <= planned
        assert names <= removed
        assert another.find_resources().own == ()
        assert aws.client(Side.SUBJECT, "sqs").list_queues(QueueNamePrefix=agreed_lab.environment.lab_id)["QueueUrls"]

    def test_buckets_that_may_not_be_listed_are_told(self, aws: PlayedAws) -> None:
        iam = aws.client(Side.SUBJECT, "iam")
        user = f"{aws.names['lab_id']}-without-s3"
        iam.create_user(UserName=user)
        document = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        }
        iam.put_user_policy(UserName=user, PolicyName="allowed", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        add_profile(aws.home, user, aws.sandbox.region, key["AccessKeyId"], key["SecretAccessKey"])

        notes = aws.lab(subject_profile=user).find_resources().notes

        assert [note for note in notes if "buckets" in note] == list(notes)
        assert len(notes) == 1


def test_clean_takes_what_had_other_names_by_the_ledger(agreed_lab: Lab, aws: PlayedAws) -> None:
    agreed_lab.set_stage(3)
    renamed = aws.lab(subject_machine_name="now-another", execute_role_name="now-another-too")
    renamed.confirm_changes("yes")
    removed = {change.thing for change in renamed.clean() if change.action is Action.REMOVE}

    assert f"state machine {aws.names['subject_machine_name']}" in removed
    assert f"role {aws.names['execute_role_name']}" in removed
    assert len(renamed.find_resources()) == 0 or not renamed.find_resources().own


def test_clean_takes_what_was_reached_by_the_ledger(agreed_lab: Lab, aws: PlayedAws) -> None:
    reached = every_target(agreed_lab)
    agreed_lab.calls_to(*reached).apply()
    removed = {change.thing for change in agreed_lab.clean() if change.action is Action.REMOVE}

    assert {target.name.removeprefix("Express ") for target in reached} <= removed
    assert agreed_lab.find_resources().own == ()


class TestLedger:
    def test_is_its_owners_alone(self, agreed_lab: Lab) -> None:
        agreed_lab.prepare()
        path = Path(agreed_lab.environment.accounts.agreement.record)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_is_only_added_to(self, agreed_lab: Lab) -> None:
        path = Path(agreed_lab.environment.accounts.agreement.record)
        agreed_lab.prepare()
        before = path.read_bytes()
        agreed_lab.clean()

        assert path.read_bytes().startswith(before)
        assert path.read_bytes() != before

    def test_a_line_cut_off_costs_that_line(self, agreed_lab: Lab) -> None:
        path = Path(agreed_lab.environment.accounts.agreement.record)
        agreed_lab.prepare()
        known = len(list(Ledger.default()))
        with path.open("a") as ledger:
            ledger.write('{"at": "2026-\n')

        assert len(list(Ledger.default())) == known

    def test_is_written_before_the_call_is_sent(self, agreed_lab: Lab) -> None:
        with pytest.raises(Killed), dies_at(agreed_lab, 1, Death.AFTER):
            agreed_lab.prepare()

        assert [entry.what for entry in Ledger.default()][-1] == "CreateRole"
