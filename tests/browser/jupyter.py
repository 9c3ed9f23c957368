"""JupyterLab's page as the tests speak of it: open a notebook, run its cells, look at what a cell shows."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.notebooks.jupyterlab_check import RunningLab, started
from tests.support import forks
from xsfn_helpers.cli.notebooks import jupyter_paths

HOME: Final = "127.0.0.1"
WIDE: Final = ViewportSize(width=1280, height=900)
# Wide, what such a window has left at 200 % zoom, and narrow.
WIDTHS: Final = (1280, 640, 480)
START_TIMEOUT: Final = 240_000
CELL_TIMEOUT: Final = 240_000
LIGHT: Final = "JupyterLab Light"
DARK: Final = "JupyterLab Dark"
_names = itertools.count(1)

# Runs one cell as its Run button does; gives the error it ended in, or "".
_RUN_CELL: Final = """async (index) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await jupyterapp.commands.execute("notebook:run-cell");
  const outputs = notebook.widgets[index].model.sharedModel.getOutputs();
  const error = outputs.find((output) => output.output_type === "error");
  return error ? `${error.ename}: ${error.evalue}` : "";
}"""
_BEGIN_CELL: Final = """(index) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  jupyterapp.commands.execute("notebook:run-cell");
}"""
# The milliseconds, by the page's own clock, from running a cell until `selector` is there and painted.
_TIME_CELL: Final = """async ([index, selector]) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  if (document.querySelector(selector)) throw new Error(`${selector} is there already`);
  const seen = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector(selector)) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    });
    observer.observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  const start = performance.now();
  const run = jupyterapp.commands.execute("notebook:run-cell");
  const end = await seen;
  await run;
  return end - start;
}"""
_CELL_IS_DONE: Final = """(index) => {
  const { model } = jupyterapp.shell.currentWidget.content.widgets[index];
  return model.executionState === "idle" && model.executionCount !== null;
}"""
_KERNEL_IS_IDLE: Final = """() => {
  const panel = jupyterapp.shell.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === "idle";
}"""


# Begins the name of a notebook whose kernel is kept for the next test's cells.
_KEPT: Final = "kept-"
_IS_KEPT: Final = "(start) => jupyterapp.shell.currentWidget?.context?.path.startsWith(start) ?? false"
# Whether it has just these cells.
_HAS: Final = """(sources) => {
  const { widgets } = jupyterapp.shell.currentWidget.content;
  return JSON.stringify(widgets.map((cell) => cell.model.sharedModel.source)) === JSON.stringify(sources);
}"""
# Milliseconds for what a test has begun to end by itself.
_ENDING: Final = 10_000
# The kernel forgets names and displays, as after a restart; what it has imported, it keeps.
_FORGET: Final = """
import ipywidgets
ipywidgets.Widget.close_all()
get_ipython().run_line_magic("reset", "-sf")
"""
_EMPTY: Final = """async (code) => {
  const { context, sessionContext } = jupyterapp.shell.currentWidget;
  const { content } = await sessionContext.session.kernel.requestExecute({ code, store_history: false }).done;
  if (content.status !== "ok") throw new Error(`${content.ename}: ${content.evalue}`);
  context.model.fromJSON({ ...context.model.toJSON(), cells: [] });
}"""
_FILL: Final = """(cells) => {
  const { model } = jupyterapp.shell.currentWidget.context;
  model.fromJSON({ ...model.toJSON(), cells });
}"""

# JupyterLab keeps what is far out of view out of the page; here everything is to be looked at.
_SHOW_ALL: Final = """() => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.notebookConfig = { ...notebook.notebookConfig, windowingMode: "none" };
}"""
_HEIGHT: Final = (
    "() => jupyterapp.shell.currentWidget.content.node.querySelector('.jp-WindowedPanel-inner').offsetHeight"
)
_TO_THE_TOP: Final = """() => {
  jupyterapp.shell.currentWidget.content.node.querySelector(".jp-WindowedPanel-outer").scrollTop = 0;
}"""
_FRAME: Final = 400  # pixels of JupyterLab around a notebook, with some to spare


@dataclass(slots=True)
class Watch:
    """What must not happen on a page: errors on its console, and requests to other machines."""

    errors: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew."""
        self.errors.clear()
        self.abroad.clear()

    def over(self, page: Page) -> None:
        page.on("console", lambda message: self._note(message.type, f"{message.text} ({message.location.get('url')})"))
        page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        page.on("request", lambda request: self._look_at(request.url))
        page.on("websocket", lambda socket: self._look_at(socket.url))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    def _look_at(self, url: str) -> None:
        address = urlsplit(url)
        if address.scheme not in ("data", "blob") and address.hostname != HOME:
            self.abroad.append(url)


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook open on the page, with a kernel of its own."""

    page: Page

    def run(self, index: int) -> str:
        """Run one cell and wait until it is done; the error it ended in, or an empty text."""
        return str(self.page.evaluate(_RUN_CELL, index))

    def begin(self, index: int) -> None:
        """Run one cell without waiting for it."""
        self.page.evaluate(_BEGIN_CELL, index)

    def timed(self, index: int, selector: str) -> float:
        """Run one cell; the milliseconds until `selector` is there and painted, by the page's own clock."""
        return float(self.page.evaluate(_TIME_CELL, [index, selector]))

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """What the cell has put out, as it would be stored."""
        found = self.page.evaluate(
            "(index) => jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.getOutputs()", index
        )
        return list(found)

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-NotebookPanel .jp-Cell").nth(index)

    def text(self, index: int) -> str:
        """The text that a cell printed or gave as its value."""
        parts = [
            "".join(output["text"]) if output["output_type"] == "stream" else "".join(output["data"]["text/plain"])
            for output in self.outputs(index)
            if output["output_type"] in ("stream", "execute_result", "display_data")
        ]
        return "\n".join(parts)

    def interrupt(self) -> None:
        """The ■ of the notebook's toolbar."""
        self.page.evaluate("async () => { await jupyterapp.commands.execute('notebook:interrupt-kernel'); }")

    def restart(self) -> None:
        """The ⟳ of the notebook's toolbar, and "Restart" in the dialog that asks."""
        self.page.evaluate("() => { jupyterapp.commands.execute('notebook:restart-kernel'); }")
        self.page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.page.get_by_role("dialog").wait_for(state="detached")
        self.wait_until_idle()

    def wait_until_done(self, index: int) -> None:
        """Wait for a cell that was begun."""
        self.page.wait_for_function(_CELL_IS_DONE, arg=index, timeout=CELL_TIMEOUT)

    def wait_until_idle(self, milliseconds: int = CELL_TIMEOUT) -> None:
        self.page.wait_for_function(_KERNEL_IS_IDLE, timeout=milliseconds)

    def save(self) -> None:
        self.page.evaluate("async () => { await jupyterapp.shell.currentWidget.context.save(); }")


@dataclass(frozen=True, slots=True)
class JupyterLab:
    """A JupyterLab that serves `root`."""

    running: RunningLab
    root: Path

    def write(self, *cells: str, start: str = "test-") -> str:
        """A notebook with these code cells; gives its path below `root`, whose name begins with `start`."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        name = f"{start}{next(_names)}.ipynb"
        nbformat.write(notebook, self.root / name)
        return name

    def page(self, context: BrowserContext) -> Page:
        """JupyterLab's page with nothing open, and the whole width for notebooks."""
        page = context.new_page()
        workspace = f"test-{next(_names)}"
        page.goto(f"{self.running.base_url}/lab/workspaces/{workspace}?token={self.running.token}&reset")
        page.wait_for_function("() => window.jupyterapp?.restored", timeout=START_TIMEOUT)
        page.evaluate("async () => { await jupyterapp.restored; }")
        page.evaluate("async () => { await jupyterapp.commands.execute('application:toggle-left-area'); }")
        return page

    def open(self, page: Page, path: str) -> Notebook:
        """The notebook at `path`, below `root`, alone on the page with a kernel of its own."""
        close_all(page)
        page.evaluate("async (path) => { await jupyterapp.commands.execute('docmanager:open', {path}); }", path)
        notebook = Notebook(page)
        notebook.wait_until_idle()
        return notebook

    def write_and_open(self, page: Page, *cells: str) -> Notebook:
        return self.open(page, self.write(*cells))

    def fill(self, page: Page, *cells: str) -> Notebook:
        """A notebook with these code cells on the page, in the kernel that the last one had.

        A kernel of its own takes a notebook two seconds. `tidy` keeps this one, and lets it forget what it knew.
        """
        if not page.evaluate(_IS_KEPT, _KEPT):
            return self.open(page, self.write(*cells, start=_KEPT))
        notebook = Notebook(page)
        notebook.wait_until_idle()
        page.evaluate(_FILL, [dict(nbformat.v4.new_code_cell(cell)) for cell in cells])
        return notebook


def is_filled(page: Page, *cells: str) -> bool:
    """Whether these cells are what `JupyterLab.fill` has put on the page."""
    return bool(page.evaluate(_IS_KEPT, _KEPT) and page.evaluate(_HAS, cells))


def tidy(page: Page) -> None:
    """Close every notebook, but empty the one that `JupyterLab.fill` can fill again."""
    if is_filled(page):
        return
    try:
        kept = page.evaluate(_IS_KEPT, _KEPT)
        if kept:
            Notebook(page).wait_until_idle(_ENDING)
    except NotInTime:  # a test has failed, and left a cell running
        kept = False
    if kept:
        page.evaluate(_EMPTY, _FORGET)
    else:
        close_all(page)


def put_back(page: Page) -> Notebook:
    """The notebook on the page, its editor or form as it was before anything was typed."""
    reset = page.get_by_role("button", name="Reset")
    if reset.is_enabled():
        reset.click()
    expect(page.locator(".xsfn-headline")).to_have_text("No link would change.")
    return Notebook(page)


def close_all(page: Page) -> None:
    """Close every notebook and end its kernel."""
    page.evaluate(
        """async () => {
          for (const panel of [...jupyterapp.shell.widgets("main")]) {
            await panel.context?.save();
            await panel.sessionContext?.shutdown();
            panel.close();
          }
        }"""
    )


def show_all(page: Page) -> None:
    """Keep all of the notebook in the page, whatever is in view. It can't be filled again."""
    page.evaluate(_SHOW_ALL)


def lay_out(page: Page) -> None:
    """Make the page as tall as the notebook: of what is scrolled out of view, axe-core doesn't know the colours."""
    page.set_viewport_size({"width": WIDE["width"], "height": _FRAME + int(page.evaluate(_HEIGHT))})
    page.wait_for_timeout(500)
    page.evaluate(_TO_THE_TOP)
    page.wait_for_timeout(500)


def theme(page: Page, name: str) -> None:
    """Switch JupyterLab's theme, and wait until it is on and its curtain gone: two of them get in each other's way."""
    # That of the page's own start may be up as well.
    page.wait_for_function("() => !document.getElementById('jupyterlab-splash')")
    if page.evaluate("() => document.body.dataset.jpThemeName") == name:
        return
    page.evaluate("async (theme) => { await jupyterapp.commands.execute('apputils:change-theme', {theme}); }", name)
    page.wait_for_function(
        "(name) => document.body.dataset.jpThemeName === name && !document.getElementById('jupyterlab-splash')",
        arg=name,
    )


@contextmanager
def serving(root: Path) -> Iterator[JupyterLab]:
    """JupyterLab on the folder `root`, with the settings of `make lab`."""
    # Its kernels begin as copies of a process that has read what they need; tests of `make lab` start it as users do.
    paths = {**jupyter_paths(), "JUPYTERLAB_WORKSPACES_DIR": str(root / ".lab")}
    with started(_command(root), forks.Popen, **paths) as running:
        yield JupyterLab(running, root)


def _command(root: Path) -> Sequence[str]:
    return [
        sys.executable,
        "-m",
        "jupyterlab",
        "--allow-root",
        "--no-browser",
        f"--ServerApp.ip={HOME}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.expose_app_in_browser=True",
    ]


@contextmanager
def window(browser: Browser, watch: Watch, **options: Any) -> Iterator[BrowserContext]:
    """A window of its own, as of somebody who has never been here, with every page of it watched."""
    context = browser.new_context(viewport=WIDE, reduced_motion="no-preference", **options)
    context.set_default_timeout(CELL_TIMEOUT)
    context.on("page", lambda page: watch.over(page))
    try:
        yield context
    finally:
        context.close()
