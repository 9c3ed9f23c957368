"""IAM's eventual consistency, on demand: a change counts for decisions only after some seconds, as on AWS.

IAM's own answers show a change at once; STS and the services decide by what has reached them
(docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, "Changes that I make are not always immediately visible").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Final

from xsfn_helpers.sandbox.gateway.stored import StoredPrincipal, StoredRole, StoredUser

_Key = tuple[str, str, str]
LONGEST_SECONDS: Final = 120.0


class Propagation:
    """What decisions see of principals that changed a moment ago.

    `delay` gives an account's seconds at any time, 0 is off; `longest` gives those of the slowest.
    """

    def __init__(self, delay: Callable[[str], float], longest: Callable[[], float]) -> None:
        self._delay = delay
        self._longest = longest
        self._changes: dict[_Key, list[tuple[float, StoredPrincipal | None]]] = {}
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """How long a change takes to count, right now, in the slowest account."""
        return self._longest()

    def changing(self, kind: str, account_id: str, name: str, before: StoredPrincipal | None) -> None:
        """Note that a role or user is about to change, and what it was."""
        if self._delay(account_id) <= 0:
            return
        with self._lock:
            self._changes.setdefault((kind, account_id, name.lower()), []).append((time.monotonic(), before))

    def forget(self, account_ids: Collection[str]) -> None:
        """What these accounts are now counts at once."""
        with self._lock:
            for key in [key for key in self._changes if key[1] in account_ids]:
                del self._changes[key]

    def role(self, account_id: str, name: str, now: StoredRole | None) -> StoredRole | None:
        """The role as decisions see it; `now` is what is on file."""
        seen = self._seen("role", account_id, name, now)
        assert seen is None or isinstance(seen, StoredRole)
        return seen

    def user(self, account_id: str, name: str, now: StoredUser | None) -> StoredUser | None:
        """The user as decisions see it; `now` is what is on file."""
        seen = self._seen("user", account_id, name, now)
        assert seen is None or isinstance(seen, StoredUser)
        return seen

    def _seen(self, kind: str, account_id: str, name: str, now: StoredPrincipal | None) -> StoredPrincipal | None:
        if not self._changes:
            return now
        key = (kind, account_id, name.lower())
        with self._lock:
            since = time.monotonic() - self._delay(account_id)
            recent = [change for change in self._changes.get(key, ()) if change[0] > since]
            if recent:
                self._changes[key] = recent
                return recent[0][1]
            self._changes.pop(key, None)
        return now
