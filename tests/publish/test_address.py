"""The link to the lesson in a browser tab: said once, then in both READMEs, on the site and its notebooks' pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publish.address import READMES, VARIABLE, NoAddress, address, linked
from publish.places import Language, languages
from publish.site import gather

PLACE = "https://example.com/lesson/"


def test_the_address_ends_with_a_slash_and_is_one() -> None:
    assert address({}) == ""
    assert address({VARIABLE: " https://example.com/lesson "}) == PLACE
    for wrong in ("example.com", "http://example.com", "https://x/(y)", "javascript:alert(1)"):
        with pytest.raises(NoAddress, match=VARIABLE):
            address({VARIABLE: wrong})


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_a_readme_has_the_button_in_its_first_screen(readme: Path) -> None:
    first_screen = "\n".join(readme.read_text(encoding="utf-8").splitlines()[:12])

    assert f"]({PLACE})<!-- make lite-link -->" in linked(first_screen, PLACE)
    assert linked(linked(first_screen, PLACE), PLACE) == linked(first_screen, PLACE)


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.code)
def test_the_site_s_first_page_and_every_notebook_page_open_it(
    language: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, PLACE)
    sources = tmp_path / "sources"
    sources.mkdir()

    gather(language, sources)

    assert f"({PLACE}index.html)" in "\n".join((sources / "index.md").read_text(encoding="utf-8").splitlines()[:4])
    before = "" if language.code == "en" else f"{language.code}-"
    pages = sorted((sources / "notebooks").glob("*.ipynb"))
    assert len(pages) == len(list(language.notebooks.glob("*.ipynb")))
    for page in pages:
        first = "".join(json.loads(page.read_text(encoding="utf-8"))["cells"][0]["source"])
        assert first.endswith(f"({PLACE}lab/index.html?workspace={before}{page.stem})")


def test_without_an_address_the_site_has_no_such_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    (tmp_path / "sources").mkdir()

    gather(Language("en"), tmp_path / "sources")

    assert "lab/index.html" not in (tmp_path / "sources/notebooks/00-start-here.ipynb").read_text("utf-8")
