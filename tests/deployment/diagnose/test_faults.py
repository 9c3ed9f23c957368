"""Each fault of the practice room: the link that its author says is broken is the one that is found, and mended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import pytest

from tests.conftest import fresh_names
from tests.deployment.diagnose.bench import check_the_five_lines, run
from tests.sandbox.world import World
from xsfn_helpers import Lab, open_lab
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis, Fix
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.practice.catalogue import catalogue
from xsfn_helpers.deployment.practice.fault import Fault, Shows

pytestmark = pytest.mark.usefixtures("no_http")

FAULTS: Final = {fault.id: fault for fault in catalogue(Scenario())}
# Nothing is denied in these: two open a door, and in the other a change hadn't spread yet.
NOT_BROKEN: Final = {
    "all-values": {"missing-external-id", "for-all-values-in-allow"},
    "second-machine": {"role-for-any-state-machine"},
    "too-soon": set(),
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = open_lab(**fresh_names())
    lab.set_stage(3)
    yield lab
    lab.clean()


@pytest.fixture(autouse=True)
def tidy(lab: Lab) -> Iterator[None]:
    """State machines made by a fix carry no tag, so the lab would leave them alone."""
    yield
    for side, name in (
        (Side.OPERATOR, lab.scenario.operator_machine_name),
        (Side.SUBJECT, lab.scenario.subject_machine_name),
    ):
        states = lab.environment.states(side)
        arn = f"arn:aws:states:{lab.scenario.region}:{lab.scenario.account(side).id}:stateMachine:{name}"
        with contextlib.suppress(states.exceptions.StateMachineDoesNotExist):
            if not states.list_tags_for_resource(resourceArn=arn)["tags"]:
                states.delete_state_machine(stateMachineArn=arn)


def _carry_out(lab: Lab, fix: Fix) -> None:
    for call in fix.calls:
        side = next(side for side in Side if lab.scenario.account(side).id == call.account)
        getattr(lab.environment.accounts.client(side, call.service), call.operation)(**call.parameters)


def _started(lab: Lab, fault: Fault) -> str:
    arn = lab.scenario.operator_machine_arn
    return arn.replace(lab.scenario.operator_machine_name, fault.started) if fault.started else arn


@pytest.mark.parametrize("name", FAULTS)
def test_the_broken_link_is_found_and_mended(lab: Lab, name: str) -> None:
    exercise = lab.practice().fault(name)
    exercise.inject()
    fault = exercise.fault
    arn = _started(lab, fault)

    found = lab.diagnose(arn)
    done: list[Fix] = []
    after: Diagnosis = found
    while (fix := after.fix) is not None:
        assert len(done) < 6
        _carry_out(lab, fix)
        done.append(fix)
        arn = fix.continues_as or arn
        after = lab.diagnose(arn)
    world = World(None, lab.scenario, clients={(side, "stepfunctions"): lab.environment.states(side) for side in Side})  # type: ignore[arg-type]
    ended = run(world, arn)

    if name in NOT_BROKEN:
        assert found.first_broken is None
        assert {risk.id for risk in found.risks} == NOT_BROKEN[name]
        answer = short_answer(found)
        assert len(answer) <= 5
        assert [risk.message in "\n".join(answer) for risk in found.risks][:1] == [True] * bool(found.risks)
    else:
        assert found.first_broken is not None
        assert found.first_broken.number == fault.links[0]
        check_the_five_lines(found)
        assert done
    assert after.verdict is Conclusion.FINE, str(after)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    if fault.shows is Shows.WHEN_STOPPED:
        assert lab.check().ok


def test_a_run_that_came_too_soon_is_told_so(lab: Lab) -> None:
    """AWS's words speak of link 2, and the policies allow it by now."""
    exercise = lab.practice().fault("two-names")
    exercise.inject()
    world = World(None, lab.scenario, clients={(side, "stepfunctions"): lab.environment.states(side) for side in Side})  # type: ignore[arg-type]
    failed = run(world, lab.scenario.operator_machine_arn)
    exercise.apply_solution()

    found = lab.diagnose(failed["executionArn"])

    assert found.verdict is Conclusion.FINE
    assert "AWS speaks of link 2, which the policies as they are now allow" in str(found)
    assert "start it again before changing anything" in str(found)
