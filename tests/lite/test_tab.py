"""The lesson in a browser tab: whole notebooks, in Chromium, on the site as it is put on a static host."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from publish.lite.serve import SiteServer
from tests.lite.tab import Tab, errors, profile, shown
from tests.support.soak import SOAKING

# Building the site alone takes a minute and more.
pytestmark = pytest.mark.skipif(not SOAKING, reason="THE SITE FOR A BROWSER TAB WAS NOT TRIED: make soak builds it")
# On a machine with nothing else to do a notebook takes 20 to 60 s.
_PATIENCE = 600
_WHOLE = (
    "01-subject-execute-role",
    "02-operator-role",
    "03-operator-task",
    "04-why-it-was-decided",
    "05-break-and-fix",
)
BOOKS = (
    "notebooks/00-start-here",
    *((*(f"notebooks/{one}" for one in _WHOLE), "notebooks/ja/00-start-here") if SOAKING else ()),
)


@pytest.mark.parametrize("book", BOOKS)
def test_a_notebook_runs_whole_and_asks_nobody_else(page: Tab, book: str) -> None:
    page.open(f"{book}.ipynb", seconds=_PATIENCE)

    cells = page.run_all(seconds=_PATIENCE)

    assert errors(cells) == []
    assert all(cell["execution_count"] for cell in cells)
    assert any(shown(cell) for cell in cells)


def test_a_browser_that_cannot_suspend_is_told_so_instead_of_hanging(browser: Browser, server: SiteServer) -> None:
    with profile(browser) as context:
        context.add_init_script("delete WebAssembly.Suspending")
        page = context.new_page()

        page.goto(f"{server.url}lab/index.html")
        page.wait_for_url("**/needs-jspi.html")

        assert "can't run the lesson" in page.inner_text("h1")
