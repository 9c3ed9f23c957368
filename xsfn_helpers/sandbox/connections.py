"""What waitress's loop waits for, told to the system once: waitress itself asks every connection before every wait.

With a room full of people on six hundred connections, most of them silent, that asking would take longer than the work.
"""

from __future__ import annotations

import select
import selectors
from typing import Any, Final

from waitress import wasyncore

_POLL: Final = {selectors.EVENT_READ: select.POLLIN, selectors.EVENT_WRITE: select.POLLOUT}


class Connections(dict[int, Any]):
    """waitress's map of connections, listening sockets and its trigger, by file descriptor."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        # What the system was told of each; the selector's own map is slow to ask.
        self._wishes: dict[int, int] = {}
        # Those whose wishes may have changed since they were told to the system.
        self._changed: set[int] = set()

    def __setitem__(self, descriptor: int, thing: Any) -> None:
        super().__setitem__(descriptor, thing)
        self._changed.add(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        self._changed.discard(descriptor)
        self._register(descriptor, 0)
        self._wishes.pop(descriptor, None)

    def changed(self, descriptor: int) -> None:
        """Let this one be asked again what it waits for."""
        self._changed.add(descriptor)

    def turn(self, seconds: float) -> None:
        """Wait until something happens, at most so long, and let it be handled."""
        for descriptor in list(self._changed):
            thing = self[descriptor]
            # First: what is written for a request is there before the request is taken off the list.
            settled = getattr(thing, "is_idle", False)
            wishes = selectors.EVENT_READ if thing.readable() else 0
            if thing.writable() and not thing.accepting:
                wishes |= selectors.EVENT_WRITE
            self._register(descriptor, wishes)
            if settled:
                self._changed.discard(descriptor)
        for key, happened in self._selector.select(seconds):
            if (thing := self.get(key.fd)) is not None:
                self._changed.add(key.fd)
                wasyncore.readwrite(thing, sum(flag for event, flag in _POLL.items() if event & happened))

    def _register(self, descriptor: int, wishes: int) -> None:
        known = self._wishes.get(descriptor, 0)
        if wishes == known:
            return
        if not known:
            self._selector.register(descriptor, wishes)
        elif wishes:
            self._selector.modify(descriptor, wishes)
        else:
            self._selector.unregister(descriptor)
        self._wishes[descriptor] = wishes
