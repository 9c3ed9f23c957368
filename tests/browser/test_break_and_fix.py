"""Notebook 05 in the browser: its first fault by keyboard alone, and a score card that outlives the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, JupyterLab, Notebook, lay_out, show_all, theme
from tests.browser.labs import SharedLab
from xsfn_helpers import open_lab

PATH = Path("notebooks") / "05-break-and-fix.ipynb"
CARD = "practice.score_card()"
ACTIVE_CELL = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
FOCUSED_TAG = "() => document.activeElement.tagName"
MOST_TABS = 12


@pytest.fixture
def sources(shipped: Path) -> list[str]:
    """The sources of the notebook's cells; prose has an empty one."""
    cells = nbformat.read(shipped / PATH.name, as_version=4).cells
    return [cell.source if cell.cell_type == "code" else "" for cell in cells]


@pytest.fixture
def notebook(page: Page, jupyter: JupyterLab, shipped: Path) -> Iterator[Notebook]:
    """Notebook 05 as somebody opens it who has solved nothing yet."""
    practice = open_lab().practice()
    practice.restore()
    practice.forget()
    yield jupyter.open(page, PATH.as_posix())
    practice.restore()
    practice.forget()


def first_fault(sources: list[str]) -> range:
    """The cells from the first one to the check that says "solved"."""
    checks = [index for index, source in enumerate(sources) if source == "fault.check()"]
    return range(checks[1] + 1)


def solved() -> list[int]:
    """The numbers of the faults that the score card has."""
    return [row.number for row in open_lab().practice().score_card().rows if row.result]


def test_the_first_fault_by_keyboard_alone_and_a_score_card_that_a_restart_leaves(
    notebook: Notebook, sources: list[str]
) -> None:
    """Shift+Enter from cell to cell; a cell of the reader's own typed between them; what it shows unfolded and read."""
    keyboard, cells, hint = notebook.page.keyboard, first_fault(sources), sources.index("fault.hint()")

    for _ in cells[: hint + 1]:
        keyboard.press("Shift+Enter")
    notebook.wait_until_done(hint)
    keyboard.press("a")
    keyboard.press("Enter")
    keyboard.type('fault.look("subject")')
    keyboard.press("Shift+Enter")
    notebook.wait_until_done(hint + 1)
    keyboard.press("ArrowUp")
    assert "operator-statemachine-old" in unfolded_by_keyboard(notebook, hint + 1)

    keyboard.press("Shift+Enter")
    for _ in cells[hint + 1 :]:
        keyboard.press("Shift+Enter")
    notebook.wait_until_done(cells[-1] + 1)
    assert notebook.text(cells[-1] + 1).startswith("Fault 1 · The machine that got a new name: solved")
    assert solved() == [1]

    # The reader's own cell is one more before it.
    card = sources.index(CARD) + 1
    notebook.run(card)
    before = notebook.text(card)
    assert "✓  1 The machine that got a new name: 1 hint, 2 tries" in before

    notebook.restart()
    assert notebook.run(card).startswith("NameError")
    assert notebook.run(next(index for index in cells if sources[index])) == ""
    assert notebook.run(card) == ""
    assert notebook.text(card) == before


def unfolded_by_keyboard(notebook: Notebook, cell: int) -> str:
    """From a cell into its output with Tab, and what unfolds there with Enter."""
    page = notebook.page
    assert page.evaluate(ACTIVE_CELL) == cell
    folded = notebook.cell(cell).locator("details").first
    expect(folded).not_to_have_attribute("open", "")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED_TAG) == "SUMMARY":
            break
    expect(folded.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(folded).to_have_attribute("open", "")
    return folded.inner_text()


def test_no_grave_accessibility_finding_in_what_practice_shows(
    page: Page, jupyter: JupyterLab, shared: SharedLab, axe_script: str
) -> None:
    """Each kind of display that notebook 05 has; `make soak` looks at all of that notebook."""
    shows = ("fault.inject()", "fault.symptom()", "fault.hint()", 'fault.look("subject")', "fault.guess(link=2)")
    opening = shared.opening("lab.set_stage(3)\npractice = lab.practice()\nfault = practice.fault(1)")
    cells = (opening, *shows, "fault.check()", "fault.apply_solution()", "fault.check()", CARD)
    notebook = jupyter.write_and_open(page, *cells)
    show_all(page)
    found = []
    try:
        assert [notebook.run(index) for index in range(len(cells))] == [""] * len(cells)
        for scheme in (LIGHT, DARK):
            theme(page, scheme)
            lay_out(page)
            found += axe.findings(page, axe_script, ".jp-OutputArea-output", colours=scheme == DARK)
    finally:
        shared.lab.practice().restore()

    assert [one for one in found if one["impact"] in axe.GRAVE] == []
