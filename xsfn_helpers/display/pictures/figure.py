"""A picture as a figure that shows everywhere: in a notebook that isn't trusted yet, in both themes, and read aloud."""

from __future__ import annotations

import base64
from collections.abc import Callable

from xsfn_helpers.common.errors import NoDotProgram
from xsfn_helpers.display.markup import escape


def svg_data(picture: str) -> str:
    """The SVG as a `data:` address: a notebook that isn't trusted yet doesn't show a raw one."""
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode('utf-8')).decode('ascii')}"


def figure_html(draw: Callable[[], str], *, alt: str, caption: str, text: str) -> str:
    """What `draw` draws, with its alternative text; where it can't, `text` and how to install Graphviz."""
    try:
        picture = draw()
    except NoDotProgram as missing:
        return f"<pre>{escape(text)}</pre>\n<p>{escape(str(missing))}</p>"
    image = f'<img alt="{escape(alt)}" src="{svg_data(picture)}" style="max-width:100%;height:auto">'
    return f'<figure style="margin:0">{image}<figcaption>{escape(caption)}</figcaption></figure>'
