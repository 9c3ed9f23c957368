"""A built site is looked through: each link leads somewhere, and nothing is loaded from another host."""

from __future__ import annotations

from pathlib import Path

from publish.links import broken
from publish.places import DIAGRAMS, ROOT, Language
from publish.site import gather


def site(folder: Path, **pages: str) -> Path:
    for name, body in pages.items():
        (folder / f"{name}.html").write_text(f"<!doctype html><body>{body}")
    return folder


def test_links_that_lead_somewhere_are_all_right(tmp_path: Path) -> None:
    one = '<a href="two.html#part">two</a> <a href="#here">here</a> <p id="here">'
    one += '<a href="https://docs.aws.amazon.com/">AWS</a> <img src="data:image/png;base64,AA==">'

    assert broken(site(tmp_path, one=one, two='<h1 id="part">')) == []


def test_each_link_that_leads_nowhere_is_told_with_its_page(tmp_path: Path) -> None:
    told = broken(site(tmp_path, one='<a href="three.html"></a><a href="two.html#none"></a><img src="a.png">', two=""))

    assert told == [
        "one.html: three.html isn't there",
        "one.html: two.html#none names a place that isn't on that page",
        "one.html: a.png isn't there",
    ]


def test_what_would_be_loaded_from_another_host_is_told(tmp_path: Path) -> None:
    page = '<script src="https://cdn.example/x.js"></script><link rel="stylesheet" href="//fonts.example/a.css">'
    page += '<link rel="canonical" href="https://example.org/">'

    assert broken(site(tmp_path, one=page)) == [
        "one.html: loads https://cdn.example/x.js from another host",
        "one.html: loads //fonts.example/a.css from another host",
    ]


def test_pages_of_another_language_find_their_own_notebooks(tmp_path: Path) -> None:
    """They lie one folder deeper than the English ones, and side by side in the site."""

    class Elsewhere(Language):
        @property
        def docs(self) -> Path:
            return tmp_path / "docs" / "ja"

        @property
        def notebooks(self) -> Path:
            return tmp_path / "notebooks" / "ja"

    japanese = Elsewhere("ja")
    for folder in (japanese.docs, japanese.notebooks):
        folder.mkdir(parents=True)
    (japanese.docs / "index.md").write_text("[00](../../notebooks/ja/00.ipynb) [AWS](https://aws.amazon.com) [x](#x)")
    (japanese.notebooks / "00.ipynb").write_text('{"cells": ["[guide](../../docs/ja/index.md)"]}')
    (tmp_path / "sources").mkdir()
    gather(japanese, tmp_path / "sources")

    assert (
        tmp_path / "sources" / "index.md"
    ).read_text() == "[00](notebooks/00.ipynb) [AWS](https://aws.amazon.com) [x](#x)"
    assert "[guide](../index.md)" in (tmp_path / "sources" / "notebooks" / "00.ipynb").read_text()
    assert (tmp_path / "sources" / "diagrams" / "access-chain.svg").is_file()
    assert DIAGRAMS.is_relative_to(ROOT)
