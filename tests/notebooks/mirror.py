"""A notebook beside its translation, cell by cell, and what of a Markdown cell can be counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks.references import NOTEBOOKS

JAPANESE: Final = NOTEBOOKS / "ja"
each_notebook = pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))

HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN: Final = re.compile(r"`([^`\n]+)`|<code>(.+?)</code>")
TAG: Final = re.compile(r"</?[a-z]+>")
LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def cells(folder: Path, name: str) -> list[NotebookNode]:
    """Those of a notebook of that name in `NOTEBOOKS` or `JAPANESE`."""
    return list(nbformat.read(folder / name, as_version=4).cells)


def pairs(name: str, kind: str) -> Iterator[tuple[int, NotebookNode, NotebookNode]]:
    """Number, original and translation of each cell of a kind."""
    both = zip(cells(NOTEBOOKS, name), cells(JAPANESE, name), strict=True)
    return ((number, one, other) for number, (one, other) in enumerate(both, 1) if one.cell_type == kind)


def unlike(name: str, what: Callable[[str], object], listed: Mapping[str, str] | None = None) -> list[str]:
    """One line for each Markdown cell whose translation hasn't the same of something."""
    return [
        f"{name}, cell {number} ({one.id}): {what(other.source)} instead of {what(one.source)}"
        for number, one, other in pairs(name, "markdown")
        if what(one.source) != what(other.source) and one.id not in (listed or {})
    ]


def prose(text: str) -> str:
    """A cell without its code, markup and addresses."""
    for pattern, left in ((FENCED, ""), (SPAN, "`"), (TAG, ""), (LINK, r"\1")):
        text = pattern.sub(left, text)
    return text.replace("**", "")


def headings(text: str) -> list[tuple[str, str]]:
    """Marks and words of each."""
    return HEADING.findall(FENCED.sub("", text))


def spans(text: str) -> Counter[str]:
    """What is written as code within the prose."""
    return Counter(one or other for one, other in SPAN.findall(FENCED.sub("", text)))
