"""The setups for rooms say what was measured, and name what exists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
HOSTING: Final = sorted((ROOT / "docs").rglob("hosting.md"))
MEBIBYTE: Final = 1024 * 1024
PER_GIB: Final = 4
PER_PROCESSOR: Final = 10
KEPT_FREE_GIB: Final = 3
each_page = pytest.mark.parametrize("page", HOSTING, ids=lambda path: path.relative_to(ROOT).as_posix())


def values() -> Any:
    return yaml.safe_load((ROOT / "hub" / "z2jh-values.yaml").read_text(encoding="utf-8"))


def measured(page: Path) -> list[tuple[float, ...]]:
    """People, JupyterLab, kernel, sandbox, all, processor time."""
    rows = re.findall(
        r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| ([\d.]+) \|$", page.read_text("utf-8"), re.MULTILINE
    )
    assert rows
    return [tuple(map(float, row)) for row in rows]


@each_page
def test_a_person_is_guaranteed_what_they_were_measured_to_need(page: Path) -> None:
    guaranteed = int(values()["singleuser"]["memory"]["guarantee"].removesuffix("M")) * MEBIBYTE

    for people, *parts, everything, _ in measured(page):
        assert sum(parts) * people == pytest.approx(everything, rel=0.05)
        assert everything / people * 1e6 * 1.2 < guaranteed, "a fifth to spare"
        assert everything / people * 1e6 * PER_GIB < 1024 * MEBIBYTE


@each_page
def test_the_capacity_table_follows_from_the_two_rules(page: Path) -> None:
    rows = re.findall(
        r"^\| (\d+) \D+[,、] ?(\d+) GiB \| (\d+) \| (\d+) \| (\d+) \|$", page.read_text("utf-8"), re.MULTILINE
    )

    assert len(rows) == 5
    for processors, gib, by_memory, by_processors, people in [map(int, row) for row in rows]:
        assert by_memory == (gib - KEPT_FREE_GIB) * PER_GIB
        assert by_processors == processors * PER_PROCESSOR
        assert people == min(by_memory, by_processors)


def test_what_the_set_ups_open_and_copy_is_in_the_repository() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    page = values()["singleuser"]["defaultUrl"].removeprefix("/lab/tree/kept/")

    for path in [page, *container["customizations"]["codespaces"]["openFiles"], "notebooks", "diagrams"]:
        assert (ROOT / path).exists()
    assert "-r locks/lab.txt" in container["postCreateCommand"]
