"""The site to read: notebooks with their outputs, guide and reference, without a server or a network. `make site`.

`python -m publish.site [--no-execute] [--into FOLDER]`. Each language has its folder; the sources are gathered first,
so that pages and notebooks lie side by side as a site wants them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from publish.address import address, notebook_linked, page_linked
from publish.links import broken
from publish.places import BUILD, ROOT, Language, languages
from tests.support.isolation import isolated
from xsfn_helpers.common.language import ENGLISH, VARIABLE

# In Markdown, and in the JSON of a notebook.
_LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)")
_ENTRY: Final = (
    '<!doctype html><meta charset="utf-8"><title>xsfn</title><meta http-equiv="refresh" content="0; url=en/index.html">'
)


class SiteFailed(Exception):
    """The site couldn't be built, or has a link that leads nowhere."""


def gather(language: Language, folder: Path) -> None:
    """Put the sources of one language into `folder`: pages at the top, notebooks and diagrams below."""
    place = address()
    shutil.copytree(ROOT / "docs" / "_static", folder / "_static")
    shutil.copy(ROOT / "docs" / "conf.py", folder)
    shutil.copytree(language.diagrams, folder / "diagrams")
    # What links to an English page, as the changes do, leads to the same page in this language.
    places = {
        place: there
        for one in (Language(ENGLISH), language)
        for place, there in ((one.docs, Path()), (one.notebooks, Path("notebooks")), (one.diagrams, Path("diagrams")))
    }
    sources = [*language.docs.glob("*.md"), *language.notebooks.glob("*.ipynb")]
    for source in sources:
        target = folder / places[source.parent] / source.name
        target.parent.mkdir(exist_ok=True)
        text = _moved(source, target, folder, places)
        if place and source.suffix == ".ipynb":
            text = notebook_linked(text, place, source.relative_to(ROOT).as_posix(), language.code)
        elif place and source.stem == "index":
            text = page_linked(text, place, language.code)
        target.write_text(text, encoding="utf-8")
    changes = folder / "changes.md"
    changes.write_text(_moved(ROOT / "CHANGELOG.md", changes, folder, places), encoding="utf-8")


def _moved(source: Path, target: Path, folder: Path, places: dict[Path, Path]) -> str:
    """The text of a page, its relative links made to fit its new place."""

    def replaced(match: re.Match[str]) -> str:
        meant = (source.parent / match.group()).resolve()
        if meant.parent not in places:
            return match.group()
        return os.path.relpath(folder / places[meant.parent] / meant.name, target.parent)

    return _LINK.sub(replaced, source.read_text(encoding="utf-8"))


def build(language: Language, target: Path, *, execute: bool) -> None:
    """Build one language into `target`. Raises `SiteFailed`: a warning, a failed cell or a broken link is an error."""
    with tempfile.TemporaryDirectory(prefix="xsfn-site-") as scratch, isolated() as home:
        # Nothing of the reader's own set-up shows in what the notebooks print.
        sources, doctrees = Path(scratch) / "sources", Path(scratch) / "doctrees"
        sources.mkdir()
        gather(language, sources)
        mode = "force" if execute else "off"
        options = ["-W", "--keep-going", "-q", "-b", "html", "-d", str(doctrees)]
        options += ["-D", f"language={language.code}", "-D", f"nb_execution_mode={mode}"]
        command = [sys.executable, "-m", "sphinx", *options, str(sources), str(target)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home), VARIABLE: language.code}
        if subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode:
            raise SiteFailed(f"The site in {language.code!r} wasn't built: see above.")
    shutil.rmtree(target / ".doctrees", ignore_errors=True)
    if wrong := broken(target):
        raise SiteFailed("\n".join(["These links lead nowhere, or away from the site's own files:", *wrong]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build every language, and a first page that leads to English."""
    parser = argparse.ArgumentParser(prog="python -m publish.site", description=__doc__)
    parser.add_argument("--no-execute", action="store_true", help="take the notebooks' stored outputs")
    parser.add_argument("--into", type=Path, default=BUILD / "site", help="where the site goes")
    options = parser.parse_args(arguments)
    shutil.rmtree(options.into, ignore_errors=True)
    options.into.mkdir(parents=True)
    for language in languages():
        try:
            build(language, options.into / language.code, execute=not options.no_execute)
        except SiteFailed as failed:
            sys.stderr.write(f"{failed}\n")
            return 1
    entry = options.into / "index.html"
    entry.write_text(_ENTRY, encoding="utf-8")
    sys.stdout.write(f"{entry}: open it, no server needed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
