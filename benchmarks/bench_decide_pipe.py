"""`xsfn decide` beside iam-simulate over the same pipe: JSON lines in, JSON lines with their explanations out.

Rounds take turns, so that a busy moment of the machine hits both. What a program takes to start is taken off: each is
timed for few lines and for many, and the difference counts. Three kinds of lines: link 2 of the chain again and again,
the same denied, and policies that were never seen before.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.bench_iam import line_2
from tests.iam.differential.independent import NoIndependentEngine, installed

_SCRIPT: Final = Path(__file__).parent / "peers" / "iam_simulate_pipe.mjs"
_FEW: Final = 200


def lines(kind: str, count: int) -> str:
    """So many lines of a kind."""
    question: dict[str, Any] = line_2()
    if kind == "denied":
        question["request"]["context"] = {}
    text = json.dumps(question)
    if kind == "never seen before":
        text = text.replace('"Sid": "', '"Sid": "N0')
        return "".join(text.replace("N0", f"N{number}") + "\n" for number in range(count))
    return (text + "\n") * count


def spent(command: list[str], cwd: Path, given: str) -> tuple[float, float]:
    """Seconds on the clock and of the processor for answering these lines."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, input=given, capture_output=True, text=True, check=True)
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.count("\n") == given.count("\n"), done.stderr
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=10_000)
    chosen = parser.parse_args(arguments)
    programs = {"xsfn decide": ([sys.executable, "-m", "xsfn_helpers", "decide"], Path.cwd())}
    try:
        folder = installed()
        shutil.copy(_SCRIPT, folder / _SCRIPT.name)
        programs["iam-simulate"] = ([shutil.which("node") or "node", _SCRIPT.name], folder)
    except NoIndependentEngine as missing:
        print(f"NOT MEASURED: iam-simulate: {missing}")
    print(f"lines per second over a pipe, explained: medians of {chosen.rounds} rounds, {os.cpu_count()} processors\n")
    print(f"{'':<20}{'':<16}{'by the clock':>14}{'of a processor':>16}")
    for kind in ("the same", "denied", "never seen before"):
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        few, many = lines(kind, _FEW), lines(kind, _FEW + chosen.lines)
        for _ in range(chosen.rounds):
            for name, (command, cwd) in programs.items():
                begun, ended = spent(command, cwd, few), spent(command, cwd, many)
                clock, processor = (chosen.lines / (late - early) for early, late in zip(begun, ended, strict=True))
                found[name].append((clock, processor))
        medians = {
            name: [statistics.median(column) for column in zip(*rates, strict=True)] for name, rates in found.items()
        }
        for name, (clock, processor) in medians.items():
            print(f"{kind:<20}{name:<16}{clock:>14,.0f}{processor:>16,.0f}")
        if len(medians) == 2:
            ours, theirs = medians.values()
            print(f"{'':<20}{'ours is':<16}{ours[0] / theirs[0]:>12.2f} x{ours[1] / theirs[1]:>14.2f} x")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
