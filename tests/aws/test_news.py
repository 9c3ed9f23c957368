"""News: told at once, to whoever listens, and no longer than that."""

from __future__ import annotations

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.aws.events import Called, Events
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.runs import Looked

pytestmark = pytest.mark.usefixtures("no_http")

CALL = Called(Side.OPERATOR, "CreateRole", frozenset({"a-role"}))


def test_listeners_hear_until_they_leave() -> None:
    events, heard = Events(), []
    leave = events.subscribe(heard.append)

    events.publish(CALL)
    leave()
    leave()
    events.publish(CALL)

    assert heard == [CALL]
    assert not events.wanted


def test_calls_that_change_are_told_with_their_names_and_readings_arent(lab: Lab) -> None:
    heard: list[object] = []
    leave = lab.environment.accounts.events.subscribe(heard.append)

    iam = lab.operator.client("iam")
    iam.create_group(GroupName="told")
    iam.get_group(GroupName="told")
    iam.delete_group(GroupName="told")
    leave()

    assert heard == [
        Called(Side.OPERATOR, "CreateGroup", frozenset({"told"})),
        Called(Side.OPERATOR, "DeleteGroup", frozenset({"told"})),
    ]


def test_a_stack_is_told_too_since_it_may_hold_any_role(lab: Lab) -> None:
    heard: list[object] = []
    leave = lab.environment.accounts.events.subscribe(heard.append)

    client = lab.operator.client("cloudformation")
    client.validate_template(TemplateBody="Resources: {Role: {Type: 'AWS::IAM::Role'}}")
    client.delete_stack(StackName="never-made")
    leave()

    assert heard == [Called(Side.OPERATOR, "DeleteStack", frozenset({"never-made"}))]


def test_refused_calls_change_nothing_and_arent_told(lab: Lab) -> None:
    heard: list[object] = []
    leave = lab.environment.accounts.events.subscribe(heard.append)
    iam = lab.operator.client("iam")

    try:
        iam.delete_group(GroupName="never-made")
    except iam.exceptions.NoSuchEntityException:
        leave()

    assert heard == []


def test_a_run_is_told_as_it_goes_on(standing_lab: Lab) -> None:
    heard: list[object] = []
    leave = standing_lab.environment.accounts.events.subscribe(heard.append)
    run = standing_lab.run()
    leave()

    looks = [event.run for event in heard if isinstance(event, Looked)]
    assert looks[-1] == run
    assert all(len(one.events) <= len(run.events) for one in looks)
