"""Slides from the notebooks' own cells: nothing invented, nothing of the reader's exercises, no other host asked."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from playwright.sync_api import Browser

from publish.places import languages
from publish.reveal import NoReveal
from publish.slides import deal, make

code, markdown = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell


def kinds(*cells: NotebookNode) -> list[str]:
    dealt = deal(nbformat.v4.new_notebook(cells=list(cells)))
    return [cell.metadata["slideshow"]["slide_type"] for cell in dealt.cells]


def printed(lines: int) -> NotebookNode:
    return code("show()", outputs=[nbformat.v4.new_output("stream", text="line\n" * lines)])


def test_each_section_begins_a_slide_and_its_cells_follow() -> None:
    cells = (markdown("# Title"), markdown("## One"), printed(3), markdown("### Part"), printed(3))

    assert kinds(*cells) == ["slide", "slide", "-", "subslide", "-"]


def test_what_is_too_much_for_a_slide_goes_on_below_it() -> None:
    assert kinds(markdown("## One"), printed(12), printed(12), printed(2)) == ["slide", "-", "subslide", "-"]


def test_an_introduction_stays_with_what_it_introduces() -> None:
    assert kinds(markdown("## One\n\nLook:"), printed(40), printed(2)) == ["slide", "-", "subslide"]


def test_exercises_and_solutions_stay_in_the_notebook() -> None:
    solution = code("solve()", metadata={"tags": ["solution"]})
    cells = (
        markdown("## Your turn\n\n### Try"),
        printed(2),
        markdown("### Again"),
        markdown("## Key points"),
        solution,
    )

    assert kinds(*cells) == ["skip", "skip", "skip", "slide", "skip"]


def test_a_cell_that_says_so_itself_is_believed() -> None:
    notes = markdown("## One", metadata={"slideshow": {"slide_type": "notes"}})

    assert kinds(notes, printed(2)) == ["notes", "-"]


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides") / "en"
    try:
        make(languages()[0], folder)
    except NoReveal as missing:
        pytest.skip(f"NO SLIDES WERE MADE: {missing}")
    return folder


def test_every_notebook_is_shown_from_the_disk(slides: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda asked: trouble.append(asked.url) if asked.url.startswith("http") else None)
    shown = {}
    for notebook in sorted(languages()[0].notebooks.glob("*.ipynb")):
        page.goto((slides / f"{notebook.stem}.html").as_uri())
        page.wait_for_function("() => window.Reveal?.isReady?.()")
        shown[notebook.stem] = page.locator("h1").inner_text()
        assert page.evaluate("() => Reveal.getTotalSlides()") > 5
        title = re.findall(r"^# (.*)$", nbformat.read(notebook, as_version=4).cells[0].source, re.MULTILINE)
        assert shown[notebook.stem] == title[0]
    page.close()

    assert trouble == []
    assert len(shown) == len(list(slides.glob("0*.html")))
