"""Small pieces of safe HTML and text shared by everything that is shown.

JupyterLab strips `<style>`, `aria-*` and CSS variables from the stored outputs of a notebook it doesn't trust yet
(every fresh clone), so all pieces stay readable without them: states are words on a solid colour, the rest inherits.
"""

from __future__ import annotations

import html
import re
import textwrap
from base64 import b64encode
from typing import Final

from xsfn_helpers.common.language import ENGLISH, language, tr
from xsfn_helpers.common.plain_text import one_line, plain
from xsfn_helpers.display.full_width import has_wide, wrapped
from xsfn_helpers.display.palette import Colour

# Where a long name may be broken, beside the hyphens and blanks that browsers know.
_IN_A_NAME: Final = re.compile(r"(?<=[:/])(?=[^\s:/])")
_NAME_PART: Final = re.compile(r"[^-_.,+=@:/]*[-_.,+=@:/]|[^-_.,+=@:/]+")

BORDER: Final = "1px solid var(--jp-border-color2, #8a94a0)"
CELL: Final = f"text-align:left;vertical-align:top;padding:4px 10px;border-bottom:{BORDER}"
TABLE: Final = "border-collapse:collapse;font-size:13px;color:inherit"
# JupyterLab stripes the rows of a table; where a row is one thing of several, stripes say nothing.
PLAIN_ROW: Final = "background-color:transparent"
CODE: Final = "font-family:var(--jp-code-font-family, monospace)"


def escape(text: str) -> str:
    """The text as HTML, XML or a Graphviz HTML-like label: no markup of its own survives."""
    return html.escape(plain(text), quote=True)


def breakable(text: str) -> str:
    """The text as HTML, where ARNs and actions break after `:` and `/` rather than in the middle of a word."""
    return "<wbr>".join(map(escape, _IN_A_NAME.split(text)))


def code_block(text: str, style: str = "margin:0") -> str:
    """Lines of code as they are; what is too long for the page breaks between words and parts of names.

    JupyterLab's own rule for `pre` breaks anywhere, so it is overruled here.
    """
    shape = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;background-color:transparent"
    return f'<pre style="{CODE};{shape};{style}">{breakable(text)}</pre>'


def pill(text: str, colour: Colour) -> str:
    """A short text on a solid colour: the same contrast on a light page and on a dark one."""
    style = f"background-color:{colour.light};color:#ffffff;padding:1px 7px;border-radius:9px;white-space:nowrap"
    return f'<span style="{style}"><b>{escape(text)}</b></span>'


def sentence(text: str) -> str:
    """What decided, such as `allowed by …`, as a sentence of its own."""
    begun = f"{text[:1].upper()}{text[1:]}" if language() == ENGLISH else text
    return tr("{sentence}.", sentence=begun)


def wrap_name(name: str, width: int) -> list[str]:
    """A name in lines of at most `width`, broken after its punctuation where possible."""
    lines = [""]
    for part in _NAME_PART.findall(one_line(name)):
        for piece in textwrap.wrap(part, width) or [part]:
            if lines[-1] and len(lines[-1]) + len(piece) > width:
                lines.append("")
            lines[-1] += piece
    return lines


def wrap_words(text: str, width: int, *, max_lines: int) -> list[str]:
    """A sentence in at most `max_lines` lines; what doesn't fit ends in …"""
    line = one_line(text)
    if has_wide(line):
        return wrapped(line, width, max_lines=max_lines)
    return textwrap.wrap(line, width, max_lines=max_lines, placeholder=" …")


def download_html(words: str, name: str, kind: str, content: bytes) -> str:
    """A link that reads `words` and saves `content`, which is of a media type, as `name`; the file is in it."""
    data = b64encode(content).decode("ascii")
    return f'<a download="{html.escape(name)}" href="data:{html.escape(kind)};base64,{data}">{html.escape(words)}</a>'
