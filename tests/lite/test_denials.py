"""N1 to N17 in the tab: the sandbox's own tests of denials, run by pytest in the tab's Python: the same texts."""

from __future__ import annotations

import base64
import inspect
import io
import json
import zipfile
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from publish.lite.serve import SiteServer
from tests.lite.tab import profile, tab
from tests.sandbox import test_denials, world
from tests.support.soak import SOAKING

pytestmark = pytest.mark.skipif(not SOAKING, reason="starting pytest in a tab is for `make soak`")

_RUNNER: Final = ("pytest", "pluggy", "iniconfig")
_CASES: Final = [name for name, _ in inspect.getmembers(test_denials, inspect.isfunction) if name.startswith("test_n")]
_SAVE: Final = """async (content) => {
  const { contents } = window.jupyterapp.serviceManager;
  await contents.save("notebooks/denials.zip", { type: "file", format: "base64", content });
}"""
_RUN: Final = """
import collections, json, sys, zipfile
zipfile.ZipFile("denials.zip").extractall("/denials")
sys.path.insert(0, "/denials")
import pytest

class Told:
    told = collections.defaultdict(list)

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            self.told[report.nodeid.rpartition("::")[2].partition("[")[0]].append(report.longreprtext)

options = ["--rootdir=/denials", "--capture=no", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:terminal"]
pytest.main([*options, "/denials/tests/sandbox/test_denials.py"], plugins=[Told()])
print(json.dumps(Told.told))
"""


@pytest.fixture(scope="module")
def told(browser: Browser, server: SiteServer) -> dict[str, list[str]]:
    """By the test's name, what each of its cases failed with; empty texts for what held."""
    with profile(browser) as context:
        opened = tab(context, server)
        opened.open("notebooks/00-start-here.ipynb", seconds=600)
        opened.page.evaluate(_SAVE, base64.b64encode(_packed()).decode())
        printed = opened.run_cell(_RUN, seconds=600)
        found: dict[str, list[str]] = json.loads(printed.splitlines()[-1])
    return found


def _packed() -> bytes:
    """pytest as it is installed here, the tests, and what their fixtures are in a tab."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name in _RUNNER:
            for source in distribution(name).files or ():
                if source.suffix == ".py" or source.name == "METADATA":
                    written.write(str(source.locate()), source.as_posix())
        for module in (test_denials, world):
            written.write(str(module.__file__), f"tests/sandbox/{Path(str(module.__file__)).name}")
        written.write(Path(__file__).with_name("denials_in_tab.py"), "tests/sandbox/conftest.py")
        for package in ("tests", "tests/sandbox"):
            written.writestr(f"{package}/__init__.py", "")
    return packed.getvalue()


def test_there_are_seventeen() -> None:
    assert {int(name.split("_")[1].removeprefix("n")) for name in _CASES} == set(range(1, 18))


@pytest.mark.parametrize("case", _CASES)
def test_each_denial_is_met_in_the_tab_with_the_same_text(
    told: dict[str, list[str]], figure: Callable[[str], None], case: str
) -> None:
    assert told[case] == [""] * len(told[case]) != []
