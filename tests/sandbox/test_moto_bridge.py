"""The sandbox leans on moto's inside. When a name there has moved, this says which, rather than a run going wrong."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import moto_names

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What a fresh process says of the moto that is installed."""
    ran = subprocess.run(
        [sys.executable, "-m", moto_names.__name__], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def test_the_installed_moto_is_the_pinned_one() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (pinned,) = (line.partition("==")[2] for line in dependencies if line.startswith("moto["))

    assert importlib.metadata.version("moto") == pinned


@pytest.mark.parametrize("what", ["imports", "reads", "corrections"])
def test_moto_has_what_the_sandbox_needs(told: dict[str, list[str]], what: str) -> None:
    assert told[what] == [], "\n".join(told[what])


def test_every_file_of_the_bridge_is_read() -> None:
    """A list of names that nobody keeps up says nothing: these come from the code."""
    found = {
        name for file in moto_names.BRIDGE.rglob("*.py") for _, name in moto_names.imports(file.read_text("utf-8"))
    }

    assert {"StateTask", "IAMBackend", "EventManager", "TestStatePreprocessor", "JobPool"} <= found
    assert len(found) > 60


def test_a_moved_name_is_told_in_plain_words() -> None:
    module = "moto.stepfunctions.parser.asl.eval.environment"
    said = [
        moto_names.missing_import(module, "Surroundings", wanted_by="events.py"),
        moto_names.missing_import("moto.stepfunctions.engine", "Environment", wanted_by="events.py"),
        moto_names.missing_import("moto.core", "config", wanted_by="events.py"),
        *moto_names.missing_attributes("moto.core.request.Request", ["headers", "from_primitives", "from_simple"]),
    ]

    assert said == [
        f"moto has no Surroundings in {module} any more, which events.py imports.",
        "moto has no Environment in moto.stepfunctions.engine any more, which events.py imports.",
        None,
        "moto's Request has no from_simple any more, which the sandbox reads.",
    ]


def test_a_correction_that_misses_is_told_in_plain_words() -> None:
    def old(self: Any, env: Any, reason: str) -> None: ...
    def new(state: Any, env: Any) -> None: ...

    (added,) = (name for name in moto_names.ADDED if name.endswith("test_state"))
    before = {"moto.a.State.leave": old, "moto.a.State.enter": old, added: old}
    after = {"moto.a.State.leave": new, "moto.a.State.go": new, "moto.a.State.enter": old, added: new}

    assert moto_names.corrected(before, after) == [
        f"moto has no moto.a.State.go any more, which {__name__} replaces.",
        f"moto's moto.a.State.leave takes reason now, which its replacement in {__name__} doesn't.",
        f"moto has a {added} of its own now, which {__name__} hides.",
    ]
