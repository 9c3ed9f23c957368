"""What every picture has besides its data: its source for Graphviz, the SVG, and the figure that a page shows."""

from __future__ import annotations

from abc import abstractmethod
from functools import singledispatch
from pathlib import Path

from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable, shown
from xsfn_helpers.display.pictures.figure import figure_html


@singledispatch
def dot_source(picture: object) -> str:
    """The DOT text of a picture: the same text for the same picture."""
    raise TypeError(f"nothing says a {type(picture).__name__} in DOT")


class Picture(Renderable):
    """A picture that says in words all that it shows: `text` in lines, `alt` as running text for a screen reader."""

    __slots__ = ()

    @property
    @abstractmethod
    def heading(self) -> str:
        """The title on one line, as the reader is told it."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The whole picture in words, the same for the same input."""

    @property
    @abstractmethod
    def alt(self) -> str:
        """What the picture says, as running text for a screen reader."""

    @property
    @abstractmethod
    def legend(self) -> str:
        """How the states are drawn, in words."""

    def __str__(self) -> str:
        return self.text

    @property
    def dot(self) -> str:
        """The picture's source in the DOT language. Loads the graphviz package, but needs no `dot` program.

        Raises `XsfnError` for what can't be drawn.
        """
        return shown(dot_source, self)

    def svg(self) -> str:
        """The picture.

        Raises `NoDotProgram`, which says how to install Graphviz, where nothing can draw it, and `XsfnError` as `dot`.
        """
        from xsfn_helpers.display.pictures.render import svg_from_dot

        return svg_from_dot(self.dot, title=self.heading, description=self.alt)

    def write(self, path: Path) -> None:
        """Write the picture to `path`. Raises as `svg` does, before anything is written."""
        picture = self.svg()
        path.write_text(picture, encoding="utf-8", newline="\n")

    def figure_html(self) -> str:
        """The picture as a figure with alt text; where it can't be drawn, the text and how to install Graphviz."""
        return figure_html(self.svg, alt=self.alt, caption=tr("{legend}.", legend=self.legend), text=self.text)
