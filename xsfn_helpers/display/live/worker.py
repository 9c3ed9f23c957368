"""Work that follows events: done in the background, once for any number of events that come meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final

# So long a thread waits for the next event before it ends; the event after that starts a new one.
_PATIENCE: Final = 5.0


class Worker:
    """Runs `work` soon after each `wake`, never twice at once, in a thread of its own.

    The caller isn't held up, and a Ctrl-C that interrupts it doesn't interrupt the work.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work = work
        self._name = name
        self._woken = Event()
        self._starting = Lock()
        self._running = False

    def wake(self) -> None:
        self._woken.set()
        with self._starting:
            if not self._running:
                self._running = True
                Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        try:
            while self._woken.wait(_PATIENCE):
                self._woken.clear()
                self._work()
        finally:
            with self._starting:
                self._running = False
            if self._woken.is_set():
                self.wake()
