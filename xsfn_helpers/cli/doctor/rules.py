"""From facts about a machine to findings. Pure: what is judged here has been read elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from xsfn_helpers.cli.doctor.finding import Finding, Level, MachineDiagnosis
from xsfn_helpers.cli.doctor.machine import Installed, Machine, Package, Programs
from xsfn_helpers.cli.doctor.surroundings import (
    clock_finding,
    network_findings,
    room_findings,
    sandbox_finding,
    state_folder_finding,
)
from xsfn_helpers.common.language import listed, mark, tr

OLDEST_PYTHON: Final = (3, 11)
_INSTALL: Final = mark("`make lab` installs it into this folder's environment; elsewhere: pip install -e '.[lab]'.")
_REQUIREMENT: Final = re.compile(r"(==|>=)\s*([\w.]+)")


def diagnose(machine: Machine) -> MachineDiagnosis:
    """Every finding, those first on which the others build."""
    return MachineDiagnosis(
        (
            *_installed(machine.installed),
            *_programs(machine.programs),
            _settings(machine),
            *network_findings(machine.network, machine.sandbox),
            sandbox_finding(machine.sandbox),
            state_folder_finding(machine.state_folder),
            *room_findings(machine.state_folder, machine.working_folder),
            clock_finding(machine.clock),
            *_aws(machine),
            _encoding(machine.encoding),
        )
    )


def _installed(installed: Installed) -> Iterator[Finding]:
    version = ".".join(map(str, installed.python))
    if installed.python[:2] >= OLDEST_PYTHON:
        what = tr(
            "Python {version} ({executable}) on {system}.",
            version=version,
            executable=installed.executable,
            system=installed.system,
        )
        yield Finding("python", Level.OK, what)
    else:
        least = ".".join(map(str, OLDEST_PYTHON))
        what = tr("Python {version} is older than {least}, which the kit needs.", version=version, least=least)
        remedy = tr(
            "Install Python {least} or newer, or name one that you have: make lab PYTHON=python3.12", least=least
        )
        yield Finding("python", Level.BAD, what, remedy)
    if not installed.has_unix_locks:
        what = tr("The sandbox doesn't run on {system}.", system=installed.system)
        yield Finding("system", Level.BAD, what, tr("On Windows, use WSL."))
    if installed.kit is None:
        what = tr("The kit is used from {folder} but isn't installed.", folder=installed.kit_folder)
        remedy = tr("make lab, or in an environment of your own: pip install -e '.[lab]'.")
        yield Finding("kit", Level.WARN, what, remedy)
    else:
        what = tr("xsfn {version}, from {folder}.", version=installed.kit, folder=installed.kit_folder)
        yield Finding("kit", Level.OK, what)
    for package in installed.packages:
        if package.extra in ("", "lab"):
            yield _package(package)
    yield from _front_ends(installed.missing_front_ends)
    yield from _test_packages([package for package in installed.packages if package.extra == "test"])


def _package(package: Package) -> Finding:
    key, needs = f"package.{package.name}", f"{package.name}{package.needs}"
    if package.found is None:
        # Without JupyterLab the command line and other front ends still work.
        level = Level.WARN if package.extra == "lab" else Level.BAD
        what = tr("{package} isn't installed; the kit needs {needs}.", package=package.name, needs=needs)
        return Finding(key, level, what, tr(_INSTALL))
    if not satisfies(package.found, package.needs):
        what = tr(
            "{package} {found} is installed; the kit needs {needs}.",
            package=package.name,
            found=package.found,
            needs=needs,
        )
        return Finding(key, Level.BAD, what, f"pip install '{needs}'")
    what = tr("{package} {found} (needs {needs}).", package=package.name, found=package.found, needs=package.needs)
    return Finding(key, Level.OK, what)


def satisfies(version: str, needs: str) -> bool:
    """Whether a version meets a specifier as pyproject.toml writes them: `>=1.40`, `==5.2.5`, or several of them."""
    compare: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
        "==": lambda found, asked: found == asked,
        ">=": lambda found, asked: found >= asked,
    }
    return all(compare[sign](_numbers(version), _numbers(asked)) for sign, asked in _REQUIREMENT.findall(needs))


def _numbers(version: str) -> tuple[int, ...]:
    """`4.4.0rc1` as (4, 4): the leading numbers, without zeros at the end, which mean nothing."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in leading.group().split(".")] if leading else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _front_ends(missing: tuple[str, ...]) -> Iterator[Finding]:
    if missing:
        what = tr(
            "JupyterLab here lacks the front end of {packages}, so live displays show as text.",
            packages=listed(missing),
        )
        remedy = tr(
            "Install the kit into the environment that JupyterLab runs from: pip install -e '.[lab]', then reload."
        )
        yield Finding("front-ends", Level.WARN, what, remedy)


def _test_packages(packages: list[Package]) -> Iterator[Finding]:
    """One finding for all: they matter to those only who change the kit."""
    if not packages:
        return
    missing = [package.name for package in packages if package.found is None]
    unfit = [
        tr("{package} {found} instead of {needs}", package=package.name, found=package.found, needs=package.needs)
        for package in packages
        if package.found is not None and not satisfies(package.found, package.needs)
    ]
    found = [f"{package.name} {package.found}" for package in packages if package.name in ("nbval", "pytest")]
    remedy = tr("`make test` installs what the tests need.")
    if "nbval" in missing:  # several of the others come with JupyterLab
        what = tr("What `make test` needs isn't installed; the lab needs none of it.")
        yield Finding("test-packages", Level.OK, what)
    elif missing or unfit:
        gaps = tr(", ").join([*(tr("no {package}", package=name) for name in missing), *unfit])
        what = tr("The tests' packages are incomplete: {gaps}.", gaps=gaps)
        yield Finding("test-packages", Level.WARN, what, remedy)
    else:
        what = tr("All that the tests need, {packages} among it.", packages=listed(found))
        yield Finding("test-packages", Level.OK, what)


def _programs(programs: Programs) -> Iterator[Finding]:
    if programs.dot is not None:
        yield Finding("dot", Level.OK, tr("Graphviz draws the diagrams: {program}.", program=programs.dot))
    elif programs.pygraphviz:
        yield Finding("dot", Level.OK, tr("There is no `dot`; pygraphviz draws the diagrams."))
    else:
        what = tr("Graphviz isn't installed: diagrams show as text, complete.")
        remedy = tr(
            "sudo apt-get install graphviz (Debian, Ubuntu), brew install graphviz (macOS), or conda's graphviz."
        )
        yield Finding("dot", Level.WARN, what, remedy)
    used_by = tr("the engine's comparison with an independent one")
    yield _for_tests_only("node", "Node.js", programs.node, used_by)
    used_by = tr("the tests in a browser")
    yield _for_tests_only("browser", tr("Chromium or Chrome"), programs.browser, used_by)


def _for_tests_only(key: str, name: str, found: str | None, used_by: str) -> Finding:
    if found is not None:
        return Finding(key, Level.OK, tr("{name}: {found}.", name=name, found=found))
    what = tr(
        "{name} isn't installed. The lab needs none; {used_by} will be left out.",
        name=name,
        used_by=used_by,
    )
    return Finding(key, Level.OK, what)


def _settings(machine: Machine) -> Finding:
    if machine.settings is None:
        return Finding("settings", Level.OK, tr("Settings (XSFN_… variables, xsfn.toml) can be used."))
    return Finding("settings", Level.BAD, machine.settings.what, machine.settings.remedy)


def _aws(machine: Machine) -> Iterator[Finding]:
    aws = machine.aws
    what = tr("No AWS profile is set up. The sandbox uses none, and AWS isn't asked.")
    if aws.profiles:
        what = tr(
            "AWS profiles: {profiles}. The sandbox uses none, and AWS isn't asked.",
            profiles=tr(", ").join(aws.profiles),
        )
    yield Finding("aws.profiles", Level.OK, what)
    if aws.variables:
        what = tr(
            "Set in the environment: {variables}. The sandbox uses none of them.",
            variables=tr(", ").join(aws.variables),
        )
        yield Finding("aws.variables", Level.OK, what)
    if aws.unreadable:
        what = tr("AWS's configuration can't be read: {files}.", files=tr(", ").join(aws.unreadable))
        remedy = tr("The sandbox works without. For AWS, mend it: each part begins with a line such as [default].")
        yield Finding("aws.files", Level.WARN, what, remedy)


def _encoding(encoding: str) -> Finding:
    if encoding.lower().replace("-", "") == "utf8":
        return Finding("encoding", Level.OK, tr("The terminal takes UTF-8."))
    what = tr(
        "The terminal takes {encoding}, so marks such as ✓ may show as numbers.",
        encoding=encoding or tr("nothing known"),
    )
    return Finding("encoding", Level.WARN, what, tr("export PYTHONIOENCODING=utf-8, or choose a UTF-8 locale."))
