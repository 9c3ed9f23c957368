"""Threads for a browser tab: each is a task of its event loop, and whoever waits suspends its WebAssembly stack (JSPI).

`threading` stays as it is but for what it is made of: the lock, and a thread's handle and start. One thread runs at a
time, until it waits; so nothing that only computes is ever interrupted, and nothing computes while another does.
"""

from __future__ import annotations

import _threading_local
import asyncio
import contextvars
import gc
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

# Suspends the caller until the awaitable is done, and gives its result: Pyodide's `run_sync`.
Wait = Callable[[Awaitable[Any]], Any]
# So many new objects that it is time to look for those that nobody needs any more.
_MANY_OBJECTS: Final = 200_000
_FIRST_IDENT: Final = 1_000_000


def install(ffi: Any) -> None:
    """From now on, threads that start are tasks of the running event loop, and wait by Pyodide's `ffi.run_sync`.

    Whoever else calls that, to wait for an answer of the page's, waits as a thread does, too.
    """
    scheduler = Scheduler(ffi.run_sync)
    ffi.run_sync = scheduler.let_others_run
    replaced: dict[str, Any] = {
        "_allocate_lock": scheduler.lock,
        "Lock": scheduler.lock,
        "_CRLock": None,  # so that RLock() is the one in Python, which is made of `Lock`
        "_ThreadHandle": scheduler.handle,
        "_start_joinable_thread": scheduler.start,
        "get_ident": scheduler.ident,
        "local": _threading_local.local,  # the one in Python, which asks who is running; C's knows one thread only
    }
    for name, value in replaced.items():
        setattr(threading, name, value)
    threading.Thread.native_id = property(lambda thread: thread.ident)  # type: ignore[assignment,method-assign]
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[attr-defined,misc]
    time.sleep = scheduler.sleep  # type: ignore[assignment]
    hold_the_collector()


def hold_the_collector() -> None:
    """Let garbage be collected between turns only.

    Python's incremental collector walks the stacks of suspended threads while they are elsewhere, and kills the
    interpreter with "memory access out of bounds": pyodide/pyodide#6464, mended by #6466, which isn't in Pyodide
    314.0.7. A full collection, as `collect_if_due` makes it, walks none. To be removed with the Pyodide that has it.
    """
    gc.disable()


def collect_if_due() -> None:
    """Collect all garbage if there may be much of it: at the end of a thread, and of a cell."""
    if gc.get_count()[0] > _MANY_OBJECTS:
        gc.collect()


class Scheduler:
    """Who is running, and how they wait."""

    def __init__(self, wait: Wait) -> None:
        self._wait = wait
        self._main = self._ident = threading.get_ident()
        self._idents = itertools.count(_FIRST_IDENT)
        self._tasks: set[asyncio.Task[None]] = set()

    def ident(self) -> int:
        return self._ident

    def let_others_run(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for it; whoever runs meanwhile is somebody else, and afterwards it is us again.

        What begins meanwhile and isn't a thread, a cell or an event of the page's, is the program itself.
        """
        mine, self._ident = self._ident, self._main
        try:
            return self._wait(awaitable)
        finally:
            self._ident = mine

    def sleep(self, seconds: float) -> None:
        self.let_others_run(asyncio.sleep(seconds))

    def lock(self) -> CooperativeLock:
        return CooperativeLock(self)

    def handle(self) -> ThreadHandle:
        return ThreadHandle(self)

    def start(
        self, function: Callable[[], None], handle: ThreadHandle | None = None, daemon: bool = True
    ) -> ThreadHandle:
        """As `_thread.start_joinable_thread`; the thread begins when the one that starts it waits or ends."""
        begun = handle or ThreadHandle(self)
        begun.begin(next(self._idents))

        async def run() -> None:
            self._ident = begun.ident
            try:
                function()
            finally:
                begun._set_done()
                collect_if_due()
                self._ident = self._main

        task = asyncio.get_event_loop().create_task(run(), context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return begun


class CooperativeLock:
    """As `_thread.lock`; handed to whoever has waited longest."""

    __slots__ = ("__weakref__", "_locked", "_scheduler", "_waiters")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._locked = False
        self._waiters: deque[asyncio.Future[bool]] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._locked:
            self._locked = True
            return True
        if not blocking or timeout == 0:
            return False
        loop = asyncio.get_event_loop()
        given: asyncio.Future[bool] = loop.create_future()
        self._waiters.append(given)
        alarm = loop.call_later(timeout, _give_up, given) if timeout > 0 else None
        try:
            return bool(self._scheduler.let_others_run(given))
        finally:
            if alarm is not None:
                alarm.cancel()
            if given in self._waiters:
                self._waiters.remove(given)

    def release(self) -> None:
        if not self._locked:
            raise RuntimeError("release unlocked lock")
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(True)  # it stays locked, for the waiter
                return
        self._locked = False

    def locked(self) -> bool:
        return self._locked

    def _at_fork_reinit(self) -> None:
        self._locked = False
        self._waiters.clear()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _give_up(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)


class ThreadHandle:
    """As `_thread._ThreadHandle`: who a thread is, and whether it has ended."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.ident = 0
        self._running = CooperativeLock(scheduler)
        self._is_done = False

    def begin(self, ident: int) -> None:
        self.ident = ident
        self._running.acquire()

    def is_done(self) -> bool:
        return self._is_done

    def _set_done(self) -> None:
        self._is_done = True
        if self._running.locked():
            self._running.release()

    def join(self, timeout: float | None = None) -> None:
        if not self._is_done and self._running.acquire(True, -1 if timeout is None else max(timeout, 0)):
            self._running.release()
