"""Slides from the notebooks' own cells, with their stored outputs. `make slides`; open `build/slides/index.html`.

A cell's own `slideshow` metadata counts. Where it has none, each section begins a slide, and what is too much for one
goes on below it. The reader's exercises and their solutions stay in the notebook.
"""

from __future__ import annotations

import math
import shutil
import sys
from html import escape
from pathlib import Path
from typing import Final

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from publish.links import broken
from publish.places import Language, languages
from publish.reveal import NoReveal, copy_to

_TEMPLATES: Final = Path(__file__).parent / "templates"
_LINES: Final = 21  # of text that the back row can read, on one slide
_INTRODUCTION: Final = 5  # as few lines as that stay with what they introduce, however tall it is
_WIDTH: Final = 84  # characters in such a line
_PICTURE: Final = 15  # as many lines as a diagram takes
_YOURS: Final = ("## Your turn", "## やってみよう")
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"


def deal(notebook: NotebookNode) -> NotebookNode:
    """A copy whose every cell says whether it begins a slide, goes on with one, or is left out."""
    copy = nbformat.from_dict(notebook)
    filled, yours = 0, False
    for cell in copy.cells:
        heading = cell.source if cell.cell_type == "markdown" and cell.source.startswith("#") else ""
        if heading.startswith(("# ", "## ")):
            yours = heading.startswith(_YOURS)
        kind = cell.metadata.get("slideshow", {}).get("slide_type") or _kind(cell, heading, filled, yours=yours)
        filled = (filled if kind == "-" else 0) + (0 if kind == "skip" else _lines(cell))
        cell.metadata["slideshow"] = {"slide_type": kind}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(_WIDGET, None)
    return copy


def _kind(cell: NotebookNode, heading: str, filled: int, *, yours: bool) -> str:
    if yours or "solution" in cell.metadata.get("tags", ()):
        return "skip"
    if heading.startswith(("# ", "## ")):
        return "slide"
    too_much = filled > _INTRODUCTION and filled + _lines(cell) > _LINES
    return "subslide" if heading or too_much else "-"


def _lines(cell: NotebookNode) -> int:
    """About how many lines a cell with its outputs takes on a slide."""
    if cell.cell_type == "markdown":
        return _wrapped(cell.source)
    return 1 + _wrapped(cell.source) + sum(map(_lines_of_output, cell.get("outputs", ())))


def _lines_of_output(output: NotebookNode) -> int:
    data = output.get("data", {})
    if "image/svg+xml" in data or "<svg" in data.get("text/html", ""):
        return _PICTURE
    return _wrapped(output.get("text") or data.get("text/plain", ""))


def _wrapped(text: str) -> int:
    return sum(math.ceil(len(line) / _WIDTH) for line in text.splitlines())


def html(notebook: Path) -> str:
    """The slides of one notebook, which load reveal.js from the folder beside them."""
    exporter = SlidesExporter(
        template_name="xsfn",
        extra_template_basedirs=[str(_TEMPLATES)],
        reveal_url_prefix="reveal.js",
        reveal_theme="white",  # others bring their fonts from another host
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    text, _ = exporter.from_notebook_node(deal(nbformat.read(notebook, as_version=4)))
    # A link to the next notebook leads to its slides.
    return str(text).replace('.ipynb"', '.html"')


def make(language: Language, folder: Path) -> list[Path]:
    """Write the slides of every notebook, and a page that lists them. Raises `NoReveal`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy_to(folder / "reveal.js")
    shutil.copy(_TEMPLATES / "slides.css", folder)
    made = []
    for notebook in sorted(language.notebooks.glob("*.ipynb")):
        made.append(folder / f"{notebook.stem}.html")
        made[-1].write_text(html(notebook), encoding="utf-8")
    rows = "".join(f'<li><a href="{path.name}">{escape(path.stem)}</a>' for path in made)
    head = f'<!doctype html><html lang="{language.code}"><meta charset="utf-8"><title>xsfn</title>'
    (folder / "index.html").write_text(f"{head}<ul>{rows}</ul>", encoding="utf-8")
    return made


def main() -> int:
    """Make the slides of every language."""
    for language in languages():
        folder = language.made("slides")
        try:
            make(language, folder)
        except NoReveal as missing:
            sys.stderr.write(f"{missing}\n")
            return 2
        if wrong := broken(folder):
            sys.stderr.write("\n".join([*wrong, ""]))
            return 1
        sys.stdout.write(f"{folder / 'index.html'}: open it; arrow keys move, S shows notes, F fills the screen\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
