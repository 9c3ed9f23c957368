"""axe-core from npm, in a scratch folder: accessibility rules applied to a part of a page."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

_NODE: Final = Path(__file__).parent / "node"
_SCRATCH: Final = Path(__file__).parents[2] / "scratch" / "axe-core"
_SCRIPT: Final = _SCRATCH / "node_modules" / "axe-core" / "axe.min.js"
_INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
_INSTALL_SECONDS: Final = 180
# JupyterLab's body is hidden overflow of no height, over which its shell is laid: axe-core would take all for unseen.
_RUN: Final = """async ([selector, options]) => {
  document.body.style.minHeight = "100vh";
  document.querySelector(selector).scrollIntoView({ block: "center" });
  try {
    const { violations, passes, incomplete } = await axe.run(selector, options);
    const judged = [...violations, ...passes, ...incomplete].some((one) => one.id === "color-contrast");
    return { violations, judged };
  } finally {
    document.body.style.minHeight = "";
  }
}"""
_OF_COLOURS: Final = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
GRAVE: Final = ("serious", "critical")


class NoAxe(Exception):
    """axe-core can't be had here. `is_fault`: npm is there, so it should have been."""

    def __init__(self, why: str, *, is_fault: bool) -> None:
        super().__init__(why)
        self.is_fault = is_fault


def script() -> str:
    """axe-core's source, installed if need be. Raises `NoAxe`."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoAxe("there is no npm on this machine", is_fault=False)
    lock = (_NODE / "package-lock.json").read_text(encoding="utf-8")
    done = _SCRATCH / "installed.json"
    if not done.exists() or done.read_text(encoding="utf-8") != lock:
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_NODE / name, _SCRATCH / name)
        command = [npm, *_INSTALL]
        try:
            subprocess.run(
                command,
                cwd=_SCRATCH,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_INSTALL_SECONDS,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise NoAxe(f"npm couldn't install it: {error}", is_fault=True) from error
        done.write_text(lock, encoding="utf-8")
    return _SCRIPT.read_text(encoding="utf-8")


def findings(page: Page, source: str, selector: str, *, colours: bool = False) -> list[dict[str, Any]]:
    """What axe-core finds wrong within `selector`: rule, impact, and the elements. What is out of view isn't judged.

    With `colours`, only by those rules that another colour scheme could break.

    Raises `AssertionError` when it saw no words there, and so can't have judged their contrast.
    """
    # Evaluated rather than added as a script, which a page's content policy may forbid.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(source)
    result = page.evaluate(_RUN, [selector, _OF_COLOURS if colours else {}])
    assert result["judged"], f"axe-core saw no words in {selector}"
    return [
        {"rule": one["id"], "impact": one["impact"], "nodes": [node["html"][:200] for node in one["nodes"]]}
        for one in result["violations"]
    ]
