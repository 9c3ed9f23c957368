"""The hand-out: one printable A4 page with the chain, the documents, the actions and the refusals. `make handout`.

Its words are in `docs/handout.html`; diagram and documents are the kit's own.
"""

from __future__ import annotations

import json
import re
import sys
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from playwright.sync_api import Page

from publish.places import Language, languages
from tests.browser import chromium
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario

_LINE: Final = 50  # characters that fit into a column
_STYLE: Final = Path(__file__).with_name("handout.css")
# Chromium writes each page of a PDF as an object of its own, uncompressed.
_PDF_PAGE: Final = re.compile(rb"/Type\s*/Page\b(?!s)")


def html(language: Language) -> str:
    """The page, whole: style, diagram and documents are inside."""
    scenario = Scenario()
    states = documents.operator_definition(scenario)["States"]
    task = next(iter(states.values()))
    return Template((language.docs / "handout.html").read_text(encoding="utf-8")).substitute(
        style=_STYLE.read_text(encoding="utf-8"),
        diagram=(language.diagrams / "access-chain.svg").read_text(encoding="utf-8"),
        execute_role_trust=_shown(documents.execute_role_trust(scenario)),
        execute_role_permissions=_shown(documents.execute_role_permissions(scenario)),
        operator_role_permissions=_shown(documents.operator_role_permissions(scenario)),
        task=_shown({key: task[key] for key in ("Resource", "Credentials")}),
    )


def _shown(document: dict[str, Any]) -> str:
    return escape(compact(document), quote=False)


def compact(value: Any, indent: str = "") -> str:
    """The same JSON in fewer lines: what fits into one line stays in one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(indent) + len(line) <= _LINE:
        return line
    deeper = f"{indent} "
    if isinstance(value, dict):
        parts = [f"{deeper}{json.dumps(key)}: {compact(one, deeper)}" for key, one in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    return "[" + ", ".join(compact(one, indent) for one in value) + "]"


def pages(pdf: bytes) -> int:
    """How many pages a PDF that Chromium wrote has."""
    return len(_PDF_PAGE.findall(pdf))


def print_page(page: Page, text: str) -> bytes:
    """The PDF of a page of HTML, in the paper size that its style names."""
    page.set_content(text, wait_until="load")
    return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


def main() -> int:
    """Write the hand-out of every language. Exit code 2 where there is no browser to print with."""
    browser_path = chromium.executable()
    if browser_path is None:
        sys.stderr.write("There is no Chromium or Chrome to print with: install one.\n")
        return 2
    with chromium.running(browser_path) as browser:
        for language in languages():
            page = browser.new_page()
            target = language.made("handout.pdf")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(print_page(page, html(language)))
            sys.stdout.write(f"{target}: {pages(target.read_bytes())} page\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
