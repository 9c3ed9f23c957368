"""The lesson as it lies in the tab: notebooks without outputs, in their browser form, and the pictures beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from publish.lite.words import NOTES, in_a_tab
from publish.places import DIAGRAMS, ROOT, languages


def gather(folder: Path) -> None:
    """Put the notebooks of every language and their pictures into `folder`, in the places that they link to."""
    for language in languages():
        target = folder / language.notebooks.relative_to(ROOT)
        target.mkdir(parents=True, exist_ok=True)
        for source in sorted(language.notebooks.glob("*.ipynb")):
            book = source.relative_to(ROOT / "notebooks").with_suffix("").as_posix()
            notebook = in_browser(nbformat.read(source, as_version=4), book)
            nbformat.write(notebook, target / source.name)
    shutil.copytree(
        DIAGRAMS, folder / DIAGRAMS.relative_to(ROOT), ignore=shutil.ignore_patterns("live-*", "*.png", "README*")
    )


def in_browser(notebook: NotebookNode, book: str) -> NotebookNode:
    """A copy as it is given to somebody in a browser tab; `book` is its path below `notebooks`, without its suffix."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        cell.source = in_a_tab(book, cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    copy.cells[0].source += NOTES.get(book, "")
    return copy
