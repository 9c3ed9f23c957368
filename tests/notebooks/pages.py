"""A notebook as a page without a front end: what `jupyter nbconvert --to html` makes of what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import nbformat
from nbconvert import HTMLExporter

# Elements that hold no words for the reader.
_WORDLESS: Final = frozenset({"style", "script"})


@dataclass(frozen=True, slots=True)
class Picture:
    """Where it comes from, and what it shows in words."""

    source: str
    alt: str


class Page(HTMLParser):
    """Its words as a screen reader would say them, in order; its pictures; and everything in it that would run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.programs: list[str] = []
        self.pictures: list[Picture] = []
        self._words: list[str] = []
        self._within: list[str] = []
        self.feed(html)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _WORDLESS:
            self._within.append(tag)
        if tag == "script":
            self.programs.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.programs.append(f"{tag} {name}={value}")
        if tag == "img":
            values = dict(attrs)
            self.pictures.append(Picture(values.get("src") or "", values.get("alt") or ""))
            self._words.append(self.pictures[-1].alt)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self._words.append(data)


@cache
def page_of(path: Path) -> Page:
    """The stored notebook at `path`, without the frame around it: that is nbconvert's own, scripts included."""
    exporter = HTMLExporter(template_name="basic")
    html, _ = exporter.from_notebook_node(nbformat.read(path, as_version=4))
    return Page(html)
