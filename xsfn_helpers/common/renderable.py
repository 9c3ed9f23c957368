"""What shows itself: as text everywhere, and as `display` has registered it where a page can show more.

What is shown knows nothing of pages, pictures and widgets: the package names the module that registers how it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import singledispatch
from importlib import import_module
from typing import Any, TypeVar

Shown = TypeVar("Shown")


@singledispatch
def mimebundle(thing: object) -> dict[str, Any]:
    """What a cell that ends with `thing` shows."""
    return {"text/plain": str(thing)}


@singledispatch
def picture(thing: object, *_told: Any) -> Any:
    """The diagram of `thing`."""
    raise TypeError(f"nothing draws a {type(thing).__name__}")


@singledispatch
def live(thing: object, *_told: Any) -> Any:
    """The display that keeps up with `thing`."""
    raise TypeError(f"nothing shows a {type(thing).__name__} live")


def shown(form: Callable[..., Shown], thing: object, *told: Any) -> Shown:
    """`thing` in one of the forms above, with what else the form is to be told."""
    # Each time: cheap, and a second thread waits until the first has loaded it.
    import_module(import_module("xsfn_helpers").RENDERERS)
    return form(thing, *told)


class Renderable:
    """Whatever a cell may end with. `str()` is the whole of it in words."""

    __slots__ = ()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        return shown(mimebundle, self)
