"""The independent engine, @cloud-copilot/iam-simulate from npm, in a scratch folder and a process of its own.

It is AGPL: nothing of it is imported, copied or shipped. Its versions are pinned by node/package-lock.json.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_NODE: Final = Path(__file__).parent / "node"
_SCRATCH: Final = Path(__file__).parents[3] / "scratch" / "iam-simulate"
_INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
_INSTALL_SECONDS: Final = 180


class NoIndependentEngine(Exception):
    """The engine can't be had here. `is_fault`: node is there, so it should have been."""

    def __init__(self, why: str, *, is_fault: bool) -> None:
        super().__init__(why)
        self.is_fault = is_fault


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says. `direct`: an Allow of the resource's policy matches and names the caller itself or `*`."""

    outcome: str
    direct: bool = False
    ignored: tuple[str, ...] = ()
    error: str = ""


def installed() -> Path:
    """The folder with the engine in it, made if need be. Raises `NoIndependentEngine`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoIndependentEngine("there is no node or no npm on this machine", is_fault=False)
    lock = (_NODE / "package-lock.json").read_text()
    done = _SCRATCH / "installed.json"
    if not done.exists() or done.read_text() != lock:
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_NODE / name, _SCRATCH / name)
        try:
            run = subprocess.run(
                [npm, *_INSTALL],
                cwd=_SCRATCH,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise NoIndependentEngine(f"npm did not finish in {_INSTALL_SECONDS} s", is_fault=True) from None
        if run.returncode:
            said = " ".join(line.removeprefix("npm error ") for line in run.stderr.splitlines()[:3])
            raise NoIndependentEngine(f"npm couldn't install it: {said}", is_fault=True)
        done.write_text(lock)
    shutil.copy(_NODE / "harness.mjs", _SCRATCH / "harness.mjs")
    return _SCRATCH


class IndependentEngine:
    """The engine's process; answers come in the order of the questions, however many are under way."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["node", "harness.mjs"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "NO_COLOR": "1"},
        )

    def answers(self, questions: Iterable[dict[str, Any]]) -> Iterator[Answer]:
        """One answer for each question. The questions are written by a thread, so that node works meanwhile."""
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        asked = list(questions)

        def write() -> None:
            for question in asked:
                given.write(json.dumps(question) + "\n")
            given.flush()

        writer = threading.Thread(target=write)
        writer.start()
        for _ in asked:
            line = taken.readline()
            if not line:
                raise RuntimeError(f"node ended with exit code {self._process.wait()}")
            found = json.loads(line)
            yield Answer(
                outcome=found.get("outcome", "Error"),
                direct=found.get("direct", False),
                ignored=tuple(found.get("ignored", ())),
                error=found.get("error", ""),
            )
        writer.join()

    def all_answers(self, questions: Iterable[dict[str, Any]]) -> list[Answer]:
        """The same, all at once."""
        return list(self.answers(questions))

    def close(self) -> None:
        """End the process and wait for it."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
