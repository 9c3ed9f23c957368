"""What cells of a browser tab showed, against what the notebooks store: the words, as nbval compares them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import nbformat
from nbval.plugin import get_sanitize_patterns  # type: ignore[import-untyped]

from conftest import NOT_COMPARED
from tests.notebooks.references import NOTEBOOKS

_RULES: Final = Path(__file__).parents[1] / "sanitize.cfg"
_ROLE_ID: Final = re.compile(r"\bAROA[A-Z0-9]{12,}")
# Numbers of cells and random ids of widgets, the lines of tracebacks; pictures have their own tests.
_LEFT_OUT: Final = (
    *NOT_COMPARED,
    "application/vnd.jupyter.widget-view+json",
    "execution_count",
    "metadata",
    "name",
    "output_type",
    "traceback",
)


def differences(cells: Sequence[dict[str, Any]], book: str) -> list[str]:
    """Cell by cell, where the code cells of a run of `book` say other words than its stored outputs.

    Each begins with the cell's last line, by which it is known: numbers move when a cell is added before.
    """
    stored = nbformat.read(NOTEBOOKS.parent / f"{book}.ipynb", as_version=4).cells
    expected = [(number, cell) for number, cell in enumerate(stored) if cell.cell_type == "code"]
    if len(expected) != len(cells):
        return [f"{len(cells)} code cells, and not {len(expected)}"]
    return [
        f"{last_line(cell.source)}\ncell {number}, {kind}:\n{_difference(there, here)}"
        for (number, cell), run in zip(expected, cells, strict=True)
        for kind, there, here in _different(_words(cell["outputs"]), _words(run["outputs"]))
    ]


def last_line(source: str) -> str:
    return source.rstrip().rpartition("\n")[2]


def _different(there: dict[str, str], here: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for kind in sorted({*there, *here}):
        if there.get(kind, "") != here.get(kind, ""):
            yield kind, there.get(kind, ""), here.get(kind, "")


def _words(outputs: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The texts of each kind, one after the other."""
    found: dict[str, list[str]] = defaultdict(list)
    for output in outputs:
        if output.get("name") in _LEFT_OUT:
            continue
        for kind, value in (*output.items(), *output.get("data", {}).items()):
            if kind not in _LEFT_OUT and kind != "data":
                found[kind].append(_sanitised("".join(value)))
    return {kind: "".join(texts) for kind, texts in found.items()}


def _sanitised(text: str) -> str:
    for pattern, replacement in get_sanitize_patterns(_RULES.read_text(encoding="utf-8")):
        text = re.sub(pattern, replacement, text)
    return text


def as_stored(text: str) -> str:
    """A text in which a role's unique ID is cut short, as the stored outputs have it."""
    return _ROLE_ID.sub("AROA…", text)


def _difference(there: str, here: str) -> str:
    """Only the lines that aren't in both."""
    theirs, ours = there.splitlines(), here.splitlines()
    lost = [f"- {line}" for line in theirs if line not in ours]
    return "\n".join([*lost, *(f"+ {line}" for line in ours if line not in theirs)])
