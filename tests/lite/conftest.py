"""Fixtures of the tests of the site for a browser tab: the site built once, one Chromium, a fresh profile for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from conftest import FIGURE
from publish.lite.serve import SiteServer
from publish.lite.site import LiteFailed, build
from tests.browser import chromium
from tests.lite.tab import Tab, profile, served, tab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lite)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells at the end of the run what was measured."""
    return lambda told: record_property(FIGURE, told)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.running_or_told("that the lesson runs in a browser tab") as browser:
        yield browser


@pytest.fixture(scope="package")
def site() -> Path:
    try:
        return build()
    except LiteFailed as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"THE SITE FOR A BROWSER TAB WASN'T BUILT: {missing}")


@pytest.fixture(scope="package")
def server(site: Path) -> Iterator[SiteServer]:
    with served(site) as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: SiteServer) -> Iterator[Tab]:
    """A page of the site for somebody who has never been there.

    Fails the test when it printed an error, asked for something there isn't, or asked another machine for anything.
    """
    server.missing.clear()
    server.sent = 0
    with profile(browser) as context:
        opened = tab(context, server)
        yield opened
    assert opened.abroad == [], "requests left the site"
    assert opened.complaints == []
