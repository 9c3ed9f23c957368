"""Runs in Pyodide, by `test_threads.py`: what threads of a tab do, case by case, told as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import queue
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from pyodide import ffi
from tab_threads import threads

threads.install(ffi)


def a_lock_lets_one_in_at_a_time() -> None:
    lock, inside, most = threading.Lock(), [0], [0]

    def work() -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.001)
            inside[0] -= 1

    _all(work, 8)
    assert most == [1]


def a_lock_is_waited_for_no_longer_than_asked() -> None:
    lock = threading.Lock()
    lock.acquire()
    begun = time.monotonic()
    assert not lock.acquire(timeout=0.05)
    assert not lock.acquire(blocking=False)
    assert time.monotonic() - begun >= 0.04
    lock.release()
    assert lock.acquire(timeout=1)


def a_lock_goes_to_whoever_waited_longest() -> None:
    lock, order = threading.Lock(), []

    def work(number: int) -> None:
        with lock:
            order.append(number)

    lock.acquire()
    started = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in started:
        thread.start()
    time.sleep(0.01)
    lock.release()
    for thread in started:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def a_lock_that_nobody_holds_cannot_be_released() -> None:
    try:
        threading.Lock().release()
    except RuntimeError:
        return
    raise AssertionError


def a_reentrant_lock_knows_its_owner() -> None:
    lock, seen = threading.RLock(), []
    with lock, lock:
        other = threading.Thread(target=lambda: seen.append(lock.acquire(blocking=False)))
        other.start()
        other.join()
    assert seen == [False]


def events_and_conditions_wake_all() -> None:
    event, ready, woken = threading.Event(), threading.Condition(), []

    def work() -> None:
        event.wait()
        with ready:
            ready.wait()
        woken.append(threading.current_thread().name)

    started = _started(work, 5)
    assert not event.wait(0.01)
    event.set()
    time.sleep(0.02)
    with ready:
        ready.notify_all()
    for thread in started:
        thread.join()
    assert len(set(woken)) == 5


def queues_pass_everything_on_in_order() -> None:
    for kind in (queue.Queue, queue.SimpleQueue):
        passed, got = kind(), []

        def take(passed: object = passed, got: list[int] = got) -> None:
            while (one := passed.get()) is not None:
                got.append(one)

        taker = threading.Thread(target=take)
        taker.start()
        for number in (*range(20), None):
            passed.put(number)
        taker.join()
        assert got == list(range(20))
    try:
        queue.Queue().get(timeout=0.01)
    except queue.Empty:
        return
    raise AssertionError


def timers_fire_unless_they_are_cancelled() -> None:
    fired = []
    timers = [threading.Timer(0.01, fired.append, [name]) for name in ("kept", "cancelled")]
    for timer in timers:
        timer.start()
    timers[1].cancel()
    for timer in timers:
        timer.join()
    assert fired == ["kept"]


def an_exception_ends_its_thread_alone() -> None:
    told, usual = [], threading.excepthook
    threading.excepthook = lambda raised: told.append(str(raised.exc_value))

    def fail() -> None:
        time.sleep(0.001)
        raise ValueError("mine")

    try:
        _all(fail, 2)
    finally:
        threading.excepthook = usual
    assert told == ["mine", "mine"]
    with ThreadPoolExecutor(2) as pool:
        try:
            pool.submit(fail).result()
        except ValueError:
            return
    raise AssertionError


def a_thread_is_stopped_while_it_runs() -> None:
    stop, rounds = threading.Event(), []

    def work() -> None:
        while not stop.wait(0.001):
            rounds.append(1)

    (thread,) = _started(work, 1)
    thread.join(0.05)
    assert thread.is_alive()
    stop.set()
    thread.join()
    assert not thread.is_alive()
    assert rounds


def sixty_four_branches_wait_side_by_side() -> None:
    begun, seen = time.monotonic(), set()

    def work() -> None:
        time.sleep(0.2)
        seen.add(threading.get_ident())

    _all(work, 64)
    assert len(seen) == 64
    assert time.monotonic() - begun < 64 * 0.2 / 2


def each_thread_has_what_is_local_to_it() -> None:
    local, seen = threading.local(), []

    def work() -> None:
        local.name = threading.current_thread().name
        time.sleep(0.001)
        seen.append(local.name == threading.current_thread().name)

    _all(work, 4)
    assert seen == [True] * 4


def whoever_waits_for_the_page_is_itself_afterwards() -> None:
    seen = []

    def work() -> None:
        mine = threading.get_ident()
        with threading.RLock():
            ffi.run_sync(asyncio.sleep(0.01))
        seen.append(threading.get_ident() == mine)

    _all(work, 4)
    assert seen == [True] * 4


def what_the_page_calls_meanwhile_is_the_program_itself() -> None:
    seen: list[int] = []
    asyncio.get_event_loop().call_later(0.01, lambda: seen.append(threading.get_ident()))
    _all(lambda: time.sleep(0.03), 2)
    assert seen == [threading.get_ident()]


def the_collector_runs_between_turns_only() -> None:
    assert not gc.isenabled()
    stop = threading.Event()
    suspended = _started(stop.wait, 8)
    for _ in range(3):
        _garbage()
        threads.collect_if_due()
        time.sleep(0.001)
    assert gc.get_count()[0] < 200_000
    stop.set()
    for thread in suspended:
        thread.join()


def _garbage() -> None:
    for _ in range(100_000):
        ring: list[object] = []
        ring.append([ring])


def _started(work: Callable[[], object], count: int) -> list[threading.Thread]:
    started = [threading.Thread(target=work) for _ in range(count)]
    for thread in started:
        thread.start()
    return started


def _all(work: Callable[[], object], count: int) -> None:
    for thread in _started(work, count):
        thread.join()


CASES = (
    a_lock_lets_one_in_at_a_time,
    a_lock_is_waited_for_no_longer_than_asked,
    a_lock_goes_to_whoever_waited_longest,
    a_lock_that_nobody_holds_cannot_be_released,
    a_reentrant_lock_knows_its_owner,
    events_and_conditions_wake_all,
    queues_pass_everything_on_in_order,
    timers_fire_unless_they_are_cancelled,
    an_exception_ends_its_thread_alone,
    a_thread_is_stopped_while_it_runs,
    sixty_four_branches_wait_side_by_side,
    each_thread_has_what_is_local_to_it,
    whoever_waits_for_the_page_is_itself_afterwards,
    what_the_page_calls_meanwhile_is_the_program_itself,
    the_collector_runs_between_turns_only,
)
told = {}
for case in CASES:
    told[case.__name__] = ""
    with contextlib.suppress(Exception):
        try:
            case()
        except Exception:
            told[case.__name__] = traceback.format_exc()
            raise
json.dumps(told)
