"""`xsfn decide` on 100,000 lines in one stream: how long it takes, and whether its memory stays flat."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench_iam import line_2

EARLY = 1_000


@dataclass(frozen=True, slots=True)
class Stream:
    """What a run took: seconds, and megabytes after the first answers, after the last one, and at most."""

    seconds: float
    early: float
    late: float
    peak: float


def run(line: Callable[[int], str], lines: int) -> Stream:
    """Send so many lines to one `xsfn decide` and read as many answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xsfn_helpers", "decide"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    given, taken = process.stdin, process.stdout
    assert given is not None
    assert taken is not None

    def write() -> None:
        for number in range(lines):
            given.write(line(number))
        given.flush()

    writer = threading.Thread(target=write)
    began = time.perf_counter()
    writer.start()
    early = late = 0.0
    for number in range(1, lines + 1):
        answer = taken.readline()
        assert '"outcome": "Allowed"' in answer, answer
        if number in (EARLY, lines):
            early, late = late, resident(process.pid)
    seconds = time.perf_counter() - began
    writer.join()
    given.close()
    taken.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    unit = 1 if sys.platform == "darwin" else 1024
    return Stream(seconds, early, late, usage.ru_maxrss * unit / 1e6)


def resident(pid: int) -> float:
    """Megabytes of memory a process has now; 0 where the system doesn't tell by /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    lines = parser.parse_args(arguments).lines
    same = json.dumps(line_2()) + "\n"
    other = same.replace('"Sid": "', '"Sid": "NUMBER')
    print(f"xsfn decide, {lines:,} lines in one stream, each answer flushed and explained")
    print(f"{'':<36}{'seconds':>9}{'lines/s':>10}{f'MB at {EARLY:,}':>14}{'MB at the end':>15}{'peak MB':>9}")
    for name, line in (
        ("the same policies in every line", lambda number: same),
        ("policies never seen before in each", lambda number: other.replace("NUMBER", f"n{number}")),
    ):
        took = run(line, lines)
        print(
            f"{name:<36}{took.seconds:>9.1f}{lines / took.seconds:>10,.0f}"
            f"{took.early:>14.1f}{took.late:>15.1f}{took.peak:>9.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
