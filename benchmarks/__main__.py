"""`python -m benchmarks [NAME …]` runs every benchmark there is, or those named: iam, peers, decide_stream, sandbox …

A benchmark is a module `bench_NAME` with a `main`; each runs in a process of its own, one after another.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def names() -> list[str]:
    """Every benchmark's name, in alphabetical order."""
    return sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))


def main(chosen: list[str]) -> int:
    """Run them; the exit code is that of the first that fails, else 0."""
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(names())}.", file=sys.stderr)
        return 2
    for name in chosen or names():
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.bench_{name}"])
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
