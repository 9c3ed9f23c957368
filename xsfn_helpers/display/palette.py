"""The one table of colours, and how each state of a link looks.

A state never shows by colour alone: it has a mark, a word, a line and an arrowhead too. Allowed is blue and denied is
vermilion, a pair that stays apart for every kind of colour blindness (Okabe and Ito, jfly.uni-koeln.de/color).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.language import mark, tr


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour in the light theme and its counterpart in the dark one."""

    light: str
    dark: str


# Each light value occurs once: the dark theme of a picture is made by replacing it (see render.py).
CARD: Final = Colour("#fbfcfd", "#151b23")
BOX: Final = Colour("#fefefe", "#0d1218")
ROLE: Final = Colour("#eaf0f7", "#223042")
BORDER: Final = Colour("#75808c", "#8592a0")
INK: Final = Colour("#1b2733", "#e8edf3")
MUTED: Final = Colour("#56616d", "#a9b4c0")
ON_BADGE: Final = Colour("#fffffe", "#0b1016")
ALLOWED_BLUE: Final = Colour("#0a5fb4", "#6cb4ff")
REFUSED_VERMILION: Final = Colour("#b8390a", "#ff9e6b")
PENDING_GREY: Final = Colour("#5c6570", "#a2adb9")
# By the names that style sheets know them by.
PALETTE_NAMES: Final[Mapping[str, Colour]] = {
    "card": CARD,
    "box": BOX,
    "role": ROLE,
    "border": BORDER,
    "ink": INK,
    "muted": MUTED,
    "on-badge": ON_BADGE,
    "allowed": ALLOWED_BLUE,
    "refused": REFUSED_VERMILION,
    "pending": PENDING_GREY,
}
PALETTE: Final = tuple(PALETTE_NAMES.values())


class LinkState(StrEnum):
    """Where a link of the access chain stands."""

    PENDING = mark("not tried")
    ALLOWED = mark("allowed")
    REFUSED = mark("denied")

    @property
    def look(self) -> Look:
        return LOOKS[self]

    @property
    def word(self) -> str:
        """The state as the reader is told it."""
        return tr(self.value)

    @property
    def marked(self) -> str:
        """Mark and word: `✓ allowed`."""
        return f"{self.look.mark} {self.word}"


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn: a mark, a colour, and a Graphviz line style and arrowhead with the words for them."""

    mark: str
    colour: Colour
    line: str
    arrowhead: str
    in_words: str


LOOKS: Final[Mapping[LinkState, Look]] = {
    LinkState.PENDING: Look("…", PENDING_GREY, "dotted", "onormal", mark("dotted, hollow arrowhead")),
    LinkState.ALLOWED: Look("✓", ALLOWED_BLUE, "solid", "normal", mark("solid, filled arrowhead")),
    LinkState.REFUSED: Look("✗", REFUSED_VERMILION, "dashed", "tee", mark("dashed, ends in a bar")),
}


def legend() -> str:
    """How the states are drawn, in words."""
    return "; ".join(f"{state.marked}: {tr(state.look.in_words)}" for state in LinkState)
