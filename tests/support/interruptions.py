"""A process that dies at a chosen AWS call, for tests of what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from tests.support.soak import soaked
from xsfn_helpers import Lab, Side

MUTATING = ("Create", "Put", "Update", "Delete", "Detach", "Start", "Stop")


class Death(Enum):
    BEFORE = "before the call is sent"
    AFTER = "after AWS has carried it out, before the answer is read"


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@contextmanager
def dies_at(lab: Lab, call: int, when: Death, *, counting: tuple[str, ...] = MUTATING) -> Iterator[None]:
    """Within, the lab's process dies at the given call (from 1): no later call of any kind gets through.

    Calls are counted whose operation begins with one of `counting`; `("",)` counts every one.
    """
    counted = 0
    dead = False

    def before(model: Any, **_: Any) -> None:
        nonlocal counted, dead
        if dead:
            raise Killed
        if model.name.startswith(counting):
            counted += 1
            if counted == call and when is Death.BEFORE:
                dead = True
                raise Killed

    def after(model: Any, **_: Any) -> None:
        nonlocal dead
        if model.name.startswith(counting) and counted == call and when is Death.AFTER:
            dead = True
            raise Killed

    clients = [
        lab.environment.accounts.client(side, service) for side in Side for service in ("iam", "sts", "stepfunctions")
    ]
    for client in clients:
        client.meta.events.register("before-call", before)
        client.meta.events.register("after-call", after)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", before)
            client.meta.events.unregister("after-call", after)


@contextmanager
def interrupted_at(lab: Lab, call: int) -> Iterator[None]:
    """Within, one Ctrl-C arrives when the given mutating call (from 1) has been carried out."""
    mutating = 0

    def after(model: Any, **_: Any) -> None:
        nonlocal mutating
        if model.name.startswith(MUTATING):
            mutating += 1
            if mutating == call:
                raise KeyboardInterrupt

    clients = _clients(lab)
    for client in clients:
        client.meta.events.register("after-call", after)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("after-call", after)


def _clients(lab: Lab) -> list[Any]:
    accounts = lab.environment.accounts
    return [accounts.client(side, service) for side in Side for service in ("iam", "sts", "stepfunctions")]


def deaths(lab: Lab, doing: Callable[[], object], *, first: Callable[[], object]) -> Iterator[tuple[int, Death]]:
    """Let the process die at each mutating call of `doing` in turn, before and after it, until it gets through.

    `first` brings about the state that `doing` starts from. Before a call, an account is as after the one before it;
    only in `make soak`, each call but the first is died before as well.
    """
    for when in Death:
        for call in range(1, 100 if when is Death.AFTER else soaked(short=2, long=100)):
            first()
            try:
                with dies_at(lab, call, when):
                    doing()
            except Killed:
                yield call, when
            else:
                break
