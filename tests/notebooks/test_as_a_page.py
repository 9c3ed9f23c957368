"""Without a front end (nbconvert's HTML, a preview on the web) every notebook still tells the whole story."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks.pages import Page, page_of
from tests.notebooks.references import NOTEBOOKS, WIDGET_VIEW, language_of, notebooks
from xsfn_helpers.common.language import LANGUAGES, speaking, tr
from xsfn_helpers.display.live.run import PLACE

each_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
# The calls that show a live display; one that is printed is words alone.
LIVE: Final = re.compile(r"(?<!print\()lab\.(?:live_diagram|status|edit|task_form)\(|live=True|\.watch\(\)")
# Characters: fewer name a picture, and don't say what it shows.
MOST_TERSE: Final = 80
_FRONT_END_ONLY: Final = ("Error displaying widget", "widget-view", "jupyter-widgets", "Loading widget", "anywidget")


def code_cells(path: Path) -> list[NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def words_of(output: NotebookNode) -> str:
    """What an output tells as plain words."""
    return str(output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue", ""))


def squeezed(text: str) -> str:
    return " ".join(text.split())


@each_notebook
def test_every_output_is_there_in_words_and_on_the_page(path: Path) -> None:
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    page = page_of(path).words

    assert outputs
    assert [output for output in outputs if not words_of(output).strip()] == []
    assert [output for output in outputs if "text/html" in output.get("data", {}) and not said(output, page)] == []


def said(output: NotebookNode, page: str) -> bool:
    """Whether the page has all that the HTML form of the output says: none of it was left out or replaced."""
    return Page(output.data["text/html"]).words in page


@each_notebook
def test_every_value_is_on_the_page(path: Path) -> None:
    """Those with no form but words."""
    page = page_of(path).words
    plain = [
        words_of(output) for cell in code_cells(path) for output in cell.outputs if not formed(output.get("data", {}))
    ]

    assert [text for text in plain if squeezed(text) not in page] == []


def formed(data: dict[str, Any]) -> bool:
    return "text/html" in data or "text/markdown" in data


@each_notebook
def test_nothing_on_it_needs_a_widget_or_a_program(path: Path) -> None:
    page = page_of(path)

    assert page.programs == []
    assert [word for word in _FRONT_END_ONLY if word in page.html] == []
    assert WIDGET_VIEW not in json.dumps(nbformat.read(path, as_version=4))


@each_notebook
def test_every_picture_says_what_it_shows_and_comes_along(path: Path) -> None:
    pictures = page_of(path).pictures

    assert [one.source[:80] for one in pictures if not one.source.startswith("data:image/svg+xml;base64,")] == []
    assert [one.alt for one in pictures if len(one.alt) < MOST_TERSE] == []


def test_each_live_display_leaves_words_and_a_page_of_its_own() -> None:
    shown = [cell for path in notebooks() for cell in code_cells(path) if LIVE.search(cell.source)]

    assert len(shown) >= len({match for cell in shown for match in LIVE.findall(cell.source)}) >= 6
    for cell in shown:
        (output,) = [output for output in cell.outputs if output.output_type != "stream"]
        assert {"text/html", "text/plain"} <= output.data.keys(), cell.source


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_a_run_that_was_shown_live_is_told_right_after_it(spoken: str) -> None:
    """Its display keeps the place; how the run ended is in the next cell."""
    with speaking(spoken):
        place = tr(PLACE)
        lines = (
            tr("Operator execution: {status}", status="…"),
            tr("Subject execution, in the Subject account: {subject_status}", subject_status="…"),
        )
    ended = re.escape("\n".join(lines)).replace("…", "[A-Z]+")
    pairs = [pair for path in notebooks() if language_of(path) == spoken for pair in pairwise(code_cells(path))]
    told = [
        "\n".join(map(words_of, after.outputs))
        for before, after in pairs
        if place in "\n".join(map(words_of, before.outputs))
    ]

    assert len(told) == 4
    assert [text for text in told if not re.match(ended, text)] == []
