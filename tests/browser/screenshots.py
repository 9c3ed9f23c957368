"""Photographs the live displays for README and documentation: `make screenshots`.

Each is taken of the real thing: JupyterLab, a fresh sandbox, and cells that bring it about.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize

from tests.browser import chromium
from tests.browser.jupyter import DARK, LIGHT, WIDE, JupyterLab, Notebook, Watch, close_all, serving, theme, window
from tests.isolation import isolated
from xsfn_helpers.display import palette

OPENING: Final = "from xsfn_helpers import open_lab\nlab = open_lab()\nlab.at_stage({stage})"
NARROW: Final = 480
ZOOMED: Final = 640  # what a window of 1280 has left at 200 % zoom
# The front end's files that draw the scenes.
DRAWN_BY: Final = (
    *("shared.js", "chain.js", "run.js", "status.js", "editing.js", "editor.js", "task_form.js"),
    *("live.css", "editing.css"),
)
# What the pictures were taken of, so that a test can tell when they are stale.
TAKEN_OF: Final = "live-displays.sha256"
SETTLED: Final = 2_500  # milliseconds, until a run is told and highlights have gone


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: cells to run, the part to photograph, and how the page looks."""

    name: str
    stage: int
    cells: tuple[str, ...]
    part: str
    theme: str = LIGHT
    width: int = WIDE["width"]
    click: str = ""


_CHAIN: Final = ("lab.live_diagram()",)
_RUN: Final = ("lab.live_diagram()", "run = lab.run()")
_REFUSED: Final = ("lab.stage(2).undo()", "run = lab.run(live=True)")
_EDITOR: Final = (
    'editor = lab.edit("execute-role trust")\n'
    "editor.edit(editor.document.replace(lab.scenario.external_id, lab.scenario.subject_machine_arn))",
    "editor",
)
_FAULT: Final = (
    "editor = lab.edit(\"execute-role permissions\")\neditor.edit(editor.document.replace('tion\",', 'tion\"'))",
    "editor",
)
_FORM: Final = ("form = lab.task_form()\nform",)
_NO_ROLE: Final = ("form = lab.task_form()\nform.choose(None)", "form")
_RAN: Final = ("lab.stage(2).undo()\nrun = lab.run()", 'lab.workflow("operator", run)')
SCENES: Final = (
    Scene("live-chain-light", 1, _CHAIN, ".xsfn-chain"),
    Scene("live-chain-dark", 1, _CHAIN, ".xsfn-chain", theme=DARK),
    Scene("live-chain-run", 3, _RUN, ".xsfn-chain"),
    Scene("live-chain-narrow", 1, _CHAIN, ".xsfn-chain", width=NARROW),
    Scene("live-chain-zoomed", 3, _CHAIN, ".xsfn-chain", width=ZOOMED),
    Scene("live-policies", 3, _CHAIN, ".xsfn-chain", click='[data-box="execute-role"]'),
    Scene("live-run-light", 3, ("run = lab.run(live=True)",), ".xsfn-run"),
    Scene("live-run-dark", 3, _REFUSED, ".xsfn-run", theme=DARK),
    Scene("live-run-narrow", 3, ("run = lab.run(live=True)",), ".xsfn-run", width=NARROW),
    Scene("live-status", 1, ("lab.status()",), ".xsfn-status"),
    Scene("live-editor-light", 3, _EDITOR, ".xsfn-editor"),
    Scene("live-editor-dark", 3, _EDITOR, ".xsfn-editor", theme=DARK),
    Scene("live-editor-narrow", 3, _FAULT, ".xsfn-editor", width=NARROW),
    Scene("live-task-form-light", 3, _FORM, ".xsfn-task"),
    Scene("live-task-form-dark", 3, _NO_ROLE, ".xsfn-task", theme=DARK),
    Scene("live-task-form-narrow", 3, _FORM, ".xsfn-task", width=NARROW),
    Scene("live-workflow-light", 3, ("run = lab.run()", 'lab.workflow("operator", run)'), ".jp-RenderedHTML figure"),
    Scene("live-workflow-dark", 3, _RAN, ".jp-RenderedHTML figure", theme=DARK),
    Scene("live-workflow-narrow", 3, _RAN, ".jp-RenderedHTML figure", width=NARROW),
)


def fingerprint() -> str:
    """Of everything that decides how the scenes look: the front end's files, the palette, and this file."""
    display = Path(palette.__file__).parent
    sources = [*(display / "live" / "static" / name for name in DRAWN_BY), display / "palette.py", Path(__file__)]
    return sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def photograph(jupyter: JupyterLab, page: Page, scene: Scene, folder: Path) -> Path:
    """Bring the scene about and photograph it. Raises `AssertionError` when a cell ends in an error."""
    close_all(page)
    theme(page, scene.theme)
    page.set_viewport_size(ViewportSize(width=scene.width, height=WIDE["height"]))
    notebook: Notebook = jupyter.write_and_open(page, OPENING.format(stage=scene.stage), *scene.cells)
    for index in range(1 + len(scene.cells)):
        error = notebook.run(index)
        assert not error, f"{scene.name}, cell {index}: {error}"
    if scene.click:
        page.locator(scene.click).click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(SETTLED)
    # Whole, however tall: JupyterLab's page scrolls inside, and what is out of view isn't photographed.
    page.set_viewport_size(ViewportSize(width=scene.width, height=2800))
    page.wait_for_timeout(300)
    path = folder / f"{scene.name}.png"
    page.locator(scene.part).screenshot(path=path)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Photograph every scene, or those named, into the folder given. Exit code 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go, such as diagrams/")
    parser.add_argument("scenes", nargs="*", help="their names; all when none is given")
    options = parser.parse_args(arguments)
    browser_path = chromium.executable()
    if browser_path is None:
        sys.stderr.write("There is no Chromium or Chrome to photograph with: install one.\n")
        return 2
    with isolated() as scratch, chromium.running(browser_path) as browser:
        root = scratch / "notebooks"
        root.mkdir()
        with serving(root) as jupyter, window(browser, Watch()) as context:
            page = jupyter.page(context)
            for scene in SCENES:
                if not options.scenes or scene.name in options.scenes:
                    print(photograph(jupyter, page, scene, options.folder))
    if not options.scenes:
        (options.folder / TAKEN_OF).write_text(f"{fingerprint()}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
