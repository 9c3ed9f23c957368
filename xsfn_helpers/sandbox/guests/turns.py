"""Who has the server's threads: no account has them all, and what takes long has none of them.

Who has used much of the processor lately lets the others go first.

A request that goes on to wait (for an execution's end, a function, a message, a long definition) steps aside: another
thread stands in for it meanwhile. So quick calls always find one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Final

from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.guests.processor_use import ProcessorUse
from xsfn_helpers.sandbox.guests.shares import Share

# Half of the server's threads.
_AT_ONCE: Final = 4
# Requests of one account that wait for its turn, each in a thread; and of all.
_WAITING: Final = 48
_WAITING_IN_ALL: Final = 384
_PATIENCE: Final = 60.0
_MANY: Final = 1 << 30
# So long at most an account that used much lets the others go first; so often it looks whether it still has to.
_GIVE_WAY: Final = 2.0
_LOOK: Final = 0.05

StandIn = Callable[[], AbstractContextManager[None]]


class Turns:
    """Every account's turns on the threads of one server. `stand_in` gives another thread for the while."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.processor = ProcessorUse()
        self.at_work = Share(each=_AT_ONCE, few=_AT_ONCE, in_all=_MANY)
        self.waiting = Share(each=_WAITING, few=_AT_ONCE, in_all=_WAITING_IN_ALL)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around each request that a thread of the server answers."""
        turn = _Turn(self)
        token = _turn.set(turn)
        began = time.thread_time()
        try:
            yield
        finally:
            _turn.reset(token)
            turn.end()
            turn.charge(time.thread_time() - began)

    def gives_way(self, account_id: str) -> bool:
        """Whether the account lets others go first: it used much, others ask, and one request of its own is at work."""
        return (
            self.processor.is_much(account_id)
            and self.processor.others_ask(account_id)
            and self.at_work.has(account_id)
        )


class _Turn:
    """One request's."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._account_id: str | None = None
        self._whose: str | None = None

    def begin(self, account_id: str) -> None:
        if self._account_id is not None:
            return
        turns = self._turns
        self._whose = account_id
        turns.processor.asks(account_id)
        if turns.gives_way(account_id) or not turns.at_work.take(account_id):
            throttled = Refusal("ThrottlingException", "Rate exceeded")
            with turns.waiting.taken(account_id, throttled), turns.stand_in():
                end = time.monotonic() + _GIVE_WAY
                while turns.gives_way(account_id) and time.monotonic() < end:
                    time.sleep(_LOOK)
                if not turns.at_work.take(account_id, patience=_PATIENCE):
                    raise throttled
        self._account_id = account_id

    def charge(self, seconds: float) -> None:
        if self._whose is not None:
            self._turns.processor.charge(self._whose, seconds)

    @contextmanager
    def aside(self) -> Iterator[None]:
        self.end()
        with self._turns.stand_in():
            yield

    def end(self) -> None:
        if self._account_id is not None:
            self._turns.at_work.give_back(self._account_id)
            self._account_id = None


_turn: ContextVar[_Turn | None] = ContextVar("the turn of the request that this thread answers", default=None)


def begin_turn(account_id: str) -> None:
    """It is this account's request that the thread is answering. Raises `Refusal` where it has too many under way."""
    if (turn := _turn.get()) is not None:
        turn.begin(account_id)


def aside() -> AbstractContextManager[None]:
    """Around what takes long. A thread that isn't the server's just goes on."""
    turn = _turn.get()
    return nullcontext() if turn is None else turn.aside()
