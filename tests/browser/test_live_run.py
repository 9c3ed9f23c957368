"""A live run in the browser: both histories while it goes on, the stop button, and an interrupt that harms nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, JupyterLab, Notebook, theme
from tests.browser.labs import NO_STOP, WAITING, SharedLab
from xsfn_helpers.display.live.run import PLACE

OPEN, RUN, AFTER, STATUS = range(4)
CELLS = ("run = lab.run(live=True)", "print(run)", "lab.status()")


def opened(page: Page, jupyter: JupyterLab, shared: SharedLab) -> Notebook:
    notebook = jupyter.fill(page, shared.opening(), *CELLS)
    assert notebook.run(OPEN) == ""
    return notebook


@pytest.fixture
def waiting(shared: SharedLab) -> SharedLab:
    """All stages applied, and a Subject state machine that waits to be stopped."""
    shared.lab.using(subject_definition=WAITING).set_stage(3)
    return shared


def statuses(shared: SharedLab) -> list[str]:
    """The statuses of the lab's executions in both accounts, as AWS gives them."""
    scenario = shared.lab.scenario
    found = []
    for handle, arn in (
        (shared.lab.operator, scenario.operator_machine_arn),
        (shared.lab.subject, scenario.subject_machine_arn),
    ):
        executions = handle.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
        found += [execution["status"] for execution in executions]
    return found


def test_a_run_shows_both_histories_and_ends_as_text(page: Page, jupyter: JupyterLab, shared: SharedLab) -> None:
    shared.lab.set_stage(3)
    notebook = opened(page, jupyter, shared)

    assert notebook.run(RUN) == ""
    assert notebook.run(AFTER) == ""

    expect(page.locator(".xsfn-run .xsfn-said").first).to_have_text("5 of 5 links passed")
    expect(page.locator('.xsfn-run tr[data-side="operator"]')).to_have_count(8)
    expect(page.locator('.xsfn-run tr[data-side="subject"]')).to_have_count(4)
    expect(page.locator(".xsfn-run .xsfn-dot[data-link]")).to_have_text(["1", "2", "3", "4", "6"])
    expect(page.locator(".xsfn-stop")).to_be_hidden()
    assert notebook.text(AFTER).splitlines()[0] == "Operator execution: SUCCEEDED"
    # What a notebook test compares: the same words however far the run was when it was shown.
    assert notebook.text(RUN) == PLACE


def test_the_stop_button_stops_both_executions(page: Page, jupyter: JupyterLab, waiting: SharedLab) -> None:
    notebook = opened(page, jupyter, waiting)
    notebook.begin(RUN)
    expect(page.locator('.xsfn-run tr[data-side="subject"]').first).to_contain_text("ExecutionStarted")
    assert statuses(waiting) == ["RUNNING", "RUNNING"]

    page.locator(".xsfn-stop").click()

    expect(page.locator(".xsfn-notice")).to_contain_text("Both executions are stopped")
    expect(page.locator(".xsfn-run")).to_have_attribute("data-ended", "true")
    assert statuses(waiting) == ["ABORTED", "ABORTED"]
    notebook.wait_until_done(RUN)
    notebook.run(AFTER)
    assert notebook.text(AFTER).splitlines()[0] == "Operator execution: ABORTED"


def test_a_child_that_cant_be_stopped_is_told_and_its_administrator_can(
    page: Page, jupyter: JupyterLab, waiting: SharedLab
) -> None:
    waiting.lab.using(execute_role_permissions=NO_STOP).stage(1).apply()
    notebook = opened(page, jupyter, waiting)
    notebook.begin(RUN)
    expect(page.locator('.xsfn-run tr[data-side="subject"]').first).to_be_visible()

    page.locator(".xsfn-stop").click()
    expect(page.locator(".xsfn-notice")).to_contain_text("the Subject execution is STILL RUNNING")
    expect(page.locator(".xsfn-notice")).to_contain_text("allows the states:StopExecution action")
    assert statuses(waiting) == ["ABORTED", "RUNNING"]

    page.locator(".xsfn-stop").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".xsfn-notice")).to_contain_text("The Subject's administrator stopped the Subject execution")
    assert statuses(waiting) == ["ABORTED", "ABORTED"]


def test_a_refused_run_tells_why(page: Page, jupyter: JupyterLab, shared: SharedLab) -> None:
    shared.lab.set_stage(3)
    shared.lab.stage(2).undo()
    notebook = opened(page, jupyter, shared)

    notebook.run(RUN)
    trouble = page.locator(".xsfn-trouble")

    expect(trouble).to_contain_text("Denied at link 2 of the access chain")
    expect(trouble).to_contain_text("is not authorized to assume the task state's role")
    expect(trouble).to_contain_text("Smallest change that would allow it: in account 111111111111")


def test_an_interrupt_ends_the_waiting_alone(page: Page, jupyter: JupyterLab, waiting: SharedLab) -> None:
    """The ■ of the toolbar; the button in the display goes on working, and the lab is as it was."""
    notebook = opened(page, jupyter, waiting)
    notebook.begin(RUN)
    expect(page.locator('.xsfn-run tr[data-side="subject"]').first).to_be_visible()

    notebook.interrupt()
    notebook.wait_until_done(RUN)
    assert statuses(waiting) == ["RUNNING", "RUNNING"]
    page.locator(".xsfn-stop").click()

    expect(page.locator(".xsfn-notice")).to_contain_text("Both executions are stopped")
    assert statuses(waiting) == ["ABORTED", "ABORTED"]
    assert notebook.run(STATUS) == ""
    expect(page.locator(".xsfn-status .xsfn-said")).to_have_text("3 of 4 steps applied")


def test_the_status_keeps_up(page: Page, jupyter: JupyterLab, shared: SharedLab) -> None:
    notebook = jupyter.fill(page, shared.opening("lab.set_stage(1)"), "lab.status()", "lab.stage(2).apply()")
    notebook.run(0)
    notebook.run(1)
    status = page.locator(".xsfn-status")
    expect(status).to_contain_text("2 of 4 steps applied")

    notebook.run(2)

    expect(status).to_contain_text("3 of 4 steps applied")
    expect(status).to_contain_text("Next: lab.stage(3).apply()")


def test_no_grave_accessibility_finding(page: Page, jupyter: JupyterLab, waiting: SharedLab, axe_script: str) -> None:
    notebook = opened(page, jupyter, waiting)
    notebook.run(STATUS)
    notebook.begin(RUN)
    expect(page.locator('.xsfn-run tr[data-side="subject"]').first).to_be_visible()

    found = []
    for scheme in (LIGHT, DARK):
        theme(page, scheme)
        found += axe.findings(page, axe_script, ".xsfn-run", colours=scheme == DARK)
    page.locator(".xsfn-stop").click()
    expect(page.locator(".xsfn-notice")).to_contain_text("Both executions are stopped")
    for scheme in (DARK, LIGHT):
        theme(page, scheme)
        found += axe.findings(page, axe_script, ".xsfn-run", colours=scheme == DARK)
        found += axe.findings(page, axe_script, ".xsfn-status", colours=scheme == DARK)

    assert [one for one in found if one["impact"] in axe.GRAVE] == []
