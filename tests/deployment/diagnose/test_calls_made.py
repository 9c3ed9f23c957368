"""How often AWS is asked: a diagnosis of the article's set-up takes a dozen calls at most."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import pytest

from tests.deployment.diagnose.bench import run
from tests.deployment.diagnose.sessions import Session, administrator
from tests.deployment.diagnose.setups import ONE, TWO, execute
from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis, analyse
from xsfn_helpers.deployment.diagnose.ask import now, of_words
from xsfn_helpers.deployment.diagnose.asking.asked_about import asked_about
from xsfn_helpers.deployment.diagnose.asking.short import short_answer, subject_of
from xsfn_helpers.deployment.diagnose.reading.live import doors_of_sessions, read_live

pytestmark = pytest.mark.usefixtures("no_http")

MOST: Final = 12
REGION: Final = Scenario().region


def _counted(session: Session, calls: list[str]) -> Session:
    def note(model: Any, params: Any, **_: Any) -> None:
        # A list's further pages come of how full an account is, and other tests fill these.
        if any(name in str(params["body"]) for name in ("nextToken", "Marker")):
            return
        calls.append(f"{model.service_model.service_name}:{model.name}")

    session.events.register("before-call", note)
    return session


def _asked(world: World, *given: str) -> tuple[list[str], Diagnosis]:
    """What AWS is asked for a diagnosis of what was given, and the diagnosis."""
    calls: list[str] = []
    sessions = [_counted(administrator(world, side), calls) for side in Side]
    # The sandbox has no organizations; what they are asked is counted by the one answer that says so.
    asked = asked_about(given)
    doors = partial(doors_of_sessions, sessions)
    found = analyse(read_live(asked.arn, doors(REGION)), now()) if asked.arn else of_words(asked, doors)
    return calls, found


@pytest.mark.parametrize("name", ["n1", "n4-n9", "n5", "n6", "n17", "misspelt-machine", "n5+n7"])
def test_a_dozen_calls_are_the_most_however_it_is_asked(world: World, name: str) -> None:
    next(one for one in (*ONE, *TWO) if one.name == name).build(world)
    arn = world.scenario.operator_machine_arn
    ended = run(world, arn)

    for given in (arn, ended["executionArn"], ended["cause"]):
        calls, found = _asked(world, given)

        assert len(calls) <= MOST, " ".join(calls)
        assert len(set(calls)) >= len(calls) / 2
        # AWS's sentence alone leads to the state machine, whichever link it is about.
        assert found.evidence.machine.arn == arn
        assert subject_of(found) == found.first_broken


def test_the_region_of_a_sentence_may_be_what_is_wrong(world: World) -> None:
    next(one for one in ONE if one.name == "wrong-region-in-task").build(world)
    arn = world.scenario.operator_machine_arn
    ended = run(world, arn)

    for given in (arn, ended["executionArn"], ended["cause"]):
        calls, found = _asked(world, given)

        # In the other region, nobody is found first.
        assert len(calls) <= MOST + 4 * (given == ended["cause"]), " ".join(calls)
        assert found.evidence.machine.arn == arn
        assert subject_of(found) == found.first_broken


def test_a_sentence_that_names_no_role_says_what_to_give(world: World) -> None:
    """What AWS says of link 1 names neither the role nor the state machine."""
    next(one for one in ONE if one.name == "operator-role-trusts-lambda").build(world)
    cause = run(world, world.scenario.operator_machine_arn)["cause"]

    _, found = _asked(world, cause)

    assert found.verdict is Conclusion.UNKNOWN
    told = "\n".join(short_answer(found))
    assert "(link 1)" in told
    assert "Give the ARN of the execution" in told


@pytest.mark.parametrize(("tag", "verdict"), [("blue", Conclusion.FINE), ("green", Conclusion.BROKEN)])
def test_tags_are_asked_for_where_a_policy_does(world: World, tag: str, verdict: Conclusion) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    world.build(execute_permissions=execute(world, {"Statement/0/Condition": condition}))
    states = world.subject_states
    states.tag_resource(resourceArn=world.scenario.subject_machine_arn, tags=[{"key": "team", "value": tag}])

    calls, found = _asked(world, world.scenario.operator_machine_arn)

    assert found.verdict is verdict
    assert calls.count("stepfunctions:ListTagsForResource") == 1
