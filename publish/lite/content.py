"""The lesson as it lies in the tab: notebooks without outputs, in their browser form, and the pictures beside them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import nbformat
from nbformat import NotebookNode

from publish.places import DIAGRAMS, ROOT, languages

# A cell's text in a browser tab, where it differs: in its metadata, so that it is read and tested beside it.
KEY: Final = "in_browser"


def gather(folder: Path) -> None:
    """Put the notebooks of every language and their pictures into `folder`, in the places that they link to."""
    for language in languages():
        target = folder / language.notebooks.relative_to(ROOT)
        target.mkdir(parents=True, exist_ok=True)
        for source in sorted(language.notebooks.glob("*.ipynb")):
            notebook = in_browser(nbformat.read(source, as_version=4))
            nbformat.write(notebook, target / source.name)
    shutil.copytree(
        DIAGRAMS, folder / DIAGRAMS.relative_to(ROOT), ignore=shutil.ignore_patterns("live-*", "*.png", "README*")
    )


def in_browser(notebook: NotebookNode) -> NotebookNode:
    """A copy as it is given to somebody in a browser tab."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        cell.source = cell.metadata.pop(KEY, cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy
