"""Which language is spoken, and how a text is told in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xsfn_helpers.common.language import LANGUAGES, language, listed, mark, speaking, tr, tr_n


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XSFN_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_english_unless_something_else_is_chosen() -> None:
    assert language() == "en"


@pytest.mark.parametrize("value", ["ja", "ja_JP.UTF-8", "ja-JP", "JA"])
def test_the_variable_chooses(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSFN_LANG", value)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    assert language() == "ja"


@pytest.mark.parametrize("name", ["LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"])
def test_else_the_locale(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "ja_JP.UTF-8")
    assert language() == "ja"


def test_the_first_variable_of_the_locale_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert language() == "en"


def test_a_folder_named_as_a_language_speaks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ja"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert language() == "ja"
    monkeypatch.setenv("XSFN_LANG", "en")
    assert language() == "en"


def test_a_folder_that_is_gone_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ja"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert language() == "en"
    os.chdir(tmp_path)


def test_a_language_without_a_catalogue_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XSFN_LANG", "fr")
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert language() == "en"


def test_speaking_lasts_as_long_as_it_is_asked_for() -> None:
    with speaking("ja"):
        assert language() == "ja"
    assert language() == "en"
    with pytest.raises(ValueError, match="fr"), speaking("fr"):
        pass


def test_values_are_put_in_and_braces_without_values_stay() -> None:
    assert tr("{role} is {state}.", role="A", state="{b}") == "A is {b}."
    assert tr('{"Version": 1}') == '{"Version": 1}'
    assert mark("as it is") == "as it is"


def test_what_nobody_has_translated_is_told_in_english() -> None:
    with speaking("ja"):
        assert tr("a text that no catalogue has: {x}", x=1) == "a text that no catalogue has: 1"
        assert tr("") == ""


@pytest.mark.parametrize(("count", "told"), [(0, "0 roles"), (1, "1 role"), (2, "2 roles")])
def test_numbers(count: int, told: str) -> None:
    assert tr_n("{count} role", "{count} roles", count) == told
    for spoken in LANGUAGES:
        with speaking(spoken):
            assert str(count) in tr_n("{count} role", "{count} roles", count)


def test_lists() -> None:
    assert [listed(things) for things in ([], ["a"], ["a", "b"], ["a", "b", 3])] == ["", "a", "a and b", "a, b and 3"]
    with speaking("ja"):
        assert listed(["a", "b", "c"]) == "a、b、c"
