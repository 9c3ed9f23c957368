"""A lab is taken away whatever stands of it, and so is what a stage didn't make."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import fresh_names
from tests.support import cleared
from tests.support.cleared import clear
from xsfn_helpers import Lab, Side, open_lab
from xsfn_helpers.chain.plan import Action

pytestmark = pytest.mark.usefixtures("no_http")
WAITS = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}


def stands(lab: Lab) -> list[str]:
    return [change.thing for step in lab.steps for change in step.plan() if change.action is not Action.CREATE]


@pytest.mark.parametrize("stage", range(-1, 4))
def test_nothing_of_a_stage_is_left(stage: int) -> None:
    lab = open_lab(**fresh_names())
    if stage >= 0:
        lab.set_stage(stage)
        assert stands(lab)

    clear(lab)

    assert stands(lab) == []


def test_what_runs_is_stopped() -> None:
    lab = open_lab(**fresh_names()).using(subject_definition=WAITS)
    lab.set_stage(3)
    run = lab.run(wait=False)
    stopped = []
    events = cleared._client(lab, Side.OPERATOR, "stepfunctions").meta.events

    def note(params: Any, **_: Any) -> None:
        stopped.append(json.loads(params["body"])["executionArn"])

    events.register("before-call.sfn.StopExecution", note)
    clear(lab)
    events.unregister("before-call.sfn.StopExecution", note)

    assert stopped == [run.operator_execution_arn]
    assert stands(lab) == []


def test_a_role_with_more_to_it_goes_as_well() -> None:
    lab = open_lab(**fresh_names())
    lab.set_stage(3)
    denied = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    lab.subject.client("iam").put_role_policy(
        RoleName=lab.scenario.execute_role_name, PolicyName="more", PolicyDocument=json.dumps(denied)
    )

    clear(lab)

    assert stands(lab) == []
