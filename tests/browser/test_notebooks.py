"""Notebooks through JupyterLab's page, cell by cell, as a reader runs them: no error that they don't teach.

`make soak` runs every one. nbval always does, without a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, WIDE, JupyterLab, Watch, close_all, lay_out, show_all, theme
from tests.notebooks.references import NOTEBOOKS, notebooks
from tests.support.soak import SOAKING

# What `make test` runs on the page: the first, and, in Japanese, the one with the task, whose cells are the same as the
# English one's. What practice shows is looked at in test_break_and_fix.py.
_IN_SHORT = ("00",)
# The walkthrough, the questions and the practice: without one of them, the course has a hole.
NUMBERS = ("00", "01", "02", "03", "03b", "04", "05")
# Of the Japanese ones, those that show most of what has words in it.
_JAPANESE = ("00", "03") if SOAKING else ("03",)
# Runs all cells as the menu's "Run All Cells" would, past the errors that are taught; gives the others.
_RUN_ALL = """async () => {
  const notebook = jupyterapp.shell.currentWidget.content;
  const untaught = [];
  for (const [index, cell] of notebook.widgets.entries()) {
    if (cell.model.type !== "code") continue;
    notebook.activeCellIndex = index;
    await jupyterapp.commands.execute("notebook:run-cell");
    const error = cell.model.sharedModel.getOutputs().find((output) => output.output_type === "error");
    const taught = (cell.model.getMetadata("tags") ?? []).includes("raises-exception");
    if (error && !taught) untaught.push(`cell ${index}: ${error.ename}: ${error.evalue}`);
    if (cell.model.executionCount === null) untaught.push(`cell ${index} didn't run`);
  }
  return untaught;
}"""


def number(path: Path) -> str:
    return path.name.partition("-")[0]


def shown() -> list[Path]:
    """The notebooks that are run on the page; nbval runs all of them without it."""
    english = [path for path in notebooks() if path.parent == NOTEBOOKS and (SOAKING or number(path) in _IN_SHORT)]
    return english + [path for path in notebooks() if path.parent != NOTEBOOKS and number(path) in _JAPANESE]


@dataclass(frozen=True, slots=True)
class Read:
    """A notebook that was run to its end on the page, where it is still open."""

    page: Page
    untaught: list[str]
    shown: int


@pytest.fixture(scope="module", params=shown(), ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
def read(
    request: pytest.FixtureRequest, only_page: Page, watch: Watch, jupyter: JupyterLab, shipped: Path
) -> Iterator[Read]:
    watch.forget()
    theme(only_page, LIGHT)
    only_page.set_viewport_size(WIDE)
    here = shipped / request.param.relative_to(NOTEBOOKS)
    jupyter.open(only_page, here.relative_to(jupyter.root).as_posix())
    show_all(only_page)
    untaught = only_page.evaluate(_RUN_ALL)
    yield Read(only_page, untaught, only_page.locator(".jp-OutputArea-output").count())
    close_all(only_page)


def test_none_is_left_out() -> None:
    assert tuple(number(path) for path in notebooks() if path.parent == NOTEBOOKS)[: len(NUMBERS)] == NUMBERS


def test_it_runs_through_the_page_without_an_error(read: Read, watch: Watch) -> None:
    broken = read.page.locator(".jp-OutputArea-output", has_text="Error displaying widget").all_inner_texts()

    assert read.untaught == []
    assert read.shown > 0
    assert broken == []
    assert watch.errors == []
    assert watch.abroad == [], "requests left the machine"


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_no_grave_accessibility_finding_in_what_it_shows(
    read: Read, watch: Watch, axe_script: str, scheme: str
) -> None:
    theme(read.page, scheme)
    lay_out(read.page)

    found = axe.findings(read.page, axe_script, ".jp-OutputArea-output", colours=scheme == DARK)

    assert [one for one in found if one["impact"] in axe.GRAVE] == []
    assert watch.errors == []
