"""Each route by itself: export, deploy to an empty pair of accounts, check, run, clean. All give the same chain."""

from __future__ import annotations

import pytest

from tests.deployment.export.conftest import Exporting, needs_cdk
from xsfn_helpers import Lab
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.cli import FAILED, OK, main
from xsfn_helpers.deployment.export import Route
from xsfn_helpers.deployment.snapshot import decide_links

pytestmark = pytest.mark.usefixtures("no_http")

ROUTES = ("cloudformation", "terraform", pytest.param("cdk", marks=needs_cdk))
# Link, outcome, and the statements that decided.
Decisions = list[tuple[int, bool, list[tuple[str, str]]]]


def options_of(lab: Lab) -> list[str]:
    """The options by which the command line finds this lab."""
    names = ("operator_machine", "operator_role", "subject_machine", "subject_role", "execute_role")
    chosen = {f"{name}_name": getattr(lab.scenario, f"{name}_name") for name in names} | {
        "lab_id": lab.environment.lab_id
    }
    return [part for key, value in chosen.items() for part in (f"--{key.replace('_', '-')}", value)]


def standing(lab: Lab) -> set[Action]:
    return {change.action for step in lab.steps for change in step.plan()}


def decisions(lab: Lab) -> Decisions:
    found: Decisions = []
    for verdict in decide_links(lab.environment):
        assert verdict.decision is not None
        by = sorted((one.policy.title, one.statement.label) for one in verdict.decision.decided_by)
        found.append((verdict.link.number, verdict.allowed, by))
    return found


@pytest.mark.parametrize("route", ROUTES)
def test_exported_deployed_checked_run_and_cleaned(
    lab: Lab, exported: Exporting, route: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`xsfn check` finds everything as by hand, live checks included; each link is decided by the same statements."""
    lab.set_stage(3)
    by_hand = decisions(lab)
    lab.clean()
    assert standing(lab) == {Action.CREATE}, "the accounts are to be empty"

    deployed = lab.deploy(exported(route))
    decided = decisions(lab)
    checked = main(["check", *options_of(lab)])
    report = capsys.readouterr().out
    run = lab.run()
    cleaned = main(["clean", *options_of(lab)])
    unchecked = main(["check", "--no-live", *options_of(lab)])

    assert {change.action for change in deployed} == {Action.CREATE}
    assert decided == by_hand
    assert [allowed for _, allowed, _ in decided] == [True] * 6
    assert (checked, "✗" in report) == (OK, False)
    assert run.succeeded
    assert (cleaned, unchecked) == (OK, FAILED)
    assert standing(lab) == {Action.CREATE}


def test_every_route_is_tried() -> None:
    assert {getattr(route, "values", (route,))[0] for route in ROUTES} == set(Route)
