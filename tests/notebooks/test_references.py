"""The stored outputs are what `make notebooks` made, so nbval really compares something."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.notebooks.references import NOTEBOOKS, WIDGET_VIEW, executed, normalised, notebooks, text_of
from xsfn_helpers.common.language import ENGLISH, LANGUAGES

ROOT = Path(__file__).parents[2]
shipped = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())


@shipped
def test_every_code_cell_was_run_in_order(path: Path) -> None:
    """nbval passes a cell without stored outputs unseen, so one stripped by accident would switch its test off."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run `make notebooks`"


@shipped
def test_the_file_is_as_the_tool_writes_it(path: Path) -> None:
    stored = path.read_text(encoding="utf-8")

    assert text_of(normalised(nbformat.reads(stored, as_version=4))) == stored, "run `make notebooks`"


@shipped
def test_no_output_names_this_machine(path: Path) -> None:
    outputs = [str(cell.outputs) for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert not [output for output in outputs if str(ROOT) in output or str(Path.home()) in output]


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_a_notebook_is_run_in_the_language_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoken: str
) -> None:
    """Whatever the author's own language is."""
    monkeypatch.setenv("XSFN_LANG", "ja" if spoken == ENGLISH else ENGLISH)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    folder = tmp_path if spoken == ENGLISH else tmp_path / spoken
    folder.mkdir(exist_ok=True)
    cell = nbformat.v4.new_code_cell("from xsfn_helpers.common.language import language\nlanguage()")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "one.ipynb")

    [ran] = executed(folder / "one.ipynb").cells

    assert ran.outputs[0].data["text/plain"] == repr(spoken)


def test_normalising_takes_out_what_differs_between_runs() -> None:
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "mine", "display_name": "Mine"}, "widgets": {"state": {}}},
        cells=[
            nbformat.v4.new_code_cell(
                "1 / 0",
                id="divide",
                metadata={"execution": {"iopub.execute_input": "2026-01-01"}, "tags": ["raises-exception"]},
                outputs=[
                    nbformat.v4.new_output("display_data", {"text/plain": "a bar", WIDGET_VIEW: {"model_id": "4f"}}),
                    nbformat.v4.new_output("error", ename="ZeroDivisionError", evalue="no", traceback=["File /x/y.py"]),
                ],
            )
        ],
    )

    result = normalised(notebook)

    cell = result.cells[0]
    assert result.metadata.kernelspec.name == "python3"
    assert "widgets" not in result.metadata
    assert cell.id == "divide"
    assert cell.metadata == {"tags": ["raises-exception"]}
    assert cell.outputs[0].data == {"text/plain": "a bar"}
    assert cell.outputs[1].traceback == ["ZeroDivisionError: no"]


def test_normalising_twice_is_normalising_once() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", metadata={"scrolled": True})])

    once = normalised(notebook)

    assert text_of(normalised(once)) == text_of(once)


@pytest.mark.parametrize("took", ["7 s", "3 min", "7 秒", "3 分"])
def test_how_long_a_thing_took_is_not_stored_in_any_language(took: str) -> None:
    output = nbformat.v4.new_output("display_data", {"text/html": f"<td>2, <span>{took}</span></td>"})
    cell = nbformat.v4.new_code_cell("practice.score()", outputs=[output])

    [stored] = normalised(nbformat.v4.new_notebook(cells=[cell])).cells

    assert stored.outputs[0].data["text/html"] == "<td>2, <span>…</span></td>"


def test_the_random_id_of_a_lab_is_not_stored() -> None:
    output = nbformat.v4.new_output("execute_result", {"text/plain": "<Lab 'xsfn-7bx8nj7nf94t': …>"}, execution_count=1)

    [stored] = normalised(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("lab", outputs=[output])])).cells

    assert stored.outputs[0].data["text/plain"] == "<Lab 'xsfn': …>"
