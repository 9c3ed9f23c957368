"""What an hour's lesson takes of the reader's memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.lite.lesson import FIRST, LONG, PATIENCE
from tests.lite.machine import page_megabytes
from tests.lite.tab import Tab, errors

pytestmark = LONG
AN_HOUR: Final = (
    FIRST,
    "notebooks/01-subject-execute-role",
    "notebooks/02-operator-role",
    "notebooks/03-operator-task",
    "notebooks/03b-when-a-run-fails",
)


def test_an_hour_s_lesson_fits_in_memory(page: Tab, figure: Callable[[str], None]) -> None:
    """Notebooks 00 to 03b are what a reader does in an hour: on one page, none of them closed, each with its kernel."""
    sizes, cells = [], 0
    for book in AN_HOUR:
        if sizes:
            page.open_beside(f"{book}.ipynb", seconds=PATIENCE)
        else:
            page.open(f"{book}.ipynb", seconds=PATIENCE)
        ran = page.run_all(seconds=PATIENCE)
        assert errors(ran) == []
        cells += len(ran)
        sizes.append(page_megabytes())

    figure(f"memory of the page after each notebook of an hour, {cells} cells: {sizes} MB")
    assert sizes[-1] < 3000


def test_memory_does_not_grow_with_each_lesson(page: Tab, figure: Callable[[str], None]) -> None:
    page.open("notebooks/05-break-and-fix.ipynb", seconds=PATIENCE)
    heaps, sizes = [], []
    for _ in range(4):
        assert errors(page.run_all(seconds=PATIENCE)) == []
        told = page.run_cell("import pyodide_js; print(pyodide_js._module.HEAPU8.length // 1_000_000, 'MB')")
        heaps.append(int(told.split()[0]))
        sizes.append(page_megabytes())

    figure(f"four times notebook 05 in one kernel: its heap {heaps} MB, the page {sizes} MB")
    assert heaps[-1] < 700
    assert heaps[-1] <= heaps[1] * 1.5, "the heap grows with each lesson"
