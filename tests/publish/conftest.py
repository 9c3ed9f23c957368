"""A browser for what is printed and looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


# Of the module, not of the session: while Playwright runs, this thread has an event loop, which nbval can't bear.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no Chromium, so nothing shows that hand-out, slides and site can be printed and read")
        pytest.skip("NOTHING WAS PRINTED: there is no Chromium or Chrome on this machine")
    with chromium.running(path) as browser:
        yield browser
