"""Fixtures of the browser tests: one Chromium and one JupyterLab for all of them, a window for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import axe, chromium
from tests.browser.jupyter import LIGHT, WIDE, JupyterLab, Watch, serving, theme, tidy, window
from tests.browser.labs import SharedLab, shared_lab
from tests.notebooks.references import NOTEBOOKS
from xsfn_helpers import open_lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Of the package, not of the session: while Playwright runs, this thread has an event loop, which nbval can't bear.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None or find_spec("jupyterlab") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has no Chromium or no JupyterLab, so nothing shows that the live displays work")
        pytest.skip("NOTHING WAS TRIED IN A BROWSER: there is no Chromium or Chrome, or no JupyterLab, on this machine")
    with chromium.running(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def jupyter(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with serving(tmp_path_factory.mktemp("jupyter")) as jupyter:
        yield jupyter


@pytest.fixture(scope="package")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="package")
def only_page(browser: Browser, jupyter: JupyterLab, watch: Watch) -> Iterator[Page]:
    with window(browser, watch) as context:
        yield jupyter.page(context)


@pytest.fixture
def page_as_left(only_page: Page, watch: Watch) -> Iterator[Page]:
    """JupyterLab's page, light and wide, with what the test before has left on it.

    Fails the test when the page printed an error or asked another machine for anything.
    """
    watch.forget()
    theme(only_page, LIGHT)
    only_page.set_viewport_size(WIDE)
    only_page.mouse.move(0, 0)
    yield only_page
    assert watch.abroad == [], "requests left the machine"
    assert watch.errors == []


@pytest.fixture
def page(page_as_left: Page) -> Iterator[Page]:
    """JupyterLab's page, watched like that, with nothing on it."""
    tidy(page_as_left)
    yield page_as_left
    tidy(page_as_left)


@pytest.fixture(scope="module")
def typed() -> Iterator[SharedLab]:
    """A lab for the tests of a module that apply nothing, and their notebook."""
    typed = shared_lab()
    typed.lab.set_stage(3)
    yield typed
    typed.lab.clean()


@pytest.fixture(scope="package")
def axe_script() -> str:
    try:
        return axe.script()
    except axe.NoAxe as missing:
        if missing.is_fault and os.environ.get("CI") == "true":
            raise
        pytest.skip(f"ACCESSIBILITY WAS NOT CHECKED: {missing}")


@pytest.fixture(scope="package")
def shipped(jupyter: JupyterLab) -> Iterator[Path]:
    """A copy of the notebooks where JupyterLab serves them; what they build is removed at the end."""
    folder = jupyter.root / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    yield folder
    open_lab().clean()


@pytest.fixture
def shared() -> Iterator[SharedLab]:
    """A lab of which nothing exists yet, for the test and its notebook."""
    shared = shared_lab()
    yield shared
    shared.lab.clean()
