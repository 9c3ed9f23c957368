"""How the page in the tab opens: a workspace for each notebook, with the map beside it, and what the map is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from publish.places import ROOT, languages, workspace_of
from xsfn_helpers.common.language import speaking
from xsfn_helpers.lab.map.pane import pane_parts

_JUPYTER: Final = ROOT / "xsfn_helpers" / "cli" / "jupyter"
EXTENSIONS: Final = _JUPYTER / "labextensions"
_OPENS: Final = "notebooks/00-start-here.ipynb"


def workspaces(folder: Path) -> None:
    """Write the arrangement that `xsfn lab` has, once for each notebook."""
    folder.mkdir(parents=True)
    arranged = (_JUPYTER / "workspace.json").read_text(encoding="utf-8")
    for language in languages():
        for notebook in sorted(language.notebooks.glob("*.ipynb")):
            path = notebook.relative_to(ROOT).as_posix()
            workspace = json.loads(arranged.replace(_OPENS, path))
            workspace["metadata"]["id"] = workspace_of(path)
            (folder / f"{workspace_of(path)}.jupyterlab-workspace").write_text(json.dumps(workspace), encoding="utf-8")


def map_parts(folder: Path) -> None:
    """Write what a server would tell the map's pane, in each language."""
    folder.mkdir(parents=True)
    for language in languages():
        with speaking(language.code):
            (folder / f"{language.code}.json").write_text(json.dumps(pane_parts()), encoding="utf-8")
