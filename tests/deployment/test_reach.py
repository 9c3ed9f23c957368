"""Targets set up, decided and tried in a lab: allowed as a whole, denied with each action missing, removed again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.chain import targets
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.chain.targets import Target
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.deployment.reach import Reach
from xsfn_helpers.deployment.resources.targets import KINDS

pytestmark = pytest.mark.usefixtures("no_http")


def every_target(lab: Lab) -> tuple[Target, ...]:
    """One of each kind, with names of this lab's own."""
    scenario, name = lab.scenario, lab.environment.lab_id
    return (
        targets.function(scenario, f"{name}-function"),
        targets.table(scenario, f"{name}-table"),
        targets.bucket(scenario, f"{name}-bucket"),
        targets.queue(scenario, f"{name}-queue"),
        targets.express_machine(scenario, f"{name}-express"),
    )


@pytest.fixture
def reach(lab: Lab) -> Iterator[Reach]:
    reach = lab.calls_to(*every_target(lab))
    yield reach
    reach.clean()


def test_every_kind_is_made_checked_and_removed(lab: Lab, reach: Reach) -> None:
    made = reach.apply()
    again = reach.apply()
    report = reach.check()
    removed = reach.clean()

    assert {target.operation for target in reach.targets} == set(KINDS)
    assert not made.empty
    assert again.empty
    assert report.ok, report.failed
    assert len(report) == len(reach.links) + len(reach.targets)
    assert [change.action for change in removed] == [Action.REMOVE] * len(KINDS)
    assert not reach.clean().changes


def test_without_each_action_it_is_refused_and_put_back(reach: Reach) -> None:
    reach.apply()

    removals = reach.test_least_privilege()

    assert removals.all_refused, removals
    assert [row.grant.action for row in removals] == [target.action for target in reach.targets]
    assert reach.check().ok


def test_the_labs_own_set_up_comes_back(lab: Lab, reach: Reach) -> None:
    reach.apply()
    lab.set_stage(3)

    assert lab.check(live=False).ok


def test_a_refusal_is_told_where_it_was(reach: Reach) -> None:
    reach.apply()
    reach.things[0].undo()  # the function is gone

    report = reach.check()

    failed = report["target-1.live"]
    assert not failed.passed
    assert "Lambda.ResourceNotFoundException: Function not found" in failed.evidence


def test_what_somebody_else_made_is_left(lab: Lab) -> None:
    name = f"{lab.environment.lab_id}-theirs"
    client = lab.subject.client("sqs")
    url = client.create_queue(QueueName=name)["QueueUrl"]
    reach = lab.calls_to(targets.queue(lab.scenario, name))
    lab.prepare()

    with pytest.raises(StepError, match="wasn't made by this lab"):
        reach.apply()

    assert [change.action for change in reach.clean()] == [Action.NOT_OURS]
    client.delete_queue(QueueUrl=url)


def test_a_waiting_task_goes_on_with_its_token(lab: Lab) -> None:
    name = f"{lab.environment.lab_id}-questions"
    reach = lab.calls_to(targets.queue(lab.scenario, name, pattern=targets.Pattern.CALLBACK))
    reach.apply()
    execution = reach.start()

    lab.operator.client("stepfunctions").send_task_success(taskToken=reach.token(), output='{"answer": 42}')

    assert reach.follow(execution).output == {"answer": 42}
    reach.clean()


def test_where_no_token_comes_it_is_told(reach: Reach) -> None:
    with pytest.raises(ConfigError, match="No queue here gets a token"):
        reach.token()


def test_nothing_to_reach_is_told(lab: Lab) -> None:
    with pytest.raises(ConfigError, match="nothing to reach"):
        lab.calls_to()


def test_the_picture_says_what_the_policies_say(reach: Reach) -> None:
    before = reach.diagram()
    reach.apply()
    diagram = reach.diagram()

    assert "not tried" in before.text
    assert diagram.text.count("✓ allowed") == len(reach.links)
    for link in reach.links[2:]:
        assert f"{link.number} " in diagram.alt
    assert "<svg" in diagram.svg()
