"""Makes the notebooks' reference outputs: `make notebooks`, or `python -m tests.notebooks.references [NOTEBOOK …]`.

Each notebook runs on a sandbox of its own and is written back with nothing in it that differs from machine to machine
or from run to run. The tests compare later runs with these outputs, so they are never made or mended by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tests.support.isolation import isolated
from xsfn_helpers.common.language import ENGLISH

NOTEBOOKS: Final = Path(__file__).parents[2] / "notebooks"
CELL_TIMEOUT: Final = 60
KERNELSPEC: Final = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE: Final = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
# What a cell's author decides; the rest is what an editor or a run left.
CELL_METADATA: Final = ("jupyter", "tags")
# How long something took: another figure in each run. The text forms leave it out.
DURATION: Final = re.compile(r"\+\d+ ms|(?<=>)\d+ (?:s|min|秒|分)(?=<)")
# Ids of executions, requests and roles. The reader sees the real ones; tests/sanitize.cfg does the same to a run.
RANDOM_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=\b(?:AROA|AIDA))[A-Z0-9]{12,}")
# The lab's id in AWS accounts, which is random, except where somebody began before it was (aws/lab_ids.py).
LAB_ID: Final = re.compile(r"\bxsfn-[a-km-z2-9]{12}\b")
# Names a live widget by a random id; without its state, which isn't stored, nothing could show it.
WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"


def notebooks() -> list[Path]:
    """Every shipped notebook, in reading order."""
    return sorted(path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def language_of(path: Path) -> str:
    """The language a notebook is in: English lies in `notebooks/`, each other one in a folder below, named as it is."""
    return ENGLISH if path.parent == NOTEBOOKS else path.parent.name


def normalised(notebook: NotebookNode) -> NotebookNode:
    """A copy of `notebook` with one kernel name, no traces of the machine or the time, and nothing random."""
    copy = nbformat.from_dict(notebook)
    copy.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": LANGUAGE})
    copy.nbformat, copy.nbformat_minor = 4, 5
    for cell in copy.cells:
        cell.metadata = nbformat.from_dict({key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata})
        if cell.cell_type == "code":
            cell.outputs = [_normalised_output(output) for output in cell.outputs]
    return copy


def _normalised_output(output: NotebookNode) -> NotebookNode:
    if output.output_type == "error":
        # The frames name files and lines of this machine; nbval compares name and value only.
        output.traceback = [f"{output.ename}: {output.evalue}"]
    for key in ("data", "metadata"):
        output.get(key, {}).pop(WIDGET_VIEW, None)
    data = output.get("data", {})
    for words in ("text/plain", "text/html"):
        if words in data:
            data[words] = _without_ids(data[words])
    if "text/html" in data:
        data["text/html"] = DURATION.sub("…", data["text/html"])
    if "text" in output:
        output.text = _without_ids(output.text)
    return output


def _without_ids(text: str) -> str:
    return LAB_ID.sub("xsfn", RANDOM_ID.sub("…", text))


def text_of(notebook: NotebookNode) -> str:
    """The notebook as the text that is stored."""
    return f"{nbformat.writes(notebook).rstrip()}\n"


def executed(path: Path) -> NotebookNode:
    """The notebook at `path` after all its cells ran on a fresh sandbox. Raises `CellExecutionError`.

    It runs in its own folder, which is what tells its kernel the language to speak.
    """
    notebook = nbformat.read(path, as_version=4)
    with isolated():
        NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT,
            kernel_name=KERNELSPEC["name"],
            extra_arguments=["--log-level=ERROR"],  # else each kernel warns about TCP, which is local here
            resources={"metadata": {"path": str(path.parent)}},
            coalesce_streams=True,
            record_timing=False,
            store_widget_state=False,
        ).execute()
    return notebook


def main(arguments: Sequence[str]) -> int:
    """Make the references of the named notebooks, or of all. The exit code tells whether every one ran through."""
    failed = False
    for path in [Path(argument).resolve() for argument in arguments] or notebooks():
        name = path.relative_to(NOTEBOOKS.parent)
        try:
            text = text_of(normalised(executed(path)))
        except CellExecutionError as error:
            print(f"{name}: left as it was, because a cell failed:\n{error}", file=sys.stderr)
            failed = True
            continue
        changed = text != path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        print(f"{name}: {'new outputs stored' if changed else 'unchanged'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
