"""The built site in headless Chromium: a notebook opened, its cells run, and what they showed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from publish.lite.serve import SiteServer
from publish.places import workspace_of

# As GitHub Pages would have it: a folder of a host.
PREFIX: Final = "/workshop/browser/"
_MODEL: Final = "window.jupyterapp.shell.currentWidget.content.model"
_CELLS: Final = f"() => {_MODEL}.toJSON().cells"
_PATH: Final = "() => window.jupyterapp.shell.currentWidget?.context?.path"
_STATUS: Final = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
# One cell after the other, as a reader does. The page knows when each is done, and how many seconds it took.
_RUN: Final = """([first, end]) => {
  const { commands, shell } = window.jupyterapp;
  const notebook = shell.currentWidget.content;
  window.ran = false;
  window.took = [];
  const run = async () => {
    const code = notebook.widgets.map((cell, at) => [cell.model.type, at]).filter(([type]) => type === "code");
    for (const [, at] of code.slice(first, end ?? undefined)) {
      notebook.deselectAll();
      notebook.activeCellIndex = at;
      const begun = performance.now();
      await commands.execute("notebook:run-cell");
      window.took.push((performance.now() - begun) / 1000);
    }
  };
  void run().finally(() => { window.ran = true; });
}"""
_RAN: Final = "() => window.ran"
_TOOK: Final = "() => window.took"
_SINCE_OPENED: Final = "() => performance.now() / 1000"
_OPEN_BESIDE: Final = """async (path) => {
  const { id } = await jupyterapp.commands.execute("docmanager:open", { path });
  jupyterapp.shell.activateById(id);
}"""
_KERNELS: Final = """async () => {
  const { sessions } = window.jupyterapp.serviceManager;
  await sessions.refreshRunning();
  return [...sessions.running()].length;
}"""
_ADD: Final = """async (source) => {
  const { commands, shell } = window.jupyterapp;
  const notebook = shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = notebook.widgets.length - 1;
  await commands.execute("notebook:insert-cell-below");
  await commands.execute("notebook:change-cell-to-code");
  notebook.activeCell.model.sharedModel.setSource(source);
  window.ran = false;
  commands.execute("notebook:run-cell").finally(() => { window.ran = true; });
}"""
# JupyterLite asks its host about each folder that the reader made, which only the browser has.
_READERS_FOLDERS: Final = "/api/contents/"
_NOT_THERE: Final = "Failed to load resource: the server responded with a status of 404"
_LOOK_SECONDS: Final = 0.1
_PATIENCE: Final = 120


@dataclass
class Tab:
    """One page of the site, with what it complained of and what it asked of others."""

    page: Page
    server: SiteServer
    complaints: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def open(self, notebook: str, *, seconds: float = 120) -> None:
        """Open the page that begins with a notebook, the map beside it, and wait until its kernel can be asked."""
        self.page.goto(f"{self.server.url}lab/index.html?workspace={workspace_of(notebook)}")
        self.page.wait_for_selector(".jp-CodeCell", timeout=seconds * 1000)
        self.until(lambda: self.status == "idle", seconds)

    def open_beside(self, notebook: str, *, seconds: float = 120) -> None:
        """Open another notebook on the same page; it comes to the front."""
        self.page.evaluate(_OPEN_BESIDE, notebook)
        self.until(lambda: self.page.evaluate(_PATH) == notebook, seconds)
        self.settle(seconds)

    @property
    def kernels(self) -> int:
        """How many run on this page."""
        return int(self.page.evaluate(_KERNELS))

    def close_notebook(self) -> None:
        """Close the notebook in front, as it was saved last."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")

    def run_all(self, *, seconds: float, first: int = 0, end: int | None = None) -> list[dict[str, Any]]:
        """Run every code cell, or those from `first` to before `end`; give all as they are then.

        `took` says how many seconds each took, from the reader's keys to the end of its output.
        """
        self.page.evaluate(_RUN, [first, end])
        self.until(lambda: self.page.evaluate(_RAN), seconds)
        self.took = self.page.evaluate(_TOOK)
        self.settle(seconds)
        return self.cells

    @property
    def age(self) -> float:
        """Seconds since the page was opened."""
        return float(self.page.evaluate(_SINCE_OPENED))

    def run_cell(self, source: str, *, seconds: float = 120) -> str:
        """Add a cell at the end and run it; give what it showed, or the error that it ended in."""
        self.begin_cell(source)
        self.until(lambda: self.page.evaluate(_RAN), seconds)
        self.settle(seconds)
        added = self.cells[-1]
        return shown(added) + "".join(errors([added]))

    def begin_cell(self, source: str) -> None:
        """Add a cell at the end and run it, without waiting for its end."""
        begun = len(self.cells)
        self.page.evaluate(_ADD, source)
        self.until(lambda: len(self.cells) > begun, _PATIENCE)

    @property
    def status(self) -> str:
        """The kernel's: idle or busy."""
        return str(self.page.evaluate(_STATUS))

    def restart_kernel(self, *, seconds: float = 120) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.settle(seconds)

    def settle(self, seconds: float) -> None:
        """Wait until nothing runs any more, for a second in a row."""
        quiet = 0

        def looked() -> bool:
            nonlocal quiet
            quiet = quiet + 1 if self.status == "idle" else 0
            return quiet >= 10

        self.until(looked, seconds)

    @property
    def cells(self) -> list[dict[str, Any]]:
        return [cell for cell in self.page.evaluate(_CELLS) if cell["cell_type"] == "code"]

    def until(self, seen: Any, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < end, f"not seen within {seconds} s; the page says: {self.complaints[-5:]}"
            self.page.wait_for_timeout(_LOOK_SECONDS * 1000)


def shown(cell: dict[str, Any]) -> str:
    """The texts of a cell's outputs."""
    found = []
    for output in cell["outputs"]:
        text = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback") or ""
        found.append("".join(text) if output["output_type"] != "error" else "\n".join(text))
    return "\n".join(found)


def said_besides(cell: dict[str, Any]) -> list[str]:
    """What a cell wrote to standard error."""
    return ["".join(output["text"]) for output in cell["outputs"] if output.get("name") == "stderr"]


def errors(cells: list[dict[str, Any]]) -> list[str]:
    """What went wrong, and the beginning of the cell in which it did."""
    return [
        f"{''.join(cell['source'])[:80]} -> {output['ename']}: {output['evalue']}"
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]


@contextmanager
def served(site: Path) -> Iterator[SiteServer]:
    server = SiteServer(site, prefix=PREFIX)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A reader's browser that has never seen the site; several tabs of it share what it keeps."""
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    try:
        yield context
    finally:
        context.close()


def tab(context: BrowserContext, server: SiteServer) -> Tab:
    opened = Tab(context.new_page(), server)
    origin = server.url.removesuffix(PREFIX)

    def complain(said: ConsoleMessage) -> None:
        readers = said.text.startswith(_NOT_THERE) and _READERS_FOLDERS in said.location["url"]
        if said.type == "error" and not readers:
            opened.complaints.append(said.text)

    opened.page.on("console", complain)
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    context.on(
        "request",
        lambda asked: None if asked.url.startswith((origin, "data:", "blob:")) else opened.abroad.append(asked.url),
    )
    return opened
