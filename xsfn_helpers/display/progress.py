"""One line of progress: a widget whose value changes while work goes on, then one printed line that stays.

The widget is shown once and updated in place, because notebook tests don't follow display updates, `clear_output` or
captured output; where there is no notebook, only the printed line appears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from xsfn_helpers.common.language import tr
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.display.markup import escape

WIDGET: Final = "application/vnd.jupyter.widget-view+json"


class _Shown(Protocol):
    """The part of an ipywidgets `HTML` widget that is used here."""

    value: str

    def close(self) -> None: ...


@dataclass(slots=True)
class _Steps:
    """How far the work is."""

    total: int | None
    done: int = 0
    latest: str = ""

    def __str__(self) -> str:
        return tr("{done} of {total}", done=self.done, total=self.total) if self.total is not None else f"{self.done}"


@contextmanager
def progress(total: int | None, label: str) -> Iterator[Callable[[str], None]]:
    """Show progress while the block runs; gives `step(message)`, to be called once for each step done.

    `total` is the number of steps, None where it isn't known. At the end one line is printed: how many steps were done,
    or, when the block raises, after which step it stopped. The exception goes on its way.
    """
    steps = _Steps(total)
    name = one_line(label)
    widget = _show(name, _bar(name, steps))

    def step(message: str) -> None:
        steps.done += 1
        steps.latest = one_line(message)
        if widget is not None:
            widget.value = _bar(name, steps)

    try:
        yield step
    except BaseException:
        if steps.latest:
            _say(tr("✗ {name}: stopped ({steps}) after: {step}", name=name, steps=steps, step=steps.latest))
        else:
            _say(tr("✗ {name}: stopped ({steps}) before the first step", name=name, steps=steps))
        raise
    else:
        _say(tr("✓ {name}: done ({steps})", name=name, steps=steps))
    finally:
        if widget is not None:
            widget.close()


def _show(name: str, value: str) -> _Shown | None:
    """The widget, shown; None outside a notebook's kernel or without ipywidgets."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
        from ipywidgets import HTML
    except ImportError:
        return None
    shell: Any = get_ipython()
    if getattr(shell, "kernel", None) is None:
        return None
    widget: Any = HTML(value=value)
    # The plain text is what remains where the live widget is gone: a stored notebook, a test's comparison.
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    show: Callable[..., object] = display
    show({"text/plain": f"{name} …", WIDGET: view}, raw=True)
    shown: _Shown = widget
    return shown


def _bar(name: str, steps: _Steps) -> str:
    extent = f' max="{steps.total}" value="{steps.done}"' if steps.total is not None else ""
    latest = f": {escape(steps.latest)}" if steps.latest else ""
    return f"<progress{extent}></progress> {escape(name)} ({steps}){latest}"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the one line that stays is this module's purpose
