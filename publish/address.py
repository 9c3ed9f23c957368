"""Where the lesson can be opened in a browser tab: one address, and everything that links to it.

It is said in one place, the variable LITE_ADDRESS: the release workflow sets it from the repository's own, and
`make lite-link LITE_ADDRESS=https://…/` writes it into the two READMEs. Without it, they lead to how to host it, and
the site to read has no such links.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Final

import nbformat

from publish.places import ROOT, workspace_of
from xsfn_helpers.common.language import ENGLISH

VARIABLE: Final = "LITE_ADDRESS"
READMES: Final = (ROOT / "README.md", ROOT / "README.ja.md")
# The button's target, in a README.
_TARGET: Final = re.compile(r"\]\([^)]*\)(?=<!-- make lite-link -->)")
_WORDS: Final = {ENGLISH: "Open this notebook in the browser", "ja": "このノートブックをブラウザーで開く"}
_START: Final = {ENGLISH: "Run the lesson in the browser", "ja": "ブラウザーで実行する"}
_NOTHING: Final = {ENGLISH: ", with nothing installed", "ja": " (インストール不要)"}


class NoAddress(Exception):
    """It isn't an address that a link can lead to."""


def address(environment: Mapping[str, str] = os.environ) -> str:
    """The address, with a slash at its end; empty where none was said. Raises `NoAddress`."""
    said = environment.get(VARIABLE, "").strip()
    if not said:
        return ""
    if not re.fullmatch(r"https://[\w.-]+(?::\d+)?(?:/[\w.~/-]*)?", said):
        raise NoAddress(f"{VARIABLE} is {said!r}, and has to be like https://host/folder/")
    return f"{said.rstrip('/')}/"


def linked(text: str, place: str) -> str:
    """A README whose button leads to `place`."""
    return _TARGET.sub(f"]({place})", text)


def notebook_linked(text: str, place: str, book: str, language: str) -> str:
    """A notebook whose first cell ends with a link that opens `book`, its path on the site for a tab."""
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells[0].source += f"\n\n[{_WORDS[language]}]({place}lab/index.html?workspace={workspace_of(book)})"
    return nbformat.writes(notebook)


def page_linked(text: str, place: str, language: str) -> str:
    """The site's first page with the same, below its title."""
    title, gap, rest = text.partition("\n\n")
    return f"{title}{gap}**[{_START[language]}]({place}index.html)**{_NOTHING[language]}{gap}{rest}"


def main() -> int:
    try:
        place = address()
    except NoAddress as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    if not place:
        sys.stdout.write(f"No {VARIABLE}: the READMEs lead to how the lesson is hosted, as before.\n")
        return 0
    for readme in READMES:
        readme.write_text(linked(readme.read_text(encoding="utf-8"), place), encoding="utf-8")
    sys.stdout.write(f"The READMEs' buttons lead to {place}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
