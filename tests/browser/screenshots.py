"""Photographs what each notebook shows above all, light, dark and narrow: `make screenshots`.

Each is taken of the real thing: JupyterLab, a fresh sandbox, and cells that bring it about. Those that the README shows
go into the folder given; all others, to be looked at, into `scratch/screenshots/`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize

from tests.browser import chromium
from tests.browser.jupyter import DARK, LIGHT, WIDE, JupyterLab, Notebook, Watch, close_all, serving, theme, window
from tests.notebooks.jupyterlab_check import ROOT
from tests.support.isolation import isolated
from xsfn_helpers.common.language import ENGLISH
from xsfn_helpers.display import palette

OPENING: Final = (
    "import os\nos.environ['XSFN_LANG'] = '{language}'\n"
    "from xsfn_helpers import open_lab\nlab = open_lab()\nlab.set_stage({stage})"
)
NARROW: Final = 480
ZOOMED: Final = 640  # what a window of 1280 has left at 200 % zoom
# The front end's files that draw the scenes.
DRAWN_BY: Final = (
    *("shared.js", "chain.js", "run.js", "status.js", "editing.js", "editor.js", "task_form.js"),
    *("live.css", "editing.css"),
)
# What the pictures were taken of, so that a test can tell when they are stale.
TAKEN_OF: Final = "live-displays.sha256"
# Those that the README doesn't show are for looking at, and aren't kept.
OTHERS: Final = ROOT / "scratch" / "screenshots"
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

    @property
    def language(self) -> str:
        """The language it speaks: that of the folder it is in."""
        folder, _, _ = self.name.rpartition("/")
        return folder or ENGLISH


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
_TRIAL: Final = (
    "trial = lab.trust_trial()",
    'trial.try_policy(trial.session_arn.replace("curious", "somebody-else"))',
)
_BREAK: Final = "practice = lab.practice()\nfault = practice.fault(1)\nbroken = fault.inject()"
_SYMPTOM: Final = (_BREAK, "fault.symptom()")
_CHECK: Final = (
    f'{_BREAK}\ntrust = fault.document("execute_role_trust")\ndel trust["Statement"][0]["Condition"]',
    "saved = fault.repair(execute_role_trust=trust)\nfault.check()",
)
_SCORE: Final = (_BREAK, "solved = fault.apply_solution(), fault.check()\npractice.score_card()")
_OUTPUT: Final = ".jp-OutputArea-output.jp-RenderedHTML"
SCENES: Final = (
    # Notebooks 00 to 03.
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
    # In Japanese.
    Scene("ja/live-chain-light", 1, _CHAIN, ".xsfn-chain"),
    Scene("ja/live-chain-dark", 1, _CHAIN, ".xsfn-chain", theme=DARK),
    Scene("ja/live-chain-narrow", 1, _CHAIN, ".xsfn-chain", width=NARROW),
    Scene("ja/live-policies", 1, _CHAIN, ".xsfn-chain", click='[data-box="execute-role"]'),
    Scene("ja/live-run-dark", 3, _REFUSED, ".xsfn-run", theme=DARK),
    Scene("ja/live-run-narrow", 3, ("run = lab.run(live=True)",), ".xsfn-run", width=NARROW),
    Scene("ja/live-status", 1, ("lab.status()",), ".xsfn-status"),
    Scene("ja/live-editor-light", 3, _EDITOR, ".xsfn-editor"),
    Scene("ja/live-editor-narrow", 3, _FAULT, ".xsfn-editor", width=NARROW),
    Scene("ja/live-task-form-dark", 3, _NO_ROLE, ".xsfn-task", theme=DARK),
    # Notebook 04.
    Scene("trust-answer-light", 3, _TRIAL, _OUTPUT),
    Scene("trust-answer-dark", 3, _TRIAL, _OUTPUT, theme=DARK),
    Scene("trust-answer-narrow", 3, _TRIAL, _OUTPUT, width=NARROW),
    # Notebook 05.
    Scene("symptom-light", 3, _SYMPTOM, _OUTPUT),
    Scene("symptom-dark", 3, _SYMPTOM, _OUTPUT, theme=DARK),
    Scene("symptom-narrow", 3, _SYMPTOM, _OUTPUT, width=NARROW),
    Scene("check-light", 3, _CHECK, _OUTPUT),
    Scene("check-dark", 3, _CHECK, _OUTPUT, theme=DARK),
    Scene("check-narrow", 3, _CHECK, _OUTPUT, width=NARROW),
    Scene("score-card-light", 3, _SCORE, _OUTPUT),
    Scene("score-card-dark", 3, _SCORE, _OUTPUT, theme=DARK),
    Scene("score-card-narrow", 3, _SCORE, _OUTPUT, width=NARROW),
)


def shown_in_readme() -> frozenset[str]:
    """The names of the scenes that the README shows, in each language."""
    readmes = (path.read_text(encoding="utf-8") for path in ROOT.glob("README*.md"))
    return frozenset(name for text in readmes for name in re.findall(r"diagrams/([\w/-]+)\.png", text))


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
    notebook: Notebook = jupyter.write_and_open(
        page, OPENING.format(language=scene.language, stage=scene.stage), *scene.cells
    )
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
    path.parent.mkdir(parents=True, exist_ok=True)
    page.locator(scene.part).screenshot(path=path)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Photograph every scene, or those named, into the folder given. Exit code 2 where there is no browser."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the README's pictures go, such as diagrams/")
    parser.add_argument("scenes", nargs="*", help="their names; all when none is given")
    options = parser.parse_args(arguments)
    browser_path = chromium.executable()
    if browser_path is None:
        sys.stderr.write("There is no Chromium or Chrome to photograph with: install one.\n")
        return 2
    OTHERS.mkdir(parents=True, exist_ok=True)
    with isolated() as scratch, chromium.running(browser_path) as browser:
        root = scratch / "notebooks"
        root.mkdir()
        with serving(root) as jupyter, window(browser, Watch()) as context:
            page = jupyter.page(context)
            for scene in SCENES:
                if not options.scenes or scene.name in options.scenes:
                    folder = options.folder if scene.name in shown_in_readme() else OTHERS
                    print(photograph(jupyter, page, scene, folder))
    if not options.scenes:
        (options.folder / TAKEN_OF).write_text(f"{fingerprint()}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
