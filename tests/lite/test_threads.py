"""The tab's threads by themselves: in the Python that runs there, without the kit, the sandbox and JupyterLab."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from publish.lite.serve import SiteServer
from tests.lite.tab import profile
from xsfn_helpers.common.browser import threads

SCRIPT: Final = Path(__file__).parent / "threads_in_pyodide.py"
CASES: Final = [
    name.id
    for statement in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Tuple)
    for name in statement.value.elts
    if isinstance(name, ast.Name)
]
_RUN: Final = """async ([place, kit, script]) => {
  const { loadPyodide } = await import(`${place}pyodide.mjs`);
  const python = await loadPyodide({ indexURL: place });
  python.FS.mkdirTree("tab_threads");
  python.FS.writeFile("tab_threads/__init__.py", "");
  python.FS.writeFile("tab_threads/threads.py", kit);
  return await python.runPythonAsync(script);
}"""


@pytest.fixture(scope="module")
def told(browser: Browser, server: SiteServer) -> dict[str, str]:
    with profile(browser) as context:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{server.url}needs-jspi.html")
        kit = Path(threads.__file__).read_text(encoding="utf-8")
        place = f"{server.url}static/pyodide/"
        found: dict[str, str] = json.loads(page.evaluate(_RUN, [place, kit, SCRIPT.read_text(encoding="utf-8")]))
    return found


@pytest.mark.parametrize("case", CASES)
def test_threads_do_as_elsewhere(told: dict[str, str], case: str) -> None:
    assert told[case] == ""
