"""The live displays in notebooks without a front end: compared word by word by nbval, and told as a page."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from tests.conftest import fresh_names
from tests.notebooks.references import normalised, text_of
from tests.support import forks
from xsfn_helpers import open_lab

CELLS = (
    "lab.set_stage(1)",
    "lab.live_diagram()",
    "lab.status()",
    "lab.stage(2).apply()",
    "lab.set_stage(3)",
    "run = lab.run(live=True)",
    "print(run)",
    "shown = lab.run(wait=False).watch()\nshown",
    "print(shown.wait())",
    "lab.live_diagram()",
    'lab.workflow("operator", run)',
    'lab.edit("execute-role trust")',
    'editor = lab.edit("execute-role trust")\neditor.edit("{")\nprint(editor.report)',
    "lab.task_form()",
)
DIAGRAM, STATUS, LIVE_RUN = 2, 3, 6
WORKFLOW, EDITOR, FORM = 11, 12, 14


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with every live display, run once and stored as the shipped ones are."""
    names = fresh_names()
    opening = f"from xsfn_helpers import open_lab\nlab = open_lab(**{names!r})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (opening, *CELLS)])
    NotebookClient(
        notebook, kernel_name="python3", timeout=60, store_widget_state=False, coalesce_streams=True
    ).execute()
    open_lab(**names).clean()
    path = tmp_path_factory.mktemp("live") / "live.ipynb"
    path.write_text(text_of(normalised(notebook)), encoding="utf-8")
    return path


@pytest.fixture
def notebook(executed: Path) -> NotebookNode:
    return nbformat.read(executed, as_version=4)


def test_a_second_run_puts_out_the_same_words(executed: Path) -> None:
    root = Path(__file__).parents[2]
    options = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={root / 'tests' / 'sanitize.cfg'}"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        "/dev/null",
        "-p",
        "no:cacheprovider",
        *options,
        str(executed),
    ]
    done = forks.run(command, cwd=executed.parent, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(CELLS) + 1} passed" in done.stdout


def test_what_is_stored_has_text_and_html_for_each(notebook: NotebookNode) -> None:
    diagram, status, run = (notebook.cells[at].outputs[0].data for at in (DIAGRAM, STATUS, LIVE_RUN))

    assert diagram["text/html"].startswith("<figure")
    assert "2 ✗ denied" in diagram["text/plain"]
    assert "Next: lab.stage(2).apply()" in status["text/plain"]
    assert status["text/plain"] in status["text/html"].replace("&#x27;", "'")
    assert run["text/plain"] == "Live view of this run. The result appears below."


def test_what_is_edited_is_stored_with_its_judgement(notebook: NotebookNode) -> None:
    workflow, editor, form = (notebook.cells[at].outputs[0].data for at in (WORKFLOW, EDITOR, FORM))

    assert workflow["text/html"].startswith("<figure")
    assert "✓ succeeded" in workflow["text/plain"]
    assert "✓ This is what is stored." in editor["text/plain"]
    assert "stays allowed" in editor["text/html"]
    assert "IAM role for cross-account access: arn:aws:iam::222222222222:role/" in form["text/plain"]
    assert "RoleArn" in form["text/html"]


def test_a_page_made_of_it_tells_the_whole_story(notebook: NotebookNode) -> None:
    page, _ = HTMLExporter().from_notebook_node(notebook)

    assert page.count('alt="Access chain of a cross-account run.') == 2
    assert page.count("alt='Workflow of ") == 1
    assert page.count('alt="What if: the access chain as it would be') == 1
    assert "Link 2, denied" in page
    assert "Link 2, allowed" in page
    assert page.count("Operator execution: SUCCEEDED") == 2
