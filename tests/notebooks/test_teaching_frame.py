"""Every notebook has the same frame: questions, time and outcome first, key points last."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks.references import NOTEBOOKS

FIRST = ("00-start-here", "01-subject-execute-role", "02-operator-role", "03-operator-task")
# The English notebooks; translations follow their own words, cell by cell.
ENGLISH = sorted(NOTEBOOKS.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)


def cells_of(path: Path) -> list[NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


def test_the_walkthrough_is_complete() -> None:
    assert tuple(path.stem for path in ENGLISH)[: len(FIRST)] == FIRST


@each_notebook
def test_it_opens_with_title_time_questions_and_what_you_will_have_by_the_end(path: Path) -> None:
    opening = cells_of(path)[0]

    assert opening.cell_type == "markdown"
    assert re.match(rf"# {path.stem.partition('-')[0]} · \S", opening.source)
    assert re.search(r"^\*\*Time:\*\* \d+ minutes", opening.source, re.MULTILINE)
    assert re.search(r"^\*\*Questions\*\*\n+- .+\?$", opening.source, re.MULTILINE)
    assert re.search(r"^\*\*By the end\*\*", opening.source, re.MULTILINE)


@each_notebook
def test_it_ends_with_key_points(path: Path) -> None:
    ending = cells_of(path)[-1]

    assert ending.cell_type == "markdown"
    assert re.match(r"## Key points\n+- ", ending.source)


@each_notebook
def test_prose_goes_before_every_code_cell(path: Path) -> None:
    kinds = [cell.cell_type for cell in cells_of(path)]

    assert "code" in kinds
    assert ("code", "code") not in list(pairwise(kinds))


@each_notebook
def test_what_answers_a_question_is_out_of_sight_until_it_is_run(path: Path) -> None:
    """By its tag, in each language: JupyterLab shows the stored output when the cell is run, or when it's asked to."""
    for notebook in (path, path.parent / "ja" / path.name):
        asked = [
            answer
            for question, answer in pairwise(cells_of(notebook))
            if answer.cell_type == "code" and re.search(r"<summary>(?:Predict|予想|まず予想)", question.source)
            # A gap to fill has no answer yet.
            if "expect=..." not in answer.source
        ]
        assert [cell.id for cell in asked if "predict" not in cell.metadata.get("tags", ())] == []


@each_notebook
def test_code_is_plain_python_that_needs_the_helpers_only(path: Path) -> None:
    """The notebook teaches and the package works; a magic or a shell line would tie it to one front end or system."""
    imported = {
        name
        for cell in cells_of(path)
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source, filename=f"{path.name}, cell {cell.id}"))
        for name in imports_of(node)
    }

    assert imported == {"xsfn_helpers"}


def imports_of(node: ast.AST) -> list[str]:
    """The top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return []
