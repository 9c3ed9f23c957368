"""A browser for what is printed and looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium


# Of the package, not of the session: while Playwright runs, this thread has an event loop, which nbval can't bear.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.running_or_told("that handout, slides and site can be printed and read") as browser:
        yield browser
