"""What a step would change, or has changed: data first, text from it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable


class Action(StrEnum):
    """What happens to one thing. The sign is what a plan shows in front of it."""

    CREATE = mark("create")
    CHANGE = mark("change")
    LEAVE = mark("leave")
    REMOVE = mark("remove")
    NOT_OURS = mark("not ours")
    ADOPT = mark("use existing")
    PUT_BACK = mark("restore")
    MISSING = mark("missing")

    @property
    def sign(self) -> str:
        return _SIGNS[self]

    @property
    def is_there(self) -> bool:
        """Whether the thing stands and nothing has to be done."""
        return self in (Action.LEAVE, Action.ADOPT)

    @property
    def alters(self) -> bool:
        return self in (Action.CREATE, Action.CHANGE, Action.REMOVE, Action.PUT_BACK)


_SIGNS: Final = {
    Action.CREATE: "+",
    Action.CHANGE: "~",
    Action.LEAVE: "=",
    Action.REMOVE: "-",
    Action.NOT_OURS: "!",
    Action.ADOPT: "=",
    Action.PUT_BACK: "~",
    Action.MISSING: "!",
}
_DONE: Final = {
    Action.CREATE: mark("created"),
    Action.CHANGE: mark("changed"),
    Action.LEAVE: mark("left as it is"),
    Action.REMOVE: mark("removed"),
    Action.NOT_OURS: mark("left, not ours"),
    Action.ADOPT: mark("using existing"),
    Action.PUT_BACK: mark("restored"),
    Action.MISSING: mark("missing"),
}
_SENTENCES: Final = {
    Action.CREATE: mark("create {thing} in {account}"),
    Action.CHANGE: mark("change {thing} in {account}"),
    Action.LEAVE: mark("leave {thing} in {account}"),
    Action.REMOVE: mark("remove {thing} in {account}"),
    Action.NOT_OURS: mark("not ours {thing} in {account}"),
    Action.ADOPT: mark("use existing {thing} in {account}"),
    Action.PUT_BACK: mark("restore {thing} in {account}"),
    Action.MISSING: mark("missing {thing} in {account}"),
}
_SENTENCES_DONE: Final = {
    Action.CREATE: mark("created {thing} in {account}"),
    Action.CHANGE: mark("changed {thing} in {account}"),
    Action.LEAVE: mark("left as it is: {thing} in {account}"),
    Action.REMOVE: mark("removed {thing} in {account}"),
    Action.NOT_OURS: mark("left, not ours: {thing} in {account}"),
    Action.ADOPT: mark("using existing {thing} in {account}"),
    Action.PUT_BACK: mark("restored: {thing} in {account}"),
    Action.MISSING: mark("missing: {thing} in {account}"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing of an account and what happens to it; `details` are the reasons, or a diff, line by line."""

    action: Action
    account: Account
    thing: str
    details: tuple[str, ...] = ()

    def verb(self, *, done: bool) -> str:
        """What happens to the thing, or what happened: `create`, `created`."""
        return tr(_DONE[self.action]) if done else tr(self.action)

    def told(self, *, done: bool) -> str:
        text = _SENTENCES_DONE[self.action] if done else _SENTENCES[self.action]
        lines = [f"{self.action.sign} {tr(text, thing=self.thing, account=self.account)}"]
        return "\n".join([*lines, *(f"    {detail}" for detail in self.details)])

    def __str__(self) -> str:
        return self.told(done=False)


@dataclass(frozen=True, slots=True)
class Plan(Renderable):
    """The changes of one step in order; `done` tells a plan from the record of what was carried out."""

    title: str
    changes: tuple[Change, ...]
    done: bool = False

    @property
    def empty(self) -> bool:
        """Whether everything is already as the step wants it."""
        return not any(change.action.alters for change in self.changes)

    @property
    def left(self) -> tuple[Change, ...]:
        """What carries the lab's names but isn't the lab's, and is left alone."""
        return tuple(change for change in self.changes if change.action is Action.NOT_OURS)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __str__(self) -> str:
        if not self.changes:
            return tr("{title}: nothing there", title=self.title)
        lines = [change.told(done=self.done).replace("\n", "\n  ") for change in self.changes]
        return "\n  ".join([f"{self.title}:", *lines])


def text_diff(stored: str, wanted: str) -> tuple[str, ...]:
    """The lines that differ, `-` as stored and `+` as wanted, without diff's own headings."""
    lines = difflib.unified_diff(stored.splitlines(), wanted.splitlines(), lineterm="", n=1)
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))
