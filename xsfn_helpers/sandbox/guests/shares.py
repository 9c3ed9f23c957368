"""So much at once for each account, and so much in all: one account can't take what others need.

As long as there is plenty, an account may have its whole share. Once half of what there is has been taken, whoever has
few is served and whoever has many isn't, so that many accounts of one person don't take it all either.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Share:
    """Places: at most `each` for an account, `in_all` together, and `few` for an account once half is taken."""

    def __init__(self, *, each: int, few: int, in_all: int) -> None:
        self._each = each
        self._few = few
        self._in_all = in_all
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()

    def take(self, account_id: str, *, patience: float = 0.0) -> bool:
        """Whether a place was taken, waiting for one for so many seconds at most. Give it back with `give_back`."""
        end = time.monotonic() + patience
        with self._changed:
            while not self._has_room(account_id):
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, threading.TIMEOUT_MAX))
            self._taken[account_id] += 1
            return True

    def give_back(self, account_id: str) -> None:
        with self._changed:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]
            self._changed.notify_all()

    def has(self, account_id: str) -> bool:
        """Whether the account has a place."""
        with self._changed:
            return self._taken[account_id] > 0

    @contextmanager
    def taken(self, account_id: str, otherwise: Exception, *, patience: float = 0.0) -> Iterator[None]:
        """Have a place for the while. Raises `otherwise` where there is none."""
        if not self.take(account_id, patience=patience):
            raise otherwise
        try:
            yield
        finally:
            self.give_back(account_id)

    def _has_room(self, account_id: str) -> bool:
        own, all_ = self._taken[account_id], self._taken.total()
        most = self._each if all_ < self._in_all // 2 else self._few
        return own < most and all_ < self._in_all
