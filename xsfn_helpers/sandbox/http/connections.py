"""What waitress's loop waits for, told to the system once: waitress itself asks every connection before every wait.

With a room full of people on six hundred connections, most of them silent, that asking would take longer than the work.
"""

from __future__ import annotations

import select
import selectors
from typing import Any, Final

from waitress import wasyncore

_READ: Final = selectors.EVENT_READ
_WRITE: Final = selectors.EVENT_WRITE
_POLL: Final = {0: 0, _READ: select.POLLIN, _WRITE: select.POLLOUT, _READ | _WRITE: select.POLLIN | select.POLLOUT}


class Connections(dict[int, Any]):
    """waitress's map of connections, listening sockets and its trigger, by file descriptor."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        # What the system was told of each; the selector's own map is slow to ask.
        self._told: dict[int, int] = {}
        # Those that may wait for something else than the system was told.
        self._changed: set[int] = set()

    def __setitem__(self, descriptor: int, thing: Any) -> None:
        super().__setitem__(descriptor, thing)
        self._changed.add(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        self._changed.discard(descriptor)
        self._tell(descriptor, 0)

    def changed(self, descriptor: int) -> None:
        """Let this one be asked again what it waits for."""
        self._changed.add(descriptor)

    def turn(self, seconds: float) -> None:
        """Wait until something happens, at most so long, and let it be handled."""
        for descriptor in list(self._changed):
            if (thing := self.get(descriptor)) is None:
                continue
            # Asked first: what is written for a request is there before the request is taken off the list.
            settled = getattr(thing, "is_idle", False)
            # Who is being answered sends nothing meanwhile, as a rule, so the system may go on waiting for it.
            self._tell(descriptor, _wishes(thing) | self._told.get(descriptor, 0) & _READ)
            if settled:
                self._changed.discard(descriptor)
        for key, happened in self._selector.select(seconds):
            if (thing := self.get(key.fd)) is None:
                continue
            self._changed.add(key.fd)
            wishes = _wishes(thing)
            if happened & ~wishes:
                self._tell(key.fd, wishes)  # it sends all the same: it is heard when it has its answer
            wasyncore.readwrite(thing, _POLL[happened & wishes])

    def _tell(self, descriptor: int, wishes: int) -> None:
        told = self._told.get(descriptor, 0)
        if wishes == told:
            return
        if not told:
            self._selector.register(descriptor, wishes)
        elif wishes:
            self._selector.modify(descriptor, wishes)
        else:
            self._selector.unregister(descriptor)
        self._told[descriptor] = wishes


def _wishes(thing: Any) -> int:
    """What it waits for now; a listening socket doesn't write."""
    return (_READ if thing.readable() else 0) | (_WRITE if thing.writable() and not thing.accepting else 0)
