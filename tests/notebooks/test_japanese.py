"""The Japanese notebooks mirror the English ones cell by cell: the same code, names, numbers, links and frame."""

from __future__ import annotations

import re
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pytest

from tests.notebooks.mirror import (
    FENCED,
    JAPANESE,
    LINK,
    TAG,
    cells,
    each_notebook,
    headings,
    pairs,
    prose,
    spans,
    unlike,
)
from tests.notebooks.references import NOTEBOOKS

ARN: Final = re.compile(r"arn:aws[\w:/*.-]+")
COMMENT: Final = re.compile(r" *# .*$", re.MULTILINE)
TIME: Final = {NOTEBOOKS: r"^\*\*Time:\*\* (\d+) minutes", JAPANESE: r"^\*\*所要時間:\*\* (\d+) 分"}
# Words that count: what English spells out, Japanese writes in figures.
COUNTING: Final = {
    "0": {"no", "none", "nothing", "zero"},
    "1": {"a", "an", "another", "each", "either", "first", "once", "one", "only", "single", "whole"},
    "2": {"both", "other", "second", "twice", "two"},
    "3": {"third", "three"},
    "4": {"four", "fourth"},
    "5": {"fifth", "five"},
    "6": {"six", "sixth"},
    "7": {"seven", "seventh"},
    "8": {"eight", "eighth"},
    "9": {"nine", "ninth"},
    "10": {"ten", "tenth"},
    "12": {"twelve"},
    "13": {"thirteen"},
}
# Code spans that a cell has more or fewer of than its original, each with the reason.
SPANS_DIFFER: Final[dict[str, str]] = {}
# Numbers likewise.
NUMBERS_DIFFER: Final = {
    "03-60": "names the stage that is applied again",
    "05-93": "says that there is one more place to look at",
}


def test_the_same_notebooks_are_there() -> None:
    assert {path.name for path in JAPANESE.glob("*.ipynb")} == {path.name for path in NOTEBOOKS.glob("*.ipynb")}


@each_notebook
def test_the_cells_are_the_same_in_number_kind_id_and_tags(name: str) -> None:
    shapes = [
        [(cell.cell_type, cell.id, dict(cell.metadata)) for cell in cells(folder, name)]
        for folder in (NOTEBOOKS, JAPANESE)
    ]

    assert [
        f"{name}, cell {number}: {other} instead of {one}"
        for number, (one, other) in enumerate(zip_longest(*shapes), 1)
        if one != other
    ] == []


@each_notebook
def test_the_code_is_the_same(name: str) -> None:
    assert [
        f"{name}, cell {number} ({one.id}): {first_difference(one.source, other.source)}"
        for number, one, other in pairs(name, "code")
        if one.source != other.source
    ] == []


def first_difference(one: str, other: str) -> str:
    lines = enumerate(zip_longest(one.splitlines(), other.splitlines()), 1)
    return next(
        (f"line {number} is {there!r} instead of {here!r}" for number, (here, there) in lines if here != there),
        "the end differs",
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [("a\nc", "line 2 is 'c' instead of 'b'"), ("a", "line 2 is None instead of 'b'"), ("a\nb\n", "the end differs")],
)
def test_a_difference_in_code_is_shown(changed: str, said: str) -> None:
    assert first_difference("a\nb", changed) == said


@each_notebook
def test_the_headings_have_the_same_levels(name: str) -> None:
    def levels(text: str) -> list[int]:
        return [len(marks) for marks, _ in headings(text)]

    assert unlike(name, levels) == []


@each_notebook
def test_the_frame_is_the_same(name: str) -> None:
    opening = {folder: cells(folder, name)[0].source for folder in (NOTEBOOKS, JAPANESE)}
    minutes = [re.findall(TIME[folder], text, re.MULTILINE) for folder, text in opening.items()]
    bullets = [len(re.findall("^- ", text, re.MULTILINE)) for text in opening.values()]

    assert re.match(rf"# {name.partition('-')[0]} · \S", opening[JAPANESE])
    assert "\n**問い**\n" in opening[JAPANESE]
    assert "\n**このノートブックを終えると**" in opening[JAPANESE]
    assert minutes[0] == minutes[1] != []
    assert bullets[0] == bullets[1]
    assert cells(JAPANESE, name)[-1].source.startswith("## まとめ\n\n- ")


@each_notebook
def test_folded_answers_and_their_code_are_the_same(name: str) -> None:
    assert unlike(name, lambda text: [COMMENT.sub("", code) for code in FENCED.findall(text)]) == []
    assert unlike(name, lambda text: Counter(TAG.findall(text))) == []


@each_notebook
def test_names_and_arns_are_the_same(name: str) -> None:
    assert unlike(name, spans, SPANS_DIFFER) == []
    assert unlike(name, lambda text: Counter(ARN.findall(text)), SPANS_DIFFER) == []


@each_notebook
def test_numbers_are_the_same(name: str) -> None:
    """Every figure is told, and none that isn't there: in figures or, in English, in words."""
    wrong = []
    for number, one, other in pairs(name, "markdown"):
        english, japanese = prose(one.source), prose(other.source)
        told, figures = Counter(re.findall(r"\d+", japanese)), Counter(re.findall(r"\d+", english))
        missing, added = figures - told, set(told) - set(figures) - counted_in(english)
        if (missing or added) and one.id not in NUMBERS_DIFFER:
            wrong.append(f"{name}, cell {number} ({one.id}): without {dict(missing)}, with {added}")

    assert wrong == []


def counted_in(english: str) -> set[str]:
    words = set(re.findall("[a-z]+", english.lower()))
    return {figure for figure, spelt in COUNTING.items() if words & spelt}


def test_no_exception_is_listed_for_nothing() -> None:
    there = [pair for path in NOTEBOOKS.glob("*.ipynb") for pair in pairs(path.name, "markdown")]
    spans_differ = {one.id for _, one, other in there if spans(one.source) != spans(other.source)}
    ids = {one.id for _, one, _ in there}

    assert spans_differ == SPANS_DIFFER.keys()
    assert NUMBERS_DIFFER.keys() <= ids


@each_notebook
def test_links_lead_to_the_same_place(name: str) -> None:
    """To the notebook in the same language, by its title; to anything else, wherever it is."""
    for number, one, other in pairs(name, "markdown"):
        where = f"{name}, cell {number} ({one.id})"
        originals, links = (LINK.findall(cell.source) for cell in (one, other))
        assert len(originals) == len(links), where
        for (_, original), (text, address) in zip(originals, links, strict=True):
            if "://" in original or original.startswith("#"):
                assert address == original, where
                continue
            path, sharp, anchor = address.partition("#")
            there = (JAPANESE / path).resolve()
            meant = (NOTEBOOKS / original.partition("#")[0]).resolve()
            assert there.is_file(), f"{where}: {address}"
            assert there in (in_japanese(meant), meant), f"{where}: {address}"
            if there.suffix == ".ipynb":
                sources = [cell.source for cell in cells(there.parent, there.name)]
                assert " · " not in text or sources[0].startswith(f"# {text}\n"), f"{where}: {text}"
                anchors = [words.replace(" ", "-") for source in sources for _, words in headings(source)]
                assert not sharp or anchor in anchors, f"{where}: {address}"


def in_japanese(path: Path) -> Path:
    return path.parent / "ja" / path.name
