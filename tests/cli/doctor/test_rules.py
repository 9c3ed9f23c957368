"""`xsfn doctor` judges facts: what is fine, what is worth knowing, what is in the way, each with what helps."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from xsfn_helpers.cli.doctor.finding import Finding, Level
from xsfn_helpers.cli.doctor.machine import (
    AwsSetUp,
    Clock,
    Folder,
    Installed,
    Machine,
    Network,
    Package,
    Programs,
    SandboxFound,
    Trouble,
)
from xsfn_helpers.cli.doctor.rules import diagnose, satisfies

GIGABYTE = 1_000_000_000
FOLDER = Folder(path="~/state", exists=True, writable=True, open_to_others=False, free_bytes=20 * GIGABYTE)
MOTO = Package("moto", "==5.2.5", "", "5.2.5")
LAB = Package("jupyterlab", ">=4.4", "lab", "4.6.6")
NBVAL = Package("nbval", "==0.11.0", "test", "0.11.0")
GOOD = Machine(
    installed=Installed(
        python=(3, 12, 4),
        executable="~/lab/.venv/bin/python",
        system="Linux",
        has_unix_locks=True,
        kit="0.1.0",
        kit_folder="~/lab",
        packages=(MOTO, LAB, NBVAL),
        missing_front_ends=(),
    ),
    programs=Programs(dot="dot 2.43", pygraphviz=False, node="v20", browser="Chromium 150"),
    settings=None,
    network=Network(None, True, None, True, (), False),
    sandbox=SandboxFound("http://127.0.0.1:4566", 42),
    state_folder=FOLDER,
    working_folder=FOLDER,
    clock=Clock(now=1_800_000_000, newest_file=1_700_000_000),
    aws=AwsSetUp((), (), ()),
    encoding="utf-8",
)


def finding(machine: Machine, key: str) -> Finding:
    (found,) = [one for one in diagnose(machine) if one.id == key]
    return found


def test_a_machine_with_nothing_amiss_is_ready() -> None:
    diagnosis = diagnose(GOOD)

    assert diagnosis.ok
    assert {one.level for one in diagnosis} == {Level.OK}
    assert str(diagnosis).endswith("This machine is ready for the lab; nothing else to know.")
    assert len({one.id for one in diagnosis}) == len(diagnosis.findings)


def installed(**changes: Any) -> Machine:
    return replace(GOOD, installed=replace(GOOD.installed, **changes))


def network(**changes: Any) -> Machine:
    return replace(GOOD, network=replace(GOOD.network, **changes))


def state_folder(**changes: Any) -> Machine:
    return replace(GOOD, state_folder=replace(FOLDER, **changes))


AMISS = {
    "an old Python": (installed(python=(3, 10, 2)), "python", Level.BAD, "3.10.2 is older than 3.11"),
    "Windows without WSL": (installed(has_unix_locks=False), "system", Level.BAD, "doesn't run"),
    "a copy that isn't installed": (installed(kit=None), "kit", Level.WARN, "isn't installed"),
    "a missing package": (
        installed(packages=(replace(MOTO, found=None),)),
        "package.moto",
        Level.BAD,
        "moto isn't installed",
    ),
    "another moto": (installed(packages=(replace(MOTO, found="5.3.0"),)), "package.moto", Level.BAD, "moto==5.2.5"),
    "no JupyterLab": (
        installed(packages=(replace(LAB, found=None),)),
        "package.jupyterlab",
        Level.WARN,
        "isn't installed",
    ),
    "an old JupyterLab": (
        installed(packages=(replace(LAB, found="4.3.9"),)),
        "package.jupyterlab",
        Level.BAD,
        "jupyterlab>=4.4",
    ),
    "half of the tests' packages": (
        installed(packages=(NBVAL, Package("pytest", ">=9", "test", None))),
        "test-packages",
        Level.WARN,
        "no pytest",
    ),
    "another nbval": (
        installed(packages=(replace(NBVAL, found="0.10.0"),)),
        "test-packages",
        Level.WARN,
        "nbval 0.10.0 instead of ==0.11.0",
    ),
    "a JupyterLab of another environment": (
        installed(missing_front_ends=("anywidget",)),
        "front-ends",
        Level.WARN,
        "anywidget",
    ),
    "no Graphviz": (replace(GOOD, programs=Programs(None, False, None, None)), "dot", Level.WARN, "show as text"),
    "a wrong setting": (
        replace(GOOD, settings=Trouble("There is no setting 'XSFN_PROT'.", "Did you mean 'XSFN_PORT'?")),
        "settings",
        Level.BAD,
        "XSFN_PROT",
    ),
    "a closed loopback": (
        network(loopback=Trouble("Nobody can listen on 127.0.0.1.", "Allow it.")),
        "loopback",
        Level.BAD,
        "127.0.0.1",
    ),
    "a chosen port that is taken": (
        replace(network(chosen_port=4566, chosen_port_is_free=False), sandbox=SandboxFound()),
        "port.sandbox",
        Level.BAD,
        "Port 4566",
    ),
    "a proxy for everything": (
        network(proxies=(("HTTP_PROXY", "proxy.example:3128"),)),
        "proxies",
        Level.WARN,
        "HTTP_PROXY (proxy.example:3128)",
    ),
    "a sandbox that doesn't answer": (
        replace(GOOD, sandbox=SandboxFound(trouble=Trouble("Process 42 doesn't answer.", "kill -9 42"))),
        "sandbox",
        Level.BAD,
        "doesn't answer",
    ),
    "a sandbox with something to tell": (
        replace(GOOD, sandbox=SandboxFound("http://127.0.0.1:1", 1, "The journal was damaged.")),
        "sandbox",
        Level.WARN,
        "The journal was damaged.",
    ),
    "somebody else's folder": (
        state_folder(trouble=Trouble("The folder belongs to another user.", "Name your own.")),
        "state-folder",
        Level.BAD,
        "another user",
    ),
    "a folder one may not write in": (state_folder(writable=False), "state-folder", Level.BAD, "may not write"),
    "a folder others can read": (state_folder(open_to_others=True), "state-folder", Level.WARN, "can look into"),
    "a full disk": (state_folder(free_bytes=1_000_000), "room.state", Level.BAD, "Only 1 MB"),
    "a disk that fills up": (state_folder(free_bytes=GIGABYTE // 2), "room.state", Level.WARN, "500 MB"),
    "a clock that is behind": (replace(GOOD, clock=Clock(1000, 1000 + 3600)), "clock", Level.WARN, "60 minutes"),
    "AWS files that can't be read": (
        replace(GOOD, aws=AwsSetUp((), (), ("~/.aws/config",))),
        "aws.files",
        Level.WARN,
        "~/.aws/config",
    ),
    "a terminal without UTF-8": (replace(GOOD, encoding="ascii"), "encoding", Level.WARN, "ascii"),
}


@pytest.mark.parametrize("amiss", AMISS)
def test_what_is_amiss_is_named_with_what_helps(amiss: str) -> None:
    machine, key, level, words = AMISS[amiss]
    found = finding(machine, key)

    assert found.level is level
    assert words in found.what
    assert found.remedy
    assert diagnose(machine).ok is (level is not Level.BAD)


@pytest.mark.parametrize(
    ("machine", "key", "words"),
    [
        (
            installed(packages=(replace(NBVAL, found=None), Package("nbclient", ">=0.10", "test", "0.11"))),
            "test-packages",
            "the lab needs none",
        ),
        (replace(GOOD, programs=Programs(None, True, None, None)), "dot", "pygraphviz draws"),
        (replace(GOOD, programs=Programs(None, True, None, None)), "node", "will be left out"),
        (network(lab_port_is_free=False), "port.jupyterlab", "takes the next one"),
        (network(chosen_port=4566, chosen_port_is_free=False), "port.sandbox", "4566"),
        (network(proxies=(("HTTP_PROXY", "p:1"),), proxies_spare_loopback=True), "proxies", "is spared"),
        (replace(GOOD, sandbox=SandboxFound()), "sandbox", "starts with the first"),
        (state_folder(exists=False, open_to_others=True), "state-folder", "can be made"),
        (replace(GOOD, aws=AwsSetUp(("default", "work"), ("AWS_PROFILE",), ())), "aws.profiles", "default, work"),
        (replace(GOOD, aws=AwsSetUp(("default", "work"), ("AWS_PROFILE",), ())), "aws.variables", "AWS_PROFILE"),
    ],
)
def test_what_is_all_right_asks_for_nothing(machine: Machine, key: str, words: str) -> None:
    found = finding(machine, key)

    assert (found.level, found.remedy) == (Level.OK, "")
    assert words in found.what


def test_text_and_json_tell_the_same() -> None:
    diagnosis = diagnose(installed(kit=None, packages=(replace(MOTO, found=None),)))
    text, told = str(diagnosis), diagnosis.to_json()

    assert told["ok"] is False
    for one in told["findings"]:
        assert one["what"] in text
        assert one["remedy"] in text
    assert re.search(r"^1 of \d+ findings is in the way of the lab \(✗\)\.$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("version", "needs", "meets"),
    [
        ("1.40", ">=1.40", True),
        ("1.40.0", ">=1.40", True),
        ("1.39.99", ">=1.40", False),
        ("1.100.0", ">=1.40", True),
        ("5.2.5", "==5.2.5", True),
        ("5.2.50", "==5.2.5", False),
        ("4.5.0rc1", ">=4.4", True),
        ("10", ">=9", True),
        ("unknown", ">=1", False),
        ("1.5", ">=1.4,==1.5", True),
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_number_by_number(version: str, needs: str, meets: bool) -> None:
    assert satisfies(version, needs) is meets
