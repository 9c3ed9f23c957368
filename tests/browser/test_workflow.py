"""The workflow graph in the browser: a picture with words of its own, in both themes and where there is little room."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, WIDTHS, JupyterLab, Notebook, theme
from tests.browser.labs import SharedLab

OPEN, RUN, GRAPH = range(3)
FIGURE = ".jp-RenderedHTML figure"


@pytest.fixture
def notebook(page: Page, jupyter: JupyterLab, shared: SharedLab) -> Notebook:
    """A notebook with the graph of a run that was denied at link 2."""
    cells = ("run = lab.run()", 'lab.workflow("operator", run)')
    notebook = jupyter.fill(page, shared.opening("lab.set_stage(3)\nlab.stage(2).undo()"), *cells)
    for index in (OPEN, RUN, GRAPH):
        assert notebook.run(index) == ""
    expect(picture(notebook)).to_be_visible()
    return notebook


def picture(notebook: Notebook) -> Locator:
    return notebook.page.locator(f"{FIGURE} img")


def test_a_failed_state_is_told_in_words_for_everybody_wherever_it_is(notebook: Notebook) -> None:
    page = notebook.page
    alt = picture(notebook).get_attribute("alt") or ""

    assert "✗ failed: States.TaskFailed" in alt
    assert "cross-account access: account 222222222222" in alt
    expect(page.locator(f"{FIGURE} figcaption")).to_have_text("✗ failed: thick dashed line.")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        frame, image = (page.locator(one).bounding_box() for one in (FIGURE, f"{FIGURE} img"))
        assert frame is not None
        assert image is not None
        assert image["x"] + image["width"] <= frame["x"] + frame["width"] + 1, width
        assert image["width"] > 200, width


def test_no_grave_accessibility_finding(notebook: Notebook, axe_script: str) -> None:
    found = []
    for scheme in (LIGHT, DARK):
        theme(notebook.page, scheme)
        found += axe.findings(notebook.page, axe_script, FIGURE, colours=scheme == DARK)

    assert [one for one in found if one["impact"] in axe.GRAVE] == []
