"""A shipped notebook run with `XSFN_TARGET=aws`, and where its words differ from the stored ones."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.notebooks.references import KERNELSPEC, normalised
from xsfn_helpers.aws.lab_ids import COMMON

_SANITIZE: Final = Path(__file__).parents[1] / "sanitize.cfg"
_TIMEOUT: Final = 300
# On AWS a lab's id is random; on the sandbox it is the common one.
_RANDOM_ID: Final = re.compile(rf"\b{COMMON}-[a-z2-9]{{12}}\b")


@dataclass(frozen=True)
class Difference:
    """One cell whose words aren't the stored ones."""

    source: str
    stored: str
    there: str


def run_there(path: Path) -> NotebookNode:
    """The notebook after a run in this process's environment. Raises `CellExecutionError`."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=_TIMEOUT,
        kernel_name=KERNELSPEC["name"],
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
    ).execute()
    return normalised(notebook)


def differences(path: Path, there: NotebookNode) -> list[Difference]:
    stored = nbformat.read(path, as_version=4)
    pairs = [(one, other) for one, other in zip(stored.cells, there.cells, strict=True) if one.cell_type == "code"]
    told = [Difference(one.source, _words(one), _words(other)) for one, other in pairs]
    return [difference for difference in told if difference.stored != difference.there]


def _words(cell: NotebookNode) -> str:
    """What the cell says on standard output and as its result, less what differs from run to run."""
    parts = [output.get("text", "") for output in cell.outputs if output.get("name") == "stdout"]
    parts += [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
    text = _RANDOM_ID.sub(COMMON, "\n".join(parts))
    config = configparser.RawConfigParser()
    config.read(_SANITIZE)
    for section in config.sections():
        text = re.sub(config.get(section, "regex"), config.get(section, "replace"), text)
    return text
