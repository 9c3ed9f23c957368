"""What a tab's notebooks say in place of words about a machine: each of those is still said, in both languages."""

from __future__ import annotations

import re
from typing import Final

import nbformat
import pytest

from publish.lite.content import in_browser
from publish.lite.words import IN_A_TAB, NOTES
from tests.notebooks.references import NOTEBOOKS, notebooks

BOOKS: Final = [path.relative_to(NOTEBOOKS).with_suffix("").as_posix() for path in notebooks()]
# Nothing of it is to be had in a tab. Notebook 06 is about a computer with AWS profiles, and says where it runs.
OF_A_MACHINE: Final = re.compile(
    r"127\.0\.0\.1|terminal\b|ターミナル|process of (?:its|their) own|独立したプロセス|専用のプロセス"
)


@pytest.mark.parametrize("book", IN_A_TAB)
def test_what_is_replaced_is_still_said(book: str) -> None:
    text = _prose(nbformat.read(NOTEBOOKS / f"{book}.ipynb", as_version=4))

    assert [said for said in IN_A_TAB[book] if said not in text] == []


@pytest.mark.parametrize("book", [book for book in BOOKS if "06-" not in book])
def test_nothing_that_a_tab_has_not_is_spoken_of(book: str) -> None:
    text = _prose(in_browser(nbformat.read(NOTEBOOKS / f"{book}.ipynb", as_version=4), book))

    assert OF_A_MACHINE.findall(text) == []


def test_both_languages_are_changed_in_the_same_places() -> None:
    english = {book for book in IN_A_TAB if "/" not in book}

    assert {f"ja/{book}" for book in english} == {book for book in IN_A_TAB if "/" in book}
    assert {f"ja/{book}" for book in NOTES if "/" not in book} == {book for book in NOTES if "/" in book}


def test_code_is_the_same_and_outputs_are_the_readers_own() -> None:
    stored = nbformat.read(NOTEBOOKS / "00-start-here.ipynb", as_version=4)
    given = in_browser(stored, "00-start-here")

    assert [cell.source for cell in given.cells if cell.cell_type == "code"] == [
        cell.source for cell in stored.cells if cell.cell_type == "code"
    ]
    assert not any(cell.outputs for cell in given.cells if cell.cell_type == "code")


def _prose(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
