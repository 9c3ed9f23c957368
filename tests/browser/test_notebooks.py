"""Every notebook through JupyterLab's page, cell by cell, as a reader runs it: no error that it doesn't teach."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.jupyter import JupyterLab
from tests.notebooks.references import NOTEBOOKS, notebooks
from xsfn_helpers import open_lab

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


@pytest.fixture(scope="module")
def shipped(jupyter: JupyterLab) -> Iterator[Path]:
    """A copy of the notebooks where JupyterLab serves them; what they build is removed at the end."""
    folder = jupyter.root / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    yield folder
    open_lab().clean()


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
def test_it_runs_through_the_page_without_an_error(page: Page, jupyter: JupyterLab, shipped: Path, path: Path) -> None:
    here = shipped / path.relative_to(NOTEBOOKS)
    jupyter.open(page, here.relative_to(jupyter.root).as_posix())

    untaught = page.evaluate(_RUN_ALL)

    assert untaught == []
    broken = page.locator(".jp-OutputArea-output", has_text="Error displaying widget").all_inner_texts()
    assert broken == []
