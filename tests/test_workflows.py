"""The project's workflows: they only call what `make` offers, and actionlint finds nothing where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> dict[Any, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_are_those_that_contributors_are_told_of() -> None:
    assert [path.stem for path in WORKFLOWS] == ["release", "soak", "test"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_they_call_nothing_but_make_targets_that_exist(path: Path) -> None:
    """So whatever a workflow does, anybody can do; and what is called with is what the target reads."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    scripts = "".join(script.read_text(encoding="utf-8") for script in (ROOT / "scripts").glob("*.sh"))
    commands = [step["run"] for step in steps(path) if "run" in step]

    assert commands
    for command in commands:
        made = re.fullmatch(r"make ([a-z-]+)((?: [A-Z_]+=\S+)*)", command)
        assert made, command
        assert re.search(rf"^{made[1]}:", makefile, re.MULTILINE), command
        for name in re.findall(r"([A-Z_]+)=", made[2]):
            assert re.search(rf"\b{name}\b", makefile + scripts), f"nothing reads {name}: {command}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_they_use_is_pinned_and_they_may_do_no_more_than_they_must(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    workflow = read(path)

    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)] == []
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == (
        ["publish"] if path.stem == "release" else []
    )


def test_the_tests_run_on_every_system_and_python_that_the_kit_takes() -> None:
    matrix = read(ROOT / ".github" / "workflows" / "test.yml")["jobs"]["test"]["strategy"]["matrix"]

    assert matrix == {"system": ["ubuntu-latest", "macos-latest"], "python": ["3.11", "3.12", "3.13", "3.14"]}


def test_newer_versions_are_asked_for_of_everything_that_is_pinned() -> None:
    updates = read(ROOT / ".github" / "dependabot.yml")["updates"]
    places = {entry["package-ecosystem"]: entry.get("directories", [entry.get("directory")]) for entry in updates}

    tracked = subprocess.run(["git", "ls-files", "*package-lock.json"], cwd=ROOT, capture_output=True, text=True)
    pinned = sorted(f"/{Path(lock).parent.as_posix()}" for lock in tracked.stdout.splitlines())
    assert places == {"pip": ["/", "/locks"], "npm": pinned, "github-actions": ["/"]}
    assert all((ROOT / place.strip("/")).is_dir() for folders in places.values() for place in folders)


def test_actionlint_finds_nothing() -> None:
    """`make workflows` fetches it; a plain `make test` doesn't, because its package downloads a program."""
    found = shutil.which("actionlint") or shutil.which("actionlint", path=str(Path(sys.executable).parent))
    if not found:
        pytest.skip("actionlint isn't installed: make workflows checks the workflows with it")
    checked = subprocess.run([found], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout) == (0, "")
