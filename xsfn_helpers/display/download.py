"""A file in a page: a link that has the file in itself and saves it."""

from __future__ import annotations

from base64 import b64encode
from html import escape


def link_html(words: str, name: str, kind: str, content: bytes) -> str:
    """A link that reads `words` and saves `content`, which is of a media type, under `name`."""
    data = b64encode(content).decode("ascii")
    return f'<a download="{escape(name)}" href="data:{escape(kind)};base64,{data}">{escape(words)}</a>'
