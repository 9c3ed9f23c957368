"""The doctor in Japanese."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.doctor.test_rules import AMISS, GOOD
from tests.language.prose import english_in, is_japanese
from xsfn_helpers.cli.doctor.finding import Level
from xsfn_helpers.cli.doctor.machine import Programs
from xsfn_helpers.cli.doctor.rules import diagnose
from xsfn_helpers.common.language import speaking

# What the machine's other parts have said, as the facts hold it.
TOLD_BY_OTHERS = {
    "a wrong setting",
    "a closed loopback",
    "a sandbox that doesn't answer",
    "a sandbox with something to tell",
    "somebody else's folder",
}
COMMANDS = ("sudo apt-get install graphviz", "brew install graphviz", "sudo timedatectl set-ntp true")


@pytest.mark.parametrize("amiss", [name for name in AMISS if name not in TOLD_BY_OTHERS])
def test_what_is_amiss_is_told_in_japanese(amiss: str) -> None:
    machine, key, level, _ = AMISS[amiss]

    with speaking("ja"):
        told = diagnose(machine)
        text = str(told)

    (found,) = [one for one in told if one.id == key]
    assert found.level is level
    assert is_japanese(found.what)
    assert not english_in(text, spared=COMMANDS)


def test_every_finding_of_a_good_machine_is_japanese() -> None:
    with speaking("ja"):
        told = diagnose(replace(GOOD, programs=Programs(None, False, None, None)))
        conclusion = str(told).rpartition("\n")[2]

    # A version needs no words.
    assert [one.id for one in told if not is_japanese(one.what)] == ["python", "kit"]
    assert (
        conclusion == f"このマシンでラボを始められます。{len(told.findings)} 件中 1 件は知っておくとよい内容です (!)。"
    )


def test_what_is_in_the_way_is_counted_in_japanese() -> None:
    with speaking("ja"):
        told = diagnose(replace(GOOD, state_folder=replace(GOOD.state_folder, writable=False)))
        conclusion = str(told).rpartition("\n")[2]

    assert sum(one.level is Level.BAD for one in told) == 1
    assert conclusion == f"{len(told.findings)} 件中 1 件が、ラボを始める妨げになっています (✗)。"


def test_without_the_package_that_reads_catalogues_it_is_english(tmp_path: Path) -> None:
    """`xsfn doctor` has to say just then what is missing."""
    root = Path(__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); from xsfn_helpers.cli import main; sys.exit(main(['doctor']))"
    )
    environment = os.environ | {"XSFN_LANG": "ja", "XSFN_STATE_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert "Traceback" not in ended.stderr
    assert "in the way of the lab" in ended.stdout
