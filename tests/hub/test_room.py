"""JupyterHub with one room: people log in, run notebook 03, and the instructor's page is green.

Several at once are in test_hub.py, and in rooms without a hub (tests/lab/classroom); here `make soak` has five.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.hub.running import PEOPLE, all_run_notebook_03, open_browser, running_hub
from tests.lab.classroom.opened import Room
from tests.support.soak import soaked

INSIDE = PEOPLE[: soaked(short=1, long=5)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def room(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(tmp_path_factory.mktemp("room"), places=len(INSIDE)).start()
    yield room
    room.close()


def test_everybody_is_green_on_the_instructors_page(browser: Browser, room: Room, tmp_path: Path) -> None:
    with running_hub(tmp_path, HUB_ROOM_URL=room.url, HUB_ROOM_CODE=room.code) as address:
        seen = all_run_notebook_03(browser, address, INSIDE)
        page = browser.new_page()
        page.goto(room.instructors_url)
        expect(page.locator("#summary")).to_have_text(
            f"{len(INSIDE)} of {len(INSIDE)} green, 0 stuck, {len(INSIDE)} places", timeout=120_000
        )
        expect(page.locator("#people tr", has_text="✓ green")).to_have_count(len(INSIDE))
        own = list((tmp_path / "people").glob("*/.xsfn/sandbox.json"))
        page.close()

    assert [cell for cells in seen.values() for cell in cells if cell["error"]] == []
    assert set(room.seen()) == set(INSIDE)
    assert own == [], "nobody has started a sandbox besides the room's"
