"""The one door to the front end: a widget that shows a state, and tells what the reader asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, Final

import anywidget
import traitlets

from xsfn_helpers.common.language import language, tr
from xsfn_helpers.display.palette import PALETTE_NAMES

VIEW: Final = "application/vnd.jupyter.widget-view+json"
_STATIC: Final = files("xsfn_helpers.display.live") / "static"


def _text(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


# The texts that the front end says itself, as they stand in its code.
_SAID: Final = re.compile(r'\btr\("((?:[^"\\]|\\.)*)"')


def _theme() -> str:
    """The palette as CSS variables: light; dark where JupyterLab's theme is, or, outside JupyterLab, the system's."""
    light, dark = (
        "".join(f"--xsfn-{name}:{getattr(colour, shade)};" for name, colour in PALETTE_NAMES.items())
        for shade in ("light", "dark")
    )
    return (
        f".xsfn-live{{{light}}}\n"
        f'[data-jp-theme-light="false"] .xsfn-live{{{dark}}}\n'
        f"@media (prefers-color-scheme: dark){{body:not([data-jp-theme-light]) .xsfn-live{{{dark}}}}}\n"
    )


class _Frontend(anywidget.AnyWidget):
    """Shows `state`; what the reader asks for comes back as the names of `asked`'s calls.

    `lang` is the language it speaks, `words` its own texts in that, where they aren't as in its code.
    """

    _css = _theme() + _text("live.css")
    state = traitlets.Dict().tag(sync=True)
    lang = traitlets.Unicode().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(lang=language(), words=self.words_in_language())

    @classmethod
    def words_in_language(cls) -> dict[str, str]:
        """The texts that its code says itself, in the reader's language, where they aren't as in the code."""
        told = {text: tr(text) for text in dict.fromkeys(_SAID.findall(str(cls._esm)))}
        return {text: one for text, one in told.items() if one != text}

    @classmethod
    def parts(cls) -> dict[str, Any]:
        """What a page needs that shows it without a kernel: code, style, language and words."""
        return {"code": str(cls._esm), "css": cls._css, "lang": language(), "said": cls.words_in_language()}


class ChainFrontend(_Frontend):
    _esm = _text("shared.js") + _text("chain.js")


class RunFrontend(_Frontend):
    _esm = _text("shared.js") + _text("run.js")


class StatusFrontend(_Frontend):
    _esm = _text("shared.js") + _text("status.js")


class _EditingFrontend(_Frontend):
    """One with a text to edit; `picture` comes after `state`, because drawing takes longer than deciding."""

    _css = _Frontend._css + _text("editing.css")
    picture = traitlets.Dict().tag(sync=True)


class EditorFrontend(_EditingFrontend):
    _esm = _text("shared.js") + _text("editing.js") + _text("editor.js")


class TaskFormFrontend(_EditingFrontend):
    _esm = _text("shared.js") + _text("editing.js") + _text("task_form.js")


def when_asked(frontend: _Frontend, answers: Mapping[str, Callable[[], object]]) -> None:
    """Call what the reader asks for by its name; a name that isn't in `answers` is none of ours."""
    when_told(frontend, {name: _without_content(answer) for name, answer in answers.items()})


def _without_content(answer: Callable[[], object]) -> Callable[[Mapping[str, Any]], object]:
    return lambda _content: answer()


def when_told(frontend: _Frontend, answers: Mapping[str, Callable[[Mapping[str, Any]], object]]) -> None:
    """Like `when_asked`, with what the reader's wish says besides its name."""

    def hear(_widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, dict) and (answer := answers.get(str(content.get("do")))):
            answer(content)

    frontend.on_msg(hear)
    # JupyterLab sends what a display asks to a subshell of its own, so that it is heard while a cell runs. ipykernel
    # 7.4 would send it on to where the display last spoke from: the main shell, which hears it when the cell is done.
    if frontend.comm is not None:
        frontend.comm._reply_subshell_for = _where_it_was_sent


def _where_it_was_sent(_data: object, subshell: str | None) -> str | None:
    return subshell


def bundle(frontend: _Frontend, *, text: str, html: str) -> dict[str, Any]:
    """The display in every form: live where a front end answers, else HTML, else text."""
    view = {"version_major": 2, "version_minor": 0, "model_id": frontend.model_id}
    return {VIEW: view, "text/html": html, "text/plain": text}
