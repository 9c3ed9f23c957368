"""JupyterHub with people in browsers of their own: each logs in, runs notebook 03, and every check holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.hub.running import PASSWORD, PEOPLE, all_run_notebook_03, open_browser, running_hub


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def address(browser: Browser, folder: Path) -> Iterator[str]:
    with running_hub(folder) as address:
        yield address


# A password that isn't it; and names that are no folder's, with the right one.
REFUSED = (("mallory", "guessed it"), *((name, PASSWORD) for name in ("..", "a/b", "ada lovelace", "<b>x</b>")))


def test_a_wrong_password_or_a_name_that_is_no_folders_lets_nobody_in(
    browser: Browser, address: str, folder: Path
) -> None:
    page = browser.new_page()
    page.goto(f"{address}/hub/login")
    for name, password in REFUSED:
        page.locator("#username_input").fill(name)
        page.locator("#password_input").fill(password)
        with page.expect_navigation():
            page.locator("#login_submit").click()
        expect(page.get_by_text("Invalid username or password")).to_be_visible()
        expect(page.locator("#username_input")).to_have_value(name)
    page.close()

    assert {path.name for path in (folder / "people").glob("*")} <= set(PEOPLE)


def test_all_run_notebook_03_at_once_and_all_is_green(browser: Browser, address: str, folder: Path) -> None:
    seen = all_run_notebook_03(browser, address)
    endpoints = {sandbox_address(folder, name) for name in PEOPLE}

    for name, cells in seen.items():
        checked = [cell["text"] for cell in cells if cell["source"].strip() == "lab.check()"]
        assert [cell for cell in cells if cell["error"]] == [], name
        assert len(checked) == 1
        assert re.match(r"All checks: (\d+) of \1 passed", checked[0]), name
    assert len(endpoints) == len(PEOPLE), "everybody has a sandbox of their own"


def sandbox_address(folder: Path, name: str) -> str:
    return (folder / "people" / name / ".xsfn" / "sandbox.json").read_text().split('"port": ')[1].split(",")[0]
