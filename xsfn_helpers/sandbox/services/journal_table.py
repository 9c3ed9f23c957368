"""Where a service keeps its things: entries of one kind in the journal, on disk before anybody is answered."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from typing import Any

from xsfn_helpers.sandbox.gateway.calls import account_of
from xsfn_helpers.sandbox.journal import Journal


class Shelf:
    """Things of one kind by key. Hold `changing` to read and write as one step."""

    def __init__(self, journal: Journal, kind: str) -> None:
        self._journal = journal
        self._kind = kind
        self.changing = threading.RLock()

    def get(self, key: str) -> Any:
        """The thing, or None."""
        return self._journal.get(self._kind, key)

    def put(self, key: str, thing: Any) -> None:
        self._journal.put(self._kind, key, thing)

    def remove(self, keys: Iterable[str]) -> None:
        self._journal.remove(self._kind, keys)

    def empty(self, account_ids: Collection[str]) -> None:
        """Remove all that these accounts have, of things whose keys are ARNs."""
        with self.changing:
            self.remove([key for key in self.every() if account_of(key, default="") in account_ids])

    def every(self) -> list[str]:
        """All keys, in order."""
        return self.keys("")

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin so, in order."""
        return self._journal.keys(self._kind, prefix)
