"""The messages in the code, and in the catalogues: `python -m tests.language.catalogues [room…]` brings them together.

Adds what the code says anew to `catalogues/<language>/<room>.po`, takes out what it no longer says, keeps every
translation, and lists what is still to be translated. Ends with 1 while anything is.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from xsfn_helpers.common.language import CATALOGUES, ENGLISH, LANGUAGES

PACKAGE: Final = CATALOGUES.parents[1]
TRANSLATED: Final = tuple(one for one in LANGUAGES if one != ENGLISH)
KEYWORDS: Final = {"tr": None, "mark": None, "tr_n": (1, 2)}
_METHODS: Final = {".py": "python", ".js": "javascript"}
# Programs that are handed out as they are, and speak for themselves.
_LEFT_OUT: Final = ("deployment/export/files/",)

Id: TypeAlias = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """A text the code has for people: one, or singular and plural; and the files that say it."""

    id: Id
    files: tuple[str, ...]


def room_of(path: Path) -> str:
    """The catalogue that a file's messages are in: that of its room."""
    return path.relative_to(PACKAGE).parts[0]


def sources() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        inside = path.relative_to(PACKAGE).as_posix()
        if path.suffix in _METHODS and not inside.startswith(_LEFT_OUT):
            yield path


def extracted() -> dict[str, dict[Id, Message]]:
    """What the code says, by room. A message that several rooms say belongs to the first of them."""
    rooms: dict[str, dict[Id, Message]] = {}
    owner: dict[Id, str] = {}
    for path in sources():
        found = extract_from_file(_METHODS[path.suffix], str(path), keywords=KEYWORDS)
        for _, said, _, _ in found:
            id_: Id = said if isinstance(said, str) else (said[0], said[1])
            room = owner.setdefault(id_, room_of(path))
            messages = rooms.setdefault(room, {})
            files = messages[id_].files if id_ in messages else ()
            name = path.relative_to(PACKAGE).as_posix()
            messages[id_] = Message(id_, tuple(dict.fromkeys((*files, name))))
    return rooms


def path_of(language: str, room: str) -> Path:
    return CATALOGUES / language / f"{room}.po"


def translations(path: Path) -> dict[Id, tuple[str, ...]]:
    """The translated texts in a PO file, by message; several for a plural."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {
        message.id: message.string if isinstance(message.string, tuple) else (message.string,)
        for message in catalogue
        if message.id
    }


def rooms_there_are(language: str) -> Iterable[str]:
    return [path.stem for path in sorted((CATALOGUES / language).glob("*.po"))]


def update(language: str, room: str, messages: Iterable[Message], known: dict[Id, tuple[str, ...]]) -> list[Id]:
    """Write the room's catalogue anew, with the translations that are `known`; gives what has none."""
    catalogue = Catalog(locale=language, project="xsfn", charset="utf-8", fuzzy=False)
    missing = []
    for message in messages:
        told = known.get(message.id, ())
        if not all(told) or not told:
            missing.append(message.id)
        string = told if isinstance(message.id, tuple) else "".join(told)
        catalogue.add(message.id, string, locations=[(file, None) for file in message.files])
    path = path_of(language, room)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No header of dates, which would change at each writing.
    with path.open("wb") as file:
        file.write(HEADER.format(language=language).encode())
        write_po(file, catalogue, omit_header=True, width=110)
    return missing


HEADER: Final = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def main(chosen: Collection[str]) -> int:
    everything = extracted()
    to_do = 0
    for language in TRANSLATED:
        known: dict[Id, tuple[str, ...]] = {}
        for room in rooms_there_are(language):
            known |= {id_: told for id_, told in translations(path_of(language, room)).items() if all(told)}
        for room, messages in sorted(everything.items()):
            if chosen and room not in chosen:
                continue
            missing = update(language, room, messages.values(), known)
            to_do += len(missing)
            sys.stdout.write(f"{language}/{room}: {len(messages)} messages, {len(missing)} to translate\n")
            for id_ in missing:
                sys.stdout.write(f"    {id_!r}\n")
        if not chosen:
            for room in set(rooms_there_are(language)) - everything.keys():
                path_of(language, room).unlink()
    return 1 if to_do else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
