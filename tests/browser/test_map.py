"""The map beside the lesson, in JupyterLab as `xsfn lab` starts it, behind a prefix as on a hub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser import axe
from tests.browser.jupyter import DARK, LIGHT, START_TIMEOUT, Notebook, Watch, theme, window
from tests.notebooks.jupyterlab_check import ROOT, started

PREFIX = "/user/somebody/"
PANE = "#xsfn-map"


@dataclass(frozen=True, slots=True)
class Desk:
    """The page as `xsfn lab` opens it: the first notebook, and the map beside it."""

    page: Page
    home: Path
    state: Path

    @property
    def first(self) -> Notebook:
        """The notebook that the page opened with, in front."""
        return self.open("notebooks/00-start-here.ipynb")

    def open(self, path: str) -> Notebook:
        self.page.evaluate(
            """async (path) => {
              const { id } = await jupyterapp.commands.execute("docmanager:open", { path });
              jupyterapp.shell.activateById(id);
            }""",
            path,
        )
        self.page.wait_for_function("(path) => jupyterapp.shell.currentWidget?.context?.path === path", arg=path)
        notebook = Notebook(self.page)
        notebook.wait_until_idle()
        return notebook

    def begin(self, code: str) -> None:
        """Run `code` in the kernel of the notebook in front, as a cell does, without waiting for it."""
        self.page.evaluate(
            "(code) => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }", code
        )

    def run(self, code: str) -> None:
        self.page.evaluate(
            """async (code) => {
              const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
              const { content } = await kernel.requestExecute({ code }).done;
              if (content.status !== "ok") throw new Error(`${content.ename}: ${content.evalue}`);
            }""",
            code,
        )

    def expect_link(self, number: int, state: str) -> None:
        expect(self.page.locator(f'{PANE} .xsfn-chip[data-link="{number}"]')).to_have_attribute("data-state", state)

    def stop_sandbox(self) -> None:
        environment = {**os.environ, "XSFN_STATE_DIR": str(self.state)}
        subprocess.run([sys.executable, "-m", "xsfn_helpers", "sandbox", "stop"], env=environment, check=True)


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home, state = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("state")
    command = [
        *("env", f"XSFN_STATE_DIR={state}", str(ROOT / "scripts" / "lab.sh"), sys.executable, "--copy-to", str(home)),
        *("--LabApp.expose_app_in_browser=True", f"--ServerApp.base_url={PREFIX}"),
    ]
    watch = Watch()
    with started(command) as running, window(browser, watch) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{running.base_url}{running.page}?token={running.token}")
        page.wait_for_function("() => window.jupyterapp?.restored", timeout=START_TIMEOUT)
        page.evaluate("async () => { await jupyterapp.restored; }")
        desk = Desk(page, home, state)
        yield desk
        desk.stop_sandbox()
        assert watch.abroad == [], "requests left the machine"


def test_before_the_lab_is_started_it_says_how_to(desk: Desk) -> None:
    expect(desk.page.locator(PANE)).to_have_attribute("data-state", "stopped")
    expect(desk.page.locator(f"{PANE} .xsfn-start")).to_contain_text("Start the lab")
    expect(desk.page.locator(f"{PANE} .xsfn-start")).to_contain_text("lab = open_lab()")
    expect(desk.page.locator(f"{PANE} .xsfn-chain")).to_have_count(0)


def test_it_shows_the_accounts_as_they_are_and_changes_while_a_cell_runs(desk: Desk) -> None:
    assert desk.first
    desk.run("from xsfn_helpers import open_lab\nlab = open_lab()\nlab.set_stage(1)")
    desk.expect_link(3, "allowed")
    desk.expect_link(2, "refused")

    desk.begin("import time\nlab.stage(2).apply()\ntime.sleep(600)")
    desk.expect_link(2, "allowed")

    assert desk.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.status") == "busy"
    Notebook(desk.page).interrupt()
    Notebook(desk.page).wait_until_idle()


def test_another_notebook_has_the_same_map_and_what_it_changes_is_shown(desk: Desk) -> None:
    desk.open("notebooks/01-subject-execute-role.ipynb")
    desk.run("from xsfn_helpers import open_lab\nlab = open_lab()\nlab.set_stage(3)\nrun = lab.run()")

    expect(desk.page.locator(f"{PANE} .xsfn-said")).to_have_text(
        "The run ended: Operator SUCCEEDED, Subject SUCCEEDED", timeout=30_000
    )
    expect(desk.page.locator(f'{PANE} .xsfn-chip[data-run="passed"]')).to_have_count(5)
    expect(desk.page.locator(".xsfn-chain")).to_have_count(1)


def test_it_is_there_in_words(desk: Desk) -> None:
    words = desk.page.locator(f"{PANE} .xsfn-as-text")
    words.locator("summary").click()

    expect(words).to_contain_text("1 ✓ allowed   Step Functions → sts:AssumeRole → Operator role")
    expect(words).to_contain_text("Operator execution: SUCCEEDED")
    words.locator("summary").click()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900), (900, 800)])
def test_it_fits_its_pane(desk: Desk, width: int, height: int) -> None:
    desk.page.set_viewport_size(ViewportSize(width=width, height=height))
    desk.page.wait_for_timeout(500)

    seen = desk.page.evaluate(
        """() => {
          const pane = document.querySelector("#xsfn-map");
          const frame = pane.getBoundingClientRect();
          const parts = [...pane.querySelectorAll(".xsfn-chip, .xsfn-box")];
          // AWS's words are whole: an action breaks after its service only.
          const whole = (word) => {
            const range = document.createRange();
            range.selectNodeContents(word);
            return [...range.getClientRects()].length === 1;
          };
          const words = [...pane.querySelectorAll(".xsfn-chip b")].flatMap((name) => [...name.childNodes]);
          const texts = words.filter((word) => word.nodeType === Node.TEXT_NODE);
          const broken = texts.filter((word) => !whole(word)).map((word) => word.data);
          const cut = parts.filter((part) => {
            const box = part.getBoundingClientRect();
            return box.right > frame.right || box.left < frame.left || part.scrollWidth > part.clientWidth + 1;
          });
          pane.scrollTop = 0;
          const bottom = Math.max(...parts.map((part) => part.getBoundingClientRect().bottom));
          const across = pane.scrollWidth - pane.clientWidth;
          return { cut: cut.map((part) => part.textContent), across, broken, below: bottom - frame.bottom };
        }"""
    )

    assert seen["cut"] == []
    assert seen["across"] <= 0
    assert seen["broken"] == []
    if width >= 1280:
        assert seen["below"] <= 0, "a part of the map is below the pane's edge"
    desk.page.set_viewport_size(ViewportSize(width=1280, height=900))


def test_no_accessibility_finding(desk: Desk, axe_script: str) -> None:
    found = []
    for scheme in (DARK, LIGHT):
        theme(desk.page, scheme)
        found += axe.findings(desk.page, axe_script, PANE, colours=scheme == DARK)

    assert found == []


def test_after_a_kernel_restart_it_says_what_to_run_and_still_shows_the_accounts(desk: Desk) -> None:
    notebook = desk.first
    note = desk.page.locator(f"{PANE} .xsfn-restarted")
    expect(note).to_be_hidden()

    notebook.restart()
    expect(note).to_be_visible()
    expect(note).to_contain_text("lab = open_lab()")
    desk.expect_link(1, "allowed")
    desk.open("notebooks/01-subject-execute-role.ipynb")
    expect(note).to_be_hidden()  # that notebook's kernel still has its lab

    assert desk.first
    desk.run("from xsfn_helpers import open_lab\nlab = open_lab()")
    expect(note).to_be_hidden()


def test_when_the_sandbox_has_ended_it_says_so_and_comes_back(desk: Desk) -> None:
    desk.stop_sandbox()
    expect(desk.page.locator(PANE)).to_have_attribute("data-state", "stopped", timeout=20_000)
    expect(desk.page.locator(f"{PANE} .xsfn-start")).to_be_visible()

    assert desk.first
    desk.run("lab = open_lab()")
    desk.expect_link(2, "allowed")
