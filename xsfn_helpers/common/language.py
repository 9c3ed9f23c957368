"""The reader's language, and every text in it: English as it stands in the code, other languages from the catalogues.

Messages are gettext's: the English text is the key, `catalogues/<language>/<room>.po` holds the translation. What AWS
says stays as AWS says it, in English.
"""

from __future__ import annotations

import gettext
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
LANGUAGES: Final = (ENGLISH, "ja")
VARIABLE: Final = "XSFN_LANG"
CATALOGUES: Final = Path(__file__).with_name("catalogues")
# gettext's order; LANGUAGE may name several.
_LOCALE_VARIABLES: Final = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_chosen: Final[ContextVar[str | None]] = ContextVar("xsfn_language", default=None)


def language() -> str:
    """The language people are spoken to in now: one of `LANGUAGES`.

    That of a surrounding `speaking`; else `XSFN_LANG`; else the folder the program runs in, where that is named as a
    language (the notebooks in `notebooks/ja` speak Japanese); else the locale's; else English. A language that we have
    no catalogue of is English.
    """
    if chosen := _chosen.get():
        return chosen
    if wanted := os.environ.get(VARIABLE, "").strip():
        return known(wanted) or ENGLISH
    return _of_folder() or _of_locale() or ENGLISH


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak this language meanwhile, in this thread or task only. Raises `ValueError` for one that we don't have."""
    if wanted not in LANGUAGES:
        raise ValueError(f"{wanted!r} is not a language of ours; there are: {', '.join(LANGUAGES)}")
    token = _chosen.set(wanted)
    try:
        yield
    finally:
        _chosen.reset(token)


def tr(text: str, /, **values: object) -> str:
    """`text` in the reader's language, with `values` put in for its `{names}`.

    Without values the text is taken as it is, braces and all. A text without a translation is told in English.
    """
    spoken = language()
    told = text if spoken == ENGLISH or not text else _catalogue(spoken).gettext(text)
    return told.format(**values) if values else told


def tr_n(one: str, many: str, count: int, /, **values: object) -> str:
    """`one` or `many`, as the language has it for `count`, which is also what `{count}` stands for."""
    spoken = language()
    english = one if count == 1 else many
    told = english if spoken == ENGLISH else _catalogue(spoken).ngettext(one, many, count)
    return told.format(count=count, **values)


def listed(things: Iterable[object], /) -> str:
    """`a, b and c`, as the language has it; empty for none."""
    *others, last = [str(thing) for thing in things] or [""]
    return tr("{others} and {last}", others=tr(", ").join(others), last=last) if others else last


def sentences(*told: str) -> str:
    """Whole sentences one after the other, with between them what the language has there; empty ones are left out."""
    whole = ""
    for sentence in filter(None, told):
        whole = tr("{sentence} {next}", sentence=whole, next=sentence) if whole else sentence
    return whole


def mark(text: str, /) -> str:
    """`text` itself: a text of a table or a constant, which is translated where it is told, by `tr`."""
    return text


def known(wanted: str) -> str | None:
    """The language of a name such as `ja_JP.UTF-8`, if it is one of ours."""
    short = wanted.replace("-", "_").split("_")[0].split(".")[0].lower()
    return short if short in LANGUAGES else None


def _of_folder() -> str | None:
    try:
        name = Path.cwd().name
    except FileNotFoundError:  # the folder was removed under the program
        return None
    return name if name in LANGUAGES else None


def _of_locale() -> str | None:
    for variable in _LOCALE_VARIABLES:
        for wanted in filter(None, os.environ.get(variable, "").split(":")):
            return known(wanted)  # the first one that is set decides, as with gettext
    return None


@cache
def _catalogue(spoken: str) -> gettext.NullTranslations:
    """All rooms' messages of a language. Read from the PO files: nothing compiled can be older than they.

    Without Babel there are none, and English is spoken: `xsfn doctor` must be able to say that it is missing.
    """
    try:
        from babel.messages.catalog import Catalog
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po
    except ModuleNotFoundError:
        return gettext.NullTranslations()

    whole = Catalog(locale=spoken)
    for path in sorted((CATALOGUES / spoken).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=spoken):
                if message.id and message.string:
                    whole.add(message.id, message.string)
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
