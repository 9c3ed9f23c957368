"""Roles and users as decisions need them, put together once for each state that their account is in."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

T = TypeVar("T")

# (kind, account, name)
_Key = tuple[str, str, str]
_MOST: Final = 4096


class Remembered:
    """What was found counts until its account changes. Who looks while it changes is forgotten with the change's end.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._states: Counter[str] = Counter()
        self._found: dict[_Key, tuple[int, Any]] = {}
        self._lock = threading.Lock()

    def found(self, key: _Key, look: Callable[[], T | None]) -> T | None:
        """What `look` finds under this key, which names its account; nothing found isn't kept."""
        state = self._states[key[1]]
        known = self._found.get(key)
        if known is not None and known[0] == state:
            return known[1]  # type: ignore[no-any-return]
        now = look()
        if now is not None:
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[key] = (state, now)
        return now

    def forget(self, account_ids: Iterable[str]) -> None:
        """These accounts have changed, or were about to."""
        with self._lock:
            self._states.update(account_ids)
