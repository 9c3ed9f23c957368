"""Rooms that can be used without the rest: nothing else of the package is loaded, and nothing else is named in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_repository import IMPURE, PACKAGE, ROOT, imports, modules

COMMON = (
    "xsfn_helpers.common",
    "xsfn_helpers.common.errors",
    "xsfn_helpers.common.language",
    "xsfn_helpers.common.regions",
)
# Room -> what else of the package it may name.
ALONE = {
    "iam": COMMON,
    "asl": (*COMMON, "xsfn_helpers.common.json_text"),
    "sandbox": (*COMMON, "xsfn_helpers.iam", "xsfn_helpers.asl"),
}
# The access chain as data, and what follows from what is stored: thought out without asking anybody.
CHAIN = (
    "scenario",
    "chain",
    "targets",
    "documents",
    "blueprint",
    "policy_places",
    "annotations",
    "article",
    "changes",
    "checks",
    "policy_diff",
    "stored",
    "standing",
    "verdicts",
    "task_role",
    "what_if",
    "judge",
    "managed_rule",
    "judged_document",
    "guardrails",
)
REFUSE = """
import sys

class Others:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("xsfn_helpers.") and not any(f"{name}.".startswith(f"{one}.") for one in ALLOWED):
            raise ImportError(f"{name} is none of this room's business")

sys.meta_path.insert(0, Others())
for name in NAMES:
    __import__(name)
"""


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def is_of(name: str, rooms: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("room", ALONE)
def test_a_room_names_nothing_above_it_or_beside_it(room: str) -> None:
    allowed = ("xsfn_helpers." + room, *ALONE[room])
    named = {
        (dotted(path), name) for path in modules(room) for name in imports(path) if name.startswith("xsfn_helpers.")
    }

    assert {(path, name) for path, name in named if not is_of(name, allowed) and name != "xsfn_helpers.iam"} == set()


@pytest.mark.parametrize("room", ALONE)
def test_a_room_loads_without_the_others(room: str) -> None:
    allowed = ("xsfn_helpers." + room, *ALONE[room], "xsfn_helpers.iam")
    names = [dotted(path) for path in modules(room)]

    loads(names, allowed)


def test_the_chain_is_thought_out_with_iam_and_asl_alone() -> None:
    chain = tuple(f"xsfn_helpers.{name}" for name in CHAIN)

    loads(list(chain), (*chain, *COMMON, "xsfn_helpers.iam", "xsfn_helpers.asl", "xsfn_helpers.common.stable_text"))


@pytest.mark.parametrize("path", modules("asl", "common", *(f"{name}.py" for name in CHAIN)), ids=dotted)
def test_what_only_thinks_imports_no_client_and_nothing_to_show(path: Path) -> None:
    assert {name.partition(".")[0] for name in imports(path)} & IMPURE == set()


def test_the_sandboxes_accounts_are_the_articles_unless_told_otherwise() -> None:
    """Each room has its own constants; a lab on a sandbox that was started by itself needs the same."""
    from xsfn_helpers.chain.scenario import Scenario, Side
    from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT, SandboxConfig

    asked, article = SandboxConfig(), Scenario()

    assert (asked.operator_account_id, asked.subject_account_id, asked.region) == (
        article.operator_account_id,
        article.subject_account_id,
        article.region,
    )
    assert (OPERATOR, SUBJECT) == (Side.OPERATOR, Side.SUBJECT)


def loads(names: list[str], allowed: tuple[str, ...]) -> None:
    """Everything is imported by a process in which the rest of the package can't be."""
    code = f"ALLOWED = {allowed!r}\nNAMES = {names!r}\n{REFUSE}"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr[-600:]
