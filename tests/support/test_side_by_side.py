"""The order in which test processes take up the work."""

from __future__ import annotations

from pathlib import Path

from tests.support.side_by_side import _FIRST, next_piece, piece_of

ROOT = Path(__file__).parents[2]


def test_what_is_named_is_there() -> None:
    assert [name for name in _FIRST if not (ROOT / name).exists()] == []


def test_files_of_a_folder_that_share_a_browser_are_one_piece() -> None:
    assert piece_of("tests/browser/test_editor.py::test_a[x/y::z]") == "tests/browser/"
    assert piece_of("tests/lab/classroom/test_room.py::test_b") == "tests/lab/classroom/test_room.py"


def test_the_longest_comes_first_then_the_one_with_most_tests() -> None:
    waiting = {"tests/a.py": [1], "tests/b.py": [1, 2], "tests/browser/": [1], "notebooks/00-start-here.ipynb": [1]}
    order = []
    while waiting:
        order.append(next_piece(waiting))
        del waiting[order[-1]]

    assert order == ["tests/browser/", "notebooks/00-start-here.ipynb", "tests/b.py", "tests/a.py"]
