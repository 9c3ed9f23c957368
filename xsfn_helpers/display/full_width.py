"""Full-width characters, such as Japanese ones: the room they take, where lines of them break, how pictures hold them.

A full-width character is as wide as the font is high, whatever the font; a Latin one takes about half of that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# Japanese never begins a line with these, nor ends one with those (JIS X 4051).
_NOT_FIRST: Final = frozenset("、。，．・：；？！）」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々")
_NOT_LAST: Final = frozenset("（「『【〔〈《")
_KATAKANA: Final = frozenset(map(chr, range(ord("ァ"), ord("ヺ") + 1))) | {"ー"}
# Where the reader's system has them, after the Latin fonts that Graphviz measures with.
FONTS: Final = "'Hiragino Sans','Yu Gothic UI','Meiryo','Noto Sans CJK JP','Noto Sans JP','IPAexGothic'"
_MORE: Final = " …"


def is_wide(character: str) -> bool:
    """Whether a character takes the room of two Latin ones."""
    return unicodedata.east_asian_width(character) in "WF"


def has_wide(text: str) -> bool:
    return not text.isascii() and any(map(is_wide, text))


def columns(text: str) -> int:
    """How wide a text is, in Latin characters."""
    return sum(1 + is_wide(character) for character in text)


def padded(text: str, width: int) -> str:
    """The text with blanks behind it, up to `width` columns."""
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int, *, max_lines: int) -> list[str]:
    """A sentence in at most `max_lines` lines of `width` columns; what doesn't fit ends in …

    Lines break at blanks, and between full-width characters where Japanese allows it.
    """
    lines = [""]
    for piece in _pieces(text):
        if lines[-1] and columns(lines[-1]) + columns(piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    lines[-1] = lines[-1].rstrip()
    if len(lines) <= max_lines:
        return lines
    last = lines[max_lines - 1]
    while last and columns(last + _MORE) > width:
        last = last[:-1].rstrip()
    return [*lines[: max_lines - 1], last + _MORE]


def _pieces(text: str) -> Iterator[str]:
    """What may not be broken: words with the blank behind them, characters with the punctuation around them."""
    piece = ""
    for character in text:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    if before == " ":
        return True
    if after == " " or after in _NOT_FIRST or before in _NOT_LAST:
        return False
    # A word of katakana stays whole.
    return not (before in _KATAKANA and after in _KATAKANA) and (is_wide(before) or is_wide(after))


# What may be a text in a DOT source: between tags, between quotes, or at an end of an HTML-like label.
_TEXT: Final = re.compile(r'(?:(?<=[>"])|(?<==<))[^<>"\n]+(?=[<>"])')
_HELD: Final = re.compile(r"(<text\b[^>]*>)[^<¤]*¤(\d+)¤[^<]*(</text>)")
# As wide as a full-width character, and in every font. A text's number stands for two of them.
_DASH: Final = "\u2014"
_FIRST_TWO: Final = re.compile(f"{_DASH}{{1,2}}")


def with_dashes(source: str) -> tuple[str, tuple[str, ...]]:
    """A DOT source whose texts have a dash for each full-width character, and the texts in the order of their numbers.

    Graphviz makes boxes as wide as its own machine's font: where that has no such characters, the reader's overflow.
    Dashes of the same width are in every font; `without_dashes` puts the texts back into the picture.
    """
    texts: list[str] = []

    def hold(found: re.Match[str]) -> str:
        if not has_wide(found[0]):
            return found[0]
        texts.append(found[0])
        dashed = "".join(_DASH if is_wide(character) else character for character in found[0])
        return _FIRST_TWO.sub(f"¤{len(texts) - 1}¤", dashed, count=1)

    return _TEXT.sub(hold, source), tuple(texts)


def without_dashes(picture: str, texts: tuple[str, ...]) -> str:
    """The SVG with the texts in the place of their dashes."""
    return _HELD.sub(lambda found: f"{found[1]}{texts[int(found[2])]}{found[3]}", picture) if texts else picture
