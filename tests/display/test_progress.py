"""Progress leaves one stable printed line; in a notebook one widget changes meanwhile and is closed."""

from __future__ import annotations

import sys

import nbformat
import pytest
from nbclient import NotebookClient

from xsfn_helpers.display.progress import progress

CELL = """
import ipywidgets
from xsfn_helpers.display.progress import progress

class Recorded(ipywidgets.HTML):
    seen = []
    def __init__(self, **traits):
        super().__init__(**traits)
        self.observe(lambda change: self.seen.append(change.new), "value")
    def close(self):
        self.seen.append("closed")
        super().close()

ipywidgets.HTML = Recorded
with progress(2, "Stage <1>") as step:
    step("execute role")
    step("trust & permission")
for value in Recorded.seen:
    print(value)
"""


def test_outside_a_notebook_only_the_last_line_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(2, "Stage 1") as step:
        step("execute role")
        step("its trust policy")

    assert capsys.readouterr().out == "✓ Stage 1: done (2 of 2)\n"


def test_without_a_known_total_the_steps_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(None, "Polls") as step:
        for _ in range(3):
            step("still running")

    assert capsys.readouterr().out == "✓ Polls: done (3)\n"


def test_a_failure_is_told_and_goes_on_its_way(capsys: pytest.CaptureFixture[str]) -> None:
    def stage() -> None:
        with progress(3, "Stage 2") as step:
            step("Operator role")
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        stage()

    assert capsys.readouterr().out == "✗ Stage 2: stopped (1 of 3) after: Operator role\n"


def test_without_ipywidgets_the_line_is_still_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with progress(1, "Stage 1") as step:
        step("done")

    assert capsys.readouterr().out == "✓ Stage 1: done (1 of 1)\n"


def test_in_a_kernel_one_widget_is_shown_changes_and_is_closed_before_the_line() -> None:
    """No display update, `clear_output` or captured output: the notebook tests don't follow those."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    shown, *streams = notebook.cells[0].outputs

    assert shown.output_type == "display_data"
    assert shown.data["text/plain"] == "Stage <1> …"
    assert "application/vnd.jupyter.widget-view+json" in shown.data
    assert "".join(stream.text for stream in streams) == (
        "✓ Stage <1>: done (2 of 2)\n"
        '<progress max="2" value="1"></progress> Stage &lt;1&gt; (1 of 2): execute role\n'
        '<progress max="2" value="2"></progress> Stage &lt;1&gt; (2 of 2): trust &amp; permission\n'
        "closed\n"
    )
