"""The map beside the lesson in the tab: told by the kernel that has the accounts, as `xsfn lab` shows it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from publish.lite.serve import SiteServer
from tests.browser.map_room import PANE, room_of_the_map
from tests.lite.lesson import LONG, OPEN, PATIENCE
from tests.lite.tab import Tab, profile, tab

pytestmark = LONG


@pytest.fixture(scope="module")
def desk(browser: Browser, server: SiteServer) -> Iterator[Tab]:
    with profile(browser) as context:
        opened = tab(context, server)
        opened.page.set_viewport_size(ViewportSize(width=1280, height=800))
        opened.open("notebooks/00-start-here.ipynb", seconds=PATIENCE)
        yield opened
    assert opened.abroad == opened.complaints == []


def _expect_link(desk: Tab, number: int, state: str) -> None:
    expect(desk.page.locator(f'{PANE} .xsfn-chip[data-link="{number}"]')).to_have_attribute("data-state", state)


def test_before_the_lab_is_started_it_says_how_to(desk: Tab) -> None:
    expect(desk.page.locator(PANE)).to_have_attribute("data-state", "stopped")
    expect(desk.page.locator(f"{PANE} .xsfn-start")).to_contain_text("lab = open_lab()")
    notebook, pane = (desk.page.locator(one).bounding_box() for one in (".jp-NotebookPanel", PANE))
    assert notebook is not None
    assert pane is not None
    assert pane["x"] >= notebook["x"] + notebook["width"]


def test_it_shows_the_accounts_as_they_are_and_changes_while_a_cell_runs(desk: Tab) -> None:
    desk.run_cell(OPEN + "lab.set_stage(1)")
    _expect_link(desk, 3, "allowed")
    _expect_link(desk, 2, "refused")

    desk.begin_cell("import time\nlab.stage(2).apply()\ntime.sleep(5)\nprint('the end')")
    _expect_link(desk, 2, "allowed")

    assert desk.status == "busy"
    desk.settle(PATIENCE)


def test_a_run_is_followed(desk: Tab) -> None:
    desk.run_cell("lab.set_stage(3)\nrun = lab.run()")

    expect(desk.page.locator(f"{PANE} .xsfn-said")).to_have_text("The run ended: Operator SUCCEEDED, Subject SUCCEEDED")
    expect(desk.page.locator(f'{PANE} .xsfn-chip[data-run="passed"]')).to_have_count(5)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900)])
def test_it_fits_its_pane(desk: Tab, width: int, height: int) -> None:
    desk.page.set_viewport_size(ViewportSize(width=width, height=height))
    desk.page.wait_for_timeout(500)

    seen = room_of_the_map(desk.page)

    assert seen["cut"] == seen["broken"] == []
    assert seen["across"] <= 0
    assert seen["below"] <= 0, "a part of the map is below the pane's edge"


def test_another_notebook_has_the_accounts_and_the_same_map_in_its_language(desk: Tab) -> None:
    desk.open_beside("notebooks/ja/02-operator-role.ipynb", seconds=PATIENCE)
    desk.run_cell(OPEN + "lab.stage(2).undo()")

    _expect_link(desk, 2, "refused")
    expect(desk.page.locator(f"{PANE} .xsfn-as-text summary")).to_have_text("マップをテキストで読む")
    expect(desk.page.locator(".xsfn-chain")).to_have_count(1)
