"""The Japanese notebooks' prose is Japanese throughout, and set as Japanese is. People judge how it reads."""

from __future__ import annotations

import re
from typing import Final

from tests.notebooks.mirror import FENCED, SPAN, TAG, each_notebook, headings, pairs, prose
from tests.notebooks.references import NOTEBOOKS

KANA: Final = re.compile("[ぁ-ゖァ-ヺ]")
LETTERS: Final = re.compile(r"[A-Za-z]{2}")
# Four words of English in a row that belong there: labels of programs that we don't translate, and what AWS says.
IN_ENGLISH: Final = frozenset(
    {
        "Create New View for Cell Output",
        "IAM role for cross-account access",
        "Invalid principal in policy",
        "Parameter SubjectAccountId failed to satisfy constraint",
        "is not authorized to assume the task state's role",
        "violates the permissions boundary constraint",
    }
)


@each_notebook
def test_every_cell_is_told_in_japanese(name: str) -> None:
    assert [
        f"{name}, cell {number} ({one.id}) is not translated"
        for number, one, other in pairs(name, "markdown")
        if LETTERS.search(prose(one.source)) and (one.source == other.source or not KANA.search(other.source))
    ] == []


@each_notebook
def test_no_english_sentence_is_left(name: str) -> None:
    words = r"(?:[A-Za-z][\w'’-]*[ ,]+){3,}[A-Za-z][\w'’-]*"
    left = [
        f"{name}, cell {number} ({one.id}): {found}"
        for number, one, other in pairs(name, "markdown")
        for found in re.findall(words, prose(other.source))
        if found not in IN_ENGLISH
    ]

    assert left == []


def test_a_heading_that_comes_again_is_told_alike() -> None:
    """Where we stand, Check, Your turn, Key points: a reader finds them by their names."""
    told: dict[str, set[str]] = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for _, one, other in pairs(path.name, "markdown"):
            for (_, english), (_, japanese) in zip(headings(one.source), headings(other.source), strict=True):
                told.setdefault(english, set()).add(japanese)

    assert {english: japanese for english, japanese in told.items() if len(japanese) > 1} == {}


@each_notebook
def test_what_is_stressed_shows_as_such(name: str) -> None:
    """Markdown takes `**` for a mark only where spaces or words are around it as they would be in English."""
    literal = []
    for number, one, other in pairs(name, "markdown"):
        text = SPAN.sub("x", FENCED.sub("", other.source))
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
        for text in [SPAN.sub("`", FENCED.sub("", TAG.sub("", other.source))).replace("**", "")]
        for slip in slips.finditer(text)
    ]

    assert found == []
