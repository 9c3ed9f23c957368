"""The same scenario on the sandbox and on other emulators: speed, memory, and how many refusals each gets right.

`python -m benchmarks.bench_emulators [--seconds 4]`. The others are installed into `scratch/` at the first time; what
can't be had is left out and says so. Only the sandbox enforces IAM, so only it does all the work it is timed for.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.bench_sandbox import CLIENTS, cold_start, fresh_sandbox, memory_mb, milliseconds, nested_run, throughput
from benchmarks.emulators import EMULATORS, Absent
from benchmarks.emulators.clients import foreign_client
from tests.sandbox.world import World, client_with
from xsfn_helpers.scenario import Side

ROOT = Path(__file__).parents[1]
DENIALS = "tests/sandbox/test_denials.py"


def refusals_right(endpoint: str | None) -> str:
    """How many of N1 to N17 hold, as the sandbox's own tests tell; None is the sandbox itself."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        plugin = ["-p", "benchmarks.emulators.as_sandbox"] if endpoint else []
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", DENIALS, "-k", "not aws-cli", f"--junitxml={report}", *plugin],
            cwd=ROOT,
            env={**os.environ, "FOREIGN_ENDPOINT": endpoint or ""},
            capture_output=True,
        )
        failed: dict[str, bool] = {}
        for case in ElementTree.parse(report).iter("testcase"):
            if match := re.match(r"test_(n\d+)_", case.get("name", "")):
                broken = case.find("failure") is not None or case.find("error") is not None
                failed[match[1]] = failed.get(match[1], False) or broken
    right = [name for name, wrong in failed.items() if not wrong]
    return f"{len(right)} of {len(failed)}"


def measured(world: World, at_start: float, memory: Callable[[], float], seconds: float) -> list[str]:
    """Nested run, throughputs and memory, as the table's columns."""
    for _ in range(5):
        nested_run(world)
    nested = milliseconds(lambda: nested_run(world), times=40)
    rates = [throughput(world, clients, seconds) for clients in CLIENTS]
    return [f"{nested:.0f} ms", *(f"{rate:.0f}/s" for rate in rates), f"{at_start:.0f}", f"{memory():.0f} MB"]


def resident(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    pids = [pid]
    with suppress(OSError):
        pids += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _first_call(foreign: Any) -> None:
    """Raises `Absent` for an emulator that starts but can't answer, as on a Python it isn't made for."""
    try:
        client_with(foreign, "sts", foreign.accounts[Side.OPERATOR].account_id, "x").get_caller_identity()
    except ClientError as error:
        raise Absent(f"it starts, but can't answer on this Python: {error}") from error


def row(name: str, cold: str, columns: list[str], right: str) -> None:
    print("  ".join([f"{name:12}", f"{cold:>7}", *(f"{column:>7}" for column in columns), f"{right:>9}"]), flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each throughput is measured")
    seconds = parser.parse_args(arguments).seconds
    heads = ["nested", *(f"x {clients}" for clients in CLIENTS), "MB", "then"]
    row("", "cold", heads, "N1-N17")
    cold = cold_start()
    with fresh_sandbox() as sandbox:
        before = memory_mb(sandbox)
        world = World.fresh(sandbox).build()
        columns = measured(world, before, lambda: memory_mb(sandbox), seconds)
    row("xsfn", f"{cold:.1f} s", columns, refusals_right(None))
    for emulator in EMULATORS:
        try:
            with emulator.running() as foreign:
                stand_in: Any = foreign
                _first_call(stand_in)
                before = resident(foreign.pid)
                world = World.fresh(stand_in, foreign_client).build()
                try:
                    columns = measured(world, before, lambda pid=foreign.pid: resident(pid), seconds)  # type: ignore[misc]
                except AssertionError as error:
                    columns = [f"the nested run ends {error}"]
                row(emulator.name, f"{foreign.started:.1f} s", columns, refusals_right(foreign.endpoint_url))
        except Absent as absent:
            print(f"{emulator.name:12}  LEFT OUT: {absent}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
