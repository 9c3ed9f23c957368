"""The lesson in a browser tab: whole notebooks, in Chromium, on the site as it is put on a static host."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import nbformat
import pytest
from playwright.sync_api import Browser

from publish.lite.serve import SiteServer
from publish.places import ROOT
from tests.browser.map_room import PANE
from tests.lite.compared import as_stored, differences, last_line
from tests.lite.lesson import FIRST, LONG, PATIENCE
from tests.lite.machine import processor_times, worked_since
from tests.lite.tab import Tab, errors, profile, said_besides, shown
from tests.notebooks.test_teaching import FAULTS
from tests.support.quiet import hold_to
from tests.support.soak import SOAKING, soaked

_WHOLE: Final = (
    FIRST,
    "notebooks/01-subject-execute-role",
    "notebooks/02-operator-role",
    "notebooks/03-operator-task",
    "notebooks/03b-when-a-run-fails",
    "notebooks/04-why-it-was-decided",
    "notebooks/05-break-and-fix",
    "notebooks/06-your-own-accounts",
    "notebooks/07-infrastructure-as-code",
    "notebooks/08-beyond-step-functions",
    "notebooks/ja/00-start-here",
    "notebooks/ja/02-operator-role",
)
_PLACE: Final = "lab.status() says that the lab is in a browser tab"
_NO_CDK: Final = "the CDK needs Node.js, and a tab can't start it; the cell says so"
# What a tab says otherwise than is stored, by the last line of its cell, and why.
EXCEPTIONS: Final = {
    (FIRST, "lab.status()"): _PLACE,
    ("notebooks/ja/00-start-here", "lab.status()"): _PLACE,
    ("notebooks/03-operator-task", "lab.status()"): _PLACE,
    ("notebooks/07-infrastructure-as-code", "print(lab.status())"): _PLACE,  # at the beginning, and at the end
    ("notebooks/07-infrastructure-as-code", "lab.cdk_grants(cdk)"): _NO_CDK,
    ("notebooks/07-infrastructure-as-code", 'lab.compare_routes("cdk")'): _NO_CDK,
}
# Notebook 06 ends on accounts that play AWS's, which the map leaves alone.
_ELSEWHERE: Final = "notebooks/06-your-own-accounts"
BOOKS: Final = [
    pytest.param(book, id=f"{book}, {turn}")
    for turn in ("once", "twice")[: soaked(short=1, long=2)]
    for book in (_WHOLE if SOAKING else (FIRST,))
]
# The run that notebook 00 begins with is its third code cell.
_FIRST_RUN: Final = 3
FIRST_RUN_SECONDS: Final = 30
CHECK_SECONDS: Final = 3
CELL_SECONDS: Final = 10
MOST_BYTES: Final = 30e6


@pytest.fixture(scope="module")
def seen() -> dict[str, str]:
    """What each notebook has shown, as far as they have run."""
    return {}


@pytest.fixture(scope="module")
def slowest() -> dict[str, float]:
    """The seconds that the slowest cell of each took, the last time."""
    return {}


@pytest.mark.parametrize("book", BOOKS)
def test_a_notebook_shows_what_is_stored_and_asks_nobody_else(
    page: Tab, book: str, seen: dict[str, str], slowest: dict[str, float], figure: Callable[[str], None]
) -> None:
    before = processor_times()
    page.open(f"{book}.ipynb", seconds=PATIENCE)
    page.run_all(seconds=PATIENCE, end=_FIRST_RUN)
    first, worked = page.age, worked_since(before)
    took = page.took
    cells = page.run_all(seconds=PATIENCE, first=_FIRST_RUN)

    seen[book], slowest[book] = as_stored("\n".join(map(shown, cells))), max(took + page.took)
    figure(
        f"{book} in a tab: cell {_FIRST_RUN} done after {first:.0f} s ({worked:.0f} s of processor), the last after "
        f"{page.age:.0f} s; the slowest cell took {slowest[book]:.1f} s; {page.server.sent / 1e6:.1f} MB"
    )
    assert all(cell["execution_count"] for cell in cells)
    assert [text for cell in cells for text in said_besides(cell)] == []
    told = [one for one in differences(cells, book) if (book, one.partition("\n")[0]) not in EXCEPTIONS]
    assert told == []
    assert page.page.get_attribute(PANE, "data-state") == ("elsewhere" if book == _ELSEWHERE else "live")
    assert page.server.sent <= MOST_BYTES
    # Notebook 00's third cell is the run; how long that is on a machine with other work says nothing.
    assert worked <= FIRST_RUN_SECONDS


@pytest.mark.parametrize(("book", "line"), EXCEPTIONS)
def test_each_exception_is_of_a_cell_that_there_is(book: str, line: str) -> None:
    stored = nbformat.read(ROOT / f"{book}.ipynb", as_version=4)

    assert line in [last_line(cell.source) for cell in stored.cells if cell.cell_type == "code"]


@LONG
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_met_in_the_tab_with_the_same_words(seen: dict[str, str], fault: str) -> None:
    number, words = FAULTS[fault]
    told = next(text for book, text in seen.items() if book.startswith(f"notebooks/{number}-"))

    assert re.search(words, told)


@LONG
@pytest.mark.timed
@pytest.mark.parametrize("book", _WHOLE[:7])
def test_no_cell_keeps_anybody_waiting(page: Tab, slowest: dict[str, float], book: str) -> None:
    """Where it did, on a machine that may have been busy, it is tried again."""
    if slowest[book] > CELL_SECONDS:
        page.open(f"{book}.ipynb", seconds=PATIENCE)
        page.run_all(seconds=PATIENCE)
        hold_to(max(page.took), most=CELL_SECONDS)


@LONG
@pytest.mark.timed
def test_the_first_run_and_a_check_are_soon_there(page: Tab, figure: Callable[[str], None]) -> None:
    page.open(f"{FIRST}.ipynb", seconds=PATIENCE)
    cells = page.run_all(seconds=PATIENCE, end=_FIRST_RUN)
    first = page.age
    assert errors(cells) == []
    page.run_cell("import time\nlab.set_stage(3)")
    check = float(page.run_cell("begun = time.monotonic()\nassert lab.check().ok\nprint(time.monotonic() - begun)"))

    figure(f"from the page to the first cross-account run: {first:.1f} s; a whole check: {check:.1f} s")
    hold_to(first, most=FIRST_RUN_SECONDS)
    hold_to(check, most=CHECK_SECONDS)


def test_a_browser_that_cannot_suspend_is_told_so_instead_of_hanging(browser: Browser, server: SiteServer) -> None:
    with profile(browser) as context:
        context.add_init_script("delete WebAssembly.Suspending")
        page = context.new_page()

        page.goto(f"{server.url}lab/index.html")
        page.wait_for_url("**/needs-jspi.html")

        assert "can't run the lesson" in page.inner_text("h1")
