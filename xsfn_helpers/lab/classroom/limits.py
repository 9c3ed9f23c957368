"""How often somebody may ask, so that one computer can't keep the room from the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_MOST_KEPT: Final = 10_000


class Allowance:
    """So many requests at once, and then so many a second, for each asker. Bounded: the oldest are forgotten."""

    def __init__(self, at_once: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._per_second = per_second
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, asker: str) -> bool:
        """Whether `asker` may ask now; counts the request if so."""
        with self._lock:
            now = self._clock()
            left = self._now(asker, now)
            if left < 1:
                return False
            self._left.pop(asker, None)
            self._left[asker] = (left - 1, now)
            while len(self._left) > _MOST_KEPT:
                self._left.pop(next(iter(self._left)))
            return True

    def _now(self, asker: str, now: float) -> float:
        left, since = self._left.get(asker, (self._at_once, now))
        return min(self._at_once, left + (now - since) * self._per_second)
