"""A text that is edited and judged at each change: what the editor of a policy and the form of a task have in common.

The reader's text is never lost: whatever else is put in its place, it can be had back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

from xsfn_helpers.aws.events import Called, Events
from xsfn_helpers.common.errors import NoDotProgram, XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.frontend import EditorFrontend, TaskFormFrontend, bundle, when_told
from xsfn_helpers.display.live.worker import Worker
from xsfn_helpers.display.pictures.figure import svg_data


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies before the reader: the text, what is stored (None: nothing yet), and the text before the last button.

    `own` is the lab's own document, which is there as long as nothing is stored. `answers` is the edit that was judged
    last; `said` tells what a button did, `trouble` why it couldn't.
    """

    text: str
    stored: str | None
    own: str
    before: str | None = None
    answers: str = ""
    said: str = ""
    trouble: str = ""

    @classmethod
    def open(cls, stored: str | None, own: str) -> Desk:
        """With nothing changed yet."""
        return cls(own if stored is None else stored, stored, own)

    @property
    def original(self) -> str:
        """What the text was before anybody changed it."""
        return self.own if self.stored is None else self.stored

    @property
    def can_reset(self) -> bool:
        return self.text != self.original

    @property
    def can_go_back(self) -> bool:
        return self.before is not None and self.before not in (self.text, self.original)

    def put(self, text: str) -> Desk:
        """With another text in the place of the reader's, which is kept."""
        return self if text == self.text else replace(self, text=text, before=self.text, said="", trouble="")


@dataclass(frozen=True, slots=True)
class DeskPicture:
    """What a picture is drawn from, what draws it, and what it says."""

    source: str
    draw: Callable[[], str]
    alt: str


class EditingDesk(ABC):
    """A text with its judgement, shown live. One turn at a time, whether the page or a cell asks for it."""

    def __init__(self, desk: Desk, frontend: EditorFrontend | TaskFormFrontend, events: Events) -> None:
        self._turn = RLock()
        self._desk = desk
        self._frontend = frontend
        self._drawn = ""
        self._painter = Worker(self._paint, "xsfn-picture")
        self._reader = Worker(self.refresh, "xsfn-editor")
        self._judge()
        self._show()
        self._unsubscribe = events.subscribe(self._hear)
        when_told(frontend, self._answers())

    @property
    def document(self) -> str:
        """The text as it is being edited."""
        return self._desk.text

    def edit(self, text: str) -> None:
        """Put `text` in the place of what is there, as typing it would; nothing is applied."""
        with self._turn:
            self._change(self._desk.put(text))

    def reset(self) -> None:
        """Put what is stored in the place of the text, or, where nothing is yet, the lab's own document."""
        with self._turn:
            self._change(self._desk.put(self._desk.original))

    def apply(self) -> str:
        """Apply the text in its account, for real, and say what was done.

        Raises `PolicyError`, `ConfigError` or `StepError` when AWS would deny, or denies, it.
        """
        with self._turn:
            said = self._save(self._desk.text)
            self._read()
            self._change(replace(self._desk, said=said, trouble="", before=None))
        return said

    def refresh(self) -> None:
        """Read the accounts again and judge the text anew. A text that nobody has changed follows what is stored."""
        with self._turn:
            untouched = not self._desk.can_reset
            try:
                self._read()
            except XsfnError as error:
                self._change(replace(self._desk, trouble=tr("The accounts can't be read: {error}", error=error)))
                return
            text = self._desk.original if untouched else self._desk.text
            self._change(replace(self._desk, text=text, trouble=""))

    def close(self) -> None:
        """Stop listening; what is shown stays as it is."""
        self._unsubscribe()

    @property
    @abstractmethod
    def text(self) -> str:
        """Everything shown, in words."""

    @abstractmethod
    def _html(self) -> str:
        """What a page without a front end shows."""

    @abstractmethod
    def _read(self) -> None:
        """Read the accounts, and put what is stored now on the desk. Raises `XsfnError`."""

    @abstractmethod
    def _judge(self) -> None:
        """Judge the text on the desk."""

    @abstractmethod
    def _state(self) -> Mapping[str, Any]:
        """What the front end is told, from the judgement."""

    @abstractmethod
    def _picture(self) -> DeskPicture | None:
        """The picture of the judgement; None to leave the last one. It is drawn anew only when its source differs."""

    @abstractmethod
    def _save(self, text: str) -> str:
        """Save the text for real and say what was done. Raises `XsfnError`."""

    @abstractmethod
    def _recommended(self) -> str:
        """The recommended text."""

    def _answers(self) -> dict[str, Any]:
        return {
            "edit": self._typed,
            "apply": self._asked_to_apply,
            "reset": lambda content: self._button(content, self._desk.original),
            "recommended": lambda content: self._button(content, self._recommended()),
            "back": lambda content: self._button(content, self._desk.before),
        }

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        self.refresh()
        return bundle(self._frontend, text=self.text, html=self._html())

    def _hear(self, event: object) -> None:
        if isinstance(event, Called) and not event.is_of_executions:
            self._reader.wake()

    def _typed(self, content: Mapping[str, Any]) -> None:
        with self._turn:
            self._take(content)
            self._carefully(lambda: self._change(self._desk))

    def _asked_to_apply(self, content: Mapping[str, Any]) -> None:
        with self._turn:
            self._take(content)
            self._carefully(self.apply)

    def _take(self, content: Mapping[str, Any]) -> None:
        """The reader's text, and the turn that it was sent with."""
        turn = str(content.get("turn", self._desk.answers))
        self._desk = replace(self._desk, text=str(content.get("text", "")), answers=turn, said="", trouble="")

    def _button(self, content: Mapping[str, Any], text: str | None) -> None:
        with self._turn:
            self._take(content)
            self._carefully(lambda: self._change(self._desk if text is None else self._desk.put(text)))

    def _carefully(self, act: Callable[[], object]) -> None:
        """Act, and show why where it can't be done."""
        try:
            act()
        except XsfnError as error:
            self._desk = replace(self._desk, said="", trouble=str(error))
            self._show()

    def _change(self, desk: Desk) -> None:
        self._desk = desk
        self._judge()
        self._show()

    def _show(self) -> None:
        self._frontend.state = dict(self._state())
        self._painter.wake()

    def _paint(self) -> None:
        with self._turn:
            picture = self._picture()
        if picture is None or picture.source == self._drawn:
            return
        self._drawn = picture.source
        self._frontend.picture = _painted(picture)


def _painted(picture: DeskPicture) -> dict[str, str]:
    try:
        return {"src": svg_data(picture.draw()), "alt": picture.alt}
    except NoDotProgram:
        return {}  # the words are there without it
