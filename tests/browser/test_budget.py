"""Each display is there, and follows, in a fifth of a second: one test, for it waits until it has the machine."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyter import JupyterLab, Notebook, tidy
from tests.browser.labs import SharedLab
from tests.browser.test_editor import with_another_id
from tests.browser.test_task_form import NO_ROLE, role
from tests.browser.timing import ROUNDS, Figures, time_edit, time_to_show, within_budget

OPEN, SHOW, APPLY, UNDO = range(4)


@pytest.mark.timed
def test_every_display_is_shown_and_follows_within_the_budget(
    page: Page, jupyter: JupyterLab, shared: SharedLab
) -> None:
    shared.lab.set_stage(3)

    def opened(call: str, *more: str) -> Notebook:
        tidy(page)
        notebook = jupyter.fill(page, shared.opening(), call, *more)
        assert notebook.run(OPEN) == ""
        return notebook

    of_the_live_diagram(opened("lab.live_diagram()", "lab.stage(2).apply()", "lab.stage(2).undo()"))
    of_the_static_diagram(opened("lab.diagram()"))
    shared.lab.set_stage(3)
    of_the_editor(opened('lab.edit("execute-role trust")'), shared)
    of_the_task_form(opened("lab.task_form()"))


def of_the_live_diagram(notebook: Notebook) -> None:
    def figures() -> Figures:
        shown = [time_to_show(notebook, SHOW, ".xsfn-chip[data-link='6']") for _ in range(ROUNDS)]
        changed = []
        for _ in range(ROUNDS):
            changed.append(notebook.timed(UNDO, ".xsfn-chip[data-link='2'][data-state='refused']"))
            changed.append(notebook.timed(APPLY, ".xsfn-chip[data-link='2'][data-state='allowed']"))
        return {"from call to visible": shown, "from change to visible": changed}

    within_budget("live diagram", figures)


def of_the_static_diagram(notebook: Notebook) -> None:
    picture = ".jp-RenderedHTML figure img"

    within_budget(
        "diagram", lambda: {"from call to visible": [time_to_show(notebook, SHOW, picture) for _ in range(ROUNDS)]}
    )


def of_the_editor(notebook: Notebook, shared: SharedLab) -> None:
    good, bad = shared.lab.blueprint.execute_role_trust, with_another_id(shared.lab)
    second, area = ".xsfn-editor .xsfn-turns li[data-link='2']", ".xsfn-editor textarea"

    def figures() -> Figures:
        shown = [time_to_show(notebook, SHOW, second) for _ in range(ROUNDS)]
        judged = []
        for _ in range(ROUNDS):
            judged.append(time_edit(notebook.page, area, bad, f"{second}[data-state='refused']"))
            judged.append(time_edit(notebook.page, area, good, f"{second}[data-state='allowed']"))
        return {"from call to visible": shown, "from an edit to its links": judged}

    within_budget("policy editor", figures)


def of_the_task_form(notebook: Notebook) -> None:
    page = notebook.page
    third, area = ".xsfn-task .xsfn-turns li[data-link='3']", ".xsfn-task textarea"
    assert notebook.run(SHOW) == ""
    good = page.locator(area).input_value()
    role(page).select_option(NO_ROLE)
    expect(page.locator(third)).to_contain_text("✗ would break")
    bad = page.locator(area).input_value()

    def figures() -> Figures:
        shown = [time_to_show(notebook, SHOW, third) for _ in range(ROUNDS)]
        judged = []
        # It is shown with what was written last.
        for _ in range(ROUNDS):
            judged.append(time_edit(page, area, good, f"{third}[data-state='allowed']"))
            judged.append(time_edit(page, area, bad, f"{third}[data-state='refused']"))
        return {"from call to visible": shown, "from an edit to its links": judged}

    within_budget("task form", figures)
