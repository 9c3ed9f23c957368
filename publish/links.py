"""Do all links of a built site lead somewhere, and does no page load anything from another host?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself; the reader follows the others.
_LOADS: Final = {"script": "src", "img": "src", "iframe": "src", "source": "srcset", "video": "src"}
_LOADING_LINKS: Final = ("stylesheet", "icon", "preload", "manifest", "modulepreload")


@dataclass(slots=True)
class _Page(HTMLParser):
    """What a page links to and loads, and the places in it that can be linked to."""

    followed: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.followed.append(found["href"])
        elif tag == "link" and set(found.get("rel", "").split()) & set(_LOADING_LINKS):
            self.loaded.append(found.get("href", ""))
        elif (attribute := _LOADS.get(tag)) and attribute in found:
            self.loaded.append(found[attribute])


def broken(site: Path) -> list[str]:
    """One line for each link that leads nowhere, and for each thing that would be loaded from another host."""
    return [line for path in sorted(site.rglob("*.html")) for line in _broken_of(path, site)]


def _broken_of(path: Path, site: Path) -> Iterator[str]:
    page = _read(path)
    name = path.relative_to(site)
    for address in page.loaded:
        parts = urlsplit(address)
        if parts.scheme not in ("", "data") or parts.netloc:
            yield f"{name}: loads {address} from another host"
    for address in [*page.followed, *page.loaded]:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
        if not target.is_file():
            yield f"{name}: {address} isn't there"
        elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in _read(target).anchors:
            yield f"{name}: {address} names a place that isn't on that page"


@cache
def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page
