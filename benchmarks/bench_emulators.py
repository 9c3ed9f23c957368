"""The same scenario on the sandbox and on other emulators: speed, memory, and how many denials each gets right.

`python -m benchmarks.bench_emulators [--quick]`. The others are installed into `scratch/` at the first time; what
can't be had is left out and says so. Rounds take turns, so that a busy moment of the machine hits everybody, and the
median of the rounds counts.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.bench_sandbox import CLIENTS, nested_run, run_many, throughput
from benchmarks.emulators import ENGINES, Absent, Engine
from benchmarks.emulators.refusals import Refusals, refusals
from tests.sandbox.world import World

RUNS_A_ROUND = 10
# What an engine that breaks under the load shows: a run that doesn't succeed, a denial, or no answer.
BREAKS = (AssertionError, BotoCoreError, ClientError)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured."""

    rounds: int
    seconds: float
    executions: int


THOROUGH = Effort(rounds=5, seconds=3.0, executions=1000)
QUICK = Effort(rounds=3, seconds=1.0, executions=100)


@dataclass(slots=True)
class Figures:
    """What was measured of one engine: seconds, runs a second by number of clients, megabytes."""

    engine: Engine
    refusals: Refusals
    cold: list[float] = field(default_factory=list)
    nested: list[float] = field(default_factory=list)
    rates: dict[int, list[float]] = field(default_factory=lambda: {clients: [] for clients in CLIENTS})
    at_start: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    broke: str = ""


def measured(engines: Sequence[Engine], effort: Effort) -> list[Figures]:
    """Everything about all that can be had."""
    found = []
    for engine in engines:
        _tell(f"{engine.name}: N1 to N17")
        try:
            with engine.running() as running:
                found.append(Figures(engine, refusals(running)))
        except Absent as absent:
            print(f"NOT MEASURED: {engine.name}: {absent}", flush=True)
    _tell("cold starts")
    for _ in range(effort.rounds):
        for figures in found:
            _cold_start(figures)
    able = [figures for figures in found if _runs_nested(figures)]
    _tell(f"nested runs of {', '.join(figures.engine.name for figures in able)}")
    with ExitStack() as all_running:
        worlds = [all_running.enter_context(figures.engine.running()).world().build() for figures in able]
        _take_turns(list(zip(able, worlds, strict=True)), effort)
    for figures in able:
        _tell(f"{figures.engine.name}: memory after {effort.executions:,} executions")
        _memory(figures, effort.executions)
    return found


def _cold_start(figures: Figures) -> None:
    with figures.engine.running() as running:
        figures.cold.append(running.cold_start)
        figures.at_start.append(running.resident_mb())


def _runs_nested(figures: Figures) -> bool:
    """Whether the article's scenario succeeds at all."""
    with figures.engine.running() as running:
        outcome = running.world().build().run()
    if outcome.status == "SUCCEEDED":
        return True
    figures.broke = f"the nested run ends {outcome.status}: {outcome.error}: {outcome.cause}"
    return False


def _take_turns(pairs: list[tuple[Figures, World]], effort: Effort) -> None:
    for _, world in pairs:
        for _ in range(RUNS_A_ROUND):
            nested_run(world)
    for _ in range(effort.rounds):
        for figures, world in pairs:
            for _ in range(RUNS_A_ROUND):
                began = time.perf_counter()
                nested_run(world)
                figures.nested.append(time.perf_counter() - began)
    for _ in range(effort.rounds):
        for clients in CLIENTS:
            for figures, world in pairs:
                try:
                    figures.rates[clients].append(throughput(world, clients, effort.seconds))
                except BREAKS as error:
                    figures.broke = f"with {clients} clients: {type(error).__name__}: {error}"


def _memory(figures: Figures, executions: int) -> None:
    """Of a fresh one, so that each has done the same work."""
    with figures.engine.running() as running:
        world = running.world().build()
        try:
            run_many(world, executions)
        except BREAKS as error:
            figures.broke = f"within {executions:,} executions: {type(error).__name__}: {error}"
        else:
            figures.later.append(running.resident_mb())


def cell(values: Sequence[float], ours: Sequence[float], form: str) -> str:
    """The median, and how many times ours it is."""
    if not values:
        return f"{'–':>17}"
    median = statistics.median(values)
    times = "" if list(values) == list(ours) or not ours else f"{median / statistics.median(ours):.2f}x"
    return f"{form.format(median):>9}{times:>8}"


def table(found: list[Figures], executions: int) -> None:
    """All figures; the first engine is the one that the others are held against."""
    ours = found[0]
    heads = ["cold start", "nested run", *(f"{n} client{'s'[: n > 1]}" for n in CLIENTS), "at start"]
    heads += [f"after {executions:,}"]
    print(f"{'':24}" + "".join(f"{head:>12}{'':5}" for head in heads) + "N1–N17 right")
    for figures in found:
        cells = [
            cell(figures.cold, ours.cold, "{:.2f} s"),
            cell([seconds * 1000 for seconds in figures.nested], [s * 1000 for s in ours.nested], "{:.1f} ms"),
            *(cell(figures.rates[n], ours.rates[n], "{:.1f}/s") for n in CLIENTS),
            cell(figures.at_start, ours.at_start, "{:.0f} MB"),
            cell(figures.later, ours.later, "{:.0f} MB"),
        ]
        print(f"{figures.engine.name:24}" + "".join(cells) + f"{figures.refusals!s:>12}")


def notes(found: list[Figures]) -> None:
    print("\nNotes:")
    for figures in found:
        right, wrong = figures.refusals.right, figures.refusals.wrong
        print(f"  {figures.engine.name}: {figures.engine.note}")
        if figures.broke:
            print(f"    {figures.broke}")
        if wrong:
            print(f"    right: {', '.join(right) or 'none'}; wrong: {', '.join(wrong)}")


def _tell(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, fewer executions")
    effort = QUICK if parser.parse_args(arguments).quick else THOROUGH
    found = measured(ENGINES, effort)
    print(
        f"\nThe article's scenario: medians of {effort.rounds} rounds, and how many times ours each is "
        f"(Python {platform.python_version()}, nested runs a second by number of clients, resident memory)\n"
    )
    table(found, effort.executions)
    notes(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
