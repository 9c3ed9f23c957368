"""What the browser takes of this machine, all its processes together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psutil


def processor_seconds() -> float:
    """What its processes that are there now have used of the processors since they began."""
    found = 0.0
    for process in _browser():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            found += times.user + times.system
    return found


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
