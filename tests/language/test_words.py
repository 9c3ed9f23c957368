"""The kit's words are AWS's own: retired words are gone, AWS's terms are there, and notebooks keep within their limits.

`python -m tests.language.test_words` prints the counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import nbformat
import pytest
from babel.messages.pofile import read_po
from nbformat import NotebookNode

from tests.notebooks.references import NOTEBOOKS
from xsfn_helpers.common.language import CATALOGUES

ROOT: Final = NOTEBOOKS.parent
ENGLISH: Final = sorted(NOTEBOOKS.glob("*.ipynb"))
JAPANESE: Final = sorted((NOTEBOOKS / "ja").glob("*.ipynb"))
DOCUMENTS: Final = (ROOT / "README.md", ROOT / "docs" / "instructor-guide.md", ROOT / "docs" / "handout.html")

# A word that was ours alone, and AWS's for it.
RETIRED: Final = {
    r"(?<!\{)[Rr]efus(?:e|es|ed|al|als|ing)\b(?![.\"])": "deny, denied, denial; of what isn't about access: reject",
    r"\b[Ee]xternal ids?\b": "external ID",
    r"\b[Aa]ccount ids?\b": "account ID",
    r"\b[Uu]nique ids?\b": "unique ID",
    r"\b[Pp]ermission polic(?:y|ies)\b": "permissions policy",
    r"(?<!\{)\b[Aa]sker\b": "calling role, caller",
    r"\b[Tt]he door\b": "the target role",
    r"\b[Ss]et-up|\b[Hh]and-out": "setup, handout",
    r"OperatorStateMachine IAM Role|SubjectStateMachine (?:ExecuteRole|IAM Role)": "Operator role, execute role",
    r"\b[Nn]ot established\b": "not documented",
    r"\bSmallest change:": "Smallest change that would allow it:",
    r"\d of \d+ hold\b": "passed",
    r"What you should see|You will have": "You should see; By the end",
    r"lab\.(?:decide|at_stage|agree|withdraw|leftovers|second_opinion|not_established|reach)\b": "the new name",
    r"\b(?:check_before|break_it|put_right|without_each_action|until_submitted|door_arn|asker_arn)\b": "the new name",
}
RETIRED_IN_JAPANESE: Final = {
    "成立": "合格",
    "故障": "障害",
    "ドア": "対象ロール",
    "表示されるもの": "確認",
    "フォルダ(?!ー)": "フォルダー",
}
TERMS: Final = (
    "execution role",
    "target role",
    "source account",
    "target account",
    "permissions policy",
    "evaluate",
    "Workflow Studio",
    "eventually consistent",
    "confused deputy problem",
    "JSONata",
    "resource control policy",
    "aws:SourceArn",
)
MOST_LINES_OF_OUTPUT: Final = 25
MOST_WORDS_OF_A_CELL: Final = 220
MOST_LINES_OF_CODE: Final = 8
MOST_CELLS_BEFORE_THE_FIRST_RUN: Final = 4


def cells(path: Path, kind: str) -> list[NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def prose() -> Iterator[tuple[str, str]]:
    """Each text that people read in English, with where it is."""
    for path in ENGLISH:
        for cell in nbformat.read(path, as_version=4).cells:
            yield f"{path.name}, cell {cell.id}", cell.source
    for document in DOCUMENTS:
        yield document.name, document.read_text(encoding="utf-8")
    for catalogue in sorted((CATALOGUES / "ja").glob("*.po")):
        with catalogue.open("rb") as file:
            for message in read_po(file):
                for text in (message.id,) if isinstance(message.id, str) else message.id:
                    yield f"message of {catalogue.stem}", text


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_is_gone(word: str) -> None:
    left = [f"{where}: {found[0]!r}" for where, text in prose() for found in re.finditer(word, text)]

    assert left == [], f"say {RETIRED[word]}"


@pytest.mark.parametrize("word", RETIRED_IN_JAPANESE)
def test_a_retired_word_is_gone_from_japanese(word: str) -> None:
    left = [
        f"{path.name}, cell {cell.id}"
        for path in JAPANESE
        for cell in cells(path, "markdown")
        if re.search(word, cell.source)
    ]

    assert left == [], f"{RETIRED_IN_JAPANESE[word]}"


@pytest.mark.parametrize("term", TERMS)
def test_awss_own_term_is_taught(term: str) -> None:
    assert any(term in cell.source for path in ENGLISH for cell in cells(path, "markdown"))


def test_the_first_run_across_accounts_comes_early() -> None:
    calls = [cell.source for cell in cells(ENGLISH[0], "code")]
    first = next(number for number, call in enumerate(calls, 1) if "lab.run(" in call)

    assert first <= MOST_CELLS_BEFORE_THE_FIRST_RUN


def lines_of(cell: NotebookNode) -> int:
    """How many lines a code cell shows as text."""
    return sum(len(text.splitlines()) for text in texts_of(cell))


def texts_of(cell: NotebookNode) -> list[str]:
    """What a code cell shows as text."""
    return [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
def test_no_cell_is_a_wall_of_output(path: Path) -> None:
    walls = {cell.id: lines_of(cell) for cell in cells(path, "code") if lines_of(cell) > MOST_LINES_OF_OUTPUT}

    assert walls == {}


def read_words(cell: NotebookNode) -> int:
    """The words of a text cell that stand there unfolded."""
    return len(re.sub(r"<details>.*?</details>|```.*?```", "", cell.source, flags=re.DOTALL).split())


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
def test_no_text_cell_is_a_wall(path: Path) -> None:
    walls = {cell.id: read_words(cell) for cell in cells(path, "markdown") if read_words(cell) > MOST_WORDS_OF_A_CELL}

    assert walls == {}


# What a reader of AWS would have to puzzle out as Python.
PUZZLES: Final = re.compile(r"\.r?partition\(|\[[^\]]*:[^\]]*\]\)?$|sep=|\"\\n\"\.join", re.MULTILINE)


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
def test_code_is_what_a_reader_would_write(path: Path) -> None:
    code = cells(path, "code")

    assert {cell.id: found[0] for cell in code if (found := PUZZLES.search(cell.source))} == {}
    assert {cell.id for cell in code if len(cell.source.splitlines()) > MOST_LINES_OF_CODE} == set()


# A reader's pace, and what the work takes; of a long output a reader reads the first lines.
WORDS_A_MINUTE: Final = 200
MOST_WORDS_READ_OF_AN_OUTPUT: Final = 60
MINUTES_TO_RUN_A_CELL: Final = 0.1
MINUTES_TO_PREDICT: Final = 0.5
MINUTES_TO_FIND_A_FAULT: Final = 1.5


def minutes_of(path: Path) -> float:
    """How long a notebook takes: its words at the pace of a reader, and the work."""
    text, code = cells(path, "markdown"), cells(path, "code")
    outputs = (" ".join(texts_of(cell)).split()[:MOST_WORDS_READ_OF_AN_OUTPUT] for cell in code)
    words = sum(map(read_words, text)) + sum(map(len, outputs))
    faults = sum("guess(link=...)" in cell.source for cell in code)
    predictions = sum("=..." in cell.source for cell in code) - faults
    work = len(code) * MINUTES_TO_RUN_A_CELL + predictions * MINUTES_TO_PREDICT + faults * MINUTES_TO_FIND_A_FAULT
    return words / WORDS_A_MINUTE + work


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
def test_the_time_it_states_is_true(path: Path) -> None:
    stated = re.search(r"\*\*Time:\*\* (\d+) minutes", cells(path, "markdown")[0].source)
    assert stated is not None

    takes = minutes_of(path)
    assert takes <= int(stated[1]) <= takes + 5


def counts() -> str:
    """Each notebook's words and lines, its longest cells, and how long it takes, as a table."""
    rows = ["notebook  code cells  words  longest cell  lines of output  longest output  minutes"]
    for path in ENGLISH:
        words = [read_words(cell) for cell in cells(path, "markdown")]
        lines = [lines_of(cell) for cell in cells(path, "code")]
        number = path.stem.partition("-")[0]
        rows.append(
            f"{number:9} {len(lines):10} {sum(words):6} {max(words):13} {sum(lines):16} {max(lines):15} "
            f"{minutes_of(path):8.1f}"
        )
    for term in TERMS:
        found = sum(cell.source.count(term) for path in ENGLISH for cell in cells(path, "markdown"))
        rows.append(f"{term}: {found}")
    old = sum(len(re.findall(word, text)) for word in RETIRED for _, text in prose())
    return "\n".join([*rows, f"retired words: {old}"])


if __name__ == "__main__":
    print(counts())  # noqa: T201 - a program
