"""What the browser takes of this machine, all its processes together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psutil


def processor_times() -> dict[int, float]:
    """The seconds of processors that each of its processes has used since it began."""
    found = {}
    for process in _browser():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


def worked_since(before: dict[int, float]) -> float:
    """The seconds of processors that those have used since which are there now."""
    return sum(now - before.get(pid, 0) for pid, now in processor_times().items())


def page_megabytes() -> int:
    """The memory that is its pages' own: of JavaScript, of Python's heaps, of what both have compiled."""
    found = 0
    for process in _browser():
        with suppress(psutil.NoSuchProcess):
            if "--type=renderer" in process.cmdline():
                found += process.memory_full_info().uss
    return found // 1_000_000


def _browser() -> Iterator[psutil.Process]:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "chrom" in process.name().lower():
                yield process
