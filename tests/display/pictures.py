"""Reading an SVG by its structure, because each Graphviz version lays the same DOT text out differently."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from xml.etree import ElementTree

import pytest

SVG = "{http://www.w3.org/2000/svg}"

needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None and find_spec("pygraphviz") is None,
    reason="neither the dot program nor pygraphviz is installed: pictures aren't drawn, only their sources compared",
)


@dataclass(frozen=True)
class Part:
    """One `<g>` of a picture: a box, a chip, a line or an account."""

    kind: str
    title: str
    words: str


def parts(svg: str) -> dict[str, Part]:
    """Every part of a picture by its id."""
    return {
        group.get("id", ""): Part(group.get("class", ""), group.findtext(f"{SVG}title", ""), _words(group))
        for group in ElementTree.fromstring(svg).iter(f"{SVG}g")
        if group.get("class") != "graph"
    }


def shape(svg: str, part_id: str) -> set[tuple[str, str]]:
    """The element names of a part, each with its dash pattern ("" for a solid line)."""
    group = next(group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id") == part_id)
    return {
        (element.tag.removeprefix(SVG), element.get("stroke-dasharray", ""))
        for element in group
        if element.tag.removeprefix(SVG) in {"path", "polygon", "polyline"}
    }


def description(svg: str) -> tuple[str | None, str | None]:
    """Title and description of the whole picture, as a screen reader finds them."""
    root = ElementTree.fromstring(svg)
    return root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")


def _words(group: ElementTree.Element) -> str:
    return " ".join(word for text in group.iter(f"{SVG}text") for word in "".join(text.itertext()).split())
