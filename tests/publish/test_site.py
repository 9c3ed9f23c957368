"""The site to read: built with warnings as errors, read from the disk, in light and dark, by everybody."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from publish.places import ROOT, languages
from tests.browser import axe

PAGES = ("index", "instructor-guide", "reference", "settings", "search", "notebooks/03-operator-task")


def _python_with_sphinx() -> str | None:
    own = ROOT / ".venv-site" / "bin" / "python"
    if all(map(find_spec, ("sphinx", "myst_nb", "furo"))):
        return sys.executable
    return str(own) if own.exists() else None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with the notebooks' stored outputs: `make site` executes them."""
    python = _python_with_sphinx()
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no Sphinx, so nothing shows that the site can be built")
        pytest.skip("NO SITE WAS BUILT: `make site` makes the environment that it needs")
    folder = tmp_path_factory.mktemp("site")
    command = [python, "-m", "publish.site", "--no-execute", "--into", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_it_has_every_notebook_and_page_in_each_language(site: Path) -> None:
    for language in languages():
        sources = [
            *language.docs.glob("*.md"),
            *(Path("notebooks") / path.name for path in language.notebooks.glob("*.ipynb")),
        ]
        built = [site / language.code / (path if not path.is_absolute() else Path(path.name)) for path in sources]

        assert [path for path in built if not path.with_suffix(".html").is_file()] == []
    assert "en/index.html" in (site / "index.html").read_text()


def test_it_shows_what_the_notebooks_show(site: Path) -> None:
    page = (site / "en" / "notebooks" / "03-operator-task.html").read_text(encoding="utf-8")

    assert "Cross-account pass role is not allowed." in page
    assert "<svg" in page
    assert "widget-view" not in page


def test_it_is_read_from_the_disk_without_errors_and_by_everybody(site: Path, browser: Browser) -> None:
    """In light; and in dark, what its colours could break."""
    try:
        rules = axe.script()
    except axe.NoAxe as missing:
        pytest.skip(f"ACCESSIBILITY WAS NOT CHECKED: {missing}")
    page = browser.new_page(color_scheme="light", viewport={"width": 1280, "height": 900})
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda asked: trouble.append(asked.url) if asked.url.startswith("http") else None)
    grave = {}
    for name in PAGES:
        page.emulate_media(color_scheme="light")
        page.goto((site / "en" / f"{name}.html").as_uri())
        assert trouble == [], name
        found = axe.findings(page, rules, "body")
        page.emulate_media(color_scheme="dark")
        found += axe.findings(page, rules, "body", colours=True)
        grave |= {f"{name}: {one['rule']}": one["nodes"] for one in found if one["impact"] in axe.GRAVE}
        trouble.clear()  # axe looks at style sheets by itself, which a page from the disk may not
    page.close()

    assert grave == {}


def test_search_finds_without_a_server(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((site / "en" / "search.html").as_uri() + "?q=confused+deputy")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").all_inner_texts()
    page.close()

    assert any("The Operator's role" in title for title in found)
