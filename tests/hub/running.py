"""A JupyterHub as `make hub` starts it, and people who log in and run notebook 03 in browsers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import chromium
from tests.support.soak import soaked

ROOT: Final = Path(__file__).parents[2]
PEOPLE: Final = ("ada", "bob", "chiyo", "dan", "emi")[: soaked(short=2, long=5)]
PASSWORD: Final = "ninety minutes"
TIMEOUT: Final = 240.0
ENDING_SECONDS: Final = 15.0
NOTEBOOK: Final = "notebooks/03-operator-task.ipynb"
# The kit's own settings of the page, and a handle for the test.
CONFIG: Final = f"""
load_subconfig({str(ROOT / "hub" / "jupyterhub_config.py")!r})
c.Spawner.args.append("--LabApp.expose_app_in_browser=True")
"""
RUN_ALL: Final = "async () => { await jupyterapp.commands.execute('notebook:run-all-cells'); }"
IDLE: Final = """() => {
  const panel = jupyterapp.shell.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === "idle";
}"""
# Of each code cell: its source, what it printed or gave, and the error it ended in.
OUTPUTS: Final = """() => jupyterapp.shell.currentWidget.content.widgets
  .filter((cell) => cell.model.type === "code")
  .map((cell) => ({
    source: cell.model.sharedModel.source,
    count: cell.model.executionCount,
    text: cell.model.sharedModel.getOutputs().map((output) =>
      output.text ?? output.data?.["text/plain"] ?? "").flat().join(""),
    error: cell.model.sharedModel.getOutputs().find((output) => output.output_type === "error")?.ename ?? "",
  }))"""


def missing() -> str:
    """What keeps a hub from starting here; empty where nothing does."""
    if chromium.executable() is None:
        return "there is no Chromium or Chrome"
    if find_spec("jupyterhub") is None:
        return "JupyterHub isn't installed (pip install -e '.[hub]')"
    return "" if _proxy() else "there is no npm to fetch JupyterHub's proxy with"


def _proxy() -> Path | None:
    """The folder of JupyterHub's proxy, fetched if need be."""
    if found := shutil.which("configurable-http-proxy"):
        return Path(found).parent
    scratch = ROOT / "scratch" / "hub"
    if not (scratch / "node_modules" / ".bin" / "configurable-http-proxy").exists():
        npm = shutil.which("npm")
        if npm is None:
            return None
        scratch.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / "hub" / name, scratch)
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=scratch, check=True, timeout=180)
    return scratch / "node_modules" / ".bin"


def three_free_ports() -> int:
    """The first of three ports in a row that are free."""
    while True:
        with closing(socket.create_server(("127.0.0.1", 0))) as first:
            port = int(first.getsockname()[1])
        if port < 65000 and all(_is_free(port + more) for more in range(3)):
            return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def environment(folder: Path, port: int) -> Mapping[str, str]:
    proxy = _proxy()
    assert proxy
    hub = {"HUB_FOLDER": str(folder), "HUB_PASSWORD": PASSWORD, "HUB_PORT": str(port)}
    return {**os.environ, **hub, "PATH": f"{proxy}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser for people of a hub, where one can be started."""
    if why := missing():
        if os.environ.get("CI") == "true":
            pytest.fail(f"No hub was started: {why}")
        pytest.skip(f"NO HUB WAS STARTED: {why}")
    path = chromium.executable()
    assert path
    with chromium.running(path) as browser:
        yield browser


@contextmanager
def running_hub(folder: Path, **more: str) -> Iterator[str]:
    """The address of a running hub, with `more` variables. When it has ended, nothing that it started is left."""
    port = three_free_ports()
    config = folder / "config.py"
    config.write_text(CONFIG)
    with (folder / "log").open("w") as log:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(config)],
            cwd=folder,
            env={**environment(folder, port), **more},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/hub/health", folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        hub.send_signal(signal.SIGTERM)
        hub.wait(TIMEOUT)
    # The last ones may still be ending, as they were told.
    end = time.monotonic() + ENDING_SECONDS
    while (left := left_over(folder)) and time.monotonic() < end:
        time.sleep(0.2)
    assert left == [], left


def _wait_until_it_answers(url: str, log: Path) -> None:
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            assert time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.2)


def left_over(folder: Path) -> list[str]:
    """Processes that still work in somebody's folder of the hub."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder / "people") in part for part in process.info["cmdline"] or ()):
            found.append(" ".join(process.info["cmdline"]))
    return found


def log_in(context: BrowserContext, address: str, name: str) -> Page:
    """Log in, and open notebook 03 in one's own JupyterLab."""
    page = context.new_page()
    page.set_default_timeout(TIMEOUT * 1000)
    page.goto(f"{address}/hub/login?next=/hub/user-redirect/lab/tree/{NOTEBOOK}")
    page.locator("#username_input").fill(name)
    page.locator("#password_input").fill(PASSWORD)
    page.locator("#login_submit").click()
    return page


def all_run_notebook_03(
    browser: Browser, address: str, people: Sequence[str] = PEOPLE
) -> dict[str, list[dict[str, Any]]]:
    """Everybody's code cells once all have run the whole notebook at the same time."""
    contexts = {name: browser.new_context() for name in people}
    pages = {name: log_in(context, address, name) for name, context in contexts.items()}
    for page in pages.values():
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext")
        page.wait_for_function(IDLE)
    for page in pages.values():
        page.evaluate(f"() => {{ void ({RUN_ALL})(); }}")
    for page in pages.values():
        page.wait_for_function(
            """() => jupyterapp.shell.currentWidget.content.widgets
              .filter((cell) => cell.model.type === "code" && cell.model.sharedModel.source)
              .every((cell) => cell.model.executionCount !== null && cell.model.executionState === "idle")"""
        )
    seen = {name: page.evaluate(OUTPUTS) for name, page in pages.items()}
    for context in contexts.values():
        context.close()
    return seen
