"""The system's Chromium or Chrome, headless and quiet: no request of its own, nothing fetched to start it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MACOS: Final = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# What a page comes to show, it shows in a moment; on a machine with other work it may take long.
_PATIENCE: Final = 120_000
_FLAGS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever should ask for another host all the same finds none.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def executable() -> str | None:
    """The browser's path, or None where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or (_MACOS if os.access(_MACOS, os.X_OK) else None)


@contextmanager
def running_or_told(nothing_shows: str) -> Iterator[Browser]:
    """The browser for a test that needs one; without any the test is skipped, loudly, and in CI it fails.

    `nothing_shows` says what then isn't shown: "that the handout can be printed".
    """
    path = executable()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI has no Chromium, so nothing shows {nothing_shows}")
        pytest.skip(f"NOTHING SHOWS {nothing_shows.upper()}: there is no Chromium or Chrome on this machine")
    with running(path) as browser:
        yield browser


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """The browser at `path`, started and, at the end, stopped."""
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=[*_FLAGS, *as_root])
        try:
            yield browser
        finally:
            browser.close()
