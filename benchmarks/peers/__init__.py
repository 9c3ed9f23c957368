"""The engines that are measured side by side, each in a process of its own and with its own packages.

Each has a small script here that speaks the protocol of `protocol.py` (or `protocol.mjs`). The packages go into a
scratch folder: none of them is a dependency of this project, and where one can't be had, it is left out and says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from tests.iam.differential.independent import NoIndependentEngine, installed

_HERE: Final = Path(__file__).parent
_SCRATCH: Final = _HERE.parents[1] / "scratch" / "peers"
_INSTALL_SECONDS: Final = 300


class Home(StrEnum):
    """Where an engine's packages live."""

    OURS = "this environment"
    VENV = "a venv of its own"
    NPM = "a folder of npm"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One engine. `packages` are pinned: with pip's `==`, or npm's `@`."""

    name: str
    script: str
    home: Home
    packages: tuple[str, ...] = ()
    note: str = ""


CONTESTANTS: Final = (
    Contestant("xsfn (this engine)", "ours_peer.py", Home.OURS),
    Contestant(
        "@cloud-copilot/iam-simulate 0.1.173",
        "iam_simulate_peer.mjs",
        Home.NPM,
        note="npm; raw JSON is runSimulation, its validated entry point; compiled is its core with loaded policies",
    ),
    Contestant(
        "pbac 0.3.2", "pbac_peer.mjs", Home.NPM, ("pbac@0.3.2",), note="npm; one policy set at a time, both asked"
    ),
    Contestant(
        "principalmapper 1.1.5",
        "principalmapper_peer.py",
        Home.VENV,
        ("principalmapper==1.1.5",),
        note="PyPI; with the names restored that Python 3.10 took away from it",
    ),
    Contestant(
        "zeuscloud-iamspy 0.8.0",
        "iamspy_peer.py",
        Home.VENV,
        ("zeuscloud-iamspy==0.8.0", "pydantic<2"),
        note="PyPI; asks a theorem prover; needs a pydantic that it doesn't ask for",
    ),
    Contestant(
        "moto 5.2.5 access control",
        "moto_peer.py",
        Home.OURS,
        note="PyPI; the check behind moto's own enforcement, asked for both accounts' policies",
    ),
)


class NotHere(Exception):
    """An engine can't be measured on this machine; the text says why."""


class Running:
    """A contestant's process, ready to answer."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 - open as long as the process is
        command = _command(contestant)
        _SCRATCH.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            command,
            cwd=_SCRATCH,  # some write files where they are started
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )
        self.ways: tuple[str, ...] = tuple(self._ask({"do": "ways"})["ways"])

    def allows(self, question: Mapping[str, Any]) -> bool:
        """Whether it lets the request through."""
        return bool(self._ask({"do": "answer", "question": question})["allowed"])

    def rate(self, way: str, question: Mapping[str, Any], seconds: float) -> float:
        """Decisions per second of the way, asked for so many seconds."""
        return float(self._ask({"do": "rate", "way": way, "question": question, "seconds": seconds})["rate"])

    def close(self) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
        self._complaints.close()

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        try:
            given.write(json.dumps(message) + "\n")
            given.flush()
            line = taken.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._complaints.seek(0)
            said = [one for one in self._complaints.read().splitlines() if "Error" in one] or ["it ended"]
            raise NotHere(f"it failed: {said[-1].strip()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise NotHere(f"it failed: {answer['error']}")
        return answer


def _command(contestant: Contestant) -> list[str]:
    script = _HERE / contestant.script
    match contestant.home:
        case Home.OURS:
            return [sys.executable, str(script)]  # finds this project's package as it is installed
        case Home.VENV:
            return [str(_venv(contestant) / "bin" / "python"), str(script)]
        case Home.NPM:
            folder = _npm(contestant)
            # node looks for packages beside the script, not beside the place it is called from.
            for name in (contestant.script, "protocol.mjs"):
                shutil.copy(_HERE / name, folder / name)
            return ["node", str(folder / contestant.script)]


def _venv(contestant: Contestant) -> Path:
    folder = _SCRATCH / contestant.script.partition(".")[0]
    if not (folder / "complete").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, *contestant.packages])
        (folder / "complete").touch()
    return folder


def _npm(contestant: Contestant) -> Path:
    if not contestant.packages:
        try:
            return installed()  # the differential test's own
        except NoIndependentEngine as missing:
            raise NotHere(str(missing)) from None
    npm = shutil.which("npm")
    if npm is None:
        raise NotHere("there is no node or no npm on this machine")
    folder = _SCRATCH / contestant.script.partition(".")[0]
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        _run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", *contestant.packages], cwd=folder)
        (folder / "complete").touch()
    return folder


def _run(command: list[str], cwd: Path | None = None) -> None:
    try:
        subprocess.run(
            command,
            cwd=cwd,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise NotHere(f"{command[0]} did not finish in {_INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.strip().splitlines() or ["nothing said"]
        raise NotHere(f"{Path(command[0]).name} couldn't install it: {said[-1]}") from None
