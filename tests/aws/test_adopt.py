"""What was there before the lab is used as it is, changed only when told so by name, and put back as it was."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator

import pytest

from tests.aws.playing import PlayedAws
from tests.aws.test_ownership import PASS, Owner
from xsfn_helpers import Lab, Side
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.cli import main
from xsfn_helpers.common.errors import ConfigError, StepError

pytestmark = pytest.mark.usefixtures("no_http")


@pytest.fixture
def owner(own_aws: PlayedAws) -> Owner:
    return Owner(own_aws)


@pytest.fixture
def company(own_aws: PlayedAws, owner: Owner) -> Iterator[Lab]:
    """A lab in accounts where role and machine of the Subject are there already, in use, and somebody's."""
    lab = own_aws.lab(adopt="subject_role,subject_machine")
    owner.role(Side.SUBJECT, lab.scenario.subject_role_name)
    owner.machine(
        Side.SUBJECT, lab.scenario.subject.id, lab.scenario.subject_machine_name, lab.scenario.subject_role_name
    )
    lab.confirm_changes("yes")
    yield lab
    lab.clean()


def test_used_as_it_is(company: Lab, owner: Owner) -> None:
    before = owner.stock()
    plan = company.steps.prerequisites.plan()
    company.set_stage(3)
    report = company.check()

    assert [change.action for change in plan] == [Action.CREATE, Action.ADOPT, Action.ADOPT]
    assert company.run().succeeded
    assert report.ok, str(report)
    assert "link-5.live" not in {check.id for check in report}, "its trial would change the Subject machine"
    cleaned = company.clean()
    assert owner.stock() == before
    assert [change.details for change in cleaned.left] == 2 * [("it is adopted: it was there before the lab",)]


def test_the_difference_is_shown_and_how_to_allow_it(company: Lab) -> None:
    told = str(company.steps.prerequisites.plan())

    assert "= use existing state machine subject-statemachine in Subject account" in told
    assert "lab.may_change('subject_machine'), or --change subject_machine, allows stages to change it:" in told
    assert '+  "Comment"' in told


def test_changed_when_told_by_name_and_put_back_by_clean(company: Lab, owner: Owner) -> None:
    before = owner.stock()
    told = company.may_change("subject_machine")
    told.prepare()
    states = company.subject.client("stepfunctions")
    described = states.describe_state_machine(stateMachineArn=company.scenario.subject_machine_arn)

    assert json.loads(described["definition"]) == documents.subject_definition(company.scenario)
    keeper = company.environment.keeper
    assert stat.S_IMODE(keeper.path.stat().st_mode) == 0o600
    company.clean()
    assert owner.stock() == before


def test_what_somebody_changed_since_isnt_put_back(company: Lab, owner: Owner) -> None:
    company.may_change("subject_machine").prepare()
    states = company.subject.client("stepfunctions")
    theirs = PASS.replace("Pass", "Theirs").replace('"Type": "Theirs"', '"Type": "Pass"')
    states.update_state_machine(stateMachineArn=company.scenario.subject_machine_arn, definition=theirs)
    left = {change.thing: change for change in company.clean().left}

    assert "somebody has changed it since" in left["state machine subject-statemachine"].details[0]
    assert owner.stock()["subject machine subject-statemachine"][0] == theirs


@pytest.fixture
def both(own_aws: PlayedAws, owner: Owner) -> Iterator[Lab]:
    """Everything but the policies is there already; the execute role trusts somebody else."""
    lab = own_aws.lab(adopt=["operator_role", "execute_role", "operator_machine", "subject_role", "subject_machine"])
    scenario = lab.scenario
    owner.role(Side.OPERATOR, scenario.operator_role_name)
    owner.machine(Side.OPERATOR, scenario.operator.id, scenario.operator_machine_name, scenario.operator_role_name)
    for name in (scenario.subject_role_name, scenario.execute_role_name):
        owner.role(Side.SUBJECT, name)
    owner.machine(Side.SUBJECT, scenario.subject.id, scenario.subject_machine_name, scenario.subject_role_name)
    lab.confirm_changes("yes")
    yield lab
    lab.clean()


def test_nothing_is_changed_that_wasnt_named(both: Lab, owner: Owner) -> None:
    before = owner.stock()
    both.set_stage(3)

    assert owner.stock() == before
    assert not both.check(live=False).ok, "and the checks say what is missing"


def test_all_of_it_changed_works_and_is_put_back(both: Lab, owner: Owner) -> None:
    before = owner.stock()
    told = both.may_change("operator_role", "execute_role", "operator_machine", "subject_machine")
    told.set_stage(3)

    assert told.run().succeeded
    assert told.stage(2).is_applied
    told.set_stage(1)
    assert not told.evaluate(2).allowed, "taking a stage back puts back what it changed"
    told.set_stage(3)
    both.clean()
    assert owner.stock() == before


def test_one_that_isnt_there_is_told_before_anything_is_made(own_aws: PlayedAws, owner: Owner) -> None:
    lab = own_aws.lab(adopt="subject_machine")
    lab.confirm_changes("yes")

    with pytest.raises(StepError, match="There is no state machine subject-statemachine, and the list adopt names it"):
        lab.prepare()
    assert owner.stock() == {}


def test_only_what_is_adopted_can_be_named(company: Lab) -> None:
    with pytest.raises(ConfigError, match=r"'execute_role' isn't on the list adopt.*subject_machine, subject_role"):
        company.may_change("execute_role")


def test_faults_arent_put_into_it(company: Lab) -> None:
    with pytest.raises(ConfigError, match="these existed before: subject_machine, subject_role"):
        company.practice()


def test_the_preflight_says_that_runs_are_real(company: Lab) -> None:
    assert any("checks and runs start it, for real" in note for note in company.preflight().notes)


def test_on_the_command_line(company: Lab, own_aws: PlayedAws, capsys: pytest.CaptureFixture[str]) -> None:
    options = [*own_aws.options, "--adopt", "subject_role,subject_machine"]
    main(["apply", "--stage", "0", "--dry-run", "--change", "subject_machine", *options])

    assert "~ change state machine subject-statemachine" in capsys.readouterr().out
