"""The catalogues are complete: everything the code says to people is in them, translated, and nothing else."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from tests.language.catalogues import (
    TRANSLATED,
    Id,
    Message,
    extracted,
    path_of,
    rooms_there_are,
    translations,
)
from tests.language.unmarked import everywhere, kept, marked_texts, sources, unmarked

CATALOGUE = [(language, room) for language in TRANSLATED for room in sorted(extracted())]


@pytest.fixture(scope="module")
def said() -> dict[str, dict[Id, Message]]:
    return extracted()


@pytest.mark.parametrize(("language", "room"), CATALOGUE)
def test_every_message_is_translated(language: str, room: str, said: dict[str, dict[Id, Message]]) -> None:
    told = translations(path_of(language, room))
    missing = [id_ for id_ in said[room] if not all(told.get(id_, ("",)))]
    assert not missing, "python -m tests.language.catalogues adds them; then translate them"


@pytest.mark.parametrize(("language", "room"), CATALOGUE)
def test_nothing_is_translated_that_nobody_says(language: str, room: str, said: dict[str, dict[Id, Message]]) -> None:
    assert not translations(path_of(language, room)).keys() - said[room].keys()


@pytest.mark.parametrize("language", TRANSLATED)
def test_there_is_no_catalogue_of_a_room_that_is_gone(language: str, said: dict[str, dict[Id, Message]]) -> None:
    assert set(rooms_there_are(language)) == said.keys()


@pytest.mark.parametrize(("language", "room"), CATALOGUE)
def test_a_translation_has_the_values_of_its_message(language: str, room: str) -> None:
    def values(text: str) -> set[str]:
        try:
            return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        except ValueError:  # braces of JSON, in a text without values
            return set()

    for id_, told in translations(path_of(language, room)).items():
        wanted = set().union(*(values(text) for text in ([id_] if isinstance(id_, str) else id_)))
        for text in told:
            # A plural may leave the number out where the language says it otherwise.
            assert values(text) | {"count"} == wanted | {"count"}, (id_, text)


def test_what_is_extracted_is_everything_that_is_given_to_tr() -> None:
    """Babel reads tokens, and passes over what stands in parentheses of its own; Python's parser doesn't."""
    found = {text for room in extracted().values() for id_ in room for text in ([id_] if isinstance(id_, str) else id_)}
    given = {text for path in sources() if path.suffix == ".py" for text in marked_texts(path)}
    assert not given - found


def test_no_prose_is_left_that_no_catalogue_knows() -> None:
    found = [str(prose) for prose in everywhere(sources())]
    assert not found, "give it to tr, or name it in untranslated.txt with the reason"


def test_what_is_kept_in_english_is_said_somewhere() -> None:
    there = {prose.text for path in sources() if path.suffix == ".py" for prose in unmarked(path)}
    assert not kept().keys() - there
    assert all(kept().values()), "a reason for each"


def test_prose_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.language.unmarked.PACKAGE", tmp_path)
    file = tmp_path / "some.py"
    file.write_text(
        '"""A docstring of words."""\ntr("this one is marked")\nx = f"the role {y} is here"\nz = "states:X"\n'
    )
    assert [prose.text for prose in unmarked(file)] == ["the role {} is here"]
