"""How many of N1 to N17 an engine gets right, as the sandbox's own tests judge it: AWS's outcome, code and words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.emulators.as_sandbox import VARIABLE
from benchmarks.emulators.engine import Running

_ROOT: Final = Path(__file__).parents[2]
_TESTS: Final = "tests/sandbox/test_denials.py"
_CASES: Final = tuple(f"N{number}" for number in range(1, 18))


@dataclass(frozen=True, slots=True)
class Refusals:
    """The cases whose tests all hold, and what was wrong about each of the others."""

    right: tuple[str, ...]
    wrong: dict[str, str]

    def __str__(self) -> str:
        return f"{len(self.right)} of {len(self.right) + len(self.wrong)}"


def refusals(running: Running) -> Refusals:
    """Run the tests against it, driven by boto3. It must be fresh: the tests number their worlds from 1."""
    with tempfile.TemporaryDirectory(prefix="xsfn-bench-") as folder:
        report = Path(folder) / "report.xml"
        pytest = [sys.executable, "-m", "pytest", "-p", "benchmarks.emulators.as_sandbox", "-p", "no:cacheprovider"]
        ran = subprocess.run(
            [*pytest, "-q", _TESTS, "-k", "not aws-cli", f"--junitxml={report}"],
            cwd=_ROOT,
            env={**os.environ, VARIABLE: running.to_json()},
            capture_output=True,
            text=True,
        )
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    wrong: dict[str, str] = {}
    asked = set()
    for case in cases:
        name = re.match(r"test_(n\d+)_", case.get("name", ""))
        assert name, f"a test of no case: {case.get('name')}"
        asked.add(name[1].upper())
        broken = next((case.find(tag) for tag in ("failure", "error", "skipped") if case.find(tag) is not None), None)
        if broken is not None:
            wrong.setdefault(name[1].upper(), broken.get("message", ""))
    if asked != set(_CASES):
        raise RuntimeError(f"The tests didn't run all of N1 to N17:\n{ran.stdout}{ran.stderr}")
    return Refusals(tuple(case for case in _CASES if case not in wrong), wrong)
