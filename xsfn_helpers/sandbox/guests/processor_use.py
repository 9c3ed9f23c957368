"""How much of the interpreter each account has used lately, so that who used much lets the others go first.

One process answers all accounts, and Python runs one thread at a time: places alone don't share that out, for one
account's long requests may take all of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# What was used counts half after so many seconds.
_HALF_LIFE: Final = 2.0
# Of one processor, for a while: so much is an account's own affair. A person's check takes a twentieth of a second.
_MUCH: Final = 0.2
_MOST: Final = _MUCH * _HALF_LIFE / 0.693
# Who asked within so many seconds is still about it: a step of a lesson is a dozen calls.
_LATELY: Final = 1.0


@dataclass(slots=True)
class _Used:
    seconds: float = 0.0
    at: float = 0.0
    asked: float = -_LATELY


class ProcessorUse:
    """Seconds of the processor by account, fading. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[str, _Used] = {}

    def asks(self, account_id: str) -> None:
        """The account asks for something now."""
        with self._lock:
            self._of(account_id).asked = self._clock()

    def charge(self, account_id: str, seconds: float) -> None:
        """The account's request has taken so much."""
        with self._lock:
            self._of(account_id).seconds += seconds

    def is_much(self, account_id: str) -> bool:
        """Whether the account has used more than its own affair."""
        with self._lock:
            return self._of(account_id).seconds > _MOST

    def others_ask(self, account_id: str) -> bool:
        """Whether somebody else asked lately who hasn't used much."""
        with self._lock:
            since = self._clock() - _LATELY
            lately = [other for other, used in self._accounts.items() if used.asked > since and other != account_id]
            return any(self._of(other).seconds <= _MOST for other in lately)

    def _of(self, account_id: str) -> _Used:
        now = self._clock()
        used = self._accounts.setdefault(account_id, _Used(at=now))
        used.seconds *= 0.5 ** ((now - used.at) / _HALF_LIFE)
        used.at = now
        return used
