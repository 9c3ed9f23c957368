"""What the Japanese notebooks show is Japanese, too, but for what AWS says and what is stored in the accounts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from babel.messages.pofile import read_po

from tests.language.prose import english_in, is_japanese
from tests.notebooks.references import NOTEBOOKS
from xsfn_helpers.common.language import CATALOGUES

JAPANESE: Final = sorted((NOTEBOOKS / "ja").glob("*.ipynb"))
# Beginnings of what stays English, whatever the reader's language.
AWS_SAYS: Final = (
    "The security token included in the request is invalid",
    "is not authorized to",
    "administrator is not authorized to",
    "curious is not authorized to",
    "policy allows the",
    "because no role trust policy allows the",
    "with an explicit deny in",
    "Invalid principal in policy",
    "Syntax errors in policy",
    "pass role is not allowed",
    "Neither the global service principal",
    "nor the regional one is authorized",
    "Resource handler returned message",
    "Rollback requested by user",
)
THE_SANDBOX_SAYS_IN_AWSS_PLACE: Final = (
    "There is nothing here",
    "The xsfn sandbox doesn't offer",
    "It has the parts of",
)
STORED_OR_HANDED_OUT: Final = (
    "The state machine that another account starts",
    "state machine in another account",
    "Works in another account",
    "Put an item into",
    "Put an object into",
    "Keep what went wrong",
    "of the state machine that it works for",
    "not the state machine",
    "and the task state that uses them",
    "Without this the",
    "would grant this role",
)
STAYS: Final = (*AWS_SAYS, *THE_SANDBOX_SAYS_IN_AWSS_PLACE, *STORED_OR_HANDED_OUT)
# Japanese in a row, and what a message leaves open between its words.
_WORDS: Final = re.compile(r"[぀-ヿ一-鿿々、。「」（）・？！]+")
_OPEN: Final = re.compile(r"\{[^{}]*\}")
_UNSEEN: Final = re.compile(r"<style.*?</style>|<script.*?</script>|<!--.*?-->", re.DOTALL)


def shown(output: Any) -> list[str]:
    """The texts of an output, as somebody reads them."""
    data = output.get("data", {})
    plain = [output.get("text", ""), data.get("text/plain", ""), data.get("text/markdown", "")]
    markup = [data.get("text/html", ""), data.get("image/svg+xml", "")]
    return [*plain, *(unescape(re.sub("<[^>]+>", "\n", _UNSEEN.sub("", text))) for text in markup)]


@pytest.mark.parametrize("path", JAPANESE, ids=lambda path: path.stem)
def test_no_english_sentence_of_ours_is_shown(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    texts = [
        (number, text)
        for number, cell in enumerate(cells)
        for output in cell.get("outputs", ())
        for text in shown(output)
    ]

    assert any(is_japanese(text) for _, text in texts)
    assert [
        f"cell {number}: {english}"
        for number, text in texts
        for english in english_in(text)
        if not english.startswith(STAYS)
    ] == []


@pytest.fixture(scope="module")
def said() -> frozenset[str]:
    """Every piece of Japanese that the kit's messages are made of."""
    texts: list[str] = []
    for file in (CATALOGUES / "ja").glob("*.po"):
        with file.open("rb") as catalogue:
            texts += [
                text
                for message in read_po(catalogue)
                for text in ([message.string] if isinstance(message.string, str) else message.string)
            ]
    return frozenset(piece for text in texts for between in _OPEN.split(text) for piece in _WORDS.findall(between))


def unsaid(text: str, said: frozenset[str]) -> list[str]:
    """The Japanese in `text` that isn't one piece of a message after the other."""

    def is_said(words: str, known: dict[str, bool]) -> bool:
        if words not in known:
            ends = range(1, len(words) + 1)
            known[words] = not words or any(words[:end] in said and is_said(words[end:], known) for end in ends)
        return known[words]

    return [words for words in _WORDS.findall(text) if not is_said(words, {})]


@pytest.mark.parametrize("path", JAPANESE, ids=lambda path: path.stem)
def test_what_is_stored_is_what_the_kit_says_today(path: Path, said: frozenset[str]) -> None:
    """Without running it: a translation that has changed since leaves words that nothing says any more."""
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [text for output in outputs for text in (*shown(output), output.get("evalue", ""))]

    assert sorted({words for text in texts for words in unsaid(text, said)}) == [], "run `make notebooks`"


def test_a_changed_translation_leaves_words_that_nothing_says() -> None:
    said = frozenset({"リンク", "は許可されています。", "は拒否されています。"})

    assert unsaid("リンク 2 は許可されています。リンクは拒否されています。", said) == []
    assert unsaid("リンク 2 は許可されていました。", said) == ["は許可されていました。"]
