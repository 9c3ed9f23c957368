"""DOT in, tidy SVG out: the only place that runs Graphviz.

Graphviz is the `dot` program where it is installed, else pygraphviz 2 or newer, whose wheels carry Graphviz in-process
(the optional extra `render`); in a browser tab it is the site's own, in WebAssembly.
"""

from __future__ import annotations

import re
from typing import Final

import graphviz

from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.common.errors import NoDotProgram
from xsfn_helpers.common.language import ENGLISH, language, mark, tr
from xsfn_helpers.display.full_width import FONTS, with_dashes, without_dashes
from xsfn_helpers.display.markup import escape
from xsfn_helpers.display.palette import PALETTE
from xsfn_helpers.display.pictures.browser_graphviz import draw_in_browser

HOW_TO_INSTALL: Final = mark(
    "Install Graphviz: `sudo apt-get install graphviz` (Debian, Ubuntu), `brew install graphviz` (macOS), "
    "`winget install graphviz` (Windows), `conda install graphviz`, or `pip install 'pygraphviz>=2'`, "
    "which brings Graphviz with it."
)


def svg_from_dot(source: str, *, title: str, description: str) -> str:
    """Draw DOT text as SVG, with title and description for screen readers and both themes inside.

    Raises `NoDotProgram`, which says how to install Graphviz, when nothing here can draw.
    """
    dashed, texts = with_dashes(source)
    picture = _tidy(_draw(dashed), title=title, description=description, full_width=bool(texts))
    return without_dashes(picture, texts)


def _draw(source: str) -> str:
    if in_browser():
        return draw_in_browser(source)
    try:
        return str(graphviz.pipe_string("dot", "svg", source, encoding="utf-8", quiet=True))
    except graphviz.ExecutableNotFound as error:
        why, cause = tr("Graphviz's `dot` program isn't installed, so the picture can't be drawn."), error
    except (graphviz.CalledProcessError, OSError) as error:
        why = tr("Graphviz's `dot` program failed ({error}), so the picture can't be drawn.", error=error)
        cause = error
    in_process = _draw_in_process(source)
    if in_process is None:
        raise NoDotProgram(why, fix=tr(HOW_TO_INSTALL)) from cause
    return in_process


def _draw_in_process(source: str) -> str | None:
    """The SVG by pygraphviz, or None where it isn't installed or has no Graphviz either."""
    try:
        import pygraphviz  # type: ignore[import-not-found,import-untyped,unused-ignore]

        drawn: bytes = pygraphviz.AGraph(string=source).draw(format="svg", prog="dot")
    except (ImportError, ValueError, OSError):
        # ImportError: not installed, or its shared library isn't; the others: pygraphviz 1 looking for a program.
        return None
    return drawn.decode("utf-8")


_XML_DECLARATION: Final = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", re.DOTALL)
_BLANK_LINES: Final = re.compile(r"\n\s*\n")
_ROOT: Final = re.compile(r"<svg\b([^>]*)>")


def _tidy(svg: str, *, title: str, description: str, full_width: bool) -> str:
    """Without the generator's version, and with what the picture needs to stand alone."""
    style = f"{_FULL_WIDTH_FONTS if full_width else ''}{_dark_theme()}"
    svg = _BLANK_LINES.sub("\n", _XML_DECLARATION.sub("", svg)).strip() + "\n"
    inside = f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(description)}</desc>\n'
    inside += f"<style>{style}</style>"
    # Which of the Chinese characters' forms a reader sees hangs on the language.
    spoken = "" if language() == ENGLISH else f' lang="{language()}"'
    opening = f'role="img" aria-labelledby="title desc"{spoken}'
    return _ROOT.sub(lambda root: f"<svg{root[1]} {opening}>\n{inside}", svg, count=1)


_FULL_WIDTH_FONTS: Final = f"text{{font-family:Helvetica,Arial,{FONTS},sans-serif}}"


def _dark_theme() -> str:
    """Graphviz writes colours as attributes; CSS wins over attributes, so each light value maps to its dark one.

    Inside an `<img>` current browsers decide by the page around it (JupyterLab's dark theme says `color-scheme: dark`),
    older ones by the system: the card behind the picture is opaque, so that any mixture stays readable.
    """
    rules = "".join(
        f'[{attribute}="{colour.light}"]{{{attribute}:{colour.dark}}}'
        for colour in PALETTE
        for attribute in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme: dark){{{rules}}}"
