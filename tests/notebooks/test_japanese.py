"""The Japanese notebooks mirror the English ones cell by cell: the same code, and prose that says the same.

What is counted here is what a translation must not lose: code, names, numbers, links, the frame. That it reads well is
for people to judge.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Final

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks.references import NOTEBOOKS

JAPANESE: Final = NOTEBOOKS / "ja"
ROOT: Final = NOTEBOOKS.parent
each_notebook = pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))

_KANA: Final = re.compile("[ぁ-ゖァ-ヺ]")
_LETTERS: Final = re.compile(r"[A-Za-z]{2}")
_HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_FENCED: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_COMMENT: Final = re.compile(r" *# .*$", re.MULTILINE)
_SPAN: Final = re.compile(r"`([^`\n]+)`|<code>(.+?)</code>")
_TAG: Final = re.compile(r"</?[a-z]+>")
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_ARN: Final = re.compile(r"arn:aws[\w:/*.-]+")
_TIME: Final = {NOTEBOOKS: r"^\*\*Time:\*\* (\d+) minutes", JAPANESE: r"^\*\*所要時間:\*\* (\d+) 分"}
# Words that count: what English spells out, Japanese writes in figures.
_COUNTING: Final = {
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
# Four words of English in a row that belong there: labels of programs that we don't translate, and what AWS says.
_IN_ENGLISH: Final = frozenset(
    {
        "Create New View for Cell Output",
        "IAM role for cross-account access",
        "Invalid principal in policy",
        "Parameter SubjectAccountId failed to satisfy constraint",
        "is not authorized to assume the task state's role",
        "violates the permissions boundary constraint",
    }
)
# Code spans that a cell has more or fewer of than its original, each with the reason.
SPANS_DIFFER: Final = {
    **dict.fromkeys(("05-24", "05-29", "05-47", "05-83"), "the call, where English has the check"),
    "08-50": "the state's type, which has no name in Japanese",
}
# Numbers likewise.
NUMBERS_DIFFER: Final = {
    "03-60": "names the stage that is applied again",
    "05-93": "says that there is one more place to look at",
}


def cells(folder: Path, name: str) -> list[NotebookNode]:
    return list(nbformat.read(folder / name, as_version=4).cells)


def pairs(name: str, kind: str) -> Iterator[tuple[int, NotebookNode, NotebookNode]]:
    """Number, original and translation of each cell of a kind."""
    both = zip(cells(NOTEBOOKS, name), cells(JAPANESE, name), strict=True)
    return ((number, one, other) for number, (one, other) in enumerate(both, 1) if one.cell_type == kind)


def unlike(name: str, what: Callable[[str], object], listed: Mapping[str, str] | None = None) -> list[str]:
    """One line for each Markdown cell whose translation hasn't the same of something."""
    return [
        f"{name}, cell {number} ({one.id}): {what(other.source)} instead of {what(one.source)}"
        for number, one, other in pairs(name, "markdown")
        if what(one.source) != what(other.source) and one.id not in (listed or {})
    ]


def prose(text: str) -> str:
    """A cell without its code, markup and addresses."""
    for pattern, left in ((_FENCED, ""), (_SPAN, "`"), (_TAG, ""), (_LINK, r"\1")):
        text = pattern.sub(left, text)
    return text.replace("**", "")


def spans(text: str) -> Counter[str]:
    return Counter(one or other for one, other in _SPAN.findall(_FENCED.sub("", text)))


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
def test_every_cell_is_told_in_japanese(name: str) -> None:
    assert [
        f"{name}, cell {number} ({one.id}) is not translated"
        for number, one, other in pairs(name, "markdown")
        if _LETTERS.search(prose(one.source)) and (one.source == other.source or not _KANA.search(other.source))
    ] == []


@each_notebook
def test_no_english_sentence_is_left(name: str) -> None:
    words = r"(?:[A-Za-z][\w'’-]*[ ,]+){3,}[A-Za-z][\w'’-]*"
    left = [
        f"{name}, cell {number} ({one.id}): {found}"
        for number, one, other in pairs(name, "markdown")
        for found in re.findall(words, prose(other.source))
        if found not in _IN_ENGLISH
    ]

    assert left == []


@each_notebook
def test_the_headings_have_the_same_levels(name: str) -> None:
    def levels(text: str) -> list[int]:
        return [len(marks) for marks, _ in _HEADING.findall(_FENCED.sub("", text))]

    assert unlike(name, levels) == []


def test_a_heading_that_comes_again_is_told_alike() -> None:
    """Where we stand, Check, Your turn, Key points: a reader finds them by their names."""
    told: dict[str, set[str]] = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for _, one, other in pairs(path.name, "markdown"):
            headings = (_HEADING.findall(_FENCED.sub("", cell.source)) for cell in (one, other))
            for (_, english), (_, japanese) in zip(*headings, strict=True):
                told.setdefault(english, set()).add(japanese)

    assert {english: japanese for english, japanese in told.items() if len(japanese) > 1} == {}


@each_notebook
def test_the_frame_is_the_same(name: str) -> None:
    opening = {folder: cells(folder, name)[0].source for folder in (NOTEBOOKS, JAPANESE)}
    minutes = [re.findall(_TIME[folder], text, re.MULTILINE) for folder, text in opening.items()]
    bullets = [len(re.findall("^- ", text, re.MULTILINE)) for text in opening.values()]

    assert re.match(rf"# {name[:2]} · \S", opening[JAPANESE])
    assert "\n**問い**\n" in opening[JAPANESE]
    assert "\n**できあがるもの:** " in opening[JAPANESE]
    assert minutes[0] == minutes[1] != []
    assert bullets[0] == bullets[1]
    assert cells(JAPANESE, name)[-1].source.startswith("## まとめ\n\n- ")


@each_notebook
def test_folded_answers_and_their_code_are_the_same(name: str) -> None:
    assert unlike(name, lambda text: [_COMMENT.sub("", code) for code in _FENCED.findall(text)]) == []
    assert unlike(name, lambda text: Counter(_TAG.findall(text))) == []


@each_notebook
def test_names_and_arns_are_the_same(name: str) -> None:
    assert unlike(name, spans, SPANS_DIFFER) == []
    assert unlike(name, lambda text: Counter(_ARN.findall(text)), SPANS_DIFFER) == []


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
    return {figure for figure, spelt in _COUNTING.items() if words & spelt}


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
        originals, links = (_LINK.findall(cell.source) for cell in (one, other))
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
                headings = [heading.replace(" ", "-") for source in sources for _, heading in _HEADING.findall(source)]
                assert not sharp or anchor in headings, f"{where}: {address}"


def in_japanese(path: Path) -> Path:
    return path.parent / "ja" / path.name


@each_notebook
def test_what_is_stressed_shows_as_such(name: str) -> None:
    """Markdown takes `**` for a mark only where spaces or words are around it as they would be in English."""
    literal = []
    for number, one, other in pairs(name, "markdown"):
        text = _SPAN.sub("x", _FENCED.sub("", other.source))
        for line in text.splitlines():
            marks = [mark.start() for mark in re.finditer(r"\*\*", line)]
            wrong = [at for nth, at in enumerate(marks) if not flanks(line, at, opens=nth % 2 == 0)]
            if len(marks) % 2 or wrong:
                literal.append(f"{name}, cell {number} ({one.id}): {line}")

    assert literal == []


def flanks(line: str, at: int, *, opens: bool) -> bool:
    """Whether `**` at a place may open, or close, as CommonMark has it."""
    before, after = line[at - 1 : at] or " ", line[at + 2 : at + 3] or " "
    inner, outer = (after, before) if opens else (before, after)
    return not inner.isspace() and (inner.isalnum() or outer.isspace() or not outer.isalnum())


@each_notebook
def test_it_is_set_as_japanese_is(name: str) -> None:
    """A space between Japanese and Latin words, Japanese commas and full stops, no full-width letters and figures."""
    japanese = "[ぁ-ゖァ-ヺー一-龥々]"
    slips = re.compile(f"{japanese}[A-Za-z0-9`]|[A-Za-z0-9`]{japanese}|{japanese}[,.?!]|[Ａ-Ｚａ-ｚ０-９]")
    found = [
        f"{name}, cell {number} ({one.id}): …{text[max(0, slip.start() - 8) : slip.end() + 8]}…"
        for number, one, other in pairs(name, "markdown")
        for text in [_SPAN.sub("`", _FENCED.sub("", _TAG.sub("", other.source))).replace("**", "")]
        for slip in slips.finditer(text)
    ]

    assert found == []
